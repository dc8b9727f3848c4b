package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"go.uber.org/goleak"

	"redroom/server/transport"
)

// openPeer is a peer's sockets, which listen with a certificate of their own if
// they are to, until the test ends.
func openPeer(t *testing.T, listens bool) (s *transport.PeerSockets, cert tls.Certificate, fingerprint [32]byte) {
	t.Helper()
	s, err := transport.OpenPeerSockets(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	if cert, fingerprint, err = transport.NewPeerCertificate(); err != nil {
		t.Fatal(err)
	}
	if listens {
		if err := s.Listen(cert); err != nil {
			t.Fatal(err)
		}
	}
	return s, cert, fingerprint
}

func loopback(s *transport.PeerSockets) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.Port())
}

// TestPeersKnowEachOtherByFingerprint has them meet over both families, with and
// without a certificate of the one that dials.
func TestPeersKnowEachOtherByFingerprint(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	b, _, hers := openPeer(t, true)
	a, mine, fingerprint := openPeer(t, false)
	for _, at := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1"} {
		if at == "::1" && !hasIPv6() {
			continue
		}
		for _, c := range []struct {
			shown *tls.Certificate
			known [32]byte
		}{{&mine, fingerprint}, {nil, [32]byte{}}} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			ours, err := a.Dial(ctx, netip.AddrPortFrom(netip.MustParseAddr(at), b.Port()), hers, c.shown)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := b.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if ours.Fingerprint != hers || theirs.Fingerprint != c.known {
				t.Errorf("at %s they know each other as %x and %x", at, ours.Fingerprint, theirs.Fingerprint)
			}
			one, err := ours.Open(ctx)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(one, "hello")
			one.CloseWrite()
			other, err := theirs.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(other); string(got) != "hello" || err != nil {
				t.Errorf("%q came, %v", got, err)
			}
			ours.Close(0, "")
			<-theirs.Context().Done()
		}
	}
}

func hasIPv6() bool {
	c, err := net.ListenPacket("udp6", "[::1]:0")
	if err == nil {
		c.Close()
	}
	return err == nil
}

// TestAPeerIsNobodyElse dials a listener that has another certificate than was
// said, or nothing at all there.
func TestAPeerIsNobodyElse(t *testing.T) {
	b, _, fingerprint := openPeer(t, true)
	a, mine, _ := openPeer(t, false)
	fingerprint[31] ^= 1
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, shown := range []*tls.Certificate{&mine, nil} {
		if _, err := a.Dial(ctx, loopback(b), fingerprint, shown); !errors.Is(err, transport.ErrOtherPeer) {
			t.Errorf("another certificate: %v", err)
		}
	}
	if _, err := b.Dial(ctx, netip.AddrPort{}, fingerprint, nil); err == nil {
		t.Error("it dialed no address")
	}
	hurried, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := b.Dial(hurried, loopback(a), fingerprint, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestAPeerShowsItsCertificateEachTime dials twice as somebody who would resume.
func TestAPeerShowsItsCertificateEachTime(t *testing.T) {
	b, _, _ := openPeer(t, true)
	mine, fingerprint, err := transport.NewPeerCertificate()
	if err != nil {
		t.Fatal(err)
	}
	trust := &tls.Config{
		NextProtos: []string{transport.PeerProtocol}, InsecureSkipVerify: true, Certificates: []tls.Certificate{mine},
		ServerName: "peer", ClientSessionCache: tls.NewLRUClientSessionCache(0),
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn, err := quic.DialAddr(ctx, loopback(b).String(), trust, nil)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := b.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if theirs.Fingerprint != fingerprint || conn.ConnectionState().TLS.DidResume {
			t.Errorf("it is known as %x", theirs.Fingerprint)
		}
		// What the listener would have said for a resumption comes before what it
		// says now.
		ours, err := conn.OpenStreamSync(ctx)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(ours, "x")
		channel, err := theirs.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(channel, "y")
		if _, err := io.ReadFull(ours, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		conn.CloseWithError(0, "")
	}
}

// TestStrangersTakeNoMoreThanTheirPlaces has one address dial until it is
// refused, and again when one of its connections is over; each has one channel.
func TestStrangersTakeNoMoreThanTheirPlaces(t *testing.T) {
	b, _, hers := openPeer(t, true)
	a, _, _ := openPeer(t, false)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var ours, theirs transport.PeerConn
	for i := range transport.MaxPeersNetwork {
		var err error
		if ours, err = a.Dial(ctx, loopback(b), hers, nil); err != nil {
			t.Fatalf("the connection %d: %v", i+1, err)
		}
		if theirs, err = b.Accept(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Dial(ctx, loopback(b), hers, nil); err == nil || ctx.Err() != nil {
		t.Fatalf("one more than its places: %v", err)
	}
	if _, err := ours.Open(ctx); err != nil {
		t.Fatal(err)
	}
	hurried, cancelSecond := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancelSecond()
	if _, err := ours.Open(hurried); err == nil {
		t.Error("a second channel was opened")
	}
	theirs.Close(0, "")
	<-ours.Context().Done()
	for { // its place is free as soon as the other side has forgotten it
		if _, err := a.Dial(ctx, loopback(b), hers, nil); err == nil {
			return
		} else if ctx.Err() != nil {
			t.Fatalf("a place is free: %v", err)
		}
	}
}

// TestAcceptEndsWithTheSockets waits for nobody.
func TestAcceptEndsWithTheSockets(t *testing.T) {
	s, err := transport.OpenPeerSockets(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	cert, _, err := transport.NewPeerCertificate()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(cert); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Accept(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Accept: %v", err)
	}
	s.Close()
	if _, err := s.Accept(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
	if other, err := transport.OpenPeerSockets(t.Context(), s.Port()); err != nil {
		t.Errorf("the port was not given back: %v", err)
	} else {
		other.Close()
	}
}
