package servertest

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
)

// Bridge is a local network of the test's own: machines at one switch, which hear
// each other's multicast. As with a Network, nothing of it can be seen from outside,
// and all of it is gone when the test ends.
type Bridge struct {
	t         testing.TB
	namespace string
	machines  int
}

// NewBridge makes a local network. Where none can be made the test is skipped, or
// fails if REDROOM_NETWORK is "require".
func NewBridge(t testing.TB) *Bridge {
	t.Helper()
	needNetworks(t)
	b := &Bridge{t: t, namespace: addNamespace(t)}
	// Without snooping, which keeps multicast from who hasn't been heard to want it.
	run(t, "", "ip", "-n", b.namespace, "link", "add", "switch", "type", "bridge", "mcast_snooping", "0")
	run(t, "", "ip", "-n", b.namespace, "link", "set", "switch", "up")
	return b
}

// Station is a machine at a Bridge.
type Station struct {
	V4, V6    string // its addresses
	namespace string
}

// Station adds a machine, whose addresses are of both families, or of IPv6 only.
func (b *Bridge) Station(only6 bool) *Station {
	b.t.Helper()
	b.machines++
	s := &Station{V6: fmt.Sprintf("fd44::%d", b.machines), namespace: addNamespace(b.t)}
	port := fmt.Sprintf("port%d", b.machines)
	run(b.t, "", "ip", "-n", b.namespace, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", s.namespace)
	run(b.t, "link set "+port+" master switch\nlink set "+port+" up\n", "ip", "-n", b.namespace, "-batch", "-")
	plug := "link set eth0 up\naddress add " + s.V6 + "/64 dev eth0 nodad\n"
	if !only6 {
		s.V4 = fmt.Sprintf("10.45.0.%d", b.machines)
		plug += "address add " + s.V4 + "/24 dev eth0\n"
	}
	run(b.t, plug, "ip", "-n", s.namespace, "-batch", "-")
	return s
}

// Unplugged adds a machine without a cable.
func (b *Bridge) Unplugged() *Station { return &Station{namespace: addNamespace(b.t)} }

// Prefix is what a command runs under there.
func (s *Station) Prefix() []string { return []string{"ip", "netns", "exec", s.namespace} }

// Within calls f, which makes sockets, as if it ran there.
func (s *Station) Within(f func() error) error { return within(s.namespace, f) }

// Hear listens there to a group of IPv4, ADDRESS:PORT.
func (s *Station) Hear(t testing.TB, group string) (conn *net.UDPConn) {
	t.Helper()
	err := s.Within(func() error {
		eth0, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		conn, err = net.ListenMulticastUDP("udp4", eth0, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(group)))
		return err
	})
	if err != nil {
		t.Fatalf("listening to %s: %v", group, err)
	}
	return conn
}
