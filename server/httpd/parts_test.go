package httpd_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/netip"
	"os"
	"time"

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

// lagging is a Store of which the newest messages aren't published yet.
type lagging struct {
	httpd.Store
	by int64
}

func (s lagging) Head(topic string) room.Head {
	head := s.Store.Head(topic)
	head.Seq -= s.by
	return head
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

func (d fromOne) SignIn(ctx context.Context, name, password, code string, from room.Visitor) (string, room.Session, error) {
	if from.Address == netip.MustParseAddr(d.address) {
		return "", room.Session{}, room.ErrTooManyTries
	}
	return d.Desk.SignIn(ctx, name, password, code, from)
}

// endingDesk is a Desk where a sign-in ends as soon as it was found.
type endingDesk struct {
	httpd.Desk
	end func(room.Session)
}

func (d endingDesk) Session(ctx context.Context, cookie string) (room.Session, *room.User, error) {
	s, u, err := d.Desk.Session(ctx, cookie)
	if err == nil {
		d.end(s)
	}
	return s, u, err
}

// slowBody comes never, and breaks off at the deadline that is set.
type slowBody struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (b *slowBody) SetReadDeadline(at time.Time) error {
	b.deadlines = append(b.deadlines, at)
	return nil
}

func (b *slowBody) Read([]byte) (int, error) {
	if len(b.deadlines) == 0 {
		return 0, errors.New("it would be waited for without end")
	}
	return 0, os.ErrDeadlineExceeded
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
