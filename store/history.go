package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"redroom/server/room"
)

// Messages are a page of the topic's log: those with seq > after, ascending,
// at most maxCount, and so many that their bodies have at most maxBytes octets;
// but one at least, if there is one. A topic that doesn't exist has none.
func (s *Store) Messages(ctx context.Context, topic string, after int64, maxCount, maxBytes int) ([]room.Message, error) {
	return s.page(ctx, s.readers.after, topic, after, maxCount, maxBytes)
}

// MessagesBefore are the last messages with seq < before, ascending, with the
// limits of Messages.
func (s *Store) MessagesBefore(ctx context.Context, topic string, before int64, maxCount, maxBytes int) ([]room.Message, error) {
	page, err := s.page(ctx, s.readers.before, topic, before, maxCount, maxBytes)
	slices.Reverse(page)
	return page, err
}

// Edits are those of some of the topic's messages, in the order of seqs, of each
// the newest first: without the newest skip, and at most maxCount. They end with
// the one by which their bodies have maxBytes octets or more.
func (s *Store) Edits(ctx context.Context, topic string, seqs []int64, skip, maxCount, maxBytes int) ([]room.Message, error) {
	log, ok := s.logs.get(topic)
	if !ok || len(seqs) == 0 || maxCount <= 0 {
		return nil, nil
	}
	list, err := json.Marshal(seqs)
	if err != nil {
		return nil, fmt.Errorf("store: reading edits: %w", err)
	}
	var edits []room.Message
	size := 0
	err = s.readAll(ctx, s.readers.edits, []any{string(list), log.key, maxCount, skip}, func(rows *sql.Rows) (more bool, err error) {
		m, err := scanMessage(rows)
		if err != nil {
			return false, err
		}
		edits = append(edits, m)
		size += len(m.Body)
		return size < maxBytes, nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: reading edits: %w", err)
	}
	return edits, nil
}

func (s *Store) page(ctx context.Context, stmt *sql.Stmt, topic string, from int64, maxCount, maxBytes int) ([]room.Message, error) {
	log, ok := s.logs.get(topic)
	if !ok || maxCount <= 0 {
		return nil, nil
	}
	var page []room.Message
	size := 0
	err := s.readAll(ctx, stmt, []any{log.key, from, maxCount}, func(rows *sql.Rows) (more bool, err error) {
		m, err := scanMessage(rows)
		if err != nil {
			return false, err
		}
		if size += len(m.Body); size > maxBytes && len(page) > 0 {
			return false, nil
		}
		page = append(page, m)
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: reading a page of messages: %w", err)
	}
	return page, nil
}

// scanMessage reads a row of messageColumns.
func scanMessage(rows *sql.Rows) (m room.Message, err error) {
	var salt, digest sql.RawBytes
	err = rows.Scan(&m.Seq, &m.Author, &m.At, &m.Kind, &m.Ref, &m.Length, &salt, &digest, &m.Body)
	copy(m.Salt[:], salt)
	copy(m.Digest[:], digest)
	m.Redacted = digest != nil
	return m, err
}

// HashAt is the chain's value after the topic's message seq, and before the
// first for 0. Beyond the head there is none: ErrUnprocessable.
func (s *Store) HashAt(ctx context.Context, topic string, seq int64) (room.Hash, error) {
	head := s.Head(topic)
	switch {
	case seq == 0:
		return room.ChainStart(topic), nil
	case seq == head.Seq:
		return head.Hash, nil
	case seq < 0, seq > head.Seq:
		return room.Hash{}, room.ErrUnprocessable
	}
	log, _ := s.logs.get(topic)
	var hash []byte
	if err := s.read(ctx, s.readers.hash, []any{log.key, seq}, &hash); err != nil {
		return room.Hash{}, fmt.Errorf("store: reading the chain: %w", err)
	}
	return room.Hash(hash), nil
}

// Posted tells which message of the topic has this author's client id, if one
// has, and whether its words were removed.
func (s *Store) Posted(ctx context.Context, topic, author, id string) (seq int64, redacted bool, err error) {
	log, ok := s.logs.get(topic)
	if !ok {
		return 0, false, nil
	}
	err = s.read(ctx, s.readers.posted, []any{log.key, author, id}, &seq, &redacted)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, false, fmt.Errorf("store: looking for a client id: %w", err)
	}
	return seq, redacted, nil
}

// ReadMarks are up to where the user has read, by topic; topics of which
// nothing was read are left out.
func (s *Store) ReadMarks(ctx context.Context, user string) (map[string]int64, error) {
	marks := make(map[string]int64)
	err := s.readAll(ctx, s.readers.marks, []any{user}, func(rows *sql.Rows) (more bool, err error) {
		var topic string
		var seq int64
		err = rows.Scan(&topic, &seq)
		marks[topic] = seq
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: reading the read marks: %w", err)
	}
	return marks, nil
}

// TopicReadMarks are up to where each user has read a topic; those who have read
// nothing of it are left out. Users who may not read it any more are among them.
func (s *Store) TopicReadMarks(ctx context.Context, topic string) (map[string]int64, error) {
	log, ok := s.logs.get(topic)
	if !ok {
		return nil, nil
	}
	marks := make(map[string]int64)
	err := s.readAll(ctx, s.readers.topicMarks, []any{log.key}, func(rows *sql.Rows) (more bool, err error) {
		var user string
		var seq int64
		err = rows.Scan(&user, &seq)
		marks[user] = seq
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: reading a topic's read marks: %w", err)
	}
	return marks, nil
}
