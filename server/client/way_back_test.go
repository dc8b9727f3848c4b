package client

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/transport"
)

// TestTheWayBackIsTriedByAFreshTicket stays on a WebSocket for hours: what a
// ticket says of certificates is true for one.
func TestTheWayBackIsTriedByAFreshTicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		var oldest time.Duration
		came := make(map[string]time.Time)
		tries := 0
		p.client = Connect(Config{
			Ticket: func(ctx context.Context) (Ticket, error) {
				ticket, err := p.server.ticket(ctx)
				came[ticket.Token] = time.Now()
				return ticket, err
			},
			WebTransport: func(_ context.Context, ticket Ticket) (transport.Session, error) {
				tries++
				oldest = max(oldest, time.Since(came[ticket.Token]))
				return nil, errors.New("WebTransport does not get through")
			},
			WebSocket: p.server.dialer("WebSocket"),
		})
		t.Cleanup(p.client.Close)
		synctest.Wait()
		p.play("ready WebSocket", "signs-in WebSocket", "forward 10801", "state open WebSocket", "asked 7")
		if want := 1 + 3*60*2; tries != want || oldest >= time.Hour {
			t.Errorf("it was tried %d times, want %d, by tickets up to %v old", tries, want, oldest)
		}
	})
}

// TestATicketForTheWayBackThatCannotBeHad leaves the WebSocket as it was.
func TestATicketForTheWayBackThatCannotBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		p.start()
		p.play("fails WebTransport", "ready WebSocket", "signs-in WebSocket", "forward 1790", "pending WebTransport 1")
		tried := len(p.server.of("WebTransport"))
		p.play("tickets unreachable", "forward 300", "state open WebSocket", "pending WebTransport 0")
		if n := len(p.server.of("WebTransport")); n != tried {
			t.Errorf("it was tried %d times by an old ticket", n-tried)
		}
		p.play("tickets ok", "forward 30", "pending WebTransport 1", "ready WebTransport", "signs-in WebTransport", "state open WebTransport")
	})
}

// TestTheWayBackIsNotTriedWhereTheServerHasNoneAnyMore has the second ticket
// name a WebSocket only.
func TestTheWayBackIsNotTriedWhereTheServerHasNoneAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		var tried []string
		p.client = Connect(Config{
			Ticket: func(ctx context.Context) (Ticket, error) {
				ticket, err := p.server.ticket(ctx)
				if ticket.Token != "token-1" {
					ticket.WebTransport.URL = ""
				}
				return ticket, err
			},
			WebTransport: func(_ context.Context, ticket Ticket) (transport.Session, error) {
				tried = append(tried, ticket.WebTransport.URL)
				return nil, errors.New("WebTransport does not get through")
			},
			WebSocket: p.server.dialer("WebSocket"),
		})
		t.Cleanup(p.client.Close)
		synctest.Wait()
		p.play("ready WebSocket", "signs-in WebSocket", "forward 7200", "state open WebSocket", "asked 2")
		if slices.Contains(tried, "") {
			t.Error("it was tried without a URL")
		}
	})
}

// countingContext knows how much hangs on it.
type countingContext struct {
	context.Context // the background
	over            chan struct{}
	hanging         atomic.Int32
}

func (c *countingContext) Done() <-chan struct{} { return c.over }

func (c *countingContext) AfterFunc(func()) (stop func() bool) {
	c.hanging.Add(1)
	return func() bool {
		c.hanging.Add(-1)
		return true
	}
}

func TestWhatHasSignedInOnTheWayBackLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := &countingContext{Context: context.Background(), over: make(chan struct{})}
		server := newScriptedServer()
		server.tickets = "unreachable"
		b := &wayBack{client: &Client{config: Config{Ticket: server.ticket}}}
		for range 3 {
			b.enter(ctx, link{conn: newScriptedLink("WebTransport")})
			if found := <-b.entering; found != nil {
				t.Fatal("it has signed in without a token")
			}
		}
		b.client.running.Wait()
		if n := ctx.hanging.Load(); n > 0 {
			t.Errorf("%d contexts are left", n)
		}
	})
}
