package directory

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"redroom/server/room"
)

const (
	maxBinding     = 256 // peers of new binds that are dialed at a time; further ones wait
	maxBindingUser = 16  // of these, those of one user; further ones are refused

	bindsAMinute   = 10 // of a session
	ticketsAMinute = 60 // of a user, in all sessions: each is in the audit trail, for ever

	minPort = 1024 // below are services that nobody runs as a peer
)

// Entry is what one session has in the directory. Many goroutines may use it.
type Entry struct {
	directory *Directory
	as        *room.Actor

	// Of the Directory's lock:
	bound   *bind              // nil: nothing
	looking context.CancelFunc // ends the Bind that is under way; nil: there is none
	binds   window
}

// Enter makes a session's entry, with nothing in it.
func (d *Directory) Enter(as *room.Actor) *Entry {
	return &Entry{directory: d, as: as, binds: window{most: bindsAMinute}}
}

// Bind says that the peer of a session that comes from an address is at another
// one, or there as well, and at a port, and has the certificate of a fingerprint,
// as BIND's fields have it. look, which must be called, looks whether that is so:
// once the peer has answered and is listed, it gives the key that tickets are
// signed with, and the time. Else it fails with room.ErrUnreachable, after
// answerTime whatever was wrong, and what was bound before stays. It ends early
// with ctx. If there is no look, the error is room.ErrObserver, or a refusal that has
// RetryAfter.
func (e *Entry) Bind(ctx context.Context, from netip.Addr, address, port, fingerprint string) (look func() (ed25519.PublicKey, time.Time, error), err error) {
	if err := e.directory.mayTalk(e.as); err != nil {
		return nil, err
	}
	e.directory.mu.Lock()
	defer e.directory.mu.Unlock()
	if e.looking != nil || e.directory.looking[e.as.Name()] >= maxBindingUser {
		return nil, &refusal{room.ErrTooManyBinds, answerTime}
	}
	if wait := e.binds.take(time.Now()); wait > 0 {
		return nil, &refusal{room.ErrTooManyBinds, wait}
	}
	looking, cancel := context.WithCancel(ctx)
	e.looking = cancel
	e.directory.looking[e.as.Name()]++
	at, print, ok := e.directory.place(from, address, port, fingerprint)
	return func() (ed25519.PublicKey, time.Time, error) {
		defer e.looked(cancel)
		return e.look(ctx, looking, at, print, ok)
	}, nil
}

// look is Bind's: until ctx ends, and at the peer until looking does.
func (e *Entry) look(ctx, looking context.Context, at netip.AddrPort, print [32]byte, ok bool) (ed25519.PublicKey, time.Time, error) {
	d := e.directory
	hasPlace := d.binding.Acquire(looking, 1) == nil
	if hasPlace {
		defer d.binding.Release(1)
	}
	failed := time.NewTimer(answerTime)
	defer failed.Stop()
	if hasPlace && ok && e.answers(looking, at, print) {
		return d.Key.Public().(ed25519.PublicKey), d.now(), nil
	}
	select {
	case <-failed.C:
	case <-ctx.Done():
	}
	return nil, time.Time{}, room.ErrUnreachable
}

func (e *Entry) looked(cancel context.CancelFunc) {
	cancel()
	d, user := e.directory, e.as.Name()
	d.mu.Lock()
	defer d.mu.Unlock()
	e.looking = nil
	if d.looking[user]--; d.looking[user] == 0 {
		delete(d.looking, user)
	}
}

// place reads where a peer is to be, and whether it may be there.
func (d *Directory) place(from netip.Addr, address, port, fingerprint string) (at netip.AddrPort, print [32]byte, ok bool) {
	print, isHash := room.ParseHash(fingerprint)
	n, err := strconv.ParseUint(port, 10, 16)
	ip, mayBe := d.address(from.Unmap(), address)
	ok = isHash && err == nil && strconv.FormatUint(n, 10) == port && n >= minPort && mayBe
	return netip.AddrPortFrom(ip, uint16(n)), print, ok
}

// address is that of a peer whose session comes from own: that, or another one
// where it is believed.
func (d *Directory) address(own netip.Addr, named string) (ip netip.Addr, ok bool) {
	if named == "" {
		return own, own.IsValid()
	}
	ip, err := netip.ParseAddr(named)
	if err != nil || ip.Zone() != "" || !own.IsValid() {
		return ip, false
	}
	ip = ip.Unmap()
	switch {
	case ip == own.WithZone(""):
		return own, true
	case ip.IsUnspecified() || ip.IsMulticast():
		return ip, false
	case own.IsLoopback() && ip.IsLoopback():
		return ip, true
	}
	return ip, slices.ContainsFunc(d.From, func(p netip.Prefix) bool { return p.Contains(own.WithZone("")) })
}

// answers tells whether a peer has answered, and is listed.
func (e *Entry) answers(looking context.Context, at netip.AddrPort, print [32]byte) bool {
	ctx, cancel := context.WithTimeout(looking, answerTime)
	defer cancel()
	l, err := e.directory.call(ctx, at, print)
	if err != nil {
		return false
	}
	if !e.put(looking, at, print, l) {
		l.close()
		return false
	}
	return true
}

// put lists a peer that has answered in the place of what was bound before, unless
// that was called off.
func (e *Entry) put(looking context.Context, at netip.AddrPort, print [32]byte, l *line) (listed bool) {
	d := e.directory
	b := &bind{as: e.as, user: e.as.Name(), at: at, fingerprint: print}
	d.change(b.user, func() {
		if d.over || looking.Err() != nil {
			return
		}
		b.ctx, b.end = context.WithCancel(d.ctx)
		b.listed, listed = true, true
		d.remove(e.bound)
		e.bound = b
		d.binds[b.user] = append(d.binds[b.user], b)
		d.keep(b, l)
		d.plan(b)
	})
	return listed
}

// Leave takes back what is bound, and what is being looked at. It must be called
// when the session ends.
func (e *Entry) Leave() {
	d := e.directory
	d.change(e.as.Name(), func() {
		if e.looking != nil {
			e.looking()
		}
		d.remove(e.bound)
		e.bound = nil
	})
}

// Ticket is the server's word for who can be reached and may be known of that the
// session's user is who it is, together with the certificate of SHA-256 key; for
// anybody else, and oneself, room.ErrNotFound. introduce keeps that it is given,
// and decides last; its error is Ticket's.
func (e *Entry) Ticket(to string, key [32]byte, introduce func() error) (string, error) {
	d, from := e.directory, e.as.Name()
	if err := e.countTicket(); err != nil {
		return "", err
	}
	if to == from || !d.Reachable(to) || !e.as.In(d.State()).ShareDeal(from, to) {
		return "", room.ErrNotFound
	}
	if err := introduce(); err != nil {
		return "", fmt.Errorf("introducing a peer: %w", err)
	}
	t := room.PeerTicket{From: from, To: to, Key: key, Expires: d.now().Add(room.PeerTicketTime)}
	rand.Read(t.Nonce[:]) // never fails
	return t.Sign(d.Key), nil
}

func (e *Entry) countTicket() error {
	d, user := e.directory, e.as.Name()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tickets[user] == nil {
		d.tickets[user] = &window{most: ticketsAMinute}
	}
	if wait := d.tickets[user].take(time.Now()); wait > 0 {
		return &refusal{room.ErrTooManyTickets, wait}
	}
	return nil
}

// window counts what may be done so often in any minute.
type window struct {
	most int
	done []time.Time // within the last minute
}

// take counts once more, or tells how long to wait.
func (w *window) take(now time.Time) (wait time.Duration) {
	for len(w.done) > 0 && now.Sub(w.done[0]) >= time.Minute {
		w.done = w.done[1:]
	}
	if len(w.done) == w.most {
		return w.done[0].Add(time.Minute).Sub(now)
	}
	w.done = append(w.done, now)
	return 0
}

// refusal is for what is asked too often.
type refusal struct {
	reason *room.Error
	after  time.Duration
}

func (r *refusal) Error() string { return fmt.Sprintf("%s (%v)", r.reason.Text, r.after) }

// Unwrap makes it its reason.
func (r *refusal) Unwrap() error { return r.reason }

// RetryAfter is how long to wait, in whole seconds.
func (r *refusal) RetryAfter() time.Duration {
	return (r.after + time.Second - 1).Truncate(time.Second)
}
