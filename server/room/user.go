package room

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Role is what a user may do at most.
type Role string

const (
	Admin    Role = "admin"    // sees every deal, changes everything
	Member   Role = "member"   // reads and writes in one's deals
	Observer Role = "observer" // reads in one's deals
	Bot      Role = "bot"      // a program; as a member
)

// Valid tells whether r is one of the four.
func (r Role) Valid() bool {
	return r == Admin || r == Member || r == Observer || r == Bot
}

// User is an account. Its name never changes and is never given again.
type User struct {
	Name    string
	Display string
	Role    Role
	Active  bool
	Created int64 // unix-ms
	Version int64 // 1, and one more with each change by hand
}

// ValidUserName tells whether name is 1 to 32 of a-z 0-9 . _ - and begins
// with a letter or digit.
func ValidUserName(name string) bool {
	if len(name) == 0 || len(name) > MaxNameLength {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letterOrDigit := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letterOrDigit && (i == 0 || !strings.ContainsRune("._-", rune(c))) {
			return false
		}
	}
	return true
}

// ValidLabel tells whether s can stand where people read it on one line, as a
// display name, a title or a deal's name: 1 to max characters of UTF-8, no
// control or bidi characters, no white space at its ends. That it is in NFC is
// seen to where it enters.
func ValidLabel(s string, max int) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > max || strings.TrimSpace(s) != s {
		return false
	}
	visible := false
	for _, r := range s {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\ufeff':
			return false
		case unicode.IsGraphic(r) && !unicode.IsSpace(r):
			visible = true
		}
	}
	return visible
}

// ValidPassword tells whether p has 12 to 256 octets of UTF-8.
func ValidPassword(p string) bool {
	return len(p) >= MinPassword && len(p) <= MaxPassword && utf8.ValidString(p)
}

// ValidClientID tells whether id is 1 to 64 of visible ASCII.
func ValidClientID(id string) bool {
	if len(id) == 0 || len(id) > MaxClientID {
		return false
	}
	for i := range len(id) {
		if id[i] < 0x21 || id[i] > 0x7e {
			return false
		}
	}
	return true
}
