package server_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

const mib = 1 << 20

// anyNumberOfPosts are flags of a server that many posts of one user are sent to.
var anyNumberOfPosts = []string{"--posts-per-second", "0"}

// traffic is steady, on one topic: writers that post at a rate, and readers
// that note how long each post took to come.
type traffic struct {
	began   time.Time
	clients []*client.Session
	writers []*client.Channel
	readers []*listener
	newest  atomic.Int64 // seq that was acknowledged
}

// listener is one of its readers.
type listener struct {
	*place
	topic *client.Channel
	mu    sync.Mutex
	took  []time.Duration // since they were asked for last
}

const (
	steadyRate   = 200     // posts per second
	steadyOctets = 2 << 10 // of a post
)

func newTraffic(t *testing.T, r *servertest.Room, as *servertest.API, topic string, readers int) *traffic {
	t.Helper()
	l := &traffic{began: time.Now()}
	connect := func() *client.Session {
		c := r.Connect(t, as)
		l.clients = append(l.clients, c)
		return c
	}
	for range 4 {
		l.writers = append(l.writers, join(t, connect(), topic, -1, nil))
	}
	for range readers {
		e := &listener{place: newPlace()}
		e.topic = join(t, connect(), topic, -1, func(m room.Message) { e.heard(m, time.Since(l.began)); e.saw(m) })
		l.readers = append(l.readers, e)
	}
	return l
}

// close ends its sessions.
func (l *traffic) close() {
	for _, c := range l.clients {
		c.Close()
	}
}

// steady has posts in all of these for a while, at the same moments, so that
// they can be compared whatever else the machine does. It gives the 99th of a
// hundred latencies of each, from a post's sending to a reader's receipt.
func steady(t *testing.T, d time.Duration, all ...*traffic) (p99s []time.Duration) {
	t.Helper()
	filler := strings.Repeat("-", steadyOctets)
	pace := time.NewTicker(time.Second / steadyRate)
	defer pace.Stop()
	var posting sync.WaitGroup
	for i := range int(d.Seconds() * steadyRate) {
		<-pace.C
		for n := range all {
			l := all[(i+n)%len(all)] // each is the first as often
			posting.Go(func() {
				l.post(t, i, fmt.Sprintf("sent %d %s", time.Since(l.began).Nanoseconds(), filler))
			})
		}
	}
	posting.Wait()
	for _, l := range all {
		l.settle(t)
		var took []time.Duration
		for _, e := range l.readers {
			took = append(took, e.collect()...)
		}
		if want := int(d.Seconds()*steadyRate) * len(l.readers); len(took) != want {
			t.Fatalf("%d receipts were noted, want %d", len(took), want)
		}
		slices.Sort(took)
		p99s = append(p99s, took[len(took)*99/100])
	}
	return p99s
}

// flood posts so many of the longest texts, each writer one after the other.
func (l *traffic) flood(t *testing.T, posts int) {
	t.Helper()
	text := strings.Repeat("=", room.MaxText)
	var posting sync.WaitGroup
	var next atomic.Int64
	for range len(l.writers) {
		posting.Go(func() {
			for i := next.Add(1); i <= int64(posts) && !t.Failed(); i = next.Add(1) {
				l.post(t, int(i), text)
			}
		})
	}
	posting.Wait()
	l.settle(t)
}

// settle waits until every reader has everything.
func (l *traffic) settle(t *testing.T) {
	t.Helper()
	if t.Failed() {
		t.FailNow()
	}
	for _, e := range l.readers {
		e.reach(t, l.newest.Load(), e.topic)
	}
}

func (l *traffic) post(t *testing.T, i int, text string) {
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	seq, err := l.writers[i%len(l.writers)].Post(ctx, fmt.Sprintf("traffic-%d", clientIDs.Add(1)), text, 0)
	if err != nil {
		t.Error(err)
		return
	}
	for newest := l.newest.Load(); seq > newest && !l.newest.CompareAndSwap(newest, seq); {
		newest = l.newest.Load()
	}
}

func (e *listener) heard(m room.Message, at time.Duration) {
	rest, ok := bytes.CutPrefix(m.Body, []byte("sent "))
	if !ok {
		return
	}
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	sent, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return // steady counts them
	}
	e.mu.Lock()
	e.took = append(e.took, at-time.Duration(sent))
	e.mu.Unlock()
}

func (e *listener) collect() []time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	took := e.took
	e.took = nil
	return took
}

func median(of []time.Duration) time.Duration {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

// resident is how much memory a process has, in octets, where the system tells.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if os.IsNotExist(err) {
		t.Skip("this system does not tell in /proc how much memory a process has")
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	t.Fatalf("there is no VmRSS in %s", status)
	return 0
}

// logSize is that of SQLite's write-ahead log.
func logSize(t *testing.T, data string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(data, "redroom.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
