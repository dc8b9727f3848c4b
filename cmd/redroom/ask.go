package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// asker asks whoever runs the tool: at a terminal, where what is secret isn't
// shown, or line by line on standard input.
type asker struct {
	lines    *bufio.Reader
	terminal bool
	prompts  io.Writer
}

func newAsker(prompts io.Writer) *asker {
	return &asker{bufio.NewReader(os.Stdin), atTerminal(), prompts}
}

// atTerminal tells whether somebody is there to be asked.
func atTerminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

var errNoLine = errors.New("standard input ended before it was answered")

// ask wants a line that may be seen.
func (a *asker) ask(ctx context.Context, prompt string) (string, error) {
	a.prompt(prompt)
	return a.line(ctx, a.read)
}

// askSecret wants a line that may not.
func (a *asker) askSecret(ctx context.Context, prompt string) (string, error) {
	a.prompt(prompt)
	if !a.terminal {
		return a.line(ctx, a.read)
	}
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("asking at the terminal: %w", err)
	}
	defer a.prompt("\n") // that of Enter wasn't shown
	defer term.Restore(fd, before)
	return a.line(ctx, func() (string, error) {
		secret, err := term.ReadPassword(fd)
		return string(secret), err
	})
}

func (a *asker) prompt(s string) {
	if a.terminal {
		io.WriteString(a.prompts, s)
	}
}

func (a *asker) read() (string, error) { return a.lines.ReadString('\n') }

// line reads one, unless ctx ends first.
func (a *asker) line(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		line string
		err  error
	}
	came := make(chan result, 1)
	go func() { // a terminal's read can't be ended: after ctx it ends with the process
		line, err := read()
		came <- result{line, err}
	}()
	select {
	case got := <-came:
		got.line = strings.TrimRight(got.line, "\r\n")
		switch {
		case got.line != "" && (got.err == nil || errors.Is(got.err, io.EOF)):
			return got.line, nil
		case got.err == nil || errors.Is(got.err, io.EOF):
			return "", errNoLine
		}
		return "", fmt.Errorf("reading the answer: %w", got.err)
	case <-ctx.Done():
		return "", errors.New("interrupted")
	}
}
