package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"redroom/server/transport"
)

// dialEchoFor opens a connection with an Echo whose connections last so long.
func dialEchoFor(t *testing.T, lasting time.Duration) *transport.EchoConn {
	t.Helper()
	certificate, _, err := transport.NewPeerCertificate()
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	q, err := transport.ListenQUIC(socket, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{transport.EchoProtocol}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- q.Serve(context.Background(), transport.Protocols{transport.EchoProtocol: transport.EchoLasting(lasting).Serve})
	}()
	t.Cleanup(func() {
		if err := errors.Join(q.Close(), <-served); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	conn, err := transport.DialEcho(t.Context(), socket.LocalAddr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, conn.Abort) // rather than hang
	t.Cleanup(func() { late.Stop(); conn.Close() })
	return conn
}

// TestAnEchoConnectionEndsWhenItsTimeIsOver has one stream open that is quiet then, and
// one whose echo nobody reads.
func TestAnEchoConnectionEndsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	conn := dialEchoFor(t, time.Second)
	quiet, err := conn.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stalled, err := conn.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var over *quic.ApplicationError
	if _, err := stalled.Write(make([]byte, 16<<20)); !errors.As(err, &over) || !over.Remote || over.ErrorCode != 0 {
		t.Errorf("writing: %v, want that the server has ended it", err)
	}
	if _, err := quiet.Read(make([]byte, 1)); !errors.As(err, &over) || !over.Remote || over.ErrorMessage != "its time is over" {
		t.Errorf("reading: %v, want that the server has ended it", err)
	}
}

// TestAnEchoThatIsGivenUpLeavesItsConnectionAlone resets either side of streams, of more
// than the server echoes side by side, and goes on.
func TestAnEchoThatIsGivenUpLeavesItsConnectionAlone(t *testing.T) {
	t.Parallel()
	conn := dialEchoFor(t, time.Minute)
	for range 130 {
		stream, err := conn.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Write([]byte("given up")); err != nil {
			t.Fatal(err)
		}
		stream.Reset(7)
	}
	stream, err := conn.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Write([]byte("kept")); err != nil {
		t.Fatal(err)
	}
	stream.CloseWrite()
	if back, err := io.ReadAll(stream); err != nil || !bytes.Equal(back, []byte("kept")) {
		t.Errorf("%q came back (%v)", back, err)
	}
}
