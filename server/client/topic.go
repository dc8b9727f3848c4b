package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
)

// Reading is how a topic is read.
type Reading struct {
	After int64  // begin behind this seq, or with the last -After messages
	Proof *Proof // what is held up to After; nil: it is not proved

	// Joined is called with each JOIN, before the messages that it brings: in which
	// epoch, behind what they begin, and the newest seq at that moment. May be nil.
	Joined func(epoch string, behind room.Head, head int64)
	// Each is called with every message.
	Each func(room.Message)
	// Anew is called when all that was handed on is to be forgotten, before
	// messages come from the beginning, or the last -After ones: the store was
	// restored (room.ErrOtherEpoch), its history is another one (ErrBroken), or
	// a part of it may not be read any more (room.ErrNotFound). May be nil.
	Anew func(why error)
}

// Topic is a cursor on a topic's log that outlives sessions.
type Topic struct {
	ID string

	client  *Client
	reading Reading
	flight  *flight
	ctx     context.Context // ends with the topic; its cause says why
	end     context.CancelCauseFunc
	done    chan struct{}

	mu    sync.Mutex
	epoch string    // "": nothing is held
	first int64     // what is held begins behind it
	at    room.Head // and goes up to here
}

// joinWithin is how long a channel may take until it is joined.
const joinWithin = 10 * time.Second

// channelSilence is that of a channel which is a connection of its own: a proxy
// may drop one on which nothing is said for a minute.
var channelSilence = keepalive{askAfter: 20 * time.Second, answerWithin: 5 * time.Second}

// Open begins to read a topic.
func (c *Client) Open(topic string, r Reading) *Topic {
	t := &Topic{ID: topic, client: c, reading: r, flight: newFlight(), done: make(chan struct{})}
	if r.Proof != nil && r.After >= 0 {
		t.epoch, t.first, t.at = r.Proof.Epoch, r.After, room.Head{Seq: r.After, Hash: r.Proof.Hash}
	}
	t.ctx, t.end = context.WithCancelCause(c.ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		close(t.done)
		return t
	}
	c.topics[t.ID] = t
	c.running.Go(func() {
		defer close(t.done)
		t.end(t.run(t.ctx))
		c.left(t)
	})
	return t
}

// left notes that a topic has ended.
func (c *Client) left(t *Topic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.topics[t.ID] == t {
		delete(c.topics, t.ID)
	}
}

// reads is a topic that is open, the one opened last; nil: none is.
func (c *Client) reads(topic string) *Topic {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.topics[topic]
}

// At is how far messages were handed on, and what proves it to a later Open;
// proof is nil before the first JOIN.
func (t *Topic) At() (at room.Head, proof *Proof) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.epoch == "" {
		return room.Head{}, nil
	}
	return t.at, &Proof{Epoch: t.epoch, Hash: t.at.Hash}
}

// Done is closed when the topic has ended; Err says why.
func (t *Topic) Done() <-chan struct{} { return t.done }

// Err is room.ErrNotFound, ErrClosed, or why the client ended; nil while the
// topic lives.
func (t *Topic) Err() error { return context.Cause(t.ctx) }

// Close leaves the topic, and waits until nothing is handed on any more.
func (t *Topic) Close() {
	t.end(ErrClosed)
	<-t.done
}

// Post posts a message and returns its seq when it is on stable storage,
// however often the connection is lost in between. Without an id it is given
// one. When ctx ends first, it may have been accepted; the same id may be
// posted again. So it may have been with ErrUnknown: the right to read the topic
// has ended since the post was sent. What an earlier call has sent under the
// same id doesn't count: to this one the same is room.ErrNotFound.
func (t *Topic) Post(ctx context.Context, p Post) (seq int64, err error) {
	if p.ID == "" {
		p.ID = room.NewClientID(time.Now())
	}
	var a answer
	if err = p.check(); err == nil {
		a, err = t.post(ctx, newPosting(p))
	}
	if err == nil {
		seq, err = a.seq()
	}
	if err != nil {
		return 0, fmt.Errorf("posting %s: %w", p.ID, err)
	}
	return seq, nil
}

// post waits for the answer to a post that was checked.
func (t *Topic) post(ctx context.Context, entry *posting) (answer, error) {
	if err := t.flight.add(entry); err != nil {
		return answer{}, err
	}
	defer t.flight.remove(entry)
	select {
	case a := <-entry.answered:
		return a, a.err
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-t.done:
	}
	select {
	case a := <-entry.answered: // it came before the end
		return a, a.err
	default:
	}
	if errors.Is(t.Err(), room.ErrNotFound) && t.flight.wasSent(entry) {
		return answer{}, ErrUnknown
	}
	return answer{}, t.Err()
}

// Read marks the topic as read up to seq, as soon as there is a channel; of
// several the greatest counts. It waits for nothing.
func (t *Topic) Read(seq int64) { t.flight.read(seq) }

// run keeps a channel in each session, one after the other, and says why it
// doesn't any more.
func (t *Topic) run(ctx context.Context) error {
	var (
		last     *Session
		failures int
		begin    anew
		broken   = room.Head{Seq: -1} // where the chain was broken the last time
	)
	for {
		s, changed, err := t.session(ctx)
		if err != nil {
			return err
		}
		if s != last {
			last, failures = s, 0
		}
		began, err := t.live(ctx, s)
		joined := !began.IsZero()
		if joined && time.Since(began) >= steady && !errors.Is(err, ErrBroken) {
			failures = 0
		}
		switch code := codeOf(err); {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case s.Err() != nil:
			continue
		case errors.As(err, &begin):
			t.forget(begin.why)
			continue
		case errors.Is(err, ErrBroken):
			broken = t.brokenAgain(broken)
		case joined:
		case code == 404:
			return room.ErrNotFound
		case code == 401:
			s.end(errNoKey)
			continue
		case code == 409:
			t.forget(t.otherLog(err))
			if failures == 0 {
				failures++
				continue
			}
		}
		pause(ctx, waitFor(err)+backoff(failures, t.client.config.MaxPause, t.client.config.Jitter), changed)
		failures++
	}
}

// brokenAgain notes where the chain was broken. Whoever is there for the second
// time can't get on, and begins anew.
func (t *Topic) brokenAgain(last room.Head) room.Head {
	at, _ := t.At()
	if at != last {
		return at
	}
	t.forget(ErrBroken)
	return room.Head{Seq: -1}
}

// session waits until one is open.
func (t *Topic) session(ctx context.Context) (*Session, <-chan struct{}, error) {
	for {
		s, changed := t.client.inUse()
		if s != nil && s.Err() == nil {
			return s, changed, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}

// live is one channel, from its JOIN to its end. It is joined since began; the
// zero time: it never was.
func (t *Topic) live(ctx context.Context, s *Session) (began time.Time, err error) {
	c, err := t.join(ctx, s)
	if err != nil {
		return began, err
	}
	began = time.Now()
	if err := t.resume(c); err != nil {
		c.over(err)
		return began, err
	}
	if t.reading.Joined != nil {
		t.reading.Joined(c.Epoch, c.at, c.Head)
	}
	var running sync.WaitGroup
	defer running.Wait()
	here, cancel := context.WithCancel(ctx)
	defer cancel()
	running.Go(func() {
		<-here.Done()
		if ctx.Err() != nil {
			c.stream.Reset(0)
		}
	})
	t.flight.begin(c.Epoch, s.connection())
	pings := make(chan struct{}, 1)
	running.Go(func() { t.send(here, c, pings) })
	if _, apart := s.conn.(transport.Keyed); apart {
		running.Go(func() {
			ping := func() {
				select {
				case pings <- struct{}{}:
				default: // one is waiting to be written
				}
			}
			if channelSilence.watch(here, c.ear, ping, nil) {
				c.stream.Reset(0)
			}
		})
	}
	return began, c.read()
}

// join asks for what comes behind what is held, or from the beginning.
func (t *Topic) join(ctx context.Context, s *Session) (*Channel, error) {
	ctx, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	at, proof := t.At()
	after := at.Seq
	switch {
	case proof == nil:
		after = t.reading.After
	case after == 0: // of nothing there is nothing to prove
		proof = nil
	}
	return s.join(ctx, t.ID, after, proof, hand{message: t.message, answered: t.flight.answer})
}

// message hands one on.
func (t *Topic) message(m room.Message, at room.Head) {
	if t.reading.Each != nil {
		t.reading.Each(m)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = at
}

// send writes posts, READs and PINGs as they come, until the channel's end.
func (t *Topic) send(ctx context.Context, c *Channel, pings <-chan struct{}) {
	for {
		if seq := t.flight.unread(); seq > 0 {
			if c.Read(ctx, seq) != nil {
				return
			}
			continue
		}
		p, wait := t.flight.next()
		if p != nil {
			if c.write(ctx, p.frame) != nil {
				return
			}
			continue
		}
		var again <-chan time.Time
		if wait > 0 {
			again = time.After(wait)
		}
		select {
		case <-pings:
			if c.write(ctx, pingFrame) != nil {
				return
			}
		case <-t.flight.more:
		case <-again:
		case <-ctx.Done():
			return
		}
	}
}
