//go:build linux

package server_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"redroom/server/servertest"
)

// TestASecondSignalEndsAtOnce has the first one wait for a post that isn't
// stored yet.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	for _, signals := range [][2]syscall.Signal{
		{syscall.SIGTERM, syscall.SIGTERM},
		{syscall.SIGTERM, syscall.SIGINT},
		{syscall.SIGINT, syscall.SIGINT},
	} {
		t.Run(fmt.Sprint(signals), func(t *testing.T) {
			p := servertest.StartProcess(t, t.TempDir(), nil)
			busy(t, p.Room)
			p.Cmd.Process.Signal(signals[0])
			untilDrained(t, p.Room)
			began := time.Now()
			p.StopWith(t, signals[1])
			if took := time.Since(began); took > 3*time.Second { // it would wait longer for the post
				t.Errorf("the second signal took %v", took)
			}
			if want := 128 + int(signals[1]); p.Cmd.ProcessState.ExitCode() != want {
				t.Errorf("the server ended by %v, want exit status %d", p.Cmd.ProcessState, want)
			}
		})
	}
}

// TestASecondSignalEndsProcess1 is that in a container, where the system doesn't
// end the first process by a signal that it hasn't asked for.
func TestASecondSignalEndsProcess1(t *testing.T) {
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	r := &servertest.Room{Data: t.TempDir()}
	cmd := exec.Command(binary, "serve", "--data", r.Data, "--http", "localhost:0", "--addr", "localhost:0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("this machine lets nobody make a process namespace: %v", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for lines := bufio.NewScanner(out); r.Setup == "" && lines.Scan(); {
		fields := strings.Fields(lines.Text())
		last := fields[len(fields)-1]
		switch {
		case strings.HasPrefix(lines.Text(), "Red Room is open at"):
			r.Plain = last
		case strings.HasPrefix(lines.Text(), "It talks at"):
			r.Rrp = fields[len(fields)-2]
		case strings.Contains(last, "/setup#"):
			_, r.Setup, _ = strings.Cut(last, "#")
		}
	}
	go io.Copy(io.Discard, out) // until Wait closes it
	busy(t, r)
	cmd.Process.Signal(syscall.SIGTERM)
	untilDrained(t, r)
	began := time.Now()
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if took := time.Since(began); took > 3*time.Second { // it would wait longer for the post
		t.Errorf("the second signal took %v", took)
	}
	if cmd.ProcessState.Success() {
		t.Error("the server ended as if all were well")
	}
}

// busy has somebody post what can't be stored for now.
func busy(t *testing.T, r *servertest.Room) {
	t.Helper()
	anna := r.Admin(t)
	c := r.Enter(t, anna).Join(t, anna.Topic(t, anna.Deal(t, "Busy", "all"), "Busy", 1), -1)
	holdStore(t, r.Data)
	c.Say(t, servertest.Post("Und?", "unknown")+"PING 0 read\n")
	c.Expect(t, "PONG read")
}

func untilDrained(t *testing.T, r *servertest.Room) {
	t.Helper()
	nobody := r.Anonymous(t)
	await(t, "the server is drained", func() bool {
		status, _ := nobody.Do(t, "GET", "/api/session", nil)
		return status == 503
	})
}
