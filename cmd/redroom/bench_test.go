package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"redroom/server/servertest"
)

func TestBenchLoadsTheRunningServer(t *testing.T) {
	data := t.TempDir()
	servertest.StartProcess(t, data, nil)
	for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(time.Millisecond) { // it comes a moment later
		if _, err := os.Stat(filepath.Join(data, "redroom.sock")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server takes no commands")
		}
	}
	args := []string{"bench", "--data", data, "--readers", "3", "--writers", "2", "--topics", "2", "--duration", "300ms"}

	r := redroom(t, "", nil, append(args, "--json")...)
	var figures struct {
		Readers, Writers, Topics, Size int
		Deliveries, MessagesVerified   int64
		DeliveriesPerSecond            float64
		ReceiptMilliseconds            map[string]float64
		ServerAfter                    map[string]float64
	}
	if err := json.Unmarshal([]byte(r.out), &figures); err != nil || r.status != 0 {
		t.Fatalf("status %d, %q, %q: %v", r.status, r.out, r.errors, err)
	}
	if figures.Readers != 3 || figures.Writers != 2 || figures.Topics != 2 || figures.Size != 128 {
		t.Errorf("it was asked for something else: %+v", figures)
	}
	if figures.Deliveries < 1 || figures.DeliveriesPerSecond <= 0 || figures.MessagesVerified < 1 ||
		figures.ReceiptMilliseconds["p99.9"] <= 0 || figures.ServerAfter["cpuSeconds"] <= 0 {
		t.Errorf("figures are missing in %s", r.out)
	}

	r = redroom(t, "", nil, append(args, "--rate", "50", "--check")...)
	for _, word := range []string{"at 50 posts a second", "deliveries", "p99.9", "verified"} {
		if r.status != 0 || !strings.Contains(r.out, word) {
			t.Errorf("status %d, %q does not say %q: %q", r.status, r.out, word, r.errors)
		}
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	none := t.TempDir()
	for _, c := range []struct {
		name   string
		status int
		args   []string
		words  []string
	}{
		{"no server", 1, []string{"--data", none}, []string{none, "redroom serve"}},
		{"nobody reads", 2, []string{"--readers", "0"}, []string{"reader"}},
		{"no topics", 2, []string{"--topics", "0"}, []string{"topics"}},
		{"a size that is too small", 2, []string{"--size", "1"}, []string{"32"}},
		{"a senseless rate", 2, []string{"--rate", "-5"}, []string{"rate"}},
		{"no round", 2, []string{"--floor", "--rounds", "0"}, []string{"round"}},
		{"an argument", 2, []string{"hard"}, []string{"redroom bench"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			redroom(t, "", nil, append([]string{"bench"}, c.args...)...).expectOneLine(t, c.status, c.words...)
		})
	}
}

func TestBenchIsInTheHelp(t *testing.T) {
	if r := redroom(t, "", nil, "help"); !strings.Contains(r.out, "  bench ") {
		t.Errorf("help does not name it: %s", r.out)
	}
	r := redroom(t, "", nil, "bench", "--help")
	for _, flag := range []string{"--data", "--readers", "--topics", "--writers", "--rate", "--size", "--duration", "--check", "--floor", "--rounds", "--json"} {
		if !strings.Contains(r.out, flag) {
			t.Errorf("its help does not name %s: %s", flag, r.out)
		}
	}
	if strings.Contains(r.out, "bare loop of bench") {
		t.Errorf("its help names what only bench itself runs: %s", r.out)
	}
}

func TestBenchFloorLeavesNothingBehind(t *testing.T) {
	temporary := shortDir(t)
	r := redroom(t, "", []string{"TMPDIR=" + temporary, "TMP=" + temporary}, "bench", "--floor", "--rounds", "1", "--readers", "2", "--duration", "150ms", "--json")
	var floor struct {
		Rounds []struct {
			BareLoop, Server struct{ DeliveriesPerServerCPUSecond float64 }
			Rows             []struct {
				BareSQLite, Store struct{ RowsPerSecond float64 }
			}
		}
		Ratios struct {
			DeliveriesPerServerCPUSecond struct{ Median, Min, Max float64 }
		}
	}
	if err := json.Unmarshal([]byte(r.out), &floor); err != nil || r.status != 0 {
		t.Fatalf("status %d, %q, %q: %v", r.status, r.out, r.errors, err)
	}
	if len(floor.Rounds) != 1 || len(floor.Rounds[0].Rows) != 3 || floor.Ratios.DeliveriesPerServerCPUSecond.Median <= 0 ||
		floor.Rounds[0].BareLoop.DeliveriesPerServerCPUSecond <= 0 || floor.Rounds[0].Server.DeliveriesPerServerCPUSecond <= 0 ||
		floor.Rounds[0].Rows[2].BareSQLite.RowsPerSecond <= 0 || floor.Rounds[0].Rows[2].Store.RowsPerSecond <= 0 {
		t.Errorf("figures are missing in %s", r.out)
	}
	expectEmpty(t, temporary)
}

// TestInterruptedBenchFloorLeavesNothingBehind interrupts it alone, as kill
// does, while the bare loop runs, and again while the real server does.
func TestInterruptedBenchFloorLeavesNothingBehind(t *testing.T) {
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	for name, running := range map[string]string{
		"the bare loop":   "ca.pem",
		"the real server": "redroom.sock",
	} {
		t.Run(name, func(t *testing.T) {
			temporary := shortDir(t)
			duration := "1h" // it ends in the first measurement
			if running == "redroom.sock" {
				duration = "100ms"
			}
			cmd := exec.Command(binary, "bench", "--floor", "--readers", "2", "--rounds", "1000", "--duration", duration)
			cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			exited := make(chan error, 1)
			go func() { exited <- cmd.Wait() }()
			for deadline := time.Now().Add(servertest.Patience); ; {
				found, err := filepath.Glob(filepath.Join(temporary, "*", running))
				if err != nil {
					t.Fatal(err)
				}
				if len(found) > 0 {
					break
				}
				if time.Now().After(deadline) {
					cmd.Process.Kill()
					t.Fatalf("%s does not run: %s", name, said.String())
				}
				time.Sleep(time.Millisecond)
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			select {
			case <-exited:
			case <-time.After(servertest.Patience):
				cmd.Process.Kill()
				t.Fatal("it goes on")
			}
			if status := cmd.ProcessState.ExitCode(); status != 1 || !strings.Contains(said.String(), "redroom: the bench was interrupted") {
				t.Errorf("status %d, and it said %q", status, said.String())
			}
			expectEmpty(t, temporary)
		})
	}
}

// shortDir is a temporary directory whose path leaves room for that of a Unix
// socket, which has about a hundred octets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redroom-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func expectEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("%s is left", entry.Name())
	}
}
