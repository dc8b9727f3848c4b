package raw

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"redroom/server/terminal"
	"redroom/server/transport"
	"redroom/server/wire"
)

// channel is one of the session's, that one goroutine listens to.
type channel struct {
	transport.Channel
	in     *wire.Reader
	saying sync.Mutex // one frame at a time

	heard chan struct{} // one slot: something came
	ended chan struct{} // closed when nothing comes any more

	mu   sync.Mutex
	owed int   // requests that were not answered yet
	last error // what the server has refused, or its BYE
	over error // why nothing comes any more
}

func newChannel(stream transport.Channel) *channel {
	return &channel{Channel: stream, in: wire.NewReader(stream), heard: make(chan struct{}, 1), ended: make(chan struct{})}
}

// say says a frame.
func (c *channel) say(frame []byte) error {
	c.saying.Lock()
	defer c.saying.Unlock()
	_, err := c.Write(frame)
	return err
}

// ask says what was typed, and counts it if it will be answered.
func (c *channel) ask(f frame) error {
	if f.asks {
		c.mu.Lock()
		c.owed++
		c.mu.Unlock()
	}
	return c.say(f.octets)
}

func (c *channel) allAnswered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owed == 0
}

// listen hands on what comes, but PING, which it answers, until that fails or
// nothing comes any more. It always gives an error.
func (c *channel) listen(take func(h *wire.Header, payload []byte) error) error {
	for {
		h, err := c.in.Next()
		if err != nil {
			return err
		}
		payload, err := c.in.Payload()
		if err != nil {
			return err
		}
		if h.Type == wire.TypePing {
			if err := c.say(wire.AppendFrame(nil, wire.TypePong, payload, fields(h)...)); err != nil {
				return err
			}
			continue
		}
		c.note(h, payload)
		if err := take(h, payload); err != nil {
			return err
		}
		c.stir()
	}
}

func fields(h *wire.Header) []string {
	all := make([]string, h.NumFields())
	for i := range all {
		all[i] = h.String(i)
	}
	return all
}

// note remembers what a frame says of the requests, and of the end.
func (c *channel) note(h *wire.Header, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch h.Type {
	case wire.TypeAck, wire.TypeErr, wire.TypeResult, wire.TypePong, wire.TypeHead:
		c.owed = max(0, c.owed-1)
	}
	if h.Type == wire.TypeErr || h.Type == wire.TypeBye {
		c.last = fmt.Errorf("%s %s", h.String(0), payload)
	}
}

func (c *channel) stir() {
	select {
	case c.heard <- struct{}{}:
	default:
	}
}

// copyTo prints octets as they are. It always gives an error.
func (c *channel) copyTo(out io.Writer) error {
	_, err := io.Copy(stirring{out, c}, c.Channel)
	if err == nil {
		err = io.EOF
	}
	return err
}

// stirring is a writer of what comes.
type stirring struct {
	io.Writer
	c *channel
}

func (s stirring) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	s.c.stir()
	return n, err
}

// end says that nothing comes any more, and why.
func (c *channel) end(why error) {
	c.mu.Lock()
	c.over = why
	c.mu.Unlock()
	close(c.ended)
}

func (c *channel) isOver() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// refusal is what the server has refused last, or its BYE; nil: nothing.
func (c *channel) refusal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// why is why the server has ended the channel.
func (c *channel) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.last != nil:
		return fmt.Errorf("the server has ended it: %w", c.last)
	case errors.Is(c.over, io.EOF):
		return errors.New("the server has ended the channel")
	}
	return fmt.Errorf("the channel has ended: %w", c.over)
}

// finish says FIN, and waits for the other side's.
func (c *channel) finish(within time.Duration) {
	c.saying.Lock()
	c.CloseWrite()
	c.saying.Unlock()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
	}
}

// shown is a frame as it is printed: with an end of its last line, and nothing that
// a terminal would obey.
func shown(h *wire.Header, payload []byte) string {
	header := wire.AppendHeader(nil, h.Type, h.Length, fields(h)...)
	text := terminal.CleanText(string(payload))
	if text != "" && text[len(text)-1] != '\n' {
		text += "\n"
	}
	return string(header) + text
}
