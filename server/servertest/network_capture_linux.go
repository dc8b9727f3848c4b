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

	"golang.org/x/sys/unix"
)

// Capture is all that passes a cable, as tcpdump(8) would see it.
type Capture struct {
	t       testing.TB
	socket  int
	stopped atomic.Bool
	reading sync.WaitGroup

	mu      sync.Mutex
	packets [][]byte // from Ethernet's header on, whole
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
	buffer := make([]byte, largestPacket)
	for !c.stopped.Load() {
		n, _, err := unix.Recvfrom(c.socket, buffer, 0)
		switch {
		case err == nil:
			c.mu.Lock()
			c.packets = append(c.packets, bytes.Clone(buffer[:n]))
			c.mu.Unlock()
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
			c.t.Errorf("capturing what passes a cable: %v", err)
			return
		}
	}
}

// Packets are those that passed so far. None may have been missed.
func (c *Capture) Packets() [][]byte {
	c.t.Helper()
	stats, err := unix.GetsockoptTpacketStats(c.socket, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil || stats.Drops > 0 {
		c.t.Fatalf("of what passed a cable was missed %+v, %v", stats, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.packets)
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
