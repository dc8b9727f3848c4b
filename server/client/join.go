package client

import (
	"cmp"
	"context"
	"fmt"

	"redroom/server/room"
	"redroom/server/wire"
)

// Proof is what a client that has messages shows of them: where it is, and in
// which life of the store.
type Proof struct {
	Epoch string
	Hash  room.Hash
}

// Join begins behind seq after, or with the last -after messages. proof may be
// nil, each too. each is called with every message; see the package comment.
func (s *Session) Join(ctx context.Context, topic string, after int64, proof *Proof, each func(room.Message)) (*Channel, error) {
	c, err := s.join(ctx, topic, after, proof, hand{message: func(m room.Message, _ room.Head) {
		if each != nil {
			each(m)
		}
	}})
	if err != nil {
		return nil, err
	}
	s.running.Go(func() {
		err := c.read()
		c.mu.Lock()
		c.err = err
		c.mu.Unlock()
		close(c.done)
	})
	return c, nil
}

// join opens a channel and joins a topic there; its caller has to read it.
func (s *Session) join(ctx context.Context, topic string, after int64, proof *Proof, to hand) (*Channel, error) {
	stream, err := s.conn.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("joining topic %s: %w", topic, err)
	}
	c := &Channel{ID: topic, session: s, stream: stream, ear: newEar(stream), hand: to, done: make(chan struct{}), waiting: make(map[string]chan<- answer)}
	c.in = wire.NewReader(c.ear)
	stop := context.AfterFunc(ctx, func() { stream.Reset(0) })
	err = c.ask(after, proof)
	if !stop() {
		err = cmp.Or(err, ctx.Err())
	}
	if err != nil {
		c.over(err)
		return nil, fmt.Errorf("joining topic %s: %w", topic, err)
	}
	return c, nil
}

// ask says JOIN and reads ACK 0 topic head epoch from hash.
func (c *Channel) ask(after int64, proof *Proof) error {
	join := []string{c.ID, fmt.Sprint(after)}
	if proof != nil {
		join = append(join, proof.Epoch, proof.Hash.String())
	}
	// That it can't be written may have been said why.
	_, unwritten := c.stream.Write(wire.AppendFrame(nil, wire.TypeJoin, nil, join...))
	h, err := c.in.Next()
	if err != nil {
		return cmp.Or(unwritten, err)
	}
	payload, err := c.in.Payload()
	if err != nil {
		return err
	}
	if h.Type == wire.TypeErr {
		return refused(h, payload)
	}
	head, ok := h.Number(1)
	from, ok2 := h.Number(3)
	hash, ok3 := room.ParseHash(h.String(4))
	if h.Type != wire.TypeAck || !ok || !ok2 || !ok3 {
		return fmt.Errorf("the server answered JOIN with %s", h.Type)
	}
	c.Head, c.Epoch, c.From = head, h.String(2), from
	start := max(after, from-1)
	if after < 0 {
		start = max(head+after, from-1)
	}
	c.at = room.Head{Seq: start, Hash: hash}
	return nil
}
