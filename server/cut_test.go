package server_test

import (
	"fmt"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestARedactionLeavesFramesWhole has a reader stall within a frame, with
// answers to come, while messages are redacted: which takes back what was not
// handed to the transport yet. What was begun comes to its end before anything
// else does.
func TestARedactionLeavesFramesWhole(t *testing.T) {
	leavesNoGoroutine(t)
	const small, large = 20, 40
	h := newHouse(t)
	anna := h.Enter(t, h.anna).Join(t, h.topic, -1)
	post := func(body string, fields ...string) {
		t.Helper()
		id := fmt.Sprintf("cut-%d", clientIDs.Add(1))
		anna.Say(t, servertest.Post(body, append([]string{id}, fields...)...))
		anna.Answer(t, "ACK "+id+" *")
	}
	for range small {
		post("A word.")
	}
	for range large { // more than a reader's own side takes unread
		post(strings.Repeat("x", room.MaxText))
	}

	reader := h.Enter(t, h.bert).Join(t, h.topic, 0)
	for i := range small {
		reader.Say(t, fmt.Sprintf("PING 0 %d\n", i))
		post("A reason.", "redact", fmt.Sprint(i+1))
	}
	messages, pongs := 0, 0
	for messages < 2*small+large || pongs < small {
		f := reader.Hear(t)
		switch {
		case f.Is(fmt.Sprintf("PONG %d", pongs)) == nil:
			pongs++
		case f.Type() == "MESSAGE" && f.Fields()[0] == fmt.Sprint(messages+1):
			messages++
		default:
			t.Fatalf("after message %d and PONG %d came %.80q", messages, pongs-1, f)
		}
	}
}
