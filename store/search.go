package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"redroom/server/room"
)

// How many units are asked for at once: few first, which may be enough, and then
// more. The index opens each token in every one of its segments, which takes some
// KiB.
const (
	fewUnits  = 16
	manyUnits = 1024
)

const (
	rowSQL = `SELECT rowid FROM messages WHERE topic = ? AND seq = ?`

	// indexedBodySQL are a message's words as the index has them.
	indexedBodySQL = `coalesce((
SELECT edit.body FROM messages AS edit INDEXED BY edits
WHERE edit.topic = messages.topic AND edit.ref = messages.seq AND edit.kind = 'edit' AND edit.seq <= index_topics.seq
ORDER BY edit.rowid DESC LIMIT 1), messages.body)`

	foundColumns = `messages.rowid, messages.topic, messages.seq, messages.author, messages.time, messages.kind,
substr(` + indexedBodySQL + `, 1, ?)`

	// The newest that are asked for come first by themselves.
	searchSQL = `SELECT ` + foundColumns + `
FROM index_words
CROSS JOIN messages ON messages.rowid = index_words.rowid
CROSS JOIN index_topics ON index_topics.topic = messages.topic
WHERE index_words MATCH ? AND index_words.rowid BETWEEN ? AND ? AND messages.time >= ? AND messages.time < ?
ORDER BY index_words.rowid DESC`

	// readSQL are the messages of some topics, each from a seq on to another.
	readSQL = `SELECT ` + foundColumns + `
FROM json_each(?) AS asked
CROSS JOIN messages ON messages.topic = asked.value ->> 0 AND messages.seq BETWEEN asked.value ->> 1 AND asked.value ->> 2
CROSS JOIN index_topics ON index_topics.topic = messages.topic
WHERE messages.rowid <= ? AND messages.time >= ? AND messages.time < ? AND messages.kind IN ('text', 'report') AND messages.body IS NOT NULL`

	bodySQL = `SELECT ` + indexedBodySQL + `
FROM messages CROSS JOIN index_topics ON index_topics.topic = messages.topic WHERE messages.rowid = ?`
)

// Search finds messages by their words. What it finds is only what is searched: see
// room.Search. It sees the index as of one step; see Follow. When a redaction is
// committed meanwhile, it begins again. It may take long: how many run at a time is
// the caller's to say.
func (s *Store) Search(ctx context.Context, q room.Search) (found room.Found, err error) {
	err = s.searches.run(ctx, func(ctx context.Context) error {
		return s.inView(ctx, func(tx *sql.Tx) error {
			run := search{tx: tx, Search: q}
			for _, t := range q.Terms {
				if p := patternOf(t); p != "" {
					run.patterns = append(run.patterns, p)
				}
			}
			found, err = run.do(ctx, s)
			return err
		})
	})
	if isDamaged(err) {
		s.tellDamaged(err)
	}
	if err != nil {
		return room.Found{}, fmt.Errorf("store: searching: %w", err)
	}
	return found, nil
}

// search is one that runs.
type search struct {
	room.Search
	tx       *sql.Tx
	patterns []string
	topics   map[int64]topic  // by key
	indexed  map[string]int64 // by id
	rare     []gram
	asked    int   // how many of them the index is asked for
	hits     []hit // the newest so far, one more than are asked for
}

// hit is a message that was found.
type hit struct {
	room.Hit
	row int64
}

func (q *search) do(ctx context.Context, s *Store) (found room.Found, err error) {
	units, err := q.units(ctx, s)
	if err != nil {
		return found, err
	}
	upper := int64(math.MaxInt64)
	if q.Older != nil {
		log, _ := s.logs.get(q.Older.Topic)
		row, _, err := number(ctx, q.tx, rowSQL, log.key, q.Older.Seq)
		if err != nil {
			return found, fmt.Errorf("looking for a message: %w", err)
		}
		upper = row - 1
	}
	read, units := apart(units)
	if err := q.read(ctx, read, upper); err != nil {
		return found, err
	}
	if q.rare, err = q.rarest(ctx, units); err != nil {
		return found, err
	}
	q.asked = min(1, len(q.rare))
	if err := q.lookInto(ctx, units, upper); err != nil {
		return found, err
	}
	found.Indexed = q.indexed
	if found.More = len(q.hits) > q.Limit; found.More {
		q.hits = q.hits[:q.Limit]
	}
	for _, h := range q.hits {
		var body string
		if err := q.tx.QueryRowContext(ctx, bodySQL, h.row).Scan(&body); err != nil {
			return found, fmt.Errorf("reading what was found: %w", err)
		}
		h.Extract = extract(body, occurrences(indexedPart(body), q.patterns))
		found.Hits = append(found.Hits, h.Hit)
	}
	return found, nil
}

// lookInto looks into units, the newest first. Once there are as many hits as are
// asked for, only what is newer than the last of them counts.
func (q *search) lookInto(ctx context.Context, units []unit, upper int64) error {
	for size := fewUnits; len(units) > 0; size = min(4*size, manyUnits) {
		some := slices.Clone(units[:min(size, len(units))])
		units = units[len(some):]
		some = slices.DeleteFunc(some, func(u unit) bool { return u.last < q.lower() || u.first > upper })
		for _, g := range groups(some) {
			if err := q.lookIntoGroup(ctx, g, upper); err != nil {
				return err
			}
		}
	}
	return nil
}

// lower is the first row that counts.
func (q *search) lower() int64 {
	if len(q.hits) <= q.Limit {
		return 0
	}
	return q.hits[q.Limit].row + 1
}

func (q *search) lookIntoGroup(ctx context.Context, g group, upper int64) error {
	lower := max(q.lower(), g.row)
	for lower <= upper {
		more, left, err := q.match(ctx, g, lower, upper)
		if err != nil {
			return err
		}
		q.add(more)
		if left == 0 {
			return nil
		}
		q.asked = len(q.rare)
		lower, upper = max(q.lower(), g.row), left
	}
	return nil
}

// add keeps the newest of the hits.
func (q *search) add(more []hit) {
	q.hits = append(q.hits, more...)
	slices.SortFunc(q.hits, func(a, b hit) int { return cmp.Compare(b.row, a.row) })
	q.hits = q.hits[:min(len(q.hits), q.Limit+1)]
}

// match asks the index. What is left is up to which row there may be more, if too
// many messages have what it was asked for and are none; 0: nothing is.
func (q *search) match(ctx context.Context, g group, lower, upper int64) (hits []hit, left int64, err error) {
	missed := 0
	args := []any{q.letters(), q.expression(g.units, q.rare[:q.asked]), lower, upper, q.since(), q.before()}
	err = q.find(ctx, searchSQL, args, func(h hit, matches bool) (more bool) {
		if matches {
			hits = append(hits, h)
			return len(hits) <= q.Limit
		}
		if missed++; missed == patience && q.asked < len(q.rare) {
			left = h.row - 1
			return false
		}
		return true
	})
	return hits, left, err
}

// read looks at all messages of some units.
func (q *search) read(ctx context.Context, units []unit, upper int64) error {
	if len(units) == 0 {
		return nil
	}
	parts := make([][3]int64, len(units))
	for i, u := range units {
		t := q.topics[u.key]
		parts[i] = [3]int64{u.key, t.from, min(t.indexed, (u.number+1)*unitLength-1)}
	}
	asked, err := asJSON(parts)
	if err != nil {
		return err
	}
	return q.find(ctx, readSQL, []any{q.letters(), asked, upper, q.since(), q.before()}, func(h hit, matches bool) (more bool) {
		if matches && (q.Author == "" || h.Author == q.Author) {
			q.add([]hit{h})
		}
		return true
	})
}

// find gives messages, and whether each has the words, until no more are wanted.
func (q *search) find(ctx context.Context, query string, args []any, found func(h hit, matches bool) (more bool)) (err error) {
	rows, err := q.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("asking the index: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var h hit
		var topic int64
		var body string
		if err := rows.Scan(&h.row, &topic, &h.Seq, &h.Author, &h.At, &h.Kind, &body); err != nil {
			return fmt.Errorf("reading what was found: %w", err)
		}
		h.Topic = q.topics[topic].id
		if !found(h, q.matches(body)) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("asking the index: %w", err)
	}
	return nil
}

func (q *search) since() int64  { return cmp.Or(q.Since, math.MinInt64) }
func (q *search) before() int64 { return cmp.Or(q.Before, math.MaxInt64) }

// letters are how many of each message are read, at most.
func (q *search) letters() int {
	if len(q.patterns) == 0 {
		return 0
	}
	return maxIndexed
}

// matches tells whether a text has all that is looked for.
func (q *search) matches(body string) bool {
	if len(q.patterns) == 0 {
		return true
	}
	text := fold(indexedPart(body))
	return !slices.ContainsFunc(q.patterns, func(p string) bool { return !strings.Contains(text, p) })
}
