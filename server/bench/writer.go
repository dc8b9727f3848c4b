package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

// writer posts to its topics in turn, some posts at a time.
type writer struct {
	run      *run
	channels []*channel

	// Flat out: places for outstanding posts. At a rate: nil, and when the
	// next post is due.
	places chan struct{}
	due    time.Duration
	gap    time.Duration

	acks atomic.Int64

	mu       sync.Mutex
	waiting  map[string]posting // for their ACK, by client id
	ack      histogram
	finished bool          // nothing more is posted
	settled  chan struct{} // closed when everything is acknowledged, too
}

func newWriter(r *run, index int) *writer {
	w := &writer{run: r, waiting: make(map[string]posting), settled: make(chan struct{})}
	if r.load.Rate == 0 {
		w.places = make(chan struct{}, min(max(outstandingOctets/r.load.Size, 2), outstanding))
		return w
	}
	w.gap = time.Duration(float64(r.load.Writers) / r.load.Rate * float64(time.Second))
	w.due = w.gap * time.Duration(index) / time.Duration(r.load.Writers) // so that writers take turns
	return w
}

// post posts until ctx ends.
func (w *writer) post(ctx context.Context) error {
	defer w.finish()
	w.due += w.run.clock()
	var frames []byte
	var text []byte
	for turn := 0; ; turn++ {
		c := w.channels[turn%len(w.channels)]
		times := w.next(ctx)
		if len(times) == 0 {
			return nil
		}
		if w.places != nil && !c.topic.mayPost(ctx, len(times)) {
			return nil
		}
		frames = frames[:0]
		for _, at := range times {
			if w.places != nil {
				at = w.run.clock()
			}
			p := posting{number: w.run.numbers.Add(1), at: at}
			id := room.NewClientID(time.Now())
			text = p.appendText(text[:0], w.run.load.Size)
			frames = wire.AppendFrame(frames, wire.TypePost, text, id)
			w.mu.Lock()
			w.waiting[id] = p
			w.mu.Unlock()
		}
		if _, err := c.stream.Write(frames); err != nil {
			return fmt.Errorf("%s: posting: %w", c.name, err)
		}
	}
}

// next waits until there is something to post, and gives a time for each post;
// none when ctx has ended.
func (w *writer) next(ctx context.Context) (times []time.Duration) {
	if w.places == nil {
		return w.nextDue(ctx)
	}
	select {
	case w.places <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	for times = append(times, 0); len(times) < cap(w.places); times = append(times, 0) {
		select {
		case w.places <- struct{}{}:
		default:
			return times
		}
	}
	return times
}

// nextDue is next at a rate: a single post, at the time when it was due.
func (w *writer) nextDue(ctx context.Context) []time.Duration {
	if wait := w.due - w.run.clock(); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	at := w.due
	w.due += w.gap
	return []time.Duration{at}
}

// acknowledged takes the ACK of the post with a client id.
func (w *writer) acknowledged(c *channel, id []byte, seq int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.waiting[string(id)]
	if !ok {
		return fmt.Errorf("an ACK of a post that does not wait for one: %s", id)
	}
	delete(w.waiting, string(id))
	if w.run.inWindow(p.at) {
		w.ack.record(c.now - p.at)
	}
	w.acks.Add(1)
	c.topic.acknowledged(seq, p.number)
	if w.places != nil {
		<-w.places
	}
	w.settle()
	return nil
}

func (w *writer) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	w.settle()
}

func (w *writer) settle() {
	if w.finished && len(w.waiting) == 0 {
		close(w.settled)
	}
}
