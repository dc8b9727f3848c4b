package server_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"redroom/server"
	"redroom/server/servertest"
)

// house is a room with everybody whom the protocol tells apart.
type house struct {
	*servertest.Room
	anna *servertest.API // admin
	bert *servertest.API // member of the deal
	olga *servertest.API // observer in the deal
	otto *servertest.API // member of another deal

	deal, topic string // bert's and olga's
	foreign     string // a topic of otto's deal
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseOf(t, servertest.Config(t))
}

// newHouseOf is newHouse with a server of which something is said.
func newHouseOf(t *testing.T, c server.Config) *house {
	t.Helper()
	r, _ := servertest.StartWith(t, c)
	return furnish(t, r)
}

// furnish makes a house of a room in which nobody is yet.
func furnish(t *testing.T, r *servertest.Room) *house {
	t.Helper()
	h := &house{Room: r}
	h.anna = h.Admin(t)
	h.deal = h.anna.Deal(t, "House", "all")
	h.topic = h.anna.Topic(t, h.deal, "Parlor", 1)
	other := h.anna.Deal(t, "Neighbors", "all")
	h.foreign = h.anna.Topic(t, other, "Kitchen", 1)
	h.bert = h.Join(t, h.anna, "bert", "member", h.deal)
	h.olga = h.Join(t, h.anna, "olga", "observer", h.deal)
	h.otto = h.Join(t, h.anna, "otto", "member", other)
	return h
}

// leavesNoGoroutine fails the test if, once everything that it has started was
// stopped, a goroutine is left that wasn't there at its beginning. It must be
// called before anything is started.
func leavesNoGoroutine(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// await tries until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	until := time.Now().Add(servertest.Patience)
	for !holds() {
		if time.Now().After(until) {
			t.Fatalf("%v went by, and not %s", servertest.Patience, what)
		}
		<-again.C
	}
}

var clientIDs atomic.Int64

// talks shows that a topic's channel lives: a post is acknowledged, and its
// message comes.
func talks(t *testing.T, c *servertest.Channel) {
	t.Helper()
	id := fmt.Sprintf("alive-%d", clientIDs.Add(1))
	c.Say(t, servertest.Post(id, id))
	for acked, came := false, false; !acked || !came; {
		f := c.Hear(t)
		switch {
		case f.Is("ACK "+id+" *") == nil:
			acked = true
		case f.Type() == "MESSAGE":
			came = came || f.Payload == id
		default:
			t.Fatalf("a channel that only posts was told %q", f)
		}
	}
}
