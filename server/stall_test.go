package server_test

import (
	"sync"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

const (
	// slower is by how much others may fare worse because of who stalls. On top
	// of it comes what a busy machine's own moods make of short times.
	slower        = 1.5
	moodOfLatency = 3 * time.Millisecond
	moodOfHistory = 100 * time.Millisecond

	stalledMemory = 16 * mib // that the server may need for a stalled reader
	floodPosts    = 384      // of 64 KiB: half as much again
	fillPosts     = 32       // of 64 KiB: more than a stalled reader's own side and the hub keep
	mostLog       = 64 * mib // of SQLite's write-ahead log
)

// TestAStalledReaderCostsTheOthersNothing runs two servers side by side under
// the same load, since a machine has better and worse moments; in one of them a
// reader reads nothing meanwhile. A flood follows, so that what that server
// would keep for it is seen in its memory. In the end the reader gets
// everything.
func TestAStalledReaderCostsTheOthersNothing(t *testing.T) {
	each := lasting(4*time.Second, 10*time.Second, 10*time.Second, time.Minute)
	without, with := newHall(t), newHall(t)
	without.warm(t)
	before := with.warm(t)
	for again := 2; ; again-- {
		stalled := stall(t, with.server.Connect(t, with.anna), with.topic, with.newest.Load(), 1)
		without.flood(t, fillPosts)
		with.flood(t, fillPosts)
		p99s := steady(t, each, without.traffic, with.traffic)
		without.flooded(t)
		after := with.flooded(t)
		if at, head := stalled.at(), with.newest.Load(); at > head-floodPosts {
			t.Fatalf("the reader that is to stall has come to %d of %d", at, head)
		}
		with.release(t, stalled)

		t.Logf("the others' p99 in %v: %v without a stalled reader, %v with one; memory %d KiB before, %d KiB after", each, p99s[0], p99s[1], before>>10, after>>10)
		if after > before+stalledMemory {
			t.Fatalf("the server has %d KiB after a reader has stalled, and had %d KiB before", after>>10, before>>10)
		}
		if p99s[1] <= time.Duration(slower*float64(p99s[0]))+moodOfLatency {
			return
		}
		if again == 0 { // what is worse stays worse
			t.Fatalf("the others' p99 is %v with a stalled reader, %v without", p99s[1], p99s[0])
		}
	}
}

// hall is a server with a topic under load.
type hall struct {
	*traffic
	server *servertest.Process
	anna   *servertest.API
	topic  string
}

func newHall(t *testing.T) *hall {
	t.Helper()
	h := &hall{server: servertest.StartProcess(t, t.TempDir(), nil, anyNumberOfPosts...)}
	h.anna = h.server.Admin(t)
	h.topic = h.anna.Topic(t, h.anna.Deal(t, "Hall", "all"), "Crowded", 1)
	h.traffic = newTraffic(t, h.server.Room, h.anna, h.topic, 3)
	return h
}

// warm fills the server's caches, and gives its memory then.
func (h *hall) warm(t *testing.T) (memory int64) {
	t.Helper()
	h.flooded(t)
	newcomer, c := newPlace(), h.server.Connect(t, h.anna)
	newcomer.reach(t, h.newest.Load(), join(t, c, h.topic, 0, newcomer.saw))
	c.Close()
	h.flooded(t)
	return h.flooded(t)
}

// flooded gives the server's memory after a flood.
func (h *hall) flooded(t *testing.T) (memory int64) {
	t.Helper()
	h.flood(t, floodPosts)
	return resident(t, h.server.Cmd.Process.Pid)
}

// TestReadersStalledInTheirHistoryHoldUpNobody has 32 readers stop at as many
// places of a long history. It takes one more reader as long as before, and
// SQLite's write-ahead log is brought back into the database as ever.
func TestReadersStalledInTheirHistoryHoldUpNobody(t *testing.T) {
	const stalling, runs = 32, 5
	length := 20_000
	if fullSize() {
		length = 100_000
	}
	past := newPast(t, length)
	p := servertest.StartProcess(t, past.data, nil, anyNumberOfPosts...)
	anna := p.SignIn(t, "anna")
	history := func() time.Duration {
		var took []time.Duration
		for range runs {
			took = append(took, past.readAll(t, p.Connect(t, anna)))
		}
		return median(took)
	}
	past.readAll(t, p.Connect(t, anna)) // for nothing: the file is in memory now
	before := history()

	readers := make([]*stalledReader, stalling)
	for i := range readers {
		at := past.length * int64(i+1) / (2 * stalling)
		readers[i] = stall(t, p.Connect(t, anna), past.topic, 0, at)
		readers[i].reach(t, at, readers[i].topic)
	}
	after := history()
	t.Logf("%d messages of history took %v, and %v while %d readers stall in it", length, before, after, stalling)
	if limit := time.Duration(slower*float64(before)) + moodOfHistory; after > limit {
		t.Errorf("%d messages of history took %v, and %v while %d readers stall in it", length, before, after, stalling)
	}

	// More than the log may grow to, in another topic.
	const posts = 3 * mostLog / 2 / room.MaxText
	l := newTraffic(t, p.Room, anna, anna.Topic(t, past.deal, "Now", 2), 0)
	l.flood(t, posts)
	log := logSize(t, p.Data)
	t.Logf("the write-ahead log has %d KiB after posts of %d KiB", log>>10, posts*room.MaxText>>10)
	if log > mostLog {
		t.Errorf("the write-ahead log has grown to %d KiB", log>>10)
	}

	for i, r := range readers {
		at := past.length * int64(i+1) / (2 * stalling)
		if r.at() != at {
			t.Errorf("a reader that is to stall at %d has come to %d", at, r.at())
		}
		r.goOn()
		r.reach(t, at+past.length/4, r.topic)
	}
}

// stalledReader is one that stops reading at some message.
type stalledReader struct {
	*place
	client *client.Session
	topic  *client.Channel
	goOn   func()
}

// stall joins behind seq after, and reads so many messages, but no more until
// goOn.
func stall(t *testing.T, c *client.Session, topic string, after, count int64) *stalledReader {
	t.Helper()
	on := make(chan struct{})
	s := &stalledReader{place: newPlace(), client: c, goOn: sync.OnceFunc(func() { close(on) })}
	t.Cleanup(s.goOn) // before the client is closed, which waits
	s.topic = join(t, c, topic, after, func(m room.Message) {
		s.saw(m)
		if m.Seq >= after+count {
			<-on
		}
	})
	return s
}

// release lets a stalled reader read all that it has missed.
func (l *traffic) release(t *testing.T, s *stalledReader) {
	t.Helper()
	s.goOn()
	s.reach(t, l.newest.Load(), s.topic)
	if at, want := s.topic.At(), l.readers[0].topic.At(); at != want {
		t.Errorf("the reader that had stalled computed %v, another one %v", at, want)
	}
	s.client.Close()
}

// readAll reads all of the past, and tells how long that takes.
func (p *past) readAll(t *testing.T, c *client.Session) time.Duration {
	t.Helper()
	defer c.Close()
	reader := newPlace()
	began := time.Now()
	reader.reach(t, p.length, join(t, c, p.topic, 0, reader.saw))
	return time.Since(began)
}
