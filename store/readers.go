package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// readerCount is enough to keep some cores busy; more would only divide the
// page cache.
const readerCount = 6

// readers are the connections that only read, with their statements.
type readers struct {
	db *sql.DB

	ping                        *sql.Stmt
	after, before, edits, hash  *sql.Stmt
	posted                      *sql.Stmt
	marks, topicMarks           *sql.Stmt
	password                    *sql.Stmt
	session, toolToken          *sql.Stmt
	invitation, invitationDeals *sql.Stmt
}

const (
	messageColumns = `seq, author, time, kind, coalesce(ref, 0), length, salt, CASE WHEN salt IS NULL THEN digest END, body`

	pingSQL           = `SELECT position FROM journal WHERE id = 1`
	afterSQL          = `SELECT ` + messageColumns + ` FROM messages WHERE topic = ? AND seq > ? ORDER BY seq LIMIT ?`
	beforeSQL         = `SELECT ` + messageColumns + ` FROM messages WHERE topic = ? AND seq < ? ORDER BY seq DESC LIMIT ?`
	hashSQL           = `SELECT hash FROM messages WHERE topic = ? AND seq = ?`
	postedSQL         = `SELECT seq, salt IS NULL FROM messages WHERE topic = ? AND author = ? AND client_id = ?`
	marksSQL          = `SELECT topics.id, read_marks.seq FROM read_marks JOIN topics ON topics.key = read_marks.topic WHERE read_marks.user = ?`
	topicMarksSQL     = `SELECT user, seq FROM read_marks WHERE topic = ? ORDER BY user`
	passwordSQL       = `SELECT password_hash FROM users WHERE name = ?`
	sessionSQL        = `SELECT ` + sessionColumns + ` FROM sessions WHERE token_hash = ?`
	boundSessionsSQL  = `SELECT ` + sessionColumns + ` FROM sessions WHERE bound = 1 ORDER BY id`
	newestSessionsSQL = `SELECT ` + sessionColumns + ` FROM sessions ORDER BY used DESC, id LIMIT ?`
	sessionsSQL       = `SELECT ` + sessionColumns + ` FROM sessions WHERE user = ? ORDER BY opened DESC, id`
	toolTokenSQL      = `SELECT ` + toolTokenColumns + ` FROM tool_tokens WHERE token_hash = ?`
	toolTokensSQL     = `SELECT ` + toolTokenColumns + ` FROM tool_tokens WHERE user = ? ORDER BY made DESC, id`

	sessionColumns   = `id, user, opened, used, expires, device, address, factor`
	toolTokenColumns = `id, user, label, role, made, expires, used`

	// Only rows are put in order, so that no more bodies are read than are taken. A
	// topic's rows are in the order of their seqs.
	editsSQL = `WITH found (row) AS MATERIALIZED (
SELECT edits.rowid FROM json_each(?1) AS edited CROSS JOIN messages AS edits ON edits.rowid IN (
SELECT rowid FROM messages INDEXED BY edits WHERE topic = ?2 AND kind = 'edit' AND ref = edited.value ORDER BY rowid DESC LIMIT ?3 OFFSET ?4
) ORDER BY edited.key, edits.rowid DESC LIMIT -1
) SELECT ` + messageColumns + ` FROM found CROSS JOIN messages ON messages.rowid = found.row`
)

func openReaders(ctx context.Context, path string) (*readers, error) {
	db, err := openDB(path, readerCount, readerPragmas)
	if err != nil {
		return nil, err
	}
	r := &readers{db: db}
	for stmt, query := range map[**sql.Stmt]string{
		&r.ping:            pingSQL,
		&r.after:           afterSQL,
		&r.before:          beforeSQL,
		&r.edits:           editsSQL,
		&r.hash:            hashSQL,
		&r.posted:          postedSQL,
		&r.marks:           marksSQL,
		&r.topicMarks:      topicMarksSQL,
		&r.password:        passwordSQL,
		&r.session:         sessionSQL,
		&r.toolToken:       toolTokenSQL,
		&r.invitation:      invitationSQL,
		&r.invitationDeals: invitationDealsSQL,
	} {
		if *stmt, err = db.PrepareContext(ctx, query); err != nil {
			db.Close()
			return nil, fmt.Errorf("preparing %q: %w", query, err)
		}
	}
	return r, nil
}

func (r *readers) close() error {
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("closing the readers: %w", err)
	}
	return nil
}

// read reads one row.
func (s *Store) read(ctx context.Context, stmt *sql.Stmt, args []any, into ...any) error {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.closed {
		return errClosed
	}
	return stmt.QueryRowContext(ctx, args...).Scan(into...)
}

// inView runs reads that all see the store as of one Commit.
func (s *Store) inView(ctx context.Context, do func(*sql.Tx) error) (err error) {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.closed {
		return errClosed
	}
	tx, err := s.readers.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return do(tx)
}

// query is a statement; unprepared is one for a single use.
type query interface {
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
}

type unprepared struct {
	db  *sql.DB
	sql string
}

func (u unprepared) QueryContext(ctx context.Context, args ...any) (*sql.Rows, error) {
	return u.db.QueryContext(ctx, u.sql, args...)
}

// readAll gives each row to row, until that wants no more.
func (s *Store) readAll(ctx context.Context, q query, args []any, row func(*sql.Rows) (more bool, err error)) (err error) {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.closed {
		return errClosed
	}
	rows, err := q.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if more, err := row(rows); err != nil || !more {
			return err
		}
	}
	return rows.Err()
}
