package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	random "math/rand/v2"
	"net/netip"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

const (
	answerTime = 3 * time.Second  // from dialing a peer to its PONG
	checkEvery = 30 * time.Second // each bind

	// A bind's phase is one of these of a round. Those of a phase are looked at side
	// by side: most of what one costs is the processor's waking up for its packets.
	phase = time.Second
)

var errNoPong = errors.New("the answer to PING was something else")

// plan has a new bind looked at in a phase that is drawn at random, within a round
// from now on. It is called with the lock held.
func (d *Directory) plan(b *bind) {
	now := time.Since(d.began).Truncate(phase)
	b.due = d.began.Add(now + phase*(1+random.N(checkEvery/phase)))
	b.timer = time.AfterFunc(time.Until(b.due), func() { d.check(b) })
}

// check looks whether a peer still answers, or does again, and plans when to look
// the next time.
func (d *Directory) check(b *bind) {
	if !d.begin(b) {
		return
	}
	defer d.checks.Done()
	why := d.mayTalk(b.as)
	if why == nil {
		why = d.ask(b)
	}
	d.change(b.user, func() {
		if d.over || b.ctx.Err() != nil {
			return
		}
		b.listed = why == nil
		for now := time.Now(); !b.due.After(now); {
			b.due = b.due.Add(checkEvery)
		}
		b.timer.Reset(time.Until(b.due))
	})
	d.Log.Debug("looked whether a peer answers", "user", b.user, "at", b.at, "error", why)
}

// mayTalk is nil unless somebody only reads, as whoever has become an observer.
func (d *Directory) mayTalk(as *room.Actor) error { return as.In(d.State()).CheckTalks(as.Name()) }

// begin counts a check, unless there is nothing to look at any more.
func (d *Directory) begin(b *bind) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over || b.ctx.Err() != nil {
		return false
	}
	d.checks.Add(1)
	return true
}

// ask asks a peer whether it is there, on the line that is kept, or else on another
// one. It is called by one goroutine at a time.
func (d *Directory) ask(b *bind) error {
	ctx, cancel := context.WithTimeout(b.ctx, answerTime)
	defer cancel()
	if b.held != nil {
		err := b.held.ping(ctx)
		if err == nil {
			return nil
		}
		d.drop(b)
		if ctx.Err() != nil {
			return err
		}
	}
	l, err := d.call(ctx, b.at, b.fingerprint)
	if err != nil {
		return err
	}
	d.keep(b, l)
	return nil
}

// keep has a bind's line live as long as the bind.
func (d *Directory) keep(b *bind, l *line) {
	b.held = l
	d.checks.Add(1)
	b.letGo = context.AfterFunc(b.ctx, func() {
		defer d.checks.Done()
		l.close()
	})
}

// drop closes a bind's line, if its end doesn't.
func (d *Directory) drop(b *bind) {
	if b.letGo() {
		b.held.close()
		d.checks.Done()
	}
	b.held = nil
}

// line is a connection with a peer, on which it is asked again and again: to open
// one costs ten times as much.
type line struct {
	conn    transport.PeerConn
	channel transport.Channel
	in      *wire.Reader
}

// call dials a peer and has its first PONG.
func (d *Directory) call(ctx context.Context, at netip.AddrPort, fingerprint [32]byte) (*line, error) {
	conn, err := d.Dial(ctx, at, fingerprint)
	if err != nil {
		return nil, err
	}
	l := &line{conn: conn}
	if l.channel, err = conn.Open(ctx); err == nil {
		l.in = wire.NewReader(l.channel)
		err = l.ping(ctx)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *line) close() { l.conn.Close(0, "") }

// ping has a peer's PONG before ctx ends; else the line is of no use any more.
func (l *line) ping(ctx context.Context) error {
	// The end of ctx ends whatever waits, as for a peer that takes nothing.
	defer context.AfterFunc(ctx, l.close)()
	cookie := rand.Text()
	if _, err := l.channel.Write(wire.AppendFrame(nil, wire.TypePing, nil, cookie)); err != nil {
		return fmt.Errorf("asking a peer: %w", err)
	}
	h, err := l.in.Next()
	switch {
	case err != nil:
		return fmt.Errorf("waiting for a peer's answer: %w", err)
	case h.Type != wire.TypePong || h.Length > 0 || h.String(0) != cookie:
		return errNoPong
	}
	return nil
}
