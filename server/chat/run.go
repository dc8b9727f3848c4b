package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"redroom/server/client"
)

const (
	framesPerSecond = 30
	awaitAnswers    = 400 * time.Millisecond // at the end, for what was posted
	awaitEnd        = 400 * time.Millisecond // of the connection
)

// Run is a chat on a terminal, until whoever sits there quits, ctx is over, or
// nobody is signed in any more. What wasn't acknowledged is an [Unsent].
func Run(ctx context.Context, c Config, in io.Reader, out io.Writer) error {
	me, err := c.me(ctx)
	if err != nil {
		return err
	}
	return run(ctx, c, NewModel(me, c.Topic), in, out)
}

func run(ctx context.Context, c Config, m *Model, in io.Reader, out io.Writer) error {
	within, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	h := newHands(within, c, func(broken any) { end(panicked(broken)) })
	screen := &screen{model: m, hands: h, broke: func(broken any) { end(panicked(broken)) }}
	p := tea.NewProgram(screen, tea.WithInput(in), tea.WithOutput(out), tea.WithFPS(framesPerSecond),
		tea.WithoutSignalHandler())

	over, left := make(chan struct{}), make(chan events, 1)
	h.run(func() { left <- h.show(p, over) })
	// It quits even when broken: killed, it would close its input beside its reader.
	stop, stopBroken := context.AfterFunc(ctx, p.Quit), context.AfterFunc(within, p.Quit)
	_, err := quietly(p)
	stop()
	stopBroken()
	close(over)
	rest := <-left
	if context.Cause(within) == nil { // else the model may not be whole
		h.settle(m, rest)
	}
	if broken := context.Cause(within); broken != nil {
		err = broken
	}
	end(client.ErrClosed)
	briefly(h.close)
	return outcome(err, m)
}

// briefly does something that waits, for a moment at most: what it waits for ends
// with the process.
func briefly(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(awaitEnd):
	}
}

// batch is news on their way to the screen.
type batch struct {
	events
	came chan struct{}
}

// show gives the program the news, one batch after the other, until it is over.
// What didn't get there is left.
func (h *hands) show(p *tea.Program, over <-chan struct{}) (left events) {
	for {
		select {
		case <-h.news.more:
		case <-over:
			return nil
		}
		b := batch{h.news.take(), make(chan struct{})}
		p.Send(b)
		select {
		case <-b.came:
		case <-over:
			select {
			case <-b.came:
				return nil
			default:
				return b.events
			}
		}
	}
}

// outcome is how a chat has ended, in one error.
func outcome(err error, m *Model) error {
	if err == nil && m.state.Phase == client.Ended && !errors.Is(m.state.Err, client.ErrClosed) {
		err = m.state.Err
	}
	if unsent := m.Unsent(); len(unsent) > 0 {
		err = errors.Join(err, unsent)
	}
	return err
}

// quietly runs the program without it printing a panic's stack: that belongs to
// nobody's terminal.
func quietly(p *tea.Program) (tea.Model, error) {
	stderr := os.Stderr
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
		defer func() {
			os.Stderr = stderr
			null.Close()
		}()
	}
	return p.Run()
}

// panicked is a panic as an error of one line.
func panicked(broken any) error {
	return fmt.Errorf("this is a mistake in redroom, please report it: %s", line(fmt.Sprint(broken)))
}

// settle waits for a moment for the answers to what was posted, beginning with the
// rest of the news.
func (h *hands) settle(m *Model, rest events) {
	defer func() {
		if broken := recover(); broken != nil {
			h.broke(broken)
		}
	}()
	enough := time.NewTimer(awaitAnswers)
	defer enough.Stop()
	for m.Update(rest); m.waits() && m.state.Phase == client.Open; m.Update(h.news.take()) {
		select {
		case <-h.news.more:
		case <-enough.C:
			return
		}
	}
}

// screen shows a Model on a terminal.
type screen struct {
	model *Model
	hands *hands
	broke func(any)
}

// Init implements [tea.Model].
func (s *screen) Init() tea.Cmd { return nil }

// Update implements [tea.Model].
func (s *screen) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if broken := recover(); broken != nil {
			s.broke(broken)
			next = s // nil, it would panic where it is drawn next
		}
	}()
	var news any = msg
	if b, ok := msg.(batch); ok {
		close(b.came)
		news = b.events
	}
	for _, a := range s.model.Update(news) {
		switch a.(type) {
		case quit:
			cmd = tea.Quit
		case suspend:
			cmd = tea.Suspend
		case redraw:
			cmd = tea.ClearScreen
		default:
			s.hands.do(a)
		}
	}
	return s, cmd
}

// View implements [tea.Model].
func (s *screen) View() (v tea.View) {
	defer func() {
		if broken := recover(); broken != nil {
			s.broke(broken)
		}
	}()
	return s.model.View()
}
