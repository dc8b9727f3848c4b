package peer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// inMemory is a connection without a network, so that a test can let time pass at
// once, and try very many.
type inMemory struct{ transport.Session }

func (inMemory) Remote() netip.AddrPort             { return netip.MustParseAddrPort("127.0.0.1:1") }
func (inMemory) Close(transport.Code, string) error { return nil }

// channel is two pipes, one a direction.
type channel struct{ in, out net.Conn }

func newChannels() (ours, theirs channel) {
	a, b := net.Pipe()
	c, d := net.Pipe()
	return channel{in: a, out: c}, channel{in: d, out: b}
}

func (c channel) Read(p []byte) (int, error)                { return c.in.Read(p) }
func (c channel) Write(p []byte) (int, error)               { return c.out.Write(p) }
func (c channel) CloseWrite() error                         { return c.out.Close() }
func (c channel) CloseSession(transport.Code, string) error { return c.out.Close() }
func (c channel) SetReadDeadline(t time.Time) error         { return c.in.SetReadDeadline(t) }
func (c channel) SetWriteDeadline(t time.Time) error        { return c.out.SetWriteDeadline(t) }
func (c channel) Reset(transport.Code)                      { c.in.Close(); c.out.Close() }

// recorded is a channel that has all its input, and keeps what is written.
type recorded struct {
	io.Reader
	bytes.Buffer
}

func (r *recorded) Read(p []byte) (int, error)              { return r.Reader.Read(p) }
func (*recorded) CloseWrite() error                         { return nil }
func (*recorded) CloseSession(transport.Code, string) error { return nil }
func (*recorded) SetReadDeadline(time.Time) error           { return nil }
func (*recorded) SetWriteDeadline(time.Time) error          { return nil }
func (*recorded) Reset(transport.Code)                      {}

// newPeer is bert, without a port.
func newPeer(onMessage func(Message) error) *Peer {
	p := &Peer{
		config: Config{Name: "bert", OnMessage: onMessage, Log: slog.New(slog.DiscardHandler)},
		rebind: make(chan struct{}, 1), conns: newConns(),
	}
	p.over, p.close = context.WithCancelCause(context.Background())
	return p
}

// connect has bert serve a connection, with anna if she is known already, until
// the test's other end of it closes.
func connect(t *testing.T, p *Peer, known bool) (theirs channel, c *conn, over <-chan struct{}) {
	t.Helper()
	ours, theirs := newChannels()
	c = newConn(p, transport.PeerConn{Session: inMemory{}})
	if known {
		c.known, c.name = true, "anna"
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.serve(func(context.Context) (transport.Channel, error) { return ours, nil })
	}()
	return theirs, c, done
}

// said is all that comes on a channel until FIN, a frame a line.
func said(t *testing.T, from io.Reader) string {
	t.Helper()
	var all strings.Builder
	for in := wire.NewReader(from); ; {
		h, err := in.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Errorf("reading: %v", err)
			}
			return all.String()
		}
		fmt.Fprintf(&all, "%s %s %s\n", h.Type, h.String(0), h.String(1))
	}
}

func TestWhoSaysNoHELLOHasTenSecondsOrAsTheDirectoryAMinute(t *testing.T) {
	for octets, within := range map[string]time.Duration{"": helloWithin, "HEL": helloWithin, "HELLO 100 anna\nabc": helloWithin, "PING 0\n": askAgain} {
		synctest.Test(t, func(t *testing.T) {
			theirs, _, over := connect(t, newPeer(nil), false)
			began := time.Now()
			go io.WriteString(theirs, octets)
			got := said(t, theirs)
			if !strings.HasSuffix(got, "ERR 401 HELLO\nBYE 401 \n") || time.Since(began) != within {
				t.Errorf("after %q and %v it says %q", octets, time.Since(began), got)
			}
			theirs.CloseWrite()
			<-over
		})
	}
}

func TestHalfAFrameWaitsAndSilenceInItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		theirs, _, over := connect(t, newPeer(nil), true)
		go func() {
			io.WriteString(theirs, "PING 0 ")
			time.Sleep(room.PayloadSilence - time.Second) // heard again before it is too long
			io.WriteString(theirs, "half\n")
			time.Sleep(time.Hour) // between frames one may be silent
			io.WriteString(theirs, "MESSAGE 5 1 anna 1 text - -\nab")
		}()
		began := time.Now()
		got := said(t, theirs)
		if got != "PONG half \nERR 400 \nBYE 400 \n" || time.Since(began) != room.PayloadSilence-time.Second+time.Hour+room.PayloadSilence {
			t.Errorf("after %v it says %q", time.Since(began), got)
		}
		theirs.CloseWrite()
		<-over
	})
}

func TestWhoTakesNoAnswersIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		theirs, c, over := connect(t, newPeer(nil), true)
		go io.WriteString(theirs, strings.Repeat("PING 0\n", 100)) // and reads nothing
		began := time.Now()
		<-over
		if took := time.Since(began); took < writeWithin || took > writeWithin+3*farewellTime || !errors.Is(c.why(), ErrLost) {
			t.Errorf("after %v: %v", took, c.why())
		}
		theirs.Reset(0)
	})
}

func TestSendWaitsForAnAcknowledgmentForHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		theirs, c, over := connect(t, newPeer(nil), true)
		go io.Copy(io.Discard, theirs)
		synctest.Wait() // for its one channel
		began := time.Now()
		if err := c.tell(t.Context(), "hello"); !errors.Is(err, ErrSilent) || time.Since(began) != answerWithin {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		time.AfterFunc(time.Second, func() { io.WriteString(theirs, "ACK 0 1\nACK 0 3\nACK 0 2\n") })
		if err := c.tell(t.Context(), "again"); err != nil { // the late ACK is nobody's
			t.Error(err)
		}
		theirs.CloseWrite()
		<-over
		if len(c.waiting) > 0 {
			t.Errorf("%d still wait", len(c.waiting))
		}
	})
}

// TestATalkativePeerIsReadAsFastAsARoomWouldBe sends more than a burst.
func TestATalkativePeerIsReadAsFastAsARoomWouldBe(t *testing.T) {
	for _, c := range []struct {
		text   int
		number int
		takes  time.Duration
	}{
		{0, room.PostBurst + 5*room.PostRate, 5 * time.Second},
		{room.MaxText, 200, 200*(time.Second/room.PostRate+room.MaxText*time.Second/room.PostOctetRate) - room.PostBurst/room.PostRate*time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			heard := 0
			theirs, _, over := connect(t, newPeer(func(Message) error {
				heard++
				return nil
			}), true)
			go io.Copy(io.Discard, theirs)
			began := time.Now()
			for i := range c.number {
				frame := wire.AppendFrame(nil, wire.TypeMessage, bytes.Repeat([]byte("x"), c.text), fmt.Sprint(i+1), "anna", "1", "text", "", "")
				if _, err := theirs.Write(frame); err != nil {
					t.Fatal(err)
				}
			}
			theirs.CloseWrite()
			<-over
			if took := time.Since(began); heard != c.number || took < c.takes-time.Second/room.PostRate || took > c.takes+time.Second {
				t.Errorf("%d of %d messages of %d octets were read in %v, want %v", heard, c.number, c.text, took, c.takes)
			}
		})
	}
}

// refusing is a directory that answers BIND as it is told.
type refusing struct {
	Directory
	binds []time.Time
	errs  []error // of the BINDs, in their order; then nil
}

func (r *refusing) Bind(context.Context, string, uint16, [32]byte) (client.Bound, error) {
	r.binds = append(r.binds, time.Now())
	if n := len(r.binds); n <= len(r.errs) {
		return client.Bound{}, r.errs[n-1]
	}
	return client.Bound{Key: make(ed25519.PublicKey, ed25519.PublicKeySize), Time: time.Now()}, nil
}

func TestABINDThatFailsIsTriedAgainMoreAndMoreSeldom(t *testing.T) {
	refused := &client.Refused{Reason: room.ErrUnprocessable}
	busy := &client.Refused{Reason: room.ErrTooManyRequests, Detail: "7"}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := &refusing{errs: []error{refused, refused, refused, refused, refused, refused, busy}}
		p := newPeer(nil)
		p.config.Directory, p.config.Log = r, slog.New(slog.NewTextHandler(&log, nil))
		p.sockets = new(transport.PeerSockets)
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		p.binding.Go(func() { p.bind(ctx) })
		time.Sleep(time.Hour)
		synctest.Wait()
		var pauses []time.Duration
		last := began
		for _, at := range r.binds {
			pauses, last = append(pauses, at.Sub(last)), at
		}
		want := []time.Duration{0, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 300 * time.Second, 7 * time.Second, bindAgain}
		if fmt.Sprint(pauses[:len(want)]) != fmt.Sprint(want) {
			t.Errorf("BIND came after %v, want %v", pauses, want)
		}
		if said := log.String(); strings.Count(said, "level=WARN") != 1 || strings.Count(said, "level=INFO") != 1 {
			t.Errorf("the log says %s", said)
		}
		before := len(r.binds)
		p.Rebind() // there is another session
		synctest.Wait()
		if len(r.binds) != before+1 {
			t.Errorf("a new session is bound %d times", len(r.binds)-before)
		}
		cancel()
		p.binding.Wait()
		if len(r.binds) != before+1 {
			t.Error("BIND was said after the end")
		}
	})
}

// TestATicketIsGoodOnceAndForAMinute lets the time pass, whatever the server
// takes it to be.
func TestATicketIsGoodOnceAndForAMinute(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []time.Duration{0, time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			var all tickets
			serial := byte(0)
			asleep := time.Duration(0) // while the server's clock went on
			issue := func() string {
				serial++
				ticket := room.PeerTicket{From: "anna", To: "bert", Key: [32]byte{1}, Nonce: [16]byte{serial}}
				ticket.Expires = time.Now().Add(off + asleep + room.PeerTicketTime).Truncate(time.Millisecond)
				return ticket.Sign(key)
			}
			use := func(ticket string) error { return all.use(ticket, "anna", "bert", [32]byte{1}) }
			if use(issue()) == nil {
				t.Error("a ticket is good before the server's key is known")
			}
			all.trust(client.Bound{Key: public, Time: time.Now().Add(off)})
			first, old := issue(), issue()
			if err := use(first); err != nil {
				t.Errorf("at once: %v", err)
			}
			time.Sleep(room.PeerTicketTime - time.Second)
			if err := use(first); !errors.Is(err, errUsed) {
				t.Errorf("again: %v", err)
			}
			if err := use(issue()); err != nil || len(all.spent) != 2 {
				t.Errorf("just in time: %v, and %d are remembered", err, len(all.spent))
			}
			time.Sleep(time.Second)
			if err := use(old); !errors.Is(err, errUntimely) {
				t.Errorf("too late: %v", err)
			}
			time.Sleep(time.Hour)
			if err := use(issue()); err != nil || len(all.spent) != 1 {
				t.Errorf("after an hour: %v, and %d are remembered", err, len(all.spent))
			}
			asleep = 45 * time.Second // as long as a session lives of which nothing is heard
			if err := use(issue()); err != nil {
				t.Errorf("after a sleep: %v", err)
			}
			asleep = time.Minute
			if err := use(issue()); !errors.Is(err, errUntimely) {
				t.Errorf("of the time to come: %v", err)
			}
		})
	}
}

func TestNoMoreTicketsAreRememberedThanThereIsRoomFor(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	all := tickets{spent: make(map[[16]byte]time.Time)}
	all.trust(client.Bound{Key: public, Time: now})
	for i := range maxNonces {
		all.spent[[16]byte{1, byte(i), byte(i >> 8)}] = now.Add(room.PeerTicketTime)
	}
	ticket := room.PeerTicket{From: "anna", To: "bert", Key: [32]byte{1}, Expires: now.Add(room.PeerTicketTime)}.Sign(key)
	if err := all.use(ticket, "anna", "bert", [32]byte{1}); !errors.Is(err, errTooMany) || len(all.spent) != maxNonces {
		t.Errorf("%v, and %d are remembered", err, len(all.spent))
	}
	delete(all.spent, [16]byte{1})
	if err := all.use(ticket, "anna", "bert", [32]byte{1}); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
}

// hear feeds octets to a connection, and checks what follows from whatever they
// are: messages of the one who is known, in order, within their limits, an answer
// that is frames, and an end. It gives the answer.
func hear(t *testing.T, octets io.Reader, known bool) string {
	t.Helper()
	last := int64(0)
	p := newPeer(func(m Message) error {
		if !known || m.From != "anna" || m.Seq <= last || len(m.Text) > room.MaxText || !utf8.ValidString(m.Text) {
			t.Errorf("it hears %d octets of %q, seq %d after %d", len(m.Text), m.From, m.Seq, last)
		}
		last = m.Seq
		return nil
	})
	c := newConn(p, transport.PeerConn{Session: inMemory{}})
	if known {
		c.known, c.name = true, "anna"
	}
	channel := &recorded{Reader: octets}
	c.serve(func(context.Context) (transport.Channel, error) { return channel, nil })
	if c.ctx.Err() == nil || len(c.waiting) > 0 || len(p.all()) > 0 {
		t.Error("it has not ended")
	}
	answer := channel.String()
	for in := wire.NewReader(strings.NewReader(answer)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return answer
		}
		if err != nil {
			t.Fatalf("it answers %q: %v", answer, err)
		}
		if h.Type == wire.TypeAck && !known {
			t.Fatalf("it answers %q", answer)
		}
	}
}

// TestTenThousandRandomStringsDoNoHarm is what FuzzFrames does for as long as one
// likes.
func TestTenThousandRandomStringsDoNoHarm(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		octets := make([]byte, random.IntN(300))
		for j := range octets {
			octets[j] = byte(random.Uint32())
		}
		if i%2 == 0 { // something that begins well
			octets = append([]byte(seeds[i/2%len(seeds)]), octets...)
			octets = octets[:random.IntN(len(octets)+1)]
		}
		hear(t, bytes.NewReader(octets), i%4 < 2)
	}
}

var seeds = []string{
	"MESSAGE 12 1 anna 1767225600000 text - -\nHello world!MESSAGE 1 2 anna 1 text - -\nx",
	"HELLO 4 anna\nabcdPING 0 x\n",
	"PING 0 cookie\nPONG 0\nACK 0 1\nERR 2 403 1\nnoBYE 0 410\n",
	"MESSAGE 1 9007199254740991 anna 9007199254740991 text - -\nx",
	"MESSAGE 70000 1 anna 1 text - -\n",
	"BYE 0 410\nMESSAGE 1 1 anna 1 text - -\nx",
}

// FuzzFrames reads strangers' octets, as one who is known and as one who isn't:
// however they are cut, the answer is the same.
func FuzzFrames(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, octets []byte, known bool) {
		if bytes.Count(octets, []byte("\n")) > room.PostBurst/2 || len(octets) > room.PostOctetRate {
			t.Skip("it would have to wait")
		}
		whole := hear(t, bytes.NewReader(octets), known)
		if single := hear(t, iotest.OneByteReader(bytes.NewReader(octets)), known); single != whole {
			t.Errorf("it answers %q, octet by octet %q", whole, single)
		}
	})
}
