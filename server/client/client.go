// Package client speaks to a server as a program: it opens a session, signs
// in, and joins topics.
//
// # Order
//
// A topic's messages are handed to the function that Join was given, in the
// order of seq, each once, from one goroutine a topic. Each was checked
// against the chain before.
//
// # Who may block
//
// That function holds up its own topic only, its answers included: it must not
// wait for a Post in the same topic. SignIn, Join and Post wait for the
// server's answer.
//
// # Shutdown
//
// Close ends the session and waits until its goroutines have ended.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// Bye is the server's reason for ending the session.
type Bye struct {
	Code     int
	Seconds  int64 // come back after so many; 0: not said
	Sentence string
}

func (b *Bye) Error() string {
	return fmt.Sprintf("the server ended the session: %d %s", b.Code, b.Sentence)
}

// ErrLost means that the session ended without a reason.
var ErrLost = errors.New("the session was lost")

// Client is one session.
type Client struct {
	conn    transport.Session
	control transport.Channel

	ctx     context.Context // ends with the session; its cause says why
	end     context.CancelCauseFunc
	answers chan answer // to requests on the control channel, in order
	onState func(typ string, fields []string, payload []byte)
	running sync.WaitGroup
}

type answer struct {
	fields []string
	err    error
}

// Dial opens a session by WebTransport with the server at url,
// https://HOST:PORT/rrp.
func Dial(ctx context.Context, url string, trust *tls.Config) (*Client, error) {
	conn, err := transport.DialWebTransport(ctx, url, "", trust)
	if err != nil {
		return nil, err
	}
	return New(conn), nil
}

// New makes a client of a session that is open.
func New(conn transport.Session) *Client {
	c := &Client{conn: conn, answers: make(chan answer, 1)}
	c.ctx, c.end = context.WithCancelCause(conn.Context())
	return c
}

// SignIn spends a token and gives the user's name.
func (c *Client) SignIn(ctx context.Context, token string) (user string, err error) {
	c.control, err = c.conn.Open(ctx)
	if err != nil {
		return "", err
	}
	if _, err := c.control.Write(wire.AppendFrame(nil, wire.TypeToken, nil, token)); err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	c.running.Go(c.readControl)
	a, err := c.answer(ctx)
	if err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	return a.field(1), nil
}

// Watch asks for the room's state. tell is called, from one goroutine, for
// each DEAL, TOPIC, UNREAD and PRESENCE, and must not block. Watch returns
// when all that exists was told.
func (c *Client) Watch(ctx context.Context, tell func(typ string, fields []string, payload []byte)) error {
	c.onState = tell
	if _, err := c.control.Write(wire.AppendFrame(nil, wire.TypeWatch, nil)); err != nil {
		return fmt.Errorf("watching: %w", err)
	}
	if _, err := c.answer(ctx); err != nil {
		return fmt.Errorf("watching: %w", err)
	}
	return nil
}

// Err is why the session ended: a *Bye, or ErrLost; nil while it lives.
func (c *Client) Err() error {
	if c.ctx.Err() == nil {
		return nil
	}
	return c.why()
}

// Done is closed when the session has ended.
func (c *Client) Done() <-chan struct{} { return c.ctx.Done() }

// Close ends the session.
func (c *Client) Close() error {
	c.end(ErrLost)
	err := c.conn.Close(0, "")
	c.running.Wait()
	return err
}

func (c *Client) why() error {
	var bye *Bye
	if cause := context.Cause(c.ctx); errors.As(cause, &bye) {
		return bye
	}
	return ErrLost
}

func (c *Client) answer(ctx context.Context) (answer, error) {
	select {
	case a := <-c.answers:
		return a, a.err
	case <-c.ctx.Done():
		select {
		case a := <-c.answers: // it came before the end
			return a, a.err
		default:
			return answer{}, c.why()
		}
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

func (a answer) field(i int) string {
	if i >= len(a.fields) {
		return ""
	}
	return a.fields[i]
}

// readControl reads the control channel until its end, which is the session's.
func (c *Client) readControl() {
	in := wire.NewReader(c.control)
	for {
		h, err := in.Next()
		if err != nil {
			c.end(ErrLost)
			return
		}
		payload, err := in.Payload()
		if err != nil {
			c.end(ErrLost)
			return
		}
		switch h.Type {
		case wire.TypeAck:
			c.answers <- answer{fields: fields(h)}
		case wire.TypeErr:
			c.answers <- answer{err: refusal(h, payload)}
		case wire.TypePing:
			c.control.Write(wire.AppendFrame(nil, wire.TypePong, nil)) // its failing is the session's end
		case wire.TypeBye:
			code, _ := strconv.Atoi(h.String(0))
			seconds, _ := h.Number(1)
			c.end(&Bye{Code: code, Seconds: seconds, Sentence: string(payload)})
			c.control.CloseWrite()
			io.Copy(io.Discard, c.control)
			return
		case wire.TypeDeal, wire.TypeTopic, wire.TypeUnread, wire.TypePresence:
			if c.onState != nil {
				c.onState(h.Type, fields(h), payload)
			}
		}
	}
}

func fields(h *wire.Header) []string {
	fs := make([]string, h.NumFields())
	for i := range fs {
		fs[i] = h.String(i)
	}
	return fs
}

// refusal is ERR n code ref [detail] as an error; errors.As finds *room.Error.
func refusal(h *wire.Header, payload []byte) error {
	code, _ := h.Number(0)
	return &room.Error{Code: int(code), Text: string(payload), Retry: code == 429 || code == 503}
}
