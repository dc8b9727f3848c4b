package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"redroom/server/room"
)

// messagePosted asks in the order of PROTOCOL.md section 4: the right to the
// topic, then the client id, then everything else. For a fresh post by someone
// who may post that takes one INSERT; the id is looked up only where that has
// found it taken, or where the post would be refused.
func (tx *transaction) messagePosted(ctx context.Context, ev room.MessagePosted) (room.Outcome, error) {
	seen := tx.seen(ev.Stamp)
	if _, ok := seen.ReadsFrom(ev.By, ev.Topic); !ok {
		return room.Outcome{}, room.ErrNotFound
	}
	log := tx.log(ev.Topic)
	var meant room.Entry // what an edit or a redaction refers to
	refusal := seen.CheckPost(ev, log.head.Seq, func(seq int64) (_ room.Entry, err error) {
		meant, err = tx.entry(ctx, log.key, seq)
		return meant, err
	})
	if refusal != nil {
		return tx.postedBefore(ctx, log.key, ev, refusal)
	}
	outcome, err := tx.addMessage(ctx, log, ev)
	if err != nil || outcome.Message == nil || ev.Kind != room.Redact {
		return outcome, err
	}
	original := ev.Ref
	if meant.Kind == room.Edit {
		original = meant.Ref
	}
	outcome.Redacted = true
	return outcome, tx.redact(ctx, log.key, original)
}

// addMessage puts a post at the end of its log.
func (tx *transaction) addMessage(ctx context.Context, log topicLog, ev room.MessagePosted) (room.Outcome, error) {
	digest := room.Digest(ev.Salt, ev.Body)
	m := &room.Message{
		Seq:    log.head.Seq + 1,
		Author: ev.By,
		At:     ev.At,
		Kind:   ev.Kind,
		Ref:    ev.Ref,
		Salt:   ev.Salt,
		Body:   ev.Body,
		Length: len(ev.Body),
	}
	hash := room.ChainNext(log.head.Hash, m, len(ev.Body), digest)
	var ref any
	if ev.Ref != 0 {
		ref = ev.Ref
	}
	result, err := tx.insertMessage.ExecContext(ctx, log.key, m.Seq, m.Author, m.At, string(m.Kind), ref,
		len(m.Body), m.Salt[:], digest[:], hash[:], ev.ID, string(m.Body))
	if err != nil {
		return room.Outcome{}, fmt.Errorf("adding a message: %w", err)
	}
	added, err := result.RowsAffected()
	if err != nil {
		return room.Outcome{}, fmt.Errorf("adding a message: %w", err)
	}
	if added == 0 {
		return tx.postedBefore(ctx, log.key, ev, errors.New("adding a message: its client id is taken by none"))
	}
	log.head = room.Head{Seq: m.Seq, Hash: hash}
	tx.changed[ev.Topic] = log
	return room.Outcome{Seq: m.Seq, Message: m}, nil
}

// postedBefore answers with the message that has the post's client id, and
// with otherwise where there is none. A message whose words were removed can't
// be compared any more: whatever comes is taken for it.
func (tx *transaction) postedBefore(ctx context.Context, key int64, ev room.MessagePosted, otherwise error) (room.Outcome, error) {
	var (
		seq, ref     int64
		kind         room.Kind
		salt, digest []byte
	)
	err := tx.findMessage.QueryRowContext(ctx, key, ev.By, ev.ID).Scan(&seq, &kind, &ref, &salt, &digest)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return room.Outcome{}, otherwise
	case err != nil:
		return room.Outcome{}, fmt.Errorf("looking for a client id: %w", err)
	case salt == nil:
		return room.Outcome{Seq: seq}, nil
	}
	if kind != ev.Kind || ref != ev.Ref || room.Hash(digest) != room.Digest(room.Salt(salt), ev.Body) {
		return room.Outcome{}, room.ErrIDTaken
	}
	return room.Outcome{Seq: seq}, nil
}

// entry is what a post that refers to seq is judged by.
func (tx *transaction) entry(ctx context.Context, key, seq int64) (e room.Entry, err error) {
	if err = tx.findEntry.QueryRowContext(ctx, key, seq).Scan(&e.Kind, &e.Author, &e.Ref, &e.Redacted); err != nil {
		return e, fmt.Errorf("looking at message %d: %w", seq, err)
	}
	return e, nil
}

// redact removes the words of a message and of its edits. What their digests
// need to be guessed from, the salts, goes too.
func (tx *transaction) redact(ctx context.Context, key, original int64) error {
	if err := tx.unindex(ctx, key, original); err != nil {
		return err
	}
	if err := tx.exec(ctx, "removing words", redactMessageSQL, key, original); err != nil {
		return err
	}
	if err := tx.exec(ctx, "removing the words of edits", redactEditsSQL, key, original); err != nil {
		return err
	}
	tx.redacted = true
	return nil
}

// topicRead moves a mark forward, to the head at most.
func (tx *transaction) topicRead(ctx context.Context, ev room.TopicRead) (room.Outcome, error) {
	if _, ok := tx.seen(ev.Stamp).ReadsFrom(ev.By, ev.Topic); !ok {
		return room.Outcome{}, room.ErrNotFound
	}
	log := tx.log(ev.Topic)
	seq := min(ev.Seq, log.head.Seq)
	if seq <= 0 {
		return room.Outcome{}, nil
	}
	if _, err := tx.moveMark.ExecContext(ctx, ev.By, log.key, seq); err != nil {
		return room.Outcome{}, fmt.Errorf("moving a read mark: %w", err)
	}
	return room.Outcome{Seq: seq}, nil
}
