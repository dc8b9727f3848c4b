package session

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

const answersWaiting = 64 // of a channel; then its input isn't read

// channel is one stream of a session, with what both kinds have in common: a
// reader of frames and a bounded list of answers for its one writer.
type channel struct {
	s      *session
	stream transport.Channel
	in     *wire.Reader
	may    func() error // says why nothing more may be written; nil: nothing is against it

	deadlines   sync.Mutex
	closing     bool      // the deadlines are the farewell's
	stopped     bool      // nothing is read any more
	hurried     bool      // there is a read deadline
	interrupted bool      // the write deadline is an interruption
	until       time.Time // the write deadline when it is none; the zero time: there is none

	places  chan struct{} // one for each request that is not answered yet
	answers chan answer   // never more than places
}

// answer is what the writer writes between frames.
type answer struct {
	octets []byte
	after  func() error // run by the writer when it was written; may be nil
}

func newChannel(s *session, stream transport.Channel) *channel {
	c := &channel{
		s:       s,
		stream:  stream,
		places:  make(chan struct{}, answersWaiting),
		answers: make(chan answer, answersWaiting),
	}
	c.in = wire.NewReader(arrivals{c})
	return c
}

// arrivals reads the stream, notes that something came, and does not wait
// longer than PayloadSilence in the middle of a frame.
type arrivals struct{ c *channel }

func (a arrivals) Read(p []byte) (int, error) {
	c := a.c
	c.hurry(c.in.InFrame())
	n, err := c.stream.Read(p)
	if n > 0 {
		c.s.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// hurry gives the next read a deadline, or none.
func (c *channel) hurry(inFrame bool) {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	switch {
	case c.closing || c.stopped:
	case inFrame:
		c.stream.SetReadDeadline(time.Now().Add(room.PayloadSilence))
		c.hurried = true
	case c.hurried:
		c.stream.SetReadDeadline(time.Time{})
		c.hurried = false
	}
}

// closeSoon gives whatever is still to be said, and to be read, a last moment.
func (c *channel) closeSoon() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.beginFarewell()
}

// beginFarewell is closeSoon for whoever has the lock.
func (c *channel) beginFarewell() {
	c.closing = true
	until := time.Now().Add(farewellTime)
	c.stream.SetReadDeadline(until)
	c.stream.SetWriteDeadline(until)
}

// cut is closeSoon for a channel on which nothing more is said: the write that is
// under way ends too.
func (c *channel) cut() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.closing = true
	c.stream.SetReadDeadline(time.Now().Add(farewellTime))
	c.stream.SetWriteDeadline(time.Unix(0, 0))
}

// stopReading ends the read that is under way, unless the channel closes anyway.
// From then on, whoever doesn't take what is written is not waited for.
func (c *channel) stopReading() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if !c.closing {
		c.stopped = true
		c.stream.SetReadDeadline(time.Unix(0, 0))
		c.limitWrite()
	}
}

// beginWrite gives the next write a moment, if nothing is read any more.
func (c *channel) beginWrite() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.stopped && !c.closing {
		c.limitWrite()
	}
}

// limitWrite has a write end in a moment.
func (c *channel) limitWrite() {
	c.until = time.Now().Add(farewellTime)
	if !c.interrupted {
		c.stream.SetWriteDeadline(c.until)
	}
}

// isStopped tells whether that is why a read has failed.
func (c *channel) isStopped() bool {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	return c.stopped
}

// interrupt makes the write that is under way, or else the next one, end early.
func (c *channel) interrupt() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if !c.closing {
		c.interrupted = true
		c.stream.SetWriteDeadline(time.Unix(0, 0))
	}
}

// resumes tells whether a write that has failed was only interrupted, and lets
// further ones go on; for a moment, if the session has ended.
func (c *channel) resumes(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if !c.interrupted || c.closing {
		return false
	}
	if c.interrupted = false; c.s.ctx.Err() != nil {
		c.beginFarewell()
	} else {
		c.stream.SetWriteDeadline(c.until)
	}
	return true
}

// send writes all the octets, however often it is interrupted, for as long as
// they may be written.
func (c *channel) send(octets []byte) error {
	for {
		if c.may != nil {
			if err := c.may(); err != nil {
				return err
			}
		}
		n, err := c.stream.Write(octets)
		if err == nil || !c.resumes(err) {
			return err
		}
		octets = octets[n:]
	}
}

// patience is how long at most a control channel's frame, or a datagram, waits
// because its user, and as long because its address, has sent too much, so that
// he is still heard there.
const patience = time.Second

// next reads the next frame's header, and waits with what follows if the user
// has sent too much: as long as it takes, or atMost unless that is 0. It doesn't
// wait when ctx has ended. Before the sign-in no payload is kept, and the header
// of one that never comes takes nothing of the address.
func (c *channel) next(ctx context.Context, atMost time.Duration) (*wire.Header, error) {
	h, err := c.in.Next()
	if err != nil {
		return nil, err
	}
	octets := h.Length
	if c.s.signedInAs() == "" {
		octets = 0
	}
	if err := c.s.spend(ctx, 1, octets, atMost); err != nil {
		return nil, err
	}
	return h, nil
}

// serve finds out by the first frame what the channel is for. Until then the
// end of the session is the channel's, and so is the drain, but for the one that
// becomes the control channel.
func (c *channel) serve() {
	over := c.s.taking
	if c.s.signedInAs() == "" {
		over = c.s.ctx
	}
	waiting := context.AfterFunc(over, c.stopReading)
	defer waiting()
	for {
		h, err := c.next(over, patience)
		if err != nil {
			c.firstFailed(err)
			return
		}
		user := c.s.signedInAs()
		switch {
		case h.Type == wire.TypePing:
			if !c.pingFirst(h) {
				return
			}
		case h.Type == wire.TypeToken || h.Type == wire.TypeUser:
			if !c.s.takeControl() {
				c.refuse(room.ErrControlOnce, h.Type)
				return
			}
			waiting()
			serveControl(c, h)
			return
		case !known(h.Type):
		case user == "":
			c.leave(&ending{code: 401, sentence: room.ErrNotSignedIn.Text, err: errFrame(room.ErrNotSignedIn, refOf(h))})
			return
		case h.Type == wire.TypeJoin:
			waiting()
			serveTopic(c, user, h)
			return
		default:
			c.refuse(room.Refuse(room.ErrMalformed, "A channel begins with TOKEN or JOIN."), refOf(h))
			return
		}
	}
}

// pingFirst answers a PING before there is a writer, unless nothing is read any
// more: what is left of the input is over soon then, whoever takes no answers.
func (c *channel) pingFirst(h *wire.Header) bool {
	frame := pong(h)
	if h.Length > 0 {
		frame = errFrame(noPayload(h.Type), h.Type)
	}
	if !c.limitFirst(time.Now().Add(room.PayloadSilence)) {
		return true
	}
	_, err := c.stream.Write(frame)
	c.limitFirst(time.Time{})
	return err == nil
}

// limitFirst sets the write deadline before there is a writer; it is false, and
// doesn't, when nothing is read any more.
func (c *channel) limitFirst(until time.Time) bool {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.closing || c.stopped {
		return false
	}
	c.stream.SetWriteDeadline(until)
	return true
}

// firstFailed ends a channel that never said what it is for. Before the
// sign-in it is the one that would have become the control channel, and its
// end the session's.
func (c *channel) firstFailed(err error) {
	frame, unsigned := c.badInput(err), c.s.signedInAs() == ""
	switch {
	case unsigned && c.s.ctx.Err() != nil:
		c.leave(c.s.cause())
	case unsigned && frame != nil:
		c.leave(&ending{code: 400, sentence: room.ErrMalformed.Text, err: frame})
	default:
		c.hangUp(frame)
	}
}

// badInput is the ERR for what could not be read; nil where the stream ended, or
// nothing is read any more, so that there is nothing to say.
func (c *channel) badInput(err error) []byte {
	switch {
	case errors.Is(err, wire.ErrMalformed):
		return errFrame(room.Refuse(room.ErrMalformed, err.Error()), "")
	case errors.Is(err, os.ErrDeadlineExceeded) && !c.isStopped():
		return errFrame(room.Refuse(room.ErrMalformed, "Nothing came for 10 seconds in the middle of a frame."), "")
	}
	return nil
}

// refuseFor ends a channel for which there is no place.
func (c *channel) refuseFor(why error) {
	refusal := room.AsError(why)
	if errors.Is(why, room.ErrTooManyChannels) {
		c.hangUp(errFrame(refusal, "", number(secondsOf(why))))
		return
	}
	c.hangUp(errFrame(refusal, ""))
}

// refuse ends a channel that was never taken up.
func (c *channel) refuse(why *room.Error, ref ...string) {
	r := ""
	if len(ref) > 0 {
		r = ref[0]
	}
	c.hangUp(errFrame(why, r))
}

// leave ends a session that never signed in, on the channel that would have
// become its control channel.
func (c *channel) leave(e *ending) {
	c.closeSoon()
	c.s.end(e)
	last := e.err
	if e = c.s.cause(); e.code != 0 {
		last = append(last, byeFrame(e)...)
	}
	c.sayLast(last)
	c.stream.CloseSession(e.code, e.sentence)
	c.listenOut()
}

// hangUp writes last words and FIN, waits a moment for the other side's FIN,
// and only then stops listening.
func (c *channel) hangUp(last []byte) {
	c.sayLast(last)
	c.stream.CloseWrite()
	c.listenOut()
}

// sayLast writes what is still to be said, if there is anything.
func (c *channel) sayLast(last []byte) {
	c.closeSoon()
	if last != nil {
		c.stream.Write(last) // that it may fail is what the deadline is for
	}
}

// listenOut reads on until the other side's FIN, for a moment at most.
func (c *channel) listenOut() {
	c.closeSoon()
	if _, err := io.Copy(io.Discard, c.stream); err != nil {
		c.stream.Reset(0)
	}
}

// place waits until there is room for one answer more. It is false when the
// session ends.
func (c *channel) place() bool {
	select {
	case c.places <- struct{}{}:
		return true
	case <-c.s.ctx.Done():
		return false
	}
}

// answer gives the writer the answer for which there is a place.
func (c *channel) answer(octets []byte) { c.answers <- answer{octets: octets} }

// write writes answers that are there, first, and frees their places. What
// runs after an answer may write too, so it comes before the next answer.
func (c *channel) write(first answer) error {
	octets, written := first.octets, []answer{first}
	for more := first.after == nil; more; {
		select {
		case a := <-c.answers:
			octets, written = append(octets, a.octets...), append(written, a)
			more = a.after == nil
		default:
			more = false
		}
	}
	c.beginWrite()
	if err := c.send(octets); err != nil {
		return err
	}
	for _, a := range written {
		<-c.places
		if a.after != nil {
			if err := a.after(); err != nil {
				return err
			}
		}
	}
	return nil
}

// payload reads a payload of at most limit octets, within what the session may
// buffer. A refusal is an *room.Error, after which the channel goes on.
func (c *channel) payload(h *wire.Header, limit int) ([]byte, error) {
	if h.Length > limit {
		return nil, room.Refuse(room.ErrTooLarge, tooLarge(h.Type, limit))
	}
	if err := c.s.budget.Acquire(c.s.ctx, int64(h.Length)); err != nil {
		return nil, err
	}
	defer c.s.budget.Release(int64(h.Length))
	return c.in.Payload()
}
