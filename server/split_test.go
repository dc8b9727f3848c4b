package server_test

import (
	"fmt"
	"testing"

	"redroom/server/servertest"
)

// TestUTF8SplitOverChunksArrivesWhole cuts a post at each of its octets. The
// second half is sent when the server has answered elsewhere, so that it has the
// first by itself.
func TestUTF8SplitOverChunksArrivesWhole(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	c := s.Join(t, h.topic, 0)
	const text = "Grüße, läuft’s? 😀 Ünï"
	for split := 1; split < len(servertest.Post(text, "split-00")); split++ {
		id := fmt.Sprintf("split-%02d", split)
		frame := servertest.Post(text, id)
		c.Say(t, frame[:split])
		s.Control.Say(t, "PING 0 "+id+"\n")
		s.Control.Expect(t, "PONG "+id)
		c.Say(t, frame[split:])
		for acked, came := false, false; !acked || !came; {
			switch f := c.Hear(t); {
			case f.Is("ACK "+id+" *") == nil:
				acked = true
			case f.Type() == "MESSAGE" && f.Payload == text:
				came = true
			default:
				t.Fatalf("split at %d: heard %q", split, f)
			}
		}
	}
}
