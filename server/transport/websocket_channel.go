package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"redroom/server/room"
	"redroom/server/wire"
)

const (
	maxMessage = wire.MaxLength + wire.MaxHeader // octets of a WebSocket message
	pieceSize  = 4 << 10                         // that is moved at a time
	largePiece = 32 << 10                        // when there is more
	maxReason  = 123                             // octets of a close frame's reason (RFC 6455 section 5.5)
)

// largePieces are lent to channels that have much to write, so that those that
// have nothing cost little.
var largePieces = sync.Pool{New: func() any { return new([largePiece]byte) }}

// wsChannel is a WebSocket whose binary messages are joined to a stream of
// octets. The library ends a connection where a deadline ends a Read or Write;
// here two pipes have the deadlines, and two goroutines, which end with the
// socket, move the octets between them and it: what a Write has taken is what
// its goroutine has, a piece at most.
type wsChannel struct {
	conn *websocket.Conn
	raw  net.Conn // below it, and below TLS
	gate writeGate

	in, out net.Conn      // our ends of the pipes
	ahead   []byte        // of in, to be read before it
	heard   chan struct{} // closed when nothing more comes
	over    chan struct{} // closed when the socket is

	mu      sync.Mutex
	status  websocket.StatusCode // of our FIN; 0 until it is said
	reason  string
	leaving bool  // with the session
	fault   error // why nothing more comes; nil: by the other side's FIN
}

func newWSChannel(conn *websocket.Conn, raw net.Conn, gate writeGate) *wsChannel {
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	conn.SetReadLimit(maxMessage)
	c := &wsChannel{conn: conn, raw: raw, gate: gate, heard: make(chan struct{}), over: make(chan struct{})}
	var farIn, farOut net.Conn
	c.in, farIn = net.Pipe()
	c.out, farOut = net.Pipe()
	var pumps sync.WaitGroup
	pumps.Go(func() { c.receive(farIn) })
	pumps.Go(func() { c.send(farOut) })
	go func() {
		pumps.Wait()
		c.raw.Close()
		close(c.over)
	}()
	return c
}

func (c *wsChannel) Read(p []byte) (int, error) {
	if len(c.ahead) > 0 {
		n := copy(p, c.ahead)
		c.ahead = c.ahead[n:]
		return n, nil
	}
	n, err := c.in.Read(p)
	if errors.Is(err, io.EOF) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.fault != nil {
			err = c.fault
		}
	}
	return n, err
}

func (c *wsChannel) Write(p []byte) (int, error) { return c.out.Write(p) }

func (c *wsChannel) SetReadDeadline(t time.Time) error  { return c.in.SetReadDeadline(t) }
func (c *wsChannel) SetWriteDeadline(t time.Time) error { return c.out.SetWriteDeadline(t) }

func (c *wsChannel) CloseWrite() error {
	c.finish(websocket.StatusNormalClosure, "")
	return nil
}

func (c *wsChannel) CloseSession(code Code, sentence string) error {
	c.finish(statusOf(code), sentence)
	return nil
}

// Reset drops the connection: a close frame has no place for a code of ours, and
// must wait for its turn. With a reason to reset, what was written and has not
// left yet is dropped too. Where the session ends, though, that is being said,
// and the channel goes with it.
func (c *wsChannel) Reset(code Code) {
	c.mu.Lock()
	leaving := c.leaving
	c.mu.Unlock()
	if tcp, ok := c.raw.(*net.TCPConn); ok && code != 0 && !leaving {
		tcp.SetLinger(0) // its end is an RST then, which takes what lies in buffers with it
	}
	if !leaving {
		c.drop()
	}
	<-c.over
}

// finish says FIN after what was written, the first time.
func (c *wsChannel) finish(status websocket.StatusCode, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		c.status, c.reason = status, cut(reason, maxReason)
		c.out.Close()
	}
}

// leave waits a moment for the other side's FIN, and drops the connection if
// there is none. Nothing is read any more.
func (c *wsChannel) leave() {
	c.mu.Lock()
	c.leaving = true
	c.mu.Unlock()
	c.in.Close()
	timer := time.NewTimer(farewellTime)
	defer timer.Stop()
	select {
	case <-c.over:
	case <-timer.C:
		c.drop()
		<-c.over
	}
}

func (c *wsChannel) hangUp(status websocket.StatusCode, reason string) {
	c.finish(status, reason)
	c.leave()
}

// sayBye ends a session that never was one, as its control channel would.
func (c *wsChannel) sayBye(why *room.Error, seconds ...string) {
	fields := append([]string{strconv.Itoa(why.Code)}, seconds...)
	c.SetWriteDeadline(time.Now().Add(farewellTime))
	c.Write(wire.AppendFrame(nil, wire.TypeBye, []byte(why.Text), fields...))
	c.hangUp(statusOf(Code(why.Code)), why.Text)
}

// refuse ends a channel that was never taken up.
func (c *wsChannel) refuse(why *room.Error, ref string) {
	c.SetWriteDeadline(time.Now().Add(farewellTime))
	c.Write(wire.AppendFrame(nil, wire.TypeErr, []byte(why.Text), strconv.Itoa(why.Code), ref))
	c.hangUp(websocket.StatusNormalClosure, "")
}

// writeGate is held while a message is written. The library answers a ping
// (RFC 6455 section 5.5.2) where it reads, and ends the connection if it can't
// write for 5 s; but a reader that falls behind is never cut off.
type writeGate chan struct{}

// mayAnswer waits a moment until nothing is being written. A ping to a reader
// that takes nothing isn't answered: it would not read the answer either.
func (g writeGate) mayAnswer(ctx context.Context, _ []byte) bool {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case g <- struct{}{}:
		<-g
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// drop ends everything at once, unless it is over; then there may be something
// to be read still.
func (c *wsChannel) drop() {
	select {
	case <-c.over:
		return
	default:
	}
	c.raw.Close()
	c.in.Close()
	c.out.Close()
}

// receive moves what comes to the reader, until there is no more. Nobody may
// read any longer; then it goes by, up to the other side's close frame.
func (c *wsChannel) receive(far net.Conn) {
	defer close(c.heard)
	defer far.Close()
	piece := make([]byte, pieceSize)
	for refused := false; ; {
		kind, message, err := c.conn.Reader(context.Background())
		switch {
		case refused && err == nil:
			io.Copy(io.Discard, message)
			continue
		case websocket.CloseStatus(err) != -1:
			return
		case err != nil:
			c.end(err)
			c.raw.Close()
			return
		case kind != websocket.MessageBinary:
			// The reader is told after the other side, lest it drop the connection
			// before the close frame is on its way.
			c.end(errText)
			c.finish(websocket.StatusUnsupportedData, errText.Error())
			defer time.AfterFunc(farewellTime, func() { c.raw.Close() }).Stop()
			refused = true
			io.Copy(io.Discard, message)
			continue
		}
		// What fails here fails at the next Reader too, but that nobody reads.
		if _, err := io.CopyBuffer(far, message, piece); errors.Is(err, io.ErrClosedPipe) {
			io.Copy(io.Discard, message)
		}
	}
}

var errText = errors.New("only binary messages are understood")

// end notes why nothing more comes, unless we ended it.
func (c *wsChannel) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		c.fault = fmt.Errorf("the WebSocket was lost: %v", why) // io.EOF, too, is no FIN here
	}
}

// send moves what is written to the socket, and closes it after our FIN.
func (c *wsChannel) send(far net.Conn) {
	defer far.Close()
	piece := make([]byte, pieceSize)
	var large *[largePiece]byte
	giveBack := func() {
		if large != nil {
			largePieces.Put(large)
			large = nil
		}
	}
	defer giveBack()
	for {
		space := piece
		if large != nil {
			space = large[:]
		}
		n, err := far.Read(space)
		if err != nil {
			break
		}
		c.gate <- struct{}{}
		err = c.conn.Write(context.Background(), websocket.MessageBinary, space[:n])
		<-c.gate
		if err != nil {
			return
		}
		switch {
		case n == pieceSize && large == nil:
			large = largePieces.Get().(*[largePiece]byte)
		case n < pieceSize:
			giveBack()
		}
	}
	c.mu.Lock()
	status, reason := c.status, c.reason
	c.mu.Unlock()
	if status == 0 { // dropped
		c.conn.CloseNow()
		return
	}
	c.conn.Close(status, reason)
}

var errSilent = errors.New("nothing was said")

// peekHeader waits for the first header until the read deadline, which it takes
// away. But for an ATTACH, it is read again after it. It is nil if it is
// malformed; peekHeader fails if the channel ends before.
func (c *wsChannel) peekHeader() (*wire.Header, error) {
	defer c.SetReadDeadline(time.Time{})
	octets := &octetByOctet{from: c}
	h, err := wire.NewReader(octets).Next()
	switch {
	case err == nil && h.Type == wire.TypeAttach:
		return h, nil // and is done with
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errSilent
	case err != nil && !errors.Is(err, wire.ErrMalformed):
		return nil, err
	}
	c.ahead = octets.seen
	return h, nil
}

// octetByOctet reads nothing beyond what it is asked for, and remembers it.
type octetByOctet struct {
	from io.Reader
	seen []byte
}

func (r *octetByOctet) Read(p []byte) (int, error) {
	n, err := r.from.Read(p[:1])
	r.seen = append(r.seen, p[:n]...)
	return n, err
}

// cut shortens text to so many octets at most, between two characters.
func cut(text string, octets int) string {
	if len(text) <= octets {
		return text
	}
	for octets > 0 && !utf8.RuneStart(text[octets]) {
		octets--
	}
	return text[:octets]
}
