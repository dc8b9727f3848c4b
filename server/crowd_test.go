package server_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"redroom/server/client"
	limits "redroom/server/load"
	"redroom/server/room"
	"redroom/server/servertest"
)

// TestACrowdReadsALongPastWhileWritersPost has a hundred readers begin at 0 of
// a long history at once, while ten writers post, who go on until the last
// reader has come to what they post. Each client checks each message's seq and
// the chain over all of its octets; one of them compares the texts.
func TestACrowdReadsALongPastWhileWritersPost(t *testing.T) {
	leavesNoGoroutine(t)
	const writers = 10
	readers, length := 100, 20_000
	switch {
	case *long:
		length = 100_000
	case fullSize():
		length = 50_000
	case testing.Short():
		readers, length = 20, 5_000
	}
	var names []string
	for i := range writers {
		names = append(names, fmt.Sprintf("writer%d", i))
	}
	p := newPast(t, length, names...)
	c := servertest.Config(t)
	c.Data = p.data
	c.Limits = limits.Defaults().WithPosts(0) // the crowd is one user
	r, _ := servertest.StartWith(t, c)

	anna := r.SignIn(t, "anna")
	lead := newProgress() // compares the texts at the end
	crowd := make([]*place, readers)
	clients := make([]*client.Session, readers)
	for i := range crowd {
		crowd[i] = newPlace()
		clients[i] = r.Connect(t, anna)
	}

	posted := &bodies{bySeq: make(map[int64]string)}
	chance := servertest.Rand(t)
	enough := make(chan struct{})
	var writing sync.WaitGroup
	stop := sync.OnceFunc(func() { close(enough); writing.Wait() })
	defer stop()
	for w, name := range names {
		topic := join(t, r.Connect(t, r.SignIn(t, name)), p.topic, -1, nil)
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = words(chance, i)
		}
		writing.Go(func() {
			pause := time.NewTicker(50 * time.Millisecond)
			defer pause.Stop()
			for i := 0; ; i++ {
				posted.post(t, topic, fmt.Sprintf("now-%d-%d", w, i), fmt.Sprintf("%d %s", i, texts[i%len(texts)]))
				select {
				case <-pause.C:
				case <-enough:
					return
				}
			}
		})
	}

	began := time.Now()
	topics := make([]*client.Channel, readers)
	for i, c := range clients {
		each := crowd[i].saw
		if i == 0 {
			each = func(m room.Message) { crowd[0].saw(m); lead.saw(m) }
		}
		topics[i] = join(t, c, p.topic, 0, each)
	}
	for i, reader := range crowd {
		reader.reach(t, topics[i].Head+1, topics[i])
	}
	caughtUp := time.Since(began)
	stop()
	if t.Failed() {
		return
	}

	total := p.length + int64(len(posted.bySeq))
	head, err := topics[0].HeadAt(t.Context(), total)
	if err != nil {
		t.Fatal(err)
	}
	for i, reader := range crowd {
		reader.reach(t, total, topics[i])
		if at := topics[i].At(); at != head {
			t.Errorf("reader %d computed %v, HEAD says %v", i, at, head)
		}
	}
	for i, m := range lead.all() {
		want := pastText(m.Seq)
		if m.Seq > p.length {
			want = posted.at(m.Seq)
		}
		if m.Seq != int64(i)+1 || string(m.Body) != want {
			t.Fatalf("message %d says %d: %.60q, want %.60q", i+1, m.Seq, m.Body, want)
		}
	}
	t.Logf("%d readers had read %d messages each after %v, while %d were posted", readers, length, caughtUp.Round(time.Millisecond), len(posted.bySeq))
}

// place is how far a reader has come; unlike progress it keeps nothing that it
// saw.
type place struct {
	mu      sync.Mutex
	last    int64
	goal    int64
	arrived chan struct{} // closed at the goal
}

func newPlace() *place { return &place{} }

func (p *place) saw(m room.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = m.Seq
	if p.arrived != nil && p.last >= p.goal {
		close(p.arrived)
		p.arrived = nil
	}
}

func (p *place) at() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// reach returns when a message of at least seq was seen, however long the way
// is, as long as the reader goes on. One at a time may wait.
func (p *place) reach(t *testing.T, seq int64, topic *client.Channel) {
	t.Helper()
	p.mu.Lock()
	if p.last >= seq {
		p.mu.Unlock()
		return
	}
	arrived := make(chan struct{})
	p.goal, p.arrived = seq, arrived
	p.mu.Unlock()
	for {
		before := p.at()
		select {
		case <-arrived:
			return
		case <-topic.Done():
			if p.at() < seq {
				t.Fatalf("a reader ended at %d, want %d: %v", p.at(), seq, topic.Err())
			}
			return
		case <-time.After(servertest.Patience):
			if p.at() == before {
				t.Fatalf("a reader stays at %d, want %d", before, seq)
			}
		}
	}
}
