package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redroom/server/client"
	"redroom/server/terminal"
)

// calculating is what the flags of calc say.
type calculating struct {
	connection
	unreliable bool
	timeout    time.Duration
	backoff    bool
	maxTimeout time.Duration
	asJSON     bool
}

func newCalc() *cobra.Command {
	var c calculating
	cmd := &cobra.Command{
		Use:   "calc OP,NUMBER,NUMBER",
		Short: "Have the server calculate, to see what the network does to requests",
		Long: `Have the server calculate, to see what the network does to requests and answers: the
simplest request there is. OP is + - * or /, a number has up to 30 digits before the
point and 30 behind it. Code and result are printed, 200 2; or 300 -1 for whatever has
no result, and then the exit status is 1.

The request goes over the session's channel, which is reliable: by QUIC, or a WebSocket
where QUIC doesn't get through. With --unreliable it goes in a datagram of QUIC, and so
does the answer: what the network loses is lost. Then --expb tries again, and waits
twice as long each time, up to --max-timeout, which is waited for once. Where no answer
came, that is said, and the exit status is 1.`,
		Example: `  redroom calc "+,1,1"
  redroom calc --unreliable --timeout 500ms "*,1250000,7.5"
  redroom calc --unreliable --timeout 100ms --expb --max-timeout 5s "/,1,3"`,
		Args: exactly(1, "what is to be calculated, such as +,1,1"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd.Flags().Changed("max-timeout")); err != nil {
				return err
			}
			return c.run(cmd, args[0])
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	fl := cmd.Flags()
	c.flags(fl)
	fl.BoolVar(&c.unreliable, "unreliable", false, "ask in a datagram, which may be lost")
	fl.DurationVar(&c.timeout, "timeout", 2*time.Second, "how long to wait for the answer, from when the request was sent; with --expb: to the first try")
	fl.BoolVar(&c.backoff, "expb", false, "try again while no answer comes, and wait twice as long each time; needs --unreliable")
	fl.DurationVar(&c.maxTimeout, "max-timeout", 32*time.Second, "the longest that --expb waits for the answer to one try")
	fl.BoolVar(&c.asJSON, "json", false, "print a JSON object")
	return cmd
}

func (c *calculating) check(ceiling bool) error {
	switch {
	case c.timeout <= 0:
		return usageError{fmt.Errorf("--timeout is a time such as 500ms, not %s", c.timeout)}
	case c.backoff && !c.unreliable:
		return usageError{errors.New("--expb tries again what was lost, so it needs --unreliable: over a channel nothing is")}
	case ceiling && !c.backoff:
		return usageError{errors.New("--max-timeout is the ceiling of --expb; give both, or --timeout alone")}
	case c.backoff && c.maxTimeout < c.timeout:
		return usageError{fmt.Errorf("--max-timeout is at least --timeout, which is %s, and not %s", c.timeout, c.maxTimeout)}
	}
	return nil
}

// run asks, prints the answer, and leaves when the request has.
func (c *calculating) run(cmd *cobra.Command, request string) error {
	ctx := cmd.Context()
	r, err := c.room(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := c.enter(ctx, r)
	if err != nil {
		return err
	}
	answer, err := c.ask(ctx, s, request)
	s.Finish()
	switch {
	case errors.Is(err, client.ErrNoAnswer):
		return c.unanswered()
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	}
	if c.asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(answer)
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), answer.Code, terminal.Clean(answer.Result))
	}
	switch {
	case err != nil:
		return fmt.Errorf("writing the answer: %w", err)
	case answer.Code != 200:
		return errPrinted
	}
	return nil
}

// enter opens a session.
func (c *calculating) enter(ctx context.Context, r *remote) (*client.Session, error) {
	ticket, err := r.ticket(ctx)
	if err != nil {
		return nil, overOf(err)
	}
	ways := []client.Dialer{client.QUIC(r.trust)}
	if !c.unreliable { // a WebSocket has no datagrams
		ways = append(ways, client.WebSocket(r.trust))
	}
	conn, err := dialFirst(ctx, ways, ticket)
	switch {
	case err != nil && c.unreliable:
		return nil, fmt.Errorf("there are datagrams with QUIC only, and it doesn't get through: %w", err)
	case err != nil:
		return nil, err
	}
	s := client.New(conn)
	if _, err := s.SignIn(ctx, ticket.Token); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (c *calculating) ask(ctx context.Context, s *client.Session, request string) (client.Calculated, error) {
	if c.unreliable {
		return s.CalculateByDatagram(ctx, request, client.Doubling(c.timeout, c.ceiling()))
	}
	return s.Calculate(ctx, request, c.timeout)
}

// ceiling is what the last try has to be answered within.
func (c *calculating) ceiling() time.Duration {
	if c.backoff {
		return c.maxTimeout
	}
	return c.timeout
}

func (c *calculating) unanswered() error {
	tries := 0
	for range client.Doubling(c.timeout, c.ceiling()) {
		tries++
	}
	if tries == 1 {
		return fmt.Errorf("no answer came within %s", c.timeout)
	}
	return fmt.Errorf("no answer came to any of %d tries, the first one's within %s, the last one's within %s", tries, c.timeout, c.maxTimeout)
}

// subtractions puts what is to be calculated behind all flags where it begins as
// flags do: no flag is a comma.
func subtractions(args []string) []string {
	if len(args) == 0 || args[0] != "calc" {
		return args
	}
	var before, behind []string
	for i, a := range args {
		switch {
		case a == "--": // what follows is no flag anyway
			return append(append(append(before, "--"), behind...), args[i+1:]...)
		case strings.HasPrefix(a, "-,"):
			behind = append(behind, a)
		default:
			before = append(before, a)
		}
	}
	return append(append(before, "--"), behind...)
}
