package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// signedIn is who has signed a session in, and by what.
type signedIn struct {
	as *room.Actor
	in room.Session
}

// token handles TOKEN 0 token: a page's, which is good once, or a program's.
func (k *control) token(h *wire.Header) bool {
	if k.watcher != nil {
		return k.replyTwice(h)
	}
	asked := time.Now()
	in, user, err := k.s.server.Desk.SpendToken(k.s.ctx, h.String(0))
	if err != nil {
		k.s.end(signInRefused(err, h.Type))
		return false
	}
	return k.enter(h.Type, &signedIn{as: room.NewActor(user.Name, in.Role), in: in}, asked)
}

// user handles USER 0 name, which says nothing of whether there is one.
func (k *control) user(h *wire.Header) bool {
	switch {
	case k.watcher != nil:
		return k.replyTwice(h)
	case !h.Has(0):
		return k.reply(errFrame(room.Refuse(room.ErrUnprocessable, "USER 0 name: the name is missing."), h.Type))
	}
	name := h.String(0)
	k.named = &name
	return k.reply(ackFrame(h.Type))
}

// pass handles PASS 0 password [code].
func (k *control) pass(h *wire.Header) bool {
	switch {
	case k.watcher != nil:
		return k.replyTwice(h)
	case !h.Has(0):
		return k.reply(errFrame(room.Refuse(room.ErrUnprocessable, "PASS 0 password: the password is missing."), h.Type))
	}
	asked := time.Now()
	_, in, err := k.s.server.Desk.SignIn(k.s.ctx, *k.named, h.String(0), h.String(1), k.s.visitor())
	if err != nil {
		k.s.end(signInRefused(err, h.Type))
		return false
	}
	k.s.own = &in
	return k.enter(h.Type, &signedIn{as: room.NewActor(in.User, in.Role), in: in}, asked)
}

func (k *control) replyTwice(h *wire.Header) bool {
	return k.reply(errFrame(room.Refuse(room.ErrControlOnce, "This session is signed in already."), h.Type))
}

// enter signs the session in, unless that has ended already or there is no place.
// A sign-in that can do nothing but set up a second factor opens no connection.
func (k *control) enter(ref string, signed *signedIn, asked time.Time) bool {
	s, user := k.s, signed.as.Name()
	k.entry = s.server.Directory.Enter(signed.as)
	k.watcher = s.server.Hub.Watch(room.Attendance{
		As:        signed.as,
		SignIn:    signed.in.ID,
		Ends:      func() time.Time { return s.server.Desk.Ends(signed.in) },
		Transport: s.conn.Transport(),
		OnEnd:     func() { s.end(s.signInOver(signed)) },
	})
	k.watcher.WhenStale(func() {
		if k.telling.Load() {
			k.interrupt()
		}
	})
	// A sign-in that ended before the watcher was there to notice:
	err := s.server.Desk.Lives(s.ctx, signed.in)
	if err == nil && s.server.Store.State().Limited(signed.in) {
		err = room.ErrEnroll
	}
	if err != nil {
		s.end(signInRefused(err, ref))
		return false
	}
	if err := s.load.SignIn(user); err != nil {
		e := overLimit(err)
		e.err = errFrame(room.AsError(err), ref, number(e.seconds))
		s.end(e)
		return false
	}
	s.signIn(signed)
	ack := []string{ref, user}
	if conn, ok := s.conn.(transport.Keyed); ok {
		ack = append(ack, conn.Key())
	}
	if !k.place() {
		return false
	}
	k.answers <- answer{octets: ackFrame(ack...), after: func() error {
		s.log.Info("signed in", "user", user, "by", ref, "opened", time.Since(s.opened), "asked", time.Since(asked))
		return nil
	}}
	return true
}

// signInRefused ends a session whose sign-in failed. Where a code is missing, or
// too many have failed, the ERR says so.
func signInRefused(why error, ref string) *ending {
	refusal := room.AsError(why)
	var code *room.NeedsCode
	var detail []string
	e := &ending{code: 401, sentence: refusal.Text}
	switch {
	case refusal.Code == 503:
		e.code, e.seconds = 503, 1
	case refusal.Code == 429:
		e.code, e.seconds = 503, secondsOf(why)
		detail = []string{number(e.seconds)}
	case errors.As(why, &code):
		detail = []string{"code"}
	}
	e.err = errFrame(refusal, ref, detail...)
	return e
}

// signInOver ends a session whose sign-in, or account, has ended.
func (s *session) signInOver(signed *signedIn) *ending {
	u := s.server.Store.State().User(signed.as.Name())
	switch {
	case u == nil || !u.Active:
		return &ending{code: 410, sentence: room.ErrDeactivated.Text}
	case signed.in.Role != "":
		return &ending{code: 401, sentence: room.ErrTokenEnded.Text}
	}
	return &ending{code: 401, sentence: room.ErrSessionEnded.Text}
}

func (s *session) signIn(signed *signedIn) {
	s.mu.Lock()
	s.signed = signed
	s.mu.Unlock()
	s.signedOff()
}

// signOut ends a sign-in that nobody but the session has.
func (s *session) signOut() {
	if s.own == nil {
		return
	}
	ev := room.SessionEnded{
		Stamp: room.Stamp{At: now(), By: s.own.User, Address: address(s.conn.Remote())},
		ID:    s.own.ID,
		User:  s.own.User,
	}
	// One that has ended already is refused, which is as well.
	s.server.Journal.Submit(context.WithoutCancel(s.ctx), ev, func(room.Outcome, error) {})
}

// who is who has signed in; nil: nobody yet.
func (s *session) who() *signedIn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signed
}

// signedInAs is the user's name; "" until somebody has signed in.
func (s *session) signedInAs() string {
	if signed := s.who(); signed != nil {
		return signed.as.Name()
	}
	return ""
}

// actor is who acts in the session, stamp what its events bear, and sees the room
// as it looks to it, once somebody has signed in.
func (s *session) actor() *room.Actor { return s.who().as }
func (s *session) stamp() room.Stamp  { return s.actor().Stamp(now()) }
func (s *session) sees() *room.State  { return s.actor().In(s.server.Store.State()) }

// use notes that somebody does something in the session.
func (s *session) use() { s.server.Desk.Use(s.who().in) }

// visitor is from where a session comes, and what with.
func (s *session) visitor() room.Visitor {
	device := s.conn.Transport()
	if conn, ok := s.conn.(transport.Named); ok {
		device += " " + conn.Agent()
	}
	return room.Visitor{Address: s.conn.Remote().Addr(), Device: strings.TrimSpace(device), Bound: true}
}
