package hub_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"redroom/server/room"
)

// The seam: readers that begin anywhere and at any moment, while writers post.
func TestEachReaderGetsEachMessageOnceInOrder(t *testing.T) {
	const writers, readers, each = 4, 8, 150
	w := newWorld(t)
	w.post(200, 3000) // more than the readers' first page, or a chunk
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				w.append(w.event("carla", strings.Repeat("y", rand.IntN(2000))))
			}
		})
	}
	const last = 200 + writers*each
	for range readers {
		all.Go(func() {
			begin := rand.Int64N(last)
			w.open(t, "bert", 1, begin/2).readTo(t, begin)
			w.open(t, "bert", 1, begin).readTo(t, last)
			w.open(t, "bert", 1, 0).readTo(t, last)
		})
	}
	all.Wait()
	r := w.open(t, "bert", 1, last)
	if n, wake, err := r.take(t); n != 0 || wake == nil || err != nil {
		t.Errorf("behind the last message: %d messages, %v", n, err)
	}
}

func TestAFrameIsTheProtocols(t *testing.T) {
	w := newWorld(t)
	c := w.hub.Open(room.NewActor("bert", ""), topic, 1, 0)
	defer c.Close()
	first, reply := w.event("bert", "Grüße"), w.event("carla", "")
	for i := range first.Salt {
		first.Salt[i] = byte(i)
	}
	reply.Ref = 1
	w.append(first)
	w.append(reply)
	const want = "MESSAGE 7 1 bert 1767225600000 text - AAECAwQFBgcICQoL\nGrüße" +
		"MESSAGE 0 2 carla 1767225600000 text 1 AAAAAAAAAAAAAAAA\n"
	live, _, err := c.Next(t.Context())
	if err != nil || string(live) != want {
		t.Errorf("live: %q, %v; want %q", live, err, want)
	}
	c.Close()

	again := w.hub.Open(room.NewActor("bert", ""), topic, 1, 0) // the topic is live anew, and keeps nothing yet
	defer again.Close()
	kept, _, err := again.Next(t.Context())
	if err != nil || string(kept) != want {
		t.Errorf("from the store: %q, %v; want %q", kept, err, want)
	}
}

func TestACursorBeginsWhereTheRightBegins(t *testing.T) {
	w := newWorld(t)
	w.post(9, 10)
	r := w.open(t, "bert", 5, 0)
	r.readTo(t, 9) // and readTo has seen that the first was 5
	if r := w.open(t, "bert", 5, 7); r.last != 7 {
		t.Errorf("a place behind the right's beginning became %d", r.last)
	} else {
		r.readTo(t, 9)
	}
}

func TestALiveReaderNeedsNoStore(t *testing.T) {
	w := newWorld(t)
	w.post(3, 10)
	r := w.open(t, "bert", 1, 0)
	r.readTo(t, 3)
	pages := w.store.pages.Load()
	for n := int64(4); n < 100; n++ {
		w.post(1, 100)
		r.readTo(t, n)
	}
	if more := w.store.pages.Load() - pages; more != 0 {
		t.Errorf("%d pages were read from the store", more)
	}
}

func TestAReaderThatFallsOutOfTheChunksComesBack(t *testing.T) {
	w := newWorld(t)
	slow := w.open(t, "bert", 1, 0)
	w.post(1, 10)
	slow.readTo(t, 1)

	const last = 101
	w.post(last-1, 30_000) // about 3 MB, three times what is kept
	pages := w.store.pages.Load()
	slow.readTo(t, last)
	read := w.store.pages.Load() - pages
	if read == 0 {
		t.Error("the store was not read, so this test shows nothing")
	}
	if read > 40 {
		t.Errorf("%d pages of 64 KiB were read for 3 MB of which one was kept", read)
	}

	pages = w.store.pages.Load()
	w.post(5, 10)
	slow.readTo(t, last+5)
	if more := w.store.pages.Load() - pages; more != 0 {
		t.Errorf("it did not come back: %d more pages were read from the store", more)
	}
}

func TestNextGivesAPieceAtATime(t *testing.T) {
	for _, c := range []struct {
		what      string
		n, octets int
	}{
		{"many small messages", 900, 200},
		{"large ones", 12, room.MaxText},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			w.post(c.n, c.octets)
			pieces := 0
			for r := w.open(t, "bert", 1, 0); r.last < int64(c.n); pieces++ {
				octets, wake, err := r.Next(t.Context())
				if err != nil || wake != nil {
					t.Fatalf("after %d: wake %v, %v", r.last, wake, err)
				}
				got := seqs(t, octets)
				if len(octets) > 64<<10 && len(got) > 1 {
					t.Errorf("a piece of %d messages has %d octets", len(got), len(octets))
				}
				for _, seq := range got {
					if seq != r.last+1 {
						t.Errorf("after %d came %d", r.last, seq)
					}
					r.last = seq
				}
			}
			if total := c.n * c.octets; pieces > 2*total/(64<<10)+4 {
				t.Errorf("%d octets came in %d pieces", total, pieces)
			}
		})
	}
}

// What a reader holds is being sent while more is posted.
func TestWhatWasGivenDoesNotChange(t *testing.T) {
	w := newWorld(t)
	c := w.hub.Open(room.NewActor("bert", ""), topic, 1, 0)
	defer c.Close()
	w.post(3, 100)
	octets, _, err := c.Next(t.Context())
	if err != nil || len(octets) == 0 {
		t.Fatalf("%d octets, %v", len(octets), err)
	}
	before := bytes.Clone(octets)
	w.post(200, 1000)
	if !bytes.Equal(before, octets) {
		t.Error("it changed")
	}
}

func TestTheEndOfARightEndsTheCursor(t *testing.T) {
	narrow := func(members ...string) room.Event {
		return room.TopicChanged{Stamp: by("anna"), ID: topic, Narrowed: ptr(true), Members: members}
	}
	for _, c := range []struct {
		what   string
		user   string
		before []room.Event // which leave the right as it is
		ends   []room.Event
	}{
		{"removed from the deal", "bert", nil, []room.Event{room.MemberRemoved{Stamp: by("anna"), Deal: deal, User: "bert"}}},
		{"deactivated", "bert", nil, []room.Event{room.UserChanged{Stamp: by("anna"), Name: "bert", Active: ptr(false)}}},
		{"an admin no more", "zoe", nil, []room.Event{room.UserChanged{Stamp: by("anna"), Name: "zoe", Role: ptr(room.Member)}}},
		{"an admin no more, in a narrowed topic", "zoe",
			[]room.Event{room.MemberAdded{Stamp: by("anna"), Deal: deal, User: "zoe"}, narrow("carla")},
			[]room.Event{room.UserChanged{Stamp: by("anna"), Name: "zoe", Role: ptr(room.Observer)}}},
		{"an admin no more, by the company's word", "zoe", []room.Event{company}, []room.Event{vouched("zoe", room.Member)}},
		{"removed and back, but for later messages only", "bert", nil, []room.Event{
			room.MemberRemoved{Stamp: by("anna"), Deal: deal, User: "bert"},
			room.MemberAdded{Stamp: by("anna"), Deal: deal, User: "bert"},
		}},
		{"the topic narrowed to others", "bert", nil, []room.Event{narrow("carla")}},
		{"narrowed again, to others", "bert", []room.Event{narrow("bert", "carla")}, []room.Event{narrow("carla")}},
		{"removed from the narrowed topic", "bert", []room.Event{narrow("bert", "carla")},
			[]room.Event{room.TopicMemberRemoved{Stamp: by("anna"), Topic: topic, User: "bert"}}},
		{"removed from the narrowed topic's deal", "bert", []room.Event{narrow("bert", "carla")},
			[]room.Event{room.MemberRemoved{Stamp: by("anna"), Deal: deal, User: "bert"}}},
		{"reading the deal from now on", "bert", nil,
			[]room.Event{room.MemberMoved{Stamp: by("anna"), Deal: deal, User: "bert", History: room.HistoryJoined}}},
		{"reading the topic from later on", "bert", nil, []room.Event{room.ReaderMoved{Stamp: by("anna"), Topic: topic, User: "bert", Seq: 2}}},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			w.append(room.UserAdded{Stamp: by("anna"), Name: "zoe", Display: "Zoe", Role: room.Admin})
			w.post(2, 10)
			r, other := w.open(t, c.user, 1, 0), w.open(t, "carla", 1, 0)
			var stale, othersStale atomic.Int64
			r.WhenStale(func() { stale.Add(1) })
			other.WhenStale(func() { othersStale.Add(1) })
			r.readTo(t, 2)
			for _, ev := range c.before {
				w.append(ev)
			}
			var wake <-chan struct{}
			for wake == nil {
				var err error
				if _, wake, err = r.take(t); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Check(); err != nil || stale.Load() != 0 {
				t.Fatalf("before: %v; it was told %d times to stop", err, stale.Load())
			}
			for _, ev := range c.ends {
				w.append(ev)
			}
			wait(t, wake) // without a new message
			if err := r.Check(); !errors.Is(err, room.ErrNotFound) || stale.Load() == 0 {
				t.Errorf("afterwards: %v; it was told %d times to stop", err, stale.Load())
			}
			if othersStale.Load() != 0 {
				t.Error("others were told to stop")
			}
			w.append(w.event("carla", "not for you"))
			if n, _, err := r.take(t); !errors.Is(err, room.ErrNotFound) {
				t.Errorf("got %d messages, %v", n, err)
			}
			other.readTo(t, 3)
		})
	}
}

func TestARightThatBeginsEarlierDoesNotEndTheCursor(t *testing.T) {
	w := newWorld(t)
	w.post(3, 10)
	w.append(room.MemberAdded{Stamp: by("anna"), Deal: deal, User: "otto"})
	from, _ := w.store.State().ReadsFrom("otto", topic)
	r := w.open(t, "otto", from, 0)
	w.append(room.DealChanged{Stamp: by("anna"), ID: deal, History: ptr(room.HistoryAll)})
	w.append(room.MemberRemoved{Stamp: by("anna"), Deal: deal, User: "otto"})
	w.append(room.MemberAdded{Stamp: by("anna"), Deal: deal, User: "otto"})
	w.post(2, 10)
	r.readTo(t, 5)
}

// The right ends and something is posted at the worst moment: just when the
// cursor has looked at its right.
func TestNothingIsGivenThatWasPostedAfterTheRightEnded(t *testing.T) {
	for _, c := range []struct {
		what string
		live bool
	}{{"live", true}, {"from the store", false}} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			if !c.live {
				w.post(1, 10) // is in the store only, since nobody read
			}
			r := w.open(t, "bert", 1, 0)
			end := func() {
				w.append(room.MemberRemoved{Stamp: by("anna"), Deal: deal, User: "bert"})
				w.append(w.event("carla", "not for you"))
			}
			w.store.afterState.Store(&end)
			for range 3 {
				octets, _, err := r.Next(t.Context())
				if bytes.Contains(octets, []byte("not for you")) {
					t.Fatal("it was given")
				}
				if errors.Is(err, room.ErrNotFound) {
					return
				}
			}
			t.Error("the cursor did not end")
		})
	}
}

// The database has a commit a moment before the State shows it.
func TestWhatIsNotPublishedIsNotGiven(t *testing.T) {
	w := newWorld(t)
	w.post(1, 10) // is in the store only, since nobody read
	r := w.open(t, "bert", 1, 0)
	w.store.old.Store(w.store.State())
	batch := []room.Event{
		room.MemberRemoved{Stamp: by("anna"), Deal: deal, User: "bert"},
		w.event("carla", "not for you"),
	}
	outcomes, err := w.store.Commit(t.Context(), batch, w.store.Position()+2)
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := r.take(t); n != 1 || err != nil {
		t.Errorf("before it was published: %d messages, %v; want the old one", n, err)
	}
	w.store.old.Store(nil)
	w.hub.Publish(batch, outcomes)
	if n, _, err := r.take(t); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("afterwards: %d messages, %v", n, err)
	}
}

// A batch that the store reported as failed may have been kept all the same.
// Tried again, it adds nothing, but its messages are news to the readers.
func TestAPostThatWasKeptUnnoticedIsGiven(t *testing.T) {
	w := newWorld(t)
	w.post(1, 10)
	r := w.open(t, "bert", 1, 0) // now, so that nothing wakes it but what follows
	r.readTo(t, 1)
	commit := func(batch []room.Event, position int64) []room.Outcome {
		t.Helper()
		outcomes, err := w.store.Commit(t.Context(), batch, position)
		if err != nil {
			t.Fatal(err)
		}
		return outcomes
	}
	for kept := int64(2); kept < 6; kept += 2 {
		_, wake, err := r.take(t)
		if err != nil {
			t.Fatal(err)
		}
		batch := []room.Event{w.event("carla", "kept")}
		commit(batch, w.store.Position()+1)
		again := commit(batch, w.store.Position())
		if again[0].Message != nil || again[0].Seq != kept {
			t.Fatalf("the same batch again: %+v", again)
		}
		w.hub.Publish(batch, again)
		wait(t, wake)
		r.readTo(t, kept)

		next := []room.Event{w.event("carla", "the next one")}
		w.hub.Publish(next, commit(next, w.store.Position()+1))
		r.readTo(t, kept+1)
	}
	for seq := range int64(5) {
		w.open(t, "bert", 1, seq).readTo(t, 5)
	}
}

func TestATopicThatNobodyReadsKeepsNoGoroutine(t *testing.T) {
	w := newWorld(t)
	before := goleak.IgnoreCurrent()
	var cursors []interface{ Close() }
	for range 3 {
		cursors = append(cursors, w.hub.Open(room.NewActor("bert", ""), topic, 1, 0), w.hub.Open(room.NewActor("bert", ""), otherTopic, 1, 0))
	}
	for _, c := range cursors {
		c.Close()
	}
	goleak.VerifyNone(t, before)
}

func TestCursorsMayBeClosedAfterTheHub(t *testing.T) {
	w := newWorld(t)
	w.post(1, 10)
	c := w.hub.Open(room.NewActor("bert", ""), topic, 1, 0)
	w.stop()
	if octets, _, err := c.Next(t.Context()); err != nil || !slices.Equal(seqs(t, octets), []int64{1}) {
		t.Errorf("%q, %v", octets, err)
	}
	c.Close()
}

func TestAStoreThatCanNotBeReadIsNoEndOfTheRight(t *testing.T) {
	w := newWorld(t)
	w.post(1, 10)
	c := w.hub.Open(room.NewActor("bert", ""), topic, 1, 0)
	defer c.Close()
	w.journal.Close()
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Next(t.Context()); err == nil || errors.Is(err, room.ErrNotFound) || !strings.Contains(fmt.Sprint(err), topic) {
		t.Errorf("got %v", err)
	}
}
