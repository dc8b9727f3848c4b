package server_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

// bot is somebody whose program is killed and started again, always with the
// same directory.
type bot struct {
	order
	machine *servertest.Machine
	book    *book
	lives   uint64

	cmd    *exec.Cmd
	in     io.WriteCloser
	ended  chan struct{} // closed when the program is gone, and all it said was noted
	killed bool

	mu   sync.Mutex
	said map[saying]bool // of quiet and has
	more chan struct{}   // one slot: it has said something
}

// start starts the program.
func (b *bot) start(t *testing.T) {
	t.Helper()
	b.lives++
	o := b.order
	o.Seed += b.lives
	encoded, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	b.cmd = b.machine.Command(os.Args[0])
	b.cmd.Env = append(os.Environ(), programOrder+"="+string(encoded), "GOMAXPROCS=1")
	b.cmd.Stderr = os.Stderr
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatalf("starting the program of %s: %v", b.Name, err)
	}
	cmd, ended := b.cmd, make(chan struct{})
	b.ended, b.killed = ended, false
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	go func() {
		defer close(ended)
		b.listen(out)
		cmd.Wait()
	}()
}

// listen notes what the program says until its end.
func (b *bot) listen(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var s saying
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			b.book.complain("%s said %q", b.Name, lines.Text())
			continue
		}
		switch s.What {
		case "trouble":
			b.book.complain("%s has trouble: %s", b.Name, s.Reason)
		case "state":
			b.book.journal.note("%s is %s", b.Name, s.Reason)
		case "quiet", "has":
			b.mu.Lock()
			b.said[saying{What: s.What, Topic: s.Topic}] = true
			b.mu.Unlock()
			select {
			case b.more <- struct{}{}:
			default:
			}
		default:
			b.book.took(b.Name, s)
		}
	}
}

// kill ends the program in the middle of whatever it does.
func (b *bot) kill() {
	b.cmd.Process.Kill()
	<-b.ended
	b.killed = true
}

func (b *bot) tell(t *testing.T, c command) {
	t.Helper()
	line, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("telling %s to %s: %v", b.Name, c.What, err)
	}
}

// says waits until the program has said something.
func (b *bot) says(t *testing.T, s saying, deadline time.Time) {
	t.Helper()
	for {
		b.mu.Lock()
		said := b.said[s]
		b.mu.Unlock()
		if said {
			return
		}
		select {
		case <-b.more:
		case <-b.ended:
			t.Fatalf("the program of %s ended before it said %q", b.Name, s.What)
		case <-time.After(time.Until(deadline)):
			t.Errorf("%s did not say %q %s in time", b.Name, s.What, s.Topic)
			b.explain(t)
		}
	}
}

// explain ends a test in which the program hangs with what its goroutines do.
func (b *bot) explain(t *testing.T) {
	t.Helper()
	t.Log("its goroutines:")
	b.cmd.Process.Signal(syscall.SIGQUIT)
	<-b.ended
	t.FailNow()
}

// left waits until the program, which was told to leave, has ended.
func (b *bot) left(t *testing.T) {
	t.Helper()
	select {
	case <-b.ended:
	case <-time.After(servertest.Patience):
		t.Errorf("the program of %s does not end", b.Name)
		b.explain(t)
	}
	if status := b.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("the program of %s ended with status %d", b.Name, status)
	}
}

// verify shows that the program's copies are the topics' logs, message by
// message up to the chain's end, and that nothing is left of what nobody may
// have any more.
func (b *bot) verify(t *testing.T, logs map[string][]servertest.Frame, gone map[string]bool) {
	t.Helper()
	for topic, log := range logs {
		copied, err := openTranscript(filepath.Join(b.Dir, topic+".jsonl"), topic)
		if err != nil {
			t.Fatal(err)
		}
		defer copied.close()
		got, at := copied.frames(), room.Head{Hash: room.ChainStart(topic)}
		if len(got) != len(log) {
			t.Errorf("%s has %d messages of topic %s, which has %d", b.Name, len(got), topic, len(log))
			continue
		}
		for i, m := range got {
			if m != log[i] {
				t.Errorf("%s has %.160q in topic %s, and the server %.160q", b.Name, m, topic, log[i])
				break
			}
			at = m.Follows(t, at)
		}
		if n := len(copied.all); n > 0 && copied.all[n-1].Hash != at.Hash.String() {
			t.Errorf("%s computed %s at the end of topic %s, its messages give %s", b.Name, copied.all[n-1].Hash, topic, at.Hash)
		}
	}
	for name, content := range contents(t, b.Dir) {
		expectNoneOf(t, gone, name+" of "+b.Name, string(content))
	}
}
