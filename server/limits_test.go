package server_test

import (
	"fmt"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestTooManyChannels opens as many as a session may have, and one more.
func TestTooManyChannels(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	open := []*servertest.Channel{s.Control}
	for len(open) < room.MaxChannels {
		open = append(open, s.Join(t, h.topic, 0))
	}
	more := s.Channel(t)
	more.Say(t, "JOIN 0 "+h.topic+" 0\n")
	more.Expect(t, "ERR 429 -")
	more.Finish(t)
	talks(t, open[1])
	talks(t, open[room.MaxChannels-1])

	// The server counts a channel out a moment after its FIN has come.
	open[1].CloseWrite()
	drain(open[1])
	for {
		c := s.Channel(t)
		c.Say(t, "JOIN 0 "+h.topic+" 0\n")
		if f := c.Hear(t); f.Is("ERR 429 -") != nil {
			if err := f.Is("ACK " + h.topic + " * * * *"); err != nil {
				t.Fatal(err)
			}
			talks(t, c)
			return
		}
		c.Finish(t)
	}
}

// TestTooManySessionsThatAreNotSignedIn fills what an address may have of
// them; those that have signed in don't count.
func TestTooManySessionsThatAreNotSignedIn(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	witness := h.Enter(t, h.bert).Join(t, h.topic, 0)
	var unsigned []*servertest.Session
	for i := range room.MaxUnsigned {
		s := h.Open(t)
		s.Control = s.Channel(t)
		s.Control.Say(t, fmt.Sprintf("PING 0 %d\n", i))
		s.Control.Expect(t, fmt.Sprintf("PONG %d", i))
		unsigned = append(unsigned, s)
	}
	began := time.Now()
	h.Open(t).ExpectOver(t)
	if took := time.Since(began); took > room.SignInTime/2 {
		t.Errorf("a session too many was closed after %v, want at once", took)
	}
	talks(t, witness)

	last := unsigned[len(unsigned)-1]
	last.Control.Say(t, "TOKEN 0 "+h.bert.Token(t)+"\n")
	last.Control.Expect(t, "ACK TOKEN bert")
	talks(t, h.Enter(t, h.bert).Join(t, h.topic, 0))
}
