package signin

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"redroom/server/room"
)

// restarted is the Desk of a process that comes after.
func (d desk) restarted() desk {
	next := New(Config{Store: d.store, Journal: d.journal, Key: d.key, Now: d.clock.Now})
	next.derive = d.derive
	d.Desk = next
	return d
}

// withCodes gives anna's sign-in codes, of which code makes the current one.
func (d desk) withCodes(s room.Session) (code func() string) {
	d.t.Helper()
	id, secret, _ := d.BeginTOTP(s)
	code = func() string {
		d.t.Helper()
		made, err := totp.GenerateCode(secret, d.clock.Now())
		if err != nil {
			d.t.Fatal(err)
		}
		return made
	}
	if _, err := d.ConfirmTOTP(d.t.Context(), s, id, code(), visitor); err != nil {
		d.t.Fatal(err)
	}
	return code
}

// TestACodeIsGoodOnceForWhatever shows that a proof spends a code as a sign-in
// does, and that a restart makes neither good again.
func TestACodeIsGoodOnceForWhatever(t *testing.T) {
	for what, c := range map[string]struct {
		first, second func(d desk, s room.Session, code string) error
	}{
		"a proof, then a proof":     {desk.proves, desk.proves},
		"a proof, then a sign-in":   {desk.proves, desk.signsIn},
		"a sign-in, then a proof":   {desk.signsIn, desk.proves},
		"a sign-in, then a sign-in": {desk.signsIn, desk.signsIn},
	} {
		t.Run(what, func(t *testing.T) {
			for when, between := range map[string]func(desk) desk{
				"at once":         func(d desk) desk { return d },
				"after a restart": desk.restarted,
			} {
				d := newDesk(t).cheaply()
				_, s := d.open("anna")
				code := d.withCodes(s)
				d.clock.pass(room.ProofLife)
				shown := code()
				if err := c.first(d, s, shown); err != nil {
					t.Fatal(err)
				}
				d = between(d)
				again := c.second(d, s, shown)
				wantError(t, again, room.ErrWrongSignIn)
				if code, ok := errors.AsType[*room.NeedsCode](again); !ok || !code.Wrong {
					t.Errorf("%s it is not told that it is the code: %v", when, again)
				}
				d.clock.pass(time.Minute)
				if err := c.second(d, s, code()); err != nil {
					t.Errorf("%s, by the next code: %v", when, err)
				}
			}
		})
	}
}

func (d desk) proves(s room.Session, code string) error {
	return d.Prove(d.t.Context(), s, goodPassword, code, visitor)
}

func (d desk) signsIn(_ room.Session, code string) error {
	_, _, err := d.SignIn(d.t.Context(), "anna", goodPassword, code, visitor)
	return err
}

func TestARecoveryCodeIsNoProofAndStaysGood(t *testing.T) {
	d := newDesk(t).cheaply()
	_, s := d.open("anna")
	d.withCodes(s)
	recovery, err := d.MakeRecoveryCodes(t.Context(), s, visitor)
	if err != nil {
		t.Fatal(err)
	}
	d.clock.pass(room.ProofLife)
	wantError(t, d.proves(s, recovery[0]), room.ErrWrongSignIn)
	if d.Proved(s) {
		t.Error("it was a proof")
	}
	if err := d.signsIn(s, recovery[0]); err != nil {
		t.Error(err)
	}
}

// TestAProofIsOfTheSignInThatItWasShownIn ends it while the password is compared.
func TestAProofIsOfTheSignInThatItWasShownIn(t *testing.T) {
	d := newDesk(t)
	_, s := d.open("anna")
	d.clock.pass(room.ProofLife)
	d.derive = func(password string, salt []byte, p parameters) []byte {
		d.append(room.SessionsEnded{User: "anna"})
		return argon2id(password, salt, p)
	}
	wantError(t, d.proves(s, ""), room.ErrSessionEnded)
	if d.Proved(s) {
		t.Error("a sign-in that has ended was proved")
	}
}

// TestAProofMovesThePasskeysCounter shows a copy of a passkey, whose counter is
// that of before.
func TestAProofMovesThePasskeysCounter(t *testing.T) {
	d := newDesk(t)
	k, s := d.registered()
	copied := *k
	id, options, err := d.PasskeyProofOptions(t.Context(), roomOrigin, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ProvePasskey(t.Context(), s, id, k.shows(options), visitor); err != nil {
		t.Fatal(err)
	}
	wantError(t, copied.signsIn(), errPasskeyCopied)
	if err := k.signsIn(); err != nil {
		t.Errorf("the passkey itself: %v", err)
	}
}

// meanwhile is a store in which something happens once a passkey was read.
type meanwhile struct {
	Store
	happens func()
}

func (m *meanwhile) Passkey(ctx context.Context, id []byte) (room.PasskeyInfo, error) {
	info, err := m.Store.Passkey(ctx, id)
	if happens := m.happens; happens != nil {
		m.happens = nil
		happens()
	}
	return info, err
}

// TestTwoAtOnceShowOnePasskeyOnce has a copy of a passkey, whose counter is the
// same, checked before the passkey itself is spent.
func TestTwoAtOnceShowOnePasskeyOnce(t *testing.T) {
	for what, c := range map[string]struct {
		shows func(d desk, copied *device, s room.Session) error
		want  error
	}{
		"to sign in": {func(_ desk, copied *device, _ room.Session) error { return copied.signsIn() }, errPasskey},
		"as a proof": {func(d desk, copied *device, s room.Session) error { // which reads it twice
			id, options, err := d.PasskeyProofOptions(t.Context(), roomOrigin, s)
			if err != nil {
				t.Fatal(err)
			}
			return d.ProvePasskey(t.Context(), s, id, copied.shows(options), visitor)
		}, errPasskeyCopied},
	} {
		t.Run(what, func(t *testing.T) {
			d := newDesk(t)
			k, s := d.registered()
			d.clock.pass(room.ProofLife)
			copied := *k
			d.Desk.store = &meanwhile{Store: d.store, happens: func() {
				if err := k.signsIn(); err != nil {
					t.Fatal(err)
				}
			}}
			wantError(t, c.shows(d, &copied, s), c.want)
			if d.Proved(s) {
				t.Error("the copy was a proof")
			}
		})
	}
}

// TestSignInsOfLostConnectionsEndAtTheStart leaves out those of browsers.
func TestSignInsOfLostConnectionsEndAtTheStart(t *testing.T) {
	d := newDesk(t)
	d.add("bert", room.Member, goodPassword)
	_, browser, err := d.SignIn(t.Context(), "anna", goodPassword, "", visitor)
	if err != nil {
		t.Fatal(err)
	}
	connection := visitor
	connection.Bound = true
	for _, name := range []string{"anna", "bert"} {
		if _, _, err := d.SignIn(t.Context(), name, goodPassword, "", connection); err != nil {
			t.Fatal(err)
		}
	}
	d = d.restarted()
	if err := d.EndBound(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.append(room.Noted{Action: room.ActionSearched}) // comes after what is kept
	left, err := d.Sessions(t.Context(), "anna")
	if err != nil || len(left) != 1 || left[0].ID != browser.ID {
		t.Errorf("anna has %+v, %v", left, err)
	}
	if left, err := d.Sessions(t.Context(), "bert"); err != nil || len(left) != 0 {
		t.Errorf("bert has %+v, %v", left, err)
	}
}
