package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What of a page of the index comes first is also kept where pages are looked up,
// as what separates the page from the one before it: at least as great as its
// first token, greater than the last one of the page before, and possibly cut
// short. It stays there when the token is removed, and would tell of it.

const (
	// nextTokenSQL is the first token from one on.
	nextTokenSQL = `SELECT term FROM index_tokens WHERE term >= ? LIMIT 1`

	// separatorsSQL are those of all segments between two.
	separatorsSQL = `WITH RECURSIVE segments (id) AS (
SELECT min(segid) FROM index_words_idx
UNION ALL SELECT (SELECT min(segid) FROM index_words_idx WHERE segid > id) FROM segments WHERE id IS NOT NULL
) SELECT segid, term FROM segments CROSS JOIN index_words_idx ON segid = id WHERE term > ? AND term < ?`

	moveSeparatorSQL   = `UPDATE OR IGNORE index_words_idx SET term = ? WHERE segid = ? AND term = ?`
	removeSeparatorSQL = `DELETE FROM index_words_idx WHERE segid = ? AND term = ?`
)

// mainIndex is what the separators of tokens begin with.
const mainIndex = "0"

// separator is one of a segment of the index.
type separator struct {
	segment int64
	term    []byte
}

// removeSeparators replaces what tells of tokens of a unit that were removed by
// tokens that are there.
func (tx *transaction) removeSeparators(ctx context.Context, code, removed string) error {
	tokens := strings.Fields(removed)
	slices.Sort(tokens)
	// Asking for a token has the removal written, which it need not be before.
	if _, err := tx.nextToken(ctx, code+"."); err != nil {
		return err
	}
	all, err := tx.separators(ctx, mainIndex+code+".", mainIndex+code+"/")
	if err != nil {
		return err
	}
	for _, s := range all {
		term := strings.TrimPrefix(string(s.term), mainIndex)
		at, _ := slices.BinarySearch(tokens, term)
		if at == len(tokens) || !strings.HasPrefix(tokens[at], term) {
			continue // it isn't of these
		}
		next, err := tx.nextToken(ctx, term)
		if err != nil {
			return err
		}
		if strings.HasPrefix(next, term) {
			continue // it is of another message's, too
		}
		if err := tx.moveSeparator(ctx, s, next); err != nil {
			return err
		}
	}
	return nil
}

// moveSeparator puts one in another's place: there is no token between. If the
// page has none any more, there may be the next page's already.
func (tx *transaction) moveSeparator(ctx context.Context, s separator, next string) error {
	const doing = "removing what separates pages of the index"
	to := append([]byte(mainIndex), next...)
	if next == "" {
		to = []byte{mainIndex[0], 0xff} // after all
	}
	if err := tx.exec(ctx, doing, moveSeparatorSQL, to, s.segment, s.term); err != nil {
		return err
	}
	if bytes.Equal(to, s.term) {
		return nil
	}
	return tx.exec(ctx, doing, removeSeparatorSQL, s.segment, s.term)
}

// nextToken is the first token of the index from one on; "": there is none.
func (tx *transaction) nextToken(ctx context.Context, from string) (next string, err error) {
	_, err = tx.find(ctx, "looking for a token", nextTokenSQL, []any{from}, &next)
	return next, err
}

func (tx *transaction) separators(ctx context.Context, after, before string) (all []separator, err error) {
	rows, err := tx.conn.QueryContext(ctx, separatorsSQL, []byte(after), []byte(before))
	if err != nil {
		return nil, fmt.Errorf("reading what separates pages of the index: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s separator
		var term sql.RawBytes
		if err := rows.Scan(&s.segment, &term); err != nil {
			return nil, fmt.Errorf("reading what separates pages of the index: %w", err)
		}
		s.term = bytes.Clone(term)
		all = append(all, s)
	}
	return all, rows.Err()
}
