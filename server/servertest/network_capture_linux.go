package servertest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Capture is all that passes a cable, as tcpdump(8) would see it.
type Capture struct {
	t       testing.TB
	socket  int
	stopped atomic.Bool
	reading sync.WaitGroup

	mu      sync.Mutex
	packets [][]byte    // from Ethernet's header on, whole
	times   []time.Time // when each passed, as the kernel says
}

// Capture begins to capture what passes this machine's cable, either way.
func (m *Machine) Capture(t testing.TB) *Capture {
	t.Helper()
	c := &Capture{t: t}
	err := within(m.network.router, func() error { return c.open(m.cable) })
	if err != nil {
		t.Fatalf("capturing what passes a cable: %v", err)
	}
	c.reading.Go(c.read)
	t.Cleanup(func() {
		c.stopped.Store(true)
		c.reading.Wait()
		unix.Close(c.socket)
	})
	return c
}

const (
	captureBuffer = 32 << 20 // octets that may wait in the kernel
	largestPacket = 1 << 17  // a virtual cable carries more at once than a real one
)

// open is called in the namespace of the cable.
func (c *Capture) open(cable string) error {
	everything := bigEndian(unix.ETH_P_ALL)
	where, err := net.InterfaceByName(cable)
	if err != nil {
		return err
	}
	if c.socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return fmt.Errorf("opening a socket: %w", err)
	}
	err = errors.Join(
		unix.SetsockoptInt(c.socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureBuffer),
		unix.SetsockoptInt(c.socket, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptTimeval(c.socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}), // then it is looked whether to stop
		unix.Bind(c.socket, &unix.SockaddrLinklayer{Protocol: everything, Ifindex: where.Index}),
	)
	if err != nil {
		unix.Close(c.socket)
	}
	return err
}

func bigEndian(n uint16) uint16 {
	return binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, n))
}

func (c *Capture) read() {
	buffer, about := make([]byte, largestPacket), make([]byte, unix.CmsgSpace(int(unsafe.Sizeof(unix.Timespec{}))))
	for !c.stopped.Load() {
		n, told, _, _, err := unix.Recvmsg(c.socket, buffer, about, 0)
		switch {
		case err == nil:
			c.mu.Lock()
			c.packets = append(c.packets, bytes.Clone(buffer[:n]))
			c.times = append(c.times, passedAt(about[:told]))
			c.mu.Unlock()
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
			c.t.Errorf("capturing what passes a cable: %v", err)
			return
		}
	}
}

// passedAt is the time that the kernel tells of a packet.
func passedAt(about []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(about)
	if err != nil {
		return time.Time{}
	}
	for _, m := range messages {
		var at unix.Timespec
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS {
			if _, err := binary.Decode(m.Data, binary.NativeEndian, &at); err == nil {
				return time.Unix(at.Unix())
			}
		}
	}
	return time.Time{}
}

// Packets are those that passed so far. None may have been missed.
func (c *Capture) Packets() [][]byte {
	c.t.Helper()
	c.missedNothing()
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.packets)
}

// Sent are when the UDP datagrams have passed that a machine has sent, of a length
// from least to below most: headers don't count.
func (c *Capture) Sent(from *Machine, least, most int) (times []time.Time) {
	c.t.Helper()
	c.missedNothing()
	c.mu.Lock()
	defer c.mu.Unlock()
	const ethernet, ip, udp = 14, 20, 8
	const protocol, source = 9, 12 // in IP's header
	for i, p := range c.packets {
		if len(p) < ethernet+ip+udp || binary.BigEndian.Uint16(p[ethernet-2:]) != unix.ETH_P_IP || p[ethernet+protocol] != unix.IPPROTO_UDP {
			continue
		}
		if n := len(p) - ethernet - ip - udp; net.IP(p[ethernet+source:][:4]).String() == from.address && n >= least && n < most {
			times = append(times, c.times[i])
		}
	}
	return times
}

func (c *Capture) missedNothing() {
	c.t.Helper()
	stats, err := unix.GetsockoptTpacketStats(c.socket, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil || stats.Drops > 0 {
		c.t.Fatalf("of what passed a cable was missed %+v, %v", stats, err)
	}
}

// Octets is how much passed so far.
func (c *Capture) Octets() (sum int) {
	c.t.Helper()
	for _, p := range c.Packets() {
		sum += len(p)
	}
	return sum
}

// Has tells whether any packet so far has these octets in it.
func (c *Capture) Has(octets string) bool {
	c.t.Helper()
	return slices.ContainsFunc(c.Packets(), func(p []byte) bool { return bytes.Contains(p, []byte(octets)) })
}
