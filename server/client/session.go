package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"redroom/server/transport"
	"redroom/server/wire"
)

// Session is one session over one connection, from its sign-in to its end.
// What ends is not opened again; a Client does that.
type Session struct {
	conn transport.Session

	ctx    context.Context // ends with the session; its cause is Err
	end    context.CancelCauseFunc
	unread func() bool // the connection's end isn't the session's any longer

	control transport.Channel // nil until SignIn
	ear     *ear              // on it
	say     chan []byte       // frames to be written on it; nil: FIN
	asking  sync.Mutex
	asked   map[string]*question // on it, by what their answers bear
	onState atomic.Pointer[func(typ string, fields []string, payload []byte)]
	running sync.WaitGroup
}

// Dial opens a session by WebTransport with the server at url,
// https://HOST:PORT/rrp.
func Dial(ctx context.Context, url string, trust *tls.Config) (*Session, error) {
	conn, err := transport.DialWebTransport(ctx, url, "", trust)
	if err != nil {
		return nil, err
	}
	return New(conn), nil
}

// New makes a session of a connection that is open, which it closes.
func New(conn transport.Session) *Session {
	s := &Session{conn: conn, say: make(chan []byte, 8), asked: make(map[string]*question)}
	// The session isn't over with its connection, but when everything was read
	// that came before: a BYE may be the last of it.
	s.ctx, s.end = context.WithCancelCause(context.Background())
	s.unread = context.AfterFunc(conn.Context(), func() { s.end(ErrLost) })
	return s
}

// SignIn shows a token, which is spent by it unless it is a program's, and gives
// the user's name. A session signs in once.
func (s *Session) SignIn(ctx context.Context, token string) (user string, err error) {
	return s.enter(ctx, request{wire.TypeToken, []string{token}})
}

// SignInAs is SignIn with a name and a password, and the code of a second factor;
// "": none. It fails with a *Refused: where a code is missing or wrong, its Detail
// is "code"; after too many failures, the seconds until the next try. The sign-in
// ends with the session.
func (s *Session) SignInAs(ctx context.Context, name, password, code string) (user string, err error) {
	pass := []string{password}
	if code != "" {
		pass = append(pass, code)
	}
	return s.enter(ctx, request{wire.TypeUser, []string{name}}, request{wire.TypePass, pass})
}

// request is a frame without payload that is answered.
type request struct {
	typ    string
	fields []string
}

// enter opens the control channel with the frames of a sign-in.
func (s *Session) enter(ctx context.Context, requests ...request) (user string, err error) {
	if s.control != nil {
		return "", errors.New("signing in: this session has signed in before")
	}
	control, err := s.conn.Open(ctx)
	if err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	s.control, s.ear = control, newEar(control)
	s.unread()
	s.running.Go(s.readControl)
	s.running.Go(s.writeControl)
	var a answer
	for _, r := range requests {
		if a, err = s.ask(ctx, r.typ, r.fields...); err != nil {
			return "", fmt.Errorf("signing in: %w", err)
		}
	}
	if keyed, ok := s.conn.(transport.Keyed); ok {
		keyed.UseKey(a.field(2))
	}
	return a.field(1), nil
}

// Watch asks for the room's state. tell is called, from one goroutine, for
// each DEAL, TOPIC, UNREAD and PRESENCE, and must not block. Watch returns
// when all that exists was told.
func (s *Session) Watch(ctx context.Context, tell func(typ string, fields []string, payload []byte)) error {
	s.onState.Store(&tell)
	if _, err := s.ask(ctx, wire.TypeWatch); err != nil {
		return fmt.Errorf("watching: %w", err)
	}
	return nil
}

// Err is why the session ended: a *Bye, or an ErrLost; nil while it lives.
func (s *Session) Err() error { return context.Cause(s.ctx) }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.ctx.Done() }

// Close ends the session and waits until its goroutines have.
func (s *Session) Close() error {
	s.end(ErrLost)
	err := s.conn.Close(0, "")
	s.running.Wait()
	return err
}

// Finish is Close after all that was said, in datagrams too, has left: the other
// side's FIN is waited for, up to finishWithin.
func (s *Session) Finish() error {
	timer := time.NewTimer(finishWithin)
	defer timer.Stop()
	select {
	case s.say <- nil:
		select {
		case <-s.Done():
		case <-timer.C:
		}
	case <-s.Done():
	case <-timer.C:
	}
	return s.Close()
}

// finishWithin is how long the other side's FIN is waited for.
const finishWithin = time.Second

// connection is the id of the connection that both sides know it by; "": it has
// none.
func (s *Session) connection() string {
	if identified, ok := s.conn.(transport.Identified); ok {
		return identified.ConnectionID()
	}
	return ""
}

// tell says a frame that needn't be said if there is much to say already.
func (s *Session) tell(typ string, fields ...string) {
	select {
	case s.say <- wire.AppendFrame(nil, typ, nil, fields...):
	default:
	}
}

// ping asks whether the other side is there.
func (s *Session) ping() { s.tell(wire.TypePing) }

// writeControl is the control channel's one writer. It says FIN when the
// session is over, or when it is to.
func (s *Session) writeControl() {
	stop := context.AfterFunc(s.ctx, func() { s.control.SetWriteDeadline(past) })
	defer stop()
	for {
		select {
		case frame := <-s.say:
			if frame == nil {
				s.control.CloseWrite()
				return
			}
			if _, err := s.control.Write(frame); err != nil {
				return // what was said to us before still is read
			}
		case <-s.ctx.Done():
			s.control.CloseWrite()
			return
		}
	}
}

// readControl reads the control channel until its end, which is the session's.
func (s *Session) readControl() {
	in := wire.NewReader(s.ear)
	for {
		h, payload, err := readFrame(in)
		if err != nil {
			s.end(fmt.Errorf("%w: %w", ErrLost, err)) // which has the connection's code and reason, where there is one
			return
		}
		switch h.Type {
		case wire.TypeAck, wire.TypeResult, wire.TypeErr:
			s.takeAnswer(h, payload)
		case wire.TypePing:
			s.tell(wire.TypePong, fields(h)...)
		case wire.TypeBye:
			code, _ := strconv.Atoi(h.String(0))
			seconds, _ := h.Number(1)
			s.end(&Bye{Code: code, Seconds: seconds, Sentence: string(payload)})
			return
		case wire.TypeDeal, wire.TypeTopic, wire.TypeUnread, wire.TypePresence:
			if tell := s.onState.Load(); tell != nil {
				(*tell)(h.Type, fields(h), payload)
			}
		}
	}
}

func readFrame(in *wire.Reader) (h *wire.Header, payload []byte, err error) {
	if h, err = in.Next(); err == nil {
		payload, err = in.Payload()
	}
	return h, payload, err
}

func fields(h *wire.Header) []string {
	fs := make([]string, h.NumFields())
	for i := range fs {
		fs[i] = h.String(i)
	}
	return fs
}
