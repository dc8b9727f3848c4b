package peer

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"redroom/server/room"
)

// Send says something to somebody, on the connection that is open or on a new
// one, and returns when it was taken there.
func (p *Peer) Send(ctx context.Context, name, text string) error {
	if err := p.send(ctx, name, text); err != nil {
		return fmt.Errorf("sending to %s: %w", name, err)
	}
	return nil
}

func (p *Peer) send(ctx context.Context, name, text string) error {
	switch {
	case !room.ValidUserName(name):
		return errors.New("this is no user name")
	case name == p.config.Name:
		return errors.New("that is yourself")
	case len(text) > room.MaxText:
		return fmt.Errorf("the text has %d octets, and at most %d may be sent", len(text), room.MaxText)
	case !utf8.ValidString(text):
		return errors.New("the text is not UTF-8")
	}
	c, err := p.reach(ctx, name)
	if err != nil {
		return err
	}
	return c.tell(ctx, text)
}

// reach is the newest connection with somebody, or a new one.
func (p *Peer) reach(ctx context.Context, name string) (*conn, error) {
	for {
		p.mu.Lock()
		c, dialing, closed := p.newest(name), p.dialing[name], p.over.Err() != nil
		if c == nil && dialing == nil && !closed {
			p.dialing[name] = make(chan struct{})
		}
		p.mu.Unlock()
		switch {
		case closed:
			return nil, ErrClosed
		case c != nil:
			return c, nil
		case dialing == nil:
			c, err := p.dial(ctx, name)
			p.mu.Lock()
			close(p.dialing[name])
			delete(p.dialing, name)
			p.mu.Unlock()
			return c, err
		}
		select { // somebody else is dialing
		case <-dialing:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// dial opens a connection and says HELLO on it.
func (p *Peer) dial(ctx context.Context, name string) (*conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, dialWithin, ErrSilent)
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer context.AfterFunc(p.over, func() { end(ErrClosed) })()
	c, err := p.open(ctx, name)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return c, err
}

func (p *Peer) open(ctx context.Context, name string) (*conn, error) {
	listed, err := p.config.Directory.Query(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(listed) == 0 || listed[0].Name != name {
		return nil, ErrNotListed
	}
	ticket, err := p.config.Directory.PeerTicket(ctx, name, p.fingerprint)
	if refusal := (*room.Error)(nil); errors.As(err, &refusal) && refusal.Code == room.ErrNotFound.Code {
		return nil, ErrNotListed
	}
	if err != nil {
		return nil, err
	}
	net, err := p.sockets.Dial(ctx, listed[0].At, listed[0].Fingerprint, &p.cert)
	if timeout := (interface{ Timeout() bool })(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return nil, ErrSilent
	}
	if err != nil {
		return nil, err
	}
	c := newConn(p, net)
	c.name, c.ticket, c.welcome = name, ticket, make(chan struct{})
	if !p.begin(func() { c.serve(net.Open) }) {
		net.Close(0, "")
		return nil, ErrClosed
	}
	select {
	case <-c.welcome:
		return c, nil
	case <-c.ctx.Done():
		return nil, c.why()
	case <-ctx.Done():
		c.end(&ending{why: context.Cause(ctx)})
		return nil, c.why()
	}
}
