package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"redroom/server/transport"
)

const patience = 20 * time.Second

// carrier is a transport under test: it opens sessions with a server that runs
// until the test ends.
type carrier struct {
	name     string
	halfOpen bool // FIN leaves the other direction open
	named    bool // the client says what it calls itself
	start    func(t *testing.T) (dial func(ctx context.Context) (client, server transport.Session, err error))
}

// carriers are all transports. Each has to pass every test of this file.
var carriers = []carrier{
	{"WebTransport", true, true, startWebTransport},
	{"QUIC", true, false, startQUIC},
	{"WebSocket", false, true, startWebSocket},
}

// conforms runs a test over every transport, with a session of its own, and
// sees to it that nothing is left of it.
func conforms(t *testing.T, test func(t *testing.T, client, server transport.Session)) {
	conformsIf(t, func(carrier) bool { return true }, test)
}

// conformsIf is conforms for some of them.
func conformsIf(t *testing.T, some func(carrier) bool, test func(t *testing.T, client, server transport.Session)) {
	for _, c := range carriers {
		if !some(c) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, before) })
			dial := c.start(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			client, server, err := dial(ctx)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				client.Close(0, "")
				server.Close(0, "")
			})
			test(t, client, server)
		})
	}
}

func TestSessionSaysWhatItIs(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		if !strings.HasPrefix(t.Name(), "TestSessionSaysWhatItIs/"+server.Transport()) {
			t.Errorf("it calls itself %q", server.Transport())
		}
		if !server.Remote().Addr().IsLoopback() || server.Remote().Port() == 0 || server.Remote().Addr().Is4In6() {
			t.Errorf("the client is at %v", server.Remote())
		}
		for _, s := range []transport.Session{client, server} {
			if s.Context().Err() != nil {
				t.Error("a session is over before it was closed")
			}
		}
	})
}

func TestSessionKnowsWhatTheClientCallsItself(t *testing.T) {
	conformsIf(t, func(c carrier) bool { return c.named }, func(t *testing.T, client, server transport.Session) {
		if named, ok := server.(transport.Named); !ok || named.Agent() == "" {
			t.Error("it doesn't")
		}
	})
}

func TestChannelCarriesOctetsBothWaysInOrder(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		ours, theirs := openChannel(t, client, server, "first")
		there := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // more than any window
		back := bytes.Repeat([]byte("fedcba9876543210"), 1<<16)
		var running sync.WaitGroup
		for _, way := range []struct {
			from, to transport.Channel
			octets   []byte
		}{{ours, theirs, there}, {theirs, ours, back}} {
			running.Go(func() {
				if _, err := way.from.Write(way.octets); err != nil {
					t.Errorf("writing: %v", err)
				}
			})
			running.Go(func() {
				got := make([]byte, len(way.octets))
				if n, err := io.ReadFull(way.to, got); err != nil || !bytes.Equal(got, way.octets) {
					t.Errorf("%d of %d octets came, or others: %v", n, len(way.octets), err)
				}
			})
		}
		running.Wait()
		if err := ours.CloseWrite(); err != nil {
			t.Errorf("FIN: %v", err)
		}
		if n, err := theirs.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("after all octets %d came, %v, want FIN", n, err)
		}
	})
}

func TestFINLetsTheOtherDirectionGoOn(t *testing.T) {
	conformsIf(t, func(c carrier) bool { return c.halfOpen }, func(t *testing.T, client, server transport.Session) {
		ours, theirs := openChannel(t, client, server, "question")
		if err := ours.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(theirs); err != nil || len(got) > 0 {
			t.Fatalf("after the FIN %q came, %v", got, err)
		}
		if _, err := io.WriteString(theirs, "answer"); err != nil {
			t.Fatal(err)
		}
		theirs.CloseWrite()
		if got, err := io.ReadAll(ours); err != nil || string(got) != "answer" {
			t.Fatalf("%q came, %v", got, err)
		}
		if _, err := ours.Write([]byte("more")); err == nil {
			t.Error("one may write after one's own FIN")
		}
	})
}

func TestFINEndsBothDirectionsAfterWhatWasWritten(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		ours, theirs := openChannel(t, client, server, "first")
		for _, way := range []struct{ from, to transport.Channel }{{theirs, ours}, {ours, theirs}} {
			io.WriteString(way.from, "last words")
			if err := way.from.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if _, err := way.from.Write([]byte("more")); err == nil {
				t.Error("one may write after one's own FIN")
			}
			got, err := io.ReadAll(way.to)
			if err != nil {
				t.Fatalf("%q came, %v", got, err)
			}
			if way.from == theirs && string(got) != "last words" {
				t.Errorf("%q came before FIN", got)
			}
		}
	})
}

func TestManyChannelsAtOnceDoNotMix(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		const channels = 250
		var running sync.WaitGroup
		running.Go(func() {
			for range channels {
				c, err := server.Accept(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				running.Go(func() {
					io.Copy(c, c)
					c.CloseWrite()
				})
			}
		})
		for i := range channels {
			running.Go(func() {
				c, err := client.Open(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				said := strings.Repeat(fmt.Sprintf("channel %d ", i), 100)
				io.WriteString(c, said)
				got := make([]byte, len(said))
				if _, err := io.ReadFull(c, got); err != nil || string(got) != said {
					t.Errorf("channel %d heard %.40q, %v", i, got, err)
				}
				c.CloseWrite()
				if n, err := c.Read(got); n != 0 || err != io.EOF {
					t.Errorf("channel %d heard %d octets more, %v", i, n, err)
				}
			})
		}
		running.Wait()
	})
}

func TestFilledChannelHoldsUpNoOther(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		filled, unread := openChannel(t, client, server, "filled")
		filled.SetWriteDeadline(time.Now().Add(time.Second / 2))
		n, err := filled.Write(make([]byte, 8<<20)) // nobody reads it
		if !errors.Is(err, os.ErrDeadlineExceeded) || n > 4<<20 {
			t.Fatalf("%d octets went into a channel that nobody reads: %v", n, err)
		}
		ours, theirs := openChannel(t, client, server, "other")
		echo(t, ours, theirs)

		// Who reads it again finds what was written.
		unread.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(unread, make([]byte, n)); err != nil {
			t.Errorf("of the %d octets that were written: %v", n, err)
		}
	})
}

func TestReadDeadlineEndsAReadAndNotTheChannel(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		ours, theirs := openChannel(t, client, server, "hello")
		theirs.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if n, err := theirs.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%d octets, %v", n, err)
		}
		theirs.SetReadDeadline(time.Time{})
		echo(t, ours, theirs)

		// Also one that comes while Read waits.
		ended := make(chan error, 1)
		go func() {
			_, err := theirs.Read(make([]byte, 1))
			ended <- err
		}()
		theirs.SetReadDeadline(time.Now())
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a Read that waited: %v", err)
		}
	})
}

func TestResetEndsBothSidesOfOneChannel(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		other, others := openChannel(t, client, server, "other")
		ours, theirs := openChannel(t, client, server, "lost")
		ended := make(chan error, 1)
		go func() {
			_, err := theirs.Read(make([]byte, 1))
			ended <- err
		}()
		theirs.Reset(404)
		if err := <-ended; err == nil || err == io.EOF {
			t.Errorf("a Read on the side that reset: %v", err)
		}
		ours.SetReadDeadline(time.Now().Add(patience))
		if n, err := ours.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a Read on the other side: %d octets, %v", n, err)
		}
		ours.SetWriteDeadline(time.Now().Add(patience))
		for {
			if _, err := ours.Write(make([]byte, 1024)); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("a Write on the other side: %v", err)
				}
				break
			}
		}
		echo(t, other, others)
	})
}

func TestCloseEndsEverythingOnBothSides(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		ours, theirs := openChannel(t, client, server, "hello")
		waiting := make(chan error, 3)
		go func() {
			_, err := ours.Read(make([]byte, 1))
			waiting <- err
		}()
		go func() {
			_, err := theirs.Read(make([]byte, 1))
			waiting <- err
		}()
		go func() {
			_, err := server.Accept(t.Context())
			waiting <- err
		}()
		if err := server.Close(410, "The account is deactivated."); err != nil {
			t.Fatal(err)
		}
		for range cap(waiting) {
			select {
			case err := <-waiting:
				if err == nil {
					t.Error("something came out of a closed session")
				}
			case <-time.After(patience):
				t.Fatal("something waits on in a closed session")
			}
		}
		for _, s := range []transport.Session{client, server} {
			select {
			case <-s.Context().Done():
			case <-time.After(patience):
				t.Fatal("a side doesn't know that the session was closed")
			}
			if c, err := s.Open(t.Context()); err == nil {
				t.Errorf("a closed session opened %v", c)
			}
			if err := s.Close(0, ""); err != nil {
				t.Errorf("a second Close: %v", err)
			}
		}
	})
}

func TestFINBeforeCloseArrives(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		ours, theirs := openChannel(t, client, server, "hello")
		io.WriteString(theirs, "last words")
		theirs.CloseWrite()
		got, err := io.ReadAll(ours)
		ours.CloseWrite()
		io.Copy(io.Discard, theirs) // the other side's FIN, for which a session waits
		server.Close(503, "")
		if err != nil || string(got) != "last words" {
			t.Errorf("%q came, %v", got, err)
		}
	})
}

func TestAcceptAndOpenEndWithTheirContext(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := server.Accept(ctx)
			ended <- err
		}()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Accept: %v", err)
		}
		ours, theirs := openChannel(t, client, server, "after")
		echo(t, ours, theirs)
	})
}

func TestOriginIsCheckedAndAnAbsentOneIsATool(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	s := serveUDP(t)
	for origin, allowed := range map[string]bool{"": true, "https://room.example": true, "https://evil.example": false, "null": false} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		client, err := transport.DialWebTransport(ctx, s.url+transport.Path, origin, s.trust)
		cancel()
		if err == nil {
			session := <-s.sessions // before the client's end, which may come first there
			client.Close(0, "")
			session.Close(0, "")
		}
		if (err == nil) != allowed {
			t.Errorf("origin %q: %v", origin, err)
		}
		if err != nil && !strings.Contains(err.Error(), "403") {
			t.Errorf("origin %q was refused with %v, want status 403", origin, err)
		}
	}
	if _, err := transport.DialWebTransport(t.Context(), s.url+"/elsewhere", "", s.trust); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a session at another path: %v, want status 404", err)
	}
}

// echo shows that a channel lives, both ways.
func echo(t *testing.T, ours, theirs transport.Channel) {
	t.Helper()
	for _, way := range [][2]transport.Channel{{ours, theirs}, {theirs, ours}} {
		way[0].SetWriteDeadline(time.Now().Add(patience))
		way[1].SetReadDeadline(time.Now().Add(patience))
		got := make([]byte, 4)
		if _, err := io.WriteString(way[0], "echo"); err != nil {
			t.Fatalf("writing: %v", err)
		}
		if _, err := io.ReadFull(way[1], got); err != nil || string(got) != "echo" {
			t.Fatalf("%q came, %v", got, err)
		}
		way[1].SetReadDeadline(time.Time{})
	}
}

// openChannel opens a channel with first octets, which the other side has read
// when it returns.
func openChannel(t *testing.T, client, server transport.Session, first string) (ours, theirs transport.Channel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ours, err := client.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(ours, first); err != nil {
		t.Fatal(err)
	}
	if theirs, err = server.Accept(ctx); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(first))
	if _, err := io.ReadFull(theirs, got); err != nil || string(got) != first {
		t.Fatalf("the channel began with %q, %v", got, err)
	}
	return ours, theirs
}

// TestAWriteThatIsCutShortSaysWhatItTook stops a write that waits for its
// reader: what was taken arrives, and what was not can be written again.
func TestAWriteThatIsCutShortSaysWhatItTook(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		ours, theirs := openChannel(t, client, server, "first")
		octets := make([]byte, 16<<20) // more than any window
		for i := range octets {
			octets[i] = byte(i >> 8)
		}
		var running sync.WaitGroup
		defer running.Wait()
		rest := octets
		for range 3 {
			ours.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			n, err := ours.Write(rest)
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("after %d octets: %v", n, err)
			}
			rest = rest[n:]
		}
		if len(rest) == len(octets) || len(rest) == 0 {
			t.Fatalf("%d of %d octets are left", len(rest), len(octets))
		}
		ours.SetWriteDeadline(time.Time{})
		running.Go(func() {
			if _, err := ours.Write(rest); err != nil {
				t.Errorf("writing the rest: %v", err)
			}
			ours.CloseWrite()
		})
		got, err := io.ReadAll(theirs)
		if err != nil || !bytes.Equal(got, octets) {
			t.Errorf("%d of %d octets came, or others: %v", len(got), len(octets), err)
		}
	})
}
