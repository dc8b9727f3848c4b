// Package terminal is what may be sent to a terminal of text that others wrote.
//
// A terminal obeys what it is sent: an escape sequence in a message could rewrite
// what was said before, a bidi control could turn a sum around. So whatever comes
// from a server, texts, titles, names and the sentences of errors, goes through
// [Clean] or [CleanText] before it is printed, and JSON through [EscapeJSON].
// What they give is valid UTF-8 without control characters, but for CleanText's
// line feeds, and without characters that can't be seen and move or hide others.
// What can be seen stays as it was, in its order.
//
// Functions only: they keep nothing, never block, and may be called from anywhere.
package terminal

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	tab      = "    "
	lineFeed = "␊" // where there is to be one line only
	rubout   = '␡'
	pictures = '␀' // of the controls U+0000 to U+001F, one after the other

	zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
)

// Clean is s in one line. Controls are shown as their pictures (␛ for ESC, ␊ for
// a line's end), a tab is four spaces, and what can't be seen, or isn't UTF-8, is
// U+FFFD, one for all that stand side by side.
func Clean(s string) string { return clean(s, lineFeed) }

// CleanText is Clean for a text of several lines, whose ends are line feeds.
func CleanText(s string) string { return clean(s, "\n") }

// EscapeJSON escapes what a terminal must not be sent in valid JSON, in one line.
// It means the same afterwards.
func EscapeJSON(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for _, r := range string(raw) {
		switch {
		case r == '\n', r == '\r', r == '\t': // between its tokens
			out = append(out, ' ')
		case !unicode.IsControl(r) && !lineEnd(r) && !hidden(r):
			out = utf8.AppendRune(out, r)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
	}
	return bytes.TrimSpace(out)
}

func clean(s, end string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	var (
		replaced bool // what stands before was, by U+FFFD
		before   rune // the character before, if it can be seen or belongs to one; else 0
	)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		if r == '\r' && strings.HasPrefix(s, "\n") {
			continue
		}
		if r == utf8.RuneError && size == 1 || hidden(r) && !belongs(r, before, s) {
			if !replaced {
				b.WriteRune(utf8.RuneError)
			}
			replaced, before = true, 0
			continue
		}
		replaced, before = false, 0
		switch {
		case r == '\t':
			b.WriteString(tab)
		case r == '\n' || lineEnd(r):
			b.WriteString(end)
		case r < ' ':
			b.WriteRune(pictures + r)
		case r == '\x7f':
			b.WriteRune(rubout)
		default:
			b.WriteRune(r)
			before = r
		}
	}
	return b.String()
}

// plain tells whether s is printable ASCII, as most is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// lineEnd is one that isn't a control character.
func lineEnd(r rune) bool { return r == '\u2028' || r == '\u2029' }

// hidden tells whether r can't be seen, but may change how others are: C1
// controls, bidi controls, joiners, selectors of variants, fillers, tags.
func hidden(r rune) bool {
	if r < '\u0080' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r) // these are seen
}

// belongs tells whether a hidden character is a part of those around it: the one
// selector of a character's variant, or a joiner of two beyond ASCII, as emoji
// and some scripts need them.
func belongs(r, before rune, rest string) bool {
	if r == zeroWidthJoiner || r == zeroWidthNonJoiner {
		next, _ := utf8.DecodeRuneInString(rest)
		return before > unicode.MaxASCII && next > unicode.MaxASCII && next != utf8.RuneError && !hidden(next) && !lineEnd(next)
	}
	return unicode.Is(unicode.Variation_Selector, r) && before > ' ' && !hidden(before)
}
