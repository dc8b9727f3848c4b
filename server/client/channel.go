package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// Channel is a topic's channel: one cursor on its log, from a JOIN to the
// channel's end.
type Channel struct {
	ID    string // the topic's
	Head  int64  // the newest seq when it was joined
	From  int64  // the first seq that one may read
	Epoch string

	session *Session
	stream  transport.Channel
	ear     *ear // on it
	in      *wire.Reader
	hand    hand
	done    chan struct{}
	writing sync.Mutex // one frame at a time

	mu      sync.Mutex               // never held while anything waits
	at      room.Head                // read up to, with the chain's value there
	waiting map[string]chan<- answer // posts by client id, and HEAD
	err     error
}

// hand takes what a channel carries, from the goroutine that reads it.
type hand struct {
	message  func(m room.Message, at room.Head) // at: the chain's value at m
	answered func(id string, a answer)          // to a post that nobody waits for at the channel
}

const waitingHead = " " // no client id has a space

var pingFrame = wire.AppendFrame(nil, wire.TypePing, nil)

// past is a deadline that ends what is under way.
var past = time.Unix(0, 0)

// At is how far the messages were read, with the chain's value there.
func (c *Channel) At() room.Head {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Done is closed when the channel has ended; Err says why.
func (c *Channel) Done() <-chan struct{} { return c.done }

// Err is why the channel ended; nil while it lives.
func (c *Channel) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Post says text in the topic, ref being the seq it replies to or 0; see Send.
func (c *Channel) Post(ctx context.Context, id, text string, ref int64) (seq int64, err error) {
	return c.Send(ctx, Post{ID: id, Ref: ref, Body: text})
}

// Send posts a message and returns its seq when it is on stable storage. The
// same id may be sent again, whatever came of it. With a [Refused] of code 429 or
// 503 the message is not known to be taken: send it again with the same id, after
// the seconds that its Detail says.
func (c *Channel) Send(ctx context.Context, p Post) (seq int64, err error) {
	a, err := c.request(ctx, p.ID, p.frame())
	if err == nil {
		seq, err = a.seq()
	}
	if err != nil {
		return 0, fmt.Errorf("posting %s: %w", p.ID, err)
	}
	return seq, nil
}

// Read marks the topic as read up to seq.
func (c *Channel) Read(ctx context.Context, seq int64) error {
	if err := c.write(ctx, wire.AppendFrame(nil, wire.TypeRead, nil, fmt.Sprint(seq))); err != nil {
		return fmt.Errorf("marking as read up to %d: %w", seq, err)
	}
	return nil
}

// HeadAt is the chain's value at seq, as the server has it.
func (c *Channel) HeadAt(ctx context.Context, seq int64) (room.Head, error) {
	a, err := c.request(ctx, waitingHead, wire.AppendFrame(nil, wire.TypeHead, nil, fmt.Sprint(seq)))
	if err != nil {
		return room.Head{}, fmt.Errorf("asking for HEAD at %d: %w", seq, err)
	}
	hash, ok := room.ParseHash(a.field(1))
	if !ok {
		return room.Head{}, fmt.Errorf("asking for HEAD at %d: the answer has no hash", seq)
	}
	return room.Head{Seq: seq, Hash: hash}, nil
}

// Leave ends the channel and waits for the server's FIN. Who wants answers waits
// for them first: on a WebSocket a FIN ends both directions, and answers that
// the server still owes are lost.
func (c *Channel) Leave() {
	c.stream.CloseWrite()
	<-c.done
}

// write writes a whole frame. If it can't, a part may have gone, which ends
// the channel.
func (c *Channel) write(ctx context.Context, frame []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	hurried := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(hurried)
		c.stream.SetWriteDeadline(past)
	})
	_, err := c.stream.Write(frame)
	if !stop() {
		<-hurried
		c.stream.SetWriteDeadline(time.Time{})
	}
	if err != nil {
		c.stream.Reset(0)
		return cmp.Or(ctx.Err(), err)
	}
	return nil
}

// request writes a frame and waits for its answer.
func (c *Channel) request(ctx context.Context, key string, frame []byte) (answer, error) {
	got := make(chan answer, 1)
	c.mu.Lock()
	if _, twice := c.waiting[key]; twice {
		c.mu.Unlock()
		return answer{}, errTwice
	}
	c.waiting[key] = got
	c.mu.Unlock()
	if err := c.write(ctx, frame); err != nil {
		c.forget(key)
		return answer{}, err
	}
	select {
	case a := <-got:
		return a, a.err
	case <-c.done:
		select {
		case a := <-got: // it came before the end
			return a, a.err
		default:
			return answer{}, c.Err()
		}
	case <-ctx.Done():
		c.forget(key)
		return answer{}, ctx.Err()
	}
}

var errTwice = errors.New("this is being asked already")

func (c *Channel) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, key)
}

// read reads frames until the channel ends, and says why it did.
func (c *Channel) read() error {
	for {
		h, err := c.in.Next()
		if err != nil {
			c.over(err)
			if why := c.session.Err(); why != nil {
				return why
			}
			return fmt.Errorf("the channel ended: %w", err)
		}
		if err := c.frame(h); err != nil {
			c.over(err)
			return err
		}
	}
}

// over lets the transport forget the channel, whose end was met: FIN after the
// server's FIN, a reset else.
func (c *Channel) over(why error) {
	if !errors.Is(why, io.EOF) {
		c.stream.Reset(0)
		return
	}
	c.stream.SetWriteDeadline(past) // nobody reads what is being written
	c.writing.Lock()
	defer c.writing.Unlock()
	c.stream.CloseWrite()
}

func (c *Channel) frame(h *wire.Header) error {
	payload, err := c.in.Payload()
	if err != nil {
		return fmt.Errorf("the channel ended: %w", err)
	}
	switch h.Type {
	case wire.TypeMessage:
		return c.message(h, payload)
	case wire.TypeAck:
		c.answered(h.String(0), answer{fields: fields(h)})
	case wire.TypeErr:
		key := h.String(1)
		if key == wire.TypeHead && c.asksHead() {
			key = waitingHead
		}
		c.answered(key, answer{err: refused(h, payload)})
	case wire.TypeHead:
		c.answered(waitingHead, answer{fields: fields(h)})
	}
	return nil
}

// asksHead tells whether HEAD waits for its answer; if not, an ERR of this ref is
// that of a post which has it as its id.
func (c *Channel) asksHead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting[waitingHead] != nil
}

func (c *Channel) answered(key string, a answer) {
	c.mu.Lock()
	got := c.waiting[key]
	delete(c.waiting, key)
	c.mu.Unlock()
	switch {
	case got != nil:
		got <- a
	case c.hand.answered != nil:
		c.hand.answered(key, a)
	}
}

// message checks a MESSAGE against the chain and hands it on.
func (c *Channel) message(h *wire.Header, body []byte) error {
	m, err := parseMessage(h, body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	if m.Seq != c.at.Seq+1 {
		c.mu.Unlock()
		return fmt.Errorf("%w: %d came after %d", ErrBroken, m.Seq, c.at.Seq)
	}
	at := room.Head{Seq: m.Seq, Hash: room.ChainNext(c.at.Hash, &m, m.Length, m.Digest)}
	c.at = at
	c.mu.Unlock()
	c.hand.message(m, at)
	return nil
}
