package session

import (
	"sync/atomic"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

// control is the control channel: sign-in, the room's state, keepalive, and
// the session's last words.
type control struct {
	*channel
	named   *string     // the reader's; whom USER has named; nil: nobody
	watcher Watcher     // the reader's; nil until signed in
	entry   Entry       // the reader's; nil until signed in
	view    *view       // the writer's; nil until WATCH
	unread  *time.Timer // the writer's: when the view will have more to tell
	telling atomic.Bool // the writer tells what the view says
}

// controlFrames says what handles a frame on the control channel. Answers are
// given in the order of the requests, but for BIND.
var controlFrames = map[string]func(*control, *wire.Header) bool{
	wire.TypeToken:  (*control).token,
	wire.TypeUser:   (*control).user,
	wire.TypePass:   (*control).pass,
	wire.TypeWatch:  (*control).watch,
	wire.TypePing:   (*control).ping,
	wire.TypePong:   (*control).pong,
	wire.TypeTyping: (*control).typing,
	wire.TypeBind:   (*control).bind,
	wire.TypeQuery:  (*control).query,
	wire.TypeLeave:  (*control).leaveDirectory,
	wire.TypeTicket: (*control).ticket,
	wire.TypeCalc:   (*control).calc,

	wire.TypeJoin: (*control).misplaced,
	wire.TypePost: (*control).misplaced,
	wire.TypeRead: (*control).misplaced,
	wire.TypeHead: (*control).misplaced,
}

// serveControl serves the channel until the session ends, which it does with
// it at the latest.
func serveControl(c *channel, first *wire.Header) {
	k := &control{channel: c}
	defer c.s.atEnd(c, k.stopTelling)()

	written := make(chan struct{})
	c.s.running.Go(func() {
		defer close(written)
		k.write()
	})
	c.s.end(k.read(first))
	<-written
	c.listenOut()
	if k.watcher != nil {
		k.entry.Leave()
		k.watcher.Close()
	}
}

// stopTelling ends what the view has to say when the session ends, so that there
// is time for the last words.
func (k *control) stopTelling() {
	if k.telling.Load() {
		k.interrupt()
	} else {
		k.closeSoon()
	}
}

// read handles frames until the channel ends, and says why it did.
func (k *control) read(h *wire.Header) error {
	for {
		if k.s.ctx.Err() != nil {
			return errLost
		}
		if !k.handle(h) {
			return errLost
		}
		var err error
		if h, err = k.next(k.s.ctx, patience); err != nil {
			if frame := k.badInput(err); frame != nil {
				return &ending{code: 400, sentence: room.ErrMalformed.Text, err: frame}
			}
			return errLost
		}
	}
}

// handle answers one frame; it is false when the session ends.
func (k *control) handle(h *wire.Header) bool {
	handler := controlFrames[h.Type]
	switch {
	case handler == nil:
		return true
	case k.watcher == nil && !k.mayComeFirst(h.Type):
		k.s.end(&ending{code: 401, sentence: room.ErrNotSignedIn.Text, err: errFrame(room.ErrNotSignedIn, refOf(h))})
		return false
	case h.Length > 0 && h.Type != wire.TypePost:
		return k.reply(errFrame(noPayload(h.Type), refOf(h)))
	}
	return handler(k, h)
}

// mayComeFirst tells whether a frame may come before the sign-in.
func (k *control) mayComeFirst(typ string) bool {
	switch typ {
	case wire.TypeToken, wire.TypeUser, wire.TypePing, wire.TypePong:
		return true
	case wire.TypePass:
		return k.named != nil
	}
	return false
}

// reply answers at once, when there is a place.
func (k *control) reply(octets []byte) bool {
	if !k.place() {
		return false
	}
	k.answer(octets)
	return true
}

func (k *control) watch(h *wire.Header) bool {
	if !k.watcher.Start() {
		return k.reply(errFrame(room.ErrWatchTwice, h.Type))
	}
	user := k.s.signedInAs()
	marks, err := k.s.server.Store.ReadMarks(k.s.ctx, user)
	switch {
	case k.s.ctx.Err() != nil:
		return false // it has hung up, as tools do that have what they wanted
	case err != nil:
		k.s.log.Error("read marks can't be read", "user", user, "error", err)
		k.s.end(signInRefused(room.ErrUnavailable, h.Type))
		return false
	}
	if !k.place() {
		return false
	}
	k.answers <- answer{after: func() error {
		k.view = newView(k.s.server, k.s.actor(), marks)
		if err := k.tell(k.view.everything); err != nil {
			return err
		}
		return k.send(ackFrame(wire.TypeWatch))
	}}
	return true
}

func (k *control) ping(h *wire.Header) bool { return k.reply(pong(h)) }

func (k *control) pong(*wire.Header) bool { return true }

func (k *control) misplaced(h *wire.Header) bool {
	return k.reply(errFrame(room.Refuse(room.ErrUnprocessable, h.Type+" belongs on a topic's channel."), refOf(h)))
}

// write writes answers, what has changed, and PINGs; when the session ends,
// its last words.
func (k *control) write() {
	k.unread = time.NewTimer(0)
	defer k.unread.Stop()
	for k.s.ctx.Err() == nil {
		var wake <-chan struct{}
		if k.view != nil {
			wake = k.watcher.Wake()
		}
		var err error
		select {
		case a := <-k.answers:
			err = k.channel.write(a)
		case <-wake:
			err = k.tellChanges()
		case <-k.unread.C:
			err = k.tellMore()
		case <-k.s.ask:
			err = k.send(wire.AppendFrame(nil, wire.TypePing, nil))
		case <-k.s.ctx.Done():
		}
		if err != nil {
			k.s.end(errLost)
		}
	}
	k.lastWords()
}

// tellChanges tells what has changed, and who types.
func (k *control) tellChanges() error {
	changes := k.watcher.Take()
	k.view.note(changes)
	return k.tell(func() (octets []byte, next time.Duration) {
		octets, next = k.view.changes()
		return k.s.tellTyping(k.view, octets, changes.Typing), next
	})
}

// tellMore tells what had to wait.
func (k *control) tellMore() error {
	if k.view == nil {
		return nil
	}
	return k.tell(k.view.changes)
}

// tell writes what the view says, and sets the timer to when there will be more.
// What was not begun when rights have changed, or the session has ended, is
// dropped, and what is to be told in its place made anew.
func (k *control) tell(what func() (octets []byte, next time.Duration)) error {
	k.telling.Store(true)
	defer k.telling.Store(false)
	for k.s.ctx.Err() == nil {
		octets, next := what()
		if next > 0 {
			k.unread.Reset(next)
		}
		if len(octets) == 0 {
			return nil
		}
		k.beginWrite()
		n, err := k.stream.Write(octets)
		if err == nil || !k.resumes(err) {
			return err
		}
		if begun := octets[n:k.view.takeBack(n)]; len(begun) > 0 {
			if err := k.send(begun); err != nil {
				return err
			}
		}
		what = k.view.changes
	}
	return errEnded
}

// lastWords writes the answers that are there, the ERR if there is one, and
// BYE, all within the moment that the end of the session left.
func (k *control) lastWords() {
	k.closeSoon()
	var last []byte
	for more := true; more; {
		select {
		case a := <-k.answers:
			last = append(last, a.octets...)
		default:
			more = false
		}
	}
	e := k.s.cause()
	if e.code != 0 {
		last = append(append(last, e.err...), byeFrame(e)...)
	}
	k.sayLast(last)
	k.stream.CloseSession(e.code, e.sentence)
}
