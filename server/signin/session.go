package signin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"redroom/server/room"
)

// SignIn signs in who knows a password and, where there is a second factor, has
// one of its codes. An unknown name, a wrong password and a deactivated account are
// the same room.ErrWrongSignIn; a code that is missing, wrong or was used is a
// *room.NeedsCode, and if it isn't missing a room.ErrWrongSignIn, too. A password
// that is changed meanwhile is a wrong one. The cookie's token is known to nobody
// else.
func (d *Desk) SignIn(ctx context.Context, name, password, code string, from room.Visitor) (cookie string, s room.Session, err error) {
	err = d.attempt(ctx, name, from.Address, func() error {
		stored, err := d.verified(ctx, name, password, from.Address)
		if err != nil {
			return err
		}
		shown, err := d.withCode(ctx, name, stored, code)
		if err != nil {
			return err
		}
		cookie, s, err = d.enter(ctx, room.SessionOpened{User: name, Bound: from.Bound, Shown: shown}, from)
		return err
	})
	if err != nil {
		return "", room.Session{}, err
	}
	d.rehash(ctx, name, password)
	return cookie, s, nil
}

// Open signs in somebody who has just set a password by a link, without asking
// for it. It doesn't take the place of a second factor: who has one gets a
// *room.NeedsCode.
func (d *Desk) Open(ctx context.Context, user string, from room.Visitor) (cookie string, s room.Session, err error) {
	switch f, err := d.store.Factors(ctx, user); {
	case err != nil:
		return "", room.Session{}, err
	case f.Any():
		return "", room.Session{}, &room.NeedsCode{Passkey: len(f.Passkeys) > 0}
	}
	return d.enter(ctx, room.SessionOpened{User: user}, from)
}

// enter opens a sign-in with what ev says of whose it is and what was shown, and
// spends that.
func (d *Desk) enter(ctx context.Context, ev room.SessionOpened, from room.Visitor) (cookie string, s room.Session, err error) {
	now := d.now()
	life := time.Duration(d.store.State().SignInRules().Life) * time.Second
	cookie = room.NewToken()
	ev.Stamp = room.Stamp{At: now.UnixMilli(), By: ev.User, Address: address(from.Address)}
	ev.ID = room.NewID()
	ev.Token = room.HashToken(cookie)
	ev.Expires = now.Add(life).UnixMilli()
	ev.Device = room.Device(from.Device)
	if _, err := d.journal.Append(ctx, ev); err != nil {
		return "", room.Session{}, err
	}
	d.tries.settle(ev.User, from.Address, now)
	return cookie, room.Session{ID: ev.ID, User: ev.User, Opened: ev.At, Used: ev.At, Expires: ev.Expires,
		Device: ev.Device, Address: ev.Address, Factor: ev.Factor}, nil
}

// Session is the sign-in that a cookie's token stands for, and whose it is:
// room.ErrSessionEnded if it is unknown, has ended, or the account is
// deactivated. It may be limited; see room.State.Limited.
func (d *Desk) Session(ctx context.Context, cookie string) (room.Session, *room.User, error) {
	return d.session(ctx, room.HashToken(cookie))
}

func (d *Desk) session(ctx context.Context, cookie room.TokenHash) (room.Session, *room.User, error) {
	s, err := d.store.Session(ctx, cookie)
	if err != nil {
		return room.Session{}, nil, err
	}
	u := d.store.State().User(s.User)
	if !d.now().Before(d.Ends(s)) || u == nil || !u.Active {
		return room.Session{}, nil, room.ErrSessionEnded
	}
	return s, u, nil
}

// End signs a session out, on every transport. One that has ended already is
// no error.
func (d *Desk) End(ctx context.Context, s room.Session, by string, from netip.Addr) error {
	_, err := d.journal.Append(ctx, room.SessionEnded{
		Stamp: room.Stamp{At: d.now().UnixMilli(), By: by, Address: address(from)},
		ID:    s.ID,
		User:  s.User,
	})
	if errors.Is(err, room.ErrNotFound) {
		err = nil
	}
	if err == nil {
		d.tokens.forget(s.ID)
	}
	return err
}

// EndBound ends the sign-ins whose connections went with the process that had
// them, when it didn't come to end them itself. It is for the start, and waits for
// a read of the store only.
func (d *Desk) EndBound(ctx context.Context) error {
	left, err := d.store.BoundSessions(ctx)
	if err != nil {
		return fmt.Errorf("looking for the sign-ins of lost connections: %w", err)
	}
	for _, s := range left {
		d.journal.Keep(room.SessionEnded{Stamp: room.Stamp{At: d.now().UnixMilli()}, ID: s.ID, User: s.User})
	}
	return nil
}

// stamp is that of what somebody does in a sign-in.
func (d *Desk) stamp(s room.Session, from room.Visitor) room.Stamp {
	return room.Stamp{At: d.now().UnixMilli(), By: s.User, Address: address(from.Address), Session: s.ID}
}

// isEnded tells a sign-in that is over from one that can't be looked up.
func isEnded(err error) bool { return errors.Is(err, room.ErrSessionEnded) }

// address is what a Stamp has of one; "" for none, as of a test or a socket.
func address(from netip.Addr) string {
	if !from.IsValid() {
		return ""
	}
	return from.Unmap().WithZone("").String()
}
