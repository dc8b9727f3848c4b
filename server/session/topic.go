package session

import (
	"errors"
	"fmt"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// rightEnded is the code of a stream that is reset because its user may not
// read the topic any more.
const rightEnded = transport.Code(404)

// topicChannel is a cursor on one topic, with posts going the other way.
type topicChannel struct {
	*channel
	user  string
	topic string
	from  int64 // the first seq that the user may read

	read chan int64    // one slot: the newest READ, for the writer
	over chan struct{} // closed when nothing more comes in
	last []byte        // then, what to say before FIN; may be nil
}

// topicFrames says what handles a frame on a topic's channel.
var topicFrames = map[string]func(*topicChannel, *wire.Header) error{
	wire.TypePost:  (*topicChannel).post,
	wire.TypeRead:  (*topicChannel).mark,
	wire.TypeHead:  (*topicChannel).head,
	wire.TypePing:  (*topicChannel).ping,
	wire.TypePong:  (*topicChannel).pong,
	wire.TypeJoin:  (*topicChannel).misplaced,
	wire.TypeToken: (*topicChannel).misplaced,
	wire.TypeUser:  (*topicChannel).misplaced,
	wire.TypePass:  (*topicChannel).misplaced,
	wire.TypeWatch: (*topicChannel).misplaced,

	wire.TypeBind:   (*topicChannel).misplaced,
	wire.TypeQuery:  (*topicChannel).misplaced,
	wire.TypeLeave:  (*topicChannel).misplaced,
	wire.TypeTicket: (*topicChannel).misplaced,
	wire.TypeCalc:   (*topicChannel).misplaced,
}

var (
	errEnded      = errors.New("the session has ended")
	errUnreadable = errors.New("the topic can't be read on")
)

// serveTopic answers JOIN, and serves the channel until either side ends it.
func serveTopic(c *channel, user string, first *wire.Header) {
	if first.Length > 0 {
		c.refuse(noPayload(first.Type), first.String(0))
		return
	}
	j, err := c.s.join(user, first)
	if err == nil {
		err = c.s.noteOpening(first.String(0))
	}
	if err != nil {
		refusal := room.AsError(err)
		if isDenied(err) {
			c.s.tellDenied(first.Type, first.String(0), err)
		}
		var detail []string
		switch refusal.Code {
		case 409:
			detail = []string{c.s.server.Store.Epoch()}
		case 503:
			detail = []string{"1"}
		}
		c.hangUp(errFrame(refusal, first.String(0), detail...))
		return
	}
	t := &topicChannel{
		channel: c,
		user:    user,
		topic:   first.String(0),
		from:    j.from,
		read:    make(chan int64, 1),
		over:    make(chan struct{}),
	}
	c.s.use()
	defer c.s.atEnd(c, c.cut)()
	defer c.s.untilDrained(c)()

	cursor := c.s.server.Hub.Open(c.s.actor(), t.topic, j.from, j.start)
	c.may = cursor.Check
	cursor.WhenStale(c.interrupt)
	written := make(chan struct{})
	c.s.running.Go(func() {
		defer close(written)
		defer cursor.Close()
		t.write(cursor, j)
	})
	t.last = t.readAll()
	close(t.over)
	<-written
	t.listenOut()
}

// readAll handles frames until nothing more comes in. It gives the ERR for what
// could not be read, if that was the end.
func (t *topicChannel) readAll() []byte {
	for {
		h, err := t.next(t.s.taking, 0)
		if err == nil {
			err = t.handle(h)
		}
		if err != nil {
			return t.badInput(err)
		}
	}
}

func (t *topicChannel) handle(h *wire.Header) error {
	handler := topicFrames[h.Type]
	switch {
	case handler == nil:
		return nil
	case h.Length > 0 && h.Type != wire.TypePost:
		return t.refuseFrame(h, noPayload(h.Type))
	}
	return handler(t, h)
}

// reply answers at once, when there is a place.
func (t *topicChannel) reply(octets []byte) error {
	if !t.place() {
		return errEnded
	}
	t.answer(octets)
	return nil
}

func (t *topicChannel) refuseFrame(h *wire.Header, why *room.Error) error {
	return t.reply(errFrame(why, refOf(h)))
}

// mark handles READ 0 seq, which has no answer unless it is senseless.
func (t *topicChannel) mark(h *wire.Header) error {
	seq, ok := h.Number(0)
	if !ok {
		return t.refuseFrame(h, room.Refuse(room.ErrUnprocessable, "READ 0 seq: seq is a number."))
	}
	select {
	case before := <-t.read:
		seq = max(seq, before)
	default:
	}
	t.s.use()
	t.read <- seq // this goroutine is the only one that fills the slot
	return nil
}

// head handles HEAD 0 [seq].
func (t *topicChannel) head(h *wire.Header) error {
	at := t.s.server.Store.Head(t.topic)
	if h.Has(0) {
		seq, ok := h.Number(0)
		if !ok || seq < t.from-1 || seq > at.Seq {
			return t.refuseFrame(h, room.Refuse(room.ErrUnprocessable, fmt.Sprintf("HEAD 0 seq: seq is %d to %d.", t.from-1, at.Seq)))
		}
		hash, err := t.s.server.Store.HashAt(t.s.ctx, t.topic, seq)
		if err != nil {
			return t.refuseFrame(h, room.AsError(err))
		}
		at = room.Head{Seq: seq, Hash: hash}
	}
	return t.reply(wire.AppendFrame(nil, wire.TypeHead, nil, number(at.Seq), at.Hash.String()))
}

func (t *topicChannel) ping(h *wire.Header) error { return t.reply(pong(h)) }

func (t *topicChannel) pong(*wire.Header) error { return nil }

func (t *topicChannel) misplaced(h *wire.Header) error {
	return t.refuseFrame(h, room.Refuse(room.ErrUnprocessable, h.Type+" does not belong on a topic's channel."))
}

// write writes the ACK of JOIN, then messages, with answers between them,
// until the input has ended and is answered, or the right ends.
func (t *topicChannel) write(cursor Cursor, j joined) {
	m := &marks{t: t, timer: time.NewTimer(0)}
	defer m.flush()
	err := t.send(ackFrame(t.topic, number(j.head), j.epoch, number(j.from), j.hash.String()))
	for err == nil && !t.inputOver() {
		err = t.writeNext(cursor, m)
	}
	if err == nil {
		err = t.finish()
	}
	if err != nil {
		t.giveUp(err)
		t.drain()
	}
}

func (t *topicChannel) inputOver() bool {
	select {
	case <-t.over:
		return true
	default:
		return false
	}
}

// writeNext writes the answers that are there, or else messages, or else waits
// until there is something to do.
func (t *topicChannel) writeNext(cursor Cursor, m *marks) error {
	select {
	case a := <-t.answers:
		return t.channel.write(a)
	default:
	}
	if behind := t.s.load.Behind(); behind > 0 {
		return t.rest(min(behind, restAtMost))
	}
	octets, wake, err := cursor.Next(t.s.ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errUnreadable, err)
	case octets != nil:
		t.s.load.Wrote(len(octets))
		return t.writeMessages(cursor, octets)
	}
	select {
	case a := <-t.answers:
		return t.channel.write(a)
	case <-wake:
	case seq := <-t.read:
		m.note(seq)
	case <-m.timer.C:
		m.flush()
	case <-t.over:
	case <-t.s.ctx.Done():
		return errEnded
	}
	return nil
}

// restAtMost is how long the end of a right may go unnoticed at a reader of whom
// more was read than may be.
const restAtMost = time.Second / 4

// rest writes no messages for a while, as much as the user has had already, but
// an answer.
func (t *topicChannel) rest(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case a := <-t.answers:
		return t.channel.write(a)
	case <-timer.C:
	case <-t.over:
	case <-t.s.ctx.Done():
		return errEnded
	}
	return nil
}

// finish writes the answers that are still owed, the last words, and FIN.
func (t *topicChannel) finish() error {
	for len(t.places) > 0 {
		select {
		case a := <-t.answers:
			if err := t.channel.write(a); err != nil {
				return err
			}
		case <-t.s.ctx.Done():
			return errEnded
		}
	}
	if t.last != nil {
		if err := t.send(t.last); err != nil {
			return err
		}
	}
	return t.stream.CloseWrite()
}

// giveUp ends the channel without another word: the right has ended, the store
// can't be read, or the stream can't be written.
func (t *topicChannel) giveUp(why error) {
	switch {
	case t.s.ctx.Err() != nil: // it ends with its session
	case errors.Is(why, room.ErrNotFound):
		t.stream.Reset(rightEnded)
	case errors.Is(why, errUnreadable):
		t.s.log.Error("a topic can't be read on", "user", t.user, "topic", t.topic, "error", why)
		t.s.end(signInRefused(room.ErrUnavailable, t.topic))
	default:
		t.stream.Reset(0) // the reader ends by it too
	}
}

// writeMessages writes what the cursor gave, but what became stale meanwhile.
// A frame that was begun comes to its end, so that frames stay whole.
func (t *topicChannel) writeMessages(cursor Cursor, octets []byte) error {
	t.beginWrite()
	for len(octets) > 0 {
		n, err := t.stream.Write(octets)
		if err == nil || !t.resumes(err) {
			return err
		}
		if octets, err = cursor.Took(n); err != nil {
			return fmt.Errorf("%w: %w", errUnreadable, err)
		}
	}
	return nil
}

// drain takes answers that can't be written any more, so that the reader does
// not wait for places.
func (t *topicChannel) drain() {
	for {
		select {
		case <-t.answers:
			<-t.places
		case <-t.over:
			return
		case <-t.s.ctx.Done():
			return
		}
	}
}
