package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"redroom/server/room"
	"redroom/server/transport"
)

// startWebSocket gives sessions whose control channel lies idle, so that the
// channels that a test opens are attached ones.
func startWebSocket(t *testing.T) func(context.Context) (client, server transport.Session, err error) {
	s := serveWebSocket(t)
	return func(ctx context.Context) (client, server transport.Session, err error) {
		client, server, _, _, err = s.dial(ctx)
		return client, server, err
	}
}

type webSocketServer struct {
	sockets  *transport.WebSockets
	url      string
	trust    *tls.Config
	sessions chan transport.Session
}

// serveWebSocket serves by TLS on a port of its own until the test ends.
func serveWebSocket(t *testing.T) *webSocketServer {
	t.Helper()
	s := &webSocketServer{sessions: make(chan transport.Session, 16)}
	ws := transport.NewWebSockets(func(session transport.Session) {
		s.sessions <- session
		<-session.Context().Done()
	})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws.Serve(w, r, netip.MustParseAddrPort(r.RemoteAddr))
	}))
	s.sockets = ws
	t.Cleanup(func() {
		ws.Close()
		server.Close()
	})
	s.url = "wss" + strings.TrimPrefix(server.URL, "https") + transport.Path
	s.trust = server.Client().Transport.(*http.Transport).TLSClientConfig
	return s
}

// dial opens a session, with both sides of its control channel, which has
// carried one octet.
func (s *webSocketServer) dial(ctx context.Context) (client, server transport.Session, ours, theirs transport.Channel, err error) {
	if client, err = transport.DialWebSocket(ctx, s.url, "", s.trust); err != nil {
		return
	}
	if ours, err = client.Open(ctx); err != nil {
		return
	}
	if _, err = io.WriteString(ours, "PING 0\n"); err != nil {
		return
	}
	server = <-s.sessions
	if theirs, err = server.Accept(ctx); err != nil {
		return
	}
	client.(transport.Keyed).UseKey(server.(transport.Keyed).Key())
	_, err = io.ReadFull(theirs, make([]byte, len("PING 0\n")))
	return
}

// openRaw opens a WebSocket that a test speaks itself.
func (s *webSocketServer) openRaw(t *testing.T, options websocket.DialOptions) *websocket.Conn {
	t.Helper()
	options.HTTPClient = &http.Client{Transport: &http.Transport{TLSClientConfig: s.trust.Clone(), DisableKeepAlives: true}}
	if options.Subprotocols == nil {
		options.Subprotocols = []string{transport.Protocol}
	}
	conn, _, err := websocket.Dial(t.Context(), s.url, &options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func sayRaw(t *testing.T, conn *websocket.Conn, kind websocket.MessageType, octets []byte) {
	t.Helper()
	if err := conn.Write(t.Context(), kind, octets); err != nil {
		t.Fatal(err)
	}
}

// hearRaw reads messages until the connection's close, whose status it gives.
func hearRaw(t *testing.T, conn *websocket.Conn) (heard string, status websocket.StatusCode, reason string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		_, octets, err := conn.Read(ctx)
		var end websocket.CloseError
		if errors.As(err, &end) {
			return heard, end.Code, end.Reason
		}
		if err != nil {
			return heard, -1, err.Error()
		}
		heard += string(octets)
	}
}

func TestWebSocketRefusesWhatIsNotItsProtocol(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	s := serveWebSocket(t)
	for name, test := range map[string]struct {
		options websocket.DialOptions
		opens   bool // a session, before it is refused
		say     func(conn *websocket.Conn)
		status  websocket.StatusCode
	}{
		"a text message": {status: websocket.StatusUnsupportedData, say: func(conn *websocket.Conn) {
			sayRaw(t, conn, websocket.MessageText, []byte("TOKEN 0 x\n"))
		}},
		"a text message after a binary one": {opens: true, status: websocket.StatusUnsupportedData, say: func(conn *websocket.Conn) {
			sayRaw(t, conn, websocket.MessageBinary, []byte("PING 0\n"))
			sayRaw(t, conn, websocket.MessageText, []byte("PING 0\n"))
		}},
		"a message of 2 MiB": {opens: true, status: websocket.StatusMessageTooBig, say: func(conn *websocket.Conn) {
			conn.Write(t.Context(), websocket.MessageBinary, bytes.Repeat([]byte("PING 0\n"), 2<<20/7)) // it may be cut off
		}},
		"another sub-protocol": {options: websocket.DialOptions{Subprotocols: []string{"chat"}}, status: websocket.StatusPolicyViolation},
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.openRaw(t, test.options)
			if test.say != nil {
				test.say(conn)
			}
			if test.opens {
				session := <-s.sessions
				defer session.Close(0, "")
				if c, err := session.Accept(t.Context()); err != nil {
					t.Error(err)
				} else if _, err := io.Copy(io.Discard, c); err == nil {
					t.Error("the channel ended as by FIN")
				}
			}
			if _, status, reason := hearRaw(t, conn); status != test.status {
				t.Errorf("closed with %d %q, want %d", status, reason, test.status)
			}
		})
	}
}

func TestWebSocketIsNotCompressed(t *testing.T) {
	s := serveWebSocket(t)
	conn := s.openRaw(t, websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 1})
	sayRaw(t, conn, websocket.MessageBinary, []byte("PING 0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"))
	session := <-s.sessions // it was offered, not taken up, and so not used
	defer session.Close(0, "")
	c, err := session.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 7)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "PING 0 " {
		t.Errorf("%q came, %v", got, err)
	}
}

func TestMessagesOfAnySplitAreOneStream(t *testing.T) {
	s := serveWebSocket(t)
	const text = "PING 0 a\nGrüße, läuft’s? 😀 Ünïcödé\n"
	for split := 1; split < len(text); split++ {
		conn := s.openRaw(t, websocket.DialOptions{})
		sayRaw(t, conn, websocket.MessageBinary, []byte(text[:split]))
		sayRaw(t, conn, websocket.MessageBinary, nil)
		sayRaw(t, conn, websocket.MessageBinary, []byte(text[split:]))
		session := <-s.sessions
		c, err := session.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(text))
		if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
			t.Errorf("split at %d: %q came, %v", split, got, err)
		}
		conn.CloseNow() // which makes the other side's close quick
		session.Close(0, "")
	}
}

func TestAttachNeedsALiveKey(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	s := serveWebSocket(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, server, _, _, err := s.dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	key := server.(transport.Keyed).Key()
	attach := func(key string) string {
		conn := s.openRaw(t, websocket.DialOptions{})
		sayRaw(t, conn, websocket.MessageBinary, []byte("ATTACH 0 "+key+"\nPING 0\n"))
		heard, status, _ := hearRaw(t, conn)
		if status != websocket.StatusNormalClosure {
			t.Errorf("a wrong key: closed with %d, want 1000: 44xx is a session's", status)
		}
		return heard
	}
	for _, wrong := range []string{"-", "AAAAAAAAAAAAAAAAAAAAAA", key[:21], key + "A"} {
		if heard := attach(wrong); !strings.Contains(heard, " 401 ATTACH\n") || !strings.HasPrefix(heard, "ERR ") {
			t.Errorf("ATTACH with %q heard %q", wrong, heard)
		}
	}
	conn := s.openRaw(t, websocket.DialOptions{})
	sayRaw(t, conn, websocket.MessageBinary, []byte("ATTACH 6 "+key+"\nPING 0\n"))
	if heard, status, _ := hearRaw(t, conn); !strings.Contains(heard, " 413 ATTACH\n") || status != websocket.StatusNormalClosure {
		t.Errorf("ATTACH with a payload heard %q and %d", heard, status)
	}
	ours, theirs := openChannel(t, client, server, "hello")
	echo(t, ours, theirs)
	never := attach("AAAAAAAAAAAAAAAAAAAAAA")
	server.(transport.KeyDropper).DropKey()
	if heard := attach(key); heard != never {
		t.Errorf("ATTACH with a dropped key heard %q, with an unknown one %q", heard, never)
	}
	echo(t, ours, theirs) // what was attached goes on
	client.Close(0, "")
	<-server.Context().Done()
	server.Close(0, "")
	if heard := attach(key); !strings.Contains(heard, " 401 ATTACH\n") {
		t.Errorf("ATTACH with an ended key heard %q", heard)
	}
}

func TestControlWebSocketClosesWithTheSessionsCodeBeforeTheOthers(t *testing.T) {
	s := serveWebSocket(t)
	control := s.openRaw(t, websocket.DialOptions{})
	sayRaw(t, control, websocket.MessageBinary, []byte("PING 0\n"))
	server := <-s.sessions
	c, err := server.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	attached := s.openRaw(t, websocket.DialOptions{})
	sayRaw(t, attached, websocket.MessageBinary, []byte("ATTACH 0 "+server.(transport.Keyed).Key()+"\nJOIN 0 x 0\n"))
	if _, err := server.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "BYE 0 410\n")
	c.CloseSession(410, strings.Repeat("ü", 100))
	heard, status, reason := hearRaw(t, control)
	if heard != "BYE 0 410\n" || status != 4410 || reason != strings.Repeat("ü", 61) {
		t.Errorf("the control WebSocket heard %q and closed with %d %q", heard, status, reason)
	}
	closed := time.Now()
	if _, status, _ := hearRaw(t, attached); status != websocket.StatusGoingAway {
		t.Errorf("the attached one closed with %d, want 1001", status)
	}
	server.Close(410, "")
	if took := time.Since(closed); took > patience/2 {
		t.Errorf("the session was over after %v", took)
	}
}

func TestSilentWebSocketIsClosed(t *testing.T) {
	s := serveWebSocket(t)
	conn := s.openRaw(t, websocket.DialOptions{})
	began := time.Now()
	heard, status, _ := hearRaw(t, conn)
	if !strings.HasPrefix(heard, "BYE ") || status != 4401 || time.Since(began) < 9*time.Second {
		t.Errorf("after %v it heard %q and closed with %d", time.Since(began), heard, status)
	}
}

// TestAWebSocketThatIsDroppedIsNoFIN cuts the connection below the WebSocket,
// with TCP's own end and no close frame.
func TestAWebSocketThatIsDroppedIsNoFIN(t *testing.T) {
	s := serveWebSocket(t)
	var tcp net.Conn
	dial := func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		tcp, err = new(net.Dialer).DialContext(ctx, network, address)
		return tcp, err
	}
	conn, _, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: &http.Transport{TLSClientConfig: s.trust.Clone(), DialContext: dial}},
		Subprotocols: []string{transport.Protocol},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	sayRaw(t, conn, websocket.MessageBinary, []byte("PING 0\n"))
	session := <-s.sessions
	defer session.Close(0, "")
	c, err := session.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tcp.Close()
	if got, err := io.ReadAll(c); string(got) != "PING 0\n" || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("%q came, and then %v", got, err)
	}
	select {
	case <-session.Context().Done():
	case <-time.After(patience):
		t.Error("the session outlives its control WebSocket")
	}
}

// TestSilentWebSocketsOfAnAddressAreLimited opens as many as one may have, of
// which none says what it is; once one has, there is room for another.
func TestSilentWebSocketsOfAnAddressAreLimited(t *testing.T) {
	s := serveWebSocket(t)
	first := s.openRaw(t, websocket.DialOptions{})
	for range room.MaxSilent - 1 {
		s.openRaw(t, websocket.DialOptions{})
	}
	if _, err := transport.DialWebSocket(t.Context(), s.url, "", s.trust); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("one more: %v, want status 429", err)
	}
	_, refused, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: s.trust.Clone(), DisableKeepAlives: true}}})
	if err == nil {
		t.Fatal("one more is opened")
	}
	if wait, err := strconv.Atoi(refused.Header.Get("Retry-After")); refused.StatusCode != 429 || err != nil || wait < 1 || wait > 3 {
		t.Errorf("one more: %s, to be tried again after %q seconds, want 1 to 3", refused.Status, refused.Header.Get("Retry-After"))
	}
	sayRaw(t, first, websocket.MessageBinary, []byte("PING 0\n"))
	session := <-s.sessions
	defer session.Close(0, "")
	another, err := transport.DialWebSocket(t.Context(), s.url, "", s.trust)
	if err != nil {
		t.Fatalf("one in its place: %v", err)
	}
	another.Close(0, "")
	first.CloseNow()
}

// TestStopTellsWebSocketsThatHaveSaidNothing shows their last words.
func TestStopTellsWebSocketsThatHaveSaidNothing(t *testing.T) {
	s := serveWebSocket(t)
	conn := s.openRaw(t, websocket.DialOptions{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.sockets.Close()
	}()
	if heard, status, _ := hearRaw(t, conn); !strings.HasPrefix(heard, "BYE ") || !strings.Contains(heard, " 503 1\n") || status != 4503 {
		t.Errorf("it heard %q and was closed with %d", heard, status)
	}
	<-stopped
}

// TestAReaderThatFallsBehindIsNotCutOffForItsPings has a client ping while the
// server waits for it to read.
func TestAReaderThatFallsBehindIsNotCutOffForItsPings(t *testing.T) {
	s := serveWebSocket(t)
	conn := s.openRaw(t, websocket.DialOptions{})
	sayRaw(t, conn, websocket.MessageBinary, []byte("PING 0\n"))
	session := <-s.sessions
	c, err := session.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const octets = 32 << 20 // more than lies in buffers
	rest := make([]byte, octets)
	for n := 1; n > 0; rest = rest[n:] {
		c.SetWriteDeadline(time.Now().Add(time.Second / 2))
		n, _ = c.Write(rest)
	}
	c.SetWriteDeadline(time.Time{})
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
	defer cancel()
	conn.Ping(ctx) // nobody reads the answer, if there is one
	written := make(chan error, 1)
	go func() {
		_, err := c.Write(rest)
		c.CloseWrite()
		written <- err
	}()
	conn.SetReadLimit(octets)
	got := 0
	for {
		_, message, err := conn.Read(t.Context())
		if err != nil {
			if websocket.CloseStatus(err) != websocket.StatusNormalClosure || got != octets {
				t.Errorf("after %d of %d octets: %v", got, octets, err)
			}
			break
		}
		got += len(message)
	}
	if err := <-written; err != nil {
		t.Errorf("writing: %v", err)
	}
	session.Close(0, "")
}

// TestLastWordsWaitForWhoIsLate has a client read only after the server has
// given up waiting for its close: what was said lies in its buffers, with the
// close frame.
func TestLastWordsWaitForWhoIsLate(t *testing.T) {
	s := serveWebSocket(t)
	conn := s.openRaw(t, websocket.DialOptions{})
	sayRaw(t, conn, websocket.MessageBinary, []byte("PING 0\n"))
	session := <-s.sessions
	c, err := session.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "BYE 0 503\n")
	c.CloseSession(503, "later")
	session.Close(503, "later") // returns when it has waited enough
	if heard, status, reason := hearRaw(t, conn); heard != "BYE 0 503\n" || status != 4503 {
		t.Errorf("it heard %q, and was closed with %d %q", heard, status, reason)
	}
}
