package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The index is derived, and never a reason for the log to wait: one that is
// damaged, or was made by other rules, is emptied, and whoever follows the log
// makes it again.

// indexRules is raised when tokens gives other ones for the same message than it
// did: what it gives for a message when it is removed from the index must be what
// it gave when the message was added.
const indexRules = 2

// indexMaker are the rules by which this program makes the index.
func indexMaker() string {
	return fmt.Sprintf("rules %d, %d octets, Unicode %s, normalization %s", indexRules, maxIndexed, unicode.Version, norm.Version)
}

const (
	indexMakerSQL    = `SELECT rules FROM index_maker WHERE id = 1`
	setIndexMakerSQL = `INSERT INTO index_maker (id, rules) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET rules = excluded.rules`
)

// emptyIndexSQL are in order. The first asks nothing of what it removes
// (https://www.sqlite.org/fts5.html section 6.5).
var emptyIndexSQL = []string{
	`INSERT INTO index_words (index_words) VALUES ('delete-all')`,
	`DELETE FROM index_topics`,
	`DELETE FROM index_times`,
}

// emptyIndex takes everything out of the index, in the caller's transaction. It
// takes as long as to overwrite what there was.
func emptyIndex(ctx context.Context, conn *sql.Conn) error {
	for _, query := range emptyIndexSQL {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			return fmt.Errorf("emptying the search index: %w", err)
		}
	}
	return nil
}

// isDamaged tells whether an error is the full-text index's about its own contents.
// That pages of the file itself are damaged is another one, SQLITE_CORRUPT: they
// may be the log's as well, and nothing is to be removed by what they say.
func isDamaged(err error) bool {
	var code *sqlite.Error
	return errors.As(err, &code) && code.Code() == sqlite3.SQLITE_CORRUPT_VTAB
}

// adoptIndex empties an index that was made by other rules.
func (w *writer) adoptIndex(ctx context.Context) error {
	var maker string
	err := w.conn.QueryRowContext(ctx, indexMakerSQL).Scan(&maker)
	switch {
	case err == nil && maker == indexMaker():
		return nil
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("reading the rules of the search index: %w", err)
	}
	return w.within(ctx, func() error {
		if err := emptyIndex(ctx, w.conn); err != nil {
			return err
		}
		if _, err := w.conn.ExecContext(ctx, setIndexMakerSQL, indexMaker()); err != nil {
			return fmt.Errorf("storing the rules of the search index: %w", err)
		}
		return nil
	})
}

// within does something in a transaction of its own.
func (w *writer) within(ctx context.Context, do func() error) error {
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	err := do()
	if err == nil {
		if _, err = w.commit.ExecContext(ctx); err == nil {
			return nil
		}
		err = fmt.Errorf("committing: %w", err)
	}
	w.rollback.ExecContext(ctx) // may be over already
	return err
}

// tellDamaged has Follow mend an index of which somebody has found that it is
// damaged.
func (s *Store) tellDamaged(found error) {
	select {
	case s.damaged <- found:
	default: // it is known already
	}
	s.wake()
}

// mendIndex empties a damaged index, if it wasn't yet, and is the error that tells
// of it. The caller holds writing.
func (s *Store) mendIndex(ctx context.Context, found error) error {
	found = fmt.Errorf("store: the search index is damaged, and is made anew: %w", found)
	w, err := s.ready(ctx)
	if err != nil {
		return errors.Join(found, fmt.Errorf("store: getting ready to mend it: %w", err))
	}
	if err := w.within(ctx, func() error { return emptyIndex(ctx, w.conn) }); err != nil {
		s.writer = nil
		w.discard()
		return errors.Join(found, fmt.Errorf("store: %w", err))
	}
	return found
}
