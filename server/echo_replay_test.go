package server_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"redroom/server/servertest"
	"redroom/server/transport"
)

// flight is a UDP socket that can keep what it is to send.
type flight struct {
	net.PacketConn
	mu   sync.Mutex
	held bool
	kept [][]byte
}

func (f *flight) WriteTo(p []byte, to net.Addr) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held {
		f.kept = append(f.kept, bytes.Clone(p))
		return len(p), nil
	}
	return f.PacketConn.WriteTo(p, to)
}

// hold keeps what is sent from now on.
func (f *flight) hold() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = true
}

// early are the packets that were kept, if an early one is among them.
func (f *flight) early() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, packet := range f.kept {
		if packet[0]&0xb0 == 0x90 { // a long header of 0-RTT (RFC 9000 section 17.2.3)
			return f.kept
		}
	}
	return nil
}

// firstFlight is what a client who was here before sends first, with early data, on a
// protocol. The server gets nothing of it.
func firstFlight(t *testing.T, p *servertest.Process, protocol string, said []byte) [][]byte {
	t.Helper()
	at, err := net.ResolveUDPAddr("udp4", p.QUIC())
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUDP("udp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	f := &flight{PacketConn: socket}
	from := &quic.Transport{Conn: f}
	defer from.Close()

	stored := &noticed{ClientSessionCache: tls.NewLRUClientSessionCache(1), put: make(chan struct{}, 8)}
	trust := p.Trust(t)
	trust.ServerName, trust.NextProtos, trust.ClientSessionCache = "localhost", []string{protocol}, stored
	config := &quic.Config{EnableDatagrams: true, EnableStreamResetPartialDelivery: true}
	before, err := from.DialEarly(t.Context(), at, trust, config)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-stored.put:
	case <-time.After(servertest.Patience):
		t.Fatalf("the server gives no session ticket on %s", protocol)
	}
	before.CloseWithError(0, "")

	f.hold()
	conn, err := from.DialEarly(t.Context(), at, trust, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseWithError(0, "")
	stream, err := conn.OpenStreamSync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Write(said); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(servertest.Patience); f.early() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the client sends nothing early on %s", protocol)
		}
	}
	return f.early()
}

// noticed tells when a session ticket has come.
type noticed struct {
	tls.ClientSessionCache
	put chan struct{}
}

func (n *noticed) Put(key string, s *tls.ClientSessionState) {
	n.ClientSessionCache.Put(key, s)
	if s != nil {
		n.put <- struct{}{}
	}
}

// replay sends packets from another address, and waits until the server has answered.
func replay(t *testing.T, p *servertest.Process, packets [][]byte) {
	t.Helper()
	socket, err := net.Dial("udp4", p.QUIC())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	for _, packet := range packets {
		if _, err := socket.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	socket.SetReadDeadline(time.Now().Add(servertest.Patience))
	if _, err := socket.Read(make([]byte, 2048)); err != nil {
		t.Fatalf("the server answers nothing: %v", err)
	}
}

// TestNothingOfARoomIsReadOfAFlightThatIsReplayed sends what others have sent first, with
// a sign-in in it, once more: only an echo is served before the handshake is complete.
func TestNothingOfARoomIsReadOfAFlightThatIsReplayed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	p := servertest.StartProcess(t, t.TempDir(), []string{"sh", "-c", `exec "$0" "$@" 2>"` + path + `"`}, "--echo", "--log-level", "debug")
	anna := p.Admin(t)
	var made struct{ Token string }
	anna.Must(t, "POST", "/api/users/anna/tokens", map[string]any{"label": "early", "role": "member"}, &made, 201)
	said := fmt.Appendf(nil, "TOKEN 0 %s\n%s", made.Token, strings.Repeat("PING 0 early\n", 200))
	logged := func(word string) int {
		t.Helper()
		log, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(log), word)
	}
	protocols := []string{transport.Protocol, "h3", transport.EchoProtocol}
	flights := make(map[string][][]byte)
	for _, protocol := range protocols {
		flights[protocol] = firstFlight(t, p, protocol, said)
	}
	signedIn := logged(`msg="signed in"`)
	for _, protocol := range protocols {
		replay(t, p, flights[protocol])
	}
	for deadline := time.Now().Add(servertest.Patience); logged("alpn=echo") < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no echo is served early, so that this test sees nothing")
		}
	}
	for _, protocol := range protocols[:2] {
		if n := logged("alpn=" + protocol + " "); n != 1 {
			t.Errorf("%d connections of %s were served, want 1, whose handshake was complete", n, protocol)
		}
	}
	if n := logged(`msg="signed in"`); n != signedIn {
		t.Errorf("%d have signed in by early data", n-signedIn)
	}
}
