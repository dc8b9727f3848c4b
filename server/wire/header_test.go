package wire_test

import (
	"strings"
	"testing"

	"redroom/server/wire"
)

func parse(t *testing.T, line string) *wire.Header {
	t.Helper()
	h, err := wire.NewReader(strings.NewReader(line + "\n")).Next()
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return h
}

func TestFields(t *testing.T) {
	h := parse(t, "X 0 a - %2D")
	if h.NumFields() != 3 {
		t.Fatalf("got %d fields, want 3", h.NumFields())
	}
	for i, want := range []string{"a", "", "-"} {
		if got := h.Field(i); got == nil || string(got) != want || h.String(i) != want || !h.Has(i) {
			t.Errorf("field %d: got %q, want %q, there and not nil", i, got, want)
		}
	}
	for _, i := range []int{-1, 3, 1000} {
		if h.Field(i) != nil || h.String(i) != "" || h.Has(i) {
			t.Errorf("field %d: got %q, want none", i, h.Field(i))
		}
	}
}

func TestAFieldCannotGrowIntoItsNeighbor(t *testing.T) {
	h := parse(t, "X 0 a b")
	_ = append(h.Field(0), 'x')
	if got := h.String(1); got != "b" {
		t.Errorf("the next field is now %q", got)
	}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		field      string
		n          int64
		ok, signed bool // as Number, as SignedNumber
	}{
		{"0", 0, true, true},
		{"7", 7, true, true},
		{"10", 10, true, true},
		{"9007199254740991", wire.MaxNumber, true, true},
		{"9007199254740992", 0, false, false},
		{"18446744073709551617", 0, false, false},
		{"-1", -1, false, true},
		{"-9007199254740991", -wire.MaxNumber, false, true},
		{"-9007199254740992", 0, false, false},
		{"-0", 0, false, false},
		{"-01", 0, false, false},
		{"--1", 0, false, false},
		{"%2D", 0, false, false}, // a lone minus
		{"-", 0, false, false},   // empty
		{"01", 0, false, false},
		{"00", 0, false, false},
		{"+1", 0, false, false},
		{"1.0", 0, false, false},
		{"1e3", 0, false, false},
		{"0x1", 0, false, false},
		{"1_0", 0, false, false},
		{"%201", 0, false, false},
		{"%D9%A1", 0, false, false}, // a digit, but not of ASCII
	}
	for _, test := range tests {
		h := parse(t, "X 0 "+test.field)
		if n, ok := h.Number(0); ok != test.ok || ok && n != test.n {
			t.Errorf("Number of %q: got %d, %t; want %d, %t", test.field, n, ok, test.n, test.ok)
		}
		if n, ok := h.SignedNumber(0); ok != test.signed || ok && n != test.n {
			t.Errorf("SignedNumber of %q: got %d, %t; want %d, %t", test.field, n, ok, test.n, test.signed)
		}
	}
	h := parse(t, "X 0")
	if _, ok := h.Number(0); ok {
		t.Error("Number of a field that isn't there is ok")
	}
	if _, ok := h.SignedNumber(0); ok {
		t.Error("SignedNumber of a field that isn't there is ok")
	}
}

func TestOption(t *testing.T) {
	h := parse(t, "X 0 red=1 plain digest= digest=2 a=b=c =x")
	tests := []struct {
		name, value string
		ok          bool
	}{
		{"red", "1", true},
		{"digest", "", true}, // the first one counts
		{"a", "b=c", true},
		{"plain", "", false},
		{"re", "", false},
		{"redd", "", false},
		{"missing", "", false},
	}
	for _, test := range tests {
		if value, ok := h.Option(test.name); value != test.value || ok != test.ok {
			t.Errorf("Option %q: got %q, %t; want %q, %t", test.name, value, ok, test.value, test.ok)
		}
	}
}

func TestValidField(t *testing.T) {
	tests := []struct {
		field string
		want  bool
	}{
		{"", true},
		{"-", true},
		{"Grüße €😀 %", true},
		{"\u0080", true},
		{"\x00", false},
		{"a\nb", false},
		{"\x1f", false},
		{"\x7f", false},
		{"\xff", false},
		{"\xc3", false},
		{"\xed\xa0\x80", false},
	}
	for _, test := range tests {
		if got := wire.ValidField(test.field); got != test.want {
			t.Errorf("%q: got %t, want %t", test.field, got, test.want)
		}
		header := wire.AppendHeader(nil, "X", 0, test.field)
		h, err := wire.NewReader(strings.NewReader(string(header))).Next()
		if (err == nil) != test.want {
			t.Errorf("%q is written as %q, which reads as %v", test.field, header, err)
		}
		if err == nil && h.String(0) != test.field {
			t.Errorf("%q is written as %q, which reads as %q", test.field, header, h.String(0))
		}
	}
}
