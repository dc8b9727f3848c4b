package raw

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestWhatIsTypedBecomesFrames(t *testing.T) {
	for name, c := range map[string]struct {
		typed, said string
		wrong       string // what of it is said to be wrong; "": nothing
	}{
		"no payload":                     {"PING 0 hi\nWATCH 0\n", "PING 0 hi\nWATCH 0\n", ""},
		"a payload of a line":            {"POST - id text\nGrüße\nPING 0\n", "POST 7 id text\nGrüßePING 0\n", ""},
		"an empty payload":               {"POST - id redact 3\n\nPING 0\n", "POST 0 id redact 3\nPING 0\n", ""},
		"a payload at the input's end":   {"POST - id\nlast", "POST 4 id\nlast", ""},
		"no payload at the input's end":  {"POST - id\n", "POST 0 id\n", ""},
		"a dash and no field":            {"NOVELTY -\nx\n", "NOVELTY 1\nx", ""},
		"a payload that is CR":           {"POST - id\n\r\n", "POST 1 id\n\r", ""},
		"a payload of so many octets":    {"POST 10 id\nzwei\nZeilPING 0\n", "POST 10 id\nzwei\nZeilPING 0\n", ""},
		"a line's end behind its octets": {"POST 2 id\nab\nPING 0\n", "POST 2 id\nabPING 0\n", ""},
		"empty lines":                    {"\n\nPING 0\n\n", "PING 0\n", ""},
		"a lower-case type":              {"ping 0\nPING 0\n", "ping 0\nPING 0\n", "1 to 16 letters A-Z"},
		"a lower-case type and a dash":   {"post - id\nabc\n", "post 3 id\nabc", "1 to 16 letters A-Z"},
		"CR before LF":                   {"PING 0\r\n", "PING 0\r\n", "decimal number"},
		"a dash that is a field":         {"PING 0 -\n", "PING 0 -\n", ""},
		"a length below zero":            {"POST -1 id\n", "POST -1 id\n", "decimal number"},
		"a field that isn't encoded":     {"USER 0 grüße\n", "USER 0 grüße\n", "outside"},
		"a length above 1 MiB":           {"POST 1048577 id\nPING 0\n", "POST 1048577 id\nPING 0\n", "length above"},
		"half a header":                  {"PING 0", "PING 0", "line's end"},
		"half a payload":                 {"POST 5 id\nab", "POST 5 id\nab", "3 octets"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.typed), iotest.OneByteReader(strings.NewReader(c.typed))} {
				var said, wrong strings.Builder
				typed := newTyped(in)
				for {
					f, err := typed.next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					said.Write(f.octets)
					if f.wrong != nil {
						wrong.WriteString(f.wrong.Error())
					}
				}
				if said.String() != c.said || !strings.Contains(wrong.String(), c.wrong) || (c.wrong == "") != (wrong.Len() == 0) {
					t.Errorf("it said %q, want %q; wrong is %q, want %q", said.String(), c.said, wrong.String(), c.wrong)
				}
			}
		})
	}
	if _, err := newTyped(strings.NewReader(strings.Repeat("a", 2<<20))).next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a line without end: %v", err)
	}
}
