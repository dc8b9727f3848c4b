package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"redroom/server/probe"
	"redroom/server/terminal"
)

// maxEchoSize is how many octets one echo of --count may have.
const maxEchoSize = 16 << 20

// echoing is what the flags of echo say.
type echoing struct {
	connection
	count, size     int
	migrate, asJSON bool
}

func newEcho() *cobra.Command {
	var e echoing
	cmd := &cobra.Command{
		Use:   "echo",
		Short: "Have the server send back what it is sent, to see what the network does to it",
		Long: `Have the server send back what it is sent, to see what the network does to it: over
QUIC alone, without a sign-in. The server must be given --echo.

What comes on standard input is sent, what comes back is printed, and compared: if it is
anything else, that is an error. With --count so many echoes of --size octets are sent,
one after the other; it prints how long the handshake took and how long an echo does,
and whether a second connection could resume the first one's session and send with its
first packet (0-RTT). --migrate goes on from another UDP port after half of them, as a
laptop does that changes networks: the stream must live on.`,
		Example: `  redroom echo
  redroom echo --count 100 --size 1200
  redroom echo --count 100 --migrate --json --server room.example.com:443
  redroom echo < some.file | cmp - some.file`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := e.check(cmd.Flags().Changed("count"), cmd.Flags().Changed("size")); err != nil {
				return err
			}
			return e.run(cmd)
		},
	}
	fl := cmd.Flags()
	e.flags(fl)
	fl.IntVar(&e.count, "count", 0, "measure by so many echoes, a `number` up to 1000000")
	fl.IntVar(&e.size, "size", 1200, "how many `octets` each has, up to 16777216; with --count")
	fl.BoolVar(&e.migrate, "migrate", false, "go on from another UDP port after half of the echoes; with --count")
	fl.BoolVar(&e.asJSON, "json", false, "print a JSON object; with --count")
	return cmd
}

func (e *echoing) check(counted, sized bool) error {
	switch {
	case counted && (e.count < 1 || e.count > 1_000_000):
		return usageError{fmt.Errorf("--count is a number from 1 to 1000000, not %d", e.count)}
	case e.size < 1 || e.size > maxEchoSize:
		return usageError{fmt.Errorf("--size is a number of octets from 1 to %d, not %d", maxEchoSize, e.size)}
	case !counted && (sized || e.migrate || e.asJSON):
		return usageError{errors.New("--size, --migrate and --json are about what is measured: give --count, too")}
	case e.migrate && e.count < 2:
		return usageError{errors.New("--migrate goes on from another port after half of the echoes: --count is 2 at least")}
	}
	return nil
}

func (e *echoing) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	r, err := e.stranger(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if e.count > 0 {
		err = e.measure(cmd, r)
	} else {
		err = e.talk(cmd, r)
	}
	if err != nil && ctx.Err() != nil {
		return errInterrupted
	}
	return r.untrusted(err)
}

// talk sends standard input.
func (e *echoing) talk(cmd *cobra.Command, r *remote) error {
	say := func(format string, args ...any) {
		fmt.Fprintln(cmd.ErrOrStderr(), terminal.Clean(fmt.Sprintf(format, args...)))
	}
	say("Connecting to %s …", r.at)
	octets, err := probe.Talk(cmd.Context(), probe.Talking{
		Server: r.at.String(),
		Trust:  r.trust,
		In:     cmd.InOrStdin(),
		Out:    cmd.OutOrStdout(),
		Connected: func(at string) {
			say("Connected with %s", at)
			if atTerminal() {
				say("Sending what you type; Ctrl-D ends it …")
			} else {
				say("Sending …")
			}
		},
	})
	if err != nil {
		return err
	}
	say("done: %d octets came back as they were sent", octets)
	return nil
}

func (e *echoing) measure(cmd *cobra.Command, r *remote) error {
	found, err := probe.Measure(cmd.Context(), probe.Config{Server: r.at.String(), Trust: r.trust, Count: e.count, Size: e.size, Migrate: e.migrate})
	if err != nil {
		return err
	}
	if e.asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(found)
	} else {
		err = printEchoes(cmd.OutOrStdout(), found)
	}
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// printEchoes prints a result for people.
func printEchoes(out io.Writer, r probe.Result) error {
	text := fmt.Sprintf("server      %s\nhandshake   %.3f ms\nround trip  %.3f ms at least, median %.3f ms, p99 %.3f ms\nechoes      %d of %d octets, unchanged\n",
		r.Server, r.Handshake, r.RoundTrip.Min, r.RoundTrip.Median, r.RoundTrip.P99, r.Count, r.Size)
	if m := r.Migration; m != nil {
		text += fmt.Sprintf("migration   from UDP port %d to %d after %d echoes, on the same stream\n", m.From, m.To, m.After)
	}
	yes := map[bool]string{true: "yes", false: "no"}
	text += fmt.Sprintf("once more   resumed: %s, 0-RTT: %s, first echo after %.3f ms\n", yes[r.Again.Resumed], yes[r.Again.Early], r.Again.FirstEcho)
	_, err := io.WriteString(out, text)
	return err
}
