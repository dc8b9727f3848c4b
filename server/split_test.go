package server_test

import (
	"fmt"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// TestUTF8SplitOverChunksArrivesWhole cuts a post at each of its octets.
func TestUTF8SplitOverChunksArrivesWhole(t *testing.T) {
	leavesNoGoroutine(t)
	sp := newSplit(t)
	const text = "Grüße, läuft’s? 😀 Ünï"
	for at := 1; at < len(servertest.Post(text, "split-00")); at++ {
		id := fmt.Sprintf("split-%02d", at)
		frame := servertest.Post(text, id)
		sp.say(t, frame[:at])
		sp.sayLast(t, frame[at:], id, "text", text)
	}
}

// TestAReportSplitAtEveryOctetArrivesWhole cuts a report in two at each octet of its
// header and its payload, and once everywhere: an octet a packet.
func TestAReportSplitAtEveryOctetArrivesWhole(t *testing.T) {
	leavesNoGoroutine(t)
	sp := newSplit(t)
	const report = `{"source":"https://example.com/€","reading":{"mw":[12.5,-3e2],"ok":true}}`
	post := func(id string) string { return fmt.Sprintf("POST %d %s report\n%s", len(report), id, report) }
	for at := 1; at < len(post("report-000")); at++ {
		id := fmt.Sprintf("report-%03d", at)
		frame := post(id)
		sp.say(t, frame[:at])
		sp.sayLast(t, frame[at:], id, "report", report)
	}
	frame := post("report-all")
	last := len(frame) - 1
	for at := range last {
		sp.say(t, frame[at:at+1])
	}
	sp.sayLast(t, frame[last:], "report-all", "report", report)
}

// split is a topic's channel on which posts are said in parts.
type split struct {
	s *servertest.Session
	c *servertest.Channel
}

func newSplit(t *testing.T) *split {
	t.Helper()
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	return &split{s, s.Join(t, h.topic, 0)}
}

// say says a part, which the server has by itself when this returns: it has answered
// elsewhere.
func (sp *split) say(t *testing.T, part string) {
	t.Helper()
	sp.c.Say(t, part)
	sp.s.Control.Say(t, "PING 0\n")
	sp.s.Control.Expect(t, "PONG")
}

// sayLast says the last part of a post, which is acknowledged and comes whole.
func (sp *split) sayLast(t *testing.T, part, id, kind, body string) {
	t.Helper()
	sp.c.Say(t, part)
	for acked, came := false, false; !acked || !came; {
		switch f := sp.c.Hear(t); {
		case f.Is("ACK "+id+" *") == nil:
			acked = true
		case f.Is("MESSAGE * bert * "+kind+" - *") == nil && f.Payload == body && strings.HasPrefix(f.Header, fmt.Sprintf("MESSAGE %d ", len(body))):
			came = true
		default:
			t.Fatalf("%s: heard %q", id, f)
		}
	}
}
