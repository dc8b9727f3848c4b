package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redroom/server/transport"
)

const (
	headStart   = 400 * time.Millisecond // that the quick transport has, or as long as the ticket took
	longestHead = 3 * time.Second
	dialWithin  = 10 * time.Second
	tryWithin   = 25 * time.Second // a try of it that goes on beside a WebSocket
	returnEvery = 30 * time.Second // between the beginnings of two of those

	// ticketFresh is how old a ticket may be to dial by: the certificates that a
	// server makes itself change, and are told an hour ahead.
	ticketFresh = 30 * time.Minute
)

var (
	errNoAnswer = errors.New("no transport was ready in time")
	errNoURL    = errors.New("the ticket names no transport that can be dialed")
)

// try is one attempt to open a connection.
type try struct {
	began   time.Time
	cancel  context.CancelFunc
	outcome chan outcome
	givenUp chan struct{}
}

type outcome struct {
	conn   transport.Session
	ticket Ticket // the newest one
	err    error
}

// try begins one that has so long at most, another ticket included, if this one
// isn't fresh.
func (c *Client) try(ctx context.Context, dial Dialer, ticket Ticket, within time.Duration) *try {
	ctx, cancel := context.WithTimeout(ctx, within)
	t := &try{began: time.Now(), cancel: cancel, outcome: make(chan outcome), givenUp: make(chan struct{})}
	c.running.Go(func() {
		defer cancel()
		o := c.dial(ctx, dial, ticket)
		select {
		case t.outcome <- o:
		case <-t.givenUp:
			if o.err == nil {
				o.conn.Close(0, "")
			}
		}
	})
	return t
}

// dial dials by a ticket that is fresh.
func (c *Client) dial(ctx context.Context, dial Dialer, ticket Ticket) outcome {
	if time.Since(ticket.came) >= ticketFresh {
		other, err := c.askTicket(ctx)
		if err != nil {
			return outcome{ticket: ticket, err: err}
		}
		ticket = other
	}
	conn, err := dial(ctx, ticket)
	return outcome{conn, ticket, err}
}

// giveUp ends a try whose outcome nobody wants any more.
func (t *try) giveUp() {
	if t != nil {
		close(t.givenUp)
		t.cancel()
	}
}

// wait is where the outcome comes; from no try there is none.
func (t *try) wait() <-chan outcome {
	if t == nil {
		return nil
	}
	return t.outcome
}

// link is a connection that has won.
type link struct {
	conn     transport.Session
	fallback bool // it is a WebSocket
}

// race opens a connection by the transport that is ready first: the quick one
// has a head start, unless the last session fell silent. Where the ticket took
// longer, so may it: a server that has much to do isn't asked twice. When a
// WebSocket wins, the try of the quick one goes on, as the way back.
func (c *Client) race(ctx context.Context, ticket Ticket) (link, error) {
	head := time.Duration(0)
	if c.mayTryPrimary(ticket) {
		c.tryPrimary(ticket)
		if !c.silenced {
			head = headOf(ticket)
		}
	}
	var (
		fallback *try
		fallible = c.config.WebSocket != nil && ticket.WebSocket.URL != ""
		failed   []error
		start    = time.NewTimer(head)
		giveUp   = time.NewTimer(dialWithin)
	)
	defer start.Stop()
	defer giveUp.Stop()
	lose := func(why error) (link, error) {
		c.blocked = false // that nothing gets through says nothing against UDP
		fallback.giveUp()
		return link{}, why
	}
	for c.primary != nil || fallback != nil || fallible {
		select {
		case <-start.C:
			if fallible {
				fallible = false
				fallback = c.try(ctx, c.config.WebSocket, ticket, dialWithin)
			}
		case o := <-c.primary.wait():
			c.primary = nil
			if o.err == nil {
				fallback.giveUp()
				c.blocked = false
				return link{o.conn, false}, nil
			}
			failed = append(failed, o.err)
			start.Reset(0)
		case o := <-fallback.wait():
			fallback = nil
			if o.err == nil {
				c.blocked = true
				return link{o.conn, true}, nil
			}
			failed = append(failed, o.err)
		case <-giveUp.C:
			return lose(errNoAnswer)
		case <-ctx.Done():
			return lose(context.Cause(ctx))
		}
	}
	if len(failed) == 0 {
		return lose(errNoURL)
	}
	return lose(fmt.Errorf("connecting: %w", errors.Join(failed...)))
}

// headOf is how long the quick transport is tried alone.
func headOf(t Ticket) time.Duration { return min(max(headStart, t.took), longestHead) }

// mayTryPrimary says whether the quick transport may be tried now: where only a
// WebSocket gets through, every half minute.
func (c *Client) mayTryPrimary(ticket Ticket) bool {
	return c.hasPrimary(ticket) && (!c.blocked || time.Since(c.primaryBegan) >= returnEvery)
}

// hasPrimary says whether there is a quick transport that a ticket has a place of.
func (c *Client) hasPrimary(ticket Ticket) bool { return c.quick(ticket) != nil }

// quick is the transport that is preferred to a WebSocket: raw QUIC, where it can
// be had, else WebTransport; nil: neither.
func (c *Client) quick(ticket Ticket) Dialer {
	switch {
	case c.config.QUIC != nil && ticket.QUIC.Address != "":
		return c.config.QUIC
	case c.config.WebTransport != nil && ticket.WebTransport.URL != "":
		return c.config.WebTransport
	}
	return nil
}

// tryPrimary begins to open a session by the quick transport. There is one such
// try at a time; it may outlive its race.
func (c *Client) tryPrimary(ticket Ticket) {
	c.primary = c.try(c.ctx, c.dialPrimary, ticket, tryWithin)
	c.primaryBegan = c.primary.began
}

func (c *Client) dialPrimary(ctx context.Context, ticket Ticket) (transport.Session, error) {
	dial := c.quick(ticket)
	if dial == nil {
		return nil, errNoURL
	}
	return dial(ctx, ticket)
}

func (c *Client) givePrimaryUp() {
	c.primary.giveUp()
	c.primary = nil
}
