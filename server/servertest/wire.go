package servertest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"redroom/server/room"
	"redroom/server/transport"
)

// Session is a session whose channels carry what the test writes, octet by
// octet, which need not be frames.
type Session struct {
	transport.Session
	Control *Channel // nil until SignIn
}

// Channel is one channel of a Session.
type Channel struct {
	transport.Channel
	Epoch string // of the store, as JOIN's ACK said it
	in    *bufio.Reader
}

// Frame is a frame as it lay on the wire.
type Frame struct {
	Header  string // without its LF
	Payload string
}

// Open opens a session as nobody yet. It is closed when the test ends.
func (r *Room) Open(t testing.TB) *Session {
	t.Helper()
	return r.OpenWith(t, r.Trust(t))
}

// OpenWith is Open with a TLS configuration of the test's own.
func (r *Room) OpenWith(t testing.TB, trust *tls.Config) *Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	s, err := r.dial(ctx, trust)
	if err != nil {
		t.Fatalf("opening a session: %v", err)
	}
	t.Cleanup(func() { s.Close(0, "") })
	return &Session{Session: s}
}

// Enter opens a session and signs in as whom the API is.
func (r *Room) Enter(t testing.TB, as *API) *Session {
	t.Helper()
	s := r.Open(t)
	s.SignIn(t, as)
	return s
}

// SignIn signs in on the session's control channel, which it opens if nobody
// has.
func (s *Session) SignIn(t testing.TB, as *API) {
	t.Helper()
	if s.Control == nil {
		s.Control = s.Channel(t)
	}
	s.SignInBy(t, as.Token(t), as.Name)
}

// SignInBy is SignIn with a token that is there.
func (s *Session) SignInBy(t testing.TB, token, name string) {
	t.Helper()
	if s.Control == nil {
		s.Control = s.Channel(t)
	}
	s.Control.Say(t, "TOKEN 0 "+token+"\n")
	s.Entered(t, "ACK TOKEN "+name)
}

// SignInAs signs in by a name and a password, both as fields are written.
func (s *Session) SignInAs(t testing.TB, name, password string) {
	t.Helper()
	s.Control = s.Channel(t)
	s.Control.Say(t, "USER 0 "+name+"\n")
	s.Control.Expect(t, "ACK USER")
	s.Control.Say(t, "PASS 0 "+password+"\n")
	s.Entered(t, "ACK PASS "+name)
}

// Entered hears the ACK of a sign-in, without its key.
func (s *Session) Entered(t testing.TB, want string) {
	t.Helper()
	ack := s.Control.Hear(t)
	keyed, ok := s.Session.(transport.Keyed)
	if ok {
		want += " *"
	}
	if err := ack.Is(want); err != nil {
		t.Fatal(err)
	}
	if ok {
		keyed.UseKey(ack.Fields()[2])
	}
}

// SignedIn is the ACK of a sign-in, as Expect has it: on a WebSocket it bears a
// key.
func SignedIn(name string) string {
	if OverWebSocket() {
		return "ACK TOKEN " + name + " *"
	}
	return "ACK TOKEN " + name
}

// Channel opens a channel; the server hears of it with its first octets.
func (s *Session) Channel(t testing.TB) *Channel {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	c, err := s.Session.Open(ctx)
	if err != nil {
		t.Fatalf("opening a channel: %v", err)
	}
	return &Channel{Channel: c, in: bufio.NewReader(c)}
}

// Join opens a channel and joins a topic there behind seq after.
func (s *Session) Join(t testing.TB, topic string, after int64) *Channel {
	t.Helper()
	c := s.Channel(t)
	c.Say(t, fmt.Sprintf("JOIN 0 %s %d\n", topic, after))
	c.Epoch = c.Expect(t, "ACK "+topic+" * * * *").Fields()[2]
	return c
}

// Say writes octets.
func (c *Channel) Say(t testing.TB, octets string) {
	t.Helper()
	c.SetWriteDeadline(time.Now().Add(Patience))
	if _, err := io.WriteString(c.Channel, octets); err != nil {
		t.Fatalf("writing %.60q: %v", octets, err)
	}
}

// Hear waits for the next frame.
func (c *Channel) Hear(t testing.TB) Frame {
	t.Helper()
	f, err := c.Next()
	if err != nil {
		t.Fatalf("waiting for a frame: %v", err)
	}
	return f
}

// Next is Hear that gives its error: io.EOF at the channel's FIN.
func (c *Channel) Next() (Frame, error) {
	c.SetReadDeadline(time.Now().Add(Patience))
	line, err := c.in.ReadString('\n')
	if err != nil {
		if line != "" {
			err = fmt.Errorf("in the middle of the header %q: %w", line, err)
		}
		return Frame{}, err
	}
	f := Frame{Header: strings.TrimSuffix(line, "\n")}
	parts := strings.Split(f.Header, " ")
	if len(parts) < 2 {
		return f, fmt.Errorf("%q is not a frame's header", f.Header)
	}
	length, err := strconv.Atoi(parts[1])
	if err != nil {
		return f, fmt.Errorf("%q is not a frame's header: %w", f.Header, err)
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return f, fmt.Errorf("in the payload of %q: %w", f.Header, err)
	}
	f.Payload = string(payload)
	return f, nil
}

// Expect waits for the next frame, which must be want: the header without its
// length, since that is the payload's, and with "*" for a field that may be
// anything. An ERR and a BYE must bear a sentence, and answers nothing else.
func (c *Channel) Expect(t testing.TB, want string) Frame {
	t.Helper()
	f := c.Hear(t)
	if err := f.Is(want); err != nil {
		t.Fatal(err)
	}
	return f
}

// Answer is Expect on a topic's channel, where answers may come before or after
// any MESSAGE.
func (c *Channel) Answer(t testing.TB, want string) Frame {
	t.Helper()
	for {
		f := c.Hear(t)
		if f.Type() == "MESSAGE" {
			continue
		}
		if err := f.Is(want); err != nil {
			t.Fatal(err)
		}
		return f
	}
}

// Await passes over frames until one is want, as Expect has it, and gives that.
func (c *Channel) Await(t testing.TB, want string) Frame {
	t.Helper()
	for {
		f, err := c.Next()
		if err != nil {
			t.Fatalf("waiting for %q: %v", want, err)
		}
		if f.Is(want) == nil {
			return f
		}
	}
}

// ExpectEnd waits for the server's FIN, before which nothing may come.
func (c *Channel) ExpectEnd(t testing.TB) {
	t.Helper()
	if f, err := c.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("the channel went on with %q, %v; a FIN was expected", f, err)
	}
}

// Farewell waits for a session's last words, a BYE as Expect has it, and the
// server's FIN, and says FIN only then: when both have, the session closes.
func (c *Channel) Farewell(t testing.TB, want string) Frame {
	t.Helper()
	bye := c.Expect(t, want)
	c.ExpectEnd(t)
	c.CloseWrite() // the server waits for it a second only
	return bye
}

// Finish says FIN and waits for the server's, before which nothing may come.
func (c *Channel) Finish(t testing.TB) {
	t.Helper()
	if err := c.CloseWrite(); err != nil {
		t.Fatalf("FIN: %v", err)
	}
	c.ExpectEnd(t)
}

// ExpectOver waits until the session has ended.
func (s *Session) ExpectOver(t testing.TB) {
	t.Helper()
	select {
	case <-s.Context().Done():
	case <-time.After(Patience):
		t.Fatal("the session goes on")
	}
}

// Type is the frame's type.
func (f Frame) Type() string { return strings.Split(f.Header, " ")[0] }

// Fields are those after the length, as they are encoded.
func (f Frame) Fields() []string { return strings.Split(f.Header, " ")[2:] }

// Is compares the frame with what Expect is given; nil: it is that.
func (f Frame) Is(want string) error {
	got, wanted := strings.Split(f.Header, " "), strings.Split(want, " ")
	wanted = slices.Insert(wanted, 1, strconv.Itoa(len(f.Payload)))
	if !slices.EqualFunc(got, wanted, func(got, want string) bool { return got == want || want == "*" }) {
		return fmt.Errorf("got %q, want %q with the payload's length", f, want)
	}
	switch f.Type() {
	case "ERR", "BYE":
		if f.Payload == "" || len(f.Payload) > 300 || !utf8.ValidString(f.Payload) || strings.ContainsAny(f.Payload, "\n\r\x00") {
			return fmt.Errorf("%q bears no sentence", f)
		}
	case "ACK", "PONG", "PING", "UNREAD", "PRESENCE", "HEAD":
		if f.Payload != "" {
			return fmt.Errorf("%q bears a payload", f)
		}
	}
	return nil
}

func (f Frame) String() string { return f.Header + "\n" + f.Payload }

// Post is the frame POST with fields and a body.
func Post(body string, fields ...string) string {
	return fmt.Sprintf("POST %d %s\n%s", len(body), strings.Join(fields, " "), body)
}

// Follows checks that the frame is the MESSAGE after previous, and gives the
// chain's value there, computed from the frame's octets.
func (f Frame) Follows(t testing.TB, previous room.Head) room.Head {
	t.Helper()
	fields := f.Fields()
	if f.Type() != "MESSAGE" || len(fields) != 6 && !f.Redacted() {
		t.Fatalf("%q is not a MESSAGE", f)
	}
	if want := strconv.FormatInt(previous.Seq+1, 10); fields[0] != want {
		t.Fatalf("message %s came after %d", fields[0], previous.Seq)
	}
	hash, err := chain(f, previous.Hash)
	if err != nil {
		t.Fatalf("%q: %v", f, err)
	}
	return room.Head{Seq: previous.Seq + 1, Hash: hash}
}
