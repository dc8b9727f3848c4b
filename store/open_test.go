package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestCleanStopLeavesOneFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deeper", "data")
	s := furnished(t, dir)
	if !slices.Contains(files(t, dir), "redroom.db-wal") {
		t.Error("while it's open there is no write-ahead log")
	}
	history(t, s, topicOne) // a reader has been there too
	closeStore(t, s)
	closeStore(t, s)
	if got := files(t, dir); !slices.Equal(got, []string{"lock", "redroom.db"}) {
		t.Errorf("the data directory has %q", got)
	}
}

func TestNobodyElseMayReadTheFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes; the directory's access list decides")
	}
	dir := filepath.Join(t.TempDir(), "data")
	furnished(t, dir)
	for name, want := range map[string]os.FileMode{".": 0o700, "redroom.db": 0o600, "redroom.db-wal": 0o600, "redroom.db-shm": 0o600, "lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}

func TestCopyOfTheFileOpensElsewhere(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	s := furnished(t, dir)
	applied(t, s, text("bert", topicOne, "1", "Hallo"))
	state, head := described(s.State()), s.Head(topicOne)
	closeStore(t, s)
	content, err := os.ReadFile(filepath.Join(dir, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "redroom.db"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	copied := open(t, other)
	if copied.Epoch() != s.Epoch() || copied.Position() != s.Position() || copied.Head(topicOne) != head || described(copied.State()) != state {
		t.Error("the copy is another room")
	}
	checkChain(t, copied, topicOne)
}

func TestEpochIsTheStoresOwnAndLasts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	epoch := s.Epoch()
	if len(epoch) != 16 || strings.Trim(epoch, "0123456789abcdef") != "" {
		t.Errorf("epoch %q", epoch)
	}
	if s = reopened(t, s, dir); s.Epoch() != epoch {
		t.Errorf("reopened, the epoch is %q, was %q", s.Epoch(), epoch)
	}
	if other := open(t, t.TempDir()); other.Epoch() == epoch {
		t.Error("two stores have one epoch")
	}
}

func TestDirectoryMayHaveAnyName(t *testing.T) {
	name := "Größe #1 100% &c ; a=b"
	if runtime.GOOS != "windows" {
		name += " ?mode=memory"
	}
	dir := filepath.Join(t.TempDir(), name)
	s := furnished(t, dir)
	s = reopened(t, s, dir)
	if s.State().User("anna") == nil {
		t.Error("anna is gone")
	}
	if got := files(t, dir); !slices.Contains(got, "redroom.db") {
		t.Errorf("the data directory has %q", got)
	}
}

func TestAnotherDatabaseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	db := database(t, dir)
	if _, err := db.Exec(`CREATE TABLE users (id INTEGER)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	path := filepath.Join(dir, "redroom.db")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "not Red Room's") {
		t.Errorf("got %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !slices.Equal(after, before) {
		t.Errorf("the file has changed: %v", err)
	}
}

func TestFileThatIsNoDatabaseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "redroom.db")
	content := strings.Repeat("These are my notes. ", 100)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "not a database") {
		t.Errorf("got %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != content {
		t.Errorf("the file has changed: %v", err)
	}
}

func TestDatabaseOfANewerRedRoomIsRefused(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, open(t, dir))
	db := database(t, dir)
	if _, err := db.Exec(`INSERT INTO migrations (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := store.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "use a newer redroom") {
		t.Errorf("got %v", err)
	}
}

func TestClosedStoreSaysSo(t *testing.T) {
	s := furnished(t, t.TempDir())
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	closeStore(t, s)
	_, commitErr := s.Commit(t.Context(), nil, 1)
	_, readErr := s.Messages(t.Context(), topicOne, 0, 1, 1)
	for _, err := range []error{commitErr, readErr, s.Ping(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("got %v", err)
		}
	}
}

// otherProcess is where the process that the next test starts finds the store.
const otherProcess = "REDROOM_TEST_STORE"

func TestOtherProcess(t *testing.T) {
	dir := os.Getenv(otherProcess)
	if dir == "" {
		t.Skip("started by TestKilledProcessKeepsOthersOutUntilThenAndLosesNothing only")
	}
	s := furnished(t, dir)
	for i := 1; ; i++ {
		o := applied(t, s, text("bert", topicOne, fmt.Sprint(i), "Hallo"))[0]
		if _, err := fmt.Println("seq", o.Seq); err != nil {
			return
		}
	}
}

func TestKilledProcessKeepsOthersOutUntilThenAndLosesNothing(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOtherProcess$")
	cmd.Env = append(os.Environ(), otherProcess+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })

	var acknowledged int64
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if seq, ok := strings.CutPrefix(lines.Text(), "seq "); ok {
			if acknowledged, err = strconv.ParseInt(seq, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if acknowledged == 1 {
			_, err := store.Open(t.Context(), dir)
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("in use by another redroom (process %d)", cmd.Process.Pid)) {
				t.Fatalf("opened a second time: %v", err)
			}
		}
		if acknowledged == 100 {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
	if acknowledged < 100 {
		t.Fatalf("the other process has ended after %d messages", acknowledged)
	}

	s := open(t, dir)
	if head := s.Head(topicOne); head.Seq < acknowledged {
		t.Errorf("%d messages were acknowledged, %d are there", acknowledged, head.Seq)
	}
	if want := int64(len(furniture())) + s.Head(topicOne).Seq; s.Position() != want {
		t.Errorf("the position is %d, want %d", s.Position(), want)
	}
	checkChain(t, s, topicOne)
}

func TestStoreThatIsOpenIsNotOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := store.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "in use by another redroom") {
		t.Errorf("got %v", err)
	}
	reopened(t, s, dir)
}

// TestViewsAreForPeople reads what the sqlite3 command shows.
func TestViewsAreForPeople(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	reply := text("bert", topicOne, "2", "Grüße zurück")
	reply.At, reply.Ref = start+61_999, 1
	applied(t, s, text("anna", topicOne, "1", "Hallo"), reply)
	closeStore(t, s)
	db := database(t, dir)

	row := `SELECT deal || '|' || number || '|' || title || '|' || messages || '|' || coalesce(last_utc, '-') || '|' || id FROM topic_list`
	if got, want := column(t, db, row), []string{
		"GeldGeldGeld AG|1|Due Diligence|2|2026-01-01 00:01:01|" + topicOne,
		"GeldGeldGeld AG|2|Share Deal|0|-|" + topicTwo,
		"Zwei GmbH|0|Anfang|0|-|" + topicThree,
	}; !slices.Equal(got, want) {
		t.Errorf("topic_list is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	row = `SELECT deal || '|' || topic || '|' || seq || '|' || utc || '|' || author || '|' || display || '|' || kind || '|' || coalesce(ref, '-') || '|' || body FROM log`
	if got, want := column(t, db, row), []string{
		"GeldGeldGeld AG|Due Diligence|1|2026-01-01 00:00:00|anna|Anna Groß|text|-|Hallo",
		"GeldGeldGeld AG|Due Diligence|2|2026-01-01 00:01:01|bert|Bert|text|1|Grüße zurück",
	}; !slices.Equal(got, want) {
		t.Errorf("log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTablesAreStrict(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, open(t, dir))
	db := database(t, dir)
	loose := column(t, db, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'`)
	if !slices.Equal(loose, []string{"migrations"}) { // goose's own
		t.Errorf("not strict: %q", loose)
	}
	if got := column(t, db, `SELECT integrity_check FROM pragma_integrity_check UNION ALL SELECT "table" FROM pragma_foreign_key_check`); !slices.Equal(got, []string{"ok"}) {
		t.Errorf("checks: %q", got)
	}
	if got := column(t, db, `SELECT user_version || ' ' || application_id FROM pragma_user_version, pragma_application_id`); !slices.Equal(got, []string{"5 1381134189"}) {
		t.Errorf("user_version and application_id: %q", got)
	}
}

func TestWriterIsDurable(t *testing.T) {
	s := open(t, t.TempDir())
	for name, want := range map[string]string{
		"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": "5000", "wal_autocheckpoint": "4096",
	} {
		if got, err := s.WriterPragma(t.Context(), name); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"", "no_such_pragma", "synchronous=OFF", "synchronous; DELETE FROM users"} {
		if got, err := s.WriterPragma(t.Context(), name); err == nil {
			t.Errorf("%q is %q", name, got)
		}
	}
	applied(t, s, room.UserAdded{Stamp: by(""), Name: "anna", Display: "Anna", Role: room.Admin})
}
