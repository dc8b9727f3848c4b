package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// blockLength is how many messages in a row a row of index_times is of.
const blockLength = 1024

const (
	indexedSQL = `SELECT seq FROM index_topics WHERE topic = ?`

	// sinceBlockSQL is the next block that has a message of some time or later.
	sinceBlockSQL = `SELECT block FROM index_times WHERE topic = ? AND block >= ? AND newest >= ? ORDER BY block LIMIT 1`

	sinceSQL = `SELECT seq FROM messages WHERE topic = ? AND seq BETWEEN ? AND ? AND time >= ? ORDER BY seq LIMIT 1`
)

// Since is the smallest seq of a topic's log, of those from one on, whose time is
// at or after another, in unix-ms; 0 if there is none. Times may go back in a log.
func (s *Store) Since(ctx context.Context, topic string, from, time int64) (seq int64, err error) {
	log, ok := s.logs.get(topic)
	if !ok {
		return 0, nil
	}
	err = s.inView(ctx, func(tx *sql.Tx) error {
		seq, err = since(ctx, tx, log.key, max(from, 1), log.head.Seq, time)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store: looking for a time: %w", err)
	}
	return seq, nil
}

// since looks into the blocks that have a message of that time or later, and
// behind them into what isn't in the index yet.
func since(ctx context.Context, tx *sql.Tx, key, from, head, time int64) (int64, error) {
	indexed, _, err := number(ctx, tx, indexedSQL, key)
	if err != nil {
		return 0, err
	}
	for from <= indexed {
		block, found, err := number(ctx, tx, sinceBlockSQL, key, from/blockLength, time)
		if err != nil {
			return 0, err
		}
		if !found {
			break
		}
		first, next := max(from, block*blockLength), (block+1)*blockLength
		if seq, found, err := number(ctx, tx, sinceSQL, key, first, min(next-1, head), time); err != nil || found {
			return seq, err
		}
		from = next
	}
	seq, _, err := number(ctx, tx, sinceSQL, key, max(from, indexed+1), head, time)
	return seq, err
}

// number reads a query's one number, if it has a row.
func number(ctx context.Context, tx *sql.Tx, query string, args ...any) (n int64, found bool, err error) {
	err = tx.QueryRowContext(ctx, query, args...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return n, err == nil, err
}
