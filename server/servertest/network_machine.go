package servertest

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// Machine is one in a Network, with a cable to the router.
type Machine struct {
	network   *Network
	namespace string
	cable     string // the router's end
	number    int    // of the cable
	last      int    // octet of the address
	address   string
	seen      string   // the address that others see
	rules     []string // for every packet on the cable, either way
}

// Machine adds one to the network.
func (n *Network) Machine() *Machine {
	n.t.Helper()
	n.mu.Lock()
	number := len(n.machines) + 1
	m := &Machine{network: n, namespace: addNamespace(n.t), cable: fmt.Sprintf("cable%d", number), number: number, last: 2}
	m.address = m.at(m.last)
	m.seen = m.address
	n.machines = append(n.machines, m)
	n.mu.Unlock()

	run(n.t, "", "ip", "-n", n.router, "link", "add", m.cable, "type", "veth", "peer", "name", "eth0", "netns", m.namespace)
	run(n.t, "", "ip", "-n", n.router, "address", "add", m.at(1)+"/24", "dev", m.cable)
	run(n.t, "", "ip", "-n", n.router, "link", "set", m.cable, "up")
	run(n.t, m.plugging(), "ip", "-n", m.namespace, "-batch", "-")
	if n.server != nil {
		n.knowRoom(m)
	}
	return m
}

// at is an address of the cable; the router's is the first.
func (m *Machine) at(last int) string { return fmt.Sprintf("10.44.%d.%d", m.number, last) }

// plugging is what ip(8) has to do to connect the machine at its address.
func (m *Machine) plugging() string {
	// Without addresses of IPv6's own making, which browsers would take for
	// changes when they come, a second or two later.
	return "link set eth0 addrgenmode none\nlink set eth0 up\naddress replace " + m.address + "/24 dev eth0\nroute replace default via " + m.at(1) + "\n"
}

// prefix is what a command runs under on this machine.
func (m *Machine) prefix() []string { return []string{"ip", "netns", "exec", m.namespace} }

// Dial connects from this machine, also to its own localhost, of which no other
// knows.
func (m *Machine) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	switch host {
	case "localhost":
		host = "127.0.0.1"
	case RoomHost:
		host = m.network.server.address
	}
	var conn net.Conn
	err = within(m.namespace, func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, port))
		return err
	})
	return conn, err
}

// Sees is the room as it is seen from this machine at an https URL.
func (m *Machine) Sees(r *Room, at string) *Room {
	seen := *r
	seen.Plain, seen.Dial = at, m.Dial
	return &seen
}

// OpenPage starts a Chromium on this machine that knows where the room is, and
// trusts the authority of the room's data directory.
func (m *Machine) OpenPage(t testing.TB, r *Room, flags ...string) *Page {
	t.Helper()
	return m.OpenPageIn(t, r, t.TempDir(), flags...)
}

// OpenPageIn is OpenPage with a profile, a directory, that another Chromium may
// have used before.
func (m *Machine) OpenPageIn(t testing.TB, r *Room, profile string, flags ...string) *Page {
	t.Helper()
	// The browser is what the shell becomes, and is ended as any other is.
	script := filepath.Join(t.TempDir(), "chromium")
	line := "#!/bin/sh\nexec " + strings.Join(m.prefix(), " ") + " '" + Chromium(t) + "' \"$@\"\n"
	if err := os.WriteFile(script, []byte(line), 0o700); err != nil {
		t.Fatal(err)
	}
	flags = append([]string{
		"host-resolver-rules=MAP " + RoomHost + " " + m.network.server.address,
		"ignore-certificate-errors-spki-list=" + authorityHash(t, r.Data),
	}, flags...)
	return openPage(t, script, profile, flags)
}

// Be signs the browser in as whom the API is, who has signed in at the address
// of the page.
func (p *Page) Be(a *API) {
	p.t.Helper()
	address, err := url.Parse(a.base)
	if err != nil {
		p.t.Fatal(err)
	}
	secure, hidden := address.Scheme == "https", true
	// As the server's: one without an end is gone with Chromium's process for
	// the network.
	ends := cdp.TimeSinceEpoch(time.Now().Add(24 * time.Hour).Unix())
	for _, c := range a.HTTP.Jar.Cookies(address) {
		call(p, network.SetCookie, network.SetCookieParams{
			Name: c.Name, Value: c.Value, URL: a.base, Path: "/", Secure: &secure, HTTPOnly: &hidden, SameSite: network.CookieSameSiteStrict, Expires: ends,
		})
	}
}

// authorityHash is SHA-256 over the public key of a room's authority, in base64,
// as Chromium takes it for a certificate or one of its issuers.
func authorityHash(t testing.TB, data string) string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(data, "keys", "ca.pem"))
	if err != nil {
		t.Fatalf("reading the room's CA: %v", err)
	}
	block, _ := pem.Decode(file)
	if block == nil {
		t.Fatal("the room's CA is no PEM")
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("reading the room's CA: %v", err)
	}
	hash := sha256.Sum256(ca.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(hash[:])
}

// DropUDP has the router drop every UDP packet from and to this machine, and
// say nothing, as firewalls do.
func (m *Machine) DropUDP() { m.rule("meta l4proto udp drop") }

// DropUDPTo has the router drop UDP to and from a port, and say nothing.
func (m *Machine) DropUDPTo(port string) {
	m.rule("udp dport "+port+" drop", "udp sport "+port+" drop")
}

// RejectUDP has the router refuse UDP and say so (ICMP, port unreachable).
func (m *Machine) RejectUDP() { m.rule("meta l4proto udp reject") }

// DropSome has the router drop packets of every kind at random, so many of a
// hundred, either way.
func (m *Machine) DropSome(percent int) {
	m.rule(fmt.Sprintf("numgen random mod 100 < %d drop", percent))
}

// DropAll has the router drop everything.
func (m *Machine) DropAll() { m.rule("drop") }

// PassAll has the router drop nothing any more.
func (m *Machine) PassAll() { m.rule() }

func (m *Machine) rule(rules ...string) {
	m.network.t.Helper()
	m.rules = rules
	m.network.apply()
}

// Renumber gives the machine another address, as a router does that hands out
// new ones; the old one is gone.
func (m *Machine) Renumber() {
	m.network.t.Helper()
	old := m.address
	m.last++
	m.address = m.at(m.last)
	m.seen = m.address
	run(m.network.t, "address delete "+old+"/24 dev eth0\n"+m.plugging(), "ip", "-n", m.namespace, "-batch", "-")
	m.network.apply()
}

// Rebind has others see this machine at another address, as behind a router
// that has forgotten its translations: the machine itself is told nothing.
func (m *Machine) Rebind() {
	m.network.t.Helper()
	m.last++
	m.seen = m.at(m.last)
	m.network.apply()
}

// Unplug takes the cable out.
func (m *Machine) Unplug() {
	m.network.t.Helper()
	run(m.network.t, "", "ip", "-n", m.namespace, "link", "set", "eth0", "down")
}

// Plug puts the cable in again.
func (m *Machine) Plug() {
	m.network.t.Helper()
	run(m.network.t, m.plugging(), "ip", "-n", m.namespace, "-batch", "-")
}

// Command is one that runs on this machine, where the room has its name.
func (m *Machine) Command(name string, arguments ...string) *exec.Cmd {
	line := append(append(m.prefix(), name), arguments...)
	return exec.Command(line[0], line[1:]...)
}

// Address is the machine's.
func (m *Machine) Address() string { return m.address }
