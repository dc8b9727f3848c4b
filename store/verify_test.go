package store_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// written are the fixture's messages: nine of topicOne, of which 2 and its edit
// 3 are redacted by 5, and five of topicTwo.
func written() (events []room.Event) {
	n := 0
	say := func(by, topic string, kind room.Kind, ref int64, body string) {
		n++
		ev := text(by, topic, fmt.Sprintf("id-%d", n), body)
		ev.At += int64(n) * 61_003
		ev.Kind, ev.Ref = kind, ref
		events = append(events, ev)
	}
	say("anna", topicOne, room.Text, 0, "first words")
	say("bert", topicOne, room.Text, 0, "second words")
	say("bert", topicOne, room.Edit, 2, "second words, edited")
	say("carla", topicOne, room.Text, 1, "fourth words")
	say("anna", topicOne, room.Redact, 2, "a name too many")
	say("dora", topicOne, room.Text, 0, "sixth words")
	say("bert", topicOne, room.Text, 0, "seventh words")
	say("bert", topicOne, room.Edit, 7, "seventh words, edited")
	say("anna", topicOne, room.Text, 7, "ninth words")
	for i := range 5 {
		say("bert", topicTwo, room.Text, 0, fmt.Sprintf("words %d of another topic", i+1))
	}
	return events
}

// writtenStore is the file of a stopped store with these messages.
func writtenStore(t testing.TB) (path string) {
	t.Helper()
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, written()...)
	closeStore(t, s)
	return filepath.Join(dir, "redroom.db")
}

// copyFile is a copy in a directory of its own.
func copyFile(t testing.TB, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "redroom.db")
	if err := os.WriteFile(to, read(t, path), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	octets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

// flip changes one bit in the only place of a file that has these octets.
func flip(t testing.TB, path string, octets []byte, bit int) {
	t.Helper()
	content := read(t, path)
	if bytes.Count(content, octets) != 1 {
		t.Fatalf("%x is %d times in the file", octets, bytes.Count(content, octets))
	}
	content[bytes.Index(content, octets)+bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// execute changes a store's file behind its back.
func execute(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// ask is one value out of a store's file.
func ask[T any](t testing.TB, path, query string) (value T) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// insertion is the statement that adds a message with the hash that it would
// have behind the one before, which whoever knows the protocol can compute.
func insertion(t testing.TB, path string, seq int64, rightHash bool) string {
	t.Helper()
	before := ask[[]byte](t, path, fmt.Sprintf(`SELECT hash FROM messages WHERE topic = 2 AND seq = %d`, seq-1))
	m := room.Message{Seq: seq, Author: "anna", At: start, Kind: room.Text, Body: []byte("never said")}
	digest := room.Digest(m.Salt, m.Body)
	hash := digest
	if rightHash {
		hash = room.ChainNext(room.Hash(before), &m, len(m.Body), digest)
	}
	return fmt.Sprintf(`INSERT INTO messages (topic, seq, author, time, kind, length, salt, digest, hash, client_id, body)
VALUES (2, %d, 'anna', %d, 'text', %d, x'%x', x'%x', x'%s', 'x', '%s')`, seq, start, len(m.Body), m.Salt[:], digest[:], hash, m.Body)
}

// one and two are the topics' keys in the fixture: topicTwo was made first.
const one, two = `topic = 2`, `topic = 1`

// shift makes room for one message, or closes the gap of one.
func shift(from, by int) []string {
	return []string{
		fmt.Sprintf(`UPDATE messages SET seq = -(seq + %d) WHERE %s AND seq >= %d`, by, one, from),
		fmt.Sprintf(`UPDATE messages SET seq = -seq WHERE %s AND seq < 0`, one),
	}
}

func exchange(a, b int) []string {
	return []string{
		fmt.Sprintf(`UPDATE messages SET seq = -1 WHERE %s AND seq = %d`, one, a),
		fmt.Sprintf(`UPDATE messages SET seq = %d WHERE %s AND seq = %d`, a, one, b),
		fmt.Sprintf(`UPDATE messages SET seq = %d WHERE %s AND seq = -1`, b, one),
	}
}

// places is the first bad seq by topic, and a word of what is said of it.
type places map[string]struct {
	seq  int64
	word string
}

func TestVerifyNamesThePlace(t *testing.T) {
	whole := writtenStore(t)
	statements := func(of ...string) func(testing.TB, string) {
		return func(t testing.TB, path string) { execute(t, path, of...) }
	}
	oneOf := func(what, where string) string {
		return `UPDATE messages SET ` + what + ` WHERE ` + one + ` AND ` + where
	}
	for name, c := range map[string]struct {
		change func(t testing.TB, path string)
		want   places
	}{
		"a bit of a body flipped": {func(t testing.TB, path string) { flip(t, path, []byte("fourth words"), 3) },
			places{topicOne: {4, "words"}}},
		"a bit of the newest body flipped": {func(t testing.TB, path string) { flip(t, path, []byte("ninth words"), 80) },
			places{topicOne: {9, "words"}}},
		"a bit of a hash flipped": {func(t testing.TB, path string) {
			flip(t, path, ask[[]byte](t, path, `SELECT hash FROM messages WHERE `+one+` AND seq = 4`), 200)
		}, places{topicOne: {4, "hash"}}},
		"a bit of a digest flipped": {func(t testing.TB, path string) {
			flip(t, path, ask[[]byte](t, path, `SELECT digest FROM messages WHERE `+one+` AND seq = 4`), 77)
		}, places{topicOne: {4, "digest"}}},
		"a bit of a time flipped": {func(t testing.TB, path string) {
			time := binary.BigEndian.AppendUint64(nil, uint64(ask[int64](t, path, `SELECT time FROM messages WHERE `+one+` AND seq = 6`)))
			flip(t, path, time[2:], 40)
		}, places{topicOne: {6, "time"}}},

		"the first deleted":    {statements(`DELETE FROM messages WHERE ` + one + ` AND seq = 1`), places{topicOne: {1, "missing"}}},
		"one deleted":          {statements(`DELETE FROM messages WHERE ` + one + ` AND seq = 4`), places{topicOne: {4, "missing"}}},
		"the newest deleted":   {statements(`DELETE FROM messages WHERE ` + one + ` AND seq = 9`), places{topicOne: {9, "missing"}}},
		"the newest two":       {statements(`DELETE FROM messages WHERE ` + one + ` AND seq > 7`), places{topicOne: {8, "missing"}}},
		"all deleted":          {statements(`DELETE FROM messages WHERE ` + one), places{topicOne: {1, "missing"}}},
		"one deleted for good": {statements(append([]string{`DELETE FROM messages WHERE ` + one + ` AND seq = 4`}, shift(5, -1)...)...), places{topicOne: {4, "not what was written"}}},
		"the first deleted for good": {statements(append([]string{`DELETE FROM messages WHERE ` + one + ` AND seq = 1`}, shift(2, -1)...)...),
			places{topicOne: {1, "not what was written"}}},
		"all deleted, and the head": {statements(`DELETE FROM messages WHERE `+two+` AND seq < 5`, `DELETE FROM heads WHERE `+two), places{topicTwo: {5, "beyond"}}},

		"one inserted": {func(t testing.TB, path string) {
			execute(t, path, append(shift(4, 1), insertion(t, path, 4, false))...)
		}, places{topicOne: {4, "inserted"}}},
		"one inserted with the right hash": {func(t testing.TB, path string) {
			execute(t, path, append(shift(4, 1), insertion(t, path, 4, true))...)
		}, places{topicOne: {4, "inserted"}}},
		"one appended": {func(t testing.TB, path string) { execute(t, path, insertion(t, path, 10, false)) },
			places{topicOne: {10, "beyond"}}},
		"one appended with the right hash": {func(t testing.TB, path string) { execute(t, path, insertion(t, path, 10, true)) },
			places{topicOne: {10, "beyond"}}},
		"the newest replaced with the right hash": {func(t testing.TB, path string) {
			execute(t, path, `DELETE FROM messages WHERE `+one+` AND seq = 9`, insertion(t, path, 9, true))
		}, places{topicOne: {9, "another hash"}}},
		"one before the first": {statements(`INSERT INTO messages SELECT topic, 0, author, time, kind, ref, length, salt, digest, hash, 'x', body FROM messages WHERE ` + one + ` AND seq = 4`),
			places{topicOne: {0, "inserted"}}},

		"two exchanged":             {statements(exchange(6, 7)...), places{topicOne: {6, "exchanged with message 7"}}},
		"the newest two exchanged":  {statements(exchange(8, 9)...), places{topicOne: {8, "exchanged with message 9"}}},
		"two far apart exchanged":   {statements(exchange(1, 9)...), places{topicOne: {1, "not what was written"}}},
		"a time changed":            {statements(oneOf(`time = time + 1`, `seq = 7`)), places{topicOne: {7, "time"}}},
		"the newest's time changed": {statements(oneOf(`time = time + 1`, `seq = 9`)), places{topicOne: {9, "time"}}},
		"an author changed":         {statements(oneOf(`author = 'carla'`, `seq = 6`)), places{topicOne: {6, "author"}}},
		"a kind changed":            {statements(oneOf(`kind = 'report'`, `seq = 1`)), places{topicOne: {1, "kind"}}},
		"a reference changed":       {statements(oneOf(`ref = 4`, `seq = 9`)), places{topicOne: {9, "reference"}}},
		"a length changed":          {statements(oneOf(`length = length + 1`, `seq = 6`)), places{topicOne: {6, "length"}}},
		"a salt changed":            {statements(oneOf(`salt = zeroblob(12)`, `seq = 6`)), places{topicOne: {6, "salt"}}},
		"a salt of another length":  {statements(oneOf(`salt = zeroblob(11)`, `seq = 6`)), places{topicOne: {6, "salt"}}},
		"a hash of another length":  {statements(oneOf(`hash = x'00'`, `seq = 6`)), places{topicOne: {6, "32 octets"}}},
		"a hash of the newest":      {statements(oneOf(`hash = zeroblob(32)`, `seq = 9`)), places{topicOne: {9, "hash"}}},
		"words changed and their digest with them": {func(t testing.TB, path string) {
			digest := room.Digest(room.Salt(ask[[]byte](t, path, `SELECT salt FROM messages WHERE `+one+` AND seq = 6`)), []byte("false words"))
			execute(t, path, oneOf(fmt.Sprintf(`body = 'false words', digest = x'%s'`, digest), `seq = 6`))
		}, places{topicOne: {6, "digest"}}},

		"topics exchanged": {statements(`UPDATE topics SET id = 'x' WHERE key = 1`, `UPDATE topics SET id = '`+topicTwo+`' WHERE key = 2`, `UPDATE topics SET id = '`+topicOne+`' WHERE key = 1`),
			places{topicOne: {1, topicTwo}, topicTwo: {1, topicOne}}},

		"a redacted message's digest changed": {statements(oneOf(`digest = zeroblob(32)`, `seq = 2`)), places{topicOne: {2, "digest"}}},
		"a redacted message's length changed": {statements(oneOf(`length = 1`, `seq = 2`)), places{topicOne: {2, "length"}}},
		"other words for redacted ones":       {statements(oneOf(`salt = zeroblob(12), body = 'harmless one'`, `seq = 2`)), places{topicOne: {2, "words"}}},
		"redacted words brought back": {statements(oneOf(fmt.Sprintf(`salt = x'%x', body = 'second words'`, salted("id-2")), `seq = 2`)),
			places{topicOne: {2, "5 redacted"}}},
		"redacted words of an edit brought back": {statements(oneOf(fmt.Sprintf(`salt = x'%x', body = 'second words, edited'`, salted("id-3")), `seq = 3`)),
			places{topicOne: {3, "5 redacted"}}},
		"words removed":    {statements(oneOf(`salt = NULL, body = NULL`, `seq = 6`)), places{topicOne: {6, "nothing redacts"}}},
		"a body removed":   {statements(oneOf(`body = NULL`, `seq = 6`)), places{topicOne: {6, "length"}}},
		"a salt removed":   {statements(oneOf(`salt = NULL`, `seq = 6`)), places{topicOne: {6, "salt"}}},
		"a head changed":   {statements(`UPDATE heads SET hash = zeroblob(32) WHERE ` + one), places{topicOne: {9, "another hash"}}},
		"a head removed":   {statements(`DELETE FROM heads WHERE ` + one), places{topicOne: {1, "beyond"}}},
		"a head set back":  {statements(`UPDATE heads SET seq = 8 WHERE ` + one), places{topicOne: {8, "another hash"}}},
		"a head put ahead": {statements(`UPDATE heads SET seq = 12 WHERE ` + one), places{topicOne: {10, "missing"}}},
	} {
		t.Run(name, func(t *testing.T) {
			path := copyFile(t, whole)
			c.change(t, path)
			r, err := store.Verify(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if r.OK() || r.Err() == nil {
				t.Error("it finds nothing")
			}
			for _, topic := range r.Topics {
				want, bad := c.want[topic.ID]
				switch {
				case !bad && topic.Fault != nil:
					t.Errorf("it says %q", topic)
				case bad && topic.Fault == nil:
					t.Errorf("it finds nothing in topic %s", topic.ID)
				case bad && (topic.Fault.Seq != want.seq || !strings.Contains(topic.Fault.What, want.word)):
					t.Errorf("it says %q, want message %d and something of %q", topic, want.seq, want.word)
				}
			}
			said := fmt.Sprint(r.Err())
			for id, want := range c.want {
				title := map[string]string{topicOne: "Due Diligence", topicTwo: "Share Deal"}[id]
				if len(c.want) == 1 && (!strings.Contains(said, id) || !strings.Contains(said, "GeldGeldGeld AG / "+title) || !strings.Contains(said, fmt.Sprintf("message %d ", want.seq))) {
					t.Errorf("in one line it says %q", said)
				}
			}
		})
	}
}

// salted is the salt of a message of the fixture.
func salted(id string) []byte {
	salt := text("", "", id, "").Salt
	return salt[:]
}

func TestVerifyFindsMessagesOfNoTopic(t *testing.T) {
	path := writtenStore(t)
	execute(t, path, `UPDATE messages SET topic = 99 WHERE `+two, `DELETE FROM heads WHERE `+two)
	r, err := store.Verify(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(r.Faults, "\n"); !strings.Contains(said, "a topic that doesn't exist") || !strings.Contains(said, "99") {
		t.Errorf("it says %q", said)
	}
}

func TestVerifyChecksTheStructure(t *testing.T) {
	path := writtenStore(t)
	execute(t, path, `DELETE FROM users WHERE name = 'olga'`)
	r, err := store.Verify(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(r.Faults, "\n"); !strings.Contains(said, "1 rows of members refer to users") {
		t.Errorf("of a missing user it says %q", said)
	}

	// An index that doesn't have what it should; no chain tells.
	path = writtenStore(t)
	execute(t, path, `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '''edit''', '''text''') WHERE name = 'edits' `)
	if r, err = store.Verify(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(r.Faults, "\n"); !strings.Contains(said, "SQLite says of its structure: row") || len(r.Broken()) > 0 {
		t.Errorf("of an index without rows it says %q", said)
	}

	path = writtenStore(t)
	content := read(t, path)
	at := bytes.LastIndex(content, []byte("sessions_by_user")) // anything in the schema would do
	copy(content[at:], "\x00\x00\x00\x00")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := store.Verify(t.Context(), path); err == nil && r.OK() {
		t.Error("of a damaged schema it says nothing")
	}
}

func TestVerifySaysWhatIsWhole(t *testing.T) {
	path := writtenStore(t)
	r, err := store.Verify(t.Context(), filepath.Dir(path))
	if err != nil || !r.OK() || r.Err() != nil {
		t.Fatalf("%v, %+v", err, r)
	}
	if r.Path != path || r.Backup || r.InUse || r.Version != 5 || len(r.Epoch) != 16 || r.Messages != 14 || r.Octets != int64(len(read(t, path))) {
		t.Errorf("it is %+v", r)
	}
	if want := int64(len(furniture()) + len(written())); r.Position != want {
		t.Errorf("its position is %d, want %d", r.Position, want)
	}
	if encoded, err := json.Marshal(r); err != nil || !bytes.Contains(encoded, []byte(`"faults":[]`)) {
		t.Errorf("as JSON it is %s, %v", encoded, err)
	}
	var lines []string
	for _, topic := range r.Topics {
		lines = append(lines, topic.String())
	}
	want := `GeldGeldGeld AG / Due Diligence (` + topicOne + `): messages: 9, of these redacted: 2
GeldGeldGeld AG / Share Deal (` + topicTwo + `): messages: 5
Zwei GmbH / Anfang (` + topicThree + `): messages: 0`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
	if got, want := r.Audit.String(), fmt.Sprint("audit trail: rows: ", len(furniture())); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestVerifyChangesNothing(t *testing.T) {
	path := writtenStore(t)
	// SQLite would make files beside it and remove them again.
	before, content := listing(t, filepath.Dir(path)), read(t, path)
	if _, err := store.Verify(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if after := listing(t, filepath.Dir(path)); after != before || !bytes.Equal(read(t, path), content) {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func listing(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	itself, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{fmt.Sprintln(itself.ModTime().UnixNano())}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintln(e.Name(), info.Size(), info.ModTime().UnixNano(), info.Mode()))
	}
	return strings.Join(lines, "")
}

// TestVerifyBesideAWriter checks a store, again and again, while batches with
// edits and redactions are committed.
func TestVerifyBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, written()...)
	stop, stopped := make(chan struct{}), make(chan struct{})
	times, heads := 0, make(map[int64]bool)
	go func() {
		defer close(stopped)
		for ; ; times++ {
			select {
			case <-stop:
				return
			default:
			}
			r, err := store.Verify(t.Context(), dir)
			if err == nil && !r.InUse {
				err = errors.New("it takes the store for one that nobody uses")
			}
			if err == nil {
				err = r.Err()
			}
			if err != nil {
				t.Error(err)
				return
			}
			heads[r.Messages] = true
		}
	}()
	for n := range 60 {
		var batch []room.Event
		for i := range 40 {
			head := s.Head(topicOne).Seq + int64(len(batch))
			ev := text("bert", topicOne, fmt.Sprintf("w%d-%d", n, i), "words")
			switch i % 8 {
			case 3:
				ev.Kind, ev.Ref = room.Edit, head
			case 6: // of what was said in this batch, or of its edit
				ev.Kind, ev.Ref = room.Redact, head-int64(2+n%2)
			case 7: // of what was said long ago
				if n > 30 {
					ev.Kind, ev.Ref = room.Redact, head-1000
				}
			}
			batch = append(batch, ev)
		}
		commit(t, s, batch...) // some of these redact an edit's redaction, which is refused
	}
	close(stop)
	<-stopped
	if t.Logf("%d times, with %d different heads", times, len(heads)); times < 2 || len(heads) < 2 {
		t.Error("it was not checked while it was written")
	}
	closeStore(t, s)
	if r, err := store.Verify(t.Context(), dir); err != nil || !r.OK() {
		t.Errorf("in the end: %v, %+v", err, r)
	}
}

// TestVerifyOfAStoreThatWasKilled reads what is in the write-ahead log only.
func TestVerifyOfAStoreThatWasKilled(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, written()...)
	killed := t.TempDir()
	for _, name := range []string{"redroom.db", "redroom.db-wal"} {
		if err := os.WriteFile(filepath.Join(killed, name), read(t, filepath.Join(dir, name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := store.Verify(t.Context(), killed)
	if err != nil || !r.OK() || !r.InUse || r.Messages != 14 {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestVerifyKnowsOlderStores(t *testing.T) {
	path := writtenStore(t)
	for version := int64(1); version < currentVersion(t, path); version++ {
		old := older(t, path, version)
		r, err := store.Verify(t.Context(), old)
		if err != nil || !r.OK() || r.Version != int(version) || r.Messages != 14 {
			t.Errorf("of a whole one: %v, %+v", err, r)
		}
		execute(t, old, `UPDATE messages SET time = 0 WHERE `+one+` AND seq = 9`)
		if r, err = store.Verify(t.Context(), old); err != nil || len(r.Broken()) != 1 || r.Broken()[0].Fault.Seq != 9 {
			t.Errorf("of a changed one: %v, %+v", err, r)
		}
	}
}

func TestVerifySaysWhatItCanNotCheck(t *testing.T) {
	for name, c := range map[string]struct {
		make  func(t *testing.T, path string)
		words string
	}{
		"nothing":             {func(*testing.T, string) {}, "there is no"},
		"no store":            {func(t *testing.T, path string) { os.Mkdir(path, 0o700) }, "there is no"},
		"an empty file":       {func(t *testing.T, path string) { os.WriteFile(path, nil, 0o600) }, "is empty"},
		"a text":              {func(t *testing.T, path string) { os.WriteFile(path, bytes.Repeat([]byte("text\n"), 100), 0o600) }, "not a store of Red Room's"},
		"somebody's database": {func(t *testing.T, path string) { execute(t, path, `CREATE TABLE theirs (x)`) }, "a database, but not Red Room's"},
		"a newer store": {func(t *testing.T, path string) {
			os.WriteFile(path, read(t, writtenStore(t)), 0o600)
			execute(t, path, `PRAGMA user_version = 99`)
		}, "use a newer redroom"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store")
			c.make(t, path)
			if r, err := store.Verify(t.Context(), path); err == nil || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v, %+v", err, r)
			}
			if _, err := store.Restore(t.Context(), path, t.TempDir(), false); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("restoring says %v", err)
			}
		})
	}
}
