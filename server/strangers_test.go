package server_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	limits "redroom/server/load"
	"redroom/server/servertest"
)

// TestTenThousandRandomByteStrings throws octets at every kind of channel,
// some drawn from all octets, some from those of frames, some being frames
// with a few octets changed. What is malformed is told so, and nothing else
// happens to anybody.
func TestTenThousandRandomByteStrings(t *testing.T) {
	leavesNoGoroutine(t)
	total := 10_000
	if testing.Short() || servertest.OverWebSocket() && !*long { // where they are mostly waited for
		total = 2_000
	}
	chance := servertest.Rand(t)
	c := servertest.Config(t)
	c.Limits = limits.Defaults().WithPosts(0) // nothing of it is paced
	h := newHouseOf(t, c)
	witness := h.Enter(t, h.bert).Join(t, h.topic, 0)
	calm := h.anna.Topic(t, h.deal, "Calm", 2) // nobody can post there but by chance
	talks(t, witness)

	const workers = 4
	shares := make([][][]byte, workers)
	for i := range total {
		shares[i%workers] = append(shares[i%workers], randomOctets(chance, calm))
	}
	var told tally
	var running sync.WaitGroup
	for w := range workers {
		s := h.Enter(t, h.bert)
		running.Go(func() {
			for i, octets := range shares[w] {
				if t.Failed() {
					return
				}
				if w == 0 && i%100 == 0 {
					talks(t, witness)
				}
				switch {
				case i%40 == 0: // a session each
					s := h.Open(t)
					told.check(t, "before the sign-in", s, s.Channel(t), "", octets)
					s.Close(0, "")
				case i%40 == 1:
					s := h.Enter(t, h.bert)
					told.check(t, "on the control channel", s, s.Control, "", octets)
					s.Close(0, "")
				case i%2 == 0:
					told.check(t, "as a first frame", nil, s.Channel(t), "", octets)
				default:
					told.check(t, "on a topic's channel", nil, s.Channel(t), "JOIN 0 "+calm+" 0\n", octets)
				}
			}
			talks(t, s.Join(t, h.topic, -1))
		})
	}
	running.Wait()
	talks(t, witness)
	t.Logf("%d strings: %d were malformed, %d ended in a frame, %d had a frame that means something", total, told.malformed, told.cut, told.meant)
	if told.malformed < total/4 || told.cut < total/20 || told.meant < total/20 {
		t.Error("the strings are not as many-sided as they were meant to be")
	}
}

// tally counts what the strings were.
type tally struct {
	mu                    sync.Mutex
	malformed, cut, meant int
}

// check says octets after an opening and compares what is answered with what
// the grammar says of them.
func (c *tally) check(t *testing.T, where string, s *servertest.Session, ch *servertest.Channel, opening string, octets []byte) {
	what := judge(octets)
	c.mu.Lock()
	switch what {
	case malformedFrame:
		c.malformed++
	case cutFrame:
		c.cut++
	default:
		c.meant++
	}
	c.mu.Unlock()

	ch.SetWriteDeadline(time.Now().Add(servertest.Patience))
	if _, err := io.Copy(ch, io.MultiReader(strings.NewReader(opening), bytes.NewReader(octets))); err != nil && what != meantFrame {
		t.Errorf("%s: writing %q: %v", where, octets, err)
		return
	}
	if opening != "" {
		ch.Expect(t, "ACK * * * * *")
	}
	switch {
	case what == malformedFrame && s != nil: // who says FIN wants no answer, so not yet
		ch.Expect(t, "ERR 400 -")
		ch.Farewell(t, "BYE 400")
	case what == malformedFrame:
		ch.Expect(t, "ERR 400 -")
	}
	ch.CloseWrite()
	last, err := drain(ch)
	switch {
	case what == meantFrame: // whatever it was, it ended
	case last.Header != "":
		t.Errorf("%s: %q was answered with %q", where, octets, last)
	case err != io.EOF && s == nil:
		t.Errorf("%s: %q ended the channel with %v", where, octets, err)
	}
	if s != nil && what == malformedFrame {
		s.ExpectOver(t)
	}
}

// What a string of octets is for whoever reads it as frames.
const (
	cutFrame       = iota // it has only frames of types that mean nothing, and ends, in the middle of one perhaps
	malformedFrame        // a malformed header is the first thing in it that means something
	meantFrame            // it has a frame of a type that is known
)

var (
	header     = regexp.MustCompile(`^([A-Z]{1,16}) (0|[1-9][0-9]*)((?: (?:[\x21-\x24\x26-\x7E]|%[0-9A-F]{2})+)*)$`)
	needless   = regexp.MustCompile(`%(2[1-46-9A-F]|[3-6][0-9A-F]|7[0-9A-E])`) // escapes of what stands for itself
	controls   = regexp.MustCompile(`%([01][0-9A-F]|7F)`)
	knownTypes = regexp.MustCompile(`^(USER|TOKEN|PASS|WATCH|PING|PONG|JOIN|POST|READ|HEAD)$`)
)

// judge reads octets by section 1 of the protocol, and by none of the server's
// code.
func judge(octets []byte) int {
	for len(octets) > 0 {
		line, _, found := bytes.Cut(octets[:min(len(octets), 1024)], []byte("\n"))
		if !found {
			if len(octets) >= 1024 {
				return malformedFrame
			}
			return cutFrame
		}
		m := header.FindSubmatch(line)
		if m == nil {
			return malformedFrame
		}
		length, err := strconv.Atoi(string(m[2]))
		if err != nil || length > 1<<20 {
			return malformedFrame
		}
		fields := strings.Split(string(m[3]), " ")[1:]
		for _, field := range fields {
			if !canonical(field) {
				return malformedFrame
			}
		}
		if knownTypes.Match(m[1]) {
			return meantFrame
		}
		rest := octets[len(line)+1:]
		octets = rest[min(len(rest), length):]
	}
	return cutFrame
}

// canonical says whether a field is written in the one way in which it may be.
func canonical(field string) bool {
	if field == "%2D" {
		return true
	}
	if needless.MatchString(field) || controls.MatchString(field) {
		return false
	}
	decoded, err := url.PathUnescape(field)
	return err == nil && strings.ToValidUTF8(decoded, "") == decoded
}

// randomOctets are 1 to 1,500 octets of one sort or another.
func randomOctets(chance *rand.Rand, topic string) []byte {
	b := make([]byte, 1+chance.IntN(1500))
	switch chance.IntN(4) {
	case 0: // any
		for i := range b {
			b[i] = byte(chance.Uint32())
		}
	case 1: // few, so that LFs and spaces come often
		const few = "PINGJOIN  00123%2Dabc\n\n\xc3\xbc-"
		for i := range b {
			b[i] = few[chance.IntN(len(few))]
		}
	case 2: // frames that mean nothing, the last one cut
		b = b[:0]
		for range 1 + chance.IntN(5) {
			n := chance.IntN(300)
			b = append(b, "POEM "+strconv.Itoa(n)+" a b=c gr%C3%BC\n"...)
			b = append(b, bytes.Repeat([]byte{byte(chance.Uint32())}, n)...)
		}
		b = b[:len(b)-chance.IntN(len(b))]
	case 3: // frames that mean something, with a few octets changed
		frames := []string{"PING 0 cookie\n", "JOIN 0 " + topic + " 0\n", "HEAD 0 0\n", "READ 0 1\n", "WATCH 0\n", "TOKEN 0 abc\n", "POST 5\nhello"}
		b = b[:0]
		for range 1 + chance.IntN(4) {
			b = append(b, frames[chance.IntN(len(frames))]...)
		}
		for range chance.IntN(4) {
			b[chance.IntN(len(b))] = byte(chance.Uint32())
		}
	}
	return b
}

// TestRandomOctetsOnTheHTTPPort shows that who speaks no HTTP is sent away, and
// that the page is there for everybody else.
func TestRandomOctetsOnTheHTTPPort(t *testing.T) {
	leavesNoGoroutine(t)
	chance := servertest.Rand(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	at, err := url.Parse(r.Plain)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		conn, err := net.Dial("tcp", at.Host)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(servertest.Patience))
		octets := randomOctets(chance, "topic")
		conn.Write(octets) // it may be cut off in the middle
		conn.(*net.TCPConn).CloseWrite()
		answer, err := io.ReadAll(conn)
		conn.Close()
		if len(answer) > 0 && !bytes.HasPrefix(answer, []byte("HTTP/1.1 4")) {
			t.Fatalf("%q was answered with %.100q (%v)", octets, answer, err)
		}
		status, problem := anna.Do(t, "POST", "/api/deals", octets) // JSON, but of nothing that is asked for
		if status < 400 || status > 499 {
			t.Fatalf("a deal of %q: status %d: %s", octets, status, problem)
		}
	}
	anna.Must(t, "GET", "/healthz", nil, nil, 200)
}
