package server_test

import (
	"fmt"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestTooManyChannels opens a control channel and 255 topics in one session,
// all live, and three channels more. When one is closed, there is room again.
func TestTooManyChannels(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	topics := h.manyTopics(t, room.MaxChannels-1)
	s := h.Enter(t, h.bert)
	s.Control.Say(t, "WATCH 0\n")
	s.Control.Await(t, "ACK WATCH")
	open := make([]*servertest.Channel, len(topics))
	for i, topic := range topics {
		open[i] = s.Join(t, topic, 0)
	}
	speak(t, h, topics)
	for _, c := range open {
		c.Expect(t, "MESSAGE 1 anna * text - *")
	}
	for told := make(map[string]bool); len(told) < len(topics); {
		told[s.Control.Await(t, "UNREAD * 1 0 1").Fields()[0]] = true
	}

	more := make([]*servertest.Channel, 3)
	for i := range more {
		more[i] = s.Channel(t)
		more[i].Say(t, "JOIN 0 "+h.topic+" 0\n")
	}
	for _, c := range more {
		c.Expect(t, "ERR 429 - *")
	}
	for _, c := range more {
		c.Finish(t)
	}
	for _, c := range open {
		talks(t, c)
	}

	// The server counts a channel out a moment after its FIN has come.
	open[1].CloseWrite()
	drain(open[1])
	for deadline := time.Now().Add(servertest.Patience); ; {
		c := s.Channel(t)
		c.Say(t, "JOIN 0 "+h.topic+" 0\n")
		if f := c.Hear(t); f.Is("ERR 429 - *") != nil {
			if err := f.Is("ACK " + h.topic + " * * * *"); err != nil {
				t.Fatal(err)
			}
			talks(t, c)
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("closing a channel has made no room")
		}
		c.Finish(t)
	}
	full := s.Channel(t)
	full.Say(t, "JOIN 0 "+h.topic+" 0\n")
	full.Expect(t, "ERR 429 - *")
}

// manyTopics makes some that bert may read.
func (h *house) manyTopics(t *testing.T, count int) []string {
	t.Helper()
	topics := make([]string, count)
	for i := range topics {
		topics[i] = h.anna.Topic(t, h.deal, fmt.Sprintf("Room %d", i), i)
	}
	return topics
}

// speak has anna post one message in each of these topics.
func speak(t *testing.T, h *house, topics []string) {
	t.Helper()
	s := h.Enter(t, h.anna)
	for _, topic := range topics {
		c := s.Join(t, topic, 0)
		talks(t, c)
		c.Finish(t)
	}
	s.Close(0, "")
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
	over := h.Open(t)
	c := over.Channel(t)
	c.Say(t, "PING 0\n")
	c.Farewell(t, "BYE 503 *")
	over.ExpectOver(t)
	if took := time.Since(began); took > room.SignInTime/2 {
		t.Errorf("a session too many was closed after %v, want at once", took)
	}
	talks(t, witness)

	last := unsigned[len(unsigned)-1]
	last.Control.Say(t, "TOKEN 0 "+h.bert.Token(t)+"\n")
	last.Control.Expect(t, servertest.SignedIn("bert"))
	talks(t, h.Enter(t, h.bert).Join(t, h.topic, 0))
}
