package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"redroom/server/room"
)

// child is a process that the floor is measured with.
type child struct {
	name   string
	in     io.WriteCloser
	out    *bufio.Reader
	said   tail // to standard error
	cancel context.CancelFunc
	exited chan struct{}
}

// endTime is how long a child may take to end when it is told to.
const endTime = 15 * time.Second

// startTime is how long a server may take until it answers.
const startTime = 20 * time.Second

// start runs the binary with args; ask needs one that talks. What the
// environment says to redroom's flags is not meant for it.
func start(ctx context.Context, binary string, talks bool, args ...string) (_ *child, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		if err != nil {
			cancel()
			err = fmt.Errorf("starting redroom %s: %w", strings.Join(args, " "), err)
		}
	}()
	cmd := exec.CommandContext(ctx, binary, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "REDROOM_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	c := &child{name: strings.Join(args, " "), cancel: cancel, exited: make(chan struct{})}
	cmd.Stderr = &c.said
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return cmd.Process.Kill() // as on Windows, which has no such signal
		}
		return nil
	}
	cmd.WaitDelay = endTime
	if talks {
		if c.in, err = cmd.StdinPipe(); err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		c.out = bufio.NewReader(out)
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // stop waits for it
		defer close(c.exited)
		cmd.Wait() // how it ended is of no interest: it was told to, or has said why
	}()
	return c, nil
}

// stop ends the process and waits until it is gone.
func (c *child) stop() {
	if c.in != nil {
		c.in.Close()
	}
	c.cancel()
	<-c.exited
}

// failed is err with what the process has said.
func (c *child) failed(err error) error {
	if said := c.said.String(); said != "" {
		return fmt.Errorf("redroom %s: %w: it said: %s", c.name, err, said)
	}
	return fmt.Errorf("redroom %s: %w", c.name, err)
}

// ask writes a line if there is one to write, and decodes the line that comes
// next. The end of the process ends it.
func (c *child) ask(line string, answer any) error {
	if line != "" {
		if _, err := io.WriteString(c.in, line+"\n"); err != nil {
			return c.failed(err)
		}
	}
	b, err := c.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(b, answer)
	}
	if err != nil {
		return c.failed(err)
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	said []byte
}

const tailOctets = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, p...)
	t.said = t.said[max(0, len(t.said)-tailOctets):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.said))
}

// startLoop starts the bare loop.
func startLoop(ctx context.Context, binary, dir string) (*child, Target, error) {
	c, err := start(ctx, binary, true, "bench", "loop", "--data", dir)
	if err != nil {
		return nil, Target{}, err
	}
	var at loopAt
	if err := c.ask("", &at); err != nil {
		c.stop()
		return nil, Target{}, err
	}
	var hash [sha256.Size]byte
	if n, err := hex.Decode(hash[:], []byte(at.Certificate)); err != nil || n != len(hash) {
		c.stop()
		return nil, Target{}, c.failed(fmt.Errorf("%q is not a certificate's hash", at.Certificate))
	}
	return c, Target{
		URL:    at.URL,
		Trust:  Pin(hash),
		Topics: []string{room.NewID()},
		Token:  func(context.Context) (string, error) { return "-", nil },
		Usage: func(context.Context) (u Usage, err error) {
			err = c.ask("usage", &u)
			return u, err
		},
	}, nil
}

// startServer starts the real server on dir, and opens it as soon as it
// answers.
func startServer(ctx context.Context, binary, dir string, open Open) (*child, *Guest, error) {
	c, err := start(ctx, binary, false, "serve", "--data", dir, "--http", "localhost:0", "--addr", "localhost:0", "--log-level", "warn")
	if err != nil {
		return nil, nil, err
	}
	for deadline := time.Now().Add(startTime); ; {
		g, err := open(ctx, dir, 1)
		if err == nil {
			return c, g, nil
		}
		if !errors.Is(err, ErrNotRunning) || time.Now().After(deadline) {
			c.stop()
			return nil, nil, c.failed(err)
		}
		select {
		case <-c.exited:
			c.stop()
			return nil, nil, c.failed(errors.New("it ended before it was open"))
		case <-ctx.Done():
			c.stop()
			return nil, nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
