package store

import (
	"path/filepath"
	"strings"
	"testing"

	"redroom/server/room"
)

// What is tested here can't be seen from outside: plans of queries, readers'
// connections, and what fails below the store.

func openInside(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestEveryQueryHasItsIndex(t *testing.T) {
	s := openInside(t)
	for _, query := range []string{
		setPositionSQL, insertMessageSQL, findMessageSQL, findEntrySQL, moveHeadSQL, moveMarkSQL,
		redactMessageSQL, redactEditsSQL, postedSQL,
		pingSQL, afterSQL, beforeSQL, hashSQL, marksSQL, topicMarksSQL, indexedSQL, sinceBlockSQL, sinceSQL, passwordSQL, sessionSQL, boundSessionsSQL, invitationSQL, invitationDealsSQL,
		verifySQL, verifyBeyondSQL, verifyStraySQL, verifyLaterSQL,
		insertAuditSQL, moveTrailSQL, verifyAuditHeadSQL, verifyAuditSQL,
		`DELETE FROM sessions WHERE user = ? AND id <> ? RETURNING id`,
		`DELETE FROM sessions WHERE user = ? AND expires <= ? RETURNING id`,
		`SELECT 1 FROM sessions WHERE id = ? OR token_hash = ?`,
		checkSessionSQL, spendPasswordLinksSQL,
	} {
		for _, step := range plan(t, s, query) {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\n%s", query, step)
			}
		}
	}
	// Reading the heads goes through the topics and looks up one message each.
	for _, step := range plan(t, s, newestSQL) {
		if strings.HasPrefix(step, "SCAN") && !strings.HasPrefix(step, "SCAN topics ") {
			t.Errorf("%s\n%s", newestSQL, step)
		}
	}
}

// TestEditsAreFoundByWhatTheyEdit keeps the planner from reading a whole topic
// in its order, and from putting bodies in order.
func TestEditsAreFoundByWhatTheyEdit(t *testing.T) {
	steps := strings.Join(plan(t, openInside(t), editsSQL), "\n")
	if !strings.Contains(steps, "SEARCH messages USING COVERING INDEX edits (topic=? AND ref=?)") ||
		!strings.HasSuffix(steps, "SCAN found\nSEARCH messages USING INTEGER PRIMARY KEY (rowid=?)") {
		t.Errorf("%s\n%s", editsSQL, steps)
	}
}

// TestEveryQuestionToTheTrailHasItsIndex asks for everything that can be asked
// for, in both directions.
func TestEveryQuestionToTheTrailHasItsIndex(t *testing.T) {
	s := openInside(t)
	for what := range 1 << 5 {
		q := room.AuditQuery{After: 7, Before: 7, Limit: 10, Backwards: what&1 != 0}
		if what&2 != 0 {
			q.User = "bert"
		}
		if what&4 != 0 {
			q.Deal = "d"
		}
		if what&8 != 0 {
			q.Topic = "t"
		}
		if what&16 != 0 {
			q.Action = room.ActionExported
		}
		query, args := auditSQL(q)
		if strings.Count(query, "?") != len(args) {
			t.Errorf("%d arguments for %s", len(args), query)
		}
		for _, step := range plan(t, s, query) {
			filtered := q.User+q.Deal+q.Topic+string(q.Action) != ""
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") ||
				filtered && strings.HasPrefix(step, "SEARCH") && !strings.Contains(step, "USING INDEX audit_by_") {
				t.Errorf("%s\n%s", query, step)
			}
		}
	}
}

func plan(t *testing.T, s *Store, query string) []string {
	t.Helper()
	args := make([]any, strings.Count(query, "?"))
	rows, err := s.writer.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

func TestReadersCanNotWrite(t *testing.T) {
	s := openInside(t)
	if _, err := s.readers.db.ExecContext(t.Context(), `DELETE FROM settings`); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("got %v", err)
	}
}

// furnish makes topic t, in which anna may post.
func furnish(t *testing.T, s *Store) {
	t.Helper()
	outcomes, err := s.Commit(t.Context(), []room.Event{
		room.UserAdded{Name: "anna", Display: "Anna", Role: room.Admin},
		room.DealCreated{Stamp: room.Stamp{By: "anna"}, ID: "d", Name: "Deal", History: room.HistoryAll},
		room.TopicCreated{Stamp: room.Stamp{By: "anna"}, ID: "t", Deal: "d", Title: "Topic"},
		post("before", "before"),
	}, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
	}
}

func post(id, body string) room.MessagePosted {
	return room.MessagePosted{Stamp: room.Stamp{By: "anna"}, Topic: "t", ID: id, Kind: room.Text, Body: []byte(body)}
}

// TestFailureRollsBackTheBatch breaks the store below a batch that would change
// everything that memory holds, and expects that nothing of it is to be seen
// and that the same batch goes through afterwards.
func TestFailureRollsBackTheBatch(t *testing.T) {
	batch := []room.Event{
		room.TopicCreated{Stamp: room.Stamp{By: "anna"}, ID: "u", Deal: "d", Title: "Another"},
		post("1", "short"),
		post("2", strings.Repeat("long ", room.MaxText/5)),
		post("3", strings.Repeat("long ", room.MaxText/5)),
	}
	for name, broken := range failures {
		t.Run(name, func(t *testing.T) {
			s := openInside(t)
			furnish(t, s)
			state, head, trail := s.State(), s.Head("t"), s.AuditHead()

			mend := broken.by(t, s)
			for range broken.times {
				if _, err := s.Commit(t.Context(), batch, 8); err == nil {
					t.Fatal("the commit has succeeded")
				} else if !strings.Contains(err.Error(), "committing 4 events up to position 8") && !strings.Contains(err.Error(), "getting ready") {
					t.Errorf("the error is %v", err)
				}
				if described, was := len(s.State().Deal("d").Topics), len(state.Deal("d").Topics); described != was || s.Head("t") != head || s.AuditHead() != trail || s.Position() != 4 {
					t.Errorf("after the failure: %d topics, head %+v, trail %+v, position %d", described, s.Head("t"), s.AuditHead(), s.Position())
				}
				if page, err := s.Messages(t.Context(), "t", 0, 10, 1<<20); err != nil || len(page) != 1 {
					t.Errorf("after the failure: %d messages, %v", len(page), err)
				}
			}
			mend()

			outcomes, err := s.Commit(t.Context(), batch, 8)
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range outcomes[1:] {
				if o.Err != nil || o.Seq != int64(i)+2 || o.Message == nil {
					t.Errorf("post %d: %+v", i+1, o)
				}
			}
			if s.Position() != 8 || s.State().Topic("u") == nil || s.Head("t").Seq != 4 {
				t.Errorf("in the end: position %d, head %+v", s.Position(), s.Head("t"))
			}
			rows, err := s.Audit(t.Context(), room.AuditQuery{Backwards: true, Limit: 1})
			if err != nil || len(rows) != 1 || rows[0].Seq != trail.Seq+1 || rows[0].Hash != rows[0].ChainNext(trail.Hash) || s.AuditHead().Hash != rows[0].Hash {
				t.Errorf("in the end the trail has %+v, %v", rows, err)
			}
			hash := room.ChainStart("t")
			page, err := s.Messages(t.Context(), "t", 0, 10, 1<<20)
			for _, m := range page {
				hash = room.ChainNext(hash, &m, len(m.Body), room.Digest(m.Salt, m.Body))
			}
			if err != nil || len(page) != 4 || hash != s.Head("t").Hash {
				t.Errorf("in the end: %d messages, %v, and another chain", len(page), err)
			}
		})
	}
}

func TestCloseAfterAFailureLeavesOneFile(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	furnish(t, s)
	s.writer.discard()
	if _, err := s.Commit(t.Context(), []room.Event{post("1", "lost")}, 5); err == nil {
		t.Fatal("the commit has succeeded")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, fileName+"*"))
	if err != nil || len(left) != 1 {
		t.Errorf("left are %q, %v", left, err)
	}
}

// failure breaks a store for so many commits, until it's mended.
type failure struct {
	times int
	by    func(*testing.T, *Store) (mend func())
}

var failures = map[string]failure{
	// A new connection has the usual bounds again.
	"the database may not grow": {1, func(t *testing.T, s *Store) func() {
		var pages int // 1 stands for as many as there are
		if err := s.writer.conn.QueryRowContext(t.Context(), `PRAGMA max_page_count = 1`).Scan(&pages); err != nil {
			t.Fatal(err)
		}
		return func() {}
	}},
	"the connection is lost": {1, func(_ *testing.T, s *Store) func() {
		s.writer.discard()
		return func() {}
	}},
	"another program holds the database": {1, func(t *testing.T, s *Store) func() {
		if _, err := s.writer.conn.ExecContext(t.Context(), `PRAGMA busy_timeout = 1`); err != nil {
			t.Fatal(err)
		}
		other, err := openDB(s.path(t), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		tx, err := other.BeginTx(t.Context(), nil) // immediate
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			tx.Rollback()
			other.Close()
		}
	}},
}

func (s *Store) path(t *testing.T) string {
	t.Helper()
	var path string
	if err := s.writer.conn.QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		t.Fatal(err)
	}
	return path
}
