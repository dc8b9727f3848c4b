package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// aBackup is one of the fixture's store, and what that was.
func aBackup(t testing.TB) (path, epoch string, head room.Head) {
	t.Helper()
	s := furnished(t, t.TempDir())
	applied(t, s, written()...)
	b, err := s.Backup(t.Context())
	return backedUp(t, b, err), s.Epoch(), s.Head(topicOne)
}

func TestRestoreIsTheSameLogInANewEpoch(t *testing.T) {
	backup, epoch, head := aBackup(t)
	dir := filepath.Join(t.TempDir(), "new", "data")
	r, err := store.Restore(t.Context(), backup, dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, r.Path: 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode() != want {
				t.Errorf("%s has the mode %v, %v", path, info.Mode(), err)
			}
		}
	}
	onlyTheStore(t, dir)
	if v, err := store.Verify(t.Context(), dir); err != nil || !v.OK() || v.Backup || v.InUse || v.Epoch != r.Epoch || v.Messages != 14 {
		t.Errorf("%v, %+v", err, v)
	}
	s := open(t, dir)
	if s.Epoch() == epoch || s.Epoch() != r.Epoch || s.Head(topicOne) != head {
		t.Errorf("the epoch was %s and is %s, %s was said; the head was %+v and is %+v", epoch, s.Epoch(), r.Epoch, head, s.Head(topicOne))
	}
	applied(t, s, text("bert", topicOne, "after", "and it goes on"))
	s = reopened(t, s, dir)
	if s.Epoch() != r.Epoch {
		t.Errorf("its epoch is another one each time: %s, %s", r.Epoch, s.Epoch())
	}
	closeStore(t, s)
	if v, err := store.Verify(t.Context(), dir); err != nil || !v.OK() {
		t.Errorf("%v, %+v", err, v)
	}
}

func TestRestoreOfAStoppedStoresFile(t *testing.T) {
	path := writtenStore(t)
	s, r := restored(t, path)
	if s.Head(topicOne).Seq != 9 || s.Epoch() != r.Epoch {
		t.Errorf("head %+v, epoch %s, said was %s", s.Head(topicOne), s.Epoch(), r.Epoch)
	}
	if v, err := store.Verify(t.Context(), path); err != nil || v.Epoch == r.Epoch {
		t.Errorf("the epoch is the same still: %v, %+v", err, v)
	}
}

func TestRestoreReplacesOnlyWhenAskedTo(t *testing.T) {
	backup, _, head := aBackup(t)
	dir := t.TempDir()
	s := furnished(t, dir)
	before := s.Epoch()
	_, err := store.Restore(t.Context(), backup, dir, true)
	if err == nil || !strings.Contains(err.Error(), "in use by another redroom") {
		t.Errorf("into a store that is open: %v", err)
	}
	closeStore(t, s)
	content := read(t, filepath.Join(dir, "redroom.db"))
	_, err = store.Restore(t.Context(), backup, dir, false)
	if err == nil || !strings.Contains(err.Error(), "--force") || !strings.Contains(err.Error(), dir) {
		t.Errorf("over a store: %v", err)
	}
	if !bytes.Equal(content, read(t, filepath.Join(dir, "redroom.db"))) {
		t.Error("the store was changed")
	}
	if _, err := store.Restore(t.Context(), backup, dir, true); err != nil {
		t.Fatal(err)
	}
	onlyTheStore(t, dir)
	s = open(t, dir)
	if s.Head(topicOne) != head || s.Epoch() == before {
		t.Errorf("replaced: head %+v, epoch %s", s.Head(topicOne), s.Epoch())
	}
}

func TestRestoreOverAStoreThatWasKilled(t *testing.T) {
	backup, _, head := aBackup(t)
	dir := killed(t)
	if _, err := store.Restore(t.Context(), backup, dir, true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "redroom.db-wal")); err == nil {
		t.Error("the old write-ahead log is there still")
	}
	s := open(t, dir)
	if s.Head(topicOne) != head || s.Head(topicTwo).Seq != 5 {
		t.Errorf("heads %+v, %+v", s.Head(topicOne), s.Head(topicTwo))
	}
	closeStore(t, s)
	if v, err := store.Verify(t.Context(), dir); err != nil || !v.OK() {
		t.Errorf("%v, %+v", err, v)
	}
}

// killed is the directory of a store whose newest commits are in its
// write-ahead log only.
func killed(t testing.TB) (dir string) {
	t.Helper()
	from, dir := t.TempDir(), t.TempDir()
	s := furnished(t, from)
	applied(t, s, text("bert", topicOne, "1", "in the log"), text("bert", topicTwo, "2", "too"))
	for _, name := range []string{"redroom.db", "redroom.db-wal"} {
		if err := os.WriteFile(filepath.Join(dir, name), read(t, filepath.Join(from, name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRestoreOverADamagedStore(t *testing.T) {
	backup, _, head := aBackup(t)
	for name, damage := range map[string][]byte{
		"another magic": []byte("what was here before is gone"),
		"a cut file":    read(t, writtenStore(t))[:8192],
	} {
		t.Run(name, func(t *testing.T) {
			dir := killed(t)
			if err := os.WriteFile(filepath.Join(dir, "redroom.db"), damage, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Restore(t.Context(), backup, dir, true); err != nil {
				t.Fatal(err)
			}
			if s := open(t, dir); s.Head(topicOne) != head {
				t.Errorf("the head is %+v", s.Head(topicOne))
			}
		})
	}
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	path := writtenStore(t)
	dir := filepath.Dir(path)
	s := open(t, dir)
	applied(t, s, text("bert", topicOne, "1", "in the log"))
	for name, c := range map[string]struct{ file, dir, words string }{
		"a store that is open":  {path, t.TempDir(), "in use"},
		"a directory":           {dir, t.TempDir(), "is a directory"},
		"the store itself":      {path, dir, "the store itself"},
		"what isn't there":      {filepath.Join(dir, "nothing"), t.TempDir(), "there is no"},
		"a directory as a file": {path, path, "directory"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := store.Restore(t.Context(), c.file, c.dir, true); err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestBackupPutInPlaceByHandBeginsANewEpoch is the restoring of those who
// didn't read how it's done.
func TestBackupPutInPlaceByHandBeginsANewEpoch(t *testing.T) {
	backup, epoch, head := aBackup(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "redroom.db"), read(t, backup), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	first := s.Epoch()
	if first == epoch || s.Head(topicOne) != head {
		t.Errorf("the epoch was %s and is %s; the head is %+v", epoch, first, s.Head(topicOne))
	}
	applied(t, s, text("bert", topicOne, "after", strings.Repeat("and it goes on ", 1000)))
	s = reopened(t, s, dir)
	if s.Epoch() != first {
		t.Errorf("its epoch is another one each time: %s, %s", first, s.Epoch())
	}
	closeStore(t, s)
	if v, err := store.Verify(t.Context(), dir); err != nil || !v.OK() || v.Backup {
		t.Errorf("%v, %+v", err, v)
	}
}
