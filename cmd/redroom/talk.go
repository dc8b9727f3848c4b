package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"redroom/server/client"
	"redroom/server/peer"
	"redroom/server/room"
	"redroom/server/terminal"
)

const talkHelp = `/msg NAME TEXT  say something to somebody; lines without a / go there from then on
/who [NAME]     who can be reached directly
/help           this
/quit           leave`

// talk is what is said with peers, in lines.
type talk struct {
	me      string
	sends   func(ctx context.Context, name, text string) error
	query   func(ctx context.Context, name string) ([]client.Reachable, error)
	kept    *peerLog      // nil: nothing is kept
	timeout time.Duration // for what a line asks for; 0: none
	out     io.Writer     // what was asked for, and what is said
	status  io.Writer     // everything else
	comings chan coming   // to be told

	mu sync.Mutex // one thing is printed at a time
	to string     // whom a line goes to; "": nobody yet; what is no name: nobody
}

// coming is that somebody is connected, or not any more.
type coming struct {
	name string
	here bool
}

// waitingComings are those that may wait to be told. Who falls behind isn't told of
// all.
const waitingComings = 64

// take shows what somebody has said, and has it kept. If it can't, it was not
// received.
func (t *talk) take(m peer.Message) error {
	at := time.Now() // m.At is what the other side says
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.kept.add(at, m.From, t.me, m.Text); err != nil {
		return err
	}
	text := strings.ReplaceAll(strings.TrimRight(terminal.CleanText(m.Text), "\n"), "\n", "\n    ")
	if _, err := fmt.Fprintf(t.out, "%s %s: %s\n", at.Format("2006-01-02 15:04:05"), terminal.Clean(m.From), text); err != nil {
		return fmt.Errorf("writing messages: %w", err)
	}
	if t.to == "" {
		t.goesTo(m.From)
	}
	return nil
}

// goesTo says where lines go. What comes from somebody else changes nothing of
// it: a line that is being typed is not for them.
func (t *talk) goesTo(name string) {
	if t.to != name {
		t.to = name
		fmt.Fprintf(t.status, "redroom: your lines go to %s now; /msg NAME TEXT says something to somebody else\n", terminal.Clean(name))
	}
}

func (t *talk) tell(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.status, "redroom: "+what)
}

// met is a peer's OnPeer, which must not wait for who reads what is told.
func (t *talk) met(name string, here bool) {
	select {
	case t.comings <- coming{name, here}:
	default:
	}
}

// tellComings tells who has come and gone.
func (t *talk) tellComings(ctx context.Context) {
	for {
		select {
		case c := <-t.comings:
			if c.here {
				t.tell(terminal.Clean(c.name) + " is connected")
			} else {
				t.tell(terminal.Clean(c.name) + " is not connected any more")
			}
		case <-ctx.Done():
			return
		}
	}
}

// errNotAll is how it ends when a line couldn't be sent.
var errNotAll = errors.New("not everything that was to be sent has arrived")

// run does what each line says, one after the other, up to /quit or their end. Where
// ctx ends before, only a line that was under way is an error.
func (t *talk) run(ctx context.Context, in io.Reader) error {
	lines := readLines(ctx, in)
	var outcome error
	for count := 0; ; count++ {
		select {
		case l, more := <-lines:
			switch {
			case l.err != nil:
				return fmt.Errorf("reading what is to be sent: %w", l.err)
			case !more && count == 0:
				t.tell("standard input has ended; with --listen it is not read")
				return nil
			case !more || strings.TrimSpace(l.text) == "/quit":
				return outcome
			}
			if err := t.do(ctx, l.text); err != nil {
				t.tell(oneLine(err))
				outcome = errNotAll
				if ctx.Err() != nil {
					return outcome
				}
			}
		case <-ctx.Done():
			return nil
		}
	}
}

var errToNobody = errors.New("say to whom: /msg NAME TEXT")

// do does what a line says. It fails if that was to be sent, and was not. Spaces
// before a command make it no text, which might not be for whom lines go to.
func (t *talk) do(ctx context.Context, line string) error {
	if command := strings.TrimSpace(line); strings.HasPrefix(command, "/") {
		line = command
	}
	command, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case command == "/msg":
		name, text, _ := strings.Cut(rest, " ")
		if name == "" {
			return errToNobody
		}
		return t.send(ctx, name, strings.TrimSpace(text))
	case command == "/who":
		if err := t.who(ctx, rest); err != nil {
			t.tell(oneLine(err))
		}
	case command == "/help":
		fmt.Fprintln(t.status, talkHelp)
	case strings.HasPrefix(line, "/") && !strings.HasPrefix(line, "//"):
		return fmt.Errorf("there is no %s; /help shows what there is, and //… sends a line that begins with /", command)
	default:
		t.mu.Lock()
		to := t.to
		t.mu.Unlock()
		if to == "" {
			return errToNobody
		}
		return t.send(ctx, to, strings.TrimPrefix(line, "/"))
	}
	return nil
}

// who lists who can be reached.
func (t *talk) who(ctx context.Context, name string) error {
	ctx, cancel := within(ctx, t.timeout)
	defer cancel()
	all, err := t.query(ctx, name)
	switch {
	case err != nil:
		return late(ctx, t.timeout, err, "")
	case len(all) == 0 && name != "":
		return notListed(name)
	case len(all) == 0:
		t.tell(nobodyListed)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return printReachable(t.out, all, false)
}

// send sends a text and waits until it has arrived. Without one, it is only said
// whom the next lines are for: where that is nobody, they are for nobody else.
func (t *talk) send(ctx context.Context, name, text string) error {
	t.mu.Lock()
	isName := room.ValidUserName(name)
	if isName {
		t.goesTo(name)
	} else {
		t.to = name
	}
	t.mu.Unlock()
	if !isName {
		return fmt.Errorf("%s is nobody's name", name)
	}
	if text == "" {
		return nil
	}
	err := t.say(ctx, name, text)
	if err != nil && !errors.Is(err, errNotKept) {
		return fmt.Errorf("not sent: %w", err)
	}
	return err
}

var errNotKept = errors.New("it has arrived, and could not be kept")

// say sends a text within the time that there is, and keeps it when it has arrived.
func (t *talk) say(ctx context.Context, name, text string) error {
	ctx, cancel := within(ctx, t.timeout)
	defer cancel()
	err := t.sends(ctx, name, text)
	switch {
	case errors.Is(err, peer.ErrNotListed):
		return notListed(name)
	case err != nil:
		return late(ctx, t.timeout, err, "")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.kept.add(time.Now(), t.me, name, text); err != nil {
		return fmt.Errorf("%w: %w", errNotKept, err)
	}
	return nil
}

// maxCommand are the octets of a line beside the text.
const maxCommand = 64

type lineRead struct {
	text string
	err  error
}

// readLines gives the lines of in that say something. Nothing can interrupt the
// reading: it goes on until in or the process ends.
func readLines(ctx context.Context, in io.Reader) <-chan lineRead {
	lines := make(chan lineRead)
	give := func(l lineRead) {
		select {
		case lines <- l:
		case <-ctx.Done():
		}
	}
	go func() {
		defer close(lines)
		from := bufio.NewScanner(in)
		from.Buffer(nil, room.MaxText+maxCommand)
		for from.Scan() && ctx.Err() == nil {
			if text := strings.TrimRight(from.Text(), "\r"); strings.TrimSpace(text) != "" {
				give(lineRead{text: text})
			}
		}
		err := from.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a line has more than the %d octets of a message", room.MaxText)
		}
		if err != nil {
			give(lineRead{err: err})
		}
	}()
	return lines
}
