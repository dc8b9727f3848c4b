package chat

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
	"redroom/server/room"
)

// linesBacklog is how many messages come out before those that are new.
const linesBacklog = 10

// Lines is a chat for pipes, in the topic of c: each line of in is a post, and
// each message, from the last ten on, is a line of out, of its time, author and
// words. At the end of in it waits until all was acknowledged, and ends. A line
// that is refused is told to refused, with the reason, and the others go on; it
// makes the end an error. So does one that is not acknowledged when ctx ends: an
// [Unsent].
func Lines(ctx context.Context, c Config, in io.Reader, out io.Writer, refused func(error)) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	c.Client.OnState = func(s client.State) {
		if s.Phase == client.Ended {
			end(s.Err)
		}
	}
	room := client.Connect(c.Client)
	defer briefly(room.Close)
	p := &printer{out: out, end: end}
	topic := room.Open(c.Topic, client.Reading{After: -linesBacklog, Each: p.print})
	var running sync.WaitGroup
	defer running.Wait()
	defer end(nil) // before it is waited
	running.Go(func() {
		select {
		case <-topic.Done():
			end(topic.Err())
		case <-ctx.Done():
		}
	})
	return post(ctx, topic, read(ctx, in), refused)
}

// errRefused is how it ends when a line was.
var errRefused = errors.New("not all lines were accepted")

// post posts lines, one after the other.
func post(ctx context.Context, topic *client.Topic, lines <-chan lineRead, refused func(error)) error {
	var outcome error
	for {
		select {
		case l, more := <-lines:
			if !more {
				return outcome
			}
			if l.err != nil {
				return fmt.Errorf("reading what is to be posted: %w", l.err)
			}
			_, err := topic.Post(ctx, client.Post{Body: l.text})
			var why *room.Error
			switch {
			case err == nil:
			case ctx.Err() != nil || topic.Err() != nil:
				return errors.Join(ending(ctx, topic), Unsent{l.text})
			case errors.As(err, &why):
				outcome = errRefused
				refused(err)
			default:
				return err
			}
		case <-ctx.Done():
			return ending(ctx, topic)
		}
	}
}

// ending is why it is over early; nil: somebody wanted it so.
func ending(ctx context.Context, topic *client.Topic) error {
	why := context.Cause(ctx)
	if errors.Is(why, context.Canceled) || errors.Is(why, client.ErrClosed) {
		why = topic.Err()
	}
	if errors.Is(why, context.Canceled) || errors.Is(why, client.ErrClosed) {
		return nil
	}
	return why
}

type lineRead struct {
	text string
	err  error
}

// read gives the lines of in that say something. Nothing can interrupt the reading
// of a pipe: it goes on until in or the process ends.
func read(ctx context.Context, in io.Reader) <-chan lineRead {
	lines := make(chan lineRead)
	go func() {
		defer close(lines)
		from := bufio.NewScanner(in)
		from.Buffer(nil, room.MaxText+2)
		for from.Scan() {
			said := strings.TrimRight(from.Text(), "\r")
			if strings.TrimSpace(said) == "" {
				continue
			}
			select {
			case lines <- lineRead{text: said}:
			case <-ctx.Done():
				return
			}
		}
		err := from.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a line has more than the %d octets of a message", room.MaxText)
		}
		if err != nil {
			select {
			case lines <- lineRead{err: err}:
			case <-ctx.Done():
			}
		}
	}()
	return lines
}

// printer prints messages, one a line.
type printer struct {
	out io.Writer
	end func(error)
}

func (p *printer) print(m room.Message) {
	said := line(string(m.Body))
	switch {
	case m.Redacted && m.Kind != room.Redact:
		said = "(removed)"
	case m.Kind == room.Edit:
		said = fmt.Sprintf("(edits %d) %s", m.Ref, said)
	case m.Kind == room.Redact:
		said = fmt.Sprintf("(removes %d) %s", m.Ref, said)
	}
	at := time.UnixMilli(m.At).Format("2006-01-02 15:04:05")
	if _, err := fmt.Fprintf(p.out, "%s %s: %s\n", at, line(m.Author), said); err != nil {
		p.end(fmt.Errorf("writing messages: %w", err))
	}
}
