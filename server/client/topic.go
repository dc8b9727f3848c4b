package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// ErrBroken means that a topic's messages are not what its chain says, or not
// the next ones: the log was changed, or the server is wrong.
var ErrBroken = errors.New("the topic's chain is broken")

// Topic is a cursor on a topic's log.
type Topic struct {
	ID    string
	Head  int64 // the newest seq when it was joined
	From  int64 // the first seq that one may read
	Epoch string

	client  *Client
	channel transport.Channel
	onEach  func(room.Message)
	done    chan struct{}
	writing sync.Mutex // one frame at a time

	mu      sync.Mutex               // never held while anything waits
	at      room.Head                // read up to, with the chain's value there
	waiting map[string]chan<- answer // posts by client id, and HEAD
	err     error
}

const waitingHead = " " // no client id has a space

// Proof is what a client that has messages shows of them: where it is, and in
// which life of the store.
type Proof struct {
	Epoch string
	Hash  room.Hash
}

// Join begins behind seq after, or with the last -after messages. proof may be
// nil. each is called with every message; see the package comment.
func (c *Client) Join(ctx context.Context, topic string, after int64, proof *Proof, each func(room.Message)) (*Topic, error) {
	channel, err := c.conn.Open(ctx)
	if err != nil {
		return nil, err
	}
	ask := []string{topic, fmt.Sprint(after)}
	if proof != nil {
		ask = append(ask, proof.Epoch, proof.Hash.String())
	}
	if _, err := channel.Write(wire.AppendFrame(nil, wire.TypeJoin, nil, ask...)); err != nil {
		return nil, fmt.Errorf("joining topic %s: %w", topic, err)
	}
	stop := context.AfterFunc(ctx, func() { channel.Reset(0) })
	in := wire.NewReader(channel)
	t := &Topic{ID: topic, client: c, channel: channel, onEach: each, done: make(chan struct{}), waiting: make(map[string]chan<- answer)}
	err = t.joined(in, after)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		channel.CloseWrite()
		channel.Reset(0)
		return nil, fmt.Errorf("joining topic %s: %w", topic, err)
	}
	c.running.Go(func() { t.read(in) })
	return t, nil
}

// joined reads ACK 0 topic head epoch from hash.
func (t *Topic) joined(in *wire.Reader, after int64) error {
	h, err := in.Next()
	if err != nil {
		return err
	}
	payload, err := in.Payload()
	if err != nil {
		return err
	}
	if h.Type == wire.TypeErr {
		return refusal(h, payload)
	}
	head, ok := h.Number(1)
	from, ok2 := h.Number(3)
	hash, ok3 := room.ParseHash(h.String(4))
	if h.Type != wire.TypeAck || !ok || !ok2 || !ok3 {
		return fmt.Errorf("the server answered JOIN with %s", h.Type)
	}
	t.Head, t.Epoch, t.From = head, h.String(2), from
	start := max(after, from-1)
	if after < 0 {
		start = max(head+after, from-1)
	}
	t.at = room.Head{Seq: start, Hash: hash}
	return nil
}

// At is how far the messages were read, with the chain's value there.
func (t *Topic) At() room.Head {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

// Done is closed when the channel has ended; Err says why.
func (t *Topic) Done() <-chan struct{} { return t.done }

// Err is why the channel ended; nil while it lives.
func (t *Topic) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Post is a message to be posted.
type Post struct {
	ID   string    // the client id
	Kind room.Kind // "": text
	Ref  int64     // the seq that it replies to, edits or redacts; 0: none
	Body string
}

// Post says text in the topic, ref being the seq it replies to or 0; see Send.
func (t *Topic) Post(ctx context.Context, id, text string, ref int64) (seq int64, err error) {
	return t.Send(ctx, Post{ID: id, Ref: ref, Body: text})
}

// Send posts a message and returns its seq when it is on stable storage. The
// same id may be sent again, whatever came of it.
func (t *Topic) Send(ctx context.Context, p Post) (seq int64, err error) {
	ask := []string{p.ID}
	if p.Kind != "" || p.Ref != 0 {
		ask = append(ask, string(cmp.Or(p.Kind, room.Text)))
	}
	if p.Ref != 0 {
		ask = append(ask, fmt.Sprint(p.Ref))
	}
	a, err := t.ask(ctx, p.ID, wire.AppendFrame(nil, wire.TypePost, []byte(p.Body), ask...))
	if err != nil {
		return 0, fmt.Errorf("posting %s: %w", p.ID, err)
	}
	if _, err := fmt.Sscan(a.field(1), &seq); err != nil {
		return 0, fmt.Errorf("posting %s: the ACK has no seq: %w", p.ID, err)
	}
	return seq, nil
}

// Read marks the topic as read up to seq.
func (t *Topic) Read(ctx context.Context, seq int64) error {
	if err := t.write(ctx, wire.AppendFrame(nil, wire.TypeRead, nil, fmt.Sprint(seq))); err != nil {
		return fmt.Errorf("marking as read up to %d: %w", seq, err)
	}
	return nil
}

// HeadAt is the chain's value at seq, as the server has it.
func (t *Topic) HeadAt(ctx context.Context, seq int64) (room.Head, error) {
	a, err := t.ask(ctx, waitingHead, wire.AppendFrame(nil, wire.TypeHead, nil, fmt.Sprint(seq)))
	if err != nil {
		return room.Head{}, fmt.Errorf("asking for HEAD at %d: %w", seq, err)
	}
	hash, ok := room.ParseHash(a.field(1))
	if !ok {
		return room.Head{}, fmt.Errorf("asking for HEAD at %d: the answer has no hash", seq)
	}
	return room.Head{Seq: seq, Hash: hash}, nil
}

// Leave ends the channel and waits for the server's answers before its FIN.
func (t *Topic) Leave() {
	t.channel.CloseWrite()
	<-t.done
}

// write writes a whole frame. If it can't, a part may have gone, which ends
// the channel.
func (t *Topic) write(ctx context.Context, frame []byte) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	hurried := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(hurried)
		t.channel.SetWriteDeadline(time.Now())
	})
	_, err := t.channel.Write(frame)
	if !stop() {
		<-hurried
		t.channel.SetWriteDeadline(time.Time{})
	}
	if err != nil {
		t.channel.Reset(0)
		return cmp.Or(ctx.Err(), err)
	}
	return nil
}

// ask writes a frame and waits for its answer.
func (t *Topic) ask(ctx context.Context, key string, frame []byte) (answer, error) {
	got := make(chan answer, 1)
	t.mu.Lock()
	if _, twice := t.waiting[key]; twice {
		t.mu.Unlock()
		return answer{}, errors.New("this is being asked already")
	}
	t.waiting[key] = got
	t.mu.Unlock()
	if err := t.write(ctx, frame); err != nil {
		t.forget(key)
		return answer{}, err
	}
	select {
	case a := <-got:
		return a, a.err
	case <-t.done:
		select {
		case a := <-got: // it came before the end
			return a, a.err
		default:
			return answer{}, t.Err()
		}
	case <-ctx.Done():
		t.forget(key)
		return answer{}, ctx.Err()
	}
}

func (t *Topic) forget(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, key)
}

func (t *Topic) read(in *wire.Reader) {
	err := t.readAll(in)
	t.mu.Lock()
	t.err = err
	t.mu.Unlock()
	close(t.done)
}

func (t *Topic) readAll(in *wire.Reader) error {
	for {
		h, err := in.Next()
		if err != nil {
			if bye := t.client.Err(); bye != nil {
				return bye
			}
			return fmt.Errorf("the channel ended: %w", err)
		}
		payload, err := in.Payload()
		if err != nil {
			return fmt.Errorf("the channel ended: %w", err)
		}
		switch h.Type {
		case wire.TypeMessage:
			if err := t.message(h, payload); err != nil {
				return err
			}
		case wire.TypeAck:
			t.answered(h.String(0), answer{fields: fields(h)})
		case wire.TypeErr:
			key := h.String(1)
			if key == wire.TypeHead {
				key = waitingHead
			}
			t.answered(key, answer{err: refusal(h, payload)})
		case wire.TypeHead:
			t.answered(waitingHead, answer{fields: fields(h)})
		}
	}
}

func (t *Topic) answered(key string, a answer) {
	t.mu.Lock()
	got := t.waiting[key]
	delete(t.waiting, key)
	t.mu.Unlock()
	if got != nil {
		got <- a
	}
}

// message checks a MESSAGE against the chain and hands it on.
func (t *Topic) message(h *wire.Header, body []byte) error {
	m, err := parseMessage(h, body)
	if err != nil {
		return err
	}
	t.mu.Lock()
	if m.Seq != t.at.Seq+1 {
		t.mu.Unlock()
		return fmt.Errorf("%w: %d came after %d", ErrBroken, m.Seq, t.at.Seq)
	}
	t.at = room.Head{Seq: m.Seq, Hash: room.ChainNext(t.at.Hash, &m, m.Length, m.Digest)}
	t.mu.Unlock()
	if t.onEach != nil {
		t.onEach(m)
	}
	return nil
}

// parseMessage reads MESSAGE n seq author unix-ms kind ref salt, or what stands
// for one whose words were removed.
func parseMessage(h *wire.Header, body []byte) (room.Message, error) {
	senseless := fmt.Errorf("%w: a MESSAGE has senseless fields", ErrBroken)
	m := room.Message{Author: h.String(1), Kind: room.Kind(h.String(3))}
	var ok, ok2 bool
	m.Seq, ok = h.Number(0)
	m.At, ok2 = h.Number(2)
	if !ok || !ok2 {
		return m, senseless
	}
	if len(h.Field(4)) > 0 {
		m.Ref, _ = h.Number(4)
	}
	if length, redacted := h.Option("redacted"); redacted {
		digest, _ := h.Option("digest")
		n, err := strconv.Atoi(length)
		if m.Digest, ok = room.ParseHash(digest); !ok || err != nil || n < 0 || len(body) > 0 {
			return m, senseless
		}
		m.Redacted, m.Length = true, n
		return m, nil
	}
	salt, err := base64.RawURLEncoding.DecodeString(h.String(5))
	if err != nil || copy(m.Salt[:], salt) != len(m.Salt) {
		return m, senseless
	}
	m.Body, m.Length, m.Digest = bytes.Clone(body), len(body), room.Digest(m.Salt, body)
	return m, nil
}
