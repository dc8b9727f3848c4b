package signin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/text/unicode/norm"

	"redroom/server/room"
)

// lineTime is how long a password waits at most for its turn to be hashed.
const lineTime = 10 * time.Second

// Password is nil if password is name's. An unknown name, a wrong password and
// a deactivated account are the same room.ErrWrongSignIn after the same work.
// After too many failures of the account or from the address it is a
// *WaitError, without a look at the password.
func (d *Desk) Password(ctx context.Context, name, password string, from netip.Addr) error {
	_, err := d.password(ctx, name, password, from)
	return err
}

// password is Password, and what was stored for the one that is right.
func (d *Desk) password(ctx context.Context, name, password string, from netip.Addr) (stored string, err error) {
	try, err := d.tries.begin(name, from, d.now())
	if err != nil {
		d.failed(name, from, true)
		d.log.Warn("too many failed sign-ins", "user", d.account(name), "from", from, "error", err)
		return "", err
	}
	stored, right, err := d.verify(ctx, name, password)
	if err != nil {
		d.tries.undo(try, d.now())
		return "", err
	}
	if !right {
		d.failed(name, from, false)
		d.log.Info("a sign-in failed", "user", d.account(name), "from", from)
		return "", room.ErrWrongSignIn
	}
	d.tries.succeeded(try, d.now())
	return stored, nil
}

// verify compares a password with what is stored. It derives one key whatever
// happens, so that the time tells nothing.
func (d *Desk) verify(ctx context.Context, name, password string) (stored string, right bool, err error) {
	known := false
	hashed := unknownHash()
	if room.ValidUserName(name) {
		stored, err = d.store.PasswordHashed(ctx, name)
		switch {
		case errors.Is(err, room.ErrNotFound), err == nil && stored == "":
		case err != nil:
			return "", false, fmt.Errorf("looking up a password: %w", err)
		default:
			if h, err := parseHash(stored); err != nil {
				d.log.Error("a stored password can't be read; set a new one", "user", name, "error", err)
			} else {
				hashed, known = h, true
			}
		}
	}
	password = norm.NFC.String(password)
	if len(password) > room.MaxPassword {
		password, known = "", false
	}
	var same bool
	err = d.inTurn(ctx, func() { same = hashed.matches(password, d.derive) })
	if err != nil {
		return "", false, err
	}
	u := d.store.State().User(name)
	return stored, same && known && u != nil && u.Active, nil
}

// HashPassword is what is stored for a new password: a string in PHC format.
// The password is brought into Unicode's NFC first (RFC 8265 section 4.2), so
// that it is the same from every keyboard. One that hasn't 12 to 256 octets is
// a room.ErrUnprocessable.
func (d *Desk) HashPassword(ctx context.Context, password string) (string, error) {
	password = norm.NFC.String(password)
	if !room.ValidPassword(password) {
		return "", room.Refuse(room.ErrUnprocessable,
			fmt.Sprintf("A password has %d to %d octets.", room.MinPassword, room.MaxPassword))
	}
	var hashed string
	err := d.inTurn(ctx, func() { hashed = newHash(password, d.derive).String() })
	return hashed, err
}

// inTurn does work that takes a core, after those who came before.
func (d *Desk) inTurn(ctx context.Context, work func()) error {
	waiting, cancel := context.WithTimeout(ctx, lineTime)
	defer cancel()
	if err := d.hashing.Acquire(waiting, 1); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("waiting to hash a password: %w", ctx.Err())
		}
		return room.ErrUnavailable
	}
	defer d.hashing.Release(1)
	work()
	return nil
}

// account is a name that an account has, else "": people type passwords into that
// field, and nobody is to find them in the log or the audit trail.
func (d *Desk) account(name string) string {
	if d.store.State().User(name) == nil {
		return ""
	}
	return name
}
