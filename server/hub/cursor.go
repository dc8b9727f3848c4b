package hub

import (
	"context"
	"fmt"

	"redroom/server/room"
)

const (
	pageOctets   = 64 << 10 // of bodies in a page from the store, which a stalled reader holds
	pageMessages = 500
	pieceOctets  = 64 << 10 // of a page that Next gives at most, but for a larger frame
)

// Cursor is one reader's place in a topic's log. It belongs to one goroutine.
type Cursor struct {
	hub   *Hub
	topic *liveTopic
	id    string
	actor *room.Actor
	from  int64  // the first seq that the actor may read, when the cursor was opened
	stale func() // guarded by the topic's lock

	seq   int64  // what was given, or begun, is up to here
	given piece  // by the last Next or Took
	page  *chunk // of the store, while something of it is to be given
	age   int64  // of the page: the topic's redactions before it was read
}

// Open begins behind seq in a topic that an actor may read from the given seq on.
func (h *Hub) Open(as *room.Actor, topic string, from, seq int64) *Cursor {
	c := &Cursor{hub: h, topic: h.join(topic), id: topic, actor: as, from: from, seq: max(seq, from-1)}
	c.topic.mu.Lock()
	c.topic.readers[c] = struct{}{}
	c.topic.mu.Unlock()
	return c
}

// Close ends the cursor.
func (c *Cursor) Close() {
	c.topic.mu.Lock()
	delete(c.topic.readers, c)
	c.topic.mu.Unlock()
	c.release()
	c.hub.leave(c.id, c.topic)
}

// WhenStale has tell called when the octets that Next gave last, or anything else
// that is being written of the topic, should go no further, as far as that is
// possible still: words in them were redacted, or the right has ended. It is
// called by whoever publishes, and must not block.
func (c *Cursor) WhenStale(tell func()) {
	c.topic.mu.Lock()
	defer c.topic.mu.Unlock()
	c.stale = tell
}

// Took says that only n octets of what was given last were handed on. It gives
// what is missing of the frame that was begun, if one was, which has to be
// written before anything else; after it, Next goes on from what there is by
// then. It fails as Next does once the right has ended.
func (c *Cursor) Took(n int) (rest []byte, err error) {
	c.seq, rest = c.given.split(n)
	c.given = piece{}
	c.release() // of which rest is a copy
	switch {
	case c.Check() != nil:
		return nil, room.ErrNotFound
	case rest != nil:
		c.given = piece{first: c.seq, ends: []uint32{uint32(len(rest))}, octets: rest, begun: true}
	}
	return rest, nil
}

// Next gives the octets of the MESSAGE frames that follow, as many as lie
// together; they are good until the next call. Without any, wake is closed
// when it's time to ask again. It fails with room.ErrNotFound once the right
// has ended or begins later than it did; other errors are the store's.
func (c *Cursor) Next(ctx context.Context) (octets []byte, wake <-chan struct{}, err error) {
	if c.given, wake, err = c.next(ctx); err != nil {
		return nil, nil, err
	}
	// Asked after reading: the State is at least as new as what was read, so
	// that nothing is given that was posted after the right ended.
	if err := c.Check(); err != nil {
		c.release()
		return nil, nil, err
	}
	if wake == nil {
		c.seq = c.given.first + int64(len(c.given.ends)) - 1
	}
	return c.given.octets, wake, nil
}

// Check is nil while the right is what it was when the cursor was opened, or
// more; else it is room.ErrNotFound, and nothing of the topic may be written any
// more. Any goroutine may ask.
func (c *Cursor) Check() error {
	if from, ok := c.actor.In(c.hub.store.State()).ReadsFrom(c.actor.Name(), c.id); !ok || from > c.from {
		return room.ErrNotFound
	}
	return nil
}

// next is Next for whoever has the right.
func (c *Cursor) next(ctx context.Context) (p piece, wake <-chan struct{}, err error) {
	if c.page == nil || c.page.last() <= c.seq || c.age != c.topic.redactions.Load() {
		c.release()
		if p, wake = c.topic.read(c.seq, c.from); p.octets != nil || wake != nil {
			return p, wake, nil
		}
		if err := c.readPage(ctx); err != nil {
			return piece{}, nil, err
		}
	}
	return c.page.after(c.seq).upTo(pieceOctets), nil, nil
}

// readPage encodes the next page of the store.
func (c *Cursor) readPage(ctx context.Context) error {
	c.age = c.topic.redactions.Load()
	messages, err := c.hub.store.Messages(ctx, c.id, c.seq, pageMessages, pageOctets)
	if err != nil {
		return fmt.Errorf("reading on in topic %s after %d: %w", c.id, c.seq, err)
	}
	// What is committed but not published yet may be newer than the State.
	for head := c.topic.newest(); len(messages) > 0 && messages[len(messages)-1].Seq > head; {
		messages = messages[:len(messages)-1]
	}
	if len(messages) == 0 {
		return fmt.Errorf("reading on in topic %s after %d: the head is %d, but nothing follows", c.id, c.seq, c.hub.store.Head(c.id).Seq)
	}
	c.page = c.hub.pages.Get().(*chunk)
	c.page.first = messages[0].Seq
	for i := range messages {
		c.page.append(&messages[i], c.from)
	}
	return nil
}

// release gives the page back.
func (c *Cursor) release() {
	if p := c.page; p != nil {
		c.page = nil
		p.data, p.ends, p.edits = p.data[:0], p.ends[:0], p.edits[:0]
		c.hub.pages.Put(p)
	}
}
