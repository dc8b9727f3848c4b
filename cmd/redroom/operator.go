package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"redroom/server"
	"redroom/server/terminal"
	"redroom/store"
)

// operator is whoever runs a command that administers a room: that of --data, by
// its server, if it runs, else in the store itself; or as an admin that of --server.
type operator struct {
	connection
	asJSON bool
	dryRun bool

	room rooms // open
	out  io.Writer
}

// rooms answer an administrator's requests.
type rooms interface {
	Do(ctx context.Context, method, path string, body, answer any) error
	Close() error
}

// flags are --data, and --json for commands that print something.
func (o *operator) flags(fl *pflag.FlagSet, prints bool) {
	fl.StringVar(&o.data, "data", "./redroom-data", "the server's data `directory`")
	o.flagsTo(fl, "", "administer the room of the server at `HOST:PORT` or redroom://HOST:PORT, as the admin who has signed in there")
	if prints {
		fl.BoolVar(&o.asJSON, "json", false, "print the server's answer as JSON")
	}
}

// dryRunFlag is for commands that change who may do what.
func (o *operator) dryRunFlag(fl *pflag.FlagSet) {
	fl.BoolVar(&o.dryRun, "dry-run", false, "change nothing, and say what it would mean")
}

// overNetwork tells whether it is the room of a server, not of a directory.
func (o *operator) overNetwork() bool { return o.server != "" }

// open is the room.
func (o *operator) open(cmd *cobra.Command) (rooms, error) {
	if o.overNetwork() {
		return o.connection.room(cmd.Context())
	}
	return server.OpenOperator(cmd.Context(), o.data, warnings(cmd))
}

// in is a command's RunE, with the room open while it runs. The room must be
// there.
func (o *operator) in(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if o.overNetwork() {
			return o.inNew(do)(cmd, args)
		}
		if _, err := store.IsCurrent(o.data); err != nil {
			return fmt.Errorf("%w; say with --data where the room's data is, or with --server where its server is", err)
		}
		return o.inNew(do)(cmd, args)
	}
}

// inNew is in for a command that makes the room if there is none.
func (o *operator) inNew(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		o.out = clean{cmd.OutOrStdout()}
		if o.room, err = o.open(cmd); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, o.room.Close()) }()
		return do(cmd, args)
	}
}

// clean writes what may be sent to a terminal: names and titles are others'.
type clean struct{ io.Writer }

func (c clean) Write(text []byte) (int, error) {
	if _, err := io.WriteString(c.Writer, terminal.CleanText(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// warnings are what a command says beside its result.
func warnings(cmd *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// show asks for something and prints it: as it came, or by printing what was
// decoded.
func show[T any](ctx context.Context, o *operator, method, path string, body any, print func(T) error) error {
	var raw json.RawMessage
	if err := o.room.Do(ctx, method, path, body, &raw); err != nil {
		return err
	}
	if o.asJSON {
		return o.printJSON(raw)
	}
	var answer T
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	return print(answer)
}

func (o *operator) printJSON(raw json.RawMessage) error {
	_, err := fmt.Fprintf(o.out, "%s\n", terminal.EscapeJSON(raw))
	return err
}

// change changes something, of which there is nothing to tell but in JSON; or
// says what that would mean for who may do what.
func (o *operator) change(ctx context.Context, method, path string, body any) error {
	if o.dryRun {
		return o.foretell(ctx, method, path, body)
	}
	var raw json.RawMessage
	if err := o.room.Do(ctx, method, path, body, &raw); err != nil || len(raw) == 0 || !o.asJSON {
		return err
	}
	return o.printJSON(raw)
}

// made is what was made and is named by its id.
type made struct {
	ID string `json:"id"`
}

func (o *operator) printID(m made) error {
	_, err := fmt.Fprintln(o.out, m.ID)
	return err
}

// table prints rows of cells, with a line above them.
func (o *operator) table(head string, rows [][]any) error {
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, cell)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// group is a command that only has others. Its examples are the first one of each.
func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	var examples []string
	for _, c := range commands {
		if first, _, _ := strings.Cut(c.Example, "\n"); first != "" {
			examples = append(examples, first)
		}
	}
	cmd := &cobra.Command{
		Use:     name,
		Short:   short,
		Example: strings.Join(examples, "\n"),
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q; see %s --help", args[0], cmd.CommandPath())}
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(commands...)
	return cmd
}

// fieldsOf are the values of those flags that were given, by their names; it is
// wrong usage to give none.
func fieldsOf(cmd *cobra.Command, values map[string]any) (map[string]any, error) {
	fields := make(map[string]any)
	for name, value := range values {
		if cmd.Flags().Changed(name) {
			fields[name] = value
		}
	}
	if len(fields) == 0 {
		return nil, usageError{fmt.Errorf("say what to change; see %s --help", cmd.CommandPath())}
	}
	return fields, nil
}

// offer has the shell complete a flag by these words.
func offer(cmd *cobra.Command, flag string, words ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}

var roles = []string{"admin", "member", "observer", "bot"}
