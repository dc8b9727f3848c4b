//go:build !windows

package main_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"redroom/server/servertest"
)

// seat is a terminal at which a command runs.
type seat struct {
	t        *testing.T
	keyboard *os.File
	ended    chan int // its exit status

	mu     sync.Mutex
	screen bytes.Buffer
}

// sit runs a command line at a terminal of its own.
func (d desk) sit(line string) *seat {
	d.t.Helper()
	return sitAt(d.t, d.command(d.t.Context(), strings.Fields(line)...))
}

// sitAt runs a command at a terminal of its own.
func sitAt(t *testing.T, cmd *exec.Cmd) *seat {
	t.Helper()
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	s := &seat{t: t, keyboard: terminal, ended: make(chan int, 1)}
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(s, terminal) }) // until the command has ended
	go func() {
		cmd.Wait()
		reading.Wait()
		s.ended <- cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() { cmd.Process.Kill(); terminal.Close() })
	return s
}

func (s *seat) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.Write(b)
}

func (s *seat) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

// await waits until something is shown.
func (s *seat) await(what string) {
	s.t.Helper()
	for deadline := time.Now().Add(servertest.Patience); !strings.Contains(s.shown(), what); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("it shows %q, want %q", s.shown(), what)
		}
	}
}

func (s *seat) types(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.keyboard, text); err != nil {
		s.t.Fatal(err)
	}
}

// TestAtATerminalOneIsAsked for the name, which is shown, and the password, which
// isn't.
func TestAtATerminalOneIsAsked(t *testing.T) {
	h := host(t)
	d := h.desk(t)
	s := d.sit("signin")
	s.await("User name: ")
	s.types("anna\r")
	s.await("Password: ")
	s.types(servertest.Password + "\r")
	if status := <-s.ended; status != 0 {
		t.Errorf("status %d", status)
	}
	want := "User name: anna\r\nPassword: \r\nSigned in at " + h.at + " as anna (anna, admin)\r\n"
	if s.shown() != want {
		t.Errorf("it shows %q, want %q", s.shown(), want)
	}

	// Ctrl-C ends it at once.
	s = d.sit("signin anna")
	s.await("Password: ")
	pressed := time.Now()
	s.types("\x03")
	if status := <-s.ended; status != 1 {
		t.Errorf("interrupted, its status is %d", status)
	}
	if took := time.Since(pressed); took > 10*time.Second { // a second, on a machine that has nothing else to do
		t.Errorf("it ended after %v", took)
	}
	if !strings.Contains(s.shown(), "redroom: ") || strings.Contains(s.shown(), "goroutine") {
		t.Errorf("it shows %q", s.shown())
	}
}
