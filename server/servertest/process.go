package servertest

import (
	"bufio"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Main runs a package's tests, and removes the binary that they have built.
func Main(m *testing.M) {
	status := m.Run()
	os.RemoveAll(built)
	os.Exit(status)
}

// built is where Build puts the binary.
var built string

// Build makes the real binary, once for all tests of a package, whose TestMain
// is Main.
var Build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "redroom-test-")
	if err != nil {
		return "", err
	}
	built = dir
	binary := filepath.Join(dir, "redroom")
	out, err := exec.Command("go", "build", "-o", binary, "redroom/cmd/redroom").CombinedOutput()
	if err != nil {
		return "", &buildError{err, string(out)}
	}
	return binary, nil
})

type buildError struct {
	err error
	out string
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.out }

// Process is a server in a process of its own, which can be killed.
type Process struct {
	*Room
	Cmd    *exec.Cmd
	Pin    string // of its CA
	said   strings.Builder
	exited chan struct{}
}

var (
	openAt  = regexp.MustCompile(`^Red Room is open at (http://\S+)`)
	talksAt = regexp.MustCompile(`^It talks at (https://\S+)`)
	setupAt = regexp.MustCompile(`^  http://\S+/setup#(\S+)`)
	pinIs   = regexp.MustCompile(`authority: ([0-9a-f]{64})`)
)

// StartProcess runs `redroom serve` on data, at free ports unless flags say
// otherwise, and returns when it has said where it is. prefix is what the
// command runs under, such as strace with its flags.
func StartProcess(t testing.TB, data string, prefix []string, flags ...string) *Process {
	t.Helper()
	binary, err := Build()
	if err != nil {
		t.Fatalf("building the binary: %v", err)
	}
	line := append(append([]string{}, prefix...), binary, "serve", "--data", data, "--http", freeAddress(t, "localhost"), "--addr", freeAddress(t, "localhost"), "--log-level", "warn")
	line = append(line, flags...)
	cmd := exec.Command(line[0], line[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = testWriter{t}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", strings.Join(line, " "), err)
	}
	p := &Process{Room: &Room{Data: data}, Cmd: cmd, exited: make(chan struct{})}
	t.Cleanup(func() { p.Kill() })
	ready := make(chan struct{})
	go func() {
		defer close(p.exited)
		p.read(bufio.NewScanner(out), ready)
		cmd.Wait()
	}()
	select {
	case <-ready:
	case <-p.exited:
		t.Fatal("the server ended before it was open")
	case <-time.After(60 * time.Second):
		t.Fatal("the server did not open within a minute")
	}
	return p
}

// read takes what the server says of itself; the pin comes last.
func (p *Process) read(lines *bufio.Scanner, ready chan struct{}) {
	for lines.Scan() {
		line := lines.Text()
		if ready != nil {
			p.said.WriteString(line + "\n")
		}
		for pattern, field := range map[*regexp.Regexp]*string{openAt: &p.Plain, talksAt: &p.Rrp, setupAt: &p.Setup, pinIs: &p.Pin} {
			if m := pattern.FindStringSubmatch(line); m != nil {
				*field = m[1]
			}
		}
		if p.Pin != "" && ready != nil {
			close(ready)
			ready = nil
		}
	}
}

// Said is what it printed until it was open.
func (p *Process) Said() string { return p.said.String() }

// Kill ends the process with SIGKILL and waits until it is gone.
func (p *Process) Kill() {
	p.Cmd.Process.Kill()
	<-p.exited
}

// Again starts the server anew, after it has ended, on the same data and at
// the same addresses, so that cookies and links are good still.
func (p *Process) Again(t testing.TB) *Process {
	t.Helper()
	return StartProcess(t, p.Data, nil, "--http", address(t, p.Plain), "--addr", address(t, p.Rrp))
}

func address(t testing.TB, of string) string {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// Stop asks it to end (SIGTERM) and gives its exit status.
func (p *Process) Stop(t testing.TB) int {
	t.Helper()
	return p.StopWith(t, syscall.SIGTERM)
}

// StopWith is Stop by another signal.
func (p *Process) StopWith(t testing.TB, signal os.Signal) int {
	t.Helper()
	if err := p.Cmd.Process.Signal(signal); err != nil {
		t.Fatalf("stopping the server: %v", err)
	}
	select {
	case <-p.exited:
	case <-time.After(30 * time.Second):
		t.Fatal("the server did not stop within half a minute")
	}
	return p.Cmd.ProcessState.ExitCode()
}
