// Package raw speaks the protocol by hand: what somebody types goes to one channel
// of a session, and what comes there is printed.
//
// # Order
//
// Frames go out in the order in which they were typed, each whole and in one
// write; what comes is printed in the order in which it comes, a frame in one
// write. PING is answered with PONG between two frames, by itself, and neither is
// shown. With Config.Octets nothing of this is so: octets go and come as they are,
// and nobody answers.
//
// # Who may block
//
// [Run] waits for the input, however long that takes, and for the server where it
// doesn't read what is said. Config.Note is called by what
// reads the input, which it holds up.
//
// # Shutdown
//
// At the input's end Run waits until every request was answered and nothing more
// has come for a moment, ten seconds at most, says FIN, and prints what comes
// until the server's. When ctx ends it says FIN at once. It returns when nothing of
// it runs any more but, where the input has not ended, what reads it, which nothing
// can interrupt: that ends with the input or the process.
package raw

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"redroom/server/transport"
	"redroom/server/wire"
)

// Config is what a session by hand is made of.
type Config struct {
	Conn    transport.Session // which Run closes
	Token   string            // to sign in with; "": that is done by hand too
	Further bool              // what is typed goes to a further channel, and not to the control channel
	Octets  bool              // both ways as they are

	In   io.Reader
	Out  io.Writer
	Note func(wrong error) // told what is wrong with what was typed
}

const (
	signInWithin  = 10 * time.Second
	quietFor      = 500 * time.Millisecond // after what was answered
	quietOctets   = 2 * time.Second        // after octets, of which nobody knows whether they were
	answersWithin = 10 * time.Second
	finWithin     = 5 * time.Second
	leaveWithin   = time.Second
)

// run is a session under way.
type run struct {
	Config
	control, target *channel // which are one, unless there is a further one

	running sync.WaitGroup
}

// Run speaks until the input, the session or ctx ends. An end that the server has
// made is an error that says why.
func Run(ctx context.Context, c Config) error {
	r := &run{Config: c}
	defer r.running.Wait()
	defer c.Conn.Close(0, "") // before it is waited
	if err := r.open(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	said := make(chan error, 1)
	go func() { said <- r.say(r.target) }() // see Shutdown
	err := r.converse(ctx, said)
	if r.control != r.target {
		r.control.finish(leaveWithin)
		if err != nil && r.control.refusal() != nil {
			err = r.control.why() // which says more
		}
	}
	return err
}

// open opens the channels and signs in, if there is a token.
func (r *run) open(ctx context.Context) error {
	control, err := r.channel(ctx)
	if err != nil {
		return err
	}
	r.control, r.target = control, control
	if r.Token != "" {
		if err := r.signIn(ctx); err != nil {
			return err
		}
	}
	if r.Further {
		if r.target, err = r.channel(ctx); err != nil {
			return err
		}
		r.running.Go(func() {
			r.control.end(r.control.listen(func(*wire.Header, []byte) error { return nil }))
		})
	}
	hear := func() error { return r.target.listen(r.print) }
	if r.Octets {
		hear = func() error { return r.target.copyTo(r.Out) }
	}
	r.running.Go(func() { r.target.end(hear()) })
	return nil
}

func (r *run) channel(ctx context.Context) (*channel, error) {
	stream, err := r.Conn.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	return newChannel(stream), nil
}

// signIn shows the token, which is not printed, nor is what it is answered with:
// on a WebSocket a key is in it.
func (r *run) signIn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, signInWithin)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { r.control.SetReadDeadline(time.Unix(0, 0)) })
	defer stop()
	if err := r.control.say(wire.AppendFrame(nil, wire.TypeToken, nil, r.Token)); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	signedIn := errors.New("signed in")
	err := r.control.listen(func(h *wire.Header, payload []byte) error {
		if h.Type != wire.TypeAck {
			return nil
		}
		if keyed, ok := r.Conn.(transport.Keyed); ok {
			keyed.UseKey(h.String(2))
		}
		return signedIn
	})
	switch {
	case errors.Is(err, signedIn):
		return nil
	case ctx.Err() != nil:
		err = ctx.Err()
	case r.control.refusal() != nil:
		err = r.control.refusal()
	}
	return fmt.Errorf("signing in: %w", err)
}

// say says what is typed until there is no more, or nobody takes it.
func (r *run) say(to *channel) error {
	if r.Octets {
		_, err := io.Copy(to.Channel, r.In)
		return err
	}
	in := newTyped(r.In)
	for {
		f, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what is typed: %w", err)
		}
		if f.wrong != nil {
			r.Note(f.wrong)
		}
		if err := to.ask(f); err != nil {
			return nil // why is what its reader knows
		}
	}
}

// converse waits for the end of what is typed, or of the channel. said is where the
// former comes.
func (r *run) converse(ctx context.Context, said <-chan error) error {
	var broken error
	select {
	case broken = <-said:
		r.settle(ctx)
	case <-r.target.ended:
	case <-ctx.Done():
	}
	if r.target.isOver() {
		return r.target.why()
	}
	within := finWithin
	if ctx.Err() != nil {
		within = leaveWithin
	}
	r.target.finish(within)
	return broken
}

// settle waits until what was asked was answered, and nothing more comes.
func (r *run) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	quiet := quietFor
	if r.Octets {
		quiet = quietOctets
	}
	for {
		var rest <-chan time.Time
		if r.target.allAnswered() {
			rest = time.After(quiet)
		}
		select {
		case <-r.target.heard:
		case <-rest:
			return
		case <-r.target.ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *run) print(h *wire.Header, payload []byte) error {
	if _, err := io.WriteString(r.Out, shown(h, payload)); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
