package store_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
	"redroom/store"
)

// followed is a store behind which the index follows, until the test ends or stop
// is called.
func followed(t testing.TB, s *store.Store) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Follow(ctx, func(err error) { t.Error(err) })
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// findsAll is how many messages of the fixture's topics have a word.
func findsAll(t testing.TB, s *store.Store, word string) int {
	t.Helper()
	return len(search(t, s, room.Search{Terms: []room.Term{{Text: word}}, Limit: 1 << 30}).Hits)
}

func TestTheIndexFollowsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := furnished(t, dir)
		applied(t, s, text("bert", topicOne, "before", "the first word"))
		stop := followed(t, s)
		until(t, "what was there", func() bool { return findsAll(t, s, "word") == 1 })
		applied(t, s, text("bert", topicTwo, "meanwhile", "another word"))
		until(t, "what came meanwhile", func() bool { return findsAll(t, s, "word") == 2 })
		time.Sleep(time.Hour) // by this clock: until it has nothing to do any more, and waits
		applied(t, s, text("bert", topicTwo, "later", "a third word"))
		until(t, "what came later", func() bool { return findsAll(t, s, "word") == 3 })
		applied(t, s, speaking(room.Redact, 1, "bert", "gone", ""))
		if got := findsAll(t, s, "word"); got != 2 {
			t.Errorf("right after one was redacted, %d are found", got)
		}
		stop()
		applied(t, s, text("bert", topicOne, "afterwards", "the last word"))
		s = reopened(t, s, dir)
		followed(t, s)
		until(t, "what nobody was there for", func() bool { return findsAll(t, s, "word") == 3 })
	})
}

// TestAStoreIsClosedWhileTheIndexFollows has Close in the middle of a long way.
func TestAStoreIsClosedWhileTheIndexFollows(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	many(t, s, 3000)
	followed(t, s)
	until(t, "the beginning", func() bool { return findsAll(t, s, "word") > 0 })
	closeStore(t, s)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "redroom.db-") {
			t.Errorf("%s is left", e.Name())
		}
	}
	s = open(t, dir)
	followed(t, s)
	until(t, "the rest", func() bool { return findsAll(t, s, "word") == 3000 })
	integrity(t, dir)
}

func many(t testing.TB, s *store.Store, count int) {
	t.Helper()
	for range count / 500 {
		var batch []room.Event
		for range 500 {
			batch = append(batch, text("bert", topicOne, room.NewID(), "a word of many"))
		}
		applied(t, s, batch...)
	}
}

// TestTheIndexOfACrashGoesOnWhereItWas copies the files while the index follows.
func TestTheIndexOfACrashGoesOnWhereItWas(t *testing.T) {
	dir, crashed := t.TempDir(), t.TempDir()
	s := furnished(t, dir)
	many(t, s, 1000)
	applied(t, s, speaking(room.Edit, 3, "bert", "edit", "an edited word"), speaking(room.Redact, 5, "bert", "redaction", ""))
	stop := followed(t, s)
	until(t, "a part", func() bool { return findsAll(t, s, "word") > 0 })
	stop() // in the middle, or at the end
	for _, name := range []string{"redroom.db", "redroom.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(crashed, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := caughtUp(t, open(t, crashed))
	if got := findsAll(t, again, "word"); got != 999 {
		t.Errorf("%d are found, want 999", got)
	}
	if got := findsAll(t, again, "edited"); got != 1 {
		t.Errorf("of the edit %d are found", got)
	}
	integrity(t, crashed)
}

// TestABackupHasItsIndex, an older store gets one, and verify finds both whole.
func TestABackupHasItsIndex(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	many(t, s, 1000)
	caughtUp(t, s)
	applied(t, s, text("bert", topicOne, "later", "a word that is not indexed"))
	b, err := s.Backup(t.Context())
	file := backedUp(t, b, err)
	to := t.TempDir()
	if _, err := store.Restore(t.Context(), file, to, false); err != nil {
		t.Fatal(err)
	}
	restored := open(t, to)
	if got := findsAll(t, restored, "word"); got != 1000 {
		t.Errorf("restored, %d are found", got)
	}
	caughtUp(t, restored)
	if got := findsAll(t, restored, "word"); got != 1001 {
		t.Errorf("restored and followed, %d are found", got)
	}
	closeStore(t, restored)
	if r, err := store.Verify(t.Context(), to); err != nil || r.Err() != nil {
		t.Errorf("verify: %v, %v", err, r.Err())
	}

	closeStore(t, s)
	old := open(t, filepath.Dir(older(t, filepath.Join(dir, "redroom.db"), 3)))
	if found := search(t, old, room.Search{Terms: []room.Term{{Text: "word"}}}); len(found.Hits) != 0 || len(found.Indexed) != 0 {
		t.Errorf("just migrated, %+v", found)
	}
	followed(t, old)
	until(t, "an older store's words", func() bool { return findsAll(t, old, "word") == 1001 })
}

// TestAFailureOfTheIndexIsToldAndTriedAgain takes the index away and gives it back.
func TestAFailureOfTheIndexIsToldAndTriedAgain(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	db := database(t, dir)
	if _, err := db.Exec(`ALTER TABLE index_topics RENAME TO away`); err != nil {
		t.Fatal(err)
	}
	applied(t, s, text("bert", topicOne, "one", "a word"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed, done := make(chan error, 100), make(chan struct{})
	go func() {
		defer close(done)
		s.Follow(ctx, func(err error) { failed <- err })
	}()
	if err := <-failed; !strings.Contains(err.Error(), "index_topics") {
		t.Errorf("told was %v", err)
	}
	applied(t, s, text("bert", topicOne, "two", "the room goes on"))
	if _, err := db.Exec(`ALTER TABLE away RENAME TO index_topics`); err != nil {
		t.Fatal(err)
	}
	until(t, "the words", func() bool { return findsAll(t, s, "word") == 1 })
	cancel()
	<-done
}

// TestSinceIsWhatALookAtAllMessagesFinds, however much of the log is in the index,
// and however times go back.
func TestSinceIsWhatALookAtAllMessagesFinds(t *testing.T) {
	chance := rand.New(rand.NewPCG(seed(t), 1))
	s := furnished(t, t.TempDir())
	var times []int64
	for range 12 {
		var batch []room.Event
		for range chance.IntN(1000) {
			ev := text("bert", topicOne, room.NewID(), "a word")
			ev.At = start + int64(len(times)) + chance.Int64N(50)
			if chance.IntN(300) == 0 {
				ev.At += 2000 // a clock that was wrong
			}
			times = append(times, ev.At)
			batch = append(batch, ev)
		}
		applied(t, s, batch...)
		if chance.IntN(3) == 0 {
			caughtUp(t, s)
		}
		for range 200 {
			from, at := 1+chance.Int64N(int64(len(times)+2)), start-100+chance.Int64N(int64(len(times)+2300))
			want := int64(0)
			if from <= int64(len(times)) {
				if i := slices.IndexFunc(times[from-1:], func(t int64) bool { return t >= at }); i >= 0 {
					want = from + int64(i)
				}
			}
			if got, err := s.Since(t.Context(), topicOne, from, at); err != nil || got != want {
				t.Fatalf("of %d messages, from %d on, since %d: %d, %v, want %d", len(times), from, at-start, got, err, want)
			}
		}
	}
	if got, err := s.Since(t.Context(), "nosuchtopic00000", 1, 0); got != 0 || err != nil {
		t.Errorf("of no topic: %d, %v", got, err)
	}
}

// TestOfALongMessageItsBeginningIsFound and cutting doesn't part a letter.
func TestOfALongMessageItsBeginningIsFound(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, text("bert", topicOne, "long", "early "+strings.Repeat("ä", 2_100)+" late"),
		text("bert", topicOne, "longer", "x"+strings.Repeat("ä", 20_000)))
	caughtUp(t, s)
	for word, want := range map[string]int{"early": 1, "late": 0, "aaaa": 2} {
		if got := findsAll(t, s, word); got != want {
			t.Errorf("%q finds %d, want %d", word, got, want)
		}
	}
	applied(t, s, speaking(room.Redact, 1, "bert", "gone", ""))
	if got := findsAll(t, s, "early"); got != 0 {
		t.Errorf("redacted, %d are found", got)
	}
}

func TestAnExtractIsNearWhatWasFound(t *testing.T) {
	s := furnished(t, t.TempDir())
	long := strings.Repeat("one two three four five ", 40)
	applied(t, s, text("bert", topicOne, "1", long+"the needle\n\tlies here. "+long), text("bert", topicOne, "2", "the needle "+long), text("bert", topicOne, "3", long+"a needle"))
	caughtUp(t, s)
	want := []string{
		"3: …four five one two three four five a [needle]",
		"2: the [needle] " + long[:120] + "…",
		"1: …four five one two three four five the [needle]\nlies here. " + long[:100] + "…",
	}
	for i, got := range all(search(t, s, room.Search{Terms: []room.Term{{Text: "needle"}}})) {
		if begins, cut := strings.CutSuffix(want[i], "…"); got != want[i] && !(cut && strings.HasPrefix(got, begins) && strings.HasSuffix(got, "…")) {
			t.Errorf("it is\n%q, want\n%q", got, want[i])
		}
		if n := len([]rune(got)); n > 172 || i > 0 && n < 140 {
			t.Errorf("it has %d characters: %q", n, got)
		}
	}
}
