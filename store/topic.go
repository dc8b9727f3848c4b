package store

import (
	"context"
	"fmt"

	"redroom/server/room"
)

func (tx *transaction) topicCreated(ctx context.Context, ev room.TopicCreated) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	t := next.Topic(ev.ID)
	// Topics are never deleted, so the keys that SQLite gives are 1, 2, 3 …
	result, err := tx.conn.ExecContext(ctx, `INSERT INTO topics (id, deal, title, number, open, created) VALUES (?, ?, ?, ?, ?, ?)`,
		t.ID, t.Deal, t.Title, t.Number, t.Open, t.Created)
	if err != nil {
		return fmt.Errorf("creating a topic: %w", err)
	}
	key, err := result.LastInsertId()
	if err != nil {
		return fmt.Errorf("reading a new topic's key: %w", err)
	}
	tx.state = next
	tx.changed[t.ID] = topicLog{key: key, head: room.Head{Hash: room.ChainStart(t.ID)}}
	return nil
}

func (tx *transaction) topicChanged(ctx context.Context, ev room.TopicChanged) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	tx.state = next
	t := next.Topic(ev.ID)
	return tx.exec(ctx, "changing a topic", `UPDATE topics SET title = ?, number = ?, open = ? WHERE id = ?`,
		t.Title, t.Number, t.Open, t.ID)
}
