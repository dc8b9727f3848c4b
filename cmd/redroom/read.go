package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"redroom/server/client"
	"redroom/server/room"
)

// reading is what the flags of read say.
type reading struct {
	connection
	after  int64
	follow bool
	asJSON bool
	cursor string
}

func newRead() *cobra.Command {
	var r reading
	cmd := &cobra.Command{
		Use:   "read TOPIC",
		Short: "Print a topic's messages",
		Long: `Print the messages of a topic, which is named by its id or by Deal/Title: number,
time, author, kind and text, with tabs between; a text's further lines begin with
four tabs. The kind is text, reply:N, report, edit:N, redact:N or system, N being
the message that it speaks of, or redacted in place of the words. Control
characters of a text are shown, not sent. --json is what a program should read.

Each message is checked against the topic's chain. With --cursor FILE it goes on
behind what it has printed before: each message once, after kill -9 the last ones
again. Where the log is another one than before, since the store was restored say,
it prints nothing of it and ends with status 1: look, and remove the file to begin
anew.

With --follow it waits for what comes, through any time without a connection, and
ends with status 0 by Ctrl-C or when nobody reads its output any more.`,
		Example: `  redroom read Alpha/Price --after -20
  redroom read Alpha/Price --json | jq -r 'select(.kind == "report").body'
  redroom read Alpha/Price --json --follow --cursor price.cursor`,
		Args: exactly(1, "the topic"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.after < -room.MaxBack {
				return usageError{fmt.Errorf("--after is the number of a message, or -1 to -%d for the last ones, not %d", room.MaxBack, r.after)}
			}
			return r.run(cmd, args[0])
		},
		ValidArgsFunction: completeTopic(&r.connection, 0),
	}
	fl := cmd.Flags()
	r.flags(fl)
	fl.Int64Var(&r.after, "after", 0, "begin behind this `number`; -N: with the last N messages")
	fl.BoolVar(&r.follow, "follow", false, "go on with what comes")
	fl.BoolVar(&r.asJSON, "json", false, "print a JSON object a line, as GET /api/topics/ID/messages gives them")
	fl.StringVar(&r.cursor, "cursor", "", "begin where this `file` says, and keep there how far it was read")
	return cmd
}

// errNobodyReads means that who has read what is printed has gone.
var errNobodyReads = errors.New("nobody reads the output")

func (r *reading) run(cmd *cobra.Command, name string) (err error) {
	kept, err := openCursor(r.cursor)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(cmd.Context())
	var watching sync.WaitGroup
	defer watching.Wait()
	defer end(nil)
	watching.Go(func() {
		if watchOutput(ctx, cmd.OutOrStdout()) {
			end(errNobodyReads)
		}
	})
	err = r.print(ctx, cmd, name, kept)
	switch {
	case errors.Is(context.Cause(ctx), errNobodyReads), errors.Is(err, syscall.EPIPE):
		return nil
	case ctx.Err() == nil:
		return err
	case !r.follow:
		return errInterrupted
	case errors.Is(err, context.Canceled):
		return nil
	}
	return err
}

// print prints a topic until the end.
func (r *reading) print(ctx context.Context, cmd *cobra.Command, name string, kept *cursor) error {
	to, err := r.room(ctx)
	if err != nil {
		return err
	}
	defer to.Close()
	topic, err := to.Topic(ctx, name)
	if err != nil {
		return err
	}
	if err := kept.of(topic); err != nil {
		return err
	}
	config := to.Config()
	config.OnState = (&outage{out: cmd.ErrOrStderr()}).note
	p := &printer{reading: r, cursor: kept, out: bufio.NewWriterSize(cmd.OutOrStdout(), outputBuffer), end: -1}
	return p.print(ctx, config, topic)
}

const (
	outputBuffer = 64 << 10
	waitingLines = 256 // messages that may wait to be printed
)

// printer prints a topic as it comes.
type printer struct {
	*reading
	cursor *cursor
	out    *bufio.Writer

	epoch string
	at    room.Head // printed up to here
	end   int64     // where to stop, without --follow; -1: not known yet
}

// event is what a client tells of a topic; one of these.
type event struct {
	message *room.Message
	joined  *joined
	anew    error
}

type joined struct {
	epoch  string
	behind room.Head
	head   int64
}

// print prints until the end.
func (p *printer) print(ctx context.Context, config client.Config, topic string) error {
	events := make(chan event, waitingLines)
	ctx, cancel := context.WithCancel(ctx)
	tell := func(e event) {
		select {
		case events <- e:
		case <-ctx.Done():
		}
	}
	c := client.Connect(config)
	defer c.Close()
	defer cancel() // before it, so that nothing waits to be told
	reading := client.Reading{
		After: p.after,
		Joined: func(epoch string, behind room.Head, head int64) {
			tell(event{joined: &joined{epoch, behind, head}})
		},
		Each: func(m room.Message) { tell(event{message: &m}) },
		Anew: func(why error) { tell(event{anew: why}) },
	}
	if proof := p.cursor.proof(); proof != nil {
		reading.After, reading.Proof = p.cursor.Seq, proof
	}
	t := c.Open(topic, reading)
	for {
		select {
		case e := <-events:
			done, err := p.take(e)
			if done || err != nil || len(events) == 0 {
				err = errors.Join(p.flush(), err)
			}
			if done || err != nil {
				return err
			}
		case <-t.Done():
			if len(events) > 0 {
				continue
			}
			return overOf(t.Err())
		case <-ctx.Done():
			return p.flush()
		}
	}
}

// take prints what an event tells, and says whether that was all.
func (p *printer) take(e event) (done bool, err error) {
	switch {
	case e.anew != nil:
		return true, p.otherLog(e.anew)
	case e.joined != nil:
		if p.end < 0 {
			p.epoch, p.at, p.end = e.joined.epoch, e.joined.behind, e.joined.head
		}
	case e.message != nil:
		m := e.message
		p.at = room.Head{Seq: m.Seq, Hash: room.ChainNext(p.at.Hash, m, m.Length, m.Digest)}
		if err := p.line(m); err != nil {
			return false, err
		}
	}
	return !p.follow && p.end >= 0 && p.at.Seq >= p.end, nil
}

func (p *printer) line(m *room.Message) error {
	line := plainLine(m)
	if p.asJSON {
		line = jsonLine(m)
	}
	_, err := p.out.Write(line)
	return err
}

// flush keeps where it is when what was printed is out.
func (p *printer) flush() error {
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if p.epoch == "" { // nothing is known yet
		return nil
	}
	return p.cursor.save(p.epoch, p.at)
}

// otherLog says why what is there now isn't what was printed before.
func (p *printer) otherLog(why error) error {
	advice := "to read it from the beginning, run this again"
	if p.cursor.path != "" {
		advice = fmt.Sprintf("to read it from the beginning, remove %s and run this again", p.cursor.path)
	}
	switch {
	case p.end < 0 && p.cursor.proof() == nil:
		return fmt.Errorf("the topic has no message %d yet; see --after", p.after)
	case errors.Is(why, client.ErrBroken):
		return fmt.Errorf("%w: it is not what was read before; ask who runs the server, and redroom verify; %s", why, advice)
	case errors.Is(why, room.ErrNotFound):
		return fmt.Errorf("a part of what was read before is not yours to read any more; %s", advice)
	}
	return fmt.Errorf("the log is another one than before: the server's store was restored; %s", advice)
}
