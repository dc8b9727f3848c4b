package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/store"
)

// backedUp is a backup of a store, as a file.
func backedUp(t testing.TB, b *store.Backup, err error) (path string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "backup")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := b.WriteTo(f)
	if err := errors.Join(err, f.Close(), b.Close()); err != nil {
		t.Fatal(err)
	}
	if n != b.Size {
		t.Fatalf("it has %d octets, and said %d", n, b.Size)
	}
	return path
}

// restored opens what a backup is restored to.
func restored(t testing.TB, backup string) (*store.Store, *store.Report) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	r, err := store.Restore(t.Context(), backup, dir, false)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, dir), r
}

func onlyTheStore(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "lock" && !strings.HasPrefix(e.Name(), "redroom.db") {
			t.Errorf("there is %s", e.Name())
		}
	}
}

// TestBackupIsTheStoreAtItsPosition makes backups while batches with edits and
// redactions are committed as fast as that goes.
func TestBackupIsTheStoreAtItsPosition(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, written()...)
	for n := range 40 { // so that it takes some steps
		var batch []room.Event
		for i := range 100 {
			batch = append(batch, text("carla", topicTwo, fmt.Sprintf("b%d-%d", n, i), strings.Repeat("words ", 700)))
		}
		applied(t, s, batch...)
	}

	type made struct {
		path     string
		position int64
		began    int64 // the position then
		err      error
	}
	const count = 3
	backups := make(chan made, count)
	go func() {
		defer close(backups)
		for range count {
			began := s.Position()
			b, err := s.Backup(t.Context())
			if err != nil {
				backups <- made{err: err}
				return
			}
			path := filepath.Join(t.TempDir(), "backup")
			f, err := os.Create(path)
			if err == nil {
				_, err = b.WriteTo(f)
				err = errors.Join(err, f.Close(), b.Close())
			}
			backups <- made{path, b.Position, began, err}
		}
	}()
	heads := map[int64]room.Head{}
	var all []made
	batches := 0
	for more := true; more; batches++ {
		heads[s.Position()] = s.Head(topicOne)
		select {
		case b, ok := <-backups:
			if more = ok; ok {
				all = append(all, b)
			}
		default:
			head := s.Head(topicOne).Seq
			edit, redact := text("bert", topicOne, fmt.Sprintf("e%d", batches), "edited"), text("anna", topicOne, fmt.Sprintf("r%d", batches), "reason")
			edit.Kind, edit.Ref, redact.Kind, redact.Ref = room.Edit, head+1, room.Redact, head+1
			applied(t, s, text("bert", topicOne, fmt.Sprintf("m%d", batches), "words"), edit, redact, text("carla", topicOne, fmt.Sprintf("n%d", batches), "words that stay"))
		}
	}
	onlyTheStore(t, dir)
	for _, b := range all {
		if b.err != nil {
			t.Fatal(b.err)
		}
		// One may have come before the first step, and one was under way.
		if beside := (b.position - b.began) / 4; beside < 4 {
			t.Errorf("while the pages were copied %d batches were committed", beside)
		} else {
			t.Logf("while the pages were copied %d batches were committed", beside)
		}
		r, err := store.Verify(t.Context(), b.path)
		if err != nil || !r.OK() || !r.Backup || r.Position != b.position {
			t.Fatalf("%v, %+v", err, r)
		}
		back, _ := restored(t, b.path)
		if head, ok := heads[b.position]; !ok || back.Head(topicOne) != head || back.Position() != b.position {
			t.Errorf("at position %d the log ended with %+v; in the backup it does with %+v, at %d", b.position, head, back.Head(topicOne), back.Position())
		}
		if a, b := described(back.State()), described(s.State()); a != b {
			t.Errorf("the room is\n%s\nwant\n%s", a, b)
		}
	}
}

func TestBackupOfAStoppedStore(t *testing.T) {
	whole := writtenStore(t)
	dir := filepath.Dir(whole)
	content := read(t, whole)
	b, err := store.BackupStopped(t.Context(), dir)
	path := backedUp(t, b, err)
	if !bytes.Equal(read(t, whole), content) {
		t.Error("the store was changed")
	}
	onlyTheStore(t, dir)
	r, err := store.Verify(t.Context(), path)
	if err != nil || !r.OK() || !r.Backup || r.Messages != 14 {
		t.Errorf("%v, %+v", err, r)
	}

	s := open(t, dir)
	if _, err := store.BackupStopped(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("of one that is open: %v", err)
	}
	closeStore(t, s)
	if _, err := store.BackupStopped(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no") {
		t.Errorf("of none: %v", err)
	}
}

// TestBackupStoppedMigratesNothing is what one does before an upgrade.
func TestBackupStoppedMigratesNothing(t *testing.T) {
	path := older(t, writtenStore(t), 1)
	b, err := store.BackupStopped(t.Context(), filepath.Dir(path))
	backup := backedUp(t, b, err)
	for _, path := range []string{path, backup} {
		if r, err := store.Verify(t.Context(), path); err != nil || !r.OK() || r.Version != 1 {
			t.Errorf("%v, %+v", err, r)
		}
	}
	s, _ := restored(t, backup)
	if s.Head(topicOne).Seq != 9 {
		t.Errorf("restored, it ends with %+v", s.Head(topicOne))
	}
}

// TestBackupIsADatabase opens one as it is, with its last line.
func TestBackupIsADatabase(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, written()...)
	b, err := s.Backup(t.Context())
	path := backedUp(t, b, err)
	if got := ask[string](t, path, `PRAGMA integrity_check`); got != "ok" {
		t.Errorf("its structure: %s", got)
	}
	if got := ask[int](t, path, `SELECT count(*) FROM log`); got != 14 {
		t.Errorf("it has %d messages", got)
	}
	if got := ask[string](t, path, `PRAGMA journal_mode`); got != "delete" {
		t.Errorf("its journal is %s, which may leave files beside it", got)
	}
	if r, err := store.Verify(t.Context(), path); err != nil || !r.OK() {
		t.Errorf("after it was read: %v, %+v", err, r)
	}
}

func TestBackupThatIsGivenUpLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Backup(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	onlyTheStore(t, dir)
	b, err := s.Backup(t.Context())
	backedUp(t, b, err)
	onlyTheStore(t, dir)
}

func TestLeftoversOfBackupsAreRemovedAtOpen(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"backup-1.tmp", "backup-1.tmp-journal", "restore-2.tmp", "restore-2.tmp-wal"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir)
	onlyTheStore(t, dir)
}

// seed is chance's, which REDROOM_SEED gives again.
func seed(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("REDROOM_SEED"); given != "" {
		if _, err := fmt.Sscan(given, &seed); err != nil {
			t.Fatalf("REDROOM_SEED=%q is not a number: %v", given, err)
		}
	}
	t.Logf("to have the same again: REDROOM_SEED=%d", seed)
	return seed
}

// refuses wants verify and restore to refuse a file, and to say why.
func refuses(t *testing.T, path string) {
	t.Helper()
	r, err := store.Verify(t.Context(), path)
	if err == nil {
		err = r.Err()
	}
	if err == nil {
		t.Error("verify finds nothing")
	} else if !strings.Contains(err.Error(), path) {
		t.Errorf("verify says %v", err)
	}
	dir := filepath.Join(filepath.Dir(path), "restored")
	if _, err := store.Restore(t.Context(), path, dir, false); err == nil {
		t.Error("it is restored")
	} else if !strings.Contains(err.Error(), path) {
		t.Errorf("restore says %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("restore leaves a directory: %v", err)
	}
}

func TestBackupThatWasCutOffIsRefused(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, written()...)
	b, err := s.Backup(t.Context())
	path := backedUp(t, b, err)
	whole := read(t, path)
	pages := bytes.LastIndex(whole, []byte("redroom-backup-1 "))
	lengths := []int{0, 1, 15, 16, 99, 100, 4095, 4096, pages - 4096, pages - 1, pages, pages + 1, pages + 20, len(whole) - 33, len(whole) - 2, len(whole) - 1}
	chance := rand.New(rand.NewPCG(seed(t), 0))
	for range 20 {
		lengths = append(lengths, chance.IntN(len(whole)))
	}
	for _, length := range lengths {
		t.Run(fmt.Sprintf("%d of %d", length, len(whole)), func(t *testing.T) {
			cut := filepath.Join(t.TempDir(), "cut")
			if err := os.WriteFile(cut, whole[:length], 0o600); err != nil {
				t.Fatal(err)
			}
			refuses(t, cut)
		})
	}
}

// TestFileThatDoesNotEndWithItsPagesIsRefused of a backup and of a stopped
// store, and says by how much.
func TestFileThatDoesNotEndWithItsPagesIsRefused(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, written()...)
	b, err := s.Backup(t.Context())
	backup, stopped := read(t, backedUp(t, b, err)), read(t, writtenStore(t))
	for name, c := range map[string]struct {
		content []byte
		words   string
	}{
		"a backup with more behind it":    {append(bytes.Clone(backup), "more"...), "octets that are not a backup's whole last line"},
		"a backup without its last octet": {backup[:len(backup)-1], "octets that are not a backup's whole last line"},
		"a backup cut in its pages":       {backup[:len(backup)-4096], "it was cut off: of its pages'"},
		"a store with more behind it":     {append(bytes.Clone(stopped), "more"...), "it has 4 octets"},
		"a store cut in a page":           {stopped[:len(stopped)-1], fmt.Sprintf("%d octets %d are there", len(stopped), len(stopped)-1)},
		"a store cut between pages":       {stopped[:len(stopped)-4096], fmt.Sprintf("%d octets %d are there", len(stopped), len(stopped)-4096)},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			refuses(t, path)
			if r, err := store.Verify(t.Context(), path); err != nil || len(r.Faults) == 0 || !strings.Contains(r.Faults[0], c.words) {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
}

func TestBackupWithAFlippedBitIsRefused(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, written()...)
	b, err := s.Backup(t.Context())
	path := backedUp(t, b, err)
	whole := read(t, path)
	var bits []int
	chance := rand.New(rand.NewPCG(seed(t), 0))
	for octet := range whole {
		if octet < 100 || octet >= bytes.LastIndex(whole, []byte("redroom-backup-1 ")) { // the header, the last line
			bits = append(bits, 8*octet+chance.IntN(8))
		}
	}
	for range 200 {
		bits = append(bits, chance.IntN(len(whole)*8))
	}
	if testing.Short() {
		chance.Shuffle(len(bits), func(i, j int) { bits[i], bits[j] = bits[j], bits[i] })
		bits = bits[:40]
	}
	flipped := filepath.Join(t.TempDir(), "flipped")
	for _, bit := range bits {
		changed := bytes.Clone(whole)
		changed[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(flipped, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if refuses(t, flipped); t.Failed() {
			t.Fatalf("with bit %d of %d flipped", bit, len(whole)*8)
		}
	}
}

// TestVerifyNamesThePlaceInABackup though the whole is refused already.
func TestVerifyNamesThePlaceInABackup(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, written()...)
	b, err := s.Backup(t.Context())
	path := backedUp(t, b, err)
	flip(t, path, []byte("fourth words"), 3)
	r, err := store.Verify(t.Context(), path)
	if err != nil || len(r.Faults) != 1 || !strings.Contains(r.Faults[0], "SHA-256") {
		t.Fatalf("%v, %+v", err, r)
	}
	if broken := r.Broken(); len(broken) != 1 || broken[0].ID != topicOne || broken[0].Fault.Seq != 4 {
		t.Errorf("it says %v", broken)
	}
}
