package server_test

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	limits "redroom/server/load"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// echoer is a server process that echoes.
func echoer(t *testing.T) *servertest.Process {
	t.Helper()
	return servertest.StartProcess(t, t.TempDir(), nil, "--echo")
}

func dialEcho(t *testing.T, p *servertest.Process) *transport.EchoConn {
	t.Helper()
	conn, err := transport.DialEcho(t.Context(), p.QUIC(), p.Trust(t))
	if err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(servertest.Patience, conn.Abort) // rather than hang
	t.Cleanup(func() { late.Stop(); conn.Close() })
	return conn
}

func openEcho(t *testing.T, conn *transport.EchoConn) transport.Channel {
	t.Helper()
	stream, err := conn.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// sendEcho sends octets, and the FIN, from a goroutine.
func sendEcho(t *testing.T, sending *sync.WaitGroup, stream transport.Channel, octets []byte) {
	sending.Go(func() {
		if _, err := stream.Write(octets); err != nil {
			t.Errorf("sending what is to be echoed: %v", err)
		}
		stream.CloseWrite()
	})
}

// expectEcho has octets come back on a stream, and then its end.
func expectEcho(t *testing.T, stream transport.Channel, octets []byte) {
	t.Helper()
	back, err := io.ReadAll(stream)
	if err != nil || !bytes.Equal(back, octets) {
		t.Errorf("%d octets came back of %d (%v), or other ones", len(back), len(octets), err)
	}
}

// bounces has one octet go there and back.
func bounces(stream transport.Channel) error {
	if _, err := stream.Write([]byte{'x'}); err != nil {
		return err
	}
	_, err := io.ReadFull(stream, make([]byte, 1))
	return err
}

// anyOctets are other ones in each run; a failure names the seed.
func anyOctets(t *testing.T, n int) []byte {
	octets, chance := make([]byte, n), servertest.Rand(t)
	for i := range octets {
		octets[i] = byte(chance.Uint32())
	}
	return octets
}

func TestAMillionSmallWritesAreEchoedUnchanged(t *testing.T) {
	t.Parallel()
	stream := openEcho(t, dialEcho(t, echoer(t)))
	octets := anyOctets(t, 1_000_000)
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		for i := range octets {
			if _, err := stream.Write(octets[i : i+1]); err != nil {
				t.Errorf("write %d: %v", i, err)
				return
			}
		}
		stream.CloseWrite()
	})
	expectEcho(t, stream, octets)
}

// TestAStalledEchoHoldsUpNoOther has 64 streams, one of which nobody reads until all
// others have come back.
func TestAStalledEchoHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	conn := dialEcho(t, echoer(t))
	var sending sync.WaitGroup
	defer sending.Wait()
	stalled, many := openEcho(t, conn), anyOctets(t, 4<<20)
	sendEcho(t, &sending, stalled, many)
	var others sync.WaitGroup
	for n := range 63 {
		stream, octets := openEcho(t, conn), many[n<<16:(n+1)<<16]
		sendEcho(t, &sending, stream, octets)
		others.Go(func() { expectEcho(t, stream, octets) })
	}
	others.Wait()
	expectEcho(t, stalled, many)
}

func TestThe65thStreamWaitsUntilAnotherIsOver(t *testing.T) {
	t.Parallel()
	conn := dialEcho(t, echoer(t))
	streams := make([]transport.Channel, 64)
	for i := range streams {
		streams[i] = openEcho(t, conn)
		if err := bounces(streams[i]); err != nil {
			t.Fatal(err)
		}
	}
	waiting, came := openEcho(t, conn), make(chan error, 1)
	go func() { came <- bounces(waiting) }() // it ends with the connection
	for n := range 100 {                     // the server has long had it
		if err := bounces(streams[n%64]); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-came:
		t.Fatalf("the 65th stream doesn't wait (%v)", err)
	default:
	}
	streams[0].CloseWrite()
	select {
	case err := <-came:
		if err != nil {
			t.Errorf("the 65th stream, when another is over: %v", err)
		}
	case <-time.After(servertest.Patience):
		t.Error("the 65th stream waits for ever")
	}
}

func TestThe17thEchoConnectionIsRefusedUntilAnotherIsOver(t *testing.T) {
	t.Parallel()
	p := echoer(t)
	conns := make([]*transport.EchoConn, 16)
	for i := range conns {
		conns[i] = dialEcho(t, p)
		if err := bounces(openEcho(t, conns[i])); err != nil {
			t.Fatal(err)
		}
	}
	try := func() error {
		conn := dialEcho(t, p)
		defer conn.Close()
		stream, err := conn.Open(t.Context())
		if err != nil {
			return err
		}
		return bounces(stream)
	}
	var refused *quic.ApplicationError
	if err := try(); !errors.As(err, &refused) || refused.ErrorCode != 503 || refused.ErrorMessage != "too many connections" {
		t.Errorf("the 17th connection: %v, want a 503", err)
	}
	conns[3].Close()
	for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(10 * time.Millisecond) { // the server has to hear of it
		err := try()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a connection, when another is over: %v", err)
		}
	}
}

// TestEchoesTakeNoPlaceOfOthers has an address with as many echoes as it may have of
// other connections: an echo begins before it is known whose address that is.
func TestEchoesTakeNoPlaceOfOthers(t *testing.T) {
	t.Parallel()
	c := narrow(t, func(l *limits.Limits) { l.Address.Connections = 2 })
	c.Echo = true
	r, _ := servertest.StartWith(t, c)
	for range 2 {
		echo, err := transport.DialEcho(t.Context(), r.QUIC(), r.Trust(t))
		if err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(servertest.Patience, echo.Abort) // rather than hang
		t.Cleanup(func() { late.Stop(); echo.Close() })
		if err := bounces(openEcho(t, echo)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := transport.DialQUIC(t.Context(), r.QUIC(), r.Trust(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(0, "")
	if !answersPING(t.Context(), s) {
		t.Error("whoever has echoes open has no place for a session")
	}
}

// TestPageTalksWhereEchoesAreServed has Chromium connect again and again to a server
// that lets clients send before the handshake is complete.
func TestPageTalksWhereEchoesAreServed(t *testing.T) {
	t.Parallel()
	c := servertest.Config(t)
	c.Echo = true
	h := newHouseOf(t, c)
	p := servertest.OpenPage(t)
	signIn(p, h.Plain+"/t/"+h.topic, h.bert.Name, servertest.Password)
	var said []string
	for _, text := range []string{"first", "again", "and again"} {
		connected(p)
		say(p, text)
		said = append(said, text)
		reads(t, p, said...)
		p.Reload()
	}
}
