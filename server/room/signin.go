package room

import (
	"net/netip"
	"time"
	"unicode/utf8"
)

// Session is one sign-in of a browser, or of a connection that signed in with a
// password: what its cookie stands for. A program's, by a token, is what the
// token says.
type Session struct {
	ID      string // public
	User    string
	Opened  int64  // unix-ms
	Used    int64  // unix-ms: when it was last known to be used, a few minutes late
	Expires int64  // unix-ms: when it ends at the latest
	Device  string // what it was opened with, in its own words; see MaxDevice
	Address string // from where it was opened
	Factor  Factor
	Role    Role // of a program, by a token; "": it is a person's
}

// Visitor is from where somebody signs in, and what with, in its own words; see
// MaxDevice. The invalid Address is this machine's own. Bound is one whose sign-in
// by a password ends with the connection.
type Visitor struct {
	Address netip.Addr
	Device  string
	Bound   bool
}

// Limited tells whether a sign-in may set up a second factor and nothing else,
// since one is demanded of its user and none was shown.
func (s *State) Limited(in Session) bool {
	return in.Role == "" && in.Factor == NoFactor && s.DemandsFactor(in.User)
}

// NeedsCode is ErrNeedsCode: a password was right, and is not enough; or if a code
// came that isn't right, ErrWrongCode. Passkey tells whether the user has one of
// these as well.
type NeedsCode struct{ Wrong, Passkey bool }

func (e *NeedsCode) Error() string { return e.Unwrap().Error() }

// Unwrap makes it one of the two.
func (e *NeedsCode) Unwrap() error {
	if e.Wrong {
		return ErrWrongCode
	}
	return ErrNeedsCode
}

// Factor is what was shown beside a password, or in place of one.
type Factor string

const (
	NoFactor       Factor = ""         // a password alone
	FactorTOTP     Factor = "totp"     // a time-based code (RFC 6238)
	FactorRecovery Factor = "recovery" // a recovery code
	FactorPasskey  Factor = "passkey"  // in place of a password, too
	FactorProvider Factor = "provider" // the company's own sign-in vouched for the user
)

// Valid tells whether f is one of them.
func (f Factor) Valid() bool {
	switch f {
	case NoFactor, FactorTOTP, FactorRecovery, FactorPasskey, FactorProvider:
		return true
	}
	return false
}

// Invitation is a link that is good once. With User it sets that user's
// password; else it makes an account of Role in Deals.
type Invitation struct {
	By      string
	Deals   []string
	Role    Role
	User    string
	Expires int64 // unix-ms
	Used    bool
}

// TOTP is a user's secret for time-based codes (RFC 6238), sealed with a key
// that isn't in the store, and the time step of the newest code that was used:
// that one and those before it are good no more.
type TOTP struct {
	Sealed []byte
	Step   int64
	Made   int64 // unix-ms
}

// PasskeyInfo is one of a user's passkeys. Credential is what package signin
// keeps of it: public keys and counters, no secret.
type PasskeyInfo struct {
	ID         []byte
	User       string
	Label      string
	Made, Used int64 // unix-ms; Used 0: never
	Credential []byte
}

// Factors are a user's second factors.
type Factors struct {
	TOTP     *TOTP         // nil: none
	Passkeys []PasskeyInfo // the oldest first
	Recovery int           // how many recovery codes are left
}

// Any tells whether there is one to sign in with; recovery codes alone are none.
func (f *Factors) Any() bool { return f.TOTP != nil || len(f.Passkeys) > 0 }

// FactorCount is how many second factors of which kind somebody has.
type FactorCount struct {
	TOTP     bool
	Passkeys int
}

// ToolToken is what a program signs in with, as one user. It may do what Role
// may, which is at most the user's.
type ToolToken struct {
	ID      string // public
	User    string
	Label   string
	Role    Role
	Made    int64 // unix-ms
	Expires int64 // unix-ms
	Used    int64 // unix-ms; 0: never
}

// Covers tells whether who has role r may give a program role other: one's own,
// one that may do less, or that of a program.
func (r Role) Covers(other Role) bool {
	switch r {
	case Admin:
		return other.Valid()
	case Member, Bot:
		return other == Member || other == Bot || other == Observer
	case Observer:
		return other == Observer
	}
	return false
}

// Device is what something says of itself, as far as it is kept: cut at
// MaxDevice octets, without what isn't visible.
func Device(s string) string {
	kept := make([]byte, 0, min(len(s), MaxDevice))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if len(kept)+n > MaxDevice {
			break
		}
		if r >= ' ' && r != 0x7f && r < utf8.RuneSelf {
			kept = append(kept, s[i])
		}
		i += n
	}
	return string(kept)
}

// vouch makes the account if there is none, and gives it the role that the
// provider says. Whether the two know each other is the store's to say.
func (s *State) vouch(ev Vouched) (*State, error) {
	p := s.SignInRules().Provider
	if p == nil || p.Issuer != ev.Issuer || s.SignInRules().Version != ev.Rules {
		return s, Refuse(ErrWrongSignIn, "The company's sign-in was changed meanwhile; try again.")
	}
	u := s.users[ev.User]
	if u == nil {
		if !ev.Create {
			return s, ErrWrongSignIn
		}
		role := ev.Role
		if role == "" {
			role = Member
		}
		return s.addUser(ev.User, ev.Display, role, ev.At)
	}
	if !u.Active {
		return s, ErrDeactivated
	}
	if ev.Role == "" || ev.Role == u.Role {
		return s, nil
	}
	if !ev.Role.Valid() {
		return s, Refuse(ErrUnprocessable, "A role is admin, member, observer or bot.")
	}
	changed := *u
	changed.Role = ev.Role
	changed.Version++
	next := s.withUser(&changed)
	if s.HasAdmin() && !next.HasAdmin() {
		return s, nil
	}
	return next, nil
}

func (s *State) checkToolToken(ev ToolTokenMade) error {
	u := s.users[ev.User]
	switch {
	case ev.By != ev.User && !s.IsAdmin(ev.By):
		return ErrNotAdmin
	case u == nil:
		return ErrNotFound
	case !u.Active:
		return ErrDeactivated
	case !ev.Role.Valid():
		return Refuse(ErrUnprocessable, "A role is admin, member, observer or bot.")
	case !u.Role.Covers(ev.Role):
		return Refuse(ErrForbidden, "A token may do no more than its user.")
	case !ValidLabel(ev.Label, MaxLabelLength):
		return Refuse(ErrUnprocessable, "A label is 1 to 64 characters on one line, none of which is a control character or turns the direction of text.")
	case ev.Expires <= ev.At || ev.Expires > ev.At+int64(MaxTokenLife/time.Millisecond):
		return Refuse(ErrUnprocessable, "A token ends in the future, and within 366 days.")
	}
	return nil
}
