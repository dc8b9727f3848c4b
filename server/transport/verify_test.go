package transport_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"redroom/server/transport"
)

// heard is a socket that sees what it reads.
type heard struct {
	net.PacketConn
	deaf    bool         // nothing that comes is told
	retries atomic.Int64 // packets by which a client is asked for its address (RFC 9000 section 17.2.5)
}

func (h *heard) ReadFrom(p []byte) (n int, addr net.Addr, err error) {
	for {
		n, addr, err = h.PacketConn.ReadFrom(p)
		if n > 0 && p[0]&0xf0 == 0xf0 {
			h.retries.Add(1)
		}
		if err != nil || !h.deaf {
			return n, addr, err
		}
	}
}

// TestWhoeverComesWhileManyHandshakesAreUnderWayShowsItsAddress has many clients send
// their first flight and nothing more. Those who are in don't count.
func TestWhoeverComesWhileManyHandshakesAreUnderWayShowsItsAddress(t *testing.T) {
	t.Parallel()
	s := serveUDP(t)
	server, err := net.ResolveUDPAddr("udp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	from := func(deaf bool) (*heard, *quic.Transport) {
		socket, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		h := &heard{PacketConn: socket, deaf: deaf}
		return h, &quic.Transport{Conn: h}
	}
	trust := s.trust.Clone()
	trust.ServerName, trust.NextProtos = "localhost", []string{transport.Protocol}
	// asked tells whether one who comes now is asked for its address, and is let in then.
	asked := func() bool {
		t.Helper()
		socket, client := from(false)
		conn, err := client.Dial(t.Context(), server, trust, &quic.Config{EnableDatagrams: true, HandshakeIdleTimeout: time.Minute})
		if err != nil {
			t.Fatalf("one who comes meanwhile: %v", err)
		}
		conn.CloseWithError(0, "")
		client.Close()
		socket.Close()
		return socket.retries.Load() > 0
	}
	staysAt, staying := from(false)
	defer staysAt.Close()
	defer staying.Close()
	for range transport.VerifyFrom {
		conn, err := staying.Dial(t.Context(), server, trust, &quic.Config{EnableDatagrams: true, HandshakeIdleTimeout: time.Minute, KeepAlivePeriod: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseWithError(0, "")
	}
	until(t, "one not to be asked beside those whose handshakes are over", func() bool { return !asked() })
	manyAt, many := from(true)
	defer manyAt.Close()
	defer many.Close()
	var opening sync.WaitGroup
	for range 2 * transport.VerifyFrom {
		opening.Go(func() {
			if conn, err := many.Dial(t.Context(), server, trust, &quic.Config{HandshakeIdleTimeout: 2 * time.Second}); err == nil {
				conn.CloseWithError(0, "")
				t.Error("a handshake without answers is complete")
			}
		})
	}
	until(t, "one to be asked for its address", asked)
	opening.Wait()
	until(t, "nobody to be asked any more", func() bool { return !asked() })
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("a minute went by, and not %s", what)
		}
	}
}
