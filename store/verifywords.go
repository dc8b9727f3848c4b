package store

import (
	"context"
	"errors"
	"fmt"

	"redroom/server/room"
)

// redactions compares which messages have no words with what the log says of
// that: an edit belongs to its original, and a redaction takes them all.
type redactions struct {
	original map[int64]int64 // of edits
	gone     map[int64]int64 // originals of messages that have no words
	worded   map[int64]int64 // by original, the first edit that has words
	redacted map[int64]int64 // by original, the redaction
}

func (r *redactions) saw(e *entry) *Fault {
	if r.gone == nil {
		*r = redactions{make(map[int64]int64), make(map[int64]int64), make(map[int64]int64), make(map[int64]int64)}
	}
	original := e.Seq
	if e.Kind == room.Edit {
		original = e.Ref
		r.original[e.Seq] = original
		if _, ok := r.worded[original]; !ok && !e.wordless() {
			r.worded[original] = e.Seq
		}
	}
	if e.wordless() {
		r.gone[e.Seq] = original
	}
	if e.Kind != room.Redact {
		return nil
	}
	original = r.of(e.Ref)
	r.redacted[original] = e.Seq
	if _, ok := r.gone[original]; !ok {
		return &Fault{original, fmt.Sprintf("was changed: it has words, though %d redacted it", e.Seq)}
	}
	if edit, ok := r.worded[original]; ok {
		return &Fault{edit, fmt.Sprintf("was changed: it has words, though %d redacted what it edits", e.Seq)}
	}
	return nil
}

// of is the original that a redaction of seq means.
func (r *redactions) of(seq int64) int64 {
	if original, ok := r.original[seq]; ok {
		return original
	}
	return seq
}

// unexplained is the first message whose words are gone though nobody redacted
// them; 0: there is none.
func (r *redactions) unexplained() (first int64) {
	for seq, original := range r.gone {
		if _, ok := r.redacted[original]; !ok && (first == 0 || seq < first) {
			first = seq
		}
	}
	return first
}

// readLater takes note of what was redacted while the log was read.
func (c *chainCheck) readLater(ctx context.Context) (err error) {
	rows, err := c.db.QueryContext(ctx, verifyLaterSQL, c.key, c.kept.Seq)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var seq, ref int64
		var kind room.Kind
		if err := rows.Scan(&seq, &kind, &ref); err != nil {
			return err
		}
		if kind == room.Edit {
			c.words.original[seq] = ref
		} else {
			c.words.redacted[c.words.of(ref)] = seq
		}
	}
	return rows.Err()
}
