package server_test

import (
	"fmt"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

// What is written over a bad path arrives whole, once and in order, over one as
// bad, and each post is acknowledged once.
func TestWebTransportOnABadPath(t *testing.T) {
	const allAtATime = "all of that at a time"
	for name, path := range map[string]servertest.Path{
		"far away":             {Delay: 100 * time.Millisecond},
		"packets overtaking":   {Delay: 20 * time.Millisecond, Jitter: 40 * time.Millisecond},
		"packets coming twice": {Delay: 5 * time.Millisecond, Duplicate: 0.5},
		"packets lost":         {Delay: 5 * time.Millisecond, Loss: 0.1},
		"a narrow path":        {Delay: 20 * time.Millisecond, Rate: 100_000},
		allAtATime:             {Delay: 30 * time.Millisecond, Jitter: 20 * time.Millisecond, Duplicate: 0.1, Loss: 0.1, Rate: 500_000},
	} {
		if testing.Short() && name != allAtATime {
			continue
		}
		t.Run(name, func(t *testing.T) {
			leavesNoGoroutine(t)
			h := newHouse(t)
			far, _ := h.Room.Behind(t, path)
			began := time.Now()
			writer := far.Enter(t, h.bert).Join(t, h.topic, 0)
			reader := far.Enter(t, h.olga).Join(t, h.topic, 0)
			const posts = 50
			for i := range posts {
				writer.Say(t, servertest.Post(filled(2000, fmt.Sprintf("Nachricht %d, ", i)), fmt.Sprint("post-", i)))
			}
			start := room.Head{Hash: room.ChainStart(h.topic)}
			at := start
			for i := range posts {
				m := reader.Hear(t)
				at = m.Follows(t, at)
				if want := filled(2000, fmt.Sprintf("Nachricht %d, ", i)); m.Payload != want {
					t.Fatalf("message %d is %.40q, want %.40q", i+1, m.Payload, want)
				}
			}
			at = start
			for acked := 0; acked < posts || at.Seq < posts; {
				f := writer.Hear(t)
				if f.Type() == "MESSAGE" {
					at = f.Follows(t, at)
					continue
				}
				if err := f.Is(fmt.Sprintf("ACK post-%d %d", acked, acked+1)); err != nil {
					t.Fatal(err)
				}
				acked++
			}
			t.Logf("%d posts of 2,000 octets were written and read within %v", posts, time.Since(began).Round(time.Millisecond))
		})
	}
}
