// Package chat is the room in a terminal: for people ([Run]), who see topics and
// write in them, and for pipes ([Lines]), whose lines are posts.
//
// # Order
//
// A [Model] is the whole of what one sees. It changes by one thing at a time,
// [Model.Update], which says as values what is to be done; it does nothing itself,
// and needs no terminal. What it has done is done by hands, which tell it what came
// of that, and all that comes from the room, in the order in which it came. Posts of
// a topic are sent one after the other: they are in the log as they were written.
//
// # Who may block
//
// Update never does. Whoever reads a topic waits while much of it is not shown
// yet; the room's state and the connection's never wait.
//
// # What a terminal is sent
//
// Everything that comes from the room goes through [terminal.Clean] when it comes
// in, before the model keeps it for showing. Nothing is drawn by a timer.
//
// # Shutdown
//
// Run gives the terminal back before it returns, also after a panic, which is an
// error of one line. What was written and not acknowledged is waited for a moment,
// then said: it is an [Unsent].
package chat

import (
	"context"
	"fmt"
	"strings"

	"redroom/server/client"
)

// Config is what a chat is made of.
type Config struct {
	// Client is how the room is reached. OnState and OnRoom are the chat's.
	Client client.Config
	// Do asks for something over HTTP, as [redroom/server/httpd] answers it.
	Do func(ctx context.Context, method, path string, body, answer any) error
	// Topic is the id of the one to begin with; "": the first one that has
	// something unread.
	Topic string
}

// me is who is signed in.
func (c Config) me(ctx context.Context) (string, error) {
	var who struct{ Name string }
	if err := c.Do(ctx, "GET", "/api/session", nil, &who); err != nil {
		return "", fmt.Errorf("asking who is signed in: %w", err)
	}
	return who.Name, nil
}

// Unsent are texts that were written, and of which it isn't known whether they
// were accepted.
type Unsent []string

func (u Unsent) Error() string {
	quoted := make([]string, len(u))
	for i, text := range u {
		quoted[i] = "“" + line(text) + "”"
	}
	return "not acknowledged, so perhaps not sent: " + strings.Join(quoted, ", ")
}
