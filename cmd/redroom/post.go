package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"redroom/server/client"
	"redroom/server/room"
)

// posting is what the flags of post say.
type posting struct {
	connection
	kind    string
	reply   int64
	id      string
	timeout time.Duration
	asJSON  bool
}

func newPost() *cobra.Command {
	var p posting
	cmd := &cobra.Command{
		Use:   "post TOPIC [TEXT]",
		Short: "Post one message, and print its number",
		Long: `Post one message in a topic, which is named by its id or by Deal/Title. Without
TEXT it is what comes on standard input, up to its end; the line's end behind it
is left out. A report is JSON.

It ends with status 0 when the message is on the server's disk, and prints its
number in the topic. With any other status it may be there or not: repeat it with
the same --id, and it is there once.`,
		Example: `  redroom post "Alpha/Due Diligence" "The figures are in."
  echo '{"ebitda": 12.5}' | redroom post Alpha/Price --kind report
  redroom post Alpha/Price --id "backup-$(date +%F)" < result.txt`,
		Args: between(1, 2, "the topic, and a text"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.check(); err != nil {
				return err
			}
			body, err := p.body(cmd, args[1:])
			if err != nil {
				return err
			}
			return p.post(cmd, args[0], body)
		},
		ValidArgsFunction: completeTopic(&p.connection, 0),
	}
	fl := cmd.Flags()
	p.flags(fl)
	fl.StringVar(&p.kind, "kind", "text", "text or report")
	fl.Int64Var(&p.reply, "reply", 0, "the `number` of the message that it replies to")
	fl.StringVar(&p.id, "id", "", "the message's own `id`: with the same one it is posted once, however often it is tried")
	fl.DurationVar(&p.timeout, "timeout", 30*time.Second, "how long to wait for the server; 0: for ever")
	fl.BoolVar(&p.asJSON, "json", false, "print what was posted as JSON")
	offer(cmd, "kind", string(room.Text), string(room.Report))
	return cmd
}

// between wants from least to most arguments.
func between(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usageError{fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())}
		}
		return nil
	}
}

func (p *posting) check() error {
	switch {
	case p.kind != string(room.Text) && p.kind != string(room.Report):
		return usageError{fmt.Errorf("--kind is text or report, not %q", p.kind)}
	case p.reply < 0:
		return usageError{fmt.Errorf("--reply is the number of a message, not %d", p.reply)}
	case p.id != "" && !room.ValidClientID(p.id):
		return usageError{fmt.Errorf("--id has 1 to %d characters of visible ASCII, and %q has not", room.MaxClientID, p.id)}
	case p.timeout < 0:
		return usageError{fmt.Errorf("--timeout is a time such as 30s, not %s", p.timeout)}
	}
	return nil
}

// body is the text of the command line, or of standard input.
func (p *posting) body(cmd *cobra.Command, args []string) (string, error) {
	kind := room.Kind(p.kind)
	var body []byte
	if len(args) > 0 {
		body = []byte(args[0])
	} else {
		if atTerminal() {
			fmt.Fprintln(cmd.ErrOrStderr(), "Type the message; Ctrl-D at a line's beginning posts it.")
		}
		var err error
		if body, err = readInput(cmd.Context(), cmd.InOrStdin(), kind.Limit()+len("\r\n")); err != nil {
			return "", fmt.Errorf("reading the message from standard input: %w; nothing was posted", err)
		}
		body = bytes.TrimSuffix(bytes.TrimSuffix(body, []byte("\n")), []byte("\r"))
	}
	if err := kind.ValidBody(body); err != nil {
		return "", fmt.Errorf("%w Nothing was posted", err)
	}
	return string(body), nil
}

// readInput reads to the end, but little more than most octets. It does not
// wait for it longer than ctx lasts; then the process is about to end, and so
// does what still waits to read.
func readInput(ctx context.Context, in io.Reader, most int) ([]byte, error) {
	type input struct {
		octets []byte
		err    error
	}
	got := make(chan input, 1)
	go func() {
		octets, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
		got <- input{octets, err}
	}()
	select {
	case i := <-got:
		return i.octets, i.err
	case <-ctx.Done():
		return nil, errInterrupted
	}
}

var errInterrupted = errors.New("it was interrupted")

// post has a message posted, and prints what came of it.
func (p *posting) post(cmd *cobra.Command, topic, body string) error {
	ctx, cancel := within(cmd.Context(), p.timeout)
	defer cancel()
	r, err := p.room(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	id, err := r.Topic(ctx, topic)
	if err != nil {
		return late(ctx, p.timeout, err, "; nothing was posted")
	}
	message := client.Post{ID: cmp.Or(p.id, room.NewClientID(time.Now())), Kind: room.Kind(p.kind), Ref: p.reply, Body: body}

	var outage outage
	config := r.Config()
	config.OnState = outage.note
	c := client.Connect(config)
	defer c.Close()
	seq, err := c.Open(id, client.Reading{After: -1}).Post(ctx, message)
	if err != nil {
		return late(ctx, p.timeout, overOf(err), fmt.Sprintf("%s; it may have been posted: repeat it with --id %s, and it is there once", outage.why(), message.ID))
	}
	if p.asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"topic": id, "seq": seq, "id": message.ID})
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), seq)
	return err
}

// overOf is an error of a client, with what to do where nobody is signed in any
// more.
func overOf(err error) error {
	if errors.Is(err, room.ErrSessionEnded) {
		return errSignInOver
	}
	return err
}
