package signin

import (
	"context"
	"sync"
	"time"

	"redroom/server/room"
)

// maxProofs are how many sign-ins' proofs are remembered; who is forgotten shows
// it again.
const maxProofs = 1 << 14

type proofs struct {
	mu sync.Mutex
	of *recent[string, time.Time] // by session
}

func newProofs() *proofs { return &proofs{of: newRecent[string, time.Time](maxProofs)} }

func (p *proofs) add(session string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of.put(session, at)
}

func (p *proofs) last(s room.Session) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, _ := p.of.get(s.ID)
	return at
}

// Proved tells whether who is signed in has shown within room.ProofLife who it
// is: by signing in, or once more since.
func (d *Desk) Proved(s room.Session) bool {
	last := time.UnixMilli(s.Opened)
	if again := d.proofs.last(s); again.After(last) {
		last = again
	}
	return d.now().Sub(last) < room.ProofLife
}

// Prove takes a password, and the code that belongs to it where there is a second
// factor, as proof of who is signed in. What is wrong is a room.ErrWrongSignIn
// and counts as a failed sign-in; a code that is missing is a *room.NeedsCode.
// Recovery codes are for signing in only.
func (d *Desk) Prove(ctx context.Context, s room.Session, password, code string, from room.Visitor) error {
	return d.attempt(ctx, s.User, from.Address, func() error {
		stored, err := d.verified(ctx, s.User, password, from.Address)
		if err != nil {
			return err
		}
		shown, err := d.withCode(ctx, s.User, stored, code)
		if err != nil {
			return err
		}
		return d.proved(ctx, s, shown, from)
	})
}

// proved spends what was shown as proof, and remembers it.
func (d *Desk) proved(ctx context.Context, s room.Session, shown room.Shown, from room.Visitor) error {
	if _, err := d.journal.Append(ctx, room.Proved{Stamp: d.stamp(s, from), User: s.User, Shown: shown}); err != nil {
		return err
	}
	d.proofs.add(s.ID, d.now())
	return nil
}
