package load

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"redroom/server/room"
)

// Session is what one session takes.
type Session struct {
	guard   *Guard
	address *taker

	// Of the guard's lock:
	user     *taker // the address' strangers until somebody has signed in
	channels int
	lifted   bool
	closed   bool
}

// Open counts a session in, of an address and of the server.
func (g *Guard) Open(from netip.Prefix) (*Session, error) {
	g.mu.Lock()
	defer g.unlock()
	address := g.taker(who{network: from}, g.limits.Address)
	if why := g.full(address, "sessions", address.sessions, g.limits.Address.Sessions, g.sessions, g.limits.Sessions); why != nil {
		return nil, why
	}
	if limit := g.limits.Unsigned; limit > 0 && g.unsigned >= limit {
		return nil, g.isFull("sessions that are not signed in", limit)
	}
	address.sessions++ // and is not forgotten while another is looked for
	s := &Session{guard: g, address: address, user: g.taker(who{network: from, strangers: true}, g.limits.User)}
	s.user.sessions++
	g.sessions++
	g.unsigned++
	return s, nil
}

// Close counts the session out.
func (s *Session) Close() {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	if s.closed {
		return
	}
	s.closed = true
	g.sessions--
	if s.user.who.strangers {
		g.unsigned--
	}
	s.address.sessions--
	s.user.sessions--
	s.address.channels -= s.channels
	s.user.channels -= s.channels
}

// SignIn makes what the session takes its user's.
func (s *Session) SignIn(user string) error {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	_, s.lifted = g.lifted[user]
	t := g.taker(who{user: user}, g.limits.User)
	if limit := g.limits.User.Sessions; !s.lifted && limit > 0 && t.sessions >= limit {
		g.warn(t, "sessions", time.Now())
		return noPlace(room.ErrTooManySessions, placeOfUser)
	}
	s.user.sessions--
	s.user.channels -= s.channels
	if s.user.who.strangers {
		g.unsigned--
	}
	s.user = t
	t.sessions++
	t.channels += s.channels
	return nil
}

// Channel counts a channel of the session; ChannelOver counts it out, whether it
// was one too many or not.
func (s *Session) Channel() error {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	s.channels++
	s.user.channels++
	s.address.channels++
	if s.lifted {
		return nil
	}
	for _, t := range []*taker{s.user, s.address} {
		if limit := t.share.Channels; limit > 0 && t.channels > limit && !t.who.strangers {
			g.warn(t, "channels", time.Now())
			return noPlace(room.ErrTooManyChannels, placeOfUser)
		}
	}
	return nil
}

// ChannelOver ends Channel.
func (s *Session) ChannelOver() {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	if s.closed {
		return
	}
	s.channels--
	s.user.channels--
	s.address.channels--
}

// Post counts a post of so many octets, or says how long all of the user's
// posts are refused.
func (s *Session) Post(octets int) error {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	if s.lifted {
		return nil
	}
	now := time.Now()
	if left := s.user.refused.Sub(now); left > 0 {
		return refuse(room.ErrTooManyPosts, left)
	}
	size := float64(octets)
	for _, t := range []*taker{s.user, s.address} {
		wait := max(t.posts.wait(t.share.Posts, 1, now), t.postOctets.wait(t.share.PostOctets, size, now))
		if wait > 0 {
			g.warn(t, "posts", now)
			why := refuse(room.ErrTooManyPosts, wait)
			s.user.refused = now.Add(why.After)
			return why
		}
	}
	for _, t := range []*taker{s.user, s.address} {
		t.posts.add(t.share.Posts, 1, now)
		t.postOctets.add(t.share.PostOctets, size, now)
	}
	return nil
}

// Typing counts that the user tells that he types; it is false if that was too
// often.
func (s *Session) Typing() bool {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	now := time.Now()
	for _, t := range []*taker{s.user, s.address} {
		if t.typing.wait(t.share.Typing, 1, now) > 0 {
			return false
		}
	}
	for _, t := range []*taker{s.user, s.address} {
		t.typing.add(t.share.Typing, 1, now)
	}
	return true
}

// Spend counts frames that have come, and octets of payloads that come with
// them, and tells how long the user must wait until they are read. When that
// time is over, SpendOfAddress follows, so that what waits takes nothing from
// others at the same address.
func (s *Session) Spend(frames, octets int) (wait time.Duration) {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	return s.spend(s.user, frames, octets)
}

// SpendOfAddress counts the same for the address, and tells how long it must
// wait.
func (s *Session) SpendOfAddress(frames, octets int) (wait time.Duration) {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	return s.spend(s.address, frames, octets)
}

func (s *Session) spend(t *taker, frames, octets int) (wait time.Duration) {
	if s.lifted {
		return 0
	}
	now := time.Now()
	t.frames.owe(t.share.Frames, float64(frames), now, t.mostOwed())
	t.input.owe(t.share.Input, float64(octets), now, t.mostOwed())
	if wait = max(t.frames.wait(t.share.Frames, 0, now), t.input.wait(t.share.Input, 0, now)); wait > 0 {
		s.guard.warn(t, "frames", now)
	}
	return wait
}

// Wrote counts octets of messages that one write has written.
func (s *Session) Wrote(octets int) {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	if s.lifted {
		return
	}
	now := time.Now()
	for _, t := range []*taker{s.user, s.address} {
		t.output.owe(t.share.Output, float64(octets+room.OutputWeight), now, t.mostOwed())
	}
}

// Behind is how long nothing more is to be written after what Wrote has counted.
func (s *Session) Behind() (wait time.Duration) {
	g := s.guard
	g.mu.Lock()
	defer g.unlock()
	if s.lifted {
		return 0
	}
	now := time.Now()
	for _, t := range []*taker{s.user, s.address} {
		wait = max(wait, t.output.wait(t.share.Output, 0, now))
	}
	if wait > 0 {
		g.warn(s.user, "messages", now)
	}
	return wait
}

// Underway waits until a post of so many octets may go to the log beside those
// of the same user that are on their way. done is called when it has come there.
func (s *Session) Underway(ctx context.Context, octets int) (done func(), err error) {
	s.guard.mu.Lock()
	lifted, underway := s.lifted, s.user.underway
	s.guard.mu.Unlock()
	if lifted || underway == nil {
		return func() {}, nil
	}
	weight := min(int64(octets)+room.PostWeight, s.guard.limits.User.Underway)
	if err := underway.Acquire(ctx, weight); err != nil {
		return nil, fmt.Errorf("waiting for other posts of the same user: %w", err)
	}
	return func() { underway.Release(weight) }, nil
}
