package servertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Network is a small internet of the test's own: a server's machine and those
// of people, each on a cable of its own to one router, which may treat each
// cable badly. A machine is a network namespace (ip-netns(8)); nothing of it can
// be seen from outside, and nothing of the outside from within. All of it is
// gone when the test ends.
type Network struct {
	t      testing.TB
	router string // its namespace
	server *Machine

	mu       sync.Mutex
	machines []*Machine
}

// The name and the ports by which the server is known in its network.
const (
	RoomHost  = "redroom.test" // RFC 6761 section 6.2: no such name exists elsewhere
	roomPort  = "4433"
	plainPort = "8080"
)

const namespacePrefix = "redroom-test-" // then the process that made it, and a number

var namespaces atomic.Int64

// NewNetwork makes a network with a server's machine. Where none can be made
// the test is skipped, or fails if REDROOM_NETWORK is "require".
func NewNetwork(t testing.TB) *Network {
	t.Helper()
	needNetworks(t)
	n := &Network{t: t}
	n.router = addNamespace(t)
	// It forwards, and says nothing of what it drops.
	run(t, "", "ip", "netns", "exec", n.router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	n.server = n.Machine()
	return n
}

// needNetworks skips or fails a test that can have no networks, and takes away those
// of tests that were killed.
func needNetworks(t testing.TB) {
	t.Helper()
	if err := canMakeNetworks(); err != nil {
		if os.Getenv("REDROOM_NETWORK") == "require" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	sweepNamespaces()
}

func canMakeNetworks() error {
	if os.Geteuid() != 0 {
		return errors.New("a network of one's own needs root on Linux")
	}
	for command, pkg := range map[string]string{"ip": "iproute2", "nft": "nftables"} {
		if _, err := exec.LookPath(command); err != nil {
			return fmt.Errorf("there is no %s: apt-get install %s", command, pkg)
		}
	}
	name := newNamespaceName()
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		return fmt.Errorf("no network namespace can be made here: %w: %s", err, out)
	}
	return exec.Command("ip", "netns", "delete", name).Run()
}

func newNamespaceName() string {
	return fmt.Sprintf("%s%d-%d", namespacePrefix, os.Getpid(), namespaces.Add(1))
}

// addNamespace makes one that ends with the test, and with it whatever still
// runs there.
func addNamespace(t testing.TB) (name string) {
	t.Helper()
	name = newNamespaceName()
	run(t, "", "ip", "netns", "add", name)
	t.Cleanup(func() {
		if err := deleteNamespace(name); err != nil {
			t.Errorf("removing a network: %v", err)
		}
	})
	run(t, "", "ip", "-n", name, "link", "set", "lo", "up")
	return name
}

// own is where ip-netns(8) looks for the files in /etc that differ in a
// namespace.
func own(namespace string) string { return filepath.Join("/etc/netns", namespace) }

// knowRoom has programs on a machine know the room's name.
func (n *Network) knowRoom(m *Machine) {
	n.t.Helper()
	if err := os.MkdirAll(own(m.namespace), 0o755); err != nil {
		n.t.Fatalf("naming the room in a network: %v", err)
	}
	hosts := "127.0.0.1 localhost\n" + n.server.address + " " + RoomHost + "\n"
	if err := os.WriteFile(filepath.Join(own(m.namespace), "hosts"), []byte(hosts), 0o644); err != nil {
		n.t.Fatalf("naming the room in a network: %v", err)
	}
}

func deleteNamespace(name string) error {
	pids, err := exec.Command("ip", "netns", "pids", name).Output()
	if err != nil {
		return fmt.Errorf("asking what runs in the namespace %s: %w", name, err)
	}
	for field := range strings.FieldsSeq(string(pids)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return err
		}
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill() // it may have ended by itself
		}
	}
	if out, err := exec.Command("ip", "netns", "delete", name).CombinedOutput(); err != nil {
		return fmt.Errorf("ip netns delete %s: %w: %s", name, err, out)
	}
	return os.RemoveAll(own(name))
}

// sweepNamespaces removes those of test processes that were killed.
func sweepNamespaces() {
	left, _ := filepath.Glob("/run/netns/" + namespacePrefix + "*") // the pattern is a good one
	for _, path := range left {
		name := filepath.Base(path)
		pid, _, _ := strings.Cut(strings.TrimPrefix(name, namespacePrefix), "-")
		if _, err := os.Stat("/proc/" + pid); os.IsNotExist(err) {
			_ = deleteNamespace(name) // another test may be at it
		}
	}
}

// run runs a command that must not fail, with an input.
func run(t testing.TB, input string, command ...string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s%s", strings.Join(command, " "), err, out, input)
	}
}

// StartProcess runs a server on the server's machine, in its data directory. It
// is at the same addresses each time, so that it can be stopped and started
// again under the eyes of those who are connected.
func (n *Network) StartProcess(t testing.TB, data string, flags ...string) *Process {
	t.Helper()
	return n.StartProcessUnder(t, data, nil, flags...)
}

// StartProcessUnder is StartProcess with what the command runs under on the machine.
func (n *Network) StartProcessUnder(t testing.TB, data string, prefix []string, flags ...string) *Process {
	t.Helper()
	flags = append([]string{"--addr", ":" + roomPort, "--host", RoomHost, "--http", "localhost:" + plainPort}, flags...)
	p := StartProcess(t, data, append(n.server.prefix(), prefix...), flags...)
	p.Dial = n.server.Dial
	return p
}

// Server is the machine on which the room is.
func (n *Network) Server() *Machine { return n.server }

// RoomURL is where browsers find the room.
func (n *Network) RoomURL() string { return "https://" + RoomHost + ":" + roomPort }

// apply makes the router do with each cable what its machine says.
func (n *Network) apply() {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	var rules, before strings.Builder
	for _, m := range n.machines {
		for _, rule := range m.rules {
			fmt.Fprintf(&rules, "\t\tiifname %s %s\n\t\toifname %s %s\n", m.cable, rule, m.cable, rule)
		}
		if m.seen != m.address {
			fmt.Fprintf(&before, "\t\tiifname %s ip saddr %s notrack ip saddr set %s\n", m.cable, m.address, m.seen)
			fmt.Fprintf(&before, "\t\tip daddr %s notrack ip daddr set %s\n", m.seen, m.address)
		}
	}
	// One transaction: no packet sees the old rules gone and the new ones not
	// there.
	run(n.t, "table inet weather\ndelete table inet weather\ntable inet weather {\n"+
		"\tchain before {\n\t\ttype filter hook prerouting priority raw;\n"+before.String()+"\t}\n"+
		"\tchain forward {\n\t\ttype filter hook forward priority filter;\n"+rules.String()+"\t}\n}\n",
		"ip", "netns", "exec", n.router, "nft", "-f", "-")
}
