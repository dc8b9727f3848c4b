package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"redroom/server/load"
	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

const (
	payloadBudget = 2 << 20     // octets of unfinished payloads of a session
	farewellTime  = time.Second // for the other side's FIN
)

// session is one connection; it has a user once its control channel has
// signed in.
type session struct {
	server *Server
	conn   transport.Session
	log    *slog.Logger

	ctx        context.Context // ends when the session is to end; its cause may be an *ending
	cancel     context.CancelCauseFunc
	taking     context.Context // ends with ctx, or earlier, when no channel is taken and no topic's is read any more
	stopTaking context.CancelCauseFunc
	budget     *semaphore.Weighted
	opened     time.Time
	heard      atomic.Int64 // when anything came last, unix-ns
	load       *load.Session
	signedOff  func()        // it counts no longer as one that has not signed in
	own        *room.Session // the sign-in that it has opened itself, and that ends with it; of the control channel's reader

	mu       sync.Mutex
	channels int
	control  bool                  // there is a control channel
	signed   *signedIn             // nil until signed in
	ends     map[*channel]func()   // what the end of the session does to channels
	topical  map[*channel]struct{} // those that serve a topic: the drain stops their reading
	openings map[string]*opening   // by topic

	running  sync.WaitGroup
	topics   sync.WaitGroup // those of them that serve a topic's channel, or will
	speaking sync.WaitGroup // those of them that say why the session ends
	silence  *time.Timer    // looks whether anything is heard
	ask      chan struct{}  // one slot: the control channel is to PING
}

// ending is an end that the server makes, and how it is said.
type ending struct {
	code     transport.Code
	seconds  int64 // come back after so many; 0: not said
	sentence string
	err      []byte // an ERR frame that goes before BYE; nil: none
}

func (e *ending) Error() string { return fmt.Sprintf("%d %s", e.code, e.sentence) }

var errLost = errors.New("the session was lost")

func newSession(srv *Server, conn transport.Session) *session {
	s := &session{
		server: srv,
		conn:   conn,
		log:    logOf(srv.Log, conn),
		budget: semaphore.NewWeighted(payloadBudget),
		opened: time.Now(),
		ask:    make(chan struct{}, 1),

		ends:     make(map[*channel]func()),
		topical:  make(map[*channel]struct{}),
		openings: make(map[string]*opening),
	}
	s.ctx, s.cancel = context.WithCancelCause(conn.Context())
	s.taking, s.stopTaking = context.WithCancelCause(s.ctx)
	s.heard.Store(time.Now().UnixNano())
	return s
}

// logOf is a log that says of which session it tells.
func logOf(log *slog.Logger, conn transport.Session) *slog.Logger {
	log = log.With("transport", conn.Transport(), "remote", conn.Remote())
	if conn, ok := conn.(transport.Identified); ok {
		log = log.With("connection", conn.ConnectionID())
	}
	return log
}

// end ends the session; the first to say why is the one that counts. When it
// returns, nothing more is handed to the transport but answers and last words on
// the control channel, and no channel can be attached.
func (s *session) end(why error) {
	s.cancel(why)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, end := range s.ends {
		end()
	}
	if conn, ok := s.conn.(transport.KeyDropper); ok {
		conn.DropKey()
	}
}

// drain takes no channel any more. When it returns, no topic's channel reads
// anything more.
func (s *session) drain(why error) {
	s.stopTaking(why)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.topical {
		c.stopReading()
	}
}

// untilDrained has a channel's reading be stopped by the drain, until it is
// called off.
func (s *session) untilDrained(c *channel) (off func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topical[c] = struct{}{}
	if s.taking.Err() != nil {
		c.stopReading()
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.topical, c)
	}
}

// atEnd has something be done to a channel when the session ends, also if that is
// the transport's doing, until it is called off. It must not block.
func (s *session) atEnd(c *channel, do func()) (off func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[c] = do
	stop := context.AfterFunc(s.ctx, do)
	if s.ctx.Err() != nil {
		do()
	}
	return func() {
		stop()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.ends, c)
	}
}

func (s *session) serve() {
	s.log.Debug("session opened")
	deadline := time.AfterFunc(room.SignInTime, func() {
		if s.signedInAs() == "" {
			s.end(&ending{code: 401, sentence: "Nobody signed in within 10 seconds."})
		}
	})
	defer deadline.Stop()
	s.listen()
	s.running.Go(s.readDatagrams)
	for {
		stream, err := s.conn.Accept(s.taking)
		if err != nil {
			break
		}
		refusal, unsigned := s.admitChannel()
		of := &s.speaking
		if !unsigned {
			of = &s.topics
			s.spend(s.taking, room.ChannelWeight, 0, 0) // its end is seen by the next Accept
		}
		of.Add(1)
		s.running.Go(func() {
			defer s.channelOver()
			defer of.Done()
			c := newChannel(s, stream)
			if refusal != nil {
				c.refuseFor(refusal)
				return
			}
			c.serve()
		})
	}
	if s.ctx.Err() == nil && s.taking.Err() != nil { // it is drained
		s.topics.Wait() // which end with the session at the latest
		s.end(context.Cause(s.taking))
	}
	s.end(errLost) // unless it ended for another reason
	s.speaking.Wait()
	e := s.cause()
	s.conn.Close(e.code, e.sentence)
	s.running.Wait()
	s.signOut()
	s.log.Info("session ended", "user", s.signedInAs(), "cause", inShort(context.Cause(s.ctx)))
}

// inShort is why a session ended, for the log: it may be a stranger's words.
func inShort(why error) string {
	const most = 200
	said := why.Error()
	return said[:min(len(said), most)]
}

// cause is the end that the server makes; code 0 where it makes none.
func (s *session) cause() *ending {
	e := new(ending)
	errors.As(context.Cause(s.ctx), &e)
	return e
}

// listen asks after some silence, and ends the session after more.
func (s *session) listen() {
	s.silence = time.AfterFunc(room.PingAfter, func() {
		quiet := time.Since(time.Unix(0, s.heard.Load()))
		switch {
		case quiet >= room.LostAfter:
			s.end(errLost)
			return
		case quiet >= room.PingAfter:
			select {
			case s.ask <- struct{}{}:
			default:
			}
			s.silence.Reset(room.LostAfter - quiet)
		default:
			s.silence.Reset(room.PingAfter - quiet)
		}
	})
	context.AfterFunc(s.ctx, func() { s.silence.Stop() })
}

// admitChannel counts a channel, or says why there may not be another. The one
// before the sign-in is what becomes the control channel.
func (s *session) admitChannel() (refusal error, unsigned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels++
	over := s.load.Channel()
	switch {
	case s.signed == nil && s.channels > 1:
		return room.ErrNotYet, false
	case s.channels > room.MaxChannels:
		return room.ErrTooManyChannels, false
	}
	return over, s.signed == nil
}

func (s *session) channelOver() {
	s.load.ChannelOver()
	s.mu.Lock()
	s.channels--
	s.mu.Unlock()
}

// takeControl makes a channel the control channel, of which there is one.
func (s *session) takeControl() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.control {
		return false
	}
	s.control = true
	return true
}

// spend counts frames and octets that have come, and waits until the user, and
// the address, may have them read: as long as it takes, or atMost each unless
// that is 0. The address is not charged with what its user has not waited for
// long enough, so that he takes nothing of others there. It fails when ctx ends.
func (s *session) spend(ctx context.Context, frames, octets int, atMost time.Duration) error {
	wait := s.load.Spend(frames, octets)
	if err := rest(ctx, wait, atMost); err != nil {
		return err
	}
	if atMost > 0 && wait > atMost {
		return nil
	}
	return rest(ctx, s.load.SpendOfAddress(frames, octets), atMost)
}

// rest waits, atMost unless that is 0.
func rest(ctx context.Context, wait, atMost time.Duration) error {
	if wait == 0 {
		return nil
	}
	if atMost > 0 {
		wait = min(wait, atMost)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errEnded
	}
}

// isDenied tells whether somebody was refused what is not his to do, or to know of.
// What he may not know of looks the same here as what doesn't exist.
func isDenied(err error) bool {
	code := room.AsError(err).Code
	return code == 403 || code == 404
}

// tellDenied has the log tell that somebody was; the journal must not wait for it.
func (s *session) tellDenied(frame, topic string, why error) {
	s.log.Info("a frame was refused", "status", room.AsError(why).Code, "frame", frame, "topic", speakable(topic), "user", s.signedInAs(), "why", room.AsError(why).Text)
}

// errFrame is ERR n code ref [detail] with the refusal's sentence.
func errFrame(refusal *room.Error, ref string, detail ...string) []byte {
	fields := append([]string{fmt.Sprint(refusal.Code), speakable(ref)}, detail...)
	return wire.AppendFrame(nil, wire.TypeErr, []byte(refusal.Text), fields...)
}

// ackFrame is ACK 0 with its fields.
func ackFrame(fields ...string) []byte {
	return wire.AppendFrame(nil, wire.TypeAck, nil, fields...)
}

// speakable is ref if an answer has room for it, whatever a client sent.
func speakable(ref string) string {
	if len(ref) > 256 {
		return ""
	}
	return ref
}
