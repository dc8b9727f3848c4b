package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redroom/server/room"
)

// What is tested here is the state between two steps of a backup, and between
// two of a restore.

// filled is a store with some MiB in it, its newest posts not counted.
func filled(t *testing.T) *Store {
	t.Helper()
	s := openInside(t)
	furnish(t, s)
	for n := range 40 {
		batch := make([]room.Event, 100)
		for i := range batch {
			batch[i] = post(fmt.Sprintf("%d-%d", n, i), strings.Repeat("words ", 100))
		}
		if _, err := s.Commit(t.Context(), batch, s.Position()+int64(len(batch))); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func commitOne(t *testing.T, s *Store, ev room.Event) room.Outcome {
	t.Helper()
	outcomes, err := s.Commit(t.Context(), []room.Event{ev}, s.Position()+1)
	if err != nil || outcomes[0].Err != nil {
		t.Fatal(err, outcomes)
	}
	return outcomes[0]
}

// TestBackupFollowsWhatChangesBetweenItsSteps redacts words that were copied
// already, and expects the write-ahead log to be cut at once: no transaction is
// open between two steps.
func TestBackupFollowsWhatChangesBetweenItsSteps(t *testing.T) {
	s := filled(t)
	secret := commitOne(t, s, post("secret", "the secret that was copied already")).Seq
	path := filepath.Join(t.TempDir(), "backup")
	w, err := s.beginCopy(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(t.Context()); !errors.Is(err, ErrBackupRuns) {
		t.Errorf("a second backup beside the first: %v", err)
	}
	steps := 0
	for more := true; more; steps++ {
		if more, err = s.copyStep(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if left := w.copying; left != nil && left.Remaining() < pagesAStep && secret != 0 {
			redaction := post("redaction", "")
			redaction.Kind, redaction.Ref = room.Redact, secret
			commitOne(t, s, redaction)
			if log, err := os.Stat(s.path(t) + "-wal"); err != nil || log.Size() != 0 {
				t.Errorf("the write-ahead log is not cut: %v, %v", log.Size(), err)
			}
			secret = 0
		}
		if more {
			commitOne(t, s, post(fmt.Sprintf("between-%d", steps), "between two steps"))
		}
	}
	if secret != 0 || steps < 3 {
		t.Fatalf("it took %d steps only", steps)
	}
	b, err := finishBackup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out.Bytes(), []byte("the secret that was copied already")) {
		t.Error("the redacted words are in the backup")
	}
	if b.Position != s.Position() {
		t.Errorf("its position is %d; the store's is %d", b.Position, s.Position())
	}
	if err := os.WriteFile(path+".whole", out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(t.Context(), path+".whole")
	if err != nil || !r.OK() || r.Messages != s.Head("t").Seq {
		t.Errorf("%v, %+v; the head is %d", err, r, s.Head("t").Seq)
	}
}

func TestBackupEndsWithTheWritersConnection(t *testing.T) {
	for name, broken := range failures {
		t.Run(name, func(t *testing.T) {
			s := filled(t)
			path := filepath.Join(t.TempDir(), "backup")
			w, err := s.beginCopy(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.copyStep(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			mend := broken.by(t, s)
			batch := []room.Event{post("1", strings.Repeat("long ", room.MaxText/5)), post("2", strings.Repeat("long ", room.MaxText/5))}
			position := s.Position() + 2
			if _, err := s.Commit(t.Context(), batch, position); err == nil {
				t.Fatal("the commit has succeeded")
			}
			if _, err := s.copyStep(t.Context(), w); err == nil || !strings.Contains(err.Error(), "try again") {
				t.Errorf("the next step says %v", err)
			}
			mend()
			if _, err := s.Commit(t.Context(), batch, position); err != nil {
				t.Fatal(err)
			}
			b, err := s.Backup(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if b.Position != position {
				t.Errorf("a backup afterwards is at %d, want %d", b.Position, position)
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCloseEndsABackup(t *testing.T) {
	s := filled(t)
	w, err := s.beginCopy(t.Context(), filepath.Join(t.TempDir(), "backup"))
	if err != nil {
		t.Fatal(err)
	}
	path := s.path(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.copyStep(t.Context(), w); !errors.Is(err, errClosed) {
		t.Errorf("the next step says %v", err)
	}
	left, err := filepath.Glob(path + "*")
	if err != nil || len(left) != 1 {
		t.Errorf("left are %q, %v", left, err)
	}
}

// TestOldStoreIsWholeUntilItIsReplaced stops a restore before its last step:
// what was in the write-ahead log only is in the one file.
func TestOldStoreIsWholeUntilItIsReplaced(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	commitOne(t, s, post("1", "in the log"))
	killed := t.TempDir()
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(s.path(t) + suffix)
		if err == nil {
			err = os.WriteFile(filepath.Join(killed, fileName+suffix), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := closeOld(t.Context(), filepath.Join(killed, fileName)); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(killed, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("left are %q, %v", left, err)
	}
	old, err := Open(t.Context(), killed)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if old.Head("t") != s.Head("t") || old.Epoch() != s.Epoch() {
		t.Errorf("it ends with %+v, want %+v", old.Head("t"), s.Head("t"))
	}
}

func TestOpenStoreOfAnotherProgramIsNotReplaced(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	path := s.path(t)
	other, err := openDB(path, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	rows, err := other.QueryContext(t.Context(), `SELECT name FROM users`)
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	defer rows.Close()
	commitOne(t, s, post("1", "after the other one has begun to read"))
	if err := closeOld(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Error(err)
	}
}

// TestTrailersAreReadAsTheyAreWritten and in no other way.
func TestTrailersAreReadAsTheyAreWritten(t *testing.T) {
	written := trailer{position: 1<<62 + 1, sum: room.Hash{1, 2, 255}}
	if read, ok := parseTrailer(written.String()); !ok || read != written || len(written.String()) > maxTrailer {
		t.Errorf("%q is read as %+v", written, read)
	}
	good := trailer{position: 7}.String()
	for _, line := range []string{
		"", "\n", good[:len(good)-1], good + "\n", " " + good, strings.ToUpper(good),
		strings.Replace(good, "-1 ", "-2 ", 1), strings.Replace(good, " 7 ", " 07 ", 1), strings.Replace(good, " 7 ", " +7 ", 1),
		strings.Replace(good, " 7 ", "  7 ", 1), strings.Replace(good, "00\n", "\n", 1), strings.Replace(good, "00\n", "0000\n", 1),
	} {
		if _, ok := parseTrailer(line); ok {
			t.Errorf("%q is taken for a last line", line)
		}
	}
}
