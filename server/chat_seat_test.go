package server_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"redroom/server/servertest"
)

// seat is a terminal on which somebody runs `redroom chat`.
type seat struct {
	*testing.T
	cmd    *exec.Cmd
	pty    *os.File
	screen *emulator
	exited chan struct{}

	mu   sync.Mutex
	sent bytes.Buffer // all that the terminal was sent
}

// tokenOf is a program's token of somebody in a room that runs.
func tokenOf(t *testing.T, r *servertest.Room, name string) string {
	t.Helper()
	cmd := redroomCommand(t, "user", "token", name, "--label", "chat", "--data", r.Data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return strings.TrimSpace(string(out))
}

func redroomCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), binary, args...)
}

// chatCommand is `redroom chat` as somebody.
func chatCommand(t *testing.T, r *servertest.Room, token string, args ...string) *exec.Cmd {
	t.Helper()
	server := strings.TrimSuffix(strings.TrimPrefix(r.Rrp, "https://"), "/rrp")
	cmd := redroomCommand(t, append([]string{"chat", "--server", server, "--data", r.Data}, args...)...)
	cmd.Env = append(os.Environ(), "REDROOM_TOKEN="+token, "TERM=xterm-256color", "TZ=UTC", "HOME="+t.TempDir())
	return cmd
}

// emulator is one that can also be looked at while it is written to.
type emulator struct {
	*vt.SafeEmulator
	mu sync.Mutex
}

func (e *emulator) Write(octets []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.SafeEmulator.Write(octets)
}

func (e *emulator) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.SafeEmulator.String()
}

// Close ends Read. The emulator's own Close can't be called while that waits.
func (e *emulator) Close() error { return e.InputPipe().(io.Closer).Close() }

func (e *emulator) Resize(columns, rows int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.SafeEmulator.Resize(columns, rows)
}

// sit has somebody chat on a terminal of a size.
func sit(t *testing.T, r *servertest.Room, token string, columns, rows int, args ...string) *seat {
	t.Helper()
	s := &seat{T: t, cmd: chatCommand(t, r, token, args...), screen: &emulator{SafeEmulator: vt.NewSafeEmulator(columns, rows)}, exited: make(chan struct{})}
	var err error
	s.pty, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: uint16(rows), Cols: uint16(columns)})
	if err != nil {
		t.Fatalf("starting a chat: %v", err)
	}
	var running sync.WaitGroup
	running.Go(func() { io.Copy(s.pty, s.screen) }) // what a terminal answers
	running.Go(func() {
		defer close(s.exited)
		io.Copy(io.MultiWriter(s.screen, s), s.pty) // until nobody has the terminal any more
		s.cmd.Wait()
	})
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		<-s.exited
		s.pty.Close()
		s.screen.Close()
		running.Wait()
	})
	return s
}

// Write notes what the terminal is sent.
func (s *seat) Write(octets []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent.Write(octets)
}

func (s *seat) wasSent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent.String()
}

// keys are pressed.
func (s *seat) keys(keys string) {
	s.Helper()
	if _, err := io.WriteString(s.pty, keys); err != nil {
		s.Fatalf("pressing %q: %v", keys, err)
	}
}

// sees waits until all this stands on the screen.
func (s *seat) sees(parts ...string) {
	s.Helper()
	s.until("the screen to have "+strings.Join(parts, ", "), func() bool {
		for _, part := range parts {
			if !strings.Contains(s.screen.String(), part) {
				return false
			}
		}
		return true
	})
}

func (s *seat) until(what string, holds func() bool) {
	s.Helper()
	for end := time.Now().Add(servertest.Patience); !holds(); {
		if time.Now().After(end) {
			s.Fatalf("waited in vain for %s; it has\n%s", what, s.screen.String())
		}
		select {
		case <-s.exited:
			if !holds() {
				s.Fatalf("the chat ended, without %s:\n%s\n%q", what, s.screen.String(), s.wasSent())
			}
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// resize makes the terminal another size.
func (s *seat) resize(columns, rows int) {
	s.Helper()
	s.screen.Resize(columns, rows)
	if err := pty.Setsize(s.pty, &pty.Winsize{Rows: uint16(rows), Cols: uint16(columns)}); err != nil {
		s.Fatal(err)
	}
}

// ends waits for the chat's end, and gives its status.
func (s *seat) ends() int {
	s.Helper()
	select {
	case <-s.exited:
	case <-time.After(2 * servertest.Patience):
		s.Fatalf("the chat did not end; it has\n%s", s.screen.String())
	}
	return exitStatus(s.cmd)
}

func exitStatus(cmd *exec.Cmd) int {
	if cmd.ProcessState == nil {
		panic(errors.New("it runs"))
	}
	return cmd.ProcessState.ExitCode()
}
