//go:build unix

package main_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"redroom/server/servertest"
)

// everyCommand walks the tree of commands as somebody would who reads the help.
func everyCommand(t *testing.T) (all [][]string) {
	t.Helper()
	below := regexp.MustCompile(`(?ms)^Available Commands:\n(.*?)\n\n`)
	var walk func(path []string)
	walk = func(path []string) {
		all = append(all, path)
		help := redroom(t, "", nil, append(slices.Clone(path), "--help")...)
		m := below.FindStringSubmatch(help.out)
		if m == nil {
			return
		}
		for line := range strings.Lines(m[1]) {
			walk(append(slices.Clone(path), strings.Fields(line)[0]))
		}
	}
	walk(nil)
	return all
}

// trace is what Go prints where a program has come to grief.
var trace = regexp.MustCompile(`(?m)^(panic:|fatal error:|goroutine \d+)`)

func TestEveryCommandSaysHowItIsUsed(t *testing.T) {
	all := everyCommand(t)
	for _, path := range [][]string{{"serve"}, {"chat"}, {"post"}, {"read"}, {"feed"}, {"raw"}, {"topic", "create"}, {"completion", "zsh"}, {"help"}} {
		if !slices.ContainsFunc(all, func(p []string) bool { return slices.Equal(p, path) }) {
			t.Errorf("redroom %v is not in the tree", path)
		}
	}
	for _, path := range all {
		t.Run(strings.Join(append([]string{"redroom"}, path...), " "), func(t *testing.T) {
			t.Parallel()
			line := func(args ...string) []string { return append(slices.Clone(path), args...) }
			help := redroom(t, "", nil, line("--help")...)
			if help.status != 0 || help.errors != "" || !strings.Contains(help.out, "\nExamples:\n  ") {
				t.Errorf("--help: status %d, it said %q and printed %q, want an example", help.status, help.errors, help.out)
			}
			redroom(t, "", nil, line("--no-such-flag")...).expectOneLine(t, 2, "--no-such-flag", "redroom "+strings.Join(line("--help"), " "))
			many := redroom(t, "", nil, line("x", "x", "x", "x", "x", "x", "x")...)
			many.expectOneLine(t, 2)
			none := redroom(t, "", []string{"REDROOM_TOKEN=", "XDG_CONFIG_HOME=" + t.TempDir(), "REDROOM_SERVER=localhost:1", "REDROOM_LOG_LEVEL=none"}, path...)
			for _, r := range []result{help, many, none} {
				if trace.MatchString(r.errors + r.out) {
					t.Errorf("it printed %q and said %q", r.out, r.errors)
				}
			}
		})
	}
}

func TestAnErrorsLineIsFitForATerminal(t *testing.T) {
	redroom(t, "", nil, "verify", "room\x1b[2J\n\u202e.backup").expectOneLine(t, 1, "room␛[2J; \ufffd.backup")
}

// TestCtrlCEndsWhatRunsOn presses it when each command is under way, and again
// when its server is gone.
func TestCtrlCEndsWhatRunsOn(t *testing.T) {
	d := newWorkbench(t)
	d.run(t, "", "post", d.topic, "they are here").prints(t, "1\n")
	source := t.TempDir()
	for _, c := range []struct {
		name   string
		args   []string
		begun  string // what it prints or says when it is under way
		tty    bool
		status int
	}{
		{"serve", []string{"serve", "--data", source, "--http", "localhost:0", "--addr", "localhost:0", "--log-level", "error"}, "Pin of", false, 0},
		{"read", []string{"read", d.topic, "--follow"}, "they are here", false, 0},
		{"post", []string{"post", d.topic}, "Ctrl-D", true, 1},
		{"chat", []string{"chat", d.topic}, "they are here", false, 0},
		{"chat on a terminal", []string{"chat", d.topic}, "they are here", true, 0},
		{"raw", []string{"raw"}, "connected with", true, 0},
		{"peer", []string{"peer"}, "reachable as anna", false, 0},
		{"feed", []string{"feed", "http://localhost:1/", d.topic, "--spool", filepath.Join(source, "spool")}, "localhost:1", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := d.start(t, c.tty, c.args...)
			r.await(t, c.begun)
			took, status := r.interrupt(t)
			if took > time.Second || status != c.status {
				t.Errorf("it ended after %s with status %d, want one second at most and status %d; it said %q", took, status, c.status, r.said.String())
			}
			if trace.MatchString(r.said.String()) {
				t.Errorf("it said %q", r.said.String())
			}
		})
	}
	t.Run("read without a server", func(t *testing.T) {
		r := d.start(t, false, "read", d.topic, "--follow")
		r.await(t, "they are here")
		d.Kill()
		r.await(t, "no connection")
		if took, status := r.interrupt(t); took > time.Second || status != 0 {
			t.Errorf("it ended after %s with status %d: %q", took, status, r.said.String())
		}
	})
}

// running is a command that runs on.
type running struct {
	cmd   *exec.Cmd
	in    io.WriteCloser // its standard input, which stays open
	said  transcript
	ended chan struct{}
}

// start starts a command, by itself or on a terminal.
func (d *workbench) start(t *testing.T, tty bool, args ...string) *running {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(append(os.Environ(), d.environment...), "TERM=xterm")
	return start(t, tty, cmd)
}

func start(t *testing.T, tty bool, cmd *exec.Cmd) *running {
	t.Helper()
	var err error
	r := &running{cmd: cmd, ended: make(chan struct{})}
	r.cmd.Dir = t.TempDir()
	copied := make(chan struct{})
	if tty {
		terminal, err := pty.StartWithSize(r.cmd, &pty.Winsize{Rows: 24, Cols: 80})
		if err != nil {
			t.Fatal(err)
		}
		r.in = terminal
		go func() { defer close(copied); io.Copy(&r.said, terminal) }()
	} else {
		close(copied)
		r.cmd.Stdout, r.cmd.Stderr = &r.said, &r.said
		if r.in, err = r.cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := r.cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		defer close(r.ended)
		r.cmd.Wait()
		<-copied // what it said last
	}()
	t.Cleanup(func() {
		r.cmd.Process.Kill()
		r.in.Close()
		<-r.ended
	})
	return r
}

// await waits until it has said something.
func (r *running) await(t *testing.T, what string) {
	t.Helper()
	r.awaitBehind(t, 0, what)
}

// awaitBehind is await, behind what was said before.
func (r *running) awaitBehind(t *testing.T, before int, what string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !strings.Contains(r.said.String()[before:], what); time.Sleep(10 * time.Millisecond) {
		select {
		case <-r.ended:
			t.Fatalf("it ended, and had said %q", r.said.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("it said %q, and not %q within a minute", r.said.String(), what)
		}
	}
}

// interrupt presses Ctrl-C, or sends what that is.
func (r *running) interrupt(t *testing.T) (took time.Duration, status int) {
	t.Helper()
	began := time.Now()
	if terminal, ok := r.in.(*os.File); ok && isTerminal(terminal) {
		terminal.Write([]byte{3})
	} else {
		r.cmd.Process.Signal(os.Interrupt)
	}
	select {
	case <-r.ended:
	case <-time.After(60 * time.Second):
		t.Fatalf("it did not end within a minute; it said %q", r.said.String())
	}
	return time.Since(began), r.cmd.ProcessState.ExitCode()
}

func isTerminal(f *os.File) bool {
	_, err := pty.GetsizeFull(f)
	return err == nil
}

// TestReadEndsWithItsReader is `redroom read --follow | head -1`, made of what a
// shell has: while messages come, and where none does any more.
func TestReadEndsWithItsReader(t *testing.T) {
	d := newWorkbench(t)
	for range 3 {
		d.run(t, "", "post", d.topic, "x").succeeds(t)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	head := exec.CommandContext(ctx, "sh", "-c", `"$0" read "$1" --follow | { read -r line && echo "$line"; }`, binary, d.topic)
	head.Env = append(os.Environ(), d.environment...)
	head.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	head.Cancel = func() error { return syscall.Kill(-head.Process.Pid, syscall.SIGKILL) } // all of the pipe
	var out, said bytes.Buffer
	head.Stdout, head.Stderr = &out, &said
	if err := head.Run(); err != nil || strings.Count(out.String(), "\n") != 1 || said.Len() > 0 {
		t.Errorf("%v: it printed %q and said %q", err, out.String(), said.String())
	}
}

// TestReadPrintsEachMessageAtLeastOnce kills it again and again while messages
// come, and the server too: what all of them have printed has each message, in
// order but for what a killed one could not note.
func TestReadPrintsEachMessageAtLeastOnce(t *testing.T) {
	d := newWorkbench(t)
	cursor := filepath.Join(t.TempDir(), "cursor")
	const count = 40
	var printed []string
	for i := range count {
		d.run(t, "", "post", d.topic, "x", "--id", strings.Repeat("i", i+1)).succeeds(t)
		if i%10 != 9 {
			continue
		}
		r := d.start(t, false, "read", d.topic, "--follow", "--cursor", cursor)
		r.await(t, "\tanna\ttext\tx\n")
		if i == 29 { // while it reads
			d.Kill()
			d.Process = d.Again(t)
			r.await(t, "connected again")
		}
		r.cmd.Process.Signal(syscall.SIGKILL)
		<-r.ended
		printed = append(printed, numbers(r.said.String())...)
	}
	printed = append(printed, numbers(d.run(t, "", "read", d.topic, "--cursor", cursor).succeeds(t))...)
	next := 1
	for _, n := range printed {
		if n == strconv.Itoa(next) {
			next++
		}
	}
	if next != count+1 {
		t.Errorf("message %d is missing in %v", next, printed)
	}
}

// numbers are those of the messages in lines of read's, but for one that was cut.
func numbers(lines string) (all []string) {
	for line := range strings.Lines(lines) {
		if fields := strings.Split(line, "\t"); len(fields) == 5 && strings.HasSuffix(line, "\n") {
			all = append(all, fields[0])
		}
	}
	return all
}
