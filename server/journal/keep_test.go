package journal_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/journal"
	"redroom/server/room"
)

// note is one that tells which it is by its topic; see ids.
func note(i int) room.Noted {
	return room.Noted{Stamp: room.Stamp{At: int64(i)}, Action: room.ActionTopicOpened, Topic: noted(i)}
}

func noted(i int) string { return "note-" + strconv.Itoa(i) }

func notes(from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, noted(i))
	}
	return all
}

func TestWhatIsKeptComesBeforeWhatIsSubmittedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		var a answers
		release := d.hold()
		submit(t, j, &a, 0, 1)
		synctest.Wait() // the applier is in the commit
		var order []string
		for i := range 1500 { // some batches
			if i%3 == 0 {
				j.Keep(note(i))
				order = append(order, noted(i))
			}
			if i%2 == 0 {
				id := "post-" + strconv.Itoa(i)
				if err := j.Submit(t.Context(), room.MessagePosted{ID: id}, a.to(id)); err != nil {
					t.Fatal(err)
				}
				order = append(order, id)
			}
		}
		release()
		j.Close()
		at := make(map[string]int)
		for i, id := range d.kept() {
			at[id] = i + 1
		}
		last := 0 // of the notes before
		for _, id := range order {
			if at[id] == 0 {
				t.Fatalf("%s was not committed", id)
			}
			if at[id] < last {
				t.Fatalf("%s was committed before a note that was kept before it", id)
			}
			if strings.HasPrefix(id, "note") {
				last = at[id]
			}
		}
		if got := d.given(); len(got) != len(order)+1 {
			t.Errorf("%d of %d events were published", len(got), len(order)+1)
		}
	})
}

func TestAnIdleJournalWritesWhatIsKeptAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		for i := range 3 {
			j.Keep(note(i))
			synctest.Wait()
		}
		if got := d.given(); !slices.Equal(got, notes(0, 3)) {
			t.Errorf("published %v", got)
		}
	})
}

func TestKeepNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		var a answers
		release := d.hold()
		defer release()
		submit(t, j, &a, 0, 1)
		synctest.Wait()
		submit(t, j, &a, 1, 1025) // the queue is full
		began := time.Now()
		for i := range 20_000 {
			j.Keep(note(i))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// TestWhatIsKeptWhileTheDiskIsFullIsWrittenFirst has what fits in memory be
// written in its order, how many did not, and only then what is submitted.
func TestWhatIsKeptWhileTheDiskIsFullIsWrittenFirst(t *testing.T) {
	for _, c := range []struct {
		kept, lost int
	}{{0, 0}, {1, 0}, {2000, 0}, {10_000, 0}, {10_000, 1}, {10_000, 2345}} {
		t.Run(strconv.Itoa(c.kept+c.lost), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &disk{fails: 5}
				j := start(d)
				defer j.Close()
				var a answers
				submit(t, j, &a, 0, 1)
				synctest.Wait() // it has failed
				for i := range c.kept + c.lost {
					j.Keep(note(i))
				}
				if len(d.given()) != 0 {
					t.Error("something was published")
				}
				for j.Ready() != nil {
					time.Sleep(time.Millisecond)
				}
				if _, err := j.Append(t.Context(), post(1)); err != nil {
					t.Fatal(err)
				}
				want := append([]string{"0"}, notes(0, c.kept)...)
				if c.lost > 0 {
					want = append(want, lostNotes(int64(c.lost), int64(c.kept+c.lost-1)))
				}
				want = append(want, "1")
				if got := d.given(); !slices.Equal(got, want) {
					t.Errorf("published %d events, which end with %v; want %d with %v", len(got), got[max(0, len(got)-3):], len(want), want[max(0, len(want)-3):])
				}
				if got := a.got["0"]; len(got) != 1 {
					t.Errorf("who waited was answered %d times", len(got))
				}
			})
		})
	}
}

// TestNotesThatFailTakePlacesUntilTheyAreWritten breaks the disk while notes are
// being written: they count as waiting still.
func TestNotesThatFailTakePlacesUntilTheyAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{fails: 1}
		j := start(d)
		defer j.Close()
		j.Keep(note(0))
		synctest.Wait()
		for i := 1; i < 4000; i++ {
			j.Keep(note(i))
		}
		d.mu.Lock()
		d.failAfter, d.fails = 1, 1 // the first note goes through, and the batch after it doesn't
		d.mu.Unlock()
		pass(60 * time.Millisecond)
		if got := len(d.given()); got != 1 || j.Ready() == nil {
			t.Fatalf("%d notes were published, and the journal is ready: %v", got, j.Ready())
		}
		for i := 4000; i < 12_000; i++ {
			j.Keep(note(i))
		}
		pass(time.Minute)
		want := append(notes(0, 10_001), lostNotes(1999, 11_999))
		if got := d.given(); !slices.Equal(got, want) {
			t.Errorf("published %d events, which end with %v", len(got), got[len(got)-2:])
		}
		j.Keep(note(12_000))
		synctest.Wait()
		if got := d.given(); got[len(got)-1] != noted(12_000) {
			t.Errorf("after it comes %s", got[len(got)-1])
		}
	})
}

func TestWhatWaitsBehindNotesThatFailIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		var a answers
		release := d.hold()
		submit(t, j, &a, 0, 1)
		synctest.Wait()
		for i := range 1000 { // two batches, before the posts
			j.Keep(note(i))
		}
		submit(t, j, &a, 1, 5)
		d.mu.Lock()
		d.failAfter, d.fails = 1, 1
		d.mu.Unlock()
		release()
		pass(time.Minute)
		for _, id := range numbers(5)[1:] {
			if got := a.got[id]; len(got) != 1 || got[0] != room.ErrUnavailable {
				t.Errorf("post %s was answered %v", id, got)
			}
		}
		if got, want := d.given(), append([]string{"0"}, notes(0, 1000)...); !slices.Equal(got, want) {
			t.Errorf("published %d events, want %d", len(got), len(want))
		}
	})
}

func TestCloseWritesWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		release := d.hold()
		for i := range 2000 {
			j.Keep(note(i))
		}
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			j.Close()
		}()
		synctest.Wait()
		j.Keep(note(2000)) // the applier is there still
		release()
		<-closed
		if got := d.given(); !slices.Equal(got, notes(0, 2001)) {
			t.Errorf("%d events were published", len(got))
		}
	})
}

// TestWhatIsLostAtTheEndIsLogged shows the number that the log tells.
func TestWhatIsLostAtTheEndIsLogged(t *testing.T) {
	for _, c := range []struct {
		what  string
		notes int
		fails int
		want  string
	}{
		{"the disk is well", 100, 0, ""},
		{"it is not", 100, 1 << 30, "notes=100"},
		{"it is not, and some were lost before", 12_000, 1 << 30, "notes=12000"},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said bytes.Buffer
				d := &disk{fails: c.fails}
				j := journal.New(d, d, slog.New(slog.NewTextHandler(&said, nil)))
				for i := range c.notes {
					j.Keep(note(i))
				}
				synctest.Wait()
				j.Close()
				if got := strings.Contains(said.String(), "are lost"); got != (c.want != "") || !strings.Contains(said.String(), c.want) {
					t.Errorf("the log says %s", said.String())
				}
				said.Reset()
				j.Keep(note(0))
				if !strings.Contains(said.String(), "lost") {
					t.Errorf("of a note that comes later the log says %q", said.String())
				}
			})
		})
	}
}

// Whoever keeps something while others submit and the disk fails now and then
// finds all of it committed, once.
func TestKeepingUnderLoad(t *testing.T) {
	d := new(disk)
	j := start(d)
	var a answers
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 500 {
				j.Keep(note(w*500 + i))
			}
		})
		all.Go(func() {
			for i := range 500 {
				id := strconv.Itoa(w*500 + i)
				if j.Submit(t.Context(), room.MessagePosted{ID: id}, a.to(id)) != nil && i%100 == 0 {
					time.Sleep(time.Millisecond)
				}
				if i%100 == 0 {
					d.mu.Lock()
					d.fails = 1
					d.mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	d.mu.Lock()
	d.fails = 0
	d.mu.Unlock()
	j.Close()
	var got []string
	for _, id := range d.kept() {
		if strings.HasPrefix(id, "note") {
			got = append(got, id)
		}
	}
	want := notes(0, 2000)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d notes were committed, want each of %d once", len(got), len(want))
	}
}
