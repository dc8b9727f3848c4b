package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// TestTokensAreGoodOnce spends tokens in every way that must fail. That they
// end after 60 seconds is shown where the clock can be moved: in package httpd's
// TestATokenOpensAConnection.
func TestTokensAreGoodOnce(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	witness := h.Enter(t, h.bert).Join(t, h.topic, 0)
	refused := func(t *testing.T, s *servertest.Session, token string) {
		t.Helper()
		c := s.Channel(t)
		c.Say(t, "TOKEN 0 "+token+"\n")
		c.Expect(t, "ERR 401 TOKEN")
		c.Farewell(t, "BYE 401")
		s.ExpectOver(t)
	}

	t.Run("spent twice", func(t *testing.T) {
		token := h.bert.Token(t)
		first := h.Open(t)
		first.Control = first.Channel(t)
		first.Control.Say(t, "TOKEN 0 "+token+"\n")
		first.Control.Expect(t, servertest.SignedIn("bert"))
		refused(t, h.Open(t), token)
		first.Control.Say(t, "PING 0 on\n") // who was there first stays
		first.Control.Await(t, "PONG on")
	})
	t.Run("by the side that lost a race", func(t *testing.T) {
		token := h.bert.Token(t)
		sides := []*servertest.Session{h.Open(t), h.OpenOther(t)}
		heard := make([]servertest.Frame, len(sides))
		var racing sync.WaitGroup
		for i, s := range sides {
			c := s.Channel(t)
			racing.Go(func() {
				io.WriteString(c.Channel, "TOKEN 0 "+token+"\n")
				heard[i], _ = c.Next()
			})
		}
		racing.Wait()
		won := 0
		for _, f := range heard {
			switch {
			case f.Type() == "ACK":
				won++
			case f.Is("ERR 401 TOKEN") != nil:
				t.Errorf("one side heard %q", f)
			}
		}
		if won != 1 {
			t.Errorf("%d sides have signed in by one token", won)
		}
	})
	t.Run("on a second control channel", func(t *testing.T) {
		s := h.Enter(t, h.bert)
		token := h.bert.Token(t)
		second := s.Channel(t)
		second.Say(t, "TOKEN 0 "+token+"\n")
		second.Expect(t, "ERR 409 TOKEN")
		second.Finish(t)
		s.Control.Say(t, "TOKEN 0 "+token+"\nPING 0 on\n")
		s.Control.Expect(t, "ERR 409 TOKEN")
		s.Control.Expect(t, "PONG on")
	})
	t.Run("from another origin", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		defer cancel()
		const evil = "https://evil.example"
		if s, err := transport.DialWebTransport(ctx, h.Rrp, evil, h.Trust(t)); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("WebTransport: %v, %v", s, err)
		}
		if s, err := transport.DialWebSocket(ctx, "wss"+strings.TrimPrefix(h.Rrp, "https"), evil, h.Trust(t)); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("WebSocket: %v, %v", s, err)
		}
		r, err := http.NewRequestWithContext(ctx, "POST", h.Plain+"/api/session/token", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", evil)
		answer, err := h.bert.HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden {
			t.Errorf("a token for another origin: status %d, want 403", answer.StatusCode)
		}
	})
	t.Run("invented", func(t *testing.T) { refused(t, h.Open(t), room.NewToken()) })
	talks(t, witness)
}

// TestLastWordsAreHeard ends sessions in the ways in which a server does on
// purpose, again and again: what it says before is always heard.
func TestLastWordsAreHeard(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	witness := h.Enter(t, h.anna).Join(t, h.topic, 0)
	times := 1000
	if testing.Short() {
		times = 50
	}
	rounds := min(times/10, 50) // that take a sign-in of their own
	for name, end := range map[string]struct {
		times int
		last  []string
		run   func(t *testing.T, s *servertest.Session)
	}{
		"a wrong token": {times, []string{"ERR 401 TOKEN", "BYE 401"}, func(t *testing.T, s *servertest.Session) {
			s.Control.Say(t, "TOKEN 0 "+room.NewToken()+"\n")
		}},
		"a malformed header": {times, []string{"ERR 400 -", "BYE 400"}, func(t *testing.T, s *servertest.Session) {
			s.Control.Say(t, "token\n")
		}},
		"a malformed header when signed in": {times, []string{"ERR 400 -", "BYE 400"}, func(t *testing.T, s *servertest.Session) {
			s.SignIn(t, h.bert)
			s.Control.Say(t, "PING\n")
		}},
		"a sign-out": {rounds, []string{"BYE 401"}, func(t *testing.T, s *servertest.Session) {
			elsewhere := h.Room.SignIn(t, "bert")
			s.SignIn(t, elsewhere)
			elsewhere.Must(t, "DELETE", "/api/session", nil, nil, 204)
		}},
		"a deactivated account": {rounds, []string{"BYE 410"}, func(t *testing.T, s *servertest.Session) {
			h.anna.Must(t, "PATCH", "/api/users/otto", map[string]any{"active": true}, nil, 200)
			s.SignIn(t, h.Room.SignIn(t, "otto"))
			h.anna.Must(t, "PATCH", "/api/users/otto", map[string]any{"active": false}, nil, 200)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range end.times {
				s := h.Open(t)
				s.Control = s.Channel(t)
				end.run(t, s)
				for _, want := range end.last {
					if f, err := s.Control.Next(); err != nil || f.Is(want) != nil {
						t.Fatalf("the %d. time: heard %q, %v, want %q", i+1, f.Header, err, want)
					}
				}
				s.Control.ExpectEnd(t)
				s.Close(0, "")
			}
			talks(t, witness)
		})
	}
}
