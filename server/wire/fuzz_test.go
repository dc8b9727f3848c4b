package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/iotest"
)

// readAll reads a stream to its end and gives what it saw and the octets that
// this encodes to. It fails if the Reader keeps more than it may.
func readAll(t *testing.T, size int, stream io.Reader) (seen string, encoded []byte) {
	r := NewReader(stream)
	var log bytes.Buffer
	for {
		h, err := r.Next()
		if err != nil {
			fmt.Fprint(&log, err)
			if !errors.Is(err, ErrMalformed) && err != io.EOF && err != io.ErrUnexpectedEOF {
				t.Fatalf("an error of nobody's: %v", err)
			}
			return log.String(), encoded
		}
		fields := allFields(h)
		for _, field := range fields {
			if !ValidField(field) {
				t.Fatalf("the field %q was let through", field)
			}
		}
		header := AppendHeader(nil, h.Type, h.Length, fields...)
		if len(header) > MaxHeader || h.Length > MaxLength {
			t.Fatalf("a header of %d octets, length %d, was let through", len(header), h.Length)
		}
		fmt.Fprintf(&log, "%q ", header)
		encoded = append(encoded, header...)

		payload, err := r.Payload()
		fmt.Fprintf(&log, "%q %v\n", payload, err)
		encoded = append(encoded, payload...)
		if err == nil && len(payload) != h.Length {
			t.Fatalf("a payload of %d octets, length %d", len(payload), h.Length)
		}
		if len(r.buf) > readSize || cap(r.body) > max(2*readSize, 2*size) || cap(r.body) > MaxLength {
			t.Fatalf("the Reader holds %d and %d octets of %d", len(r.buf), cap(r.body), size)
		}
	}
}

func allFields(h *Header) []string {
	fields := make([]string, h.NumFields())
	for i := range fields {
		fields[i] = h.String(i)
	}
	return fields
}

// FuzzFrame reads strangers' octets: nothing panics, nothing is kept beyond
// the limits, what parses encodes to the same octets, and any split of the
// octets into reads gives the same.
func FuzzFrame(f *testing.F) {
	var golden map[string][]struct{ Octets string }
	octets, err := os.ReadFile("testdata/frames.json")
	if err != nil {
		f.Fatal(err)
	}
	if err := json.Unmarshal(octets, &golden); err != nil {
		f.Fatal(err)
	}
	for _, frame := range append(golden["good"], golden["bad"]...) {
		octets, err := base64.StdEncoding.DecodeString(frame.Octets)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(octets, len(octets)/2)
		f.Add(append(octets, "PING 0\n"...), 3)
	}
	f.Fuzz(func(t *testing.T, octets []byte, split int) {
		seen, encoded := readAll(t, len(octets), bytes.NewReader(octets))
		if !bytes.HasPrefix(octets, encoded) {
			t.Fatalf("%q encodes to %q", octets, encoded)
		}
		split = min(max(split, 0), len(octets))
		halves := io.MultiReader(bytes.NewReader(octets[:split]), bytes.NewReader(octets[split:]))
		if other, _ := readAll(t, len(octets), halves); other != seen {
			t.Fatalf("%q, split at %d, gives\n%s\nand else\n%s", octets, split, other, seen)
		}
		single := iotest.OneByteReader(bytes.NewReader(octets))
		if other, _ := readAll(t, len(octets), single); other != seen {
			t.Fatalf("%q, octet by octet, gives\n%s\nand else\n%s", octets, other, seen)
		}

		if h, payload, err := ParseFrame(octets); err == nil {
			if !bytes.Equal(AppendHeader(nil, h.Type, h.Length, allFields(h)...), octets[:len(octets)-len(payload)]) || len(payload) != h.Length {
				t.Fatalf("%q was taken for a frame", octets)
			}
		} else if !errors.Is(err, ErrMalformed) {
			t.Fatalf("an error of nobody's: %v", err)
		}

		field := string(octets)
		header := AppendHeader(nil, "X", 0, field)
		h, err := NewReader(bytes.NewReader(header)).Next()
		if fits := ValidField(field) && len(header) <= MaxHeader; fits != (err == nil) {
			t.Fatalf("the field %q: %v", field, err)
		}
		if err == nil && (h.NumFields() != 1 || h.String(0) != field) {
			t.Fatalf("the field %q is read as %q", field, h.String(0))
		}
	})
}
