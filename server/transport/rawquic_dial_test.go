package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"go.uber.org/goleak"

	"redroom/server/transport"
)

// TestBothSidesKnowAConnectionByOneID compares what they say.
func TestBothSidesKnowAConnectionByOneID(t *testing.T) {
	s := serveUDP(t)
	seen := make(map[string]bool)
	for range 3 {
		client, server, err := s.accept(transport.DialQUIC(t.Context(), s.host, s.trust))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close(0, "")
		ours, theirs := client.(transport.Identified).ConnectionID(), server.(transport.Identified).ConnectionID()
		if ours != theirs || len(ours) < 16 || strings.Trim(ours, "0123456789abcdef") != "" || seen[ours] {
			t.Errorf("the client knows it by %q, the server by %q", ours, theirs)
		}
		seen[ours] = true
	}
}

// TestWhoDialsQUICVerifiesTheHost shows what a server's certificate must be.
func TestWhoDialsQUICVerifiesTheHost(t *testing.T) {
	s := serveUDP(t)
	for what, c := range map[string]struct {
		addr  string
		trust *tls.Config
		want  string // of the error
	}{
		"nobody that is trusted has signed it": {s.host, nil, "unknown authority"},
		"another one is trusted":               {s.host, &tls.Config{RootCAs: x509.NewCertPool()}, "unknown authority"},
		"it is for another name":               {s.host, &tls.Config{RootCAs: s.trust.RootCAs, ServerName: "room.example"}, "not room.example"},
		"no address":                           {"localhost", s.trust, "is not an address"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		client, err := transport.DialQUIC(ctx, c.addr, c.trust)
		cancel()
		if err == nil {
			client.Close(0, "")
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

// TestTheUDPPortRefusesProtocolsThatNobodySpeaks has it refuse a handshake.
func TestTheUDPPortRefusesProtocolsThatNobodySpeaks(t *testing.T) {
	s := serveUDP(t)
	for _, protos := range [][]string{{"echo"}, {"http/1.1", "rrp2"}, {"RRP1"}} {
		trust := s.trust.Clone()
		trust.NextProtos = protos
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		conn, err := quic.DialAddr(ctx, s.host, trust, nil)
		cancel()
		if err == nil {
			conn.CloseWithError(0, "")
		}
		if err == nil || !strings.Contains(err.Error(), "no application protocol") {
			t.Errorf("%q: %v", protos, err)
		}
	}
}

// TestADeadAddressCostsAQuarterOfASecond dials a name that has dead addresses
// before the one that lives, and none that lives.
func TestADeadAddressCostsAQuarterOfASecond(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	s := serveUDP(t)
	dead, err := net.ListenPacket("udp", "127.0.0.2:0") // takes packets and answers none
	if err != nil {
		t.Skip("this machine has no second loopback address:", err)
	}
	defer dead.Close()
	to := map[string]string{"192.0.2.1": dead.LocalAddr().String(), "192.0.2.2": dead.LocalAddr().String(), "2001:db8::1": dead.LocalAddr().String(), "127.0.0.1": s.address}
	dial := func(ctx context.Context, ip netip.Addr) (*quic.Conn, error) {
		trust := s.trust.Clone()
		trust.NextProtos, trust.ServerName = []string{transport.Protocol}, "localhost"
		return quic.DialAddr(ctx, to[ip.String()], trust, nil)
	}
	addresses := func(all ...string) (ips []netip.Addr) {
		for _, a := range all {
			ips = append(ips, netip.MustParseAddr(a))
		}
		return ips
	}
	began := time.Now()
	conn, err := transport.DialFirst(t.Context(), addresses("192.0.2.1", "2001:db8::1", "127.0.0.1"), dial)
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	conn.CloseWithError(0, "")
	if took < 2*transport.NextAddressAfter || took > 10*transport.NextAddressAfter {
		t.Errorf("two dead addresses cost %v", took)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if conn, err := transport.DialFirst(ctx, addresses("192.0.2.1", "192.0.2.2"), dial); err == nil {
		t.Errorf("a dead address was reached at %v", conn.RemoteAddr())
	}
}

// TestOneConnectionIsLeftOfTwoAddresses has both complete their handshakes before
// either is taken.
func TestOneConnectionIsLeftOfTwoAddresses(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	s := serveUDP(t)
	trust := s.trust.Clone()
	trust.NextProtos, trust.ServerName = []string{transport.Protocol}, "localhost"
	var both sync.WaitGroup
	both.Add(2)
	conns := make(chan *quic.Conn, 2)
	won, err := transport.DialFirst(t.Context(), []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")},
		func(ctx context.Context, _ netip.Addr) (*quic.Conn, error) {
			conn, err := quic.DialAddr(ctx, s.address, trust, nil)
			if err == nil {
				conns <- conn
			}
			both.Done()
			both.Wait()
			return conn, err
		})
	if err != nil {
		t.Fatal(err)
	}
	defer won.CloseWithError(0, "")
	for range 2 {
		conn := <-conns
		if ended := conn.Context().Err() != nil; ended == (conn == won) {
			t.Errorf("of the one that was taken (%v): it has ended (%v)", conn == won, ended)
			conn.CloseWithError(0, "")
		}
	}
}

func TestAddressesOfBothFamiliesAreTriedInTurn(t *testing.T) {
	for found, want := range map[string]string{
		"::1 ::2 ::3 127.0.0.1": "::1 127.0.0.1 ::2 ::3",
		"127.0.0.1 ::1":         "127.0.0.1 ::1",
		"127.0.0.1 127.0.0.2":   "127.0.0.1 127.0.0.2",
		"::ffff:127.0.0.1 ::1":  "127.0.0.1 ::1",
		"":                      "",
	} {
		var ips []netip.Addr
		for _, a := range strings.Fields(found) {
			ips = append(ips, netip.MustParseAddr(a))
		}
		var got []string
		for _, ip := range transport.InTurn(ips) {
			got = append(got, ip.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", found, got, want)
		}
	}
}
