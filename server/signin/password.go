package signin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
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
	return d.attempt(ctx, name, from, func() error {
		_, err := d.verified(ctx, name, password, from)
		return err
	})
}

// attempt tries to show who somebody is, unless there were too many failures. It
// is one if it comes to a room.ErrWrongSignIn.
func (d *Desk) attempt(ctx context.Context, name string, from netip.Addr, show func() error) error {
	try, err := d.tries.begin(name, from, d.now())
	if err != nil {
		d.failed(name, from, true)
		d.log.Debug("too many failed sign-ins", "user", d.account(name), "from", from, "error", err)
		return err
	}
	switch err = show(); {
	case err == nil:
		d.tries.undo(try, d.now())
		d.tries.settle(name, from, d.now())
	case errors.Is(err, room.ErrWrongSignIn):
		d.failed(name, from, false)
		d.log.Info("a sign-in failed", "user", d.account(name), "from", from)
	case errors.Is(err, room.ErrCrowded):
		d.failed(name, from, true)
		d.tries.undo(try, d.now())
	default:
		d.tries.undo(try, d.now())
	}
	return err
}

// verified is what was stored for the password, if that is name's.
func (d *Desk) verified(ctx context.Context, name, password string, from netip.Addr) (stored string, err error) {
	stored, right, err := d.verify(ctx, name, password, from)
	switch {
	case err != nil:
		return "", err
	case !right:
		return "", room.ErrWrongSignIn
	}
	return stored, nil
}

// verify compares a password with what is stored. It derives one key whatever
// happens, so that the time tells nothing.
func (d *Desk) verify(ctx context.Context, name, password string, from netip.Addr) (stored string, right bool, err error) {
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
	err = d.inTurn(ctx, d.placeOf(name, from), func() { same = hashed.matches(password, d.derive) })
	if err != nil {
		return "", false, err
	}
	u := d.store.State().User(name)
	return stored, same && known && u != nil && u.Active, nil
}

// HashPassword is what is stored for a new password: a string in PHC format.
// The password is brought into Unicode's NFC first (RFC 8265 section 4.2), so
// that it is the same from every keyboard. One that hasn't 12 to 256 octets, or
// that is guessed first, of whomever or of this user, is a room.ErrUnprocessable.
func (d *Desk) HashPassword(ctx context.Context, password, user string) (string, error) {
	password = norm.NFC.String(password)
	if !room.ValidPassword(password) {
		return "", room.Refuse(room.ErrUnprocessable,
			fmt.Sprintf("A password has %d to %d octets.", room.MinPassword, room.MaxPassword))
	}
	if err := checkGuessable(password, user); err != nil {
		return "", err
	}
	var hashed string
	err := d.inTurn(ctx, place{familiar: true, key: user}, func() { hashed = newHash(password, d.derive).String() })
	return hashed, err
}

// inTurn does work that takes a core, after those who came before.
func (d *Desk) inTurn(ctx context.Context, at place, work func()) error {
	waiting, cancel := context.WithTimeout(ctx, lineTime)
	defer cancel()
	if err := d.line.wait(waiting, at); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("waiting to hash a password: %w", ctx.Err())
		}
		return room.ErrCrowded
	}
	began := time.Now()
	defer func() { d.line.leave(at, time.Since(began)) }()
	work()
	return nil
}

// placeOf is where somebody stands in line who wants to sign in: a familiar one
// where the account has signed in from that network before.
func (d *Desk) placeOf(name string, from netip.Addr) place {
	if d.tries.isFamiliar(name, from) {
		return place{familiar: true, key: name}
	}
	return place{key: neighborhood(from).String()}
}

// recall makes those at home who have a sign-in, so that a restart takes that from
// nobody. Without it they are strangers until they have signed in again.
func (d *Desk) recall(ctx context.Context) {
	sessions, err := d.store.NewestSessions(ctx, maxFamiliar)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Warn("it can't be told from where people have signed in before; while passwords are guessed they may have to wait", "error", err)
		}
		return
	}
	for _, s := range slices.Backward(sessions) {
		if from, err := netip.ParseAddr(s.Address); err == nil {
			d.tries.settle(s.User, from, time.UnixMilli(s.Used))
		}
	}
}

// account is a name that an account has, else "": people type passwords into that
// field, and nobody is to find them in the log or the audit trail.
func (d *Desk) account(name string) string {
	if d.store.State().User(name) == nil {
		return ""
	}
	return name
}

// rehash keeps a password that was right in the way that is current. That it
// can't be done now is no harm: there will be a next time.
func (d *Desk) rehash(ctx context.Context, name, password string) {
	stored, err := d.store.PasswordHashed(ctx, name)
	if err != nil {
		return
	}
	old, err := parseHash(stored)
	if err != nil || old.parameters == current {
		return
	}
	var next string
	err = d.inTurn(ctx, place{familiar: true, key: name}, func() { next = newHash(norm.NFC.String(password), d.derive).String() })
	if err == nil {
		_, err = d.journal.Append(ctx, room.PasswordRehashed{Stamp: room.Stamp{At: d.now().UnixMilli(), By: name}, User: name, Old: stored, New: next})
	}
	if err != nil {
		d.log.Warn("a password could not be hashed anew", "user", name, "error", err)
	}
}
