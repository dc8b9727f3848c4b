package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"redroom/server/room"
)

// explain says what is wrong with the message behind the last good one, where
// its hash isn't that which follows: from what stands around it.
func (c *chainCheck) explain(ctx context.Context) (*Fault, error) {
	around, err := c.around(ctx)
	if err != nil {
		return nil, err
	}
	seq := c.at.Seq + 1
	e, after := around[seq], around[seq+1]
	if e == nil {
		return nil, errors.New("it changed while it was read")
	}
	digest := room.Hash(e.digest)
	computed := room.ChainNext(c.at.Hash, &e.Message, e.Length, digest)
	switch {
	case c.ofAnother(e) != "":
		return &Fault{seq, fmt.Sprintf("is of another topic, %s: the logs were exchanged", c.ofAnother(e))}, nil
	case c.leadsOn(seq, room.Hash(e.hash), after):
		return &Fault{seq, "was changed: its author, time, kind, reference, length or digest is not what its hash is made of"}, nil
	case c.leadsOn(seq, computed, after):
		return &Fault{seq, "was changed: its hash is not what follows from it"}, nil
	case after != nil && after.follows(c.at.Hash, seq, room.Hash(after.digest)):
		if e.follows(room.Hash(after.hash), seq+1, digest) {
			return &Fault{seq, fmt.Sprintf("was exchanged with message %d", seq+1)}, nil
		}
		return &Fault{seq, fmt.Sprintf("was inserted: message %d is what was %d", seq+1, seq)}, nil
	case e.follows(c.before(around), seq-1, digest):
		return &Fault{seq - 1, fmt.Sprintf("was inserted: message %d is what was %d", seq, seq-1)}, nil
	}
	return &Fault{seq, "is not what was written here"}, nil
}

// ofAnother is the topic that a log's first message is of, if not of this one.
func (c *chainCheck) ofAnother(e *entry) string {
	for _, id := range c.topics {
		if e.Seq == 1 && e.follows(room.ChainStart(id), 1, room.Hash(e.digest)) {
			return id
		}
	}
	return ""
}

// leadsOn tells whether hash is what the message after seq builds on; at the
// log's end, whether it is the head that was kept.
func (c *chainCheck) leadsOn(seq int64, hash room.Hash, after *entry) bool {
	if after == nil {
		return seq == c.kept.Seq && hash == c.kept.Hash
	}
	return after.follows(hash, seq+1, room.Hash(after.digest))
}

// before is the chain's value two messages ago.
func (c *chainCheck) before(around map[int64]*entry) room.Hash {
	if e := around[c.at.Seq-1]; e != nil && len(e.hash) == len(room.Hash{}) {
		return room.Hash(e.hash)
	}
	return room.ChainStart(c.id)
}

// around are the messages next to the first bad one, those that are whole.
func (c *chainCheck) around(ctx context.Context) (map[int64]*entry, error) {
	rows, err := c.page.QueryContext(ctx, c.key, max(c.at.Seq-1, 1), min(c.at.Seq+2, c.kept.Seq), 4)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	around := make(map[int64]*entry)
	for rows.Next() {
		var e entry
		if err := e.scan(rows); err != nil {
			return nil, err
		}
		if len(e.digest) == len(room.Hash{}) && len(e.hash) == len(room.Hash{}) {
			e.digest, e.hash = bytes.Clone(e.digest), bytes.Clone(e.hash)
			around[e.Seq] = &e
		}
	}
	return around, rows.Err()
}
