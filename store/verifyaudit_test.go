package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// rowWith is the statement that adds a row to the trail with the hash that it
// would have behind the one before, which whoever knows how can compute.
func rowWith(t testing.TB, path string, seq int64, rightHash bool) string {
	t.Helper()
	row := room.AuditRow{Seq: seq, At: start, By: "bert", Action: room.ActionUserChanged, User: "bert", Detail: `{"role":"admin"}`}
	if rightHash {
		row.Hash = row.ChainNext(room.Hash(ask[[]byte](t, path, fmt.Sprintf(`SELECT hash FROM audit WHERE seq = %d`, seq-1))))
	}
	return fmt.Sprintf(`INSERT INTO audit VALUES (%d, %d, 'bert', '', 'user.changed', 'bert', '', '', 0, '%s', x'%s')`, seq, row.At, row.Detail, row.Hash)
}

// trailShift makes room for one row, or closes the gap of one.
func trailShift(from, by int) []string {
	return []string{
		fmt.Sprintf(`UPDATE audit SET seq = -(seq + %d) WHERE seq >= %d`, by, from),
		`UPDATE audit SET seq = -seq WHERE seq < 0`,
	}
}

// TestVerifyNamesTheRow changes a trail of 15 rows.
func TestVerifyNamesTheRow(t *testing.T) {
	whole := writtenStore(t)
	if n := ask[int64](t, whole, `SELECT count(*) FROM audit`); n != 15 {
		t.Fatalf("the trail has %d rows", n)
	}
	statements := func(of ...string) func(testing.TB, string) []string {
		return func(testing.TB, string) []string { return of }
	}
	change := func(what string, seq int) func(testing.TB, string) []string {
		return statements(fmt.Sprintf(`UPDATE audit SET %s WHERE seq = %d`, what, seq))
	}
	for name, c := range map[string]struct {
		change func(testing.TB, string) []string
		seq    int64
		words  string
	}{
		"a time":                {change(`time = time + 1`, 4), 4, "was changed"},
		"who did it":            {change(`done_by = 'bert'`, 4), 4, "was changed"},
		"from where":            {change(`address = '192.0.2.1'`, 4), 4, "was changed"},
		"what was done":         {change(`action = 'user.changed'`, 4), 4, "was changed"},
		"to whom":               {change(`user = 'bert'`, 4), 4, "was changed"},
		"in which deal":         {change(`deal = ''`, 7), 7, "was changed"},
		"in which topic":        {change(`topic = ''`, 9), 9, "was changed"},
		"how often":             {change(`count = 1`, 4), 4, "was changed"},
		"a detail":              {change(`detail = replace(detail, 'member', 'admin')`, 3), 3, "was changed"},
		"a detail of the first": {change(`detail = ''`, 1), 1, "was changed"},
		"a detail of the last":  {change(`detail = 'x'`, 15), 15, "was changed"},
		"a hash":                {change(`hash = zeroblob(32)`, 4), 4, "hash is not what follows"},
		"the last's hash":       {change(`hash = zeroblob(32)`, 15), 15, "hash is not what follows"},
		"a hash's length":       {change(`hash = x'00'`, 4), 4, "hash is not what follows"},

		"the first missing":          {statements(`DELETE FROM audit WHERE seq = 1`), 1, "is missing: 2 follows 0"},
		"one missing":                {statements(`DELETE FROM audit WHERE seq = 4`), 4, "is missing: 5 follows 3"},
		"the last missing":           {statements(`DELETE FROM audit WHERE seq = 15`), 15, "is missing: the trail ends with 14"},
		"the last two missing":       {statements(`DELETE FROM audit WHERE seq > 13`), 14, "is missing"},
		"all missing":                {statements(`DELETE FROM audit`), 1, "is missing"},
		"one missing, and no gap":    {statements(append([]string{`DELETE FROM audit WHERE seq = 4`}, trailShift(5, -1)...)...), 4, "not what was written"},
		"two exchanged":              {statements(`UPDATE audit SET seq = -1 WHERE seq = 4`, `UPDATE audit SET seq = 4 WHERE seq = 5`, `UPDATE audit SET seq = 5 WHERE seq = -1`), 4, ""},
		"one before the first":       {statements(`UPDATE audit SET seq = 0 WHERE seq = 4`), 0, "was inserted: the trail begins with 1"},
		"one inserted":               {func(t testing.TB, path string) []string { return append(trailShift(4, 1), rowWith(t, path, 4, false)) }, 4, "was inserted: row 5 is what was 4"},
		"one inserted, its hash too": {func(t testing.TB, path string) []string { return append(trailShift(4, 1), rowWith(t, path, 4, true)) }, 4, "was inserted: row 5 is what was 4"},
		"one added":                  {func(t testing.TB, path string) []string { return []string{rowWith(t, path, 16, false)} }, 16, "beyond the head"},
		"one added, its hash too":    {func(t testing.TB, path string) []string { return []string{rowWith(t, path, 16, true)} }, 16, "beyond the head"},
		"the last written anew": {func(t testing.TB, path string) []string {
			return []string{`DELETE FROM audit WHERE seq = 15`, rowWith(t, path, 15, true)}
		}, 15, "another hash than was kept"},

		"the head's hash":        {statements(`UPDATE audit_head SET hash = zeroblob(32)`), 15, "another hash than was kept"},
		"the head set back":      {statements(`UPDATE audit_head SET seq = 14`), 14, "another hash than was kept"},
		"the head set to none":   {statements(`UPDATE audit_head SET seq = 0`), 0, "another hash than was kept"},
		"the head and its row":   {statements(`DELETE FROM audit WHERE seq = 15`, `UPDATE audit_head SET seq = 14`), 14, "another hash than was kept"},
		"the head put ahead":     {statements(`UPDATE audit_head SET seq = 16`), 16, "is missing"},
		"the head set as before": {statements(`UPDATE audit_head SET seq = 14, hash = (SELECT hash FROM audit WHERE seq = 14)`), 15, "beyond the head"},
		"the head taken away":    {statements(`DELETE FROM audit_head`), 0, "another hash than was kept"},
		"everything taken away":  {statements(`DELETE FROM audit`, `DELETE FROM audit_head`), 0, "another hash than was kept"},
	} {
		t.Run(name, func(t *testing.T) {
			path := copyFile(t, whole)
			execute(t, path, c.change(t, path)...)
			r, err := store.Verify(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if r.Audit == nil || r.Audit.Fault == nil {
				t.Fatalf("it finds nothing: %+v", r)
			}
			if f := r.Audit.Fault; f.Seq != c.seq || !strings.Contains(f.What, c.words) {
				t.Errorf("it says %q, want row %d and %q", r.Audit, c.seq, c.words)
			}
			if r.OK() || !strings.Contains(fmt.Sprint(r.Err()), "damaged") || len(r.Broken()) > 0 {
				t.Errorf("in one line it says %v", r.Err())
			}
		})
	}
}

// TestATrailThatDoesNotEndWhereItDidIsNotGoneOnWith: the next row would hide it.
func TestATrailThatDoesNotEndWhereItDidIsNotGoneOnWith(t *testing.T) {
	whole := writtenStore(t)
	for name, change := range map[string]string{
		"the last row is gone": `DELETE FROM audit WHERE seq = 15`,
		"a row more":           rowWith(t, whole, 16, true),
		"another hash":         `UPDATE audit SET hash = zeroblob(32) WHERE seq = 15`,
		"a hash that is none":  `UPDATE audit SET hash = x'00' WHERE seq = 15; UPDATE audit_head SET hash = x'00'`,
		"all rows are gone":    `DELETE FROM audit`,
		"the head is gone":     `DELETE FROM audit_head`,
		"the head was moved":   `UPDATE audit_head SET seq = 14`,
		"another head's hash":  `UPDATE audit_head SET hash = zeroblob(32)`,
	} {
		t.Run(name, func(t *testing.T) {
			path := copyFile(t, whole)
			execute(t, path, change)
			s, err := store.Open(t.Context(), filepath.Dir(path))
			if err == nil {
				closeStore(t, s)
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), "audit trail") || !strings.Contains(err.Error(), "redroom verify") {
				t.Errorf("the error says neither what nor what to do: %v", err)
			}
		})
	}
}

func TestVerifyReadsALongTrail(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	var notes []room.Event
	for i := range 1700 {
		notes = append(notes, room.Noted{Stamp: by("bert"), Action: room.ActionTopicOpened, Topic: topicOne, Count: int64(i)})
	}
	applied(t, s, notes...)
	check := func(want int64) {
		t.Helper()
		r, err := store.Verify(t.Context(), dir)
		if err != nil || r.Err() != nil || r.Audit.Rows != want {
			t.Errorf("%v, %+v", err, r)
		}
	}
	check(1715) // in use
	closeStore(t, s)
	check(1715)
	execute(t, filepath.Join(dir, "redroom.db"), `UPDATE audit SET count = 7 WHERE seq = 1500`)
	if r, err := store.Verify(t.Context(), dir); err != nil || r.Audit.Fault == nil || r.Audit.Fault.Seq != 1500 {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestVerifyBesideATrailThatGrows checks a store, again and again, while its
// trail is added to.
func TestVerifyBesideATrailThatGrows(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	stop, stopped := make(chan struct{}), make(chan struct{})
	lengths := make(map[int64]bool)
	go func() {
		defer close(stopped)
		for {
			r, err := store.Verify(t.Context(), dir)
			if err == nil {
				err = r.Err()
			}
			if err != nil {
				t.Error(err)
				return
			}
			lengths[r.Audit.Rows] = true
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for range 100 {
		applied(t, s, room.Noted{Stamp: by("bert"), Action: room.ActionTopicOpened, Topic: topicOne}, room.Noted{Stamp: by("bert"), Action: room.ActionExported})
	}
	close(stop)
	<-stopped
	if len(lengths) < 2 {
		t.Error("it was not checked while it was added to")
	}
}

// TestBackupsCarryTheTrail has it in a backup, and in what that is restored to.
func TestBackupsCarryTheTrail(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, room.Noted{Stamp: by("bert"), Action: room.ActionBackedUp})
	b, err := s.Backup(t.Context())
	backup := backedUp(t, b, err)
	if r, err := store.Verify(t.Context(), backup); err != nil || r.Err() != nil || r.Audit.Rows != 16 {
		t.Errorf("the backup: %v, %+v", err, r)
	}
	back, _ := restored(t, backup)
	if back.AuditHead() != s.AuditHead() || len(trail(t, back)) != 16 {
		t.Errorf("restored, the trail ends at %+v, and did at %+v", back.AuditHead(), s.AuditHead())
	}
	checkTrail(t, back)

	// A backup whose trail was changed is none.
	path := writtenStore(t)
	execute(t, path, `UPDATE audit SET done_by = 'x' WHERE seq = 3`)
	if _, err := store.Restore(t.Context(), path, t.TempDir(), false); err == nil || !strings.Contains(err.Error(), "audit trail: row 3 was changed") {
		t.Errorf("restoring says %v", err)
	}
}
