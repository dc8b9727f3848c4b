package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// channel is one cursor of the load on one topic. Its goroutine reads it; a
// writer's is written by the writer.
type channel struct {
	run    *run
	topic  *topic
	writer *writer // nil: it only reads
	name   string  // for errors

	stream transport.Channel
	in     *wire.Reader
	now    time.Duration // when the newest octets came

	checked *client.Channel // in place of the two, with Load.Check

	seq     atomic.Int64 // has come so far
	sum     uint64       // fingerprints of what came
	receipt histogram

	complete     chan struct{} // closed when everything has come
	completeOnce sync.Once
	leaving      chan struct{} // closed when it is to end
	ended        chan struct{} // closed when it has
}

// join opens a channel on a topic and starts its goroutine.
func (s *session) join(ctx context.Context, t *topic, w *writer, name string) (*channel, error) {
	c := &channel{run: s.run, topic: t, writer: w, name: name}
	c.complete, c.leaving, c.ended = make(chan struct{}), make(chan struct{}), make(chan struct{})
	if s.run.load.Check && w == nil {
		return c, c.joinChecked(ctx, s)
	}
	stream, err := s.conn.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: opening a channel: %w", name, err)
	}
	c.stream = stream
	c.in = wire.NewReader(arrivals{c})
	if _, err := stream.Write(wire.AppendFrame(nil, wire.TypeJoin, nil, t.id, "0")); err != nil {
		return nil, fmt.Errorf("%s: joining: %w", name, err)
	}
	stop := context.AfterFunc(ctx, func() { stream.Reset(0) })
	defer stop()
	h, err := c.in.Next()
	if err == nil && h.Type == wire.TypeErr {
		err = refusal(h, c.in)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: joining: %w", name, err)
	}
	if head, ok := h.Number(1); h.Type != wire.TypeAck || !ok || head != 0 {
		return nil, fmt.Errorf("%s: joining: the topic isn't a new one: %s %d", name, h.Type, head)
	}
	s.run.running.Go(func() {
		defer close(c.ended)
		if err := c.read(); err != nil {
			s.fail(name, err)
		}
	})
	return c, nil
}

// joinChecked has the chain checked by the Go client.
func (c *channel) joinChecked(ctx context.Context, s *session) (err error) {
	c.checked, err = s.client.Join(ctx, c.topic.id, 0, nil, func(m room.Message) {
		c.now = s.run.clock()
		if err := c.message(m.Seq, m.Body); err != nil {
			s.fail(c.name, err)
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	s.run.running.Go(func() {
		defer close(c.ended)
		select {
		case <-c.leaving:
			c.checked.Leave()
		case <-c.checked.Done():
		}
		if err := c.checked.Err(); !errors.Is(err, io.EOF) || !c.isComplete() {
			s.fail(c.name, err)
		}
	})
	return nil
}

// arrivals notes when octets come.
type arrivals struct{ c *channel }

func (a arrivals) Read(p []byte) (int, error) {
	n, err := a.c.stream.Read(p)
	a.c.now = a.c.run.clock()
	return n, err
}

// read takes what comes until the server's FIN, which is right only when
// everything has come.
func (c *channel) read() error {
	for {
		h, err := c.in.Next()
		switch {
		case errors.Is(err, io.EOF) && c.isComplete():
			return nil
		case err != nil:
			return fmt.Errorf("the channel ended after message %d: %w", c.seq.Load(), err)
		}
		switch h.Type {
		case wire.TypeMessage:
			err = c.readMessage(h)
		case wire.TypeAck:
			err = c.acknowledged(h)
		case wire.TypeErr:
			err = refusal(h, c.in)
		}
		if err != nil {
			return err
		}
	}
}

func (c *channel) readMessage(h *wire.Header) error {
	seq, ok := h.Number(0)
	if !ok {
		return errors.New("a MESSAGE has no seq")
	}
	text, err := c.in.Payload()
	if err != nil {
		return fmt.Errorf("the channel ended in message %d: %w", seq, err)
	}
	return c.message(seq, text)
}

// message counts one that came, which must be the next one.
func (c *channel) message(seq int64, text []byte) error {
	before := c.seq.Load()
	if seq != before+1 {
		return fmt.Errorf("message %d came after message %d", seq, before)
	}
	total := c.topic.total.Load()
	if seq > total {
		return fmt.Errorf("message %d came, and only %d were acknowledged", seq, total)
	}
	p, ok := parseText(text, c.run.load.Size)
	if !ok {
		return fmt.Errorf("message %d is none that was posted", seq)
	}
	if c.run.inWindow(p.at) {
		c.receipt.record(c.now - p.at)
	}
	c.sum += fingerprint(seq, p.number)
	c.seq.Store(seq)
	c.topic.came(seq)
	if seq == c.topic.total.Load() {
		c.hasAll()
	}
	return nil
}

func (c *channel) acknowledged(h *wire.Header) error {
	seq, ok := h.Number(1)
	if !ok || c.writer == nil {
		return fmt.Errorf("an ACK that answers nothing: %s", h.String(0))
	}
	return c.writer.acknowledged(c, h.Field(0), seq)
}

// hasAll notes that every message of the topic has come.
func (c *channel) hasAll() { c.completeOnce.Do(func() { close(c.complete) }) }

func (c *channel) isComplete() bool {
	select {
	case <-c.complete:
		return true
	default:
		return false
	}
}

// leave says FIN; the goroutine ends with the server's.
func (c *channel) leave() {
	close(c.leaving)
	if c.stream != nil {
		c.stream.CloseWrite() // where it fails, the goroutine hears of it too
	}
}

// refusal is ERR n code ref as an error.
func refusal(h *wire.Header, in *wire.Reader) error {
	code, ref := h.String(0), h.String(1)
	sentence, err := in.Payload()
	if err != nil {
		return err
	}
	return fmt.Errorf("the server refused %s: %s %s", ref, code, sentence)
}
