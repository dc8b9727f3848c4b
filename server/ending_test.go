package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/webtransport-go"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// TestSignOutEndsThatSignInsSessions shows that the sessions of one cookie end
// and those of another go on, and that a token that was fetched before opens
// nothing any more.
func TestSignOutEndsThatSignInsSessions(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	elsewhere := h.Room.SignIn(t, "bert")
	ended := []*servertest.Session{h.Enter(t, h.bert), h.Enter(t, h.bert)}
	topic := ended[0].Join(t, h.topic, 0)
	other := h.Enter(t, elsewhere).Join(t, h.topic, 0)
	unspent := h.bert.Token(t)

	h.bert.Must(t, "DELETE", "/api/session", nil, nil, 204)
	for _, s := range ended {
		s.Control.Farewell(t, "BYE 401")
		s.ExpectOver(t)
	}
	if f, err := drain(topic); err == nil || f.Header != "" {
		t.Errorf("a topic's channel of the ended session went on with %q, %v", f, err)
	}
	talks(t, other)

	s := h.Open(t)
	c := s.Channel(t)
	c.Say(t, "TOKEN 0 "+unspent+"\n")
	c.Expect(t, "ERR 401 TOKEN")
	c.Expect(t, "BYE 401")
}

// TestRemovedMemberIsResetAndForgets shows that whoever loses the right to a
// topic gets nothing more of it: its streams are reset with 404, the topic and
// the deal are gone, and a JOIN is answered as of an unknown topic.
func TestRemovedMemberIsResetAndForgets(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	s.Control.Say(t, "WATCH 0\n")
	s.Control.Await(t, "ACK WATCH")
	topic := s.Join(t, h.topic, 0)
	talks(t, topic)
	anna := h.Enter(t, h.anna).Join(t, h.topic, 0)

	h.anna.Must(t, "DELETE", "/api/deals/"+h.deal+"/members/bert", nil, nil, 204)
	talks(t, anna) // a message that bert may not see
	s.Control.Await(t, "TOPIC "+h.topic+" gone")
	s.Control.Await(t, "DEAL "+h.deal+" gone")
	f, err := drain(topic)
	if !wasReset(err) || f.Header != "" {
		t.Errorf("the topic's channel went on with %q and ended with %v, want a reset with code 404", f, err)
	}

	c := s.Channel(t)
	c.Say(t, "JOIN 0 "+h.topic+" 0\n")
	c.Expect(t, "ERR 404 "+h.topic)
	c.Finish(t)
	s.Control.Say(t, "PING 0 on\n")
	s.Control.Await(t, "PONG on")

	// As a member again, bert reads on.
	h.anna.Must(t, "PUT", "/api/deals/"+h.deal+"/members/bert", nil, nil, 204)
	s.Control.Await(t, "DEAL "+h.deal)
	s.Control.Await(t, "TOPIC "+h.topic)
	again := s.Join(t, h.topic, 0)
	talks(t, again)
}

// wasReset tells the end of a channel whose right has ended from any other: a
// WebSocket has no code for it, and is dropped without a close.
func wasReset(err error) bool {
	if servertest.OverWebSocket() {
		return err != nil && !errors.Is(err, io.EOF)
	}
	var reset *webtransport.StreamError
	var raw *quic.StreamError
	return errors.As(err, &reset) && reset.ErrorCode == 404 && reset.Remote ||
		errors.As(err, &raw) && raw.ErrorCode == 404 && raw.Remote
}

// TestRemovedMemberGetsNoMoreOfWhatIsBeingWritten has a member be removed who
// reads so slowly that the server stalls in the middle of a message: of what the
// transport has not taken by then, nothing follows.
func TestRemovedMemberGetsNoMoreOfWhatIsBeingWritten(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	anna := h.Enter(t, h.anna).Join(t, h.topic, 0)
	for _, id := range []string{"one", "two", "three"} {
		anna.Say(t, servertest.Post(strings.Repeat("x", room.MaxText/2), id))
		anna.Answer(t, "ACK "+id+" *")
	}
	const window = 4 << 10
	narrow := h.EnterNarrow(t, h.bert, window)
	reader := narrow.Join(t, h.topic, 0)
	narrow.AwaitBlocked(t, reader)

	h.anna.Must(t, "DELETE", "/api/deals/"+h.deal+"/members/bert", nil, nil, 204)
	narrow.AwaitReset(t, reader)
	more, err := io.Copy(io.Discard, reader.Channel)
	if !wasReset(err) || more > window {
		t.Errorf("%d octets followed, and then %v; want at most what was on its way, and a reset with code 404", more, err)
	}
	talks(t, anna)
}

// TestNewcomerReadsFromWhereTheRightBegins shows the start of those who join a
// deal whose history is for those who were there.
func TestNewcomerReadsFromWhereTheRightBegins(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	deal := h.anna.Deal(t, "Joined", "joined")
	topic := h.anna.Topic(t, deal, "Closed past", 1)
	anna := h.Enter(t, h.anna).Join(t, topic, 0)
	for range 3 {
		talks(t, anna)
	}
	epoch, hash := proof(t, anna, 3)
	h.anna.Must(t, "PUT", "/api/deals/"+deal+"/members/bert", nil, nil, 204)
	s := h.Enter(t, h.bert)
	for _, after := range []string{"0", "2", "3", "-1", "-1000"} {
		c := s.Channel(t)
		c.Say(t, "JOIN 0 "+topic+" "+after+"\n")
		c.Expect(t, fmt.Sprintf("ACK %s 3 %s 4 %s", topic, epoch, hash))
		c.Say(t, "HEAD 0 2\n")
		c.Expect(t, "ERR 422 HEAD")
		c.Say(t, "HEAD 0 3\n")
		c.Expect(t, "HEAD 3 "+hash)
		c.Say(t, servertest.Post("Re:", "re"+after, "text", "3"))
		c.Expect(t, "ERR 422 re"+after) // a ref to what one may not read
		c.Finish(t)
	}
	c := s.Join(t, topic, 0)
	talks(t, anna)
	at, _ := room.ParseHash(hash)
	next := c.Hear(t).Follows(t, room.Head{Seq: 3, Hash: at})
	c.Say(t, "HEAD 0\n")
	c.Expect(t, fmt.Sprintf("HEAD %d %s", next.Seq, next.Hash))
}

// TestDeactivationEndsSessionsForGood shows BYE 410, and that there is no way
// back in.
func TestDeactivationEndsSessionsForGood(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	topic := s.Join(t, h.topic, 0)
	witness := h.Enter(t, h.anna).Join(t, h.topic, 0)
	h.anna.Must(t, "PATCH", "/api/users/bert", map[string]any{"active": false}, nil, 200)
	s.Control.Farewell(t, "BYE 410")
	s.ExpectOver(t)
	if f, err := drain(topic); err == nil || f.Header != "" {
		t.Errorf("a topic's channel went on with %q, %v", f, err)
	}
	if status, _ := h.bert.Do(t, "POST", "/api/session/token", map[string]any{}); status != 401 {
		t.Errorf("a deactivated account's cookie: status %d, want 401", status)
	}
	if status, _ := h.Anonymous(t).Do(t, "POST", "/api/session", map[string]any{"name": "bert", "password": servertest.Password}); status != 401 {
		t.Errorf("a deactivated account's password: status %d, want 401", status)
	}
	talks(t, witness)
}

// TestStopSaysComeBack shows BYE 503 on each session when the server stops, and
// that what was acknowledged before is there afterwards.
func TestStopSaysComeBack(t *testing.T) {
	leavesNoGoroutine(t)
	r, stop := servertest.StartWith(t, servertest.Config(t))
	anna := r.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "Stop", "all"), "Stop", 1)
	var sessions []*servertest.Session
	for range 5 {
		s := r.Enter(t, anna)
		talks(t, s.Join(t, topic, -1))
		sessions = append(sessions, s)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	for _, s := range sessions {
		bye := s.Control.Farewell(t, "BYE 503 *")
		if seconds := bye.Fields()[1]; seconds == "0" {
			t.Errorf("%q says to come back in no time", bye)
		}
		s.ExpectOver(t)
	}
	<-stopped
	if _, err := sessions[0].Session.Open(t.Context()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a channel of an ended session: %v", err)
	}
}

// TestEndsOfAWebSocketSessionAreCloseFrames shows the closes themselves, as
// whoever has no client of ours sees them: the session's on the control
// WebSocket, 1001 on those that were attached, 1000 on a channel's own end.
func TestEndsOfAWebSocketSessionAreCloseFrames(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	open := func(octets string) *websocket.Conn {
		conn, _, err := websocket.Dial(t.Context(), "wss"+strings.TrimPrefix(h.Rrp, "https"), &websocket.DialOptions{
			HTTPClient:   &http.Client{Transport: &http.Transport{TLSClientConfig: h.Trust(t), DisableKeepAlives: true}},
			Subprotocols: []string{transport.Protocol},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.CloseNow() })
		if err := conn.Write(t.Context(), websocket.MessageBinary, []byte(octets)); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	hear := func(conn *websocket.Conn) string {
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		defer cancel()
		_, octets, err := conn.Read(ctx)
		if err != nil {
			return fmt.Sprint(int(websocket.CloseStatus(err)))
		}
		return string(octets)
	}
	for range 20 {
		control := open("TOKEN 0 " + h.Room.SignIn(t, "bert").Token(t) + "\n")
		fields := strings.Fields(hear(control))
		if len(fields) != 5 || fields[2] != "TOKEN" {
			t.Fatalf("the sign-in was answered by %q", fields)
		}
		attach := "ATTACH 0 " + fields[4] + "\nJOIN 0 " + h.topic + " 0\n"
		ended, attached := open(attach+"nonsense\n"), []*websocket.Conn{open(attach), open(attach)}
		for said := ""; said != "1000"; {
			if said = hear(ended); len(said) == 4 && said != "1000" {
				t.Fatalf("a channel's own end is %s, want 1000", said)
			}
		}
		for _, conn := range attached {
			if ack := hear(conn); !strings.HasPrefix(ack, "ACK 0 "+h.topic) {
				t.Fatalf("JOIN was answered by %q", ack)
			}
		}
		if err := control.Write(t.Context(), websocket.MessageBinary, []byte("nonsense\n")); err != nil {
			t.Fatal(err)
		}
		last, status := "", ""
		for len(status) != 4 {
			last += status
			status = hear(control)
		}
		if !strings.Contains(last, " 400 -\n") || !strings.Contains(last, "BYE ") || status != "4400" {
			t.Errorf("the last words were %q, and the close %s", last, status)
		}
		for _, conn := range attached {
			if status := hear(conn); status != "1001" {
				t.Errorf("an attached one was closed with %s, want 1001", status)
			}
		}
	}
}
