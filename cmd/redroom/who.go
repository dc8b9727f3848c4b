package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"redroom/server/client"
)

// asking is what the flags of who say.
type asking struct {
	connection
	timeout time.Duration
	asJSON  bool
}

func newWho() *cobra.Command {
	var a asking
	cmd := &cobra.Command{
		Use:   "who [NAME]",
		Short: "List who can be reached directly",
		Long: `List who can be reached directly by redroom peer, of those with whom one shares a
deal, and oneself: name, address with port, and the certificate's SHA-256, with
tabs between, by name. With NAME that one only; where there is none, it ends with
status 1.

The server looks every half minute whether each of them is still there.`,
		Example: `  redroom who
  redroom who anna && redroom peer --once anna "Can you talk?"
  redroom who --json | jq -r .name`,
		Args: atMost(1, "one name at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.timeout < 0 {
				return usageError{fmt.Errorf("--timeout is a time such as 30s, not %s", a.timeout)}
			}
			return a.ask(cmd, append(args, "")[0])
		},
		ValidArgsFunction: completePeer(&a.connection),
	}
	fl := cmd.Flags()
	a.flags(fl)
	fl.DurationVar(&a.timeout, "timeout", 30*time.Second, "how long to wait for the server; 0: for ever")
	fl.BoolVar(&a.asJSON, "json", false, "print a JSON object a line")
	return cmd
}

// ask asks the directory and prints its answer.
func (a *asking) ask(cmd *cobra.Command, name string) error {
	ctx, cancel := within(cmd.Context(), a.timeout)
	defer cancel()
	r, err := a.room(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	outage := outage{out: cmd.ErrOrStderr()}
	config := r.Config()
	config.OnState = outage.note
	c := client.Connect(config)
	defer c.Close()
	all, err := c.Query(ctx, name)
	switch {
	case err != nil:
		return late(ctx, a.timeout, overOf(err), outage.why())
	case len(all) == 0 && name != "":
		return notListed(name)
	case len(all) == 0:
		fmt.Fprintln(cmd.ErrOrStderr(), "redroom: "+nobodyListed)
	}
	return printReachable(cmd.OutOrStdout(), all, a.asJSON)
}

const nobodyListed = "nobody can be reached directly now"

// notListed says that there is no way to somebody; why is nobody's to know.
func notListed(name string) error {
	return fmt.Errorf("%s can't be reached directly: redroom peer isn't running there, or you share no deal", name)
}

// printReachable prints a line for each.
func printReachable(out io.Writer, all []client.Reachable, asJSON bool) error {
	var err error
	for _, r := range all {
		fingerprint := hex.EncodeToString(r.Fingerprint[:])
		if asJSON {
			err = json.NewEncoder(out).Encode(struct {
				Name        string `json:"name"`
				Address     string `json:"address"`
				Port        uint16 `json:"port"`
				Fingerprint string `json:"fingerprint"` // SHA-256 in hex
			}{r.Name, r.At.Addr().String(), r.At.Port(), fingerprint})
		} else {
			_, err = fmt.Fprintf(out, "%s\t%s\t%s\n", r.Name, r.At, fingerprint)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// within is ctx with a time limit; 0: none.
func within(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

// late is an error, or what came of it all if there was no time left, or no reason
// any more to wait.
func late(ctx context.Context, timeout time.Duration, err error, outcome string) error {
	switch why := context.Cause(ctx); {
	case errors.Is(why, context.DeadlineExceeded):
		return fmt.Errorf("no answer came within %s%s", timeout, outcome)
	case errors.Is(why, context.Canceled):
		return fmt.Errorf("%w%s", errInterrupted, outcome)
	case why != nil:
		return why
	}
	return err
}

// completePeer offers who can be reached directly for the first argument.
func completePeer(c *connection) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
		const nothingElse = cobra.ShellCompDirectiveNoFileComp
		if len(args) > 0 || fromEnvironment(cmd.Flags()) != nil {
			return nil, nothingElse
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		r, err := c.room(ctx)
		if err != nil {
			return nil, nothingElse
		}
		defer r.Close()
		asked := client.Connect(r.Config())
		defer asked.Close()
		all, err := asked.Query(ctx, "")
		if err != nil {
			return nil, nothingElse
		}
		for _, peer := range all {
			names = append(names, peer.Name)
		}
		return names, nothingElse
	}
}
