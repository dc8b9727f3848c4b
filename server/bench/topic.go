package bench

import (
	"context"
	"sync"
	"sync/atomic"
)

// topic is one of the load's: what was acknowledged in it, and how far all who
// read it have come.
type topic struct {
	id    string
	total atomic.Int64 // of messages, once nothing more is posted; before that more than there can be

	lap, limit int64 // see mayPost

	mu      sync.Mutex
	moved   *sync.Cond
	cursors int           // channels that read it
	passed  map[int64]int // by seq, a multiple of lap: how many have come so far
	slowest int64         // all have come so far, up to a lap
	posted  int64
	acked   int64
	sum     uint64 // fingerprints of what was acknowledged
}

// Flat out nobody is further behind than so much, so that all are served from
// memory.
const (
	maxLag       = 2048      // messages
	maxLagOctets = 512 << 10 // and so many octets of them
	frameOctets  = 96        // of a MESSAGE beside its text, about
)

func newTopic(id string, size int) *topic {
	t := &topic{id: id, passed: make(map[int64]int)}
	t.moved = sync.NewCond(&t.mu)
	t.limit = min(max(maxLagOctets/int64(size+frameOctets), 4), maxLag)
	t.lap = max(t.limit/16, 1)
	t.total.Store(1 << 62)
	return t
}

// mayPost waits until everybody is near enough for n more, and counts them as
// posted. It is false if ctx ends first.
func (t *topic) mayPost(ctx context.Context, n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.posted-t.slowest > t.limit {
		stop := context.AfterFunc(ctx, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.moved.Broadcast()
		})
		defer stop()
	}
	for t.posted-t.slowest > t.limit {
		if ctx.Err() != nil {
			return false
		}
		t.moved.Wait()
	}
	t.posted += int64(n)
	return true
}

// came notes that one of the cursors has come to seq.
func (t *topic) came(seq int64) {
	if seq%t.lap != 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.passed[seq]++; t.passed[seq] == t.cursors {
		delete(t.passed, seq)
		t.slowest = seq // each comes there in order, so the laps are completed in order
		t.moved.Broadcast()
	}
}

// acknowledged notes what the server has said to be the message of seq.
func (t *topic) acknowledged(seq, number int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acked++
	t.sum += fingerprint(seq, number)
}

func (t *topic) acknowledgements() (n int64, sum uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.acked, t.sum
}
