package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// house is a Chooser with both sources, and what a client needs to trust them.
type house struct {
	Chooser
	own   *ShortLived
	files *Files
	roots *x509.CertPool
}

func newHouse(t *testing.T) house {
	t.Helper()
	at, configured := newPlace(t), newPair(t, "localhost")
	at.put(t, configured)
	files, err := NewFiles(at.cert, at.key, discard)
	if err != nil {
		t.Fatal(err)
	}
	own := shortLived(t, time.Now)
	roots := x509.NewCertPool()
	roots.AddCert(own.ca.Certificate())
	roots.AppendCertsFromPEM(configured.cert)
	return house{Chooser{H3: own, Other: files}, own, files, roots}
}

// name says which certificate the server has shown.
func (h house) name(t *testing.T, state tls.ConnectionState) string {
	t.Helper()
	switch shown := state.PeerCertificates[0]; {
	case shown.Equal(h.own.Certificate().Leaf):
		return "own"
	case shown.Equal(h.files.Certificate().Leaf):
		return "configured"
	}
	t.Fatalf("a certificate of nobody's: %v", state.PeerCertificates[0])
	return ""
}

// serveTCP answers TLS handshakes with config until the test has ended, and
// gives its address.
func serveTCP(t *testing.T, host string, config *tls.Config) string {
	t.Helper()
	listener, err := tls.Listen("tcp", net.JoinHostPort(host, "0"), config)
	if err != nil && host == "::1" {
		t.Skipf("this machine has no IPv6 on its loopback: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte("hello")) // which makes the handshake; its error is the client's too
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String()
}

func dialTCP(t *testing.T, address string, config *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	// A ticket comes with the first octets after the handshake.
	if _, err := io.ReadAll(conn); err != nil {
		return tls.ConnectionState{}, err
	}
	return conn.(*tls.Conn).ConnectionState(), nil
}

func TestTCPShowsTheConfiguredCertificate(t *testing.T) {
	h := newHouse(t)
	address := serveTCP(t, "127.0.0.1", h.TCP())
	for _, offered := range [][]string{{"h2"}, {"h2", "http/1.1"}, {"http/1.1"}, nil} {
		state, err := dialTCP(t, address, &tls.Config{RootCAs: h.roots, ServerName: "localhost", NextProtos: offered})
		if err != nil {
			t.Fatal(err)
		}
		if got := h.name(t, state); got != "configured" {
			t.Errorf("ALPN %q: the %s certificate is shown", offered, got)
		}
		if len(offered) > 0 && state.NegotiatedProtocol != offered[0] {
			t.Errorf("ALPN %q: agreed on %q", offered, state.NegotiatedProtocol)
		}
	}
	if _, err := dialTCP(t, address, &tls.Config{RootCAs: h.roots, ServerName: "localhost", NextProtos: []string{"h3"}}); err == nil {
		t.Error("h3 is spoken on TCP")
	}
}

func TestTCPSpeaksTLS12AndNewer(t *testing.T) {
	h := newHouse(t)
	address := serveTCP(t, "127.0.0.1", h.TCP())
	for version, want := range map[uint16]bool{
		tls.VersionTLS11: false,
		tls.VersionTLS12: true,
		tls.VersionTLS13: true,
	} {
		_, err := dialTCP(t, address, &tls.Config{
			RootCAs: h.roots, ServerName: "localhost",
			MinVersion: version, MaxVersion: version,
		})
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

func TestAClientThatTrustsTheCA(t *testing.T) {
	own := shortLived(t, time.Now)
	config := Chooser{H3: own, Other: own}.TCP()
	trusting := x509.NewCertPool()
	trusting.AppendCertsFromPEM(own.ca.PEM())
	stranger := x509.NewCertPool()
	stranger.AddCert(openCA(t, t.TempDir()).Certificate())

	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			listen := host
			if host == "localhost" {
				listen = "127.0.0.1"
			}
			address := serveTCP(t, listen, config)
			if _, err := dialTCP(t, address, &tls.Config{RootCAs: trusting, ServerName: host}); err != nil {
				t.Errorf("who trusts the CA: %v", err)
			}
			if _, err := dialTCP(t, address, &tls.Config{RootCAs: stranger, ServerName: host}); err == nil {
				t.Error("who trusts another CA connects")
			}
		})
	}
}

func TestTCPSessionsResume(t *testing.T) {
	h := newHouse(t)
	address := serveTCP(t, "127.0.0.1", h.TCP())
	config := &tls.Config{
		RootCAs: h.roots, ServerName: "localhost", NextProtos: []string{"h2"},
		ClientSessionCache: tls.NewLRUClientSessionCache(4),
	}
	for _, want := range []bool{false, true} {
		state, err := dialTCP(t, address, config)
		if err != nil {
			t.Fatal(err)
		}
		if state.DidResume != want {
			t.Errorf("resumed: %t, want %t", state.DidResume, want)
		}
	}
}

// serveQUIC accepts connections with config, says a word on each, and gives
// its address.
func serveQUIC(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener, err := quic.ListenAddr("127.0.0.1:0", config, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept(ctx)
			if err != nil {
				return
			}
			if stream, err := conn.OpenUniStream(); err == nil {
				stream.Write([]byte("hello")) // the client's read tells if it failed
				stream.Close()
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		listener.Close()
	})
	return listener.Addr().String()
}

func dialQUIC(t *testing.T, address string, config *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := quic.DialAddr(ctx, address, config, nil)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.CloseWithError(0, "")
	stream, err := conn.AcceptUniStream(ctx)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	if _, err := io.ReadAll(stream); err != nil {
		return tls.ConnectionState{}, err
	}
	return conn.ConnectionState().TLS, nil
}

func TestQUICShowsACertificateByALPN(t *testing.T) {
	h := newHouse(t)
	protos := []string{"h3", "rrp1", "echo"}
	same := h
	same.Chooser.H3 = h.files

	tests := []struct {
		name    string
		house   house
		offered []string
		proto   string
		want    string
	}{
		{"own: a browser", h, []string{"h3"}, "h3", "own"},
		{"own: a tool", h, []string{"rrp1"}, "rrp1", "configured"},
		{"own: echo", h, []string{"echo"}, "echo", "configured"},
		{"own: both, the server's order decides", h, []string{"rrp1", "h3"}, "h3", "own"},
		{"own: an unknown one beside", h, []string{"h3-29", "rrp1"}, "rrp1", "configured"},
		{"same: a browser", same, []string{"h3"}, "h3", "configured"},
		{"same: a tool", same, []string{"rrp1"}, "rrp1", "configured"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			address := serveQUIC(t, test.house.QUIC(protos...))
			state, err := dialQUIC(t, address, &tls.Config{RootCAs: h.roots, ServerName: "localhost", NextProtos: test.offered})
			if err != nil {
				t.Fatal(err)
			}
			if got := h.name(t, state); got != test.want || state.NegotiatedProtocol != test.proto {
				t.Errorf("the %s certificate on %q; want the %s one on %q", got, state.NegotiatedProtocol, test.want, test.proto)
			}
			if state.Version != tls.VersionTLS13 {
				t.Errorf("on %s", tls.VersionName(state.Version))
			}
		})
	}

	t.Run("an ALPN that isn't served", func(t *testing.T) {
		address := serveQUIC(t, h.QUIC(protos...))
		_, err := dialQUIC(t, address, &tls.Config{RootCAs: h.roots, ServerName: "localhost", NextProtos: []string{"rrp1-peer"}})
		if err == nil || !strings.Contains(err.Error(), "no application protocol") {
			t.Errorf("got %v", err)
		}
	})
}

func TestABrowserTrustsByHash(t *testing.T) {
	h := newHouse(t)
	address := serveQUIC(t, h.QUIC("h3", "rrp1"))
	dial := func(proto string) error {
		_, err := dialQUIC(t, address, &tls.Config{
			ServerName:         "localhost",
			NextProtos:         []string{proto},
			InsecureSkipVerify: true, // in favor of what a browser checks
			VerifyConnection: func(state tls.ConnectionState) error {
				shown := &tls.Certificate{Certificate: [][]byte{state.PeerCertificates[0].Raw}}
				if !slices.Contains(h.own.Hashes(), hashOf(shown)) {
					return x509.UnknownAuthorityError{Cert: state.PeerCertificates[0]}
				}
				return nil
			},
		})
		return err
	}
	if err := dial("h3"); err != nil {
		t.Errorf("the certificate shown isn't among the hashes told: %v", err)
	}
	if err := dial("rrp1"); err == nil {
		t.Error("the configured certificate is among the hashes told")
	}
}

func TestQUICSessionsResume(t *testing.T) {
	h := newHouse(t)
	for _, proto := range []string{"h3", "rrp1"} {
		address := serveQUIC(t, h.QUIC("h3", "rrp1"))
		config := &tls.Config{
			RootCAs: h.roots, ServerName: "localhost", NextProtos: []string{proto},
			ClientSessionCache: tls.NewLRUClientSessionCache(4),
		}
		for _, want := range []bool{false, true} {
			state, err := dialQUIC(t, address, config)
			if err != nil {
				t.Fatal(err)
			}
			if state.DidResume != want {
				t.Errorf("%s resumed: %t, want %t", proto, state.DidResume, want)
			}
		}
	}
}
