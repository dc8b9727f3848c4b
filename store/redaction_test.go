package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/store"
)

// speaking is a post that refers to another one.
func speaking(kind room.Kind, ref int64, user, id, body string) room.MessagePosted {
	ev := text(user, topicOne, id, body)
	ev.Kind, ev.Ref = kind, ref
	return ev
}

// filesWith are the files of a directory that have any of the words in them.
func filesWith(t testing.TB, dir string, words ...string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(content, []byte(w)) }) {
			names = append(names, filepath.Base(name))
		}
	}
	return names
}

func TestARedactionLeavesNoWordInAnyFile(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	long := strings.Repeat("a long secret. ", 2000) // on pages of its own
	const salt = "salted water"
	first := text("bert", topicOne, "one", "the secret")
	copy(first.Salt[:], salt)
	applied(t, s, first, text("bert", topicOne, "two", "no such thing"))
	applied(t, s, speaking(room.Edit, 1, "bert", "three", "the mended secret"))
	applied(t, s, text("carla", topicOne, "four", long), speaking(room.Edit, 1, "bert", "five", long))
	if got := filesWith(t, dir, "the secret", "mended secret", "a long secret", salt); len(got) == 0 {
		t.Fatal("nothing is to be found before the redaction, so this test shows nothing")
	}

	o := applied(t, s,
		speaking(room.Redact, 3, "bert", "six", "a slip of the pen"), // names an edit
		speaking(room.Redact, 4, "anna", "seven", ""),
	)
	for i, o := range o {
		if !o.Redacted || o.Seq != int64(6+i) || o.Message == nil {
			t.Errorf("the outcome of redaction %d: %+v", i, o)
		}
	}
	gone := []string{"the secret", "mended secret", "a long secret", salt, base64.RawURLEncoding.EncodeToString([]byte(salt))}
	if got := filesWith(t, dir, gone...); len(got) > 0 {
		t.Errorf("words are left in %v", got)
	}
	if got := filesWith(t, dir, "no such thing"); len(got) == 0 {
		t.Error("other words went, too")
	}
	s = reopened(t, s, dir)
	if got := filesWith(t, dir, gone...); len(got) > 0 {
		t.Errorf("after it was opened again, words are left in %v", got)
	}

	var redacted []int64
	before := room.ChainStart(topicOne)
	for _, m := range history(t, s, topicOne) {
		length, digest := m.Length, m.Digest
		if m.Redacted {
			redacted = append(redacted, m.Seq)
			if len(m.Body) > 0 || m.Salt != (room.Salt{}) {
				t.Errorf("%d was redacted and has words", m.Seq)
			}
		} else {
			length, digest = len(m.Body), room.Digest(m.Salt, m.Body)
		}
		before = room.ChainNext(before, &m, length, digest)
	}
	if want := []int64{1, 3, 4, 5}; !slices.Equal(redacted, want) {
		t.Errorf("redacted are %v, want %v", redacted, want)
	}
	if head := s.Head(topicOne); head.Seq != 7 || head.Hash != before {
		t.Errorf("the chain ends at %d with %v, want 7 with %v", head.Seq, head.Hash, before)
	}
}

// readsOn is another program in a long transaction, because of which the
// write-ahead log can't be cut.
func readsOn(t *testing.T, dir string) *sql.Tx {
	t.Helper()
	reader, err := database(t, dir).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Rollback() })
	var n int
	if err := reader.QueryRowContext(t.Context(), `SELECT count(*) FROM messages`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return reader
}

func TestWordsThatAReaderHoldsUpGoWhenItEnds(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, text("bert", topicOne, "one", "the secret"))
	reader := readsOn(t, dir)
	began := time.Now()
	applied(t, s, speaking(room.Redact, 1, "bert", "two", ""))
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the reader held the redaction up for %v", took)
	}
	if got := filesWith(t, dir, "the secret"); len(got) == 0 {
		t.Fatal("the reader holds nothing up, so this test shows nothing")
	}
	applied(t, s, text("bert", topicOne, "three", "the writer goes on"))
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	until(t, "the words to go", func() bool { return len(filesWith(t, dir, "the secret")) == 0 })
}

// TestWordsInTheLogOfACrashGoAtTheNextStart is a crash between the commit of a
// redaction and the sweep.
func TestWordsInTheLogOfACrashGoAtTheNextStart(t *testing.T) {
	dir, crashed := t.TempDir(), t.TempDir()
	s := furnished(t, dir)
	applied(t, s, text("bert", topicOne, "one", "the secret"))
	readsOn(t, dir)
	applied(t, s, speaking(room.Redact, 1, "bert", "two", ""))
	for _, name := range []string{"redroom.db", "redroom.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(crashed, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := filesWith(t, crashed, "the secret"); len(got) == 0 {
		t.Fatal("the crash has left no words, so this test shows nothing")
	}
	again := open(t, crashed)
	if got := filesWith(t, crashed, "the secret"); len(got) > 0 {
		t.Errorf("words are left in %v", got)
	}
	if m := history(t, again, topicOne); len(m) != 2 || !m[0].Redacted {
		t.Errorf("the log is %+v", m)
	}
}

func TestARedactedMessagesIDIsKnownWhateverComesWithIt(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s,
		text("bert", topicOne, "one", "the secret"),
		speaking(room.Redact, 1, "bert", "two", ""))
	for _, again := range []room.MessagePosted{
		text("bert", topicOne, "one", "the secret"),
		text("bert", topicOne, "one", "something else"),
		speaking(room.Edit, 1, "bert", "one", "an edit"),
		speaking(room.Redact, 1, "bert", "two", ""),
	} {
		o := applied(t, s, again)[0]
		if o.Message != nil || o.Redacted || o.Seq == 0 {
			t.Errorf("%s %q: %+v", again.Kind, again.Body, o)
		}
	}
	for _, id := range []string{"one", "two", "three"} {
		seq, redacted, err := s.Posted(t.Context(), topicOne, "bert", id)
		if want := map[string]int64{"one": 1, "two": 2}[id]; err != nil || seq != want || redacted != (id == "one") {
			t.Errorf("Posted(%s) = %d, %t, %v", id, seq, redacted, err)
		}
	}
	if _, _, err := s.Posted(t.Context(), "nosuchtopic00000", "bert", "one"); err != nil {
		t.Errorf("in a topic that doesn't exist: %v", err)
	}
	if o := commit(t, s, speaking(room.Edit, 1, "bert", "three", "more"))[0]; !errors.Is(o.Err, room.ErrRedacted) {
		t.Errorf("an edit of a redacted message: %v", o.Err)
	}
}

// TestALogThatWasCutAtItsEndIsNotGoneOnWith takes the newest message away, or
// adds one, behind the store's back.
func TestALogThatWasCutAtItsEndIsNotGoneOnWith(t *testing.T) {
	for what, change := range map[string]string{
		"the newest is gone":  `DELETE FROM messages WHERE seq = 2`,
		"all are gone":        `DELETE FROM messages`,
		"one more is there":   `INSERT INTO messages SELECT topic, 3, author, time, kind, ref, length, salt, digest, hash, 'three', body FROM messages WHERE seq = 2`,
		"another hash":        `UPDATE messages SET hash = digest WHERE seq = 2`,
		"the head is gone":    `DELETE FROM heads`,
		"the head was moved":  `UPDATE heads SET seq = 1`,
		"another head's hash": `UPDATE heads SET hash = zeroblob(32)`,
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			s := furnished(t, dir)
			applied(t, s, text("bert", topicOne, "one", "Hallo"), text("bert", topicOne, "two", "Ja?"))
			closeStore(t, s)
			if _, err := database(t, dir).ExecContext(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(context.Background(), dir)
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), topicOne) || !strings.Contains(err.Error(), "redroom verify") {
				t.Errorf("the error says neither where nor what to do: %v", err)
			}
		})
	}
}

func TestAStoreFromBeforeRedactionsIsBroughtUpToDate(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, text("bert", topicOne, "one", "Hallo"), text("bert", topicOne, "two", "Ja?"), text("bert", topicTwo, "one", "Hallo"))
	closeStore(t, s)
	s = open(t, filepath.Dir(older(t, filepath.Join(dir, "redroom.db"), 1)))
	applied(t, s, speaking(room.Edit, 1, "bert", "three", "Hallo!"), speaking(room.Redact, 1, "bert", "four", ""))
}

func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for ends := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(ends) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
