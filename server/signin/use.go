package signin

import (
	"context"
	"sync"
	"time"

	"redroom/server/room"
)

// maxUses are how many sign-ins' uses are remembered; of others, the one that the
// store has counts.
const maxUses = 1 << 16

// use is when a sign-in was used last, and when the store was told, unix-ms.
type use struct{ last, kept int64 }

type uses struct {
	mu sync.Mutex
	of *recent[string, use] // by session
}

func newUses() *uses { return &uses{of: newRecent[string, use](maxUses)} }

// Use notes that somebody does something in a sign-in. The store is told every
// room.UsedEvery at most, and nobody waits for it.
func (d *Desk) Use(s room.Session) {
	now := d.now().UnixMilli()
	if d.uses.note(s, now) {
		st := room.Stamp{At: now, By: s.User, Role: s.Role}
		if s.Role != "" {
			d.journal.Keep(room.ToolTokenUsed{Stamp: st, ID: s.ID, User: s.User})
		} else {
			d.journal.Keep(room.SessionUsed{Stamp: st, ID: s.ID, User: s.User})
		}
	}
}

// note tells whether the store is to know.
func (u *uses) note(s room.Session, now int64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	one, ok := u.of.get(s.ID)
	if !ok {
		one.kept = s.Used
	}
	one.last = max(one.last, now)
	due := now-one.kept >= int64(room.UsedEvery/time.Millisecond)
	if due {
		one.kept = now
	}
	u.of.put(s.ID, one)
	return due
}

// last is when a sign-in was used last.
func (u *uses) last(s room.Session) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	one, _ := u.of.get(s.ID)
	return max(s.Used, one.last)
}

// Ends is when a sign-in ends if it isn't used again.
func (d *Desk) Ends(s room.Session) time.Time {
	s.Used = d.uses.last(s)
	return time.UnixMilli(d.store.State().SignInRules().End(s))
}

// Sessions are a user's sign-ins that haven't ended, the newest first.
func (d *Desk) Sessions(ctx context.Context, user string) ([]room.Session, error) {
	all, err := d.store.Sessions(ctx, user)
	if err != nil {
		return nil, err
	}
	now, live := d.now(), all[:0]
	for _, s := range all {
		if d.Ends(s).After(now) {
			s.Used = d.uses.last(s)
			live = append(live, s)
		}
	}
	return live, nil
}
