package transport

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"redroom/server/room"
	"redroom/server/wire"
)

// farewellTime is how long a close waits for the other side's.
const farewellTime = time.Second

// Keyed is a Session whose channels, but for the first, are connections of
// their own, which show by a key whose they are: WebSocket.
type Keyed interface {
	Session
	// Key is what the server tells the client once it has signed in.
	Key() string
	// UseKey is how the client's side learns it; before, it opens one channel
	// only.
	UseKey(key string)
}

// KeyDropper is a Keyed session at the server.
type KeyDropper interface {
	Keyed
	// DropKey has the key take no further channel. Whoever shows it from then on
	// is answered as one who shows an unknown one.
	DropKey()
}

// WebSockets makes sessions of WebSocket connections: of each that begins with
// anything but ATTACH, whose first channel it is. Those that begin with ATTACH
// become channels of the session whose key they show.
type WebSockets struct {
	serve func(Session)

	mu       sync.Mutex
	closed   bool
	sockets  map[*wsChannel]struct{} // that have not said yet what they are
	silent   map[netip.Prefix]int    // how many of them a network has
	sessions map[string]*wsSession   // by key
	serving  sync.WaitGroup
}

// NewWebSockets hands each session to serve, which must not return before the
// session is over.
func NewWebSockets(serve func(Session)) *WebSockets {
	return &WebSockets{
		serve:    serve,
		sockets:  make(map[*wsChannel]struct{}),
		silent:   make(map[netip.Prefix]int),
		sessions: make(map[string]*wsSession),
	}
}

// Serve answers one request to open a WebSocket, whose origin was checked, and
// returns when that is over. remote is the client's address.
func (ws *WebSockets) Serve(w http.ResponseWriter, r *http.Request, remote netip.AddrPort) {
	ws.mu.Lock()
	if ws.closed {
		ws.mu.Unlock()
		comeBack(w, "the server is stopping", http.StatusServiceUnavailable)
		return
	}
	ws.serving.Add(1)
	ws.mu.Unlock()
	defer ws.serving.Done()

	taken := &hijacked{ResponseWriter: w}
	from := Network(remote.Addr())
	if !ws.admit(from) {
		comeBack(w, "too many WebSockets from this address have not said yet what they are", http.StatusTooManyRequests)
		return
	}
	admitted := sync.OnceFunc(func() { ws.admitted(from) })
	defer admitted()
	gate := make(writeGate, 1)
	conn, err := websocket.Accept(taken, r, &websocket.AcceptOptions{
		Subprotocols:       []string{Protocol},
		InsecureSkipVerify: true, // whoever calls has a list of its own
		OnPingReceived:     gate.mayAnswer,
	})
	if err != nil {
		return // and was answered
	}
	c := newWSChannel(conn, taken.conn, gate)
	defer c.drop()
	if conn.Subprotocol() != Protocol {
		c.hangUp(websocket.StatusPolicyViolation, "ask for the sub-protocol "+Protocol)
		return
	}
	ws.expect(c)
	first, err := c.peekHeader()
	stopping := ws.heardFrom(c)
	admitted()
	switch {
	case errors.Is(err, errSilent) && stopping:
		c.sayBye(room.ErrStopping, "1")
	case errors.Is(err, errSilent):
		c.sayBye(room.ErrNotSignedIn)
	case err != nil:
		return
	case first != nil && first.Type == wire.TypeAttach && first.Length > 0:
		c.refuse(room.ErrTooLarge, wire.TypeAttach)
	case first != nil && first.Type == wire.TypeAttach:
		ws.attach(c, first.String(0))
	default:
		ws.open(c, remote, r.UserAgent())
	}
}

// comeBack refuses the opening of a WebSocket for now; those who are refused
// are spread over some seconds.
func comeBack(w http.ResponseWriter, sentence string, status int) {
	w.Header().Set("Retry-After", strconv.Itoa(1+mathrand.IntN(3)))
	http.Error(w, sentence, status)
}

// admit counts a socket of a network that has not said yet what it is, unless
// there are too many.
func (ws *WebSockets) admit(from netip.Prefix) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.silent[from] >= room.MaxSilent {
		return false
	}
	ws.silent[from]++
	return true
}

func (ws *WebSockets) admitted(from netip.Prefix) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.silent[from]--; ws.silent[from] == 0 {
		delete(ws.silent, from)
	}
}

// expect keeps a socket until it has said what it is, or the server stops.
func (ws *WebSockets) expect(c *wsChannel) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.sockets[c] = struct{}{}
	if ws.closed {
		c.SetReadDeadline(time.Unix(0, 0))
	} else {
		c.SetReadDeadline(time.Now().Add(room.SignInTime))
	}
}

// heardFrom ends that, and tells whether the server stops.
func (ws *WebSockets) heardFrom(c *wsChannel) (stopping bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.sockets, c)
	return ws.closed
}

// open serves the session whose control channel c is to be.
func (ws *WebSockets) open(c *wsChannel, remote netip.AddrPort, agent string) {
	s := newWSSession(c, remote)
	s.agent = agent
	s.key = newKey()
	s.arrivals <- c
	ws.mu.Lock()
	ws.sessions[s.key] = s
	ws.mu.Unlock()
	ws.serve(s)
	ws.mu.Lock()
	delete(ws.sessions, s.key)
	ws.mu.Unlock()
	s.Close(0, "")
}

// attach gives c to the session that has the key.
func (ws *WebSockets) attach(c *wsChannel, key string) {
	ws.mu.Lock()
	s := ws.sessions[key]
	ws.mu.Unlock()
	if s == nil || !s.add(c) {
		c.refuse(room.ErrNoSession, wire.TypeAttach)
		return
	}
	select {
	case s.arrivals <- c:
	case <-s.ctx.Done():
	}
	<-c.over
}

// Close ends what has not become a session yet, and waits until all sessions,
// which are whose they were handed to, are over.
func (ws *WebSockets) Close() {
	ws.mu.Lock()
	ws.closed = true
	for c := range ws.sockets {
		c.SetReadDeadline(time.Unix(0, 0))
	}
	ws.mu.Unlock()
	ws.serving.Wait()
}

// hijacked keeps the connection below the WebSocket, to be dropped at once.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

func (h *hijacked) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *hijacked) Hijack() (conn net.Conn, rw *bufio.ReadWriter, err error) {
	conn, rw, err = http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, rw, err
}

func newKey() string {
	var key [16]byte
	rand.Read(key[:])
	return base64.RawURLEncoding.EncodeToString(key[:])
}

// wsSession is a session of one WebSocket, its control channel, and those that
// were attached to it.
type wsSession struct {
	remote   netip.AddrPort
	agent    string // at the server
	control  *wsChannel
	arrivals chan Channel                              // at the server
	dial     func(context.Context) (*wsChannel, error) // at the client

	ctx    context.Context
	cancel context.CancelFunc
	over   chan struct{} // closed when all its channels are

	mu       sync.Mutex
	key      string
	dropped  bool // nothing is attached any more
	given    bool // the client has the control channel
	attached map[*wsChannel]struct{}
}

func newWSSession(control *wsChannel, remote netip.AddrPort) *wsSession {
	s := &wsSession{
		remote:   remote,
		control:  control,
		arrivals: make(chan Channel, 1),
		over:     make(chan struct{}),
		attached: make(map[*wsChannel]struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.follow()
	return s
}

func (s *wsSession) Transport() string        { return "WebSocket" }
func (s *wsSession) Agent() string            { return s.agent }
func (s *wsSession) Remote() netip.AddrPort   { return s.remote }
func (s *wsSession) Context() context.Context { return s.ctx }

func (s *wsSession) Key() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}

func (s *wsSession) UseKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

func (s *wsSession) DropKey() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = true
}

func (s *wsSession) Accept(ctx context.Context) (Channel, error) {
	select {
	case c := <-s.arrivals:
		return c, nil
	case <-s.ctx.Done():
		return nil, fmt.Errorf("accepting a channel: %w", net.ErrClosed)
	case <-ctx.Done():
		return nil, fmt.Errorf("accepting a channel: %w", ctx.Err())
	}
}

func (s *wsSession) Open(ctx context.Context) (Channel, error) {
	s.mu.Lock()
	given, key := s.given, s.key
	s.given = true
	s.mu.Unlock()
	switch {
	case s.ctx.Err() != nil:
		return nil, fmt.Errorf("opening a channel: %w", net.ErrClosed)
	case s.dial == nil:
		return nil, errors.New("opening a channel: clients do")
	case !given:
		return s.control, nil
	case key == "":
		return nil, errors.New("opening a channel: the session has not signed in")
	}
	c, err := s.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	if !s.add(c) {
		c.drop()
		return nil, fmt.Errorf("opening a channel: %w", net.ErrClosed)
	}
	if _, err := c.Write(wire.AppendFrame(nil, wire.TypeAttach, nil, key)); err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	return c, nil
}

// add attaches a channel, unless the session is over, or soon will be.
func (s *wsSession) add(c *wsChannel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped || s.ctx.Err() != nil {
		return false
	}
	for other := range s.attached {
		select {
		case <-other.over:
			delete(s.attached, other)
		default:
		}
	}
	s.attached[c] = struct{}{}
	return true
}

// Close says FIN on the control channel, if that hasn't been said, then on the
// others, and drops whatever doesn't answer soon.
func (s *wsSession) Close(code Code, sentence string) error {
	s.mu.Lock()
	s.cancel() // nothing is attached any more
	s.mu.Unlock()
	s.control.finish(statusOf(code), sentence)
	s.control.leave()
	<-s.over
	return nil
}

// follow ends the session with its control channel, of which nothing more comes.
func (s *wsSession) follow() {
	defer close(s.over)
	<-s.control.heard
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.control.finish(websocket.StatusNormalClosure, "")
	<-s.control.over
	var leaving sync.WaitGroup
	for c := range s.attached { // to which nothing is added any more
		leaving.Go(func() { c.hangUp(websocket.StatusGoingAway, "") })
	}
	leaving.Wait()
}

func (s *wsSession) SendDatagram([]byte) error { return ErrNoDatagrams }

func (s *wsSession) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	return nil, ErrNoDatagrams
}

// statusOf is the close code of a session's end; 0 is one without a reason.
func statusOf(code Code) websocket.StatusCode {
	if code == 0 {
		return websocket.StatusNormalClosure
	}
	return websocket.StatusCode(4000 + code)
}
