package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// opening is how many sessions are opened at a time: a server bounds those
	// of one address that have not signed in yet (PROTOCOL.md section 2).
	opening = 16
	// patience is how long nothing may move before the run has failed.
	patience = 30 * time.Second
)

// run is one Run.
type run struct {
	load   Load
	target Target
	topics []*topic

	began    time.Time
	from, to atomic.Int64 // the window, as clock says it; before it is known nothing is in it
	numbers  atomic.Int64 // of posts

	cancel  context.CancelCauseFunc
	running sync.WaitGroup // what reads channels and posts; ends with the sessions at the latest

	mu       sync.Mutex
	sessions []*session
	channels []*channel
	writers  []*writer
}

// Run loads a server and says what it did. It returns after everything that
// was acknowledged has come everywhere, or why it has not.
func Run(ctx context.Context, target Target, load Load) (*Result, error) {
	if err := load.Valid(len(target.Topics)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{load: load, target: target, began: time.Now(), cancel: cancel}
	r.from.Store(1 << 62)
	r.to.Store(1 << 62)
	for _, id := range target.Topics {
		r.topics = append(r.topics, newTopic(id, load.Size))
	}
	result, err := r.measure(ctx)
	if err != nil {
		r.fail(err) // unless something has failed before, of which this is what came
		err = fmt.Errorf("loading %s: %w", target.URL, context.Cause(ctx))
	}
	r.close()
	if err != nil {
		return nil, err
	}
	for _, c := range r.channels {
		if err := c.verify(); err != nil {
			return nil, err
		}
	}
	r.latencies(result)
	return result, nil
}

// clock is the time since the run began.
func (r *run) clock() time.Duration { return time.Since(r.began) }

func (r *run) inWindow(at time.Duration) bool {
	return int64(at) >= r.from.Load() && int64(at) < r.to.Load()
}

// fail ends the run. The first who says why is heard.
func (r *run) fail(err error) { r.cancel(err) }

// measure is the run from the first session to the last message.
func (r *run) measure(ctx context.Context) (*Result, error) {
	before, err := r.target.Usage(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.openAll(ctx); err != nil {
		return nil, err
	}

	posting, stop := context.WithCancel(ctx)
	defer stop()
	for _, w := range r.writers {
		r.running.Go(func() {
			if err := w.post(posting); err != nil {
				r.fail(err)
			}
		})
	}
	result, err := r.window(ctx)
	stop()
	if err != nil {
		return nil, err
	}
	result.Before = before
	if err := r.drain(ctx); err != nil {
		return nil, err
	}
	return result, nil
}

// openAll opens all sessions and joins their topics.
func (r *run) openAll(ctx context.Context) error {
	for i := range r.load.Writers {
		r.writers = append(r.writers, newWriter(r, i))
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(opening)
	for i := range r.load.Readers {
		name := fmt.Sprintf("reader %d", i+1)
		g.Go(func() error { return r.openSession(ctx, nil, name, dealt(i, r.load.Readers, len(r.topics))) })
	}
	for i, w := range r.writers {
		name := fmt.Sprintf("writer %d", i+1)
		g.Go(func() error { return r.openSession(ctx, w, name, dealt(i, r.load.Writers, len(r.topics))) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, c := range r.channels {
		c.topic.cursors++ // nobody has posted yet
	}
	return nil
}

// dealt are the topics of the one with an index among so many: topics and
// those who have to do with them are dealt out to each other, so that each
// topic has somebody, and everybody a topic.
func dealt(index, among, topics int) (mine []int) {
	if topics <= among {
		return []int{index % topics}
	}
	for t := index; t < topics; t += among {
		mine = append(mine, t)
	}
	return mine
}

func (r *run) openSession(ctx context.Context, w *writer, name string, topics []int) error {
	s, err := r.open(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.mu.Lock()
	r.sessions = append(r.sessions, s)
	r.mu.Unlock()
	for _, t := range topics {
		c, err := s.join(ctx, r.topics[t], w, name)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.channels = append(r.channels, c)
		r.mu.Unlock()
		if w != nil {
			w.channels = append(w.channels, c)
		}
	}
	return nil
}

// drain waits until all posts are acknowledged and all messages have come
// everywhere, and then leaves all channels.
func (r *run) drain(ctx context.Context) error {
	for _, w := range r.writers {
		if err := r.await(ctx, w.settled, "the server owes ACKs"); err != nil {
			return err
		}
	}
	for _, t := range r.topics {
		n, _ := t.acknowledgements()
		t.total.Store(n)
	}
	for _, c := range r.channels {
		if c.seq.Load() >= c.topic.total.Load() {
			c.hasAll()
		}
	}
	for _, c := range r.channels {
		missing := fmt.Sprintf("%s did not get all of %d messages", c.name, c.topic.total.Load())
		if err := r.await(ctx, c.complete, missing); err != nil {
			return err
		}
	}
	for _, c := range r.channels {
		c.leave()
	}
	for _, c := range r.channels {
		if err := r.await(ctx, c.ended, "the server does not end the channel of "+c.name); err != nil {
			return err
		}
	}
	return ctx.Err() // what reads a channel may have failed as the last thing it did
}

// await waits for done, as long as anything moves.
func (r *run) await(ctx context.Context, done <-chan struct{}, otherwise string) error {
	for moved := int64(-1); ; {
		var now int64
		for _, c := range r.channels {
			now += c.seq.Load()
		}
		for _, w := range r.writers {
			now += w.acks.Load()
		}
		if now == moved {
			return fmt.Errorf("%s, and nothing has moved for %v", otherwise, patience)
		}
		moved = now
		timer := time.NewTimer(patience)
		select {
		case <-done:
			timer.Stop()
			return nil
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// close ends all sessions and waits for what read them.
func (r *run) close() {
	var closing sync.WaitGroup
	for _, s := range r.sessions {
		closing.Go(func() { s.client.Close() })
	}
	closing.Wait()
	r.running.Wait()
}

// verify compares what came with what was acknowledged. Its goroutine has
// ended.
func (c *channel) verify() error {
	n, sum := c.topic.acknowledgements()
	if got := c.seq.Load(); got != n || c.sum != sum {
		return fmt.Errorf("%s got %d messages that are not the %d which were acknowledged", c.name, got, n)
	}
	return nil
}

// latencies fills in what everybody has noted; their goroutines have ended.
func (r *run) latencies(result *Result) {
	var receipt, ack histogram
	for _, c := range r.channels {
		receipt.add(&c.receipt)
	}
	for _, w := range r.writers {
		ack.add(&w.ack)
	}
	result.Receipt, result.Ack = receipt.latency(), ack.latency()
	for _, t := range r.topics {
		n, _ := t.acknowledgements()
		result.Verified += n
	}
}
