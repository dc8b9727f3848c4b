package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"redroom/server/room"
)

const (
	// indexedOfSQL are up to where topics are in the index.
	indexedOfSQL = `SELECT topic, seq FROM json_each(?) CROSS JOIN index_topics WHERE topic = value`

	// blocksSQL are the blocks of topics, each from one on, that have a message of
	// some time.
	blocksSQL = `SELECT topic, block, first_row, last_row FROM json_each(?) AS asked CROSS JOIN index_times
WHERE topic = asked.value ->> 0 AND block >= asked.value ->> 1 AND newest >= ? AND oldest < ?`

	// beginningsSQL are the rows of messages and of those before them.
	beginningsSQL = `SELECT first.topic, first.rowid, before.rowid FROM json_each(?) AS asked
CROSS JOIN messages AS first ON first.topic = asked.value ->> 0 AND first.seq = asked.value ->> 1
CROSS JOIN messages AS before ON before.topic = first.topic AND before.seq = first.seq - 1`
)

// topic is one that is searched, as far as it is in the index.
type topic struct {
	id      string
	from    int64
	indexed int64
}

// unit is one of a topic, of which something may be found.
type unit struct {
	key, number int64
	length      int64 // how many messages of it are searched
	first, last int64 // rows between which they are; of some time: all of that time
	row, before int64 // if it is searched from a message on, that one's, and that of the one before it; 0, -1: all of it is
}

// units are those that are searched, the newest first.
func (q *search) units(ctx context.Context, s *Store) (units []unit, err error) {
	if err := q.begin(ctx, s); err != nil {
		return nil, err
	}
	var blocks, inside [][2]int64
	for key, t := range q.topics {
		blocks = append(blocks, [2]int64{key, t.from / blockLength})
		if t.from > 1 && t.from%unitLength != 0 {
			inside = append(inside, [2]int64{key, t.from})
		}
	}
	rows := make(map[int64][2]int64) // by key
	err = q.each(ctx, beginningsSQL, []any{inside}, func(scan func(...any) error) error {
		var key, row, before int64
		err := scan(&key, &row, &before)
		rows[key] = [2]int64{row, before}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for where somebody begins to read: %w", err)
	}
	err = q.each(ctx, blocksSQL, []any{blocks, q.since(), q.before()}, func(scan func(...any) error) error {
		var key, block, first, last int64
		if err := scan(&key, &block, &first, &last); err != nil {
			return err
		}
		number := block * blockLength / unitLength
		if at := len(units) - 1; at >= 0 && units[at].key == key && units[at].number == number {
			units[at].first, units[at].last = min(units[at].first, first), max(units[at].last, last)
			return nil
		}
		t := q.topics[key]
		u := unit{key: key, number: number, first: first, last: last, before: -1}
		u.length = min(t.indexed+1, (number+1)*unitLength) - max(t.from, number*unitLength)
		if begins, ok := rows[key]; ok && number == t.from/unitLength {
			u.row, u.before = begins[0], begins[1]
		}
		units = append(units, u)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for what is searched: %w", err)
	}
	slices.SortFunc(units, func(a, b unit) int { return cmp.Compare(b.last, a.last) })
	return units, nil
}

// begin finds the topics in which there is anything to be found.
func (q *search) begin(ctx context.Context, s *Store) error {
	asked := make(map[int64]room.SearchedTopic, len(q.Topics))
	keys := make([]int64, 0, len(q.Topics))
	for _, t := range q.Topics {
		if log, ok := s.logs.get(t.ID); ok {
			asked[log.key] = t
			keys = append(keys, log.key)
		}
	}
	q.topics, q.indexed = make(map[int64]topic, len(keys)), make(map[string]int64, len(keys))
	err := q.each(ctx, indexedOfSQL, []any{keys}, func(scan func(...any) error) error {
		var key, indexed int64
		err := scan(&key, &indexed)
		t := asked[key]
		q.indexed[t.ID] = indexed
		if indexed >= t.From {
			q.topics[key] = topic{id: t.ID, from: max(t.From, 1), indexed: indexed}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading up to where topics are in the index: %w", err)
	}
	return nil
}

// each gives the rows of a query, of whose arguments the first goes as JSON.
func (q *search) each(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) (err error) {
	if args[0], err = asJSON(args[0]); err != nil {
		return err
	}
	rows, err := q.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func asJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	if string(text) == "null" {
		return "[]", err
	}
	return string(text), err
}

// maxRead is how many messages are read at most for one search without the index.
const maxRead = unitLength

// apart are the units that are searched from a message on and are read themselves,
// from there: what the index has of them is also of what stands before, and to ask it
// would take a time that tells of that. The smallest are, as many as can be.
func apart(units []unit) (read, others []unit) {
	inside := slices.Clone(units)
	inside = slices.DeleteFunc(inside, func(u unit) bool { return u.row == 0 })
	slices.SortFunc(inside, func(a, b unit) int {
		return cmp.Or(cmp.Compare(a.length, b.length), cmp.Compare(a.key, b.key))
	})
	length := int64(0)
	for _, u := range inside {
		if length += u.length; length > maxRead {
			break
		}
		read = append(read, u)
	}
	others = slices.DeleteFunc(slices.Clone(units), func(u unit) bool { return slices.Contains(read, u) })
	return read, others
}

// group are units that can be searched from the same row on: of none of them
// anything comes between that row and the first that may be found.
type group struct {
	row   int64
	units []unit
}

// groups are as few as there can be. Who has come to a deal later reads its topics
// from the same moment on: they are one.
func groups(units []unit) (groups []group) {
	rest := slices.Clone(units)
	slices.SortStableFunc(rest, func(a, b unit) int { return cmp.Compare(a.row, b.row) })
	for len(rest) > 0 {
		g := group{row: rest[0].row}
		var others []unit
		for _, u := range rest {
			if u.before < g.row {
				g.units = append(g.units, u)
			} else {
				others = append(others, u)
			}
		}
		groups = append(groups, g)
		rest = others
	}
	return groups
}
