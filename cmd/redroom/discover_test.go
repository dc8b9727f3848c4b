//go:build linux

package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redroom/server/servertest"
)

// seeker is somebody at a machine of a local network who has been told of no server.
type seeker struct {
	*servertest.Station
	home  string
	hosts string // what its /etc/hosts has; "": this machine's
}

func (s *seeker) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatalf("building the binary: %v", err)
	}
	line := s.Prefix()
	if s.hosts != "" {
		file := filepath.Join(t.TempDir(), "hosts")
		if err := os.WriteFile(file, []byte(s.hosts), 0o644); err != nil {
			t.Fatal(err)
		}
		line = append(line, "unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, file)
	}
	line = append(append(line, binary), args...)
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+s.home, "REDROOM_WAIT=500ms")
	cmd.Dir = t.TempDir()
	return cmd
}

func (s *seeker) run(t *testing.T, in string, args ...string) result {
	t.Helper()
	cmd := s.command(t, args...)
	var out, errors strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &errors
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("running redroom %v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errors.String()}
}

// discover looks for servers until it's what is wanted: one that has just begun may
// not answer yet.
func (s *seeker) discover(t *testing.T, is func(result) bool, args ...string) result {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; {
		r := s.run(t, "", append([]string{"discover"}, args...)...)
		if is(r) {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("redroom discover %v: status %d, %q, %q", args, r.status, r.out, r.errors)
		}
	}
}

func isDone(r result) bool { return r.status == 0 }

func prints(words ...string) func(result) bool {
	return func(r result) bool {
		for _, word := range words {
			if !strings.Contains(r.out+r.errors, word) {
				return false
			}
		}
		return true
	}
}

// TestDiscoverFindsServersOnItsNetwork has two servers at one switch, one of which
// has no IPv4, and somebody who has been told nothing: anna finds both, connects to
// them, signs in and asks over a session, all of it without a pin.
func TestDiscoverFindsServersOnItsNetwork(t *testing.T) {
	t.Parallel()
	bridge := servertest.NewBridge(t)
	one, two, anna := bridge.Station(false), bridge.Station(true), &seeker{Station: bridge.Station(false), home: t.TempDir()}
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
	both := prints(first.Pin, second.Pin)
	want := fmt.Sprintf("redroom-%s\t%s\t%s\nroom.example\t%s\t%s\n", second.Pin[:12], at2, second.Pin, at1, first.Pin)
	if r := anna.discover(t, both); r.out != want || r.status != 0 {
		t.Errorf("status %d, found\n%swant\n%s", r.status, r.out, want)
	}
	anna.discover(t, func(r result) bool { // a way that takes longer may be missing at first
		ways := map[string]string{}
		for line := range strings.Lines(r.out) {
			var found struct {
				Server string
				Ways   []string
			}
			if err := json.Unmarshal([]byte(line), &found); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			ways[found.Server] = fmt.Sprint(found.Ways)
		}
		return ways[at1] == "[mdns ssdp]" && ways[at2] == "[mdns]"
	}, "--json")

	if r := redroom(t, servertest.Password, nil, "user", "add", "anna", "--data", data); r.status != 0 {
		t.Fatalf("adding anna: %q", r.errors)
	}
	anna.run(t, servertest.Password+"\n", "signin", "anna", "--server", at1).expectOneLine(t, 1, "not trusted")
	connected := prints("trust on first use", "Connected to room.example at "+at1+", pin "+first.Pin)
	if r := anna.discover(t, isDone, "room.example"); !connected(r) {
		t.Errorf("connecting by its name: %q, %q", r.out, r.errors)
	}
	anna.discover(t, isDone, at2)
	anna.discover(t, prints("leave --ca out"), at2, "--ca", "a.pem").expectOneLine(t, 1, "has a pin")
	if r := anna.run(t, servertest.Password+"\n", "signin", "anna", "--server", at1); r.status != 0 {
		t.Errorf("signing in: status %d, %q", r.status, r.errors)
	}
	if r := anna.run(t, "PING 0 here\n", "raw", "--transport", "quic", "--server", at1); r.status != 0 || !strings.Contains(r.out, "PONG 0 here") {
		t.Errorf("asking over QUIC: status %d, %q, %q", r.status, r.out, r.errors)
	}

	// Another one at the same address is not the one that was found.
	first.Kill()
	other := serve(one, t.TempDir(), "--announce")
	anna.discover(t, prints(other.Pin))
	anna.run(t, "", "topic", "list", "--server", at1).expectOneLine(t, 1, "not trusted", "--forget "+at1)
	anna.discover(t, prints(first.Pin), at1).expectOneLine(t, 1, first.Pin, other.Pin, "--forget "+at1)
	if r := anna.run(t, "", "discover", "--forget", at1); r.status != 0 {
		t.Errorf("forgetting: status %d, %q", r.status, r.errors)
	}

	// At a terminal one is asked.
	anna.discover(t, prints(other.Pin, second.Pin))
	s := sitAt(t, anna.command(t, "discover", "--wait", "3s"))
	s.await("(1 to 2, or Enter for none)? ")
	number := "1"
	if strings.Contains(s.shown(), "2\tredroom-"+other.Pin[:12]) {
		number = "2"
	}
	s.types(number + "\r")
	s.await("Connected to redroom-" + other.Pin[:12] + " at " + at1)
	if status := <-s.ended; status != 0 {
		t.Errorf("status %d, it shows %q", status, s.shown())
	}
	if status := second.Stop(t); status != 0 {
		t.Errorf("stopped, a server that announces itself ends with %d", status)
	}
}

// TestDiscoverConnectsToACertificateOfALocalCA has a server that tells no pin, whose
// name anna's machine knows.
func TestDiscoverConnectsToACertificateOfALocalCA(t *testing.T) {
	t.Parallel()
	bridge := servertest.NewBridge(t)
	one, dir, data := bridge.Station(false), t.TempDir(), t.TempDir()
	anna := &seeker{bridge.Station(false), t.TempDir(), one.V4 + " room.example\n"}
	ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for _, args := range [][]string{
		{"certs", "ca", "--ca-dir", ours},
		{"certs", "ca", "--ca-dir", theirs},
		{"certs", "make", "room.example", "--ca-dir", ours, "--cert", cert, "--key", key},
		{"user", "add", "anna", "--data", data},
	} {
		if r := redroom(t, servertest.Password, nil, args...); r.status != 0 {
			t.Fatalf("redroom %v: %q", args, r.errors)
		}
	}
	servertest.StartProcess(t, data, one.Prefix(), "--addr", ":4433", "--announce", "--host", "room.example", "--tls-cert", cert, "--tls-key", key)

	anna.discover(t, prints("room.example\troom.example:4433\t-\n"))
	r := anna.discover(t, isDone, "room.example", "--ca", filepath.Join(ours, "local-ca.pem"))
	_, words, told := strings.Cut(r.out, "Sign in with: redroom ")
	if !told {
		t.Errorf("with its CA: %q, %q", r.out, r.errors)
	}
	signin := strings.Fields(words)
	if r := anna.run(t, servertest.Password+"\n", append(signin, "anna")...); r.status != 0 {
		t.Errorf("signing in as it says, by %q: status %d, %q", signin, r.status, r.errors)
	}
	for advice, args := range map[string][]string{
		"or its CA's certificate with --ca": nil,
		"--ca names the CA that has signed": {"--ca", filepath.Join(theirs, "local-ca.pem")},
	} {
		if r := anna.discover(t, prints(advice), append([]string{"room.example"}, args...)...); r.status != 1 {
			t.Errorf("with %v: status %d, %q", args, r.status, r.errors)
		}
	}
}

// A server without a network is one, and says that nobody is told.
func TestWhereThereIsNoNetworkNobodyIsTold(t *testing.T) {
	t.Parallel()
	alone := servertest.NewBridge(t).Unplugged()
	p := servertest.StartProcess(t, t.TempDir(), alone.Prefix(), "--addr", ":4433", "--announce")
	if status := p.Stop(t); status != 0 {
		t.Errorf("status %d", status)
	}
	(&seeker{Station: alone, home: t.TempDir()}).run(t, "", "discover").expectOneLine(t, 1, "no network")
}

// Whoever says that a server is somewhere isn't believed: the pin is, and that has to
// be proved.
func TestWhoLiesOfAServerIsNotConnectedTo(t *testing.T) {
	t.Parallel()
	bridge := servertest.NewBridge(t)
	one, anna := bridge.Station(false), &seeker{Station: bridge.Station(false), home: t.TempDir()}
	servertest.StartProcess(t, t.TempDir(), one.Prefix(), "--addr", ":4433")
	claimed := strings.Repeat("0", 64)
	announced := fmt.Sprintf("HTTP/1.1 200 OK\r\nST: urn:redroom:server:1\r\nLOCATION: redroom://%s:4433?id=redroom-000000000000&pin=%s\r\n\r\n", one.V4, claimed)
	lie(t, one, announced)
	r := anna.discover(t, prints("not trusted"), "redroom-000000000000")
	r.expectOneLine(t, 1, "not signed by the CA of this pin")
	if _, err := os.Stat(anna.home + "/redroom/servers.json"); err == nil {
		t.Error("the pin was kept")
	}
}

// Whoever takes the name of a server that is known, at another address, isn't another
// one to be trusted on first use.
func TestWhoTakesTheNameOfAKnownServerIsNotConnectedTo(t *testing.T) {
	t.Parallel()
	bridge := servertest.NewBridge(t)
	one, two, anna := bridge.Station(false), bridge.Station(false), &seeker{Station: bridge.Station(false), home: t.TempDir()}
	p := servertest.StartProcess(t, t.TempDir(), one.Prefix(), "--addr", ":4433", "--announce", "--host", "room.example")
	anna.discover(t, isDone, "room.example")
	claimed, at := strings.Repeat("0", 64), two.V4+":4433"
	lie(t, two, fmt.Sprintf("HTTP/1.1 200 OK\r\nST: urn:redroom:server:1\r\nLOCATION: redroom://%s?id=redroom-000000000000&host=room.example&pin=%s\r\n\r\n", at, claimed))
	anna.discover(t, prints(claimed), at).expectOneLine(t, 1, `"room.example"`, p.Pin, claimed, "--forget "+one.V4+":4433")
}

// lie answers every search with this, until the test ends.
func lie(t *testing.T, at *servertest.Station, answer string) {
	t.Helper()
	conn := at.Hear(t, "239.255.255.250:1900")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		question := make([]byte, 1500)
		for {
			_, from, err := conn.ReadFromUDP(question)
			if err != nil {
				return
			}
			conn.WriteTo([]byte(answer), from)
		}
	}()
	t.Cleanup(func() { conn.Close(); <-ended })
}
