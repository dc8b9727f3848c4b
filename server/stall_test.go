package server_test

import (
	"fmt"
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

// TestAStalledReaderCostsTheOthersNothing compares a steady load without and
// with a reader that reads nothing meanwhile: in turns, and by their medians,
// since a machine has better and worse moments. Each turn ends with a flood, so
// that what a server would keep for the stalled reader is seen in its memory.
// In the end the reader gets everything.
func TestAStalledReaderCostsTheOthersNothing(t *testing.T) {
	const readers, turns = 3, 3
	each := lasting(time.Second, 2*time.Second, 2*time.Second, time.Minute)
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "Crowd", "all"), "Live", 1)
	l := newTraffic(t, p.Room, anna, topic, readers)
	turn := func(d time.Duration) cost {
		l.flood(t, fillPosts)
		p99 := l.steady(t, d)
		l.flood(t, floodPosts)
		return cost{p99, resident(t, p.Cmd.Process.Pid)}
	}
	stalledTurn := func() cost {
		stalled := stall(t, p.Connect(t, anna), topic, l.newest.Load(), 1)
		c := turn(each)
		if at, head := stalled.at(), l.newest.Load(); at > head-floodPosts {
			t.Fatalf("the reader that is to stall has come to %d of %d", at, head)
		}
		l.release(t, stalled)
		return c
	}

	// Once for nothing, so that caches are full. What a heap has grown to stays
	// with the process for a while: hence the memory before anybody stalls.
	turn(time.Second)
	l.newcomer(t, p.Connect(t, anna), topic)
	usual := max(turn(time.Second).memory, turn(time.Second).memory)

	var without, with []cost
	for worse := ""; len(with) < turns || worse != ""; {
		if len(with) == 3*turns { // what is worse stays worse, however often one looks
			t.Fatal(worse)
		}
		without, with = append(without, turn(each)), append(with, stalledTurn())
		t.Logf("without a stalled reader %v, with one %v", without[len(without)-1], with[len(with)-1])
		quiet, stalled := medianCost(without), medianCost(with)
		worse = ""
		if limit := time.Duration(slower*float64(quiet.p99)) + moodOfLatency; stalled.p99 > limit {
			worse = fmt.Sprintf("the others' p99 is %v with a stalled reader, %v without; ", stalled.p99, quiet.p99)
		}
		if stalled.memory > usual+stalledMemory {
			worse += fmt.Sprintf("the server has %d KiB with a stalled reader, and had %d KiB before", stalled.memory>>10, usual>>10)
		}
	}
	t.Logf("memory before anybody stalled: %d KiB", usual>>10)
	t.Logf("medians of %d turns: without a stalled reader %v, with one %v", len(with), medianCost(without), medianCost(with))
}

// cost is what a turn of the load costs others than the stalled reader.
type cost struct {
	p99    time.Duration // of the latencies of the readers that read
	memory int64         // of the server, in octets, at the turn's end
}

func (c cost) String() string {
	return fmt.Sprintf("p99 %v, memory %d KiB", c.p99.Round(10*time.Microsecond), c.memory>>10)
}

func medianCost(of []cost) cost {
	var p99s []time.Duration
	var memories []int64
	for _, c := range of {
		p99s, memories = append(p99s, c.p99), append(memories, c.memory)
	}
	return cost{median(p99s), median(memories)}
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
	p := servertest.StartProcess(t, past.data, nil)
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
	client *client.Client
	topic  *client.Topic
	goOn   func()
}

// stall joins behind seq after, and reads so many messages, but no more until
// goOn.
func stall(t *testing.T, c *client.Client, topic string, after, count int64) *stalledReader {
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

// newcomer reads all that there is.
func (l *traffic) newcomer(t *testing.T, c *client.Client, topic string) {
	t.Helper()
	reader := newPlace()
	reader.reach(t, l.newest.Load(), join(t, c, topic, 0, reader.saw))
	c.Close()
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
func (p *past) readAll(t *testing.T, c *client.Client) time.Duration {
	t.Helper()
	defer c.Close()
	reader := newPlace()
	began := time.Now()
	reader.reach(t, p.length, join(t, c, p.topic, 0, reader.saw))
	return time.Since(began)
}
