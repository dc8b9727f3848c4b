package hub

import (
	"context"
	"fmt"

	"redroom/server/room"
)

const (
	pageOctets   = 64 << 10 // of bodies in a page from the store, which a stalled reader holds
	pageMessages = 500
	pieceOctets  = 64 << 10 // that Next gives at most, but for a larger frame
)

// Cursor is one reader's place in a topic's log. It belongs to one goroutine.
type Cursor struct {
	hub   *Hub
	topic *liveTopic
	id    string
	user  string
	from  int64 // the first seq that the user may read, when the cursor was opened
	seq   int64 // read up to here, pending included

	page    *[]byte // of the store, while something of it is pending
	pending []byte
	ends    []int // of the frames in pending, counted from the page's start
	given   int   // octets of the page that were given
}

// Open begins behind seq in a topic that user may read from the given seq on.
func (h *Hub) Open(user, topic string, from, seq int64) *Cursor {
	return &Cursor{hub: h, topic: h.join(topic), id: topic, user: user, from: from, seq: max(seq, from-1)}
}

// Close ends the cursor.
func (c *Cursor) Close() {
	c.release()
	c.hub.leave(c.id, c.topic)
}

// Next gives the octets of the MESSAGE frames that follow, as many as lie
// together; they are good until the next call. Without any, wake is closed
// when it's time to ask again. It fails with room.ErrNotFound once the right
// has ended or begins later than it did; other errors are the store's.
func (c *Cursor) Next(ctx context.Context) (octets []byte, wake <-chan struct{}, err error) {
	if octets, wake, err = c.next(ctx); err != nil {
		return nil, nil, err
	}
	// Asked after reading: the State is at least as new as what was read, so
	// that nothing is given that was posted after the right ended.
	if from, ok := c.hub.store.State().ReadsFrom(c.user, c.id); !ok || from > c.from {
		c.release()
		return nil, nil, room.ErrNotFound
	}
	return octets, wake, nil
}

// next is Next for whoever has the right.
func (c *Cursor) next(ctx context.Context) (octets []byte, wake <-chan struct{}, err error) {
	if len(c.pending) == 0 {
		c.release()
		var last int64
		if octets, last, wake = c.topic.read(c.seq); octets != nil || wake != nil {
			c.seq = last
			return octets, wake, nil
		}
		if err := c.readPage(ctx); err != nil {
			return nil, nil, err
		}
	}
	return c.piece(), nil, nil
}

// piece takes whole frames from what is pending.
func (c *Cursor) piece() []byte {
	n := 1
	for n < len(c.ends) && c.ends[n]-c.given <= pieceOctets {
		n++
	}
	end := c.ends[n-1]
	octets := c.pending[:end-c.given]
	c.pending, c.ends, c.given = c.pending[end-c.given:], c.ends[n:], end
	return octets
}

// readPage encodes the next page of the store.
func (c *Cursor) readPage(ctx context.Context) error {
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
	c.page = c.hub.pages.Get().(*[]byte)
	b := (*c.page)[:0]
	c.ends, c.given = make([]int, len(messages)), 0
	for i := range messages {
		b = appendMessage(b, &messages[i])
		c.ends[i] = len(b)
	}
	*c.page, c.pending = b, b
	c.seq = messages[len(messages)-1].Seq
	return nil
}

// release gives the page back.
func (c *Cursor) release() {
	if c.page != nil {
		c.hub.pages.Put(c.page)
		c.page, c.pending, c.ends = nil, nil, nil
	}
}
