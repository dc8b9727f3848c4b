package peer_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"redroom/server/peer"
	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// stranger is a peer of another program, which writes what it likes.
type stranger struct {
	sockets     *transport.PeerSockets
	cert        tls.Certificate
	fingerprint [32]byte
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	s := new(stranger)
	var err error
	if s.sockets, err = transport.OpenPeerSockets(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.sockets.Close() })
	if s.cert, s.fingerprint, err = transport.NewPeerCertificate(); err != nil {
		t.Fatal(err)
	}
	return s
}

// line is a stranger's connection with its one channel.
type line struct {
	t *testing.T
	transport.Channel
	net transport.PeerConn
	in  *wire.Reader
}

// dial connects with whoever is listed under that name, and shows a certificate,
// unless it is nil.
func (s *stranger) dial(t *testing.T, d *directory, name string, cert *tls.Certificate) *line {
	t.Helper()
	at := d.await(t, name)
	net, err := s.sockets.Dial(t.Context(), at.At, at.Fingerprint, cert)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close(0, "") })
	stream, err := net.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stream.SetReadDeadline(time.Now().Add(patience))
	return &line{t, stream, net, wire.NewReader(stream)}
}

func (l *line) write(octets string) {
	l.t.Helper()
	if _, err := io.WriteString(l, octets); err != nil {
		l.t.Fatalf("writing %.40q: %v", octets, err)
	}
}

// read is the next frame, as "TYPE field field"; "FIN" at the end.
func (l *line) read() string {
	l.t.Helper()
	h, err := l.in.Next()
	if errors.Is(err, io.EOF) {
		return "FIN"
	}
	if err != nil {
		l.t.Fatalf("reading: %v", err)
	}
	said := h.Type
	for i := range h.NumFields() {
		said += " " + h.String(i)
	}
	return said
}

func (l *line) wants(frames ...string) {
	l.t.Helper()
	for _, want := range frames {
		if got := l.read(); got != want {
			l.t.Fatalf("it says %q, want %q", got, want)
		}
	}
}

// isClosed says FIN, and waits until the connection is closed.
func (l *line) isClosed() {
	l.t.Helper()
	l.CloseWrite()
	select {
	case <-l.net.Context().Done():
	case <-time.After(patience):
		l.t.Error("the connection is not closed")
	}
}

func hello(name, ticket string) string {
	return string(wire.AppendFrame(nil, wire.TypeHello, []byte(ticket), name))
}

func message(seq int, author, text string) string {
	return string(wire.AppendFrame(nil, wire.TypeMessage, []byte(text), fmt.Sprint(seq), author, "1767225600000", "text", "", ""))
}

// enter dials and says a good HELLO.
func (s *stranger) enter(t *testing.T, d *directory, name, to string) *line {
	t.Helper()
	l := s.dial(t, d, to, &s.cert)
	l.write(hello(name, d.ticket(name, to, s.fingerprint).Sign(d.key)))
	l.wants("ACK HELLO " + to)
	return l
}

// TestOnlyATicketThatIsGoodHereAndNowLetsIn has whatever is wrong be answered
// alike, and nothing that follows be heard.
func TestOnlyATicketThatIsGoodHereAndNowLetsIn(t *testing.T) {
	leaksNothing(t)
	d := newDirectory(t)
	bert := d.join(t, "bert")
	a := newStranger(t)
	other, otherKey, err := transport.NewPeerCertificate()
	if err != nil {
		t.Fatal(err)
	}
	_, anotherServer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(change func(*room.PeerTicket)) string {
		ticket := d.ticket("anna", "bert", a.fingerprint)
		change(&ticket)
		return ticket.Sign(d.key)
	}
	as := func(*room.PeerTicket) {}
	used := sign(as)
	first := a.dial(t, d, "bert", &a.cert)
	first.write(hello("anna", used) + message(1, "anna", "good"))
	first.wants("ACK HELLO bert", "ACK 1") // what is refused below is refused for its own fault
	if m := receive(t, bert.heard); m.Text != "good" {
		t.Fatalf("bert has heard %q", m.Text)
	}
	good := sign(as)
	signed, signature, _ := strings.Cut(good, ".")
	answer := ""
	for _, c := range []struct {
		name string
		cert *tls.Certificate
		says string
	}{
		{"somebody else's ticket", &a.cert, hello("anna", sign(func(t *room.PeerTicket) { t.From = "carl" }))},
		{"under somebody else's name", &a.cert, hello("carl", sign(as))},
		{"without a name", &a.cert, "HELLO 0\n"},
		{"an old one", &a.cert, hello("anna", sign(func(t *room.PeerTicket) { t.Expires = d.now().Add(-time.Millisecond) }))},
		{"one of the time to come", &a.cert, hello("anna", sign(func(t *room.PeerTicket) { t.Expires = d.now().Add(10 * room.PeerTicketTime) }))},
		{"one used twice", &a.cert, hello("anna", used)},
		{"one for another name", &a.cert, hello("anna", sign(func(t *room.PeerTicket) { t.To = "carl" }))},
		{"another certificate than its key", &other, hello("anna", sign(as))},
		{"another key than its certificate", &a.cert, hello("anna", sign(func(t *room.PeerTicket) { t.Key = otherKey }))},
		{"no certificate", nil, hello("anna", sign(as))},
		{"no certificate, and a ticket for none", nil, hello("anna", sign(func(t *room.PeerTicket) { t.Key = [32]byte{} }))},
		{"no ticket", &a.cert, hello("anna", "")},
		{"garbage for a ticket", &a.cert, hello("anna", "\x00\xff..%%"+strings.Repeat("A", 100))},
		{"half a ticket", &a.cert, hello("anna", signed)},
		{"another ticket's signature", &a.cert, hello("anna", signed+used[strings.IndexByte(used, '.'):])},
		{"a signature by another server", &a.cert, hello("anna", d.ticket("anna", "bert", a.fingerprint).Sign(anotherServer))},
		{"more than a ticket", &a.cert, hello("anna", signed+"."+signature+strings.Repeat("A", 1<<10))},
		{"no HELLO", &a.cert, message(1, "anna", "first")},
		{"an answer to nothing", &a.cert, "ACK 0 1\n"},
		{"an ERR to nothing", &a.cert, "ERR 0 403 1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := a.dial(t, d, "bert", c.cert)
			l.write(c.says + message(1, "anna", "bad") + message(2, "anna", "worse") + "PING 0\n") // which is not reached
			h, err := l.in.Next()
			if err != nil || h.Type != wire.TypeErr || h.String(0) != "401" || h.String(1) != wire.TypeHello {
				t.Fatalf("it says %v, %v, want ERR 401 HELLO", h, err)
			}
			why, err := l.in.Payload()
			if answer == "" {
				answer = string(why)
			}
			if err != nil || string(why) != answer {
				t.Errorf("it says %q, and to others %q", why, answer)
			}
			l.wants("BYE 401", "FIN")
			l.isClosed()
		})
	}
	if len(bert.heard) > 0 {
		t.Errorf("bert has heard %q", (<-bert.heard).Text)
	}
	fine := a.dial(t, d, "bert", &a.cert)
	fine.write(hello("anna", good)) // that others have had its parts does no harm
	fine.wants("ACK HELLO bert")
}

func TestBeforeHELLOAPeerAnswersPINGAndNothingElse(t *testing.T) {
	d := newDirectory(t)
	d.join(t, "bert")
	a := newStranger(t)
	l := a.dial(t, d, "bert", nil) // as the directory dials
	l.write("PING 0 a%20cookie\nFUTURE 3 x\nabcJOIN 0 topic 0\nPONG 0\nPING 0\n")
	l.wants("PONG a cookie", "PONG")
	l.write("PING 1 x\nyPING 0 z\n")
	l.wants("ERR 413 PING", "PONG z")
	l.write("BYE 0 410\n")
	l.wants("FIN")
	l.isClosed()
}

func TestFramesInOneWriteAndAFrameInFifty(t *testing.T) {
	d := newDirectory(t)
	bert := d.join(t, "bert")
	a := newStranger(t)
	l := a.enter(t, d, "anna", "bert")
	l.write(message(1, "anna", "one") + "PING 0 between\n" + message(2, "anna", "two"))
	l.wants("ACK 1", "PONG between", "ACK 2")

	text := "a text of\nmany words, Grüße"
	frame := message(3, "anna", text)
	for _, part := range parts(frame, 50) {
		l.write(part)
	}
	l.wants("ACK 3")
	for i, want := range []string{"one", "two", text} {
		if m := receive(t, bert.heard); m.Text != want || m.Seq != int64(i+1) {
			t.Errorf("bert has heard %q, seq %d", m.Text, m.Seq)
		}
	}

	frame = message(4, "anna", "half of it waits")
	l.write(frame[:len(frame)-5])
	other := a.enter(t, d, "anna", "bert") // which shows that bert has gone on
	other.write("PING 0 x\n")
	other.wants("PONG x")
	if len(bert.heard) > 0 {
		t.Errorf("bert has heard %q", (<-bert.heard).Text)
	}
	l.write(frame[len(frame)-5:])
	l.wants("ACK 4")
}

// parts are n parts of a text, none empty.
func parts(text string, n int) (all []string) {
	for i := range n {
		all = append(all, text[i*len(text)/n:(i+1)*len(text)/n])
	}
	return all
}

func TestAMessageThatIsNoneIsRefusedAndTheNextOneTaken(t *testing.T) {
	d := newDirectory(t)
	bert := d.join(t, "bert")
	a := newStranger(t)
	l := a.enter(t, d, "anna", "bert")
	for _, c := range []struct{ frame, answer string }{
		{message(2, "anna", "not the next one"), "ERR 422 2"},
		{message(0, "anna", "before the first"), "ERR 422 0"},
		{"MESSAGE 1 one anna 1767225600000 text - -\nx", "ERR 422 one"},
		{"MESSAGE 1 1 anna yesterday text - -\nx", "ERR 422 1"},
		{"MESSAGE 1 1 anna\nx", "ERR 422 1"},
		{"MESSAGE 0\n", "ERR 422 "},
		{message(1, "carl", "of somebody else"), "ERR 403 1"},
		{"MESSAGE 2 2 anna 1 report - -\n{}", "ERR 422 2"},
		{message(3, "anna", "\xff"), "ERR 422 3"},
		{message(4, "anna", strings.Repeat("x", room.MaxText+1)), "ERR 413 4"},
		{hello("anna", "again"), "ERR 409 HELLO"},
		{"ACK 0 99\nERR 0 403 99\nACK 0 x\nUSER 0 anna\nFUTURE 2\nxyPONG 0\nPING 0\n", "PONG"},
		{message(5, "anna", strings.Repeat("x", room.MaxText)), "ACK 5"},
	} {
		l.write(c.frame)
		if got := l.read(); got != c.answer {
			t.Errorf("%.60q is answered by %q, want %q", c.frame, got, c.answer)
		}
	}
	if m := receive(t, bert.heard); len(m.Text) != room.MaxText || len(bert.heard) > 0 {
		t.Errorf("bert has heard %d octets", len(m.Text))
	}
	for _, malformed := range []string{"MESSAGE 01 6 anna 1 text - -\n", "\n", "MESSAGE 9999999 1\n", strings.Repeat("A", 2000)} {
		l := a.enter(t, d, "anna", "bert")
		l.write(malformed)
		l.wants("ERR 400 ", "BYE 400", "FIN")
		l.isClosed()
	}
}

// TestTheAnswersOfAPeerThatLies has whoever is dialed answer HELLO and MESSAGE
// as it should not.
func TestTheAnswersOfAPeerThatLies(t *testing.T) {
	leaksNothing(t)
	for _, c := range []struct {
		name, answer, then string
		want               error
		code               int64
	}{
		{"another name", "ACK 0 HELLO carl\n", "", peer.ErrBroken, 0},
		{"a message before", message(1, "bert", "x"), "", peer.ErrBroken, 0},
		{"a refusal", "ERR 0 401 HELLO\nBYE 0 401\n", "", nil, 401},
		{"BYE", "BYE 0 410\n", "", peer.ErrLeft, 0},
		{"garbage", "garbage\n", "", peer.ErrBroken, 0},
		{"BYE to the message", "ACK 0 HELLO bert\n", "BYE 0 410\n", peer.ErrLeft, 0},
		{"a refusal of the message", "ACK 0 HELLO bert\n", "ERR 3 413 1\n\x1b[m", nil, 413},
		{"FIN", "ACK 0 HELLO bert\n", "", peer.ErrLost, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDirectory(t)
			anna := d.join(t, "anna")
			b := newStranger(t)
			if err := b.sockets.Listen(b.cert); err != nil {
				t.Fatal(err)
			}
			(seat{directory: d, name: "bert"}).Bind(t.Context(), "", b.sockets.Port(), b.fingerprint)
			failed := make(chan error)
			go func() { failed <- anna.Send(t.Context(), "bert", "hello") }()
			net, err := b.sockets.Accept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			stream, err := net.Accept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			l := &line{t, stream, net, wire.NewReader(stream)}
			l.wants("HELLO anna")
			l.write(c.answer)
			if strings.HasPrefix(c.answer, "ACK 0 HELLO bert") {
				if got := l.read(); !strings.HasPrefix(got, "MESSAGE 1 anna ") || !strings.HasSuffix(got, " text  ") {
					t.Fatalf("anna says %q", got)
				}
				l.write(c.then)
			}
			l.CloseWrite()
			err = receive(t, failed)
			var refused *peer.Refused
			if c.want != nil && !errors.Is(err, c.want) || c.code != 0 && (!errors.As(err, &refused) || refused.Code != c.code) {
				t.Errorf("Send says %v", err)
			}
			if err != nil && bytes.ContainsRune([]byte(err.Error()), '\x1b') {
				t.Errorf("Send says what a stranger says: %q", err)
			}
			l.isClosed()
		})
	}
}

func TestTheOldestStrangerMakesRoom(t *testing.T) {
	leaksNothing(t)
	d := newDirectory(t)
	d.join(t, "bert")
	a := newStranger(t)
	var lines []*line
	for range peer.MaxStrangersNetwork + 1 {
		l := a.dial(t, d, "bert", nil)
		l.write("PING 0\n")
		l.wants("PONG")
		lines = append(lines, l)
	}
	lines[0].wants("BYE 503", "FIN")
	lines[1].write("PING 0\n")
	lines[1].wants("PONG")
}

func TestTheOldestConnectionOfANameMakesRoom(t *testing.T) {
	leaksNothing(t)
	d := newDirectory(t)
	bert := d.join(t, "bert")
	a := newStranger(t)
	var lines []*line
	for range peer.MaxOfName + 1 {
		lines = append(lines, a.enter(t, d, "anna", "bert"))
	}
	lines[0].wants("BYE 503", "FIN")
	sent := make(chan error)
	go func() { sent <- bert.Send(t.Context(), "anna", "to the newest") }()
	newest := lines[len(lines)-1]
	if got := newest.read(); !strings.HasPrefix(got, "MESSAGE 1 bert ") {
		t.Errorf("bert says %q", got)
	}
	newest.write("ACK 0 1\n")
	if err := receive(t, sent); err != nil {
		t.Error(err)
	}
	if got := receive(t, bert.here); got != "+anna" || len(bert.here) > 0 {
		t.Errorf("bert has seen %s, and %d more", got, len(bert.here))
	}
}

// TestWhoIsNotHeardHasToWait fills what a message that is not taken leaves room
// for.
func TestWhoIsNotHeardHasToWait(t *testing.T) {
	leaksNothing(t)
	d := newDirectory(t)
	taken, take := make(chan peer.Message, 1000), make(chan struct{})
	d.join(t, "bert", func(c *peer.Config) {
		c.OnMessage = func(m peer.Message) error {
			taken <- m
			<-take
			return nil
		}
	})
	defer close(take)
	a := newStranger(t)
	l := a.enter(t, d, "anna", "bert")
	l.write(message(1, "anna", "first"))
	receive(t, taken)
	l.SetWriteDeadline(time.Now().Add(time.Second))
	written := 0
	for seq := 2; ; seq++ {
		n, err := io.WriteString(l, message(seq, "anna", strings.Repeat("x", room.MaxText)))
		written += n
		if err != nil {
			break
		}
		if written > 8<<20 {
			t.Fatalf("bert keeps %d octets", written)
		}
	}
	if written > 512<<10 {
		t.Errorf("bert has taken %d octets that nobody reads", written)
	}
	l.net.Close(0, "")
}
