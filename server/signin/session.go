package signin

import (
	"context"
	"errors"
	"net/netip"

	"redroom/server/room"
)

// SignIn is Password and Open in one. A password that is changed meanwhile is a
// wrong one.
func (d *Desk) SignIn(ctx context.Context, name, password string, from netip.Addr) (cookie string, s room.Session, err error) {
	stored, err := d.password(ctx, name, password, from)
	if err != nil {
		return "", room.Session{}, err
	}
	return d.open(ctx, name, stored, from)
}

// Open signs user in from an address, for room.SessionLife, without asking for a
// password. The token is the cookie's and is known to nobody else.
func (d *Desk) Open(ctx context.Context, user string, from netip.Addr) (cookie string, s room.Session, err error) {
	return d.open(ctx, user, "", from)
}

func (d *Desk) open(ctx context.Context, user, passwordHashed string, from netip.Addr) (cookie string, s room.Session, err error) {
	now := d.now()
	cookie = room.NewToken()
	s = room.Session{ID: room.NewID(), User: user, Opened: now.UnixMilli(), Expires: now.Add(room.SessionLife).UnixMilli()}
	_, err = d.journal.Append(ctx, room.SessionOpened{
		Stamp:          room.Stamp{At: s.Opened, By: user, Address: address(from)},
		ID:             s.ID,
		Token:          room.HashToken(cookie),
		User:           user,
		PasswordHashed: passwordHashed,
		Expires:        s.Expires,
	})
	if err != nil {
		return "", room.Session{}, err
	}
	return cookie, s, nil
}

// Session is the sign-in that a cookie's token stands for, and whose it is:
// room.ErrSessionEnded if it is unknown, has ended or expired, or the account
// is deactivated.
func (d *Desk) Session(ctx context.Context, cookie string) (room.Session, *room.User, error) {
	return d.session(ctx, room.HashToken(cookie))
}

func (d *Desk) session(ctx context.Context, cookie room.TokenHash) (room.Session, *room.User, error) {
	s, err := d.store.Session(ctx, cookie)
	if err != nil {
		return room.Session{}, nil, err
	}
	u := d.store.State().User(s.User)
	if s.Expires <= d.now().UnixMilli() || u == nil || !u.Active {
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

// isEnded tells a sign-in that is over from one that can't be looked up.
func isEnded(err error) bool { return errors.Is(err, room.ErrSessionEnded) }

// address is what a Stamp has of one; "" for none, as of a test or a socket.
func address(from netip.Addr) string {
	if !from.IsValid() {
		return ""
	}
	return from.Unmap().WithZone("").String()
}
