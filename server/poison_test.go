package server_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestPoisonedPosts sends a thousand posts at once on channels of several
// users, most of them refused, for every reason that a post may be refused for:
// each has its own answer, the good ones of a channel are in the log in the
// order in which they were sent, and the log goes on.
func TestPoisonedPosts(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	closedTopic := h.anna.Topic(t, h.deal, "Closed", 2)
	h.anna.Must(t, "PATCH", "/api/topics/"+closedTopic, map[string]any{"open": false}, nil, 200)
	setup := h.Enter(t, h.bert).Join(t, h.topic, 0)
	for i, fields := range []string{"text", "text", "redact 2", "report", "edit 1"} {
		setup.Say(t, servertest.Post(`"Alt."`, append([]string{fmt.Sprint("old-", i+1)}, strings.Fields(fields)...)...))
		setup.Answer(t, fmt.Sprintf("ACK old-%d %d", i+1, i+1))
	}
	setup = h.Enter(t, h.anna).Join(t, h.topic, 0)
	setup.Say(t, servertest.Post("Von anna.", "old-6"))
	setup.Answer(t, "ACK old-6 6")

	type poison struct{ body, fields, answer string }
	ofMembers := []poison{
		{"Gut.", "text", "ACK"}, {`{"gut": true}`, "report", "ACK"}, {"Gut.", "text 1", "ACK"}, {"Gut.", "-", "ACK"},
		{"", "text", "422"}, {"\xff", "text", "422"}, {"{", "report", "422"}, {"", "redact", "422"}, {"x", "redact 3", "422"},
		{"x", "edit", "422"}, {"x", "edit 3", "422"}, {"x", "edit 5", "422"}, {"x", "edit 1000000", "422"}, {"x", "text 1000000", "422"}, {"x", "text -3", "422"},
		{"x", "poem", "422"}, {"x", "file", "422"}, {"x", "system", "403"},
		{strings.Repeat("x", room.MaxText+1), "text", "413"}, {strings.Repeat("x", room.MaxReason+1), "redact 1", "413"},
	}
	bert := append(ofMembers[:len(ofMembers):len(ofMembers)], []poison{
		{`"Neu."`, "edit 1", "ACK"}, {`"Neu."`, "edit 4", "ACK"}, {"x", "edit 4", "422"}, {"x", "edit 2", "410"},
		{"x", "edit 6", "403"}, {"x", "redact 6", "403"}, {strings.Repeat("x", room.MaxText+1), "edit 1", "413"},
	}...)
	anna := append(ofMembers[:len(ofMembers):len(ofMembers)], []poison{
		{"x", "edit 1", "403"}, {"x", "edit 6", "ACK"}, {"Noch einmal.", "redact 2", "ACK"},
	}...)
	olga := []poison{{"x", "text", "403"}, {"1", "report", "403"}, {"x", "edit 1", "403"}, {"", "redact 1", "403"}, {"{", "report", "422"}}
	closed := []poison{{"x", "text", "403"}, {"1", "report", "403"}}

	good := make([]map[string]poison, 0) // by id, of each channel
	var mu sync.Mutex
	acked := make(map[string]int64) // by id
	var running sync.WaitGroup
	for n, channel := range []struct {
		as    *servertest.API
		topic string
		posts []poison
	}{
		{h.bert, h.topic, bert}, {h.anna, h.topic, anna}, {h.olga, h.topic, olga}, {h.bert, closedTopic, closed},
		{h.bert, h.topic, bert}, {h.anna, h.topic, anna}, {h.bert, h.topic, bert}, {h.anna, closedTopic, closed},
	} {
		c := h.Enter(t, channel.as).Join(t, channel.topic, -1)
		var octets strings.Builder
		want := make(map[string]string)
		posts := make(map[string]poison)
		for i := range 125 {
			p, id := channel.posts[i%len(channel.posts)], fmt.Sprintf("%d-%d", n, i)
			octets.WriteString(servertest.Post(p.body, append([]string{id}, strings.Fields(p.fields)...)...))
			want[id] = p.answer
			if p.answer == "ACK" {
				posts[id] = p
			}
		}
		good = append(good, posts)
		running.Go(func() {
			c.SetWriteDeadline(time.Now().Add(servertest.Patience))
			if _, err := io.WriteString(c.Channel, octets.String()); err != nil {
				t.Errorf("posting: %v", err)
			}
		})
		running.Go(func() {
			for len(want) > 0 {
				f, err := c.Next()
				if err != nil {
					t.Errorf("channel %d: %v, with %d answers missing", n, err, len(want))
					return
				}
				fields := f.Fields()
				var id, got string
				switch f.Type() {
				case "ACK":
					id, got = fields[0], "ACK"
					mu.Lock()
					acked[id] = parseSeq(t, fields[1])
					mu.Unlock()
				case "ERR":
					id, got = fields[1], fields[0]
				default:
					continue
				}
				if want[id] != got {
					t.Errorf("post %s was answered with %q, want %q", id, f, want[id])
				}
				delete(want, id)
			}
		})
	}
	running.Wait()
	if t.Failed() {
		t.FailNow()
	}

	talks(t, h.Enter(t, h.bert).Join(t, h.topic, -1))
	log := readLog(t, h.Room, h.anna, h.topic)
	count := 0
	for n, posts := range good {
		before := int64(0)
		for i := range 125 {
			id := fmt.Sprintf("%d-%d", n, i)
			p, ok := posts[id]
			if !ok {
				continue
			}
			count++
			seq := acked[id]
			if seq <= before || seq > int64(len(log)) || log[seq-1].Payload != p.body {
				t.Errorf("post %s is %d, after %d, and there is %.80q", id, seq, before, log[max(seq, 1)-1])
			}
			before = seq
		}
	}
	if want := 6 + count + 1; len(log) != want {
		t.Errorf("the log has %d messages, want %d", len(log), want)
	}
	if log := readLog(t, h.Room, h.anna, closedTopic); len(log) != 0 {
		t.Errorf("the closed topic has %d messages", len(log))
	}
}
