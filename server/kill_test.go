package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// TestSIGKILLLosesNothingAcknowledged kills the real server many times in a row
// on one store, each time while writers post, edit and redact in twelve topics
// as fast as they can. What was acknowledged is there once, at its seq; what
// was not is sent again with the same id and is there once too; what was
// redacted stays gone, from the files as well; readers that had seen messages
// find their places again, with the chain's proof.
func TestSIGKILLLosesNothingAcknowledged(t *testing.T) {
	kills := 8
	switch {
	case *long:
		kills = 50
	case testing.Short():
		kills = 2
	}
	chance := servertest.Rand(t)
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	deal := anna.Deal(t, "Kill", "all")
	topics := make([]string, 12)
	for i := range topics {
		topics[i] = anna.Topic(t, deal, fmt.Sprintf("Under load %d", i), i)
	}
	bert := p.Join(t, anna, "bert", "member", deal)
	writers := []*servertest.API{anna, bert}

	log, readers := newLedger(topics...), newRejoiners(topics)
	readers.stay(t, p, anna)
	for kill := range kills {
		var running sync.WaitGroup
		load, killed := context.WithCancel(t.Context())
		for w, as := range writers {
			c := p.Connect(t, as)
			for i, topic := range topics {
				channel := join(t, c, topic, -1, nil)
				prefix, seed := fmt.Sprintf("kill%d-%d-%d", kill, w, i), chance.Uint64()
				running.Go(func() { log.postUntilItFails(load, t, channel, as.Name, prefix, seed) })
			}
		}
		log.waitForAnswers(t, 100+chance.IntN(500))
		p.Kill()
		killed()
		running.Wait()
		readers.leave()

		log.expectGone(t, "after the kill", p.Data)
		p = p.Again(t)
		log.expectGone(t, "after the start", p.Data)
		log.resend(t, p.Room, writers...)
		log.expectGone(t, "after what was sent again", p.Data)
		logs := readLogs(t, p.Room, anna, topics)
		expectRedacted(t, p.Room, bert, log, logs)
		readers.stay(t, p, anna)
		if t.Failed() {
			t.Fatalf("this was kill %d", kill+1)
		}
	}

	logs := readLogs(t, p.Room, anna, topics)
	log.verify(t, logs)
	readers.verify(t, logs)
	redactions := len(log.gone())
	if status := p.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}
	log.expectGone(t, "after a clean stop", p.Data)
	t.Logf("%d kills, %d posts, %d of them without words now, %d edits were refused", kills, len(log.sent), redactions, len(log.refused))
}

// TestSIGKILLLeavesNoSignInOfAConnection shows that a sign-in which ends with its
// connection doesn't outlive it, and that a browser's does.
func TestSIGKILLLeavesNoSignInOfAConnection(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	s := p.Open(t)
	s.SignInAs(t, anna.Name, strings.ReplaceAll(url.QueryEscape(servertest.Password), "+", "%20"))
	defer s.Close(0, "")
	signIns := func(want int) {
		t.Helper()
		var all struct{ Sessions []struct{ Device string } }
		anna.Must(t, "GET", "/api/sessions", nil, &all, 200)
		if len(all.Sessions) != want {
			t.Errorf("the sign-ins are %+v, want %d", all.Sessions, want)
		}
	}
	signIns(2)
	p.Kill()
	p = p.Again(t)
	signIns(1)
	if status := p.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}
}

// expectRedacted shows that nobody can have the words that were redacted, nor
// edit such a message.
func expectRedacted(t *testing.T, r *servertest.Room, as *servertest.API, l *ledger, logs map[string][]servertest.Frame) {
	t.Helper()
	expectNoRedactedWords(t, r, as, l, logs)
	s := r.Enter(t, as)
	defer s.Close(0, "")
	for topic := range logs {
		for seq, original := range l.redacted(topic) {
			if original.author == as.Name {
				c := s.Join(t, topic, -1)
				c.Say(t, servertest.Post(`"Doch."`, "late", "edit", fmt.Sprint(seq)))
				c.Answer(t, "ERR 410 late")
				c.CloseWrite()
				break
			}
		}
	}
}

// expectNoRedactedWords looks at what came over the wire, and at HTTP.
func expectNoRedactedWords(t *testing.T, r *servertest.Room, as *servertest.API, l *ledger, logs map[string][]servertest.Frame) {
	t.Helper()
	gone := l.gone()
	shown := func(how, topic, text string) {
		t.Helper()
		for _, mark := range markPattern.FindAllString(text, -1) {
			if gone[mark] {
				t.Fatalf("%s still shows redacted words of topic %s: %s", how, topic, mark)
			}
		}
	}
	for topic, log := range logs {
		for _, m := range log {
			shown("the wire", topic, m.Payload)
		}
		for after := 0; after < len(log); {
			var page struct{ Messages []struct{ Seq int } }
			status, answer := as.Do(t, "GET", fmt.Sprintf("/api/topics/%s/messages?after=%d&limit=1000", topic, after), nil)
			if err := json.Unmarshal(answer, &page); err != nil || status != 200 || len(page.Messages) == 0 {
				t.Fatalf("GET of messages of topic %s after %d: %d, %v", topic, after, status, err)
			}
			shown("HTTP", topic, string(answer))
			after = page.Messages[len(page.Messages)-1].Seq
		}
	}
}

// rejoiners are readers of topics that keep their cursors from one server to
// the next.
type rejoiners struct {
	client *client.Session
	each   map[string]*rejoiner
}

type rejoiner struct {
	channel *client.Channel
	at      room.Head
	epoch   string
	seen    *progress
	digests []room.Hash // of all messages that were seen, by seq-1
}

func newRejoiners(topics []string) *rejoiners {
	r := &rejoiners{each: make(map[string]*rejoiner)}
	for _, topic := range topics {
		r.each[topic] = &rejoiner{}
	}
	return r
}

// stay joins behind what was seen, and proves it.
func (r *rejoiners) stay(t *testing.T, p *servertest.Process, as *servertest.API) {
	t.Helper()
	r.client = p.Connect(t, as)
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	for topic, one := range r.each {
		var proof *client.Proof
		if one.at.Seq > 0 {
			proof = &client.Proof{Epoch: one.epoch, Hash: one.at.Hash}
		}
		one.seen = newProgress()
		var err error
		if one.channel, err = r.client.Join(ctx, topic, one.at.Seq, proof, one.seen.saw); err != nil {
			t.Fatalf("a reader that had seen up to %d is not taken back: %v", one.at.Seq, err)
		}
		one.epoch = one.channel.Epoch
	}
}

func (r *rejoiners) leave() {
	r.client.Close()
	for _, one := range r.each {
		<-one.channel.Done()
		one.left()
	}
}

func (r *rejoiner) left() {
	r.at = r.channel.At()
	for _, m := range r.seen.all() {
		r.digests = append(r.digests, m.Digest)
	}
}

// verify reads on to the ends of the logs: what was seen is what is there, with
// its words or without.
func (r *rejoiners) verify(t *testing.T, logs map[string][]servertest.Frame) {
	t.Helper()
	for topic, one := range r.each {
		log := logs[topic]
		if head := int64(len(log)); one.at.Seq < head {
			one.seen.wait(t, head, one.channel.Done())
		}
		head, err := one.channel.HeadAt(t.Context(), int64(len(log)))
		if err != nil {
			t.Fatal(err)
		}
		if one.channel.At() != head {
			t.Errorf("the reader computed %v, HEAD says %v", one.channel.At(), head)
		}
	}
	r.leave()
	for topic, one := range r.each {
		if len(one.digests) != len(logs[topic]) {
			t.Errorf("the reader of topic %s was given %d messages of %d", topic, len(one.digests), len(logs[topic]))
			continue
		}
		for i, m := range logs[topic] {
			if digest, err := m.Digest(); err != nil || digest != one.digests[i].String() {
				t.Errorf("message %d of topic %s had digest %v, and now %s, %v", i+1, topic, one.digests[i], digest, err)
			}
		}
	}
}

// readLog is readLogs for one topic.
func readLog(t *testing.T, r *servertest.Room, as *servertest.API, topic string) []servertest.Frame {
	t.Helper()
	return readLogs(t, r, as, []string{topic})[topic]
}

// readLogs reads whole topics octet by octet, up to their heads, and checks
// that their seqs have no gap and that the chains, computed from the octets,
// are HEAD's.
func readLogs(t *testing.T, r *servertest.Room, as *servertest.API, topics []string) map[string][]servertest.Frame {
	t.Helper()
	s := r.Enter(t, as)
	defer s.Close(0, "")
	logs := make(map[string][]servertest.Frame)
	for _, topic := range topics {
		c := s.Channel(t)
		c.Say(t, "JOIN 0 "+topic+" 0\n")
		logs[topic] = readChannel(t, c, topic)
		c.CloseWrite()
	}
	return logs
}

// readChannel reads what follows JOIN 0 topic 0, by whoever may read all.
func readChannel(t *testing.T, c *servertest.Channel, topic string) []servertest.Frame {
	t.Helper()
	var (
		epoch    string
		from, to int64
		start    string
	)
	ack := c.Hear(t)
	if _, err := fmt.Sscanf(ack.Header, "ACK 0 "+topic+" %d %s %d %s", &to, &epoch, &from, &start); err != nil || from != 1 {
		t.Fatalf("JOIN was answered with %q: %v", ack, err)
	}
	hash, ok := room.ParseHash(start)
	if !ok {
		t.Fatalf("JOIN was answered with %q: that is no hash", ack)
	}
	at := room.Head{Hash: hash}
	log := make([]servertest.Frame, to)
	for i := range log {
		log[i] = c.Hear(t)
		at = log[i].Follows(t, at)
	}
	c.Say(t, fmt.Sprintf("HEAD 0 %d\n", at.Seq))
	c.Answer(t, strings.TrimSpace(fmt.Sprintf("HEAD %d %s", at.Seq, at.Hash)))
	return log
}
