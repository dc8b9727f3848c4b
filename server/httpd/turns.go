package httpd

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"redroom/server/room"
)

const (
	maxTurns = 2                // at a time, so that others who read needn't wait
	turnWait = 10 * time.Second // for one's turn
	turnTime = 4 * time.Second  // from then on
)

var errNotYourTurn = &room.Error{Code: http.StatusServiceUnavailable, Text: "Many are searching just now; try again in a moment.", Retry: true}

// turns are who looks through the store. Some users do at a time, each of them
// once, and the others wait; who has had a turn comes behind all who wait.
type turns struct {
	mu      sync.Mutex
	taken   int
	line    []string                   // users who wait and have no turn
	waiting map[string][]chan struct{} // of each user who waits or has a turn; closed when it is given
	has     map[string]bool
}

// take waits for a user's turn, which ends with done. It fails when ctx ends.
func (t *turns) take(ctx context.Context, user string) (done func(), err error) {
	given := make(chan struct{})
	t.mu.Lock()
	if t.waiting == nil {
		t.waiting, t.has = make(map[string][]chan struct{}), make(map[string]bool)
	}
	t.waiting[user] = append(t.waiting[user], given)
	if len(t.waiting[user]) == 1 && !t.has[user] {
		t.line = append(t.line, user)
	}
	t.give()
	t.mu.Unlock()
	select {
	case <-given:
		return func() { t.end(user) }, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.Index(t.waiting[user], given)
	if at < 0 { // it has come meanwhile
		return func() { t.end(user) }, nil
	}
	if t.waiting[user] = slices.Delete(t.waiting[user], at, at+1); len(t.waiting[user]) == 0 {
		delete(t.waiting, user)
		t.line = slices.DeleteFunc(t.line, func(u string) bool { return u == user })
	}
	return nil, ctx.Err()
}

func (t *turns) end(user string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken--
	delete(t.has, user)
	if len(t.waiting[user]) > 0 {
		t.line = append(t.line, user)
	}
	t.give()
}

// give gives turns to those who are first in the line.
func (t *turns) give() {
	for t.taken < maxTurns && len(t.line) > 0 {
		user := t.line[0]
		t.line = t.line[1:]
		first := t.waiting[user][0]
		if t.waiting[user] = t.waiting[user][1:]; len(t.waiting[user]) == 0 {
			delete(t.waiting, user)
		}
		t.taken++
		t.has[user] = true
		close(first)
	}
}

// inTurn looks through the store when it is the caller's turn, for so long as a
// turn may take. It fails with tooLong if that isn't enough.
func (s *site) inTurn(c *call, tooLong error, look func(context.Context) error) error {
	wait, cancel := context.WithTimeout(c.ctx(), turnWait)
	done, err := s.turns.take(wait, c.user.Name)
	cancel()
	if err != nil {
		if c.ctx().Err() != nil {
			return c.ctx().Err()
		}
		return errNotYourTurn
	}
	defer done()
	ctx, cancel := context.WithTimeout(c.ctx(), turnTime)
	defer cancel()
	err = look(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && c.ctx().Err() == nil {
		return tooLong
	}
	return err
}
