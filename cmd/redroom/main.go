// Command redroom is a discussion room for mergers and acquisitions: the
// server, and the tools around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"redroom/server/terminal"
)

// Exit statuses.
const (
	failed     = 1
	wrongUsage = 2
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // it ends with the process
		<-signals
		cancel()
		os.Exit(signaled(<-signals))
	}()
	os.Exit(run(ctx, os.Args[1:]))
}

// signaled is the exit status after a second signal, which ends at once: the one
// that shells give to who is ended by it. The system would not do that to the
// first process of a container, nor to one that a script has started in the
// background.
func signaled(by os.Signal) int {
	number, _ := by.(syscall.Signal)
	return 128 + int(number)
}

// run executes a command line and gives its exit status.
func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(subtractions(args))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if errors.Is(err, errPrinted) {
		return failed
	}
	fmt.Fprintf(os.Stderr, "redroom: %s\n", oneLine(err))
	var usage usageError
	if errors.As(err, &usage) {
		return wrongUsage
	}
	return failed
}

// oneLine is what an error says, to be shown on a terminal: sentences of the
// server's are in it, and names.
func oneLine(err error) string {
	return terminal.Clean(strings.ReplaceAll(err.Error(), "\n", "; "))
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:               "redroom",
		Short:             "A room where a deal is talked through",
		Long:              "Red Room is a self-hosted discussion room for mergers and acquisitions.\nStart with: redroom serve",
		Example:           "  redroom serve\n  redroom signin anna\n  redroom post \"Alpha/Due Diligence\" \"The figures are in.\"",
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return fromEnvironment(cmd.Flags()) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q; see redroom help", args[0])}
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var bad *pflag.InvalidValueError
		if errors.As(err, &bad) && bad.GetFlag().Name == tokenFlag { // it may be a secret
			err = fmt.Errorf("--%s takes no value: the token is a line of standard input", tokenFlag)
		}
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.SetHelpCommand(newHelp())
	root.AddCommand(newServe(), newChat(), newPost(), newRead(), newPeer(), newWho(), newDiscover(), newSignIn(), newSignOut(), newUser(), newDeal(), newTopic(), newAudit(), newBackup(), newRestore(), newVerify(), newBench(), newFeed(), newRaw(), newCalc(), newEcho(), newCerts(), newHealth(), newVersion(), newCompletion())
	return root
}

// errPrinted is a failure that needs no words: the result that was printed says it.
var errPrinted = errors.New("the result says it")

// usageError is a command line that can't be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exactly wants n arguments.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())}
		}
		return nil
	}
}

// atMost wants n arguments, or fewer.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usageError{fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())}
		}
		return nil
	}
}

// fromEnvironment sets each flag that was not given from its variable,
// REDROOM_FLAG_NAME; but for --token, since REDROOM_TOKEN is a secret.
func fromEnvironment(flags *pflag.FlagSet) error {
	var err error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "REDROOM_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || f.Changed || f.Name == "help" || name == tokenVariable {
			return
		}
		if set := flags.Set(f.Name, value); set != nil {
			err = errors.Join(err, usageError{fmt.Errorf("%s=%q: %w", name, value, set)})
		}
	})
	return err
}
