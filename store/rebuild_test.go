package store_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
	"redroom/store"
)

// damaged is a store of many messages of which each block of the index is broken,
// or those whose id is greater than one.
func damaged(t *testing.T, after int) *store.Store {
	t.Helper()
	dir := t.TempDir()
	s := furnished(t, dir)
	many(t, s, 1000)
	caughtUp(t, s)
	closeStore(t, s)
	if _, err := database(t, dir).Exec(`UPDATE index_words_data SET block = zeroblob(40) WHERE id > ?`, after); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

// mended follows the log of a store until all of its messages with a word are found
// again, and is what was told meanwhile.
func mended(t *testing.T, s *store.Store, want int) (told []error) {
	t.Helper()
	for range 5 {
		err := s.CatchUp(t.Context())
		if err == nil {
			break
		}
		told = append(told, err)
	}
	if got := findsAll(t, s, "word"); got != want {
		t.Errorf("made anew, the index finds %d, want %d", got, want)
	}
	return told
}

// TestADamagedIndexDoesNotHoldUpTheLog and is told of once, by whoever follows.
func TestADamagedIndexDoesNotHoldUpTheLog(t *testing.T) {
	for name, after := range map[string]int{"all but its structure": 10, "altogether": 0} {
		t.Run(name, func(t *testing.T) {
			s := damaged(t, after)
			applied(t, s,
				text("bert", topicOne, "another", "another word"),
				speaking(room.Redact, 5, "bert", "gone", ""),
				speaking(room.Redact, 6, "bert", "gone too", ""))
			if m := history(t, s, topicOne); len(m) < 6 || !m[4].Redacted || !m[5].Redacted {
				t.Error("the messages were not redacted")
			}
			if got := findsAll(t, s, "word"); got != 0 {
				t.Errorf("emptied, the index finds %d", got)
			}
			told := mended(t, s, 999)
			if len(told) != 1 || !strings.Contains(told[0].Error(), "search index is damaged") {
				t.Errorf("told was %v", told)
			}
		})
	}
}

// TestADamagedIndexIsMadeAnewByFollow, which remembers how far it had come.
func TestADamagedIndexIsMadeAnewByFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := furnished(t, dir)
		many(t, s, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		var told []error
		var done sync.WaitGroup
		done.Go(func() { s.Follow(ctx, func(err error) { told = append(told, err) }) })
		time.Sleep(time.Hour) // by this clock: until it waits
		db := database(t, dir)
		if _, err := db.Exec(`UPDATE index_words_data SET block = zeroblob(40) WHERE id > 10`); err != nil {
			t.Fatal(err)
		}
		applied(t, s, speaking(room.Redact, 5, "bert", "gone", ""))
		time.Sleep(time.Hour)
		cancel()
		done.Wait()
		if len(told) != 1 || !strings.Contains(told[0].Error(), "search index is damaged") {
			t.Errorf("told was %v", told)
		}
		if got := findsAll(t, s, "word"); got != 999 {
			t.Errorf("made anew, the index finds %d", got)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		integrity(t, dir)
	})
}

// TestWhoFollowsMendsADamagedIndex that it finds itself, or that a search has found.
func TestWhoFollowsMendsADamagedIndex(t *testing.T) {
	for name, find := range map[string]func(s *store.Store){
		"by an edit": func(s *store.Store) {
			applied(t, s, speaking(room.Edit, 5, "bert", "edit", "an edited word"))
		},
		"by a search": func(s *store.Store) {
			if _, err := s.Search(t.Context(), room.Search{Topics: []room.SearchedTopic{{ID: topicOne, From: 1}}, Terms: []room.Term{{Text: "word"}}, Limit: 1}); err == nil {
				t.Error("the damaged index was searched, so this test shows nothing")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := damaged(t, 10)
			find(s)
			if told := mended(t, s, 1000); len(told) != 1 {
				t.Errorf("told was %v", told)
			}
		})
	}
}

// TestAnIndexByOtherRulesIsMadeAnew when the store is opened.
func TestAnIndexByOtherRulesIsMadeAnew(t *testing.T) {
	for name, change := range map[string]string{
		"other rules": `UPDATE index_maker SET rules = 'older'`,
		"no rules":    `DELETE FROM index_maker`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := furnished(t, dir)
			many(t, s, 500)
			s = reopened(t, caughtUp(t, s), dir)
			if got := findsAll(t, s, "word"); got != 500 {
				t.Errorf("by the same rules, it finds %d", got)
			}
			closeStore(t, s)
			if _, err := database(t, dir).Exec(change); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir)
			if got := findsAll(t, s, "word"); got != 0 {
				t.Errorf("opened, it finds %d", got)
			}
			caughtUp(t, s)
			if got := findsAll(t, s, "word"); got != 500 {
				t.Errorf("made anew, it finds %d", got)
			}
			if rules := ask[string](t, filepath.Join(dir, "redroom.db"), `SELECT rules FROM index_maker`); rules == "older" {
				t.Error("it has the other rules yet")
			}
			integrity(t, dir)
		})
	}
}
