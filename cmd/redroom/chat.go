package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"redroom/server/chat"
)

func newChat() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "chat [TOPIC]",
		Short: "Talk in the room, in a terminal",
		Long: `Talk in the room, in a terminal: its topics, what is said in them while you
type, and what was said before. F1 shows the keys. TOPIC is the id of a topic, or
Deal/Title.

Where standard input or output is no terminal, each line of standard input is a
message to TOPIC, and each message of it is a line of standard output. At the
input's end it waits until all are acknowledged.`,
		Example: `  redroom chat
  redroom chat "GeldGeldGeld AG/Forderungen" --server room.example.com:4433
  make 2>&1 | redroom chat 0123456789abcdef`,
		Args:              atMost(1, "one topic at most"),
		ValidArgsFunction: completeTopic(&c, 0),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			ctx := cmd.Context()
			onTerminal := atTerminal() && term.IsTerminal(int(os.Stdout.Fd()))
			if !onTerminal && len(args) == 0 {
				return usageError{errors.New("say which TOPIC: standard input or output is no terminal; see redroom chat --help")}
			}
			enter := c.room
			if onTerminal {
				enter = func(ctx context.Context) (*remote, error) { return c.enter(ctx, os.Stderr) }
			}
			r, err := enter(ctx)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, r.Close()) }()
			config := chat.Config{Client: r.Config(), Do: r.Do}
			if len(args) > 0 {
				if config.Topic, err = r.Topic(ctx, args[0]); err != nil {
					return err
				}
			}
			if onTerminal {
				return chat.Run(ctx, config, os.Stdin, os.Stdout)
			}
			refused := func(why error) { fmt.Fprintf(os.Stderr, "redroom: %s\n", oneLine(why)) }
			return chat.Lines(ctx, config, os.Stdin, os.Stdout, refused)
		},
	}
	c.flags(cmd.Flags())
	return cmd
}
