package signin

import (
	"context"
	"slices"

	"redroom/server/room"
)

// Bearer is the sign-in that a program's token stands for, and whose it is. It is
// good any number of times, until it ends, is revoked, or its user may do less
// than it: then it is a room.ErrTokenUnknown.
func (d *Desk) Bearer(ctx context.Context, token string) (room.Session, *room.User, error) {
	t, err := d.store.ToolToken(ctx, room.HashToken(token))
	if err != nil {
		return room.Session{}, nil, err
	}
	u := d.store.State().User(t.User)
	if t.Expires <= d.now().UnixMilli() || u == nil || !u.Active || !u.Role.Covers(t.Role) {
		return room.Session{}, nil, room.ErrTokenUnknown
	}
	return room.Session{ID: t.ID, User: t.User, Opened: t.Made, Used: max(t.Made, t.Used), Expires: t.Expires, Device: t.Label, Role: t.Role}, u, nil
}

func (d *Desk) toolTokenLives(ctx context.Context, s room.Session) error {
	all, err := d.store.ToolTokens(ctx, s.User)
	if err != nil {
		return err
	}
	u := d.store.State().User(s.User)
	here := slices.ContainsFunc(all, func(t room.ToolToken) bool { return t.ID == s.ID })
	if !here || s.Expires <= d.now().UnixMilli() || u == nil || !u.Active || !u.Role.Covers(s.Role) {
		return room.ErrTokenUnknown
	}
	return nil
}

// sessionLives is Lives for a sign-in whose cookie nobody has.
func (d *Desk) sessionLives(ctx context.Context, s room.Session) error {
	all, err := d.Sessions(ctx, s.User)
	if err != nil {
		return err
	}
	u := d.store.State().User(s.User)
	if u == nil || !u.Active || !slices.ContainsFunc(all, func(other room.Session) bool { return other.ID == s.ID }) {
		return room.ErrSessionEnded
	}
	return nil
}
