package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// TestReadersSeeEveryMessageOnceInOrderAcrossTheSeam has fifty readers join,
// over QUIC, at fifty moments while ten writers post: from the beginning,
// behind some seq, and with the last few. The history that was there before is
// longer than a page, and than what the hub keeps.
func TestReadersSeeEveryMessageOnceInOrderAcrossTheSeam(t *testing.T) {
	const writers, readers = 10, 50
	before, each := 700, 150
	if testing.Short() {
		before, each = 200, 40
	}
	total := int64(before + writers*each)

	chance := servertest.Rand(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "Seam", "all")
	topic := anna.Topic(t, deal, "Live", 1)

	posted := &bodies{bySeq: make(map[int64]string)}
	sessions := make([]*client.Channel, writers)
	for i := range sessions {
		user := r.Join(t, anna, fmt.Sprintf("writer%d", i), "member", deal)
		sessions[i] = join(t, r.Connect(t, user), topic, 0, nil)
	}
	for i := range before {
		posted.post(t, sessions[0], fmt.Sprintf("old-%d", i), words(chance, i))
	}

	// The lead tells how far the log has come, which is what the others'
	// moments are made of.
	lead := newProgress()
	leader := join(t, r.Connect(t, anna), topic, 0, lead.saw)
	var running sync.WaitGroup
	checks := make([]*reading, readers)
	for i := range checks {
		moment := int64(before) + chance.Int64N(total-int64(before))
		after := int64(0)
		switch i % 3 {
		case 1:
			after = chance.Int64N(moment + 1)
		case 2:
			after = -1 - chance.Int64N(min(moment, room.MaxBack))
		}
		c := r.Connect(t, anna)
		check := &reading{progress: newProgress()}
		checks[i] = check
		running.Go(func() {
			lead.wait(t, moment, leader.Done())
			check.join(t, c, topic, after)
		})
	}
	for w := range sessions {
		texts := make([]string, each)
		for i := range texts {
			texts[i] = words(chance, w*each+i)
		}
		running.Go(func() {
			for i, text := range texts {
				posted.post(t, sessions[w], fmt.Sprintf("new-%d-%d", w, i), text)
			}
		})
	}
	running.Wait()
	if t.Failed() {
		return
	}

	lead.wait(t, total, leader.Done())
	head, err := leader.HeadAt(t.Context(), total)
	if err != nil {
		t.Fatal(err)
	}
	if leader.At() != head {
		t.Errorf("the lead computed %v, HEAD says %v", leader.At(), head)
	}
	if log := readLog(t, r, anna, topic); int64(len(log)) != total {
		t.Errorf("the log has %d messages, want %d", len(log), total)
	}
	seams := 0
	for i, check := range checks {
		check.progress.wait(t, total, check.topic.Done())
		check.verify(t, i, posted, head)
		if check.topic.Head < total && check.start < check.topic.Head {
			seams++
		}
	}
	if seams < readers/2 {
		t.Errorf("only %d of %d readers saw both history and what came live", seams, readers)
	}
	t.Logf("%d messages, %d readers, %d of them across a seam", total, readers, seams)
}

// reading is what one reader was given, and what it should have been.
type reading struct {
	progress *progress
	topic    *client.Channel
	start    int64 // the seq before its first message
}

func (rd *reading) join(t *testing.T, c *client.Session, topic string, after int64) {
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	joined, err := c.Join(ctx, topic, after, nil, rd.progress.saw)
	if err != nil {
		t.Error(err)
		return
	}
	rd.topic, rd.start = joined, after
	if after < 0 {
		rd.start = max(joined.Head+after, 0)
	}
}

// verify compares what came with what the writers posted.
func (rd *reading) verify(t *testing.T, i int, posted *bodies, head room.Head) {
	seen := rd.progress.all()
	if want := head.Seq - rd.start; int64(len(seen)) != want {
		t.Errorf("reader %d: %d messages after %d, want %d", i, len(seen), rd.start, want)
		return
	}
	for n, m := range seen {
		if want := rd.start + int64(n) + 1; m.Seq != want {
			t.Errorf("reader %d: message %d has seq %d, want %d", i, n, m.Seq, want)
			return
		}
		if want := posted.at(m.Seq); string(m.Body) != want {
			t.Errorf("reader %d: message %d says %.40q, want %.40q", i, m.Seq, m.Body, want)
			return
		}
	}
	if rd.topic.At() != head {
		t.Errorf("reader %d: the chain is %v, HEAD says %v", i, rd.topic.At(), head)
	}
}

// progress is what a cursor was given so far.
type progress struct {
	mu   sync.Mutex
	more chan struct{} // closed with each message
	seen []room.Message
}

func newProgress() *progress { return &progress{more: make(chan struct{})} }

func (p *progress) saw(m room.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, m)
	close(p.more)
	p.more = make(chan struct{})
}

func (p *progress) all() []room.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// last is the newest seq that was seen.
func (p *progress) last() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) == 0 {
		return 0
	}
	return p.seen[len(p.seen)-1].Seq
}

// wait returns when a message of at least seq was seen; over is closed when no
// more come.
func (p *progress) wait(t *testing.T, seq int64, over <-chan struct{}) {
	t.Helper()
	timeout := time.After(servertest.Patience)
	for {
		p.mu.Lock()
		more := p.more
		p.mu.Unlock()
		last := p.last()
		if last >= seq {
			return
		}
		select {
		case <-more:
		case <-over:
			if p.last() < seq {
				t.Errorf("a reader was cut off at %d, want %d", p.last(), seq)
			}
			return
		case <-timeout:
			t.Errorf("a reader got no further than %d, want %d", last, seq)
			return
		}
	}
}

// bodies are the posts that were acknowledged.
type bodies struct {
	mu    sync.Mutex
	bySeq map[int64]string
}

func (b *bodies) post(t *testing.T, topic *client.Channel, id, text string) {
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	seq, err := topic.Post(ctx, id, text, 0)
	if err != nil {
		t.Error(err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, twice := b.bySeq[seq]; twice {
		t.Errorf("two posts were acknowledged as %d", seq)
	}
	b.bySeq[seq] = text
}

func (b *bodies) at(seq int64) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bySeq[seq]
}

// join joins a topic, or ends the test.
func join(t *testing.T, c *client.Session, topic string, after int64, each func(room.Message)) *client.Channel {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	joined, err := c.Join(ctx, topic, after, nil, each)
	if err != nil {
		t.Fatal(err)
	}
	return joined
}

// words are a text that is told apart by n, short mostly, and at times nearly
// as long as a text may be.
func words(chance *rand.Rand, n int) string {
	text := fmt.Sprintf("Nr. %d: Grüße, 你好, 👋 ", n)
	switch chance.IntN(50) {
	case 0:
		return text + strings.Repeat("x", room.MaxText-100-len(text))
	case 1, 2, 3:
		return text + strings.Repeat("y", chance.IntN(8<<10))
	}
	return text + strings.Repeat("z", chance.IntN(200))
}
