package main_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/servertest"
)

// lossy is a room that answers no datagram, and a machine from which it is asked,
// with what passes that machine's cable.
type lossy struct {
	machine     *servertest.Machine
	cable       *servertest.Capture
	environment []string
	marks       int // that catchUp has made
}

func newLossy(t *testing.T) *lossy {
	t.Helper()
	n := servertest.NewNetwork(t)
	room := n.StartProcess(t, t.TempDir(), "--datagram-success", "0")
	m := n.Machine()
	return &lossy{machine: m, cable: m.Capture(t), environment: []string{
		"REDROOM_SERVER=" + strings.TrimPrefix(n.RoomURL(), "https://"), "REDROOM_PIN=" + room.Pin,
		"REDROOM_TOKEN=" + programToken(t, room.Admin(t), "anna"), "XDG_CONFIG_HOME=" + t.TempDir(),
	}}
}

// A request of so many octets is the only datagram of its size that calc sends:
// those of a handshake have more, and all others less.
const recognizable, handshake = 600, 1100

// calc asks, without getting an answer, and gives when the requests have left.
func (l *lossy) calc(t *testing.T, flags ...string) (left []time.Time, took time.Duration) {
	t.Helper()
	before := len(l.cable.Sent(l.machine, recognizable, handshake))
	began := time.Now()
	said, status := l.run(t, append([]string{strings.Repeat("1", recognizable)}, flags...)...)
	took = time.Since(began)
	if status != 1 || !strings.Contains(said, "no answer came") {
		t.Fatalf("calc %v: status %d: %s", flags, status, said)
	}
	l.catchUp(t)
	return l.cable.Sent(l.machine, recognizable, handshake)[before:], took
}

// run runs redroom calc on the machine, and gives all that it said.
func (l *lossy) run(t *testing.T, args ...string) (said string, status int) {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := l.machine.Command(binary, append([]string{"calc"}, args...)...)
	cmd.Env = append(os.Environ(), l.environment...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("calc %v: %v", args, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// catchUp waits until all is captured that has passed so far.
func (l *lossy) catchUp(t *testing.T) {
	t.Helper()
	conn, err := l.machine.Dial(t.Context(), "udp4", net.JoinHostPort(servertest.RoomHost, "9"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	l.marks++
	mark := fmt.Sprintf("That was ask no. %d.", l.marks)
	fmt.Fprint(conn, mark)
	for deadline := time.Now().Add(servertest.Patience); !l.cable.Has(mark); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what has passed was not captured")
		}
	}
}

// TestTheTimeoutsOfCalcDouble sees it on the cable. As the machine may have other
// things to do in between, it is looked at up to three times.
func TestTheTimeoutsOfCalcDouble(t *testing.T) {
	t.Parallel()
	l := newLossy(t)
	timeouts := []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, time.Second} // the last one is the ceiling
	for try := range 3 {
		left, took := l.calc(t, "--unreliable", "--timeout", "200ms", "--expb", "--max-timeout", "1s")
		if len(left) != len(timeouts) || took < 2400*time.Millisecond {
			t.Fatalf("%d requests have left, and it took %v; want %d, and 2.4 s", len(left), took, len(timeouts))
		}
		var gaps []time.Duration
		good := true
		for i, at := range left[1:] {
			gap := at.Sub(left[i])
			gaps = append(gaps, gap.Round(time.Millisecond))
			good = good && gap > timeouts[i]*9/10 && gap < timeouts[i]*3/2
		}
		t.Logf("the requests have left %v behind each other", gaps)
		if good {
			return
		}
		if try == 2 {
			t.Errorf("the requests have left %v behind each other, want %v", gaps, timeouts[:3])
		}
	}
}

// TestTheRequestLeavesHoweverShortTheTimeout has none wait for its answer.
func TestTheRequestLeavesHoweverShortTheTimeout(t *testing.T) {
	t.Parallel()
	l := newLossy(t)
	for _, way := range []string{"", "--unreliable"} {
		for range 10 {
			flags := []string{"--timeout", "1ns"}
			if way != "" {
				flags = append(flags, way)
			}
			if left, _ := l.calc(t, flags...); len(left) != 1 {
				t.Errorf("%v: %d requests have left, want 1", flags, len(left))
			}
		}
	}
	if left, _ := l.calc(t, "--unreliable", "--timeout", "1ns", "--expb", "--max-timeout", "16ns"); len(left) != 5 {
		t.Errorf("of 5 tries %d have left", len(left))
	}
}

// TestCalcWhereNoUDPGetsThrough asks over a WebSocket, and has no datagrams.
func TestCalcWhereNoUDPGetsThrough(t *testing.T) {
	t.Parallel()
	l := newLossy(t)
	l.machine.DropUDP()
	var asking sync.WaitGroup
	asking.Go(func() {
		if said, status := l.run(t, "+,1,1", "--timeout", "60s"); status != 0 || said != "200 2\n" {
			t.Errorf("over a channel: status %d: %s", status, said)
		}
	})
	asking.Go(func() {
		if said, status := l.run(t, "+,1,1", "--unreliable"); status != 1 || !strings.Contains(said, "QUIC only") {
			t.Errorf("in a datagram: status %d: %s", status, said)
		}
	})
	asking.Wait()
}
