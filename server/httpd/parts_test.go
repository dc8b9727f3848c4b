package httpd_test

import (
	"context"
	"net/netip"

	"redroom/server/httpd"
	"redroom/server/room"
)

// interrupted is a Store in which something happens while messages are read, or
// the trail is: after they were, and before they are answered.
type interrupted struct {
	httpd.Store
	happens func()
}

func (s interrupted) Messages(ctx context.Context, topic string, after int64, maxCount, maxOctets int) ([]room.Message, error) {
	defer s.happens()
	return s.Store.Messages(ctx, topic, after, maxCount, maxOctets)
}

func (s interrupted) Audit(ctx context.Context, q room.AuditQuery) ([]room.AuditRow, error) {
	defer s.happens()
	return s.Store.Audit(ctx, q)
}

// headRead is a Store in which something happens when a topic's head is read.
type headRead struct {
	httpd.Store
	happens func()
}

func (s headRead) Head(topic string) room.Head {
	defer s.happens()
	return s.Store.Head(topic)
}

// overtaken is a Journal before whose events something else comes.
type overtaken struct {
	httpd.Journal
	by func()
}

func (j overtaken) Append(ctx context.Context, ev room.Event) (room.Outcome, error) {
	j.by()
	return j.Journal.Append(ctx, ev)
}

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

// failing is a Journal that breaks: with an error, or without one in a panic. What
// it is to keep it keeps for nobody.
type failing struct{ err error }

func (failing) Keep(room.Event) {}

func (f failing) Append(context.Context, room.Event) (room.Outcome, error) {
	if f.err == nil {
		panic("broken")
	}
	return room.Outcome{}, f.err
}
