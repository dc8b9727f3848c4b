package wire

import (
	"strconv"
	"unicode/utf8"
)

// AppendFrame adds a whole frame: header and payload.
func AppendFrame(dst []byte, typ string, payload []byte, fields ...string) []byte {
	dst = AppendHeader(dst, typ, len(payload), fields...)
	return append(dst, payload...)
}

// AppendHeader adds a header with its LF, after which length octets of payload
// must follow.
func AppendHeader(dst []byte, typ string, length int, fields ...string) []byte {
	dst = Begin(dst, typ, length)
	for _, field := range fields {
		dst = AppendField(dst, field)
	}
	return append(dst, '\n')
}

// Begin adds the beginning of a header, type and length. AppendField and
// AppendNumber go on with it, and a '\n' ends it.
func Begin(dst []byte, typ string, length int) []byte {
	dst = append(dst, typ...)
	return AppendNumber(dst, int64(length))
}

// AppendNumber adds a space and a number.
func AppendNumber(dst []byte, n int64) []byte {
	return strconv.AppendInt(append(dst, ' '), n, 10)
}

// AppendField adds a space and a field, escaped. What ValidField refuses gives
// a header that is malformed.
func AppendField(dst []byte, field string) []byte {
	switch field {
	case "":
		return append(dst, " -"...)
	case "-":
		return append(dst, " %2D"...)
	}
	dst = append(dst, ' ')
	for i := 0; i < len(field); i++ {
		if c := field[i]; plain(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&0xF])
		}
	}
	return dst
}

// ValidField says whether a field may have this content: valid UTF-8 without
// U+0000-001F and U+007F.
func ValidField(field string) bool {
	for i := 0; i < len(field); i++ {
		if control(field[i]) {
			return false
		}
	}
	return utf8.ValidString(field)
}
