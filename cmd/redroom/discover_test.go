package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"redroom/server/servertest"
)

// seeker is somebody at a machine of a local network who knows no server.
type seeker struct {
	*servertest.Station
	home string
}

func newSeeker(t *testing.T, b *servertest.Bridge) *seeker {
	return &seeker{b.Station(false), t.TempDir()}
}

func (s *seeker) run(t *testing.T, in string, args ...string) result {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatalf("building the binary: %v", err)
	}
	line := append(append(s.Prefix(), binary), args...)
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+s.home)
	cmd.Dir, cmd.Stdin = t.TempDir(), strings.NewReader(in)
	var out, errors strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("running redroom %v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errors.String()}
}

// find looks until so many servers are found.
func (s *seeker) find(t *testing.T, many int) string {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; {
		r := s.run(t, "", "discover", "--wait", "1s")
		if strings.Count(r.out, "\n") == many && (r.status == 0) == (many > 0) {
			return r.out
		}
		if time.Now().After(deadline) {
			t.Fatalf("status %d, %q, %q: want %d servers", r.status, r.out, r.errors, many)
		}
	}
}

// TestDiscoverFindsServersOnItsNetwork has two servers at one switch, one of which
// has no IPv4, and somebody who has been told nothing finds both, and signs in.
func TestDiscoverFindsServersOnItsNetwork(t *testing.T) {
	t.Parallel()
	bridge := servertest.NewBridge(t)
	one, two, anna := bridge.Station(false), bridge.Station(true), newSeeker(t, bridge)
	serve := func(at *servertest.Station, data string, flags ...string) *servertest.Process {
		return servertest.StartProcess(t, data, at.Prefix(), append([]string{"--addr", ":4433"}, flags...)...)
	}

	silent := serve(one, t.TempDir())
	anna.run(t, "", "discover", "--wait", "2s").expectOneLine(t, 1, "no server", "--announce")
	silent.Kill()

	data := t.TempDir()
	first := serve(one, data, "--announce", "--host", "Room.example")
	second := serve(two, t.TempDir(), "--announce")
	at1, at2 := one.V4+":4433", "["+two.V6+"]:4433"
	want := fmt.Sprintf("redroom-%s\t%s\t%s\nroom.example\t%s\t%s\n", second.Pin[:12], at2, second.Pin, at1, first.Pin)
	if got := anna.find(t, 2); got != want {
		t.Errorf("found\n%swant\n%s", got, want)
	}
	ways := map[string][]string{}
	for line := range strings.Lines(anna.run(t, "", "discover", "--json").out) {
		var found struct {
			Server string
			Ways   []string
		}
		if err := json.Unmarshal([]byte(line), &found); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		ways[found.Server] = found.Ways
	}
	if fmt.Sprint(ways[at1], ways[at2]) != "[mdns ssdp] [mdns]" {
		t.Errorf("they were found by %v", ways)
	}

	// By its name and by its address, it's connected to, and trusted from then on.
	if r := redroom(t, servertest.Password, nil, "user", "add", "anna", "--data", data); r.status != 0 {
		t.Fatalf("adding anna: %q", r.errors)
	}
	anna.run(t, servertest.Password+"\n", "signin", "anna", "--server", at1).expectOneLine(t, 1, "not trusted")
	for i, name := range []string{"room.example", at2} {
		r := anna.run(t, "", "discover", name)
		if r.status != 0 || !strings.Contains(r.out, "trust on first use") || !strings.Contains(r.out, []string{first.Pin, second.Pin}[i]) {
			t.Errorf("connecting to %s: status %d, %q, %q", name, r.status, r.out, r.errors)
		}
	}
	if r := anna.run(t, servertest.Password+"\n", "signin", "anna", "--server", at1); r.status != 0 {
		t.Errorf("signing in: status %d, %q", r.status, r.errors)
	}
	if r := anna.run(t, "", "who", "--server", at1); r.status != 0 { // over QUIC or a WebSocket
		t.Errorf("asking over a session: status %d, %q", r.status, r.errors)
	}

	// Another one at the same address is not the one that was found.
	first.Stop(t)
	other := serve(one, t.TempDir(), "--announce", "--host", "room.example")
	for anna.find(t, 2); !strings.Contains(anna.run(t, "", "discover").out, other.Pin); {
	}
	anna.run(t, "", "topic", "list", "--server", at1).expectOneLine(t, 1, "not trusted", "--forget "+at1)
	anna.run(t, "", "discover", at1).expectOneLine(t, 1, first.Pin, other.Pin, "--forget "+at1)
	if r := anna.run(t, "", "discover", "--forget", at1); r.status != 0 {
		t.Errorf("forgetting: status %d, %q", r.status, r.errors)
	}
	if r := anna.run(t, "", "discover", at1); r.status != 0 {
		t.Errorf("connecting to the other one: status %d, %q", r.status, r.errors)
	}
}
