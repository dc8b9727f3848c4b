package client

import (
	"context"
	"time"

	"redroom/server/wire"
)

// live is a session that has signed in.
type live struct {
	*Session
	user     string
	fallback bool          // over a WebSocket
	doubts   chan struct{} // whether it lives
}

// silence is that of a session, on its control channel.
var silence = keepalive{askAfter: 2 * time.Second, answerWithin: 2500 * time.Millisecond}

// hold keeps a session until it ends, and says why it did. While it is over a
// WebSocket, the way back to the quick transport is looked for; what is found takes its
// place.
func (c *Client) hold(ctx context.Context, l *live) error {
	c.use(l)
	back := &wayBack{client: c}
	defer func() {
		back.giveUp()
		c.use(nil)
		c.drop(l.Session)
	}()
	for {
		next := back.next(l)
		select {
		case <-l.Done():
			return l.Err()
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.news:
			l.doubt()
			if l.fallback && back.entering == nil {
				c.givePrimaryUp()
				back.try()
			}
		case <-next:
			back.try()
		case o := <-c.primary.wait():
			c.primary, c.ticket = nil, o.ticket
			if o.err == nil {
				c.blocked = false
				back.enter(ctx, link{conn: o.conn})
			}
		case found := <-back.entering:
			back.entering = nil
			if found != nil {
				left := l
				l = found
				c.use(l)
				c.drop(left.Session)
			}
		}
	}
}

// use makes a session the one that topics use; nil: there is none now.
func (c *Client) use(l *live) {
	c.mu.Lock()
	c.session = nil
	if l != nil {
		c.session = l.Session
	}
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
	if l == nil {
		return
	}
	c.say(State{Phase: Open, Via: l.conn.Transport(), Connection: l.connection(), User: l.user})
	c.running.Go(func() {
		if silence.watch(l.ctx, l.ear, l.ping, l.doubts) {
			l.end(errSilent)
		}
	})
	c.running.Go(func() { c.watch(l.Session) })
}

// drop closes a session, which may wait for a moment.
func (c *Client) drop(s *Session) {
	c.running.Go(func() { s.Close() })
}

// watch has the room's state told for as long as the session is the one in use.
func (c *Client) watch(s *Session) {
	tell := func(typ string, fields []string, payload []byte) {
		c.telling.Lock()
		defer c.telling.Unlock()
		if now, _ := c.inUse(); now == s && c.config.OnRoom != nil {
			c.config.OnRoom(typ, fields, payload)
		}
	}
	tell(wire.TypeWatch, nil, nil)
	if err := s.Watch(s.ctx, tell); err == nil {
		tell(wire.TypeAck, []string{wire.TypeWatch}, nil)
	}
}

// inUse is the session that topics use, if one is open, and what is closed when
// it is another.
func (c *Client) inUse() (*Session, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session, c.changed
}

func (l *live) doubt() {
	select {
	case l.doubts <- struct{}{}:
	default:
	}
}

// wayBack is how the quick transport is looked for beside a WebSocket.
type wayBack struct {
	client   *Client
	entering chan *live // nil: nothing is signing in
	cancel   context.CancelFunc
}

// next is when the next try is due; nil: none is.
func (b *wayBack) next(l *live) <-chan time.Time {
	c := b.client
	if !l.fallback || c.primary != nil || b.entering != nil || !c.hasPrimary(c.ticket) {
		return nil
	}
	return time.After(returnEvery - time.Since(c.primaryBegan))
}

func (b *wayBack) try() {
	if c := b.client; c.hasPrimary(c.ticket) {
		c.tryPrimary(c.ticket)
	}
}

// enter signs in on a connection that was found, by a token of its own. If that
// fails, the session that there is goes on.
func (b *wayBack) enter(ctx context.Context, l link) {
	ctx, cancel := context.WithCancel(ctx)
	entering := make(chan *live)
	b.entering, b.cancel = entering, cancel
	b.client.running.Go(func() {
		defer cancel()
		found, err := b.client.reenter(ctx, l)
		if err != nil {
			found = nil
		}
		select {
		case entering <- found:
		case <-ctx.Done():
			if found != nil {
				found.Close()
			}
		}
	})
}

func (c *Client) reenter(ctx context.Context, l link) (*live, error) {
	ticket, err := c.askTicket(ctx)
	if err != nil {
		l.conn.Close(0, "")
		return nil, err
	}
	return c.enter(ctx, l, ticket.Token)
}

func (b *wayBack) giveUp() {
	if b.cancel != nil {
		b.cancel()
	}
}
