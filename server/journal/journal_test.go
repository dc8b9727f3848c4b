package journal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/journal"
	"redroom/server/room"
)

// disk is a committer that can be slow and can fail. It is the publisher too,
// and notes in one list what happens in which order.
type disk struct {
	mu        sync.Mutex
	position  int64
	committed [][]string // ids, by batch
	published [][]string
	tries     []try
	failAfter int           // so many commits from now on, which go through,
	fails     int           // so many fail
	held      chan struct{} // if not nil, commits wait until it is closed
}

type try struct {
	at       time.Time
	ids      []string
	position int64
}

var errDisk = errors.New("the disk is full")

func (d *disk) Position() int64 { return d.position }

func (d *disk) Commit(_ context.Context, batch []room.Event, position int64) ([]room.Outcome, error) {
	d.mu.Lock()
	held := d.held
	d.mu.Unlock()
	if held != nil {
		<-held
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tries = append(d.tries, try{time.Now(), ids(batch), position})
	switch {
	case d.failAfter > 0:
		d.failAfter--
	case d.fails > 0:
		d.fails--
		return nil, errDisk
	}
	d.position = position
	d.committed = append(d.committed, ids(batch))
	outcomes := make([]room.Outcome, len(batch))
	for i, ev := range batch {
		if post, ok := ev.(room.MessagePosted); ok && post.Topic == "closed" {
			outcomes[i].Err = room.ErrTopicClosed
			continue
		}
		outcomes[i].Seq = position - int64(len(batch)-1-i)
	}
	return outcomes, nil
}

func (d *disk) Publish(batch []room.Event, outcomes []room.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.published = append(d.published, ids(batch))
}

// kept are the ids of all that was committed, given of all that was published.
func (d *disk) kept() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Concat(d.committed...)
}

func (d *disk) given() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Concat(d.published...)
}

// hold keeps commits waiting until what it gives is called.
func (d *disk) hold() (release func()) {
	held := make(chan struct{})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = held
	return func() {
		d.mu.Lock()
		d.held = nil
		d.mu.Unlock()
		close(held)
	}
}

func ids(batch []room.Event) (all []string) {
	for _, ev := range batch {
		switch ev := ev.(type) {
		case room.MessagePosted:
			all = append(all, ev.ID)
		case room.Noted:
			if ev.Action == room.ActionNotesLost {
				all = append(all, lostNotes(ev.Count, ev.At))
			} else {
				all = append(all, ev.Topic)
			}
		}
	}
	return all
}

// lostNotes is the id of the row that says how many notes were lost, the last at
// a time.
func lostNotes(count, at int64) string { return fmt.Sprintf("%d lost, the last at %d", count, at) }

func post(i int) room.MessagePosted {
	return room.MessagePosted{ID: strconv.Itoa(i), Topic: "open"}
}

func start(d *disk) *journal.Journal {
	return journal.New(d, d, slog.New(slog.DiscardHandler))
}

// answers collects what Submit calls back, by event.
type answers struct {
	mu   sync.Mutex
	got  map[string][]error
	seqs map[string]int64
}

func (a *answers) to(id string) func(room.Outcome, error) {
	return func(o room.Outcome, err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.got == nil {
			a.got, a.seqs = make(map[string][]error), make(map[string]int64)
		}
		if err == nil {
			err = o.Err
		}
		a.got[id] = append(a.got[id], err)
		a.seqs[id] = o.Seq
	}
}

// submit puts posts in order, from the first to before the last.
func submit(t *testing.T, j *journal.Journal, a *answers, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := j.Submit(t.Context(), post(i), a.to(strconv.Itoa(i))); err != nil {
			t.Fatalf("submitting %d: %v", i, err)
		}
	}
}

// pass lets time go by and everything happen that is due by then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func numbers(n int) (all []string) {
	for i := range n {
		all = append(all, strconv.Itoa(i))
	}
	return all
}

func TestEventsAreCommittedAndPublishedInTheOrderOfSubmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3000 // more than the queue holds
		d := &disk{position: 100}
		j := start(d)
		var a answers
		submit(t, j, &a, 0, n)
		j.Close()

		if got := d.kept(); !slices.Equal(got, numbers(n)) {
			t.Errorf("committed %d events, not all %d in order", len(got), n)
		}
		if !slices.EqualFunc(d.published, d.committed, slices.Equal) {
			t.Error("what was published is not what was committed")
		}
		for i, id := range numbers(n) {
			if got := a.got[id]; len(got) != 1 || got[0] != nil {
				t.Fatalf("event %s was answered %v", id, got)
			}
			if want := int64(101 + i); a.seqs[id] != want {
				t.Fatalf("event %s has the position %d, want %d", id, a.seqs[id], want)
			}
		}
		if d.position != 100+n {
			t.Errorf("the last position is %d", d.position)
		}
	})
}

func TestAnIdleJournalCommitsAtOnceAndABusyOneInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		began := time.Now()
		var a answers
		release := d.hold()
		submit(t, j, &a, 0, 1)
		synctest.Wait() // the applier is in the commit
		submit(t, j, &a, 1, 1001)
		release()
		synctest.Wait()
		var sizes []int
		for _, batch := range d.committed {
			sizes = append(sizes, len(batch))
		}
		if !slices.Equal(sizes, []int{1, 512, 488}) {
			t.Errorf("the batches have %v events", sizes)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("something waited for %v", waited)
		}
	})
}

func TestABatchIsBoundedInOctets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		var a answers
		release := d.hold()
		submit(t, j, &a, 0, 1)
		synctest.Wait()
		body := make([]byte, room.MaxText)
		for i := 1; i <= 200; i++ {
			ev := post(i)
			ev.Body = body
			if err := j.Submit(t.Context(), ev, a.to(ev.ID)); err != nil {
				t.Fatal(err)
			}
		}
		release()
		synctest.Wait()
		if got := len(d.kept()); got != 201 {
			t.Fatalf("%d events were committed", got)
		}
		for _, batch := range d.committed {
			if octets := len(batch) * len(body); octets > 4<<20+2*len(body) {
				t.Errorf("a batch has %d octets", octets)
			}
		}
	})
}

func TestThoseWhoWaitAreToldAfterItWasPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		told := false
		err := j.Submit(t.Context(), post(0), func(room.Outcome, error) {
			told = true
			if len(d.committed) != 1 || len(d.published) != 1 {
				t.Errorf("told after %d commits and %d publications", len(d.committed), len(d.published))
			}
		})
		synctest.Wait()
		if err != nil || !told {
			t.Errorf("told: %t, %v", told, err)
		}
	})
}

func TestARefusalIsAnAnswerAndTheLogGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		if _, err := j.Append(t.Context(), room.MessagePosted{ID: "0", Topic: "closed"}); !errors.Is(err, room.ErrTopicClosed) {
			t.Errorf("got %v, want %v", err, room.ErrTopicClosed)
		}
		if err := j.Ready(); err != nil {
			t.Errorf("after a refusal the journal is not ready: %v", err)
		}
		if o, err := j.Append(t.Context(), post(1)); err != nil || o.Seq != 2 {
			t.Errorf("the next one: %+v, %v", o, err)
		}
	})
}

func TestAFailedBatchIsTriedAgainWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{fails: 9}
		j := start(d)
		defer j.Close()
		var a answers
		submit(t, j, &a, 0, 1)
		synctest.Wait()

		if err := j.Ready(); !errors.Is(err, errDisk) {
			t.Errorf("Ready says %v", err)
		}
		if got := a.got["0"]; len(got) != 1 || !errors.Is(got[0], room.ErrUnavailable) {
			t.Errorf("who waits is told %v", got)
		}
		if err := j.Submit(t.Context(), post(1), a.to("1")); !errors.Is(err, room.ErrUnavailable) || a.got["1"] != nil {
			t.Errorf("who comes is told %v, and answered %v", err, a.got["1"])
		}
		if len(d.given()) != 0 {
			t.Error("something was published")
		}

		pass(time.Minute)
		var pauses []time.Duration
		for i, try := range d.tries {
			if !slices.Equal(try.ids, []string{"0"}) || try.position != 1 {
				t.Errorf("try %d was of %v at %d", i, try.ids, try.position)
			}
			if i > 0 {
				pauses = append(pauses, try.at.Sub(d.tries[i-1].at))
			}
		}
		const ms = time.Millisecond
		if want := []time.Duration{50 * ms, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 5000 * ms, 5000 * ms}; !slices.Equal(pauses, want) {
			t.Errorf("the pauses are %v, want %v", pauses, want)
		}
		if !slices.Equal(d.given(), []string{"0"}) {
			t.Errorf("published %v", d.published)
		}
		if got := a.got["0"]; len(got) != 1 {
			t.Errorf("it was answered %d times", len(got))
		}
		if err := j.Ready(); err != nil {
			t.Errorf("Ready says %v", err)
		}
		if o, err := j.Append(t.Context(), post(2)); err != nil || o.Seq != 2 {
			t.Errorf("the next one: %+v, %v", o, err)
		}
	})
}

func TestWhatWaitsInTheQueueWhenACommitFailsIsToldToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{fails: 1}
		j := start(d)
		defer j.Close()
		var a answers
		release := d.hold()
		submit(t, j, &a, 0, 1)
		synctest.Wait()
		submit(t, j, &a, 1, 4)
		release()
		pass(time.Second)
		for _, id := range numbers(4) {
			if got := a.got[id]; len(got) != 1 || !errors.Is(got[0], room.ErrUnavailable) {
				t.Errorf("event %s was answered %v", id, got)
			}
		}
		if got := d.kept(); !slices.Equal(got, []string{"0"}) {
			t.Errorf("committed %v", got)
		}
	})
}

func TestAFullQueueHoldsUpSubmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		var a answers
		release := d.hold()
		submit(t, j, &a, 0, 1)
		synctest.Wait()
		submit(t, j, &a, 1, 1025) // the queue is full

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := j.Submit(ctx, post(2000), a.to("2000")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one more: %v", err)
		}
		var last error
		entered := make(chan struct{})
		go func() {
			defer close(entered)
			last = j.Submit(t.Context(), post(1025), a.to("1025"))
		}()
		synctest.Wait()
		release()
		<-entered
		synctest.Wait()
		if last != nil {
			t.Errorf("the one that waited: %v", last)
		}
		if got := d.kept(); !slices.Equal(got, numbers(1026)) {
			t.Errorf("%d events were committed, not 1026 in order", len(got))
		}
		if got := a.got["2000"]; got != nil {
			t.Errorf("what Submit refused was answered %v", got)
		}
	})
}

// TestTheQueueIsBoundedInOctets fills it by the size of its events rather than
// by their number, again after a failure too.
func TestTheQueueIsBoundedInOctets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		var a answers
		large := post(0)
		large.Body = make([]byte, room.MaxReport)
		fits := 32 << 20 / len(large.Body)
		for range 3 {
			release := d.hold()
			for range fits {
				if err := j.Submit(t.Context(), large, func(room.Outcome, error) {}); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := j.Submit(ctx, large, a.to("large")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("beside 32 MiB, one more: %v", err)
			}
			cancel()
			d.mu.Lock()
			d.fails = 1
			d.mu.Unlock()
			release()
			time.Sleep(time.Minute) // on the fake clock
		}
		if _, err := j.Append(t.Context(), post(2)); err != nil {
			t.Errorf("when there is room again: %v", err)
		}
	})
}

func TestWhoStopsWaitingDoesNotStopTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		defer j.Close()
		release := d.hold()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := j.Append(ctx, post(0)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		release()
		synctest.Wait()
		if got := d.given(); !slices.Equal(got, []string{"0"}) {
			t.Errorf("published %v", got)
		}
	})
}

func TestCloseDoesWhatCameBeforeAndRefusesWhatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := start(d)
		var a answers
		release := d.hold()
		submit(t, j, &a, 0, 900)
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			j.Close()
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait")
		default:
		}
		if err := j.Submit(t.Context(), post(900), a.to("900")); !errors.Is(err, room.ErrUnavailable) {
			t.Errorf("what comes later: %v", err)
		}
		if err := j.Ready(); !errors.Is(err, room.ErrUnavailable) {
			t.Errorf("Ready says %v", err)
		}
		release()
		<-closed
		if got := d.given(); !slices.Equal(got, numbers(900)) {
			t.Errorf("%d events were published, not 900 in order", len(got))
		}
		for _, id := range numbers(900) {
			if got := a.got[id]; len(got) != 1 || got[0] != nil {
				t.Fatalf("event %s was answered %v", id, got)
			}
		}
		j.Close() // once more does no harm
	})
}

func TestCloseTriesAFailingBatchOnceMoreOnly(t *testing.T) {
	for _, c := range []struct {
		what  string
		fails int
		want  []string // published
	}{
		{"the disk is well again", 1, []string{"0"}},
		{"it is not", 100, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &disk{fails: c.fails}
				j := start(d)
				var a answers
				submit(t, j, &a, 0, 1)
				synctest.Wait()
				began := time.Now()
				j.Close()
				if waited := time.Since(began); waited != 0 {
					t.Errorf("Close took %v", waited)
				}
				if len(d.tries) != 2 {
					t.Errorf("there were %d tries", len(d.tries))
				}
				if got := d.given(); !slices.Equal(got, c.want) {
					t.Errorf("published %v, want %v", got, c.want)
				}
				if got := a.got["0"]; len(got) != 1 || !errors.Is(got[0], room.ErrUnavailable) {
					t.Errorf("it was answered %v", got)
				}
			})
		})
	}
}

// Whoever submits while the journal closes is either served or refused, and
// never both or left alone.
func TestClosingUnderLoadAnswersEverybodyOnce(t *testing.T) {
	d := new(disk)
	j := start(d)
	var a answers
	var writers sync.WaitGroup
	accepted := make([][]string, 8)
	for w := range accepted {
		writers.Go(func() {
			for i := 0; ; i++ {
				id := strconv.Itoa(w) + "-" + strconv.Itoa(i)
				if err := j.Submit(context.Background(), room.MessagePosted{ID: id}, a.to(id)); err != nil {
					return
				}
				accepted[w] = append(accepted[w], id)
				if w == 0 && i == 500 {
					go j.Close()
				}
			}
		})
	}
	writers.Wait()
	j.Close()
	committed := make(map[string]bool)
	for _, id := range d.kept() {
		committed[id] = true
	}
	for _, id := range slices.Concat(accepted...) {
		if got := a.got[id]; len(got) != 1 || got[0] != nil || !committed[id] {
			t.Fatalf("event %s was answered %v, committed: %t", id, got, committed[id])
		}
	}
}
