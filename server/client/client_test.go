package client

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/transport"
	"redroom/server/wire"
)

func TestBackoffDoublesUpToItsCeilingAndIsAllJitter(t *testing.T) {
	most := func() float64 { return 1 }
	for failures, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
		if got := backoff(failures, 5*time.Second, most); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
	if got := backoff(1<<40, maxPause, most); got != maxPause {
		t.Errorf("after very many: %v", got)
	}
	if got := backoff(3, maxPause, func() float64 { return 0 }); got != 0 {
		t.Errorf("at its least: %v", got)
	}
	if got := backoff(0, 100*time.Millisecond, most); got != 100*time.Millisecond {
		t.Errorf("under a low ceiling: %v", got)
	}
}

// TestStatesAreToldInTheirOrder goes through all of them.
func TestStatesAreToldInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		var told []State
		p.client = Connect(Config{
			Ticket: p.server.ticket, WebTransport: p.server.dialer("WebTransport"), WebSocket: p.server.dialer("WebSocket"),
			OnState: func(s State) { told = append(told, s) },
		})
		synctest.Wait()
		p.play("forward 0.4", "ready WebSocket", "signs-in WebSocket", "ready WebTransport", "signs-in WebTransport",
			"lost", "forward 1", "ready WebTransport", "signs-in WebTransport")
		p.client.Close()
		want := []State{
			{Phase: Connecting}, {Phase: Open, Via: "WebSocket"}, {Phase: Open, Via: "WebTransport"}, {Phase: Waiting, Err: ErrLost},
			{Phase: Connecting}, {Phase: Open, Via: "WebTransport"}, {Phase: Ended, Err: ErrClosed},
		}
		if !slices.EqualFunc(told, want, func(a, b State) bool {
			return a.Phase == b.Phase && a.Via == b.Via && (a.Err == nil) == (b.Err == nil) && errors.Is(a.Err, b.Err)
		}) {
			t.Errorf("told were %v", told)
		}
	})
}

// TestTheRoomIsToldAnewWithEachSession has the old session go on to talk after
// another one has taken its place.
func TestTheRoomIsToldAnewWithEachSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		var told []string
		p.client = Connect(Config{
			Ticket: p.server.ticket, WebTransport: p.server.dialer("WebTransport"), WebSocket: p.server.dialer("WebSocket"),
			OnRoom: func(typ string, fields []string, payload []byte) {
				told = append(told, typ+" "+string(payload))
			},
		})
		t.Cleanup(p.client.Close)
		synctest.Wait()
		p.play("forward 0.4", "ready WebSocket", "signs-in WebSocket")
		old := p.server.signed.control()
		old.say(wire.TypeTopic, "one", sceneTopic)
		p.play("ready WebTransport", "signs-in WebTransport")
		old.say(wire.TypeTopic, "late", sceneTopic)
		p.server.signed.control().say(wire.TypeTopic, "two", sceneTopic)
		synctest.Wait()
		if want := []string{"WATCH ", "ACK ", "TOPIC one", "WATCH ", "ACK ", "TOPIC two"}; !slices.Equal(told, want) {
			t.Errorf("told was %q", told)
		}
	})
}

// TestCloseLeavesNothing closes the client at each step of a life; that no
// goroutine is left is what the end of the bubble shows.
func TestCloseLeavesNothing(t *testing.T) {
	steps := []string{
		"open", "post one", "forward 0.4", "ready WebSocket", "signs-in WebSocket", "joins 0", "posted one", "ready WebTransport",
		"signs-in WebTransport", "joins 0", "silent", "forward 4.5", "ready WebSocket", "bye 503 7", "forward 1",
	}
	for n := range len(steps) {
		synctest.Test(t, func(t *testing.T) {
			p := newScene(t)
			p.start()
			p.play(steps[:n]...)
			p.play("stop", "silence")
		})
	}
}

func TestATicketWithoutAWayIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := Connect(Config{
			Ticket:       func(context.Context) (Ticket, error) { asked++; return Ticket{Token: "token"}, nil },
			WebTransport: WebTransport(&tls.Config{}),
			WebSocket:    WebSocket(&tls.Config{}),
			MaxPause:     time.Second,
			Jitter:       func() float64 { return 1 },
		})
		time.Sleep(10*time.Second + time.Millisecond)
		if state := c.State(); state.Phase != Waiting || asked != 11 {
			t.Errorf("it is %v, and has asked %d times", state, asked)
		}
		c.Close()
	})
}

// TestATryThatIsReadyTooLateIsClosed has a dialer that doesn't hear that it was
// given up.
func TestATryThatIsReadyTooLateIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newScriptedServer()
		links := make(chan *scriptedLink, 10)
		var dialing sync.WaitGroup
		c := Connect(Config{
			Ticket: server.ticket,
			WebTransport: func(context.Context, Ticket) (transport.Session, error) {
				dialing.Add(1)
				defer dialing.Done()
				time.Sleep(11 * time.Second)
				l := newScriptedLink("WebTransport")
				links <- l
				return l, nil
			},
		})
		time.Sleep(10*time.Second + time.Millisecond)
		if state := c.State(); state.Phase != Waiting {
			t.Errorf("after ten seconds it is %v", state)
		}
		c.Close()
		dialing.Wait()
		close(links)
		n := 0
		for l := range links {
			n++
			if !l.wasClosed() {
				t.Error("a link was left open")
			}
		}
		if n == 0 {
			t.Error("nothing was dialed")
		}
	})
}

// A server that has much to do isn't asked twice at once.
func TestWebTransportIsTriedAloneForAsLongAsTheTicketTook(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		0:                      400 * time.Millisecond,
		399 * time.Millisecond: 400 * time.Millisecond,
		900 * time.Millisecond: 900 * time.Millisecond,
		9 * time.Second:        3 * time.Second,
	} {
		if got := headOf(Ticket{took: took}); got != want {
			t.Errorf("after a ticket that took %v: %v, want %v", took, got, want)
		}
	}
}

func TestTooManySessionsIsAPauseOfAsManySecondsAsTheBYESays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		p.start()
		p.play("ready WebTransport")
		control := p.token(p.link("WebTransport"))
		control.say(wire.TypeErr, "You have as many sessions as a user may have.", "429", wire.TypeToken, "3")
		control.sayLast(wire.TypeBye, "You have as many sessions as a user may have.", "503", "7")
		synctest.Wait()
		p.play("closed WebTransport", "state waiting", "forward 7.4", "asked 1", "forward 0.2", "asked 2")
	})
}

func TestAChannelTooManyIsAPauseOfItsTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		p.start()
		p.play("ready WebTransport", "signs-in WebTransport", "open", "refuses-join 429 3")
		refused := p.channel()
		p.play("forward 3.4")
		if p.channel() != refused {
			t.Error("it was joined again within the seconds")
		}
		p.play("forward 0.2", "joins 0")
	})
}
