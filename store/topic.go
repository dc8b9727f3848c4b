package store

import (
	"context"
	"fmt"

	"redroom/server/room"
)

// createTopic is for what makes a topic.
func (tx *transaction) createTopic(ctx context.Context, ev room.Event, id string) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	t := next.Topic(id)
	// Topics are never deleted, so the keys that SQLite gives are 1, 2, 3 …
	result, err := tx.conn.ExecContext(ctx, `INSERT INTO topics (id, deal, title, number, open, created, version, archived, strict, narrowed, direct)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID, t.Deal, t.Title, t.Number, t.Open, t.Created, t.Version, t.Archived, t.Strict, t.Narrowed, t.Direct)
	if err != nil {
		return fmt.Errorf("creating a topic: %w", err)
	}
	key, err := result.LastInsertId()
	if err != nil {
		return fmt.Errorf("reading a new topic's key: %w", err)
	}
	tx.state = next
	tx.changed[t.ID] = topicLog{key: key, head: room.Head{Hash: room.ChainStart(t.ID)}}
	return tx.storeTopicMembers(ctx, key, nil, t.Members)
}

// changeTopic is for what changes a topic, or somebody's place in it.
func (tx *transaction) changeTopic(ctx context.Context, ev room.Event, id string) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	before := tx.state
	tx.state = next
	return tx.storeTopic(ctx, before, id)
}

// storeTopic writes what has changed since before about a topic.
func (tx *transaction) storeTopic(ctx context.Context, before *room.State, id string) error {
	was, t := before.Topic(id), tx.state.Topic(id)
	if t == was {
		return nil
	}
	key := tx.log(id).key
	if t.Version != was.Version {
		err := tx.exec(ctx, "changing a topic", `UPDATE topics SET title = ?, number = ?, open = ?, version = ?, archived = ?, strict = ?, narrowed = ?
WHERE key = ?`, t.Title, t.Number, t.Open, t.Version, t.Archived, t.Strict, t.Narrowed, key)
		if err != nil {
			return err
		}
	}
	if err := tx.storeTopicMembers(ctx, key, was.Members, t.Members); err != nil {
		return err
	}
	return tx.storeReadingStarts(ctx, key, was.Starts, t.Starts)
}

func (tx *transaction) storeTopicMembers(ctx context.Context, key int64, was, is map[string]struct{}) error {
	for user := range was {
		if _, ok := is[user]; ok {
			continue
		}
		err := tx.exec(ctx, "removing a topic's member", `DELETE FROM topic_members WHERE topic = ? AND user = ?`, key, user)
		if err != nil {
			return err
		}
	}
	for user := range is {
		if _, ok := was[user]; ok {
			continue
		}
		err := tx.exec(ctx, "storing a topic's member", `INSERT INTO topic_members (topic, user) VALUES (?, ?)`, key, user)
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *transaction) storeReadingStarts(ctx context.Context, key int64, was, is map[string]int64) error {
	for user := range was {
		if _, ok := is[user]; ok {
			continue
		}
		err := tx.exec(ctx, "removing a reading start", `DELETE FROM reading_starts WHERE topic = ? AND user = ?`, key, user)
		if err != nil {
			return err
		}
	}
	for user, seq := range is {
		if before, ok := was[user]; ok && before == seq {
			continue
		}
		err := tx.exec(ctx, "storing a reading start", `INSERT INTO reading_starts (topic, user, seq) VALUES (?, ?, ?)
ON CONFLICT (topic, user) DO UPDATE SET seq = excluded.seq`, key, user, seq)
		if err != nil {
			return err
		}
	}
	return nil
}
