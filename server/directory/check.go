package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	random "math/rand/v2"
	"net/netip"
	"time"

	"redroom/server/wire"
)

const (
	answerTime = 3 * time.Second  // from dialing a peer to its PONG
	checkEvery = 30 * time.Second // each bind

	// A bind's phase is one of these of a round. Those of a phase are looked at side
	// by side: one by one they would cost twice as much, since most of that is the
	// processor's waking up for each packet.
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
	why := d.ping(b.ctx, b.at, b.fingerprint)
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

// ping dials a peer and waits for its PONG; nil: it has answered in time.
func (d *Directory) ping(ctx context.Context, at netip.AddrPort, fingerprint [32]byte) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := d.Dial(ctx, at, fingerprint)
	if err != nil {
		return err
	}
	defer conn.Close(0, "")
	// The end of ctx ends whatever waits, as by a peer that takes nothing.
	defer context.AfterFunc(ctx, func() { conn.Close(0, "") })()
	channel, err := conn.Open(ctx)
	if err != nil {
		return err
	}
	cookie := rand.Text()
	if _, err := channel.Write(wire.AppendFrame(nil, wire.TypePing, nil, cookie)); err != nil {
		return fmt.Errorf("asking a peer: %w", err)
	}
	h, err := wire.NewReader(channel).Next()
	switch {
	case err != nil:
		return fmt.Errorf("waiting for a peer's answer: %w", err)
	case h.Type != wire.TypePong || h.Length > 0 || h.String(0) != cookie:
		return errNoPong
	}
	return nil
}
