package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/qlogwriter"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// TestTheUDPPortSpeaksHTTP3WebTransportAndQUICSideBySide has them all be spoken on it
// at once.
func TestTheUDPPortSpeaksHTTP3WebTransportAndQUICSideBySide(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	dial := func(s transport.Session, err error) *servertest.Session {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close(0, "") })
		return &servertest.Session{Session: s}
	}
	web := dial(transport.DialWebTransport(t.Context(), h.Rrp, "", h.Trust(t)))
	raw := dial(transport.DialQUIC(t.Context(), h.QUIC(), h.Trust(t)))
	web.SignIn(t, h.anna)
	raw.SignIn(t, h.bert)
	reads, writes := web.Join(t, h.topic, 0), raw.Join(t, h.topic, 0)

	over := &http3.Transport{TLSClientConfig: h.Trust(t)}
	defer over.Close()
	page := &http.Client{Transport: over, Timeout: servertest.Patience}
	for n := range 3 {
		got, err := page.Get("https://" + h.QUIC() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, got.Body)
		got.Body.Close()
		if got.StatusCode != 200 || got.Proto != "HTTP/3.0" {
			t.Errorf("HTTP/3 is answered by %s %s", got.Proto, got.Status)
		}
		talks(t, writes)
		reads.Expect(t, fmt.Sprintf("MESSAGE %d bert * text - *", n+1))
	}
}

// TestTheLogKnowsAQUICConnectionAsItsClientDoes looks for its sign-in, and its end.
func TestTheLogKnowsAQUICConnectionAsItsClientDoes(t *testing.T) {
	leavesNoGoroutine(t)
	diary := servertest.NewDiary(t)
	c := servertest.Config(t)
	c.Log = diary.Log()
	h := newHouseOf(t, c)

	config := h.ClientConfig(t, h.bert)
	states := make(chan client.State, 16)
	config.QUIC, config.OnState = client.QUIC(h.Trust(t)), func(s client.State) { states <- s }
	bot := client.Connect(config)
	defer bot.Close()
	id := ""
	for s := range states { // a slow machine may begin with a WebSocket
		if id = s.Connection; s.Phase == client.Open && s.Via == "QUIC" {
			break
		}
		if id != "" {
			t.Errorf("the state %v has a connection, %q", s, id)
		}
	}
	if id == "" {
		t.Error("the client doesn't know its connection")
	}
	awaitLogged(t, diary, "signed in", "transport", "QUIC", "user", "bert", "connection", id)
	bot.Close()
	awaitLogged(t, diary, "QUIC connection ended", "connection", id, "code", "0", "byClient", "true")

	conn, err := transport.DialQUIC(t.Context(), h.QUIC(), h.Trust(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(0, "")
	stranger := &servertest.Session{Session: conn}
	said := stranger.Channel(t)
	said.Say(t, "WATCH 0\n")
	said.Expect(t, "ERR 401 WATCH")
	said.Farewell(t, "BYE 401")
	stranger.ExpectOver(t)
	id = conn.(transport.Identified).ConnectionID()
	awaitLogged(t, diary, "QUIC connection ended", "connection", id, "code", "401", "reason", room.ErrNotSignedIn.Text, "byClient", "false")

	talkative, err := transport.DialQUIC(t.Context(), h.QUIC(), h.Trust(t))
	if err != nil {
		t.Fatal(err)
	}
	served := (&servertest.Session{Session: talkative}).Channel(t)
	served.Say(t, "PING 0\n")
	served.Expect(t, "PONG") // before that it is nobody's
	talkative.Close(0, strings.Repeat("x", 1000))
	awaitLogged(t, diary, "QUIC connection ended", "reason", strings.Repeat("x", 200))
}

// TestTheSmallerIdleTimeoutCounts has a client ask for less than the server would
// wait, and fall silent: both know why the connection ended, and the log tells.
func TestTheSmallerIdleTimeoutCounts(t *testing.T) {
	t.Parallel() // it waits for most of its time
	const idle = 5 * time.Second
	diary := servertest.NewDiary(t)
	c := servertest.Config(t)
	c.Log = diary.Log()
	h := newHouseOf(t, c)

	trust := h.Trust(t)
	trust.NextProtos = []string{transport.Protocol}
	var id string
	config := &quic.Config{MaxIdleTimeout: idle, EnableDatagrams: true, Tracer: func(_ context.Context, _ bool, connection quic.ConnectionID) qlogwriter.Trace {
		id = connection.String()
		return nil
	}}
	conn, err := quic.DialAddr(t.Context(), h.QUIC(), trust, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseWithError(0, "")
	control, err := conn.OpenStreamSync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(control, "TOKEN 0 %s\n", h.bert.Token(t))
	if said, err := bufio.NewReader(control).ReadString('\n'); err != nil || !strings.HasSuffix(said, " TOKEN bert\n") {
		t.Fatalf("heard %q, %v", said, err)
	}
	signedIn := time.Now()
	select {
	case <-conn.Context().Done():
	case <-time.After(2 * servertest.Patience):
		t.Fatal("the connection did not end")
	}
	var timeout *quic.IdleTimeoutError
	if why := context.Cause(conn.Context()); !errors.As(why, &timeout) {
		t.Errorf("the client's connection ended with %v", why)
	}
	if took := time.Since(signedIn); took > 3*idle {
		t.Errorf("it ended after %v of silence, want %v", took, idle)
	}
	awaitLogged(t, diary, "QUIC connection ended", "connection", id, "code", "0", "reason", timeout.Error())
}

// awaitLogged waits until the log has an entry.
func awaitLogged(t *testing.T, diary *servertest.Diary, message string, attributes ...string) {
	t.Helper()
	for deadline := time.Now().Add(servertest.Patience); diary.Count(message, attributes...) == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("the log tells of no %q with %q", message, attributes)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
