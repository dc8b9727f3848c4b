package chat

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"

	"redroom/server/client"
)

// offline is a room that is never reached.
func offline() Config {
	return Config{
		Client: client.Config{Ticket: func(context.Context) (client.Ticket, error) {
			return client.Ticket{}, errors.New("no server can be reached")
		}},
		Do: func(_ context.Context, _, _ string, _, answer any) error {
			answer.(*struct{ Name string }).Name = "anna"
			return nil
		},
	}
}

// on runs a model on a terminal of its own, and gives what that was sent, and how it
// ended.
func on(t *testing.T, ctx context.Context, m *Model, typed string) (said string, ended error) {
	t.Helper()
	mine, its, err := pty.Open()
	if err != nil {
		t.Skipf("no terminal can be had here: %v", err)
	}
	defer mine.Close()
	pty.Setsize(mine, &pty.Winsize{Rows: 24, Cols: 80})
	before, err := term.GetState(its.Fd())
	if err != nil {
		t.Fatal(err)
	}
	var sent bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(&sent, mine) })
	if _, err := io.WriteString(mine, typed); err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = its // as in a shell
	ended = run(ctx, offline(), m, its, its)
	os.Stderr = stderr
	if after, err := term.GetState(its.Fd()); err != nil || *after != *before {
		t.Errorf("the terminal is not as it was: %v, %v", after, err)
	}
	its.Close()
	reading.Wait()
	return sent.String(), ended
}

func TestAPanicGivesTheTerminalBackAndIsOneLine(t *testing.T) {
	for where, spoil := range map[string]func(m *Model){
		"in Update": func(m *Model) { m.drafts = nil; m.open = "x" }, // so that a draft can't be kept
		"in View":   func(m *Model) { m.mode, m.open, m.logs = choosing, "x", map[string]*log{"x": {}} },
	} {
		t.Run(where, func(t *testing.T) {
			m := NewModel("anna", "")
			spoil(m)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			sent, err := on(t, ctx, m, "\x06")
			if err == nil || !strings.HasPrefix(err.Error(), "this is a mistake in redroom") || strings.Contains(err.Error(), "\n") {
				t.Errorf("it ends with %v", err)
			}
			if strings.Contains(sent, "goroutine") || strings.LastIndex(sent, "?1049h") > strings.LastIndex(sent, "?1049l") {
				t.Errorf("the terminal was sent %q", sent)
			}
		})
	}
}

func TestAContextsEndIsACleanEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := on(t, ctx, NewModel("anna", ""), ""); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

func TestALineThatWasNotAcknowledgedIsSaidAtTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, lines := io.Pipe()
	go func() {
		io.WriteString(lines, "first\n")
		io.WriteString(lines, "second\n") // which is read when the first is being posted
		cancel()
	}()
	err := Lines(ctx, offline(), in, io.Discard, func(err error) { t.Errorf("refused: %v", err) })
	lines.Close()
	var unsent Unsent
	if !errors.As(err, &unsent) || unsent[0] != "first" {
		t.Errorf("it ends with %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if err := Lines(ctx, offline(), strings.NewReader(""), io.Discard, nil); err != nil {
		t.Errorf("with nothing to post it ends with %v", err)
	}
}
