// Package directory knows who can be reached directly, and where (PROTOCOL.md
// section 6). It lists whoever was seen to answer there, looks every half a minute
// whether they still do, and gives tickets, by which peers know each other. What
// it knows is in memory only, and ends with the session that has said it.
//
// # What is listed
//
// A session has one [Entry]. What it binds is listed once the peer there has
// answered, unlisted when it doesn't any more, and listed again when it does; the
// session's next bind that succeeds takes its place. Of a user with several
// sessions the newest bind that is listed is the one that is shown. Who shares no
// deal with somebody doesn't find them; that is looked at anew with each answer.
//
// # What is looked at
//
// A peer is dialed, its certificate compared with the fingerprint, and a PONG
// awaited. On that connection it is asked again, as long as it leaves it open. Nothing is dialed but the address that a session comes from, unless it
// comes from one of the networks that are believed. Whatever is wrong, the answer
// is the same, at the same time, so that nobody can look through the server's eyes
// at what is behind a port.
//
// Each bind is looked at in one second of the round, drawn at random, so that however
// many come at once they are looked at spread out. A session has one dial at a time,
// or two while it binds anew; each ends within answerTime. A user with many sessions
// binds at some of them at a time, so that nobody else has to wait for that.
//
// # Who may block
//
// What Bind gives waits for the peer, and Ticket for what introduces the two.
// Everything else takes a lock for a moment. Changed is called without it.
//
// # Shutdown
//
// Leave takes back what a session has bound and ends its dials. Close ends all of
// them, and returns when none of the Directory's goroutines is left; what
// Bind gave is its session's to wait for.
package directory

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// Dial opens a connection with the peer at an address that has the certificate of
// this fingerprint.
type Dial func(ctx context.Context, at netip.AddrPort, fingerprint [32]byte) (transport.PeerConn, error)

// Config is what a Directory needs.
type Config struct {
	State   func() *room.State
	Key     ed25519.PrivateKey // signs tickets
	Dial    Dial
	From    []netip.Prefix    // sessions from here are believed whatever address they name
	Changed func(user string) // whether somebody can be reached is different now
	Clock   func() time.Time  // asked once, for what peers are told; nil: time.Now
	Log     *slog.Logger
}

// Directory is the one of a server.
type Directory struct {
	Config
	began   time.Time
	clock   time.Time // what it was then for peers
	binding *semaphore.Weighted
	ctx     context.Context
	end     context.CancelFunc
	checks  sync.WaitGroup

	mu    sync.Mutex
	over  bool
	binds map[string][]*bind // by user, the oldest first

	looking map[string]int     // binds that are under way, by user
	tickets map[string]*window // by user, of all who ever asked for one
}

// bind is where one session's peer is. But for what is said, it belongs to the
// Directory's lock.
type bind struct {
	as          *room.Actor // never changes, as the next three
	user        string
	at          netip.AddrPort // with its zone, where it has one
	fingerprint [32]byte

	ctx    context.Context // ends when the bind is taken back
	end    context.CancelFunc
	listed bool
	due    time.Time // the next check
	timer  *time.Timer

	held  *line       // of whoever checks; nil: none is open
	letGo func() bool // has the line outlive the bind; it belongs to it
}

// New makes a directory in which nobody is.
func New(c Config) *Directory {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	d := &Directory{Config: c, began: time.Now(), clock: c.Clock(), binding: semaphore.NewWeighted(maxBinding), binds: make(map[string][]*bind), looking: make(map[string]int), tickets: make(map[string]*window)}
	d.ctx, d.end = context.WithCancel(context.Background())
	return d
}

// now is the time for peers, who count on from what they were told once: so does it,
// and whoever sets the machine's clock meanwhile makes no ticket look old, nor of the
// time to come.
func (d *Directory) now() time.Time { return d.clock.Add(time.Since(d.began)) }

// Close takes everybody out and ends the checks.
func (d *Directory) Close() {
	d.mu.Lock()
	d.over = true
	for _, binds := range d.binds {
		for _, b := range binds {
			b.timer.Stop()
		}
	}
	clear(d.binds)
	d.mu.Unlock()
	d.end()
	d.checks.Wait()
}

// Reachable tells whether a user can be reached directly.
func (d *Directory) Reachable(user string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shown(user) != nil
}

// Query is the payload of an answer to QUERY: a line for each that can be reached
// and that the actor may know of, by name; of one name only, unless it is "".
func (d *Directory) Query(as *room.Actor, name string) []byte {
	mayKnow := as.In(d.State()).SharingDeal(as.Name())
	d.mu.Lock()
	shown := make(map[string]*bind)
	if name != "" {
		shown[name] = d.shown(name)
	} else {
		for user := range d.binds {
			shown[user] = d.shown(user)
		}
	}
	d.mu.Unlock()
	var lines []byte
	for _, user := range slices.Sorted(maps.Keys(shown)) {
		b := shown[user]
		if b == nil || !mayKnow(user) {
			continue
		}
		line := b.line()
		if len(lines)+len(line) > wire.MaxLength {
			break // some 7,000 are there; others are found by name
		}
		lines = append(lines, line...)
	}
	return lines
}

// line is what QUERY tells of a bind.
func (b *bind) line() string {
	return b.user + "," + b.at.Addr().WithZone("").String() + "," + strconv.Itoa(int(b.at.Port())) + "," + room.Hash(b.fingerprint).String() + "\n"
}

// shown is a user's bind that others are told; nil: there is none. It is called
// with the lock held.
func (d *Directory) shown(user string) *bind {
	for _, b := range slices.Backward(d.binds[user]) {
		if b.listed {
			return b
		}
	}
	return nil
}

// change does something to a user's binds, and has it told if whether the user can
// be reached is different then.
func (d *Directory) change(user string, do func()) {
	d.mu.Lock()
	before := d.shown(user) != nil
	do()
	changed := before != (d.shown(user) != nil)
	d.mu.Unlock()
	if changed {
		d.Log.Info("whether somebody can be reached directly has changed", "user", user, "reachable", !before)
		d.Changed(user)
	}
}

// remove takes a bind back; nil: there is nothing to. It is called with the lock
// held.
func (d *Directory) remove(b *bind) {
	if b == nil {
		return
	}
	b.end()
	b.timer.Stop()
	left := slices.DeleteFunc(d.binds[b.user], func(other *bind) bool { return other == b })
	if len(left) == 0 {
		delete(d.binds, b.user)
	} else {
		d.binds[b.user] = left
	}
}
