package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// scriptedServer does what a scenario says, behind the seam that a transport
// has. Nothing of it blocks: a test is the only one who moves it.
type scriptedServer struct {
	mu      sync.Mutex
	tickets string // what asking for one comes to: ok, 401, unreachable, 503 S
	asked   int
	spent   map[string]bool
	tries   []*scriptedTry
	links   int           // that were opened
	signed  *scriptedLink // the last one
	epoch   string
}

func newScriptedServer() *scriptedServer {
	return &scriptedServer{tickets: "ok", spent: make(map[string]bool), epoch: room.NewEpoch()}
}

func (s *scriptedServer) ticket(context.Context) (t Ticket, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	switch how := strings.Fields(s.tickets); how[0] {
	case "ok":
		t.Token = fmt.Sprint("token-", s.asked)
		t.WebTransport.URL, t.WebSocket.URL = "https://scripted/rrp", "wss://scripted/rrp"
		t.QUIC.Address = "scripted:4433"
		return t, nil
	case "401":
		return t, fmt.Errorf("asking: %w", room.ErrNotSignedIn)
	case "503":
		return t, &Refused{Reason: room.ErrUnavailable, Detail: how[1]}
	}
	return t, errors.New("the server is unreachable")
}

// scriptedTry is an attempt to open a link.
type scriptedTry struct {
	by      string
	outcome chan error
	pending bool
	closed  bool // given up by the client
	link    *scriptedLink
}

func (s *scriptedServer) dialer(by string) Dialer {
	return func(ctx context.Context, _ Ticket) (transport.Session, error) {
		t := &scriptedTry{by: by, outcome: make(chan error), pending: true}
		s.mu.Lock()
		s.tries = append(s.tries, t)
		s.mu.Unlock()
		var err error
		select {
		case err = <-t.outcome:
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		t.pending, t.closed = false, ctx.Err() != nil
		if err != nil {
			return nil, err
		}
		t.link = newScriptedLink(by)
		s.links++
		t.link.id = fmt.Sprint("connection-", s.links)
		if by == "WebSocket" {
			return &keyedLink{scriptedLink: t.link}, nil
		}
		return t.link, nil
	}
}

// of are the tries of a transport; the newest is the last.
func (s *scriptedServer) of(by string) (all []*scriptedTry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tries {
		if t.by == by {
			all = append(all, t)
		}
	}
	return all
}

func (s *scriptedServer) newest(by string) *scriptedTry {
	all := s.of(by)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

func (s *scriptedServer) pending(by string) (n int) {
	for _, t := range s.of(by) {
		s.mu.Lock()
		if t.pending {
			n++
		}
		s.mu.Unlock()
	}
	return n
}

// scriptedLink is a session's client side, and the server's hand on it.
type scriptedLink struct {
	by     string
	id     string
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	closed   bool // by the client
	silent   bool
	channels []*scriptedChannel
}

func newScriptedLink(by string) *scriptedLink {
	l := &scriptedLink{by: by}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

func (l *scriptedLink) Transport() string        { return l.by }
func (l *scriptedLink) ConnectionID() string     { return l.id }
func (l *scriptedLink) Remote() netip.AddrPort   { return netip.AddrPort{} }
func (l *scriptedLink) Context() context.Context { return l.ctx }

func (l *scriptedLink) Accept(context.Context) (transport.Channel, error) {
	return nil, errors.New("servers accept")
}
func (l *scriptedLink) SendDatagram([]byte) error { return transport.ErrNoDatagrams }
func (l *scriptedLink) ReceiveDatagram(context.Context) ([]byte, error) {
	return nil, transport.ErrNoDatagrams
}

func (l *scriptedLink) Open(context.Context) (transport.Channel, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return nil, net.ErrClosed
	}
	c := &scriptedChannel{link: l}
	c.came = sync.NewCond(&c.mu)
	l.channels = append(l.channels, c)
	return c, nil
}

func (l *scriptedLink) Close(transport.Code, string) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.over()
	return nil
}

// over ends the link without a word.
func (l *scriptedLink) over() {
	l.cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.channels {
		c.fail(net.ErrClosed)
	}
}

func (l *scriptedLink) fallSilent() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = true
}

func (l *scriptedLink) isSilent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent
}

func (l *scriptedLink) wasClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// control is the first channel, topics' are the others.
func (l *scriptedLink) control() *scriptedChannel {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.channels) == 0 {
		return nil
	}
	return l.channels[0]
}

// topic is the newest channel that isn't the control channel.
func (l *scriptedLink) topic() *scriptedChannel {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.channels) < 2 {
		return nil
	}
	return l.channels[len(l.channels)-1]
}

// keyedLink is a link whose further channels show a key.
type keyedLink struct {
	*scriptedLink
	key string
}

const scriptedKey = "AAAAAAAAAAAAAAAAAAAAAA"

func (l *keyedLink) Key() string       { return l.key }
func (l *keyedLink) UseKey(key string) { l.key = key }

func (l *keyedLink) Open(ctx context.Context) (transport.Channel, error) {
	if l.control() != nil && l.key != scriptedKey {
		return nil, fmt.Errorf("the key is %q", l.key)
	}
	return l.scriptedLink.Open(ctx)
}

// scriptedChannel keeps the frames that the client wrote, and answers PING.
type scriptedChannel struct {
	link *scriptedLink

	mu     sync.Mutex
	came   *sync.Cond
	unread []byte // for the client
	err    error  // after it
	parts  []byte // of a frame that isn't whole
	frames []frame
	deaf   bool // nothing is answered
}

// deafen makes the channel one on which nothing arrives any more.
func (c *scriptedChannel) deafen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf = true
}

// unfinished gives the client octets that are no whole frame.
func (c *scriptedChannel) unfinished(octets string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unread = append(c.unread, octets...)
	c.came.Broadcast()
}

type frame struct {
	typ     string
	fields  []string
	payload string
}

func (c *scriptedChannel) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.unread) == 0 && c.err == nil {
		c.came.Wait()
	}
	if len(c.unread) == 0 {
		return 0, c.err
	}
	n := copy(p, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

func (c *scriptedChannel) Write(p []byte) (int, error) {
	if c.link.isSilent() {
		return len(p), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if c.deaf {
		return len(p), nil
	}
	c.parts = append(c.parts, p...)
	for {
		f, rest, whole := cutFrame(c.parts)
		if !whole {
			return len(p), nil
		}
		c.parts = rest
		if f.typ == wire.TypePing {
			c.unread = wire.AppendFrame(c.unread, wire.TypePong, nil, f.fields...)
			c.came.Broadcast()
			continue
		}
		c.frames = append(c.frames, f)
	}
}

func cutFrame(octets []byte) (f frame, rest []byte, whole bool) {
	header, rest, whole := bytes.Cut(octets, []byte("\n"))
	if !whole {
		return f, octets, false
	}
	words := strings.Fields(string(header))
	length, err := strconv.Atoi(words[1])
	if err != nil || len(rest) < length {
		return f, octets, false
	}
	return frame{words[0], words[2:], string(rest[:length])}, rest[length:], true
}

func (c *scriptedChannel) CloseWrite() error                         { return nil }
func (c *scriptedChannel) CloseSession(transport.Code, string) error { return nil }
func (c *scriptedChannel) Reset(transport.Code)                      { c.fail(net.ErrClosed) }
func (c *scriptedChannel) SetReadDeadline(time.Time) error           { return nil }
func (c *scriptedChannel) SetWriteDeadline(time.Time) error          { return nil }
func (c *scriptedChannel) say(typ, payload string, fields ...string) {
	c.put(nil, typ, payload, fields...)
}
func (c *scriptedChannel) sayLast(typ, payload string, fs ...string) {
	c.put(io.EOF, typ, payload, fs...)
}

// put gives the client a frame, and an end after it unless that is nil.
func (c *scriptedChannel) put(end error, typ, payload string, fields ...string) {
	if c.link.isSilent() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unread = wire.AppendFrame(c.unread, typ, []byte(payload), fields...)
	if c.err == nil {
		c.err = end
	}
	c.came.Broadcast()
}

// fail ends the channel.
func (c *scriptedChannel) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	c.came.Broadcast()
}

// got are the frames of a type, without the PINGs.
func (c *scriptedChannel) got(types ...string) (all []frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.frames {
		if len(types) == 0 || slices.Contains(types, f.typ) {
			all = append(all, f)
		}
	}
	return all
}
