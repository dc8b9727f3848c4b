package servertest

import (
	"context"
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// echo is a UDP socket on the server's machine that sends everything back, and
// says behind it from where it came.
func echo(t *testing.T, n *Network) (address string) {
	t.Helper()
	var conn net.PacketConn
	err := within(n.server.namespace, func() (err error) {
		conn, err = net.ListenPacket("udp4", n.server.address+":0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		packet := make([]byte, 64)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			conn.WriteTo([]byte(string(packet[:n])+" "+from.String()), from)
		}
	}()
	t.Cleanup(func() { conn.Close(); <-ended })
	return conn.LocalAddr().String()
}

// asks sends so many packets, one after the other, waits as long for the answer to
// each, and gives how many were answered, and the address from which the last of
// these was seen to come.
func asks(t *testing.T, conn net.Conn, times int, wait time.Duration) (answered int, seen string) {
	t.Helper()
	for range times {
		asked := rand.Text()
		if _, err := conn.Write([]byte(asked)); err != nil {
			t.Fatalf("sending: %v", err) // a bad network does not tell
		}
		if from, ok := answer(conn, asked, time.Now().Add(wait)); ok {
			answered++
			seen, _, _ = strings.Cut(from, ":")
		}
	}
	return answered, seen
}

// answer is from where echo saw a packet come. The late answers to others are read
// on the way.
func answer(conn net.Conn, asked string, until time.Time) (from string, ok bool) {
	conn.SetReadDeadline(until)
	for packet := make([]byte, 64); ; {
		n, err := conn.Read(packet)
		if err != nil {
			return "", false
		}
		if from, ok := strings.CutPrefix(string(packet[:n]), asked+" "); ok {
			return from, true
		}
	}
}

func dial(t *testing.T, m *Machine, network, address string) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	conn, err := m.Dial(ctx, network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestANetworkIsAsBadAsItSays(t *testing.T) {
	n := NewNetwork(t)
	there := echo(t, n)
	m := n.Machine()
	conn := dial(t, m, "udp", there)
	expect := func(what string, times, from, to int, address string) {
		t.Helper()
		wait := 50 * time.Millisecond
		if from == times {
			wait = Patience // a machine that is busy takes its time to find the other
		}
		answered, seen := asks(t, conn, times, wait)
		if answered < from || answered > to || answered > 0 && seen != address {
			t.Errorf("%s: %d of %d packets were answered, want %d to %d; they were seen to come from %s, want %s", what, answered, times, from, to, seen, address)
		}
	}
	expect("at first", 20, 20, 20, "10.44.2.2")
	m.DropUDP()
	expect("UDP dropped", 10, 0, 0, "")
	m.DropSome(50)
	expect("half dropped, either way", 50, 1, 40, "10.44.2.2")
	m.PassAll()
	expect("afterwards", 20, 20, 20, "10.44.2.2")
	m.Rebind()
	expect("seen elsewhere", 20, 20, 20, "10.44.2.3")
	n.Server().DropAll()
	expect("the server cut off", 10, 0, 0, "")
	n.Server().PassAll()
	m.Renumber()
	conn = dial(t, m, "udp", there)
	expect("at another address", 20, 20, 20, "10.44.2.4")
}

func TestNetworksLeaveNothing(t *testing.T) {
	var name string
	t.Run("a network", func(t *testing.T) {
		m := NewNetwork(t).Machine()
		name = m.namespace
		if err := m.Command("sleep", "1000").Start(); err != nil {
			t.Fatal(err)
		}
	})
	if name == "" {
		t.Skip("no network can be made here")
	}
	if _, err := os.Stat("/run/netns/" + name); !os.IsNotExist(err) {
		t.Errorf("the namespace %s is still there: %v", name, err)
	}

	// One that a test has left which was killed.
	left := namespacePrefix + "4194305-1" // above every process id on Linux
	run(t, "", "ip", "netns", "add", left)
	NewNetwork(t)
	if out, err := exec.Command("ip", "netns", "pids", left).CombinedOutput(); err == nil {
		t.Errorf("the namespace %s is still there: %s", left, out)
	}
}

func TestNetworkProgramsKnowTheRoomByItsName(t *testing.T) {
	n := NewNetwork(t)
	m := n.Machine()
	out, err := m.Command("getent", "ahostsv4", RoomHost).CombinedOutput()
	if fields := strings.Fields(string(out)); err != nil || len(fields) == 0 || fields[0] != n.server.address {
		t.Errorf("on a machine %s is at %q, %v, want %s", RoomHost, out, err, n.server.address)
	}
}
