package wire

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Header is a frame's header, decoded. It belongs to its Reader and is valid
// until the Reader's next Next; reading the payload leaves it as it is.
type Header struct {
	Type   string // 1 to 16 letters A-Z
	Length int    // octets of payload, 0 to MaxLength

	octets []byte // the decoded fields, one after the other
	ends   []int  // where in octets each field ends
}

// NumFields is the number of fields after the length.
func (h *Header) NumFields() int { return len(h.ends) }

// Has says whether there is a field i, counted from 0, empty or not.
func (h *Header) Has(i int) bool { return i >= 0 && i < len(h.ends) }

// Field gives the decoded octets of field i, counted from 0: nil if there is
// none, empty but not nil if it is empty. They are valid as long as the header.
func (h *Header) Field(i int) []byte {
	if !h.Has(i) {
		return nil
	}
	start := 0
	if i > 0 {
		start = h.ends[i-1]
	}
	return h.octets[start:h.ends[i]:h.ends[i]]
}

// String gives field i as a string of its own, "" if there is none.
func (h *Header) String(i int) string { return string(h.Field(i)) }

// Number gives field i as a number from 0 to MaxNumber. It isn't ok if the
// field is missing or isn't a decimal number without leading zero.
func (h *Header) Number(i int) (n int64, ok bool) { return parseNumber(h.Field(i)) }

// SignedNumber is Number for a field that may have a "-" before a number other
// than 0, and so ranges from -MaxNumber to MaxNumber.
func (h *Header) SignedNumber(i int) (n int64, ok bool) {
	digits, negative := bytes.CutPrefix(h.Field(i), minus)
	n, ok = parseNumber(digits)
	if !negative {
		return n, ok
	}
	return -n, ok && n > 0
}

// Option gives the value of the first field that has the form name=value,
// wherever it stands.
func (h *Header) Option(name string) (value string, ok bool) {
	for i := range h.ends {
		field := h.Field(i)
		if len(field) > len(name) && field[len(name)] == '=' && string(field[:len(name)]) == name {
			return string(field[len(name)+1:]), true
		}
	}
	return "", false
}

var minus = []byte("-")

func parseNumber(digits []byte) (n int64, ok bool) {
	if len(digits) == 0 || len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
		if n > MaxNumber {
			return 0, false
		}
	}
	return n, true
}

// parse reads a header line, without its LF, into h.
func (h *Header) parse(line []byte) error {
	h.Type, h.Length = "", 0
	h.octets, h.ends = h.octets[:0], h.ends[:0]

	typ, rest, more := cutSpace(line)
	if len(typ) == 0 || len(typ) > maxType || !more {
		return errType
	}
	for _, c := range typ {
		if c < 'A' || c > 'Z' {
			return errType
		}
	}
	length, rest, more := cutSpace(rest)
	if err := h.parseLength(length); err != nil {
		return err
	}
	for more {
		var field []byte
		field, rest, more = cutSpace(rest)
		if err := h.appendDecoded(field); err != nil {
			return err
		}
	}
	h.Type = intern(typ)
	return nil
}

func cutSpace(line []byte) (before, after []byte, found bool) {
	if i := bytes.IndexByte(line, ' '); i >= 0 {
		return line[:i], line[i+1:], true
	}
	return line, nil, false
}

func (h *Header) parseLength(digits []byte) error {
	if len(digits) == 0 || len(digits) > 1 && digits[0] == '0' {
		return errLength
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return errLength
		}
	}
	n, ok := parseNumber(digits)
	if !ok || n > MaxLength {
		return errLengthSize
	}
	h.Length = int(n)
	return nil
}

// appendDecoded adds a field to h, which is written as field.
func (h *Header) appendDecoded(field []byte) error {
	switch string(field) {
	case "":
		return errSpaces
	case "-":
		h.ends = append(h.ends, len(h.octets))
		return nil
	case "%2D":
		h.octets = append(h.octets, '-')
		h.ends = append(h.ends, len(h.octets))
		return nil
	}
	start := len(h.octets)
	for i := 0; i < len(field); i++ {
		c := field[i]
		switch {
		case plain(c):
		case c != '%':
			return errOctet
		default:
			if i+2 >= len(field) {
				return errEscape
			}
			high, low := strings.IndexByte(hexDigits, field[i+1]), strings.IndexByte(hexDigits, field[i+2])
			if high < 0 || low < 0 {
				return errEscape
			}
			c = byte(high<<4 | low)
			switch {
			case plain(c):
				return errCanonical
			case control(c):
				return errControl
			}
			i += 2
		}
		h.octets = append(h.octets, c)
	}
	if !utf8.Valid(h.octets[start:]) {
		return errUTF8
	}
	h.ends = append(h.ends, len(h.octets))
	return nil
}

const hexDigits = "0123456789ABCDEF"

// plain says whether an octet stands for itself in a field.
func plain(c byte) bool { return c >= 0x21 && c <= 0x7E && c != '%' }

func control(c byte) bool { return c < 0x20 || c == 0x7F }
