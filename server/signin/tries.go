package signin

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"redroom/server/room"
)

// How many failures in a row are let through, and how long until one more is.
// An account is never locked: it lets another try through after each pause,
// and addresses from which its owner has signed in are counted on their own,
// so that strangers' failures don't keep the owner out.
const (
	accountBurst = 10
	accountPause = 30 * time.Second
	addressBurst = 30
	addressPause = 5 * time.Second

	maxCounted  = 1 << 14 // accounts and addresses with failures
	maxFamiliar = 1 << 14 // pairs of an account and an address
)

// WaitError is room.ErrTooManyTries with the time to wait.
type WaitError struct {
	After time.Duration
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("%s (%v)", room.ErrTooManyTries.Text, e.After)
}

// Unwrap makes it a room.ErrTooManyTries.
func (e *WaitError) Unwrap() error { return room.ErrTooManyTries }

// RetryAfter is how long to wait, rounded up to whole seconds, at least one.
func (e *WaitError) RetryAfter() time.Duration {
	return max(time.Second, (e.After + time.Second - 1).Truncate(time.Second))
}

// source is whose failures are counted together: an account's ("" network), a
// network's ("" name), or an account's from one network.
type source struct {
	name    string
	network netip.Prefix
}

// tries counts failures. Each source has a time that each failure moves
// forward by a pause; it is over the limit while that time lies a burst of
// pauses ahead (the generic cell rate algorithm), and is forgotten when the
// time is past.
//
// A try counts as failed when it begins and is taken back if it wasn't, so
// that many at once find no more room than one after the other.
type tries struct {
	mu       sync.Mutex
	counted  map[source]time.Time
	familiar map[source]time.Time // when its owner signed in from there
}

func newTries() *tries {
	return &tries{counted: make(map[source]time.Time), familiar: make(map[source]time.Time)}
}

// try is one that has begun: what it is counted for.
type try struct {
	account, address source
	pair             source // the account from this address
	named            bool   // the name could be an account's
}

// begin counts a try, or says how long to wait.
func (t *tries) begin(name string, from netip.Addr, now time.Time) (try, error) {
	net := network(from)
	this := try{
		account: source{name: name},
		address: source{network: net},
		pair:    source{name: name, network: net},
		named:   room.ValidUserName(name),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.familiar[this.pair]; ok {
		this.account = this.pair
	}
	wait := t.wait(this.address, addressBurst, addressPause, now)
	if this.named {
		wait = max(wait, t.wait(this.account, accountBurst, accountPause, now))
	}
	if wait > 0 {
		return try{}, &WaitError{After: wait}
	}
	t.move(this.address, addressPause, now)
	if this.named {
		t.move(this.account, accountPause, now)
	}
	return this, nil
}

// undo takes back a try that came to no answer.
func (t *tries) undo(this try, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.move(this.address, -addressPause, now)
	if this.named {
		t.move(this.account, -accountPause, now)
	}
}

// settle makes an address one that an account is at home at.
func (t *tries) settle(name string, from netip.Addr, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	put(t.familiar, source{name: name, network: network(from)}, at, maxFamiliar)
}

// isFamiliar tells whether an account's owner has signed in from there.
func (t *tries) isFamiliar(name string, from netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.familiar[source{name: name, network: network(from)}]
	return ok
}

// wait is the time until the source may fail once more.
func (t *tries) wait(s source, burst int, pause time.Duration, now time.Time) time.Duration {
	return t.counted[s].Sub(now.Add(time.Duration(burst-1) * pause))
}

func (t *tries) move(s source, by time.Duration, now time.Time) {
	at := t.counted[s]
	if at.Before(now) {
		at = now
	}
	if at = at.Add(by); at.After(now) {
		put(t.counted, s, at, maxCounted)
	} else {
		delete(t.counted, s)
	}
}

// put sets a source's time. In a full map the earliest of some gives way: to look
// for the earliest of all at each try would be what a flood of them needs.
func put(in map[source]time.Time, s source, at time.Time, limit int) {
	const some = 16
	if _, there := in[s]; !there && len(in) >= limit {
		var first source
		var earliest time.Time
		seen := 0
		for other, at := range in {
			if earliest.IsZero() || at.Before(earliest) {
				first, earliest = other, at
			}
			if seen++; seen == some {
				break
			}
		}
		delete(in, first)
	}
	in[s] = at
}

// network is what counts as one address: a /64 in IPv6, where that is what a
// household gets.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: a test's, or a socket's
	}
	return p
}

// neighborhood is what somebody who can have many addresses has them in.
func neighborhood(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
