// Package load decides what users and addresses may take of the server at
// most, so that it never falls over by accepting too much, and a heavy user
// slows only himself.
//
// Counted are sessions, channels and connections, of which there is a number at
// a time; metered are posts, their octets and HTTP requests, of which there is
// a number a second, and more at once after a pause; paced is what comes in,
// frames and octets, whatever it is and whatever became of it, and what goes
// out to readers.
//
// # Who is who
//
// A user is the same over all sessions and addresses. An address is a
// transport.Network. Those at an address who have not signed in are together
// like one user, its strangers. What a user takes counts for the address too.
//
// # Who may block
//
// Only Underway blocks, for the user's own posts. What is over a limit is
// refused with a [Refusal], which says how long to wait; Spend and Behind tell
// how long the reader of the input, and the writer of messages, must wait, which
// nobody else does.
//
// # Order
//
// Once a user was told to wait with his posts, all of them are refused until
// that time is over, so that none overtakes those that were refused.
//
// # Shutdown
//
// There is nothing to be shut down: time is looked at when something is asked.
// Who has taken nothing lately is forgotten.
package load

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"redroom/server/room"
)

// Guard watches over the limits. It may be used by many at once.
type Guard struct {
	log *slog.Logger

	mu          sync.Mutex
	limits      Limits
	takers      map[who]*taker
	sweepAt     int // takers, when those who have taken nothing are looked for
	lifted      map[string]struct{}
	sessions    int
	connections int
	unsigned    int       // of the sessions, those that have not signed in
	warned      time.Time // that the server is full
	warnings    []func()  // to be logged when the lock is given back
}

// unlock ends what the lock was taken for, and logs then what was to be logged,
// so that nobody waits for the log.
func (g *Guard) unlock() {
	warnings := g.warnings
	g.warnings = nil
	g.mu.Unlock()
	for _, tell := range warnings {
		tell()
	}
}

// New makes a guard of whom nobody has taken anything yet.
func New(limits Limits, log *slog.Logger) *Guard {
	return &Guard{
		log:     log,
		limits:  limits,
		takers:  make(map[who]*taker),
		sweepAt: firstSweep,
		lifted:  make(map[string]struct{}),
	}
}

// Lift takes a user's limits away, and those of addresses for what he does in
// sessions that he opens from now on. Restore gives them back.
func (g *Guard) Lift(user string) {
	g.mu.Lock()
	defer g.unlock()
	g.lifted[user] = struct{}{}
}

// Restore ends Lift, for sessions that are opened from now on.
func (g *Guard) Restore(user string) {
	g.mu.Lock()
	defer g.unlock()
	delete(g.lifted, user)
}

// Request counts an HTTP request of a user, or of the strangers at an address
// if user is "".
func (g *Guard) Request(user string, from netip.Prefix) error {
	g.mu.Lock()
	defer g.unlock()
	w := who{user: user}
	if user == "" {
		w = who{network: from, strangers: true}
	}
	if _, lifted := g.lifted[user]; lifted {
		return nil
	}
	return g.request(w, g.limits.User)
}

// Arrival counts an HTTP request of an address, whoever it is of.
func (g *Guard) Arrival(from netip.Prefix) error {
	g.mu.Lock()
	defer g.unlock()
	return g.request(who{network: from}, g.limits.Address)
}

func (g *Guard) request(w who, share Share) error {
	now := time.Now()
	t := g.taker(w, share)
	if wait := t.requests.wait(share.Requests, 1, now); wait > 0 {
		g.warn(t, "requests", now)
		return refuse(room.ErrTooManyRequests, wait)
	}
	t.requests.add(share.Requests, 1, now)
	return nil
}

// Connect counts a connection of an address until release is called. Those of
// this machine find a place where the server is full, so that its operator can
// ask how it is.
func (g *Guard) Connect(from netip.Prefix) (release func(), err error) {
	g.mu.Lock()
	defer g.unlock()
	t := g.taker(who{network: from}, g.limits.Address)
	counts := 1
	if from.Addr().IsLoopback() {
		counts = 0
	}
	if why := g.full(t, "connections", t.connections, g.limits.Address.Connections, counts*g.connections, g.limits.Connections); why != nil {
		return nil, why
	}
	t.connections++
	g.connections += counts
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.unlock()
		t.connections--
		g.connections -= counts
	}), nil
}

// full is the refusal where an address, or the server, has no place.
func (g *Guard) full(t *taker, what string, has, mayHave, all, allMayBe int) error {
	switch {
	case allMayBe > 0 && all >= allMayBe:
		return g.isFull(what, allMayBe)
	case mayHave > 0 && has >= mayHave:
		g.warn(t, what, time.Now())
		return noPlace(room.Refuse(room.ErrFull, "There are as many "+what+" from this address as it may have; come back in a moment."), placeOfAddress)
	}
	return nil
}

// isFull is the refusal where the server has no place.
func (g *Guard) isFull(what string, limit int) error {
	if now := time.Now(); now.Sub(g.warned) >= warnEvery {
		g.warned = now
		g.warnings = append(g.warnings, func() { g.log.Warn("the server is full", "of", what, "limit", limit) })
	}
	return noPlace(room.ErrFull, placeOfAddress)
}

// warnEvery is how often at most it is said that somebody is over a limit.
const warnEvery = time.Minute

// warn has it logged when the lock is given back.
func (g *Guard) warn(t *taker, what string, now time.Time) {
	if now.Sub(t.warned) < warnEvery {
		return
	}
	t.warned = now
	g.warnings = append(g.warnings, func() {
		if t.who.user != "" {
			g.log.Warn("a user is over a limit", "user", t.who.user, "of", what)
		} else {
			g.log.Warn("an address is over a limit", "network", t.who.network, "of", what, "signed_in", !t.who.strangers)
		}
	})
}
