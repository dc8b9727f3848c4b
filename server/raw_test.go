package server_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/raw"
	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// hand is a `redroom raw` in a process of its own.
type hand struct {
	cmd       *exec.Cmd
	in        io.WriteCloser
	out       io.ReadCloser
	complains bytes.Buffer
}

func rawBy(t *testing.T, p *servertest.Process, flags ...string) *hand {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	h := &hand{cmd: exec.CommandContext(ctx, binary, append([]string{"raw"}, flags...)...)}
	h.cmd.Dir = t.TempDir()
	h.cmd.Env = append(os.Environ(), "REDROOM_SERVER="+p.QUIC(), "REDROOM_DATA="+p.Data, "XDG_CONFIG_HOME="+p.Data, "REDROOM_TOKEN=")
	h.cmd.Stderr = &h.complains
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if h.out, err = h.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		h.cmd.Wait()
	})
	return h
}

// types writes octets.
func (h *hand) types(t *testing.T, octets string) {
	t.Helper()
	if _, err := io.WriteString(h.in, octets); err != nil {
		t.Fatalf("typing %q: %v; it said %q", octets, err, h.complains.String())
	}
}

// rest ends the input, and gives what is printed until the end, and the status.
func (h *hand) rest(t *testing.T) (printed string, status int) {
	t.Helper()
	h.in.Close()
	all, err := io.ReadAll(h.out)
	if err != nil {
		t.Fatal(err)
	}
	h.cmd.Wait()
	return string(all), h.cmd.ProcessState.ExitCode()
}

// TestWhatIsInterruptedAsItBeginsEndsAsItDoesLater is Ctrl-C before one has signed in.
func TestWhatIsInterruptedAsItBeginsEndsAsItDoesLater(t *testing.T) {
	r := servertest.Start(t)
	conn, err := transport.DialQUIC(t.Context(), r.QUIC(), r.Trust(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = raw.Run(ctx, raw.Config{Conn: conn, Token: "nobody's", In: strings.NewReader(""), Out: io.Discard, Note: func(error) {}})
	if err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestNobodyLearnsByHandWhoHasAnAccount signs in with a wrong password, and as
// nobody: both are answered with the same octets, and take as long.
func TestNobodyLearnsByHandWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	p := servertest.StartProcess(t, t.TempDir(), nil)
	p.Admin(t)
	answers := make(map[string][]string) // what was printed -> to whom
	quickest := map[string]time.Duration{"anna": time.Hour, "nobody": time.Hour}
	for range 4 {
		for name := range quickest {
			h := rawBy(t, p, "--bare", "--octets")
			h.types(t, "USER 0 "+name+"\n")
			named := make([]byte, len("ACK 0 USER\n"))
			if _, err := io.ReadFull(h.out, named); err != nil {
				t.Fatal(err)
			}
			asked := time.Now()
			h.types(t, "PASS 0 wrong%20password%20of%20mine\n")
			first := make([]byte, 1)
			if _, err := io.ReadFull(h.out, first); err != nil {
				t.Fatal(err)
			}
			quickest[name] = min(quickest[name], time.Since(asked))
			more, status := h.rest(t)
			said := fmt.Sprintf("%s%s%s, status %d, %s", named, first, more, status, h.complains.String())
			answers[said] = append(answers[said], name)
		}
	}
	if len(answers) != 1 {
		t.Errorf("they were answered %q", answers)
	}
	if a, n := quickest["anna"], quickest["nobody"]; a > 5*n/2 || n > 5*a/2 {
		t.Errorf("a wrong password took %s at least, an unknown user %s", a, n)
	}
}

// TestEveryFrameBeforeTheSignInIsRefused says each type that there is as the first
// frame, by hand.
func TestEveryFrameBeforeTheSignInIsRefused(t *testing.T) {
	t.Parallel()
	p := servertest.StartProcess(t, t.TempDir(), nil)
	source, err := os.ReadFile("wire/types.go")
	if err != nil {
		t.Fatal(err)
	}
	types := regexp.MustCompile(`(?m)^\tType\w+ += "([A-Z]+)"$`).FindAllSubmatch(source, -1)
	if len(types) < 20 {
		t.Fatalf("wire/types.go has %d types", len(types))
	}
	const skipped = "PONG 0 still\n" // as are types that the server doesn't know
	refused := func(ref, sentence string) string {
		return fmt.Sprintf("ERR %d 401 %s\n%s\nBYE %[1]d 401\n%[3]s\n", len(sentence), ref, sentence)
	}
	want := map[string]string{
		"USER":  "ACK 0 USER\n" + skipped,
		"TOKEN": refused("TOKEN", room.ErrTokenUnknown.Text),
		"PING":  "PONG 0 x\n" + skipped,
		"JOIN":  refused("x", room.ErrNotSignedIn.Text), // the topic
		"POST":  refused("x", room.ErrNotSignedIn.Text), // its client id
	}
	for _, typ := range []string{"PASS", "WATCH", "TYPING", "READ", "HEAD", "PONG", "BIND", "QUERY", "LEAVE", "TICKET", "CALC"} {
		want[typ] = refused(typ, room.ErrNotSignedIn.Text)
	}
	for _, typ := range types {
		t.Run(string(typ[1]), func(t *testing.T) {
			t.Parallel()
			h := rawBy(t, p, "--bare")
			h.types(t, string(typ[1])+" 0 x 1\nPING 0 still\n")
			var printed string
			for out := bufio.NewScanner(h.out); !strings.HasSuffix(printed, skipped) && out.Scan(); {
				printed += out.Text() + "\n"
			}
			if expected := cmp.Or(want[string(typ[1])], skipped); printed != expected {
				t.Errorf("it printed %q, want %q", printed, expected)
			}
		})
	}
}

// TestGarbageByHandNeitherLoopsNorCrashes has people type what comes into their
// heads, and programs send it, to a server that has something better to do.
func TestGarbageByHandNeitherLoopsNorCrashes(t *testing.T) {
	t.Parallel()
	p := servertest.StartProcess(t, t.TempDir(), nil)
	h := furnish(t, p.Room)
	witness := h.Enter(t, h.bert).Join(t, h.topic, 0)
	talks(t, witness)
	chance := servertest.Rand(t)
	var hands sync.WaitGroup
	for i := range 16 {
		octets := randomOctets(chance, h.topic)
		flags := [][]string{{"--bare", "--octets"}, {"--bare"}, {"--bare", "--transport", "websocket"}, {"--bare", "--octets", "--transport", "webtransport"}}[i%4]
		by := rawBy(t, p, flags...)
		hands.Go(func() {
			by.in.Write(octets) // who is refused takes no more
			printed, status := by.rest(t)
			if status != 0 && status != 1 || strings.Contains(by.complains.String(), "goroutine ") || strings.Contains(printed, "ACK 0 TOKEN") {
				t.Errorf("%v, %q: status %d, it printed %q and said %q", flags, octets, status, printed, by.complains.String())
			}
		})
	}
	for range 200 {
		conn, err := transport.DialQUIC(t.Context(), p.QUIC(), p.Trust(t))
		if err != nil {
			t.Fatal(err)
		}
		c, err := conn.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.SetWriteDeadline(time.Now().Add(servertest.Patience))
		c.Write(randomOctets(chance, h.topic))
		c.CloseWrite()
		c.SetReadDeadline(time.Now().Add(servertest.Patience))
		io.Copy(io.Discard, c) // so that it was taken
		conn.Close(0, "")
	}
	hands.Wait()
	talks(t, witness)

	// Whatever loops takes all that it gets of a processor, and never rests.
	const look, rest = 500 * time.Millisecond, 25 * time.Millisecond
	for deadline := time.Now().Add(servertest.Patience); ; {
		before := cpuTime(t, p.Cmd.Process.Pid)
		time.Sleep(look)
		took := cpuTime(t, p.Cmd.Process.Pid) - before
		if took <= rest {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server takes %s of %s with nothing to do", took, look)
		}
	}
	talks(t, witness)
}
