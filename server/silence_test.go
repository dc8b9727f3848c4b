package server_test

import (
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestHalfAFrameAndSilence begins frames on every kind of channel and says no
// more: after ten seconds that is a malformed frame, and the end of its own
// channel only. Silence between two frames is nothing.
func TestHalfAFrameAndSilence(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	idle, witness := s.Join(t, h.topic, 0), s.Join(t, h.topic, 0)
	talks(t, witness)

	// All of them wait side by side, and are looked at one after the other.
	channels := make(map[string]*silence)
	for name, octets := range map[string]string{
		"a first frame's header":           "JOIN 0 " + h.topic,
		"an unknown first frame's payload": "POEM 10\nshort",
	} {
		channels[name] = silent(t, s, s.Channel(t), octets)
	}
	for name, octets := range map[string]string{
		"an octet of a header":      "P",
		"a header without its LF":   "POST 5 half",
		"a POST's payload":          "POST 5 half\nGr\xc3",
		"a POST's whole payload":    "POST 5 half\n",
		"an unknown type's payload": "POEM 5\nab",
	} {
		c := s.Join(t, h.topic, -1)
		c.Hear(t) // the newest message
		channels[name] = silent(t, s, c, octets)
	}
	controls := make(map[string]*silence)
	for name, octets := range map[string]string{
		"a header on the control channel":  "PING 0 never",
		"a payload on the control channel": "POEM 10\nshort",
	} {
		s := h.Enter(t, h.bert)
		controls[name] = silent(t, s, s.Control, octets)
	}
	unsigned := make(map[string]*silence)
	for name, octets := range map[string]string{
		"half a TOKEN":                  "TOKEN 0 " + room.NewToken(),
		"an unknown type, and no TOKEN": "POEM 0\n",
		"a USER, and no PASS":           "USER 0 bert\n",
		"half a PASS":                   "USER 0 bert\nPASS 0 correct",
	} {
		s := h.Open(t)
		unsigned[name] = silent(t, s, s.Channel(t), octets)
	}
	empty := &silence{s: h.Open(t), began: time.Now()}
	if servertest.OverWebSocket() { // it is the channel
		empty.c = empty.s.Channel(t)
	}

	for name, half := range channels {
		t.Run(name, func(t *testing.T) {
			half.expect(t, "ERR 400 -")
			half.c.ExpectEnd(t)
		})
	}
	for name, half := range controls {
		t.Run(name, func(t *testing.T) {
			half.expect(t, "ERR 400 -")
			half.c.Farewell(t, "BYE 400")
			half.s.ExpectOver(t)
		})
	}
	for name, half := range unsigned {
		t.Run(name, func(t *testing.T) {
			for got := <-half.heard; got.err == nil; { // a WebSocket's end is heard by who reads
				_, got.err = half.c.Next()
			}
			half.s.ExpectOver(t)
			half.expectPatience(t, time.Now())
		})
	}
	t.Run("a session without a channel", func(t *testing.T) {
		if empty.c != nil {
			empty.c.Farewell(t, "BYE 401")
		}
		empty.s.ExpectOver(t)
		empty.expectPatience(t, time.Now())
	})
	talks(t, idle)
	talks(t, witness)
}

// silence is a channel on which nothing more is said, and what comes of it.
type silence struct {
	s     *servertest.Session
	c     *servertest.Channel
	began time.Time
	heard chan heard // one
}

type heard struct {
	frame servertest.Frame
	err   error
	at    time.Time
}

func silent(t *testing.T, s *servertest.Session, c *servertest.Channel, octets string) *silence {
	t.Helper()
	q := &silence{s: s, c: c, began: time.Now(), heard: make(chan heard, 1)}
	c.Say(t, octets)
	go func() {
		f, err := c.Next()
		q.heard <- heard{f, err, time.Now()}
	}()
	return q
}

// expect waits for the frame that the silence led to, at its time.
func (q *silence) expect(t *testing.T, want string) {
	t.Helper()
	got := <-q.heard
	if got.err != nil {
		t.Fatalf("waiting for %q: %v", want, got.err)
	}
	if err := got.frame.Is(want); err != nil {
		t.Fatal(err)
	}
	q.expectPatience(t, got.at)
}

// expectPatience fails the test unless about as much time has gone by as a
// frame may take to come, or a sign-in.
func (q *silence) expectPatience(t *testing.T, at time.Time) {
	t.Helper()
	took := at.Sub(q.began)
	if took < room.PayloadSilence-time.Second/10 || took > room.PayloadSilence+3*time.Second {
		t.Errorf("it took %v, want %v", took, room.PayloadSilence)
	}
}
