package server_test

import (
	"context"
	"testing"
	"time"

	"redroom/server/servertest"
	"redroom/server/transport"
)

// TestTypingIsToldToTheTopicsOtherReaders shows TYPING: by datagram where there
// are datagrams, on the control channel where there are none, to those who may
// read the topic and nobody else.
func TestTypingIsToldToTheTopicsOtherReaders(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	enter := func(who *servertest.API) *servertest.Session {
		s := h.Enter(t, who)
		s.Control.Say(t, "WATCH 0\n")
		s.Control.Await(t, "ACK WATCH")
		return s
	}
	anna, olga, otto := enter(h.anna), enter(h.olga), enter(h.otto)
	bert, bertElsewhere := enter(h.bert), enter(h.bert)
	typing := "TYPING 0 " + h.topic
	told := typing + " bert"

	// A datagram may be lost, so it is said until it is heard.
	heard := make(chan string, 1)
	go func() { heard <- hearTyping(t, anna) }()
	for again := time.NewTicker(time.Second); ; {
		sayTyping(t, bert, typing+"\n")
		select {
		case got := <-heard:
			if got != told {
				t.Errorf("anna heard %q, want %q", got, told)
			}
		case <-again.C:
			continue
		}
		break
	}
	if got := hearTyping(t, olga); got != told {
		t.Errorf("an observer heard %q, want %q", got, told)
	}

	// What nobody is told: who may not post, where one may not, what one may not
	// know of, and what is no frame. One's own is not told to oneself, either.
	// Each by a session of its own, as one may say so only now and then.
	sayTyping(t, olga, typing+"\n")
	for _, octets := range []string{"TYPING 0 " + h.foreign + "\n", "TYPING 0 nowhere\n", "TYPING 0\n", "TYPING 3 " + h.topic + "\nabc"} {
		sayTyping(t, enter(h.bert), octets)
	}
	if _, ok := bert.Session.(transport.Keyed); !ok {
		for _, octets := range []string{"", "\n", typing, typing + "\n" + typing + "\n", "POST 2 x\nhi", "\xff\xfe"} {
			sayTyping(t, enter(h.bert), octets)
		}
	}
	h.anna.Must(t, "PATCH", "/api/topics/"+h.topic, map[string]any{"open": false}, nil, 200)
	sayTyping(t, enter(h.bert), typing+"\n")
	for name, s := range map[string]*servertest.Session{"anna": anna, "otto, a stranger": otto, "bert's other session": bertElsewhere} {
		if got := overhears(t, s); got != "" {
			t.Errorf("%s heard %q", name, got)
		}
	}
}

// sayTyping sends a frame that may be lost.
func sayTyping(t *testing.T, s *servertest.Session, octets string) {
	t.Helper()
	if _, ok := s.Session.(transport.Keyed); ok {
		s.Control.Say(t, octets)
	} else if err := s.SendDatagram([]byte(octets)); err != nil {
		t.Errorf("sending a datagram: %v", err)
	}
}

// hearTyping waits for the next TYPING.
func hearTyping(t *testing.T, s *servertest.Session) string {
	if _, ok := s.Session.(transport.Keyed); ok {
		return s.Control.Await(t, "TYPING * *").Header
	}
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	octets, err := s.ReceiveDatagram(ctx)
	if err != nil {
		t.Errorf("waiting for a datagram: %v", err)
	}
	return string(octets[:max(0, len(octets)-1)])
}

// overhears gives a TYPING that comes within a moment, or else "". The server
// has answered meanwhile.
func overhears(t *testing.T, s *servertest.Session) string {
	t.Helper()
	s.Control.Say(t, "PING 0 last\n")
	for {
		f := s.Control.Hear(t)
		if f.Is("PONG last") == nil {
			break
		}
		if f.Type() == "TYPING" {
			return f.Header
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	octets, _ := s.ReceiveDatagram(ctx)
	return string(octets)
}
