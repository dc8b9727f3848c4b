package signin

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"redroom/server/room"
)

// Time-based codes (RFC 6238) as every app makes them: SHA-1, six digits, every
// 30 seconds; the ones before and after are good too, for clocks that differ.
const (
	codeEvery    = 30 * time.Second
	codeSkew     = 1 // steps
	secretLength = 20
	setupLife    = 10 * time.Minute
	maxSetups    = 1 << 10
	issuer       = "Red Room"
)

var codeOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

var secretText = base32.StdEncoding.WithPadding(base32.NoPadding)

// step is a time's.
func step(at time.Time) int64 { return at.Unix() / int64(codeEvery/time.Second) }

// matching is the time step whose code this is, of those around now.
func matching(secret []byte, code string, now time.Time) (at int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	for s := step(now) - codeSkew; s <= step(now)+codeSkew; s++ {
		right, err := hotp.GenerateCodeCustom(secretText.EncodeToString(secret), uint64(s), codeOptions)
		if err == nil && subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1 {
			at, ok = s, true
		}
	}
	return at, ok
}

type setup struct {
	session string
	secret  []byte
	begun   time.Time
}

// setups are secrets that wait for their first code.
type setups struct {
	mu sync.Mutex
	of *recent[string, setup]
}

func newSetups() *setups { return &setups{of: newRecent[string, setup](maxSetups)} }

func (p *setups) put(id string, one setup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of.put(id, one)
}

func (p *setups) get(id, session string, now time.Time) (setup, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.of.get(id)
	return one, ok && one.session == session && now.Sub(one.begun) < setupLife
}

func (p *setups) remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of.remove(id)
}

// BeginTOTP makes a secret for a user's app, which waits for ConfirmTOTP in the
// same sign-in for 10 minutes: in base32, as one types it, and in the URI that a
// QR code has (otpauth://).
func (d *Desk) BeginTOTP(s room.Session) (id, secret, uri string) {
	octets := random(secretLength)
	id, secret = room.NewID(), secretText.EncodeToString(octets)
	d.setups.put(id, setup{session: s.ID, secret: octets, begun: d.now()})
	return id, secret, otpauth(s.User, secret)
}

// otpauth is the URI that apps read. A user name needs no escaping.
func otpauth(user, secret string) string {
	name := strings.ReplaceAll(issuer, " ", "%20")
	return "otpauth://totp/" + name + ":" + user + "?secret=" + secret + "&issuer=" + name + "&algorithm=SHA1&digits=6&period=30"
}

// ConfirmTOTP sets up the secret of BeginTOTP, of which code is one. What it
// answers are the user's recovery codes, if there were none. A wrong code is a
// room.ErrUnprocessable, and may be tried again: whoever tries knows the secret.
func (d *Desk) ConfirmTOTP(ctx context.Context, s room.Session, id, code string, from room.Visitor) (recovery []string, err error) {
	one, ok := d.setups.get(id, s.ID, d.now())
	if !ok {
		return nil, room.Refuse(room.ErrUnprocessable, "This took longer than 10 minutes, or was begun elsewhere; begin again.")
	}
	at, ok := matching(one.secret, code, d.now())
	if !ok {
		return nil, room.Refuse(room.ErrUnprocessable, "The code is wrong; enter the one that the app shows now, and see that the clock of the device is right.")
	}
	recovery, hashes, err := d.firstRecoveryCodes(ctx, s.User)
	if err != nil {
		return nil, err
	}
	_, err = d.journal.Append(ctx, room.TOTPSet{
		Stamp:  d.stamp(s, from),
		User:   s.User,
		Sealed: d.sealer.seal(one.secret, forCodes(s.User)),
		Step:   at,
		Codes:  hashes,
	})
	if err != nil {
		return nil, err
	}
	d.setups.remove(id)
	return recovery, nil
}

// withCode adds to a user's password, as it is stored, the second factor that
// there is: the code, of an app or for recovery. Without one it is a
// *room.NeedsCode.
func (d *Desk) withCode(ctx context.Context, user, stored, code string) (room.Shown, error) {
	shown := room.Shown{PasswordHashed: stored}
	f, err := d.store.Factors(ctx, user)
	switch {
	case err != nil:
		return shown, fmt.Errorf("looking up second factors: %w", err)
	case !f.Any():
		return shown, nil
	case code == "":
		return shown, &room.NeedsCode{Passkey: len(f.Passkeys) > 0}
	}
	wrong := &room.NeedsCode{Wrong: true, Passkey: len(f.Passkeys) > 0}
	if f.TOTP != nil {
		secret, err := d.sealer.open(f.TOTP.Sealed, forCodes(user))
		if err != nil {
			d.log.Error("a secret for codes can't be read: the key in keys/signin.key is another one; an admin can take the second factor away", "user", user, "error", err)
		} else if at, ok := matching(secret, code, d.now()); ok {
			if at <= f.TOTP.Step {
				return shown, wrong
			}
			shown.Factor, shown.Step = room.FactorTOTP, at
			return shown, nil
		}
	}
	hash, ok := recoveryHash(code)
	if !ok {
		return shown, wrong
	}
	switch there, err := d.store.RecoveryCode(ctx, user, hash); {
	case err != nil:
		return shown, fmt.Errorf("looking up a recovery code: %w", err)
	case !there:
		return shown, wrong
	}
	shown.Factor, shown.Code = room.FactorRecovery, hash
	return shown, nil
}
