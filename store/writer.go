package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// writer is the one connection that changes the database, with the statements
// of the hot path prepared on it.
type writer struct {
	conn *sql.Conn

	begin, commit, rollback *sql.Stmt
	setPosition             *sql.Stmt
	insertMessage           *sql.Stmt
	findMessage, findEntry  *sql.Stmt
	moveHead                *sql.Stmt
	moveMark                *sql.Stmt
	insertAudit, moveTrail  *sql.Stmt

	// prepared are all of these. A connection that is closed before its
	// statements lives on in SQLite, with its locks.
	prepared []*sql.Stmt

	copying *sqlite.Backup // of the database; nil while no backup is made
}

const (
	setPositionSQL = `UPDATE journal SET position = ? WHERE id = 1`

	insertMessageSQL = `INSERT INTO messages (topic, seq, author, time, kind, ref, length, salt, digest, hash, client_id, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (topic, author, client_id) DO NOTHING`

	findMessageSQL = `SELECT seq, kind, coalesce(ref, 0), salt, digest FROM messages WHERE topic = ? AND author = ? AND client_id = ?`

	findEntrySQL = `SELECT kind, author, coalesce(ref, 0), salt IS NULL FROM messages WHERE topic = ? AND seq = ?`

	moveHeadSQL = `INSERT INTO heads (topic, seq, hash) VALUES (?, ?, ?)
ON CONFLICT (topic) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`

	redactMessageSQL = `UPDATE messages SET salt = NULL, body = NULL WHERE topic = ? AND seq = ?`
	redactEditsSQL   = `UPDATE messages SET salt = NULL, body = NULL WHERE topic = ? AND ref = ? AND kind = 'edit'`

	moveMarkSQL = `INSERT INTO read_marks (user, topic, seq) VALUES (?, ?, ?)
ON CONFLICT (user, topic) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq`
)

func openWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	w := &writer{conn: conn}
	for stmt, query := range map[**sql.Stmt]string{
		&w.begin:         `BEGIN IMMEDIATE`,
		&w.commit:        `COMMIT`,
		&w.rollback:      `ROLLBACK`,
		&w.setPosition:   setPositionSQL,
		&w.insertMessage: insertMessageSQL,
		&w.findMessage:   findMessageSQL,
		&w.findEntry:     findEntrySQL,
		&w.moveHead:      moveHeadSQL,
		&w.moveMark:      moveMarkSQL,
		&w.insertAudit:   insertAuditSQL,
		&w.moveTrail:     moveTrailSQL,
	} {
		if *stmt, err = conn.PrepareContext(ctx, query); err != nil {
			w.discard()
			return nil, fmt.Errorf("preparing %q: %w", query, err)
		}
		w.prepared = append(w.prepared, *stmt)
	}
	return w, nil
}

// checkpoint brings the write-ahead log into the file and cuts it to nothing.
// It is not done if somebody reads what was before for longer than a moment.
func (w *writer) checkpoint(ctx context.Context) (done bool, err error) {
	var busy, logged, moved int
	if err := w.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved); err != nil {
		return false, fmt.Errorf("moving the write-ahead log into the database: %w", err)
	}
	return busy == 0, nil
}

// waitFor is how long the connection waits for other connections' locks.
func (w *writer) waitFor(ctx context.Context, d time.Duration) error {
	if _, err := w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout(%d)", d.Milliseconds())); err != nil {
		return fmt.Errorf("setting how long to wait for locks: %w", err)
	}
	return nil
}

func (w *writer) close() error {
	if err := errors.Join(w.finalize(), w.conn.Close()); err != nil {
		return fmt.Errorf("closing the writer: %w", err)
	}
	return nil
}

func (w *writer) finalize() error {
	errs := []error{w.endCopy()}
	for _, stmt := range w.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// discard throws the connection away, with whatever transaction it is in.
func (w *writer) discard() {
	w.finalize() // what it says was said by what came before
	w.conn.Raw(func(any) error { return driver.ErrBadConn })
	w.conn.Close()
}

// ready is the writer. After a failure there is none: then a new connection is
// opened, and what memory holds is read anew.
func (s *Store) ready(ctx context.Context) (*writer, error) {
	switch {
	case s.closed:
		return nil, errClosed
	case s.writer != nil:
		return s.writer, nil
	}
	w, err := openWriter(ctx, s.db)
	if err != nil {
		return nil, err
	}
	is, err := load(ctx, w.conn)
	if err != nil {
		w.discard()
		return nil, err
	}
	s.publish(is.state, is.logs, is.trail, is.position) // logs are never taken away
	s.writer = w
	return w, nil
}

// WriterPragma is a pragma's value on the writer's own connection.
func (s *Store) WriterPragma(ctx context.Context, name string) (string, error) {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "", fmt.Errorf("store: %q is not a pragma's name", name)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	w, err := s.ready(ctx)
	if err != nil {
		return "", fmt.Errorf("store: getting ready to read a pragma: %w", err)
	}
	var value string
	err = w.conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("store: there is no pragma %q", name)
	}
	if err != nil {
		return "", fmt.Errorf("store: reading pragma %q: %w", name, err)
	}
	return value, nil
}
