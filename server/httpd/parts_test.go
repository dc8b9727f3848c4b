package httpd_test

import (
	"context"
	"net/netip"

	"redroom/server/httpd"
	"redroom/server/room"
)

// fromOne is a Desk that has had enough of one address.
type fromOne struct {
	httpd.Desk
	address string
}

func (d fromOne) Password(ctx context.Context, name, password string, from netip.Addr) error {
	if from == netip.MustParseAddr(d.address) {
		return room.ErrTooManyTries
	}
	return d.Desk.Password(ctx, name, password, from)
}

// failing is a Journal that breaks: with an error, or without one in a panic.
type failing struct{ err error }

func (f failing) Append(context.Context, room.Event) (room.Outcome, error) {
	if f.err == nil {
		panic("broken")
	}
	return room.Outcome{}, f.err
}
