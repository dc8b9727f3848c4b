package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"redroom/server/room"
)

// verifyPage is how many messages are read at a time, so that no read is long.
const verifyPage = 500

const (
	verifyTopicsSQL = `SELECT topics.key, topics.id, coalesce(deals.name, topics.deal), topics.title, coalesce(heads.seq, 0), heads.hash
FROM topics LEFT JOIN deals ON deals.id = topics.deal LEFT JOIN heads ON heads.topic = topics.key ORDER BY 3, topics.number, 4`

	// As above where no heads are kept yet: the log's end is what is there.
	verifyTopicsSQL1 = `SELECT topics.key, topics.id, coalesce(deals.name, topics.deal), topics.title, coalesce(newest.seq, 0), newest.hash
FROM topics LEFT JOIN deals ON deals.id = topics.deal
LEFT JOIN messages AS newest ON newest.topic = topics.key AND newest.seq = (SELECT max(seq) FROM messages WHERE topic = topics.key)
ORDER BY 3, topics.number, 4`

	verifySQL = `SELECT seq, author, time, kind, coalesce(ref, 0), length, salt, digest, hash, body
FROM messages WHERE topic = ? AND seq >= ? AND seq <= ? ORDER BY seq LIMIT ?`

	// One statement sees one state: while a server writes, too, no message is
	// beyond its topic's head.
	verifyBeyondSQL = `SELECT seq FROM messages
WHERE topic = ?1 AND seq > (SELECT coalesce(max(seq), 0) FROM heads WHERE topic = ?1) ORDER BY seq LIMIT 1`

	verifyStraySQL = `SELECT topic, seq, EXISTS (SELECT 1 FROM topics WHERE key = messages.topic)
FROM messages WHERE topic > ? ORDER BY topic, seq LIMIT 1`

	verifyLaterSQL = `SELECT seq, kind, coalesce(ref, 0) FROM messages WHERE topic = ? AND seq > ? AND kind IN ('edit', 'redact') ORDER BY seq`
)

// chainCheck goes through one topic's log.
type chainCheck struct {
	db     *sql.DB
	page   *sql.Stmt
	key    int64
	id     string
	kept   room.Head // the head that was kept, up to which is read
	topics []string  // all topics' ids

	at    room.Head // read up to here
	words redactions
}

// entry is one row. What it points to is good until the next one is read.
type entry struct {
	room.Message
	salt, digest, hash, body sql.RawBytes
}

func (e *entry) wordless() bool { return e.salt == nil && e.body == nil }

// checkChains goes through all topics' logs.
func (r *Report) checkChains(ctx context.Context, db *sql.DB) (faults []string, err error) {
	checks, err := r.listTopics(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("reading the topics: %w", err)
	}
	page, err := db.PrepareContext(ctx, verifySQL)
	if err != nil {
		return nil, err
	}
	defer page.Close()
	for i := range checks {
		c, t := &checks[i], &r.Topics[i]
		c.page = page
		t.Fault, err = c.run(ctx)
		if err == nil && t.Fault == nil && r.Version > 1 {
			t.Fault, err = c.beyond(ctx)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			t.Fault = &Fault{c.at.Seq + 1, fmt.Sprintf("can't be read: %v", err)}
		}
		t.Messages, t.Redacted = c.at.Seq, int64(len(c.words.gone))
		r.Messages += t.Messages
	}
	return findStrays(ctx, db)
}

func (r *Report) listTopics(ctx context.Context, db *sql.DB) (checks []chainCheck, err error) {
	query := verifyTopicsSQL
	if r.Version < 2 {
		query = verifyTopicsSQL1
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var ids []string
	for rows.Next() {
		c := chainCheck{db: db}
		var t TopicReport
		var hash []byte
		if err := rows.Scan(&c.key, &t.ID, &t.Deal, &t.Title, &c.kept.Seq, &hash); err != nil {
			return nil, err
		}
		c.id = t.ID
		if c.kept.Seq > 0 {
			copy(c.kept.Hash[:], hash)
		}
		r.Topics, checks, ids = append(r.Topics, t), append(checks, c), append(ids, t.ID)
	}
	for i := range checks {
		checks[i].topics = ids
	}
	return checks, rows.Err()
}

// run reads the log from its start to the head that was kept.
func (c *chainCheck) run(ctx context.Context) (*Fault, error) {
	c.at = room.Head{Hash: room.ChainStart(c.id)}
	from := int64(math.MinInt64)
	for {
		count, fault, err := c.readPage(ctx, from)
		if err != nil {
			return nil, err
		}
		if fault == brokenChain {
			return c.explain(ctx)
		}
		if fault != nil {
			return fault, nil
		}
		if count < verifyPage {
			break
		}
		from = c.at.Seq + 1
	}
	switch {
	case c.at.Seq < c.kept.Seq:
		return &Fault{c.at.Seq + 1, fmt.Sprintf("is missing: the log ends with %d, and its head was kept as %d", c.at.Seq, c.kept.Seq)}, nil
	case c.kept.Seq > 0 && c.at.Hash != c.kept.Hash:
		return &Fault{c.at.Seq, "has another hash than was kept as that of the log's head: this message, or the log before it, was written anew"}, nil
	}
	if c.words.unexplained() == 0 {
		return nil, nil
	}
	if err := c.readLater(ctx); err != nil {
		return nil, err
	}
	if seq := c.words.unexplained(); seq != 0 {
		return &Fault{seq, "was changed: its words are gone, though nothing redacts it"}, nil
	}
	return nil, nil
}

func (c *chainCheck) readPage(ctx context.Context, from int64) (count int, _ *Fault, err error) {
	rows, err := c.page.QueryContext(ctx, c.key, from, c.kept.Seq, verifyPage)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var e entry
	for ; rows.Next(); count++ {
		if err := e.scan(rows); err != nil {
			return count, nil, err
		}
		if fault := c.check(&e); fault != nil {
			return count, fault, nil
		}
	}
	return count, nil, rows.Err()
}

func (e *entry) scan(rows *sql.Rows) error {
	return rows.Scan(&e.Seq, &e.Author, &e.At, &e.Kind, &e.Ref, &e.Length, &e.salt, &e.digest, &e.hash, &e.body)
}

// brokenChain is a fault that is still to be explained: a message's hash isn't what
// follows from it.
var brokenChain = &Fault{}

// check compares a message with what must follow, and goes on behind it.
func (c *chainCheck) check(e *entry) *Fault {
	next := c.at.Seq + 1
	switch {
	case e.Seq < 1:
		return &Fault{e.Seq, "was inserted: a log begins with 1"}
	case e.Seq != next:
		return &Fault{next, fmt.Sprintf("is missing: %d follows %d", e.Seq, c.at.Seq)}
	case len(e.digest) != len(room.Hash{}) || len(e.hash) != len(room.Hash{}):
		return &Fault{e.Seq, "was changed: its digest and its hash don't have 32 octets each"}
	}
	digest := room.Hash(e.digest)
	if !e.wordless() {
		if len(e.salt) != len(room.Salt{}) {
			return &Fault{e.Seq, fmt.Sprintf("was changed: its salt has %d octets instead of %d", len(e.salt), len(room.Salt{}))}
		}
		if e.Length != len(e.body) {
			return &Fault{e.Seq, fmt.Sprintf("was changed: its length is %d, and its words have %d octets", e.Length, len(e.body))}
		}
		if own := room.Digest(room.Salt(e.salt), e.body); own != digest {
			if e.follows(c.at.Hash, e.Seq, own) {
				return &Fault{e.Seq, "was changed: its digest is not that of its words"}
			}
			return &Fault{e.Seq, "was changed: its words or its salt don't give its digest"}
		}
	}
	if !e.follows(c.at.Hash, e.Seq, digest) {
		return brokenChain
	}
	c.at = room.Head{Seq: e.Seq, Hash: room.Hash(e.hash)}
	return c.words.saw(e)
}

// follows tells whether the message has the hash that it would have as seq
// behind prev.
func (e *entry) follows(prev room.Hash, seq int64, digest room.Hash) bool {
	m := e.Message
	m.Seq = seq
	return room.ChainNext(prev, &m, e.Length, digest) == room.Hash(e.hash)
}

// beyond looks for messages behind the head that was kept.
func (c *chainCheck) beyond(ctx context.Context) (*Fault, error) {
	var seq int64
	err := c.db.QueryRowContext(ctx, verifyBeyondSQL, c.key).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &Fault{seq, "was added by something else: it lies beyond the head that was kept"}, err
}

// findStrays looks for messages of topics that don't exist.
func findStrays(ctx context.Context, db *sql.DB) (faults []string, err error) {
	topic := int64(math.MinInt64)
	for {
		var seq int64
		var known bool
		err := db.QueryRowContext(ctx, verifyStraySQL, topic).Scan(&topic, &seq, &known)
		if errors.Is(err, sql.ErrNoRows) {
			return faults, nil
		}
		if err != nil {
			return faults, fmt.Errorf("looking for messages of no topic: %w", err)
		}
		if !known {
			faults = append(faults, fmt.Sprintf("there are messages of a topic that doesn't exist (its key would be %d), from message %d on", topic, seq))
		}
	}
}
