package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// The reader's cable. What comes faster waits at the router before it, and is
// lost where it would wait longer: at this rate that are a thousand packets, as
// many as a Linux device keeps by default.
const (
	cableRate = 20 * mib // octets a second
	cableWait = 75 * time.Millisecond
)

// TestALiveTopicIsNotHeldUpByAHistory has somebody read a long history in one
// topic while others talk in another, and measures how long what they say takes
// from being posted to being read: over WebTransport, over our WebSockets, of
// which each channel has one, and over a single WebSocket as others have it. All
// go through the same router, at whose cable the packets of TCP and of UDP wait
// in the same queue. Over WebTransport the client also sees on the wire that
// what is live comes in the midst of the history.
func TestALiveTopicIsNotHeldUpByAHistory(t *testing.T) {
	length, rate := int64(64*mib), cableRate
	switch {
	case *long:
		length = 1024 * mib
	case testing.Short():
		length, rate = 8*mib, cableRate/5
	}
	s := newLibrary(t, length)
	s.reader.Limit(rate, cableWait)
	for again := 2; ; again-- {
		wire, overWire := s.overWebTransport(t)
		streams := s.measure(t, overWire)
		sockets := s.measure(t, s.overWebSockets(t))
		one := s.measure(t, s.overASingleWebSocket(t))
		turns := interleaved(wire.Turns())
		t.Logf("history of %d MiB at %d MiB/s; live messages from post to receipt:\nWebTransport       %v; %d times in the midst of the history\na WebSocket each   %v\na single WebSocket %v",
			length/mib, rate/mib, streams, turns, sockets, one)
		if turns < streams.posts/4 {
			t.Errorf("of %d live messages only %d came in the midst of the history", streams.posts, turns)
		}
		if streams.p99 < one.p99/2 {
			return
		}
		if again == 0 { // what is bad stays bad
			t.Fatalf("the live topic's p99 is %v over WebTransport, and %v over a single WebSocket", streams.p99, one.p99)
		}
	}
}

// interleaved counts how often octets of the live topic came between two of the
// history.
func interleaved(turns []servertest.Turn) (times int) {
	const history, live = 2, 1
	of := func(channel int) func(servertest.Turn) bool {
		return func(turn servertest.Turn) bool { return turn.Channel == channel }
	}
	begins, ends := slices.IndexFunc(turns, of(history)), len(turns)
	for ends > 0 && turns[ends-1].Channel != history {
		ends--
	}
	for _, turn := range turns[max(begins, 0):ends] {
		if of(live)(turn) {
			times++
		}
	}
	return times
}

// library is a room with a topic that much was said in, and another one that
// people talk in. Its reader is at the end of a cable.
type library struct {
	*servertest.Network
	room          *servertest.Process
	anna          *servertest.API
	history, live string
	length        int64 // messages of the history
	reader        *servertest.Machine
	writer        *client.Channel // on the live topic
	said          int64           // messages there
}

func newLibrary(t *testing.T, octets int64) *library {
	t.Helper()
	s := &library{Network: servertest.NewNetwork(t), length: octets / room.MaxText}
	data := t.TempDir()
	before := servertest.StartProcess(t, data, nil, anyNumberOfPosts...)
	anna := before.Admin(t)
	deal := anna.Deal(t, "Library", "all")
	s.history, s.live = anna.Topic(t, deal, "Collected works", 1), anna.Topic(t, deal, "Counter", 2)
	writing := newTraffic(t, before.Room, anna, s.history, 0)
	writing.flood(t, int(s.length))
	writing.close()
	before.Stop(t)

	// As QUIC has it here (RFC 9002 section 7), so that they differ in nothing else.
	runOn(t, s.Server(), "sh", "-c", "echo reno >/proc/sys/net/ipv4/tcp_congestion_control")
	s.room = s.StartProcess(t, data, anyNumberOfPosts...)
	s.anna = s.room.SignIn(t, "anna")
	s.reader = s.Machine()
	s.writer = join(t, s.signIn(t, s.Machine().OpenWire(t, s.room.Room)), s.live, -1, nil)
	return s
}

// runOn runs a command on a machine, which must not fail.
func runOn(t *testing.T, on *servertest.Machine, name string, arguments ...string) string {
	t.Helper()
	out, err := on.Command(name, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, arguments, err, out)
	}
	return string(out)
}

func (s *library) signIn(t *testing.T, conn transport.Session) *client.Session {
	t.Helper()
	c := client.New(conn)
	t.Cleanup(func() { c.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	if _, err := c.SignIn(ctx, s.anna.Token(t)); err != nil {
		t.Fatal(err)
	}
	return c
}

// visitor is at the live topic, and begins to read the history when asked to.
type visitor struct {
	history      *place // how far it has come in it
	begin, leave func()
}

// way is how a visitor comes. heard is called with what is live, as it comes.
type way func(heard func(room.Message)) *visitor

// delays are those of live messages while a history was read.
type delays struct {
	posts              int
	quiet              time.Duration // the median without a history
	median, p99, worst time.Duration
	read               time.Duration // from the history's beginning to its end
}

func (d delays) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	return fmt.Sprintf("median %v (%v without a history), p99 %v, worst %v, of %d; the history took %v",
		round(d.median), round(d.quiet), round(d.p99), round(d.worst), d.posts, d.read.Round(time.Millisecond))
}

// measure has a visitor read the history while there is talk.
func (s *library) measure(t *testing.T, by way) (d delays) {
	t.Helper()
	const slowest = cableRate / 20
	patience := servertest.Patience + time.Duration(s.length)*room.MaxText*time.Second/slowest
	e, began := &listener{}, time.Now()
	v := by(func(m room.Message) { e.heard(m, time.Since(began)) })
	defer v.leave()

	d.quiet = median(s.talk(t, began, e, func(posts int) bool { return posts == 25 }))
	start := time.Now()
	v.begin()
	took := s.talk(t, began, e, func(int) bool {
		d.read = time.Since(start)
		if d.read > patience {
			t.Fatalf("after %v the history is at %d of %d", d.read, v.history.at(), s.length)
		}
		return v.history.at() >= s.length
	})
	slices.Sort(took)
	d.posts, d.median, d.p99, d.worst = len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	return d
}

// talk posts a hundred messages a second until it is enough, and gives how long
// each took to come.
func (s *library) talk(t *testing.T, began time.Time, e *listener, enough func(posts int) bool) []time.Duration {
	t.Helper()
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	var posting sync.WaitGroup
	posts := 0
	for ; !enough(posts); posts++ {
		s.said++
		<-pace.C
		text := fmt.Sprintf("sent %d %s", time.Since(began).Nanoseconds(), strings.Repeat("-", 100))
		posting.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
			defer cancel()
			if _, err := s.writer.Post(ctx, fmt.Sprintf("talk-%d", clientIDs.Add(1)), text, 0); err != nil {
				t.Error(err)
			}
		})
	}
	posting.Wait()
	await(t, "all that was said", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.took) == posts
	})
	return e.collect()
}
