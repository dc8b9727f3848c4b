package server_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

// appliedOrder is in which order everything was applied.
type appliedOrder struct {
	mu      sync.Mutex
	is      func(room.Event) bool
	at      time.Time         // when what was watched for was applied
	after   map[string]bool   // the posts, by client id: after that
	posted  int               // of those that are, since
	ids     map[string]string // by topic and seq, as they were acknowledged
	changed chan struct{}     // closed with the next change
}

// add is told of what was applied.
func (o *appliedOrder) add(batch []room.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, ev := range batch {
		if post, ok := ev.(room.MessagePosted); ok {
			if o.after == nil {
				o.after = make(map[string]bool)
			}
			o.after[post.ID] = !o.at.IsZero()
			if !o.at.IsZero() {
				o.posted++
			}
		}
		if o.is != nil && o.is(ev) {
			o.is, o.at, o.posted = nil, time.Now(), 0
		}
	}
	o.tell()
}

func (o *appliedOrder) tell() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

func (o *appliedOrder) acknowledged(topic, id, seq string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ids == nil {
		o.ids = make(map[string]string)
	}
	o.ids[topic+" "+seq] = id
	o.tell()
}

func (o *appliedOrder) watchFor(is func(room.Event) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.is, o.at, o.after = is, time.Time{}, nil
}

func (o *appliedOrder) forget() { o.watchFor(nil) }

// appliedAt is when what was watched for was applied.
func (o *appliedOrder) appliedAt() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

func (o *appliedOrder) isAfter(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.after[id]
}

// await waits until something holds of the order.
func (o *appliedOrder) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	timeout := time.After(servertest.Patience)
	for {
		o.mu.Lock()
		if holds() {
			o.mu.Unlock()
			return
		}
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%v went by, and not %s", servertest.Patience, what)
		}
	}
}

// seqIsAfter is isAfter of the message that has a seq in a topic.
func (o *appliedOrder) seqIsAfter(t *testing.T, topic string, seq int64) (after bool) {
	t.Helper()
	if seq == 0 {
		return false
	}
	o.await(t, fmt.Sprintf("message %d was acknowledged", seq), func() bool {
		id, ok := o.ids[fmt.Sprint(topic, " ", seq)]
		after = ok && o.after[id]
		return ok
	})
	return after
}

// awaitPosts waits until so much was posted after what was watched for.
func (o *appliedOrder) awaitPosts(t *testing.T, n int) {
	t.Helper()
	o.await(t, "others posted", func() bool { return !o.at.IsZero() && o.posted >= n })
}

// ear is what the reader hears.
type ear struct {
	mu      sync.Mutex
	bodies  []string     // of messages
	heads   []int64      // that are told beside them
	frames  []heardFrame // on the control channel
	over    error        // why no message comes any more
	overAt  time.Time
	changed chan struct{}
}

type heardFrame struct {
	servertest.Frame
	at time.Time
}

func newEar() *ear { return &ear{changed: make(chan struct{})} }

func (e *ear) hear(note func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	note()
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *ear) end(why error) {
	e.hear(func() {
		if e.over == nil {
			e.over, e.overAt = why, time.Now()
		}
	})
}

// await waits until something holds of what was heard.
func (e *ear) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	timeout := time.After(servertest.Patience)
	for {
		e.mu.Lock()
		ok, changed := holds(), e.changed
		e.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%v went by, and not %s", servertest.Patience, what)
		}
	}
}

// frame waits for one on the control channel, after those that were looked at.
func (e *ear) frame(t *testing.T, from int, want string) (found heardFrame, next int) {
	t.Helper()
	e.await(t, want+" was heard", func() bool {
		for i := from; i < len(e.frames); i++ {
			if e.frames[i].Is(want) == nil {
				found, next = e.frames[i], i+1
				return true
			}
		}
		return false
	})
	return found, next
}
