package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"redroom/server/room"
)

// linger is how long a topic that the outbox has opened stays open with nothing
// to send.
const linger = time.Minute

// Run sends what waits, now and later, over a client, until ctx is over, the
// client has ended, or the file fails, and says which. It may be called again,
// also over another client of the same user. Posts go over the client's Topic
// where one is open, else over one of the outbox's own.
//
// told, which may be nil, is called with each answer, one at a time, and holds
// up its topic. It is called before the acceptance is noted in the file, so that
// none goes unheard: after a crash in between, a second time, with the same seq.
// It may use the outbox.
func (o *Outbox) Run(ctx context.Context, c *Client, told func(Answered)) error {
	if !o.sending.TryLock() {
		return errSending
	}
	defer o.sending.Unlock()
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.ctx, func() { end(c.Err()) })
	defer stop()
	r := &outboxRun{outbox: o, client: c, told: told, lanes: make(map[string]*lane), idle: make(chan *lane)}
	defer r.close()
	defer end(nil)
	return r.run(ctx, end)
}

// outboxRun is one call of Run.
type outboxRun struct {
	outbox  *Outbox
	client  *Client
	told    func(Answered)
	telling sync.Mutex

	running sync.WaitGroup
	lanes   map[string]*lane // by topic
	idle    chan *lane       // has nothing to send
}

// lane is what sends the posts of one topic, one after the other. While it
// isn't busy it belongs to run.
type lane struct {
	topic string
	own   *Topic // nil: none was opened
	busy  bool
	since time.Time // idle
}

// run keeps a lane busy for each topic that something waits for.
func (r *outboxRun) run(ctx context.Context, end context.CancelCauseFunc) error {
	tidy := time.NewTicker(linger)
	defer tidy.Stop()
	for {
		topics, err := r.outbox.topics(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		for _, topic := range topics {
			r.begin(ctx, end, topic)
		}
		select {
		case <-r.outbox.more:
		case l := <-r.idle:
			l.busy, l.since = false, time.Now()
		case <-tidy.C:
			r.tidy()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// begin makes a topic's lane busy, if it isn't.
func (r *outboxRun) begin(ctx context.Context, end context.CancelCauseFunc, topic string) {
	l := r.lanes[topic]
	if l == nil {
		l = &lane{topic: topic}
		r.lanes[topic] = l
	}
	if l.busy {
		return
	}
	l.busy = true
	r.running.Go(func() {
		if err := r.send(ctx, l); err != nil {
			end(err)
			return
		}
		select {
		case r.idle <- l:
		case <-ctx.Done():
		}
	})
}

// tidy closes lanes that have been idle for long.
func (r *outboxRun) tidy() {
	for topic, l := range r.lanes {
		if !l.busy && time.Since(l.since) >= linger {
			l.close()
			delete(r.lanes, topic)
		}
	}
}

// close ends all lanes, whose context is over.
func (r *outboxRun) close() {
	r.running.Wait()
	for _, l := range r.lanes {
		l.close()
	}
}

func (l *lane) close() {
	if l.own != nil {
		l.own.Close()
	}
}

// send sends what waits in a lane.
func (r *outboxRun) send(ctx context.Context, l *lane) error {
	for {
		k, ok, err := r.outbox.next(ctx, l.topic)
		if err != nil || !ok {
			return err
		}
		a, err := r.post(ctx, l, k)
		if err != nil {
			return err
		}
		if a.Refused == nil {
			r.tell(a)
		}
		if err := r.outbox.settle(ctx, a); err != nil {
			return err
		}
		if a.Refused != nil {
			r.tell(a)
		}
	}
}

func (r *outboxRun) tell(a Answered) {
	if r.told == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.told(a)
}

// post waits for a post's answer, over one Topic after the other if they are
// closed meanwhile.
func (r *outboxRun) post(ctx context.Context, l *lane, p Kept) (Answered, error) {
	departs := func(connection string) (frame []byte, err error) {
		if p.sent {
			return nil, nil
		}
		if p.Post, err = r.outbox.depart(ctx, p.Post, connection); err != nil {
			return nil, err
		}
		p.sent = true
		return p.frame(), nil
	}
	for {
		entry := newPosting(p.Post)
		entry.unsure, entry.departs = p.sent, departs
		a, err := r.open(l).post(ctx, entry)
		var seq int64
		if err == nil {
			seq, err = a.seq()
		}
		var refusal *room.Error
		switch {
		case err == nil:
			return Answered{Topic: l.topic, ID: p.ID, Seq: seq, Epoch: a.epoch}, nil
		case ctx.Err() != nil:
			return Answered{}, context.Cause(ctx)
		case r.client.Err() != nil:
			return Answered{}, r.client.Err()
		case errors.As(err, &refusal):
			return Answered{Topic: l.topic, ID: p.ID, Refused: refusal}, nil
		case !errors.Is(err, ErrClosed):
			return Answered{}, err
		}
	}
}

// open is a Topic to send over.
func (r *outboxRun) open(l *lane) *Topic {
	if t := r.client.reads(l.topic); t != nil && t.Err() == nil {
		return t
	}
	if l.own != nil && l.own.Err() == nil {
		return l.own
	}
	l.own = r.client.Open(l.topic, Reading{After: -1})
	return l.own
}
