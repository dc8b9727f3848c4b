package transport_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"

	"redroom/server/transport"
)

func listen(t *testing.T, addr string, udp bool) (*transport.Sockets, error) {
	t.Helper()
	s, err := transport.Listen(t.Context(), addr, udp, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return s, err
}

func TestLocalhostIsEveryLoopbackAddressOnOnePort(t *testing.T) {
	s, err := listen(t, "localhost:0", true)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.TCP) == 0 || len(s.TCP) != len(s.UDP) || s.Port == 0 {
		t.Fatalf("%d TCP and %d UDP sockets on port %d", len(s.TCP), len(s.UDP), s.Port)
	}
	for i := range s.TCP {
		tcp, udp := s.TCP[i].Addr().(*net.TCPAddr), s.UDP[i].LocalAddr().(*net.UDPAddr)
		if !tcp.IP.IsLoopback() || !tcp.IP.Equal(udp.IP) || tcp.Port != udp.Port || tcp.Port != int(s.Port) {
			t.Errorf("TCP at %v, UDP at %v, want one loopback address and port %d", tcp, udp, s.Port)
		}
	}
	if _, err := net.Listen("tcp6", "[::1]:0"); err == nil && len(s.TCP) != 2 {
		t.Errorf("%d families of two", len(s.TCP))
	}
}

func TestPortThatIsTakenIsSaid(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		first, err := listen(t, "127.0.0.1:0", network == "udp")
		if err != nil {
			t.Fatal(err)
		}
		at := first.TCP[0].Addr().String()
		if network == "udp" { // leave UDP only
			first.TCP[0].Close()
		}
		if _, err := listen(t, at, true); err == nil || !strings.Contains(err.Error(), at) || !strings.Contains(err.Error(), "in use") {
			t.Errorf("%s: %v", network, err)
		}
		// The refused one has given back what it had got.
		if network == "udp" {
			if _, err := listen(t, at, false); err != nil {
				t.Errorf("TCP of the refused one is taken still: %v", err)
			}
		}
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, addr := range []string{"", "localhost", "localhost:", "localhost:http", "localhost:65536", "localhost:-1", "1.2.3.4.5:80"} {
		s, err := transport.Listen(context.Background(), addr, false, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Close()
			t.Errorf("%q was listened on", addr)
		} else if !strings.Contains(err.Error(), addr) {
			t.Errorf("%q: %v", addr, err)
		}
	}
}
