package peer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"redroom/server/room"
	"redroom/server/wire"
)

const maxTicket = 1 << 10 // octets of HELLO's payload

// errNotTaken is told to whoever has sent what OnMessage refuses.
var errNotTaken = room.Refuse(room.ErrUnavailable, "It was not taken.")

// frame does what a frame asks for. Types that mean nothing between peers are
// skipped, which is how the protocol grows.
func (c *conn) frame(h *wire.Header) error {
	switch {
	case h.Type == wire.TypeBye:
		return &ending{why: ErrLeft}
	case h.Type == wire.TypePing && h.Length > 0:
		return c.say(errFrame(room.Refuse(room.ErrTooLarge, "PING has no payload."), h.Type))
	case h.Type == wire.TypePing:
		if !c.known && c.welcome == nil {
			c.helloBy = time.Now().Add(askAgain) // it may be the directory, which asks again
		}
		return c.say(pongFrame(h))
	case !c.known && c.welcome != nil:
		return c.awaitWelcome(h)
	case !c.known:
		return c.awaitHello(h)
	}
	switch h.Type {
	case wire.TypeMessage:
		return c.message(h)
	case wire.TypeAck:
		if seq, ok := h.Number(0); ok {
			c.answered(seq, nil)
		}
	case wire.TypeErr:
		code, _ := h.Number(0)
		if seq, ok := h.Number(1); ok {
			c.answered(seq, &Refused{Code: code})
		}
	case wire.TypeHello:
		return c.say(errFrame(room.Refuse(room.ErrExists, "You have said HELLO already."), h.Type))
	}
	return nil
}

// awaitWelcome takes the answer to HELLO.
func (c *conn) awaitWelcome(h *wire.Header) error {
	switch h.Type {
	case wire.TypeAck:
		if h.String(0) != wire.TypeHello || h.String(1) != c.name {
			return &ending{code: 400, sentence: "This is no answer to HELLO.", why: ErrBroken}
		}
		if !c.peer.know(c, c.name) {
			return &ending{code: 503, sentence: "There is no room for more.", why: ErrClosed}
		}
		c.known = true
		close(c.welcome)
	case wire.TypeErr:
		code, _ := h.Number(0)
		return &ending{why: &Refused{Code: code}}
	case wire.TypeMessage:
		return &ending{code: 400, sentence: "HELLO waits for its answer.", why: ErrBroken}
	}
	return nil
}

// awaitHello takes a HELLO, and nothing else that means something: whatever is
// wrong, the answer is the same.
func (c *conn) awaitHello(h *wire.Header) error {
	switch h.Type {
	case wire.TypeHello:
		return c.hello(h)
	case wire.TypeMessage, wire.TypeAck, wire.TypeErr:
		return unwelcome()
	}
	return nil
}

func (c *conn) hello(h *wire.Header) error {
	if h.Length > maxTicket {
		return unwelcome()
	}
	name := h.String(0)
	ticket, err := c.in.Payload()
	if err != nil {
		return err
	}
	if err := c.peer.tickets.use(string(ticket), name, c.peer.config.Name, c.net.Fingerprint); err != nil {
		c.peer.config.Log.Debug("a HELLO was refused", "remote", c.net.Remote(), "error", err)
		return unwelcome()
	}
	// Nothing is said to the peer before the answer.
	c.turn <- struct{}{}
	defer c.give()
	c.name = name
	if !c.peer.know(c, name) {
		return &ending{frame: errFrame(room.ErrFull, wire.TypeHello), code: 503, sentence: room.ErrFull.Text, why: ErrClosed}
	}
	c.known = true
	return c.write(wire.AppendFrame(nil, wire.TypeAck, nil, wire.TypeHello, c.peer.config.Name))
}

// message hands on what was said, and acknowledges it. What is refused has had
// its seq nevertheless; one that isn't the next one hasn't.
func (c *conn) message(h *wire.Header) error {
	seq, ok := h.Number(0)
	at, ok2 := h.Number(2)
	if !ok || !ok2 || h.NumFields() < 6 || seq != c.heard+1 {
		why := room.Refuse(room.ErrUnprocessable, fmt.Sprintf("The next MESSAGE is %d, and has the fields seq, author, unix-ms, kind, ref and salt.", c.heard+1))
		return c.say(errFrame(why, h.String(0)))
	}
	c.heard = seq
	ref := strconv.FormatInt(seq, 10)
	switch {
	case h.String(1) != c.name:
		return c.say(errFrame(room.Refuse(room.ErrForbidden, "The author is who has said HELLO."), ref))
	case h.String(3) != string(room.Text):
		return c.say(errFrame(room.Refuse(room.ErrUnprocessable, "Peers send text only."), ref))
	case h.Length > room.MaxText:
		return c.say(errFrame(room.Refuse(room.ErrTooLarge, fmt.Sprintf("A text has at most %d octets.", room.MaxText)), ref))
	}
	text, err := c.in.Payload()
	if err != nil {
		return err
	}
	if !utf8.Valid(text) {
		return c.say(errFrame(room.Refuse(room.ErrUnprocessable, "A text is UTF-8."), ref))
	}
	if take := c.peer.config.OnMessage; take == nil || take(Message{From: c.name, Text: string(text), At: time.UnixMilli(at), Seq: seq}) != nil {
		return c.say(errFrame(errNotTaken, ref))
	}
	return c.say(wire.AppendFrame(nil, wire.TypeAck, nil, ref))
}

// answered tells who waits for it what became of a message.
func (c *conn) answered(seq int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.waiting[seq]; got != nil {
		got <- err // it has room for the one answer
		delete(c.waiting, seq)
	}
}

func (c *conn) stopWaiting(seq int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, seq)
}

// tell sends a message and waits for the acknowledgment.
func (c *conn) tell(ctx context.Context, text string) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	c.said++
	seq, got := c.said, make(chan error, 1)
	c.mu.Lock()
	c.waiting[seq] = got
	c.mu.Unlock()
	defer c.stopWaiting(seq)
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	err := c.write(wire.AppendFrame(nil, wire.TypeMessage, []byte(text), strconv.FormatInt(seq, 10), c.peer.config.Name, now, string(room.Text), "", ""))
	c.give()
	if err != nil {
		return err
	}
	timer := time.NewTimer(answerWithin)
	defer timer.Stop()
	select {
	case err = <-got:
	case <-c.ctx.Done():
		select {
		case err = <-got: // it came before the end
		default:
			err = c.why()
		}
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = ErrSilent
	}
	return err
}

// say writes a frame of the reader's. An acknowledgment is written even when the
// connection is to end: the reader says BYE after it.
func (c *conn) say(frame []byte) error {
	c.turn <- struct{}{} // whoever has it has a deadline
	defer c.give()
	return c.write(frame)
}

// take waits for the writer's turn, which ends with give; after the connection's
// end there is none.
func (c *conn) take(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
	case <-c.ctx.Done():
		return c.why()
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.ctx.Err() != nil {
		c.give()
		return c.why()
	}
	return nil
}

func (c *conn) give() { <-c.turn }

// write writes a frame, whose turn it is. Where it can't, that is the end.
func (c *conn) write(frame []byte) error {
	c.mu.Lock()
	if !c.closing {
		c.stream.SetWriteDeadline(time.Now().Add(writeWithin))
	}
	c.mu.Unlock()
	if n, err := c.stream.Write(frame); err != nil {
		c.torn = n > 0
		c.end(&ending{why: ErrLost})
		return c.why()
	}
	return nil
}

// unwelcome is the one answer to every HELLO that is not good, and to what comes
// without one.
func unwelcome() *ending {
	why := room.Refuse(room.ErrNotSignedIn, "Say HELLO with a ticket that is good.")
	return &ending{frame: errFrame(why, wire.TypeHello), code: 401, sentence: why.Text, why: errors.New("nobody has shown a ticket that is good")}
}

func errFrame(why *room.Error, ref string) []byte {
	return wire.AppendFrame(nil, wire.TypeErr, []byte(why.Text), strconv.Itoa(why.Code), ref)
}

func byeFrame(e *ending) []byte {
	return wire.AppendFrame(nil, wire.TypeBye, []byte(e.sentence), strconv.Itoa(int(e.code)))
}

// pongFrame answers a PING with its cookie.
func pongFrame(h *wire.Header) []byte {
	if !h.Has(0) {
		return wire.AppendFrame(nil, wire.TypePong, nil)
	}
	return wire.AppendFrame(nil, wire.TypePong, nil, h.String(0))
}
