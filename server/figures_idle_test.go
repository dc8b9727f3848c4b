package server_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redroom/server/servertest"
)

// Bounds of what an idle session costs in an hour, for any machine.
const (
	idleOctets = 20 * mib         // both ways
	idleCPU    = 60 * time.Second // of the server's
)

// TestFiguresOfAnIdlePage measures what a page costs that is signed in, has a
// topic open, and does nothing: octets on its cable, and the server's CPU.
func TestFiguresOfAnIdlePage(t *testing.T) {
	each := lasting(4*time.Second, 4*time.Second, 4*time.Second, 10*time.Minute)
	h := newHome(t)
	alone := h.costs(t, each)
	t.Logf("the server with nobody there, an hour: %v of its CPU", alone.cpu.Round(time.Millisecond))
	for _, n := range networks {
		t.Run(n.transport, func(t *testing.T) {
			n.make(h.Machine)
			page := h.browser(t)
			h.enter(page, n.transport)
			page.Settle()
			page.AwaitWorker() // which has the page kept, once
			c := h.costs(t, each)
			page.UntilText("status", "Connection", n.transport)
			t.Logf("an idle session over %s, an hour: %v", n.transport, c)
			if c.packets == 0 {
				t.Error("no packet was seen on the cable")
			}
			if c.octets > idleOctets || c.cpu > idleCPU+alone.cpu {
				t.Errorf("an idle session over %s costs %v an hour, want at most %d octets and %v", n.transport, c, idleOctets, idleCPU)
			}
		})
	}
}

// costs are those of an hour.
type costs struct {
	packets, octets int64 // both ways, with all headers
	cpu             time.Duration
}

func (c costs) String() string {
	return fmt.Sprintf("%d octets in %d packets, %v of the server's CPU", c.octets, c.packets, c.cpu.Round(time.Millisecond))
}

// costs counts for a while, and gives what an hour would be.
func (h *home) costs(t *testing.T, d time.Duration) costs {
	t.Helper()
	pid := h.room.Cmd.Process.Pid
	began := time.Now()
	packets, octets := onCable(t, h.Machine)
	cpu := cpuTime(t, pid)
	<-time.After(d)
	cpu = cpuTime(t, pid) - cpu
	packets2, octets2 := onCable(t, h.Machine)
	hours := float64(time.Since(began)) / float64(time.Hour)
	return costs{int64(float64(packets2-packets) / hours), int64(float64(octets2-octets) / hours), time.Duration(float64(cpu) / hours)}
}

// onCable counts what has come and gone on a machine's cable.
func onCable(t *testing.T, m *servertest.Machine) (packets, octets int64) {
	t.Helper()
	counters := runOn(t, m, "cat", "/proc/net/dev")
	_, eth0, _ := strings.Cut(counters, "eth0:")
	var in, out, inPackets, outPackets, skip int64
	if _, err := fmt.Sscan(eth0, &in, &inPackets, &skip, &skip, &skip, &skip, &skip, &skip, &out, &outPackets); err != nil {
		t.Fatalf("%v in %s", err, counters)
	}
	return inPackets + outPackets, in + out
}

// cpuTime is how long a process's threads have run.
func cpuTime(t *testing.T, pid int) (sum time.Duration) {
	t.Helper()
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is a good one
	if len(threads) == 0 {
		t.Skip("this system does not tell in /proc/PID/task/TID/schedstat how long threads have run")
	}
	for _, path := range threads {
		stat, err := os.ReadFile(path)
		var ran time.Duration
		if _, err2 := fmt.Sscan(string(stat), &ran); err != nil || err2 != nil {
			t.Fatalf("reading %s: %v, %v", path, err, err2)
		}
		sum += ran
	}
	return sum
}
