package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// TestSIGKILLLosesNothingAcknowledged kills the real server ten times in a row
// on one store, each time while eight writers post as fast as they can. What
// was acknowledged is there once, at its seq; what was not is sent again with
// the same id and is there once too; a reader that had seen messages finds its
// place again, with the chain's proof.
func TestSIGKILLLosesNothingAcknowledged(t *testing.T) {
	kills := 10
	if testing.Short() {
		kills = 3
	}
	chance := servertest.Rand(t)
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	deal := anna.Deal(t, "Kill", "all")
	topic := anna.Topic(t, deal, "Under load", 1)
	bert := p.Join(t, anna, "bert", "member", deal)

	log := &ledger{sent: make(map[post]string), acked: make(map[post]int64)}
	reader := &rejoiner{topic: topic}
	for kill := range kills {
		if kill > 0 {
			p = p.Again(t)
			reader.stay(t, p, anna)
		}
		log.resend(t, p, topic, anna, bert)
		var running sync.WaitGroup
		load, killed := context.WithCancel(t.Context())
		for w := range 4 {
			as := []*servertest.API{anna, bert}[w%2]
			channel := join(t, p.Connect(t, as), topic, -1, nil)
			for g := range 2 {
				prefix := fmt.Sprintf("kill%d-%d-%d", kill, w, g)
				seed := chance.Uint64()
				running.Go(func() { log.postUntilItFails(load, t, channel, as.Name, prefix, seed) })
			}
		}
		if kill == 0 {
			reader.stay(t, p, anna)
		}
		log.waitForACKs(t, 100+chance.IntN(900))
		p.Kill()
		killed()
		running.Wait()
		reader.leave()
	}

	p = p.Again(t)
	lost := len(log.unacknowledged())
	log.resend(t, p, topic, anna, bert)
	log.verify(t, readLog(t, p.Room, anna, topic))
	reader.stay(t, p, anna)
	reader.reach(t, int64(len(log.sent)))
	t.Logf("%d kills, %d posts, %d of the last round's were sent again", kills, len(log.sent), lost)
}

// post is who posted under which client id.
type post struct{ author, id string }

// ledger is what was posted, and what was acknowledged.
type ledger struct {
	mu    sync.Mutex
	sent  map[post]string // body
	acked map[post]int64  // seq
	more  chan struct{}   // closed with the ACK that somebody waits for
	count int             // ACKs that are still waited for
}

func (l *ledger) postUntilItFails(ctx context.Context, t *testing.T, topic *client.Topic, author, prefix string, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 0))
	for i := 0; ; i++ {
		p := post{author, fmt.Sprintf("%s-%d", prefix, i)}
		body := author + " " + p.id + " " + words(chance, i)
		l.mu.Lock()
		l.sent[p] = body
		l.mu.Unlock()
		seq, err := topic.Post(ctx, p.id, body, 0)
		if err != nil {
			return
		}
		l.ack(t, p, seq)
	}
}

func (l *ledger) ack(t *testing.T, p post, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, ok := l.acked[p]; ok && before != seq {
		t.Errorf("%v was acknowledged as %d, then as %d", p, before, seq)
	}
	l.acked[p] = seq
	if l.count--; l.count == 0 {
		close(l.more)
	}
}

// waitForACKs returns when n more posts were acknowledged.
func (l *ledger) waitForACKs(t *testing.T, n int) {
	t.Helper()
	more := make(chan struct{})
	l.mu.Lock()
	l.count, l.more = n, more
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	select {
	case <-more:
	case <-ctx.Done():
		t.Fatalf("%d posts were not acknowledged in time", n)
	}
}

func (l *ledger) unacknowledged() []post {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ps []post
	for p := range l.sent {
		if _, ok := l.acked[p]; !ok {
			ps = append(ps, p)
		}
	}
	return ps
}

// resend posts again what was not acknowledged.
func (l *ledger) resend(t *testing.T, p *servertest.Process, topic string, as ...*servertest.API) {
	t.Helper()
	channels := make(map[string]*client.Topic)
	for _, a := range as {
		c := p.Connect(t, a)
		defer c.Close()
		channels[a.Name] = join(t, c, topic, -1, nil)
	}
	for _, again := range l.unacknowledged() {
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		seq, err := channels[again.author].Post(ctx, again.id, l.sent[again], 0)
		cancel()
		if err != nil {
			t.Fatalf("sending %v again: %v", again, err)
		}
		l.ack(t, again, seq)
	}
}

// verify compares the log with what was acknowledged, which is all.
func (l *ledger) verify(t *testing.T, log []servertest.Frame) {
	t.Helper()
	for p, seq := range l.acked {
		if seq < 1 || seq > int64(len(log)) {
			t.Errorf("%v was acknowledged as %d; the log ends at %d", p, seq, len(log))
		} else if m := log[seq-1]; m.Payload != l.sent[p] || m.Fields()[1] != p.author {
			t.Errorf("%v was acknowledged as %d, but there is %.80q", p, seq, m)
		}
	}
	// Each seq is one message, and each post has a seq: no post is there twice
	// if there are no more messages than posts.
	if len(log) != len(l.sent) {
		t.Errorf("the log has %d messages for %d posts", len(log), len(l.sent))
	}
}

// rejoiner is a reader that keeps its cursor from one server to the next.
type rejoiner struct {
	topic   string
	epoch   string
	client  *client.Client
	channel *client.Topic
	seen    *progress
	at      room.Head
}

// stay joins behind what was seen, and proves it.
func (r *rejoiner) stay(t *testing.T, p *servertest.Process, as *servertest.API) {
	t.Helper()
	var proof *client.Proof
	if r.at.Seq > 0 {
		proof = &client.Proof{Epoch: r.epoch, Hash: r.at.Hash}
	}
	r.client, r.seen = p.Connect(t, as), newProgress()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	var err error
	r.channel, err = r.client.Join(ctx, r.topic, r.at.Seq, proof, r.seen.saw)
	if err != nil {
		t.Fatalf("a reader that had seen up to %d is not taken back: %v", r.at.Seq, err)
	}
	r.epoch = r.channel.Epoch
}

func (r *rejoiner) leave() {
	r.client.Close()
	<-r.channel.Done()
	r.at = r.channel.At()
}

func (r *rejoiner) reach(t *testing.T, seq int64) {
	t.Helper()
	if r.at.Seq < seq {
		r.seen.wait(t, seq, r.channel.Done())
	}
	head, err := r.channel.HeadAt(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	if r.channel.At() != head {
		t.Errorf("the reader computed %v, HEAD says %v", r.channel.At(), head)
	}
}

// readLog reads a whole topic octet by octet, up to its head, and checks that
// its seqs have no gap and that the chain, computed from the octets, is HEAD's.
func readLog(t *testing.T, r *servertest.Room, as *servertest.API, topic string) []servertest.Frame {
	t.Helper()
	s := r.Enter(t, as)
	defer s.Close(0, "")
	c := s.Channel(t)
	c.Say(t, "JOIN 0 "+topic+" 0\n")
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
	c.Say(t, "HEAD 0\n")
	c.Expect(t, fmt.Sprintf("HEAD %d %s", at.Seq, at.Hash))
	return log
}
