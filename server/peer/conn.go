package peer

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// conn is a connection with one other peer: one channel, with one reader, and
// whoever has the turn as its writer. It is the same for whoever has dialed and
// whoever was, once the HELLO is over.
type conn struct {
	peer *Peer
	net  transport.PeerConn
	name string // who is there; where one has dialed, who should be; else "" until HELLO

	// Of whoever has dialed; else nil.
	ticket  string        // to be shown
	welcome chan struct{} // closed when it was good

	ctx    context.Context // ends when the connection is to end; its cause is an *ending
	cancel context.CancelCauseFunc

	stream  transport.Channel
	in      *wire.Reader
	helloBy time.Time
	pace    pace
	known   bool  // of the reader: the HELLO is over
	heard   int64 // of the reader: the seq of the last MESSAGE

	turn chan struct{} // the writer has it
	torn bool          // of the writer: a part of a frame was written
	said int64         // of the writer: the seq of the last MESSAGE

	mu      sync.Mutex // never held while anything waits
	closing bool       // the deadlines are the farewell's
	waiting map[int64]chan error
}

// ending is how a connection ends, and what those are told who wait for something.
type ending struct {
	frame    []byte         // an ERR that is said before; nil: none
	code     transport.Code // of the BYE; 0: none is said
	sentence string
	why      error
}

func (e *ending) Error() string { return e.why.Error() }
func (e *ending) Unwrap() error { return e.why }

func newConn(p *Peer, net transport.PeerConn) *conn {
	c := &conn{peer: p, net: net, turn: make(chan struct{}, 1), waiting: make(map[int64]chan error), helloBy: time.Now().Add(helloWithin)}
	c.in = wire.NewReader(arrivals{c})
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c
}

// end ends the connection; the first to say why is the one that counts.
func (c *conn) end(e *ending) { c.cancel(e) }

// why is how the connection has ended.
func (c *conn) why() error { return context.Cause(c.ctx) }

// serve is the connection's life, from its one channel on, which is opened or
// accepted first.
func (c *conn) serve(channel func(context.Context) (transport.Channel, error)) {
	ctx, cancel := context.WithDeadline(c.ctx, c.helloBy)
	defer cancel()
	var err error
	if c.stream, err = channel(ctx); err != nil {
		c.end(c.endingOf(os.ErrDeadlineExceeded))
		c.peer.forget(c)
		e := c.lastWords()
		c.net.Close(e.code, e.sentence)
		return
	}
	defer context.AfterFunc(c.ctx, c.hurry)()
	c.end(c.endingOf(c.read()))
	c.peer.forget(c)
	c.farewell(c.lastWords())
}

// read takes one frame after the other until there is a reason not to.
func (c *conn) read() error {
	if c.welcome != nil {
		if err := c.say(wire.AppendFrame(nil, wire.TypeHello, []byte(c.ticket), c.peer.config.Name)); err != nil {
			return err
		}
	}
	for {
		h, err := c.in.Next()
		if err != nil {
			return err
		}
		if err := c.pace.take(c.ctx, h.Length); err != nil {
			return err
		}
		if err := c.frame(h); err != nil {
			return err
		}
	}
}

// arrivals reads the channel, and does not wait for a HELLO, nor in the middle of
// a frame, longer than is allowed.
type arrivals struct{ c *conn }

func (a arrivals) Read(p []byte) (int, error) {
	c := a.c
	c.mu.Lock()
	switch {
	case c.closing:
	case !c.known:
		c.stream.SetReadDeadline(c.helloBy)
	case c.in.InFrame():
		c.stream.SetReadDeadline(time.Now().Add(room.PayloadSilence))
	default:
		c.stream.SetReadDeadline(time.Time{})
	}
	c.mu.Unlock()
	return c.stream.Read(p)
}

var past = time.Unix(0, 0)

// hurry ends the read that is under way, and soon the write.
func (c *conn) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.closing = true
		c.stream.SetReadDeadline(past)
		c.stream.SetWriteDeadline(time.Now().Add(farewellTime))
	}
}

// endingOf says what follows from what was read last.
func (c *conn) endingOf(err error) *ending {
	var e *ending
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, wire.ErrMalformed):
		return &ending{frame: errFrame(room.Refuse(room.ErrMalformed, err.Error()), ""), code: 400, sentence: room.ErrMalformed.Text, why: ErrBroken}
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return &ending{why: ErrLost}
	case c.known:
		silence := room.Refuse(room.ErrMalformed, "Nothing came for 10 seconds in the middle of a frame.")
		return &ending{frame: errFrame(silence, ""), code: 400, sentence: room.ErrMalformed.Text, why: ErrBroken}
	case c.welcome != nil:
		return &ending{why: ErrSilent}
	}
	return unwelcome()
}

func (c *conn) lastWords() *ending {
	var e *ending
	errors.As(c.why(), &e)
	return e
}

// farewell says how it ends, and FIN, and waits for a moment until that is heard.
func (c *conn) farewell(e *ending) {
	c.hurry()
	c.turn <- struct{}{} // whoever has it has a deadline
	if e.code != 0 && !c.torn {
		c.stream.SetWriteDeadline(time.Now().Add(farewellTime))
		c.stream.Write(append(e.frame, byeFrame(e)...)) // that it may fail is what the deadline is for
	}
	c.stream.CloseWrite()
	c.give()
	c.stream.SetReadDeadline(time.Now().Add(farewellTime))
	io.Copy(io.Discard, c.stream)
	c.net.Close(e.code, e.sentence)
}

// pace keeps whoever sends to what may be posted in a room.
type pace struct{ until time.Time }

// take waits until a frame more has room.
func (p *pace) take(ctx context.Context, octets int) error {
	const burst = room.PostBurst * time.Second / room.PostRate
	now := time.Now()
	if p.until.Before(now) {
		p.until = now
	}
	p.until = p.until.Add(time.Second/room.PostRate + time.Duration(octets)*time.Second/room.PostOctetRate)
	ahead := p.until.Sub(now) - burst
	if ahead <= 0 {
		return nil
	}
	timer := time.NewTimer(ahead)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
