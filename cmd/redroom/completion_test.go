//go:build unix

package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"redroom/server/servertest"
)

// shells are how each is started without what its user has set, and has redroom
// completed.
var shells = map[string]struct {
	args  []string
	begin string
}{
	"bash": {[]string{"--norc", "--noprofile", "-i"}, "source <(redroom completion bash)"},
	"zsh":  {[]string{"-f", "-i"}, "autoload -Uz compinit; compinit -u -D; source <(redroom completion zsh)"},
}

// TestShellsCompleteTopics types the beginning of a topic's name in real shells on
// a terminal of their own, presses Tab, and finds that redroom reads that topic.
func TestShellsCompleteTopics(t *testing.T) {
	d := newWorkbench(t)
	for i, title := range []string{"Fällig $100 & mehr", `Über "alles"`, "Bert's", "Chain=A@B", "Wow!echo!"} {
		d.anna.Topic(t, d.deal, title, i+2)
	}
	beta := d.anna.Deal(t, "Beta", "all")
	d.anna.Topic(t, beta, "Twice", 1)
	d.anna.Topic(t, d.anna.Deal(t, "Be", "all"), "x", 1)
	for _, title := range []string{"Alpha AG/Fälligkeit: Q3/Q4", "Alpha AG/Fällig $100 & mehr", `Alpha AG/Über "alles"`, "Alpha AG/Bert's", "Alpha AG/Chain=A@B", "Alpha AG/Wow!echo!", "Beta/Twice"} {
		d.run(t, "", "post", title, "in "+title).prints(t, "1\n")
	}
	for name, shell := range shells {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := d.startShell(t, name, shell.args...)
			s.do(t, shell.begin)
			for _, c := range []struct{ typed, topic string }{
				{"Bet\t", "Beta/Twice"},
				{`Al\tFä\tk\t`, "Alpha AG/Fälligkeit: Q3/Q4"},
				{`Alpha\ AG/Fälligkeit:\ \t`, "Alpha AG/Fälligkeit: Q3/Q4"},
				{`"Alpha AG/Fälligkeit: Q\t`, "Alpha AG/Fälligkeit: Q3/Q4"},
				{`'Alpha AG/Fälligk\t`, "Alpha AG/Fälligkeit: Q3/Q4"},
				{`Alpha\ AG/Fällig\ \t`, "Alpha AG/Fällig $100 & mehr"},
				{`"Alpha AG/Fällig \t`, "Alpha AG/Fällig $100 & mehr"},
				{`Alpha\ AG/Ü\t`, `Alpha AG/Über "alles"`},
				{`"Alpha AG/Ü\t`, `Alpha AG/Über "alles"`},
				{`Alpha\ AG/B\t`, "Alpha AG/Bert's"},
				{`Alpha\ AG/Chain=A@\t`, "Alpha AG/Chain=A@B"},
				{`Alpha\ AG/W\t`, "Alpha AG/Wow!echo!"},
				{`"Alpha AG/W\t`, "Alpha AG/Wow!echo!"},
				{`--data ~/room --after=-1 Bet\t`, "Beta/Twice"},
			} {
				typed := strings.ReplaceAll(c.typed, `\t`, "\t")
				if out := s.do(t, "redroom read "+typed+" --json"); !strings.Contains(strings.ReplaceAll(out, `\"`, `"`), `"in `+c.topic+`"`) {
					t.Errorf("%q read %q, want the topic %s", typed, out, c.topic)
				}
			}
			s.do(t, "export REDROOM_SERVER=localhost:1") // where nobody is
			before := len(s.seen.String())
			if out := s.do(t, "redroom read Bet\t"); !strings.Contains(out, "reached") {
				t.Errorf("without a server it read %q", out)
			}
			if seen := s.seenUpTo(t, before, fmt.Sprint(">done", s.n)); strings.Contains(seen, "redroom: ") || !strings.Contains(seen, "redroom read Bet") {
				t.Errorf("without a server Tab showed %q", seen)
			}
		})
	}
}

// terminalShell is a shell on a terminal of its own.
type terminalShell struct {
	tty  *os.File
	dir  string
	seen transcript
	n    int
}

// startShell starts a shell in which redroom is found, as is the room by ~/room.
func (d *workbench) startShell(t *testing.T, name string, args ...string) *terminalShell {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("REDROOM_SHELLS") == "require" {
			t.Fatal(err)
		}
		t.Skipf("%v; set REDROOM_SHELLS=require where it has to be", err)
	}
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	s := &terminalShell{dir: t.TempDir()}
	if err := os.Symlink(d.Data, filepath.Join(s.dir, "room")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), d.environment...)
	cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "HOME="+s.dir, "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TERM=xterm", "INPUTRC=/dev/null", "HISTFILE=")
	if s.tty, err = pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 200}); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(&s.seen, s.tty) })
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		s.tty.Close()
		reading.Wait()
		if t.Failed() {
			t.Logf("the terminal was sent %q", s.seen.String())
		}
	})
	return s
}

// do types a line, whose output it gives when it is done.
func (s *terminalShell) do(t *testing.T, line string) string {
	t.Helper()
	s.n++
	out, done := filepath.Join(s.dir, fmt.Sprint("out", s.n)), filepath.Join(s.dir, fmt.Sprint("done", s.n))
	if _, err := fmt.Fprintf(s.tty, "%s >%s 2>&1; : >%s\r", line, filepath.Base(out), filepath.Base(done)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(done); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q is not done after a minute", line)
		}
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// seenUpTo is what the terminal was sent behind an offset, when something of it is
// what is waited for: the shell is ahead of who reads its terminal.
func (s *terminalShell) seenUpTo(t *testing.T, offset int, what string) string {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		seen := s.seen.String()[offset:]
		if strings.Contains(seen, what) {
			return seen
		}
		if time.Now().After(deadline) {
			t.Fatalf("the terminal was sent %q, and not %q within a minute", seen, what)
		}
	}
}

// transcript is what was written, by one goroutine, while others may look at it.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
