package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"redroom/certs"
	"redroom/server/transport"
)

func startWebTransport(t *testing.T) func(context.Context) (client, server transport.Session, err error) {
	s := serveUDP(t)
	return func(ctx context.Context) (client, server transport.Session, err error) {
		return s.accept(transport.DialWebTransport(ctx, s.url+transport.Path, "", s.trust))
	}
}

func startQUIC(t *testing.T) func(context.Context) (client, server transport.Session, err error) {
	s := serveUDP(t)
	return func(ctx context.Context) (client, server transport.Session, err error) {
		return s.accept(transport.DialQUIC(ctx, s.host, s.trust))
	}
}

// udpServer speaks everything that the UDP port does.
type udpServer struct {
	address  string // 127.0.0.1:PORT
	host     string // localhost:PORT
	url      string // https://localhost:PORT
	trust    *tls.Config
	sessions chan transport.Session
	asked    chan struct{} // closed when it was asked by silently, which it doesn't answer
}

const silently = "https://silently.example"

// accept is the server's side of a session that was opened.
func (s *udpServer) accept(client transport.Session, err error) (_, server transport.Session, _ error) {
	if err != nil {
		return nil, nil, err
	}
	return client, <-s.sessions, nil
}

// TestWhoIsNotAnsweredGivesUpWhenItIsToldTo has a server take a connection, and be
// silent about the session that is to be opened on it.
func TestWhoIsNotAnsweredGivesUpWhenItIsToldTo(t *testing.T) {
	s := serveUDP(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	dialed := make(chan error)
	go func() {
		_, err := transport.DialWebTransport(ctx, s.url+transport.Path, silently, s.trust)
		dialed <- err
	}()
	<-s.asked
	cancel(enough)
	select {
	case err := <-dialed:
		if !errors.Is(err, enough) {
			t.Errorf("it gives up with %v", err)
		}
	case <-time.After(patience):
		t.Error("it goes on waiting")
	}
}

// serveUDP serves on a UDP socket of its own until the test ends.
func serveUDP(t *testing.T) *udpServer {
	t.Helper()
	return serveUDPWith(t, nil)
}

// serveUDPWith is serveUDP with qlogs, which it doesn't close.
func serveUDPWith(t *testing.T, qlog *transport.Qlog) *udpServer {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	ca, err := certs.OpenCA(t.TempDir(), log)
	if err != nil {
		t.Fatal(err)
	}
	own, err := certs.NewShortLived(ca, []string{"localhost"}, time.Now, log)
	if err != nil {
		t.Fatal(err)
	}
	chooser := certs.Chooser{H3: own, Other: own}
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	s := &udpServer{
		address:  socket.LocalAddr().String(),
		host:     fmt.Sprintf("localhost:%d", socket.LocalAddr().(*net.UDPAddr).Port),
		trust:    &tls.Config{RootCAs: x509.NewCertPool()},
		sessions: make(chan transport.Session, 1),
		asked:    make(chan struct{}),
	}
	s.url = "https://" + s.host
	s.trust.RootCAs.AddCert(ca.Certificate())
	serve := func(session transport.Session) {
		select {
		case s.sessions <- session:
		case <-session.Context().Done(): // nobody wants it
		}
		<-session.Context().Done()
	}
	ctx, cancel := context.WithCancel(context.Background())
	wt := transport.NewWebTransport(http.NotFoundHandler(), func(origin string) bool {
		if origin == silently {
			close(s.asked)
			<-ctx.Done()
		}
		return origin == "https://room.example"
	}, serve)
	q, err := transport.ListenQUIC(socket, chooser.QUIC("h3", transport.Protocol), qlog)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- q.Serve(ctx, transport.Protocols{
			"h3":               func(conn *quic.Conn) { wt.ServeConn(conn) },
			transport.Protocol: func(conn *quic.Conn) { transport.ServeQUIC(conn, serve) },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-served, wt.Close(), q.Close()); err != nil {
			t.Errorf("closing: %v", err)
		}
		wt.Wait()
	})
	return s
}
