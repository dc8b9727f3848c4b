// Package journal gives events their one order, and applies them.
//
// # Order
//
// Events are ordered as they come in by Submit; there is one applier, which
// commits them in that order in batches: one event when it is idle, hundreds
// under load, and nobody waits for a timer. A batch is handed on to the
// publisher only after it was committed, batches in their order, and only then
// are those who wait told. An event that was committed is never told to have
// failed; one that was told ErrUnavailable may still be committed later, which
// is why posts bear client ids.
//
// # Who may block
//
// Submit waits while the queue is full, by events or by the octets of their
// bodies, which is the back-pressure of the whole house. What it is given to
// call back runs in the applier and must not block. Keep never waits. The
// committer and the publisher may block the applier.
//
// # Failures
//
// When a commit fails, the batch stays at the front and is tried again with
// growing pauses. Meanwhile the journal isn't Ready, and everything waiting or
// coming is told ErrUnavailable. Nothing is ever skipped. What is kept waits in
// memory, at most so many events; of further ones only the number is known, and
// becomes a row of the audit trail when there is room.
//
// # Shutdown
//
// Close refuses what comes later and waits until what came before is done. What
// is kept and can't be written even then is lost; the log says how many.
package journal

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"redroom/server/room"
)

// Committer makes a batch durable, all of it or nothing, and tells what became
// of each event. position is that of the batch's last event, and lasts with it.
type Committer interface {
	Commit(ctx context.Context, batch []room.Event, position int64) ([]room.Outcome, error)
	Position() int64
}

// Publisher is handed what was committed, in order.
type Publisher interface {
	Publish(batch []room.Event, outcomes []room.Outcome)
}

const (
	queueLength = 1024     // events that wait for the applier
	queueOctets = 32 << 20 // of their message bodies and of those being applied
	batchLength = 512      // events of a batch at most
	batchOctets = 4 << 20  // of message bodies in a batch, beyond which none is added
	firstPause  = 50 * time.Millisecond
	lastPause   = 5 * time.Second
	keptLength  = 10_000 // events that are kept at most while the store can't be written
)

// Journal is the local journal: one queue, one applier.
type Journal struct {
	committer Committer
	publisher Publisher
	log       *slog.Logger

	queue  chan entry
	octets *semaphore.Weighted // of queueOctets
	stop   chan struct{}       // closed by Close: nothing comes any more
	done   chan struct{}       // closed when the applier has ended

	kept kept

	failure atomic.Pointer[error] // of the last commit; nil while all is well

	mu     sync.RWMutex // held for reading while something is being queued
	closed bool
}

type entry struct {
	event  room.Event
	octets int64                     // of the message body
	done   func(room.Outcome, error) // nil: it is kept, and nobody waits
}

// New starts a journal that goes on after the committer's position.
func New(committer Committer, publisher Publisher, log *slog.Logger) *Journal {
	j := &Journal{
		committer: committer,
		publisher: publisher,
		log:       log,
		queue:     make(chan entry, queueLength),
		octets:    semaphore.NewWeighted(queueOctets),
		stop:      make(chan struct{}),
		done:      make(chan struct{}),
		kept:      newKept(),
	}
	go j.applyAll()
	return j
}

// Submit puts ev in order. done is called once, from the applier, with what
// became of it, or with ErrUnavailable; it isn't called if Submit fails.
func (j *Journal) Submit(ctx context.Context, ev room.Event, done func(room.Outcome, error)) error {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed || j.failure.Load() != nil {
		return room.ErrUnavailable
	}
	e := entry{event: ev, done: done}
	if post, ok := ev.(room.MessagePosted); ok {
		e.octets = int64(len(post.Body))
	}
	if err := j.octets.Acquire(ctx, e.octets); err != nil {
		return err
	}
	select {
	case j.queue <- e:
		return nil
	case <-ctx.Done():
		j.octets.Release(e.octets)
		return ctx.Err()
	}
}

// Append puts ev in order and waits until it is committed. A refusal comes as
// the error. If ctx ends first, ev may still be committed.
func (j *Journal) Append(ctx context.Context, ev room.Event) (room.Outcome, error) {
	type answer struct {
		outcome room.Outcome
		err     error
	}
	answered := make(chan answer, 1)
	if err := j.Submit(ctx, ev, func(o room.Outcome, err error) { answered <- answer{o, err} }); err != nil {
		return room.Outcome{}, err
	}
	select {
	case a := <-answered:
		if a.err == nil {
			a.err = a.outcome.Err
		}
		return a.outcome, a.err
	case <-ctx.Done():
		return room.Outcome{}, ctx.Err()
	}
}

// Ready is nil while events can be committed, else why they can't.
func (j *Journal) Ready() error {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return room.ErrUnavailable
	}
	if err := j.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Close refuses what comes later and waits until what came before is
// committed and handed on; a batch that fails is then tried once more only.
func (j *Journal) Close() {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.stop)
	}
	j.mu.Unlock()
	<-j.done
}

// applyAll is the applier.
func (j *Journal) applyAll() {
	defer close(j.done)
	defer j.stopKeeping()
	position := j.committer.Position()
	for {
		entries, ok := j.next()
		if !ok {
			return
		}
		for len(entries) > 0 {
			batch := entries[:min(len(entries), batchLength)]
			entries = entries[len(batch):]
			position += int64(len(batch))
			refused, ok := j.apply(batch, entries, position)
			if !ok {
				return
			}
			if refused {
				entries = slices.DeleteFunc(entries, func(e entry) bool { return e.done != nil })
			}
		}
	}
}

// next waits until there is something to do: what is in the queue, up to a
// batch's limits, and before it all that is kept. It is false when the journal
// is closed and empty.
func (j *Journal) next() ([]entry, bool) {
	var entries []entry
	select {
	case e := <-j.queue:
		entries = append(entries, e)
	case <-j.kept.some:
	case <-j.stop:
		select {
		case e := <-j.queue:
			entries = append(entries, e)
		case <-j.kept.some:
		default:
			return nil, false
		}
	}
	var octets int64
	if len(entries) > 0 {
		octets = entries[0].octets
	}
	for more := true; more && len(entries) < batchLength && octets < batchOctets; {
		select {
		case e := <-j.queue:
			entries = append(entries, e)
			octets += e.octets
		default:
			more = false
		}
	}
	// Only now: whatever was kept before one of these was submitted is there.
	return append(j.kept.take(), entries...), true
}

// apply commits one batch, however long it takes, hands it on and tells those
// who wait. If that fails at first, they are refused, and those of the events
// behind it too. It is not ok if the journal was closed and the batch can't be
// committed.
func (j *Journal) apply(entries, behind []entry, position int64) (refused, ok bool) {
	batch := make([]room.Event, len(entries))
	for i, e := range entries {
		batch[i] = e.event
	}
	outcomes, err := j.committer.Commit(context.Background(), batch, position)
	for pause := firstPause; err != nil; pause = min(2*pause, lastPause) {
		j.log.Error("the store can't be written; trying again", "error", err, "pause", pause, "events", len(batch))
		j.fail(err)
		if !refused {
			j.refuse(entries)
			j.refuse(behind)
			refused = true
		}
		last := j.wait(pause)
		outcomes, err = j.committer.Commit(context.Background(), batch, position)
		if err != nil && last {
			j.refuseQueued()
			return refused, false
		}
	}
	j.fail(nil)
	j.publisher.Publish(batch, outcomes)
	for i, e := range entries {
		switch {
		case e.done == nil:
			j.noted(e.event, outcomes[i])
		case !refused:
			j.tell(e, outcomes[i], nil)
		}
	}
	return refused, true
}

// fail notes how the last commit went; nil: well.
func (j *Journal) fail(err error) {
	if err != nil {
		j.failure.Store(&err)
	} else if j.failure.Swap(nil) != nil {
		j.log.Info("the store can be written again")
	}
}

// wait refuses what comes in for a while. It is true if the journal was
// closed, so that this is the last try.
func (j *Journal) wait(pause time.Duration) (last bool) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case e := <-j.queue:
			j.refuse([]entry{e})
		case <-timer.C:
			return false
		case <-j.stop:
			return true
		}
	}
}

func (j *Journal) refuseQueued() {
	for {
		select {
		case e := <-j.queue:
			j.refuse([]entry{e})
		default:
			return
		}
	}
}

// refuse tells those who wait that it is not known what became of their events.
func (j *Journal) refuse(entries []entry) {
	for _, e := range entries {
		if e.done != nil {
			j.tell(e, room.Outcome{}, room.ErrUnavailable)
		}
	}
}

// tell is the end of an entry.
func (j *Journal) tell(e entry, o room.Outcome, err error) {
	j.octets.Release(e.octets)
	e.done(o, err)
}
