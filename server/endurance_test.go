package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redroom/server/client"
	limits "redroom/server/load"
	"redroom/server/room"
	"redroom/server/servertest"
)

const (
	guests = 8 // at a time
	legs   = 5 // of an endurance run; between them the server rests

	// What a leg may seem to have left behind: things in memory that end with
	// some timer, and SQLite's caches, which are more or less full.
	heapSlack     = 1 * mib
	residentSlack = 16 * mib

	// The store opens its connections when they are needed: a writer and six
	// readers, with a file and a log each, and one index for all.
	mostFiles = 7*2 + 1
)

// TestEndurance has guests come and go: they sign in and out, open sessions,
// join topics, read, post, edit, redact, stall, and leave in every way. After
// each leg all of them have gone, and there must be what there was after the
// first: as many goroutines and descriptors, and as much memory. Server and
// guests are one process, so that nothing of either may stay.
func TestEndurance(t *testing.T) {
	leavesNoGoroutine(t)
	leg := lasting(3*time.Second, 10*time.Second, 20*time.Second, 10*time.Minute) / legs
	c := servertest.Config(t)
	c.Limits = limits.Defaults().WithPosts(0)
	r, _ := servertest.StartWith(t, c)
	anna := r.Admin(t)
	deal := anna.Deal(t, "Inn", "all")
	v := &visits{room: r, trust: r.Trust(t)}
	for i := range 6 {
		v.topics = append(v.topics, anna.Topic(t, deal, fmt.Sprintf("Table %d", i), i))
	}
	// So much that the writer's page cache is full and stays so.
	l := newTraffic(t, r, anna, anna.Topic(t, deal, "Cellar", 100), 0)
	l.flood(t, floodPosts)
	l.close()
	people := []*servertest.API{anna}
	for i := range guests {
		people = append(people, r.Join(t, anna, fmt.Sprintf("guest%d", i), "member", deal))
	}
	chance := servertest.Rand(t)

	var first held
	for i := range legs {
		v.receive(t, people[1:], leg, chance)
		for _, a := range people {
			a.HTTP.CloseIdleConnections()
		}
		if i == 0 {
			first = settled(t)
			t.Logf("after the first leg: %v", first)
			continue
		}
		h := notMore(t, first)
		t.Logf("after leg %d: %v", i+1, h)
		if h.files > mostFiles {
			t.Errorf("the database is open %d times, which was to be %d at most", h.files, mostFiles)
		}
		if h.heap > first.heap+heapSlack {
			t.Errorf("live memory has grown from %v to %v", first, h)
		}
		if h.resident > first.resident+residentSlack && !racing() {
			t.Errorf("resident memory has grown from %v to %v", first, h)
		}
	}
	t.Logf("%d sessions, %d posts, %d messages read, in %v", v.sessions.Load(), v.posts.Load(), v.messages.Load(), legs*leg)
}

// visits is what guests do.
type visits struct {
	room   *servertest.Room
	trust  *tls.Config
	topics []string

	sessions, posts, messages atomic.Int64
}

// receive has all guests visit again and again for a while.
func (v *visits) receive(t *testing.T, people []*servertest.API, d time.Duration, chance *rand.Rand) {
	t.Helper()
	until := time.Now().Add(d)
	var visiting sync.WaitGroup
	for _, guest := range people {
		chance := rand.New(rand.NewPCG(chance.Uint64(), 0))
		visiting.Go(func() {
			for time.Now().Before(until) && !t.Failed() {
				if err := v.visit(t, guest, chance); err != nil {
					t.Error(err)
				}
			}
		})
	}
	visiting.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// visit signs in, has some sessions, and signs out, at times in the middle of
// the last one.
func (v *visits) visit(t *testing.T, guest *servertest.API, chance *rand.Rand) error {
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	guest.Must(t, "POST", "/api/session", map[string]any{"name": guest.Name, "password": servertest.Password}, nil, 200)
	for range 1 + chance.IntN(4) {
		c, err := v.enter(ctx, t, guest)
		if err != nil {
			return err
		}
		err = v.stay(ctx, c, chance)
		c.Close()
		if err != nil {
			return err
		}
	}
	if chance.IntN(2) == 0 {
		guest.Must(t, "DELETE", "/api/session", nil, nil, 204)
		return nil
	}
	c, err := v.enter(ctx, t, guest)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Join(ctx, v.topics[0], 0, nil, func(room.Message) { <-c.Done() }); err != nil {
		return err
	}
	guest.Must(t, "DELETE", "/api/session", nil, nil, 204)
	select {
	case <-c.Done():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s has signed out, and its session goes on", guest.Name)
	}
}

// enter opens a session, at times after one that never signs in.
func (v *visits) enter(ctx context.Context, t *testing.T, guest *servertest.API) (*client.Session, error) {
	v.sessions.Add(1)
	c, err := client.Dial(ctx, v.room.Rrp, v.trust)
	if err != nil {
		return nil, err
	}
	if v.sessions.Load()%10 == 0 {
		c.Close()
		return v.enter(ctx, t, guest)
	}
	if _, err := c.SignIn(ctx, guest.Token(t)); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// stay joins some topics, stalls in one, and talks in the others, some of which
// it leaves before the session ends.
func (v *visits) stay(ctx context.Context, c *client.Session, chance *rand.Rand) error {
	if chance.IntN(2) == 0 {
		if err := c.Watch(ctx, func(string, []string, []byte) {}); err != nil {
			return err
		}
	}
	stalls := func(room.Message) { <-c.Done() }
	if _, err := c.Join(ctx, v.anyTopic(chance), -100, nil, stalls); err != nil {
		return err
	}
	for range 1 + chance.IntN(3) {
		after := []int64{0, -1, -1 - chance.Int64N(room.MaxBack)}[chance.IntN(3)]
		topic, err := c.Join(ctx, v.anyTopic(chance), after, nil, func(room.Message) { v.messages.Add(1) })
		if err != nil {
			return err
		}
		if err := v.talk(ctx, topic, chance); err != nil {
			return err
		}
		if chance.IntN(2) == 0 {
			topic.Leave()
		}
	}
	return nil
}

// talk posts all kinds of messages, and tells what it has read.
func (v *visits) talk(ctx context.Context, topic *client.Channel, chance *rand.Rand) error {
	send := func(kind room.Kind, ref int64, body string) (int64, error) {
		v.posts.Add(1)
		return topic.Send(ctx, client.Post{ID: fmt.Sprintf("visit-%d", clientIDs.Add(1)), Kind: kind, Ref: ref, Body: body})
	}
	var last int64
	for i := range 1 + chance.IntN(5) {
		seq, err := send(room.Text, last, words(chance, i))
		if err != nil {
			return err
		}
		last = seq
	}
	if _, err := send(room.Report, 0, `{"guests": 8}`); err != nil {
		return err
	}
	if chance.IntN(2) == 0 {
		if _, err := send(room.Edit, last, words(chance, 0)); err != nil {
			return err
		}
	}
	if chance.IntN(4) == 0 {
		if _, err := send(room.Redact, last, "It was too much."); err != nil {
			return err
		}
	}
	if err := topic.Read(ctx, last); err != nil {
		return err
	}
	_, err := topic.HeadAt(ctx, last)
	return err
}

func (v *visits) anyTopic(chance *rand.Rand) string { return v.topics[chance.IntN(len(v.topics))] }

// held is what a process has.
type held struct {
	goroutines     int
	descriptors    int   // but for the files
	files          int   // of the database, open once or twice in each of its connections
	heap, resident int64 // octets; the heap's live ones
}

func (h held) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors and %d of the database, %d KiB of live heap, %d KiB resident", h.goroutines, h.descriptors, h.files, h.heap>>10, h.resident>>10)
}

func nowHeld(t *testing.T) (h held) {
	t.Helper()
	runtime.GC() // twice, since pools give what they hold back with the second
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h = held{goroutines: runtime.NumGoroutine(), heap: int64(m.HeapAlloc), resident: resident(t, os.Getpid())}
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range descriptors {
		file, err := os.Readlink("/proc/self/fd/" + d.Name())
		switch {
		case os.IsNotExist(err): // it was ReadDir's own
		case err != nil:
			t.Fatal(err)
		case strings.Contains(file, "redroom.db"):
			h.files++
		default:
			h.descriptors++
		}
	}
	return h
}

// racing tells whether the race detector is built in, which keeps memory of its
// own for all that was ever touched.
func racing() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// settled is what is held when nothing ends any more: for a second.
func settled(t *testing.T) (h held) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	h = nowHeld(t)
	for same := 0; same < 20; {
		<-again.C
		before := h
		h = nowHeld(t)
		if same++; h.goroutines != before.goroutines || h.descriptors != before.descriptors {
			same = 0
		}
	}
	return h
}

// notMore waits until there are no more goroutines and descriptors than before.
func notMore(t *testing.T, before held) (h held) {
	t.Helper()
	deadline := time.Now().Add(servertest.Patience)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		h = settled(t)
		if h.goroutines <= before.goroutines && h.descriptors <= before.descriptors {
			return h
		}
		if time.Now().After(deadline) {
			var stacks bytes.Buffer
			pprof.Lookup("goroutine").WriteTo(&stacks, 1)
			t.Fatalf("there were %v, and there are %v:\n%s", before, h, stacks.Bytes())
		}
		<-again.C
	}
}
