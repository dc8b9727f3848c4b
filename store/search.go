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
	"unicode/utf8"

	"redroom/server/room"
)

// maxTokens are asked for at once: the index opens each of them in every one of
// its segments, which takes some KiB.
const maxTokens = 4096

const (
	rowSQL = `SELECT rowid FROM messages WHERE topic = ? AND seq = ?`

	// The newest that are asked for come first by themselves.
	searchSQL = `SELECT messages.rowid
FROM index_words CROSS JOIN messages ON messages.rowid = index_words.rowid
WHERE index_words MATCH ? AND index_words.rowid BETWEEN ? AND ? AND messages.time >= ? AND messages.time < ?
ORDER BY index_words.rowid DESC LIMIT ?`

	hitSQL = `SELECT topic, seq, author, time, kind, body FROM messages WHERE rowid = ?`

	// timesSQL are the rows between which there can be messages of some time.
	timesSQL = `SELECT coalesce(min(first_row), 0), coalesce(max(last_row), 0) FROM index_times
WHERE topic = ? AND newest >= ? AND oldest < ?`
)

// Search finds messages by their words. What it finds is only what is
// searched: see room.Search. It sees the index as of one step; see
// Follow. It may take long: how many run at a time is the caller's to say.
func (s *Store) Search(ctx context.Context, q room.Search) (found room.Found, err error) {
	err = s.inView(ctx, func(tx *sql.Tx) error {
		run := search{tx: tx, Search: q, topics: make(map[int64]searched, len(q.Topics))}
		for _, t := range q.Terms {
			if p := patternOf(t); p != "" {
				run.patterns = append(run.patterns, p)
			}
		}
		found, err = run.do(ctx, s)
		return err
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
	topics   map[int64]searched // by key
	indexed  map[string]int64   // by id
}

// searched is a topic of a search.
type searched struct {
	id      string
	indexed int64
	row     int64 // the first that may be found
	before  int64 // the one before it in the topic
}

func (q *search) do(ctx context.Context, s *Store) (found room.Found, err error) {
	q.indexed = make(map[string]int64)
	anyTime := q.Since == 0 && q.Before == 0
	lower, upper := int64(math.MaxInt64), int64(0)
	for _, t := range q.Topics {
		log, ok := s.logs.get(t.ID)
		if !ok {
			continue
		}
		if err := q.begin(ctx, log.key, t); err != nil {
			return found, err
		}
		if anyTime {
			continue
		}
		var first, last int64
		if err := q.tx.QueryRowContext(ctx, timesSQL, log.key, q.since(), q.before()).Scan(&first, &last); err != nil {
			return found, fmt.Errorf("looking for a time: %w", err)
		}
		if last > 0 {
			lower, upper = min(lower, first), max(upper, last)
		}
	}
	found.Indexed = q.indexed
	if anyTime {
		lower, upper = 0, math.MaxInt64
	}
	if q.Older != nil {
		log, _ := s.logs.get(q.Older.Topic)
		row, _, err := number(ctx, q.tx, rowSQL, log.key, q.Older.Seq)
		if err != nil {
			return found, fmt.Errorf("looking for a message: %w", err)
		}
		upper = min(upper, row-1)
	}
	rows, err := q.newest(ctx, lower, upper)
	if err != nil {
		return found, err
	}
	if found.More = len(rows) > q.Limit; found.More {
		rows = rows[:q.Limit]
	}
	for _, row := range rows {
		h, err := q.shown(ctx, row)
		if err != nil {
			return found, err
		}
		found.Hits = append(found.Hits, h)
	}
	return found, nil
}

// newest are the rows of the newest messages that match, one more than are asked
// for. Once there are as many, only what is newer than the last of them counts.
func (q *search) newest(ctx context.Context, lower, upper int64) (rows []int64, err error) {
	for _, g := range q.groups() {
		from := max(lower, g.row)
		if from > upper {
			continue
		}
		more, err := q.match(ctx, g, from, upper)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
		slices.SortFunc(rows, func(a, b int64) int { return cmp.Compare(b, a) })
		if len(rows) > q.Limit {
			rows = rows[:q.Limit+1]
			lower = max(lower, rows[q.Limit]+1)
		}
	}
	return rows, nil
}

func (q *search) since() int64  { return cmp.Or(q.Since, math.MinInt64) }
func (q *search) before() int64 { return cmp.Or(q.Before, math.MaxInt64) }

// begin adds a topic, if there is anything in it to be found.
func (q *search) begin(ctx context.Context, key int64, t room.SearchedTopic) error {
	indexed, known, err := number(ctx, q.tx, indexedSQL, key)
	if err != nil {
		return fmt.Errorf("reading up to where a topic is in the index: %w", err)
	}
	if !known {
		return nil
	}
	q.indexed[t.ID] = indexed
	in := searched{id: t.ID, indexed: indexed, before: -1}
	if t.From > 1 {
		if indexed < t.From {
			return nil
		}
		if in.row, _, err = number(ctx, q.tx, rowSQL, key, t.From); err == nil {
			in.before, _, err = number(ctx, q.tx, rowSQL, key, t.From-1)
		}
		if err != nil {
			return fmt.Errorf("looking for where somebody begins to read: %w", err)
		}
	}
	q.topics[key] = in
	return nil
}

// group are topics that can be searched from the same row on: of none of them
// anything comes between that row and the first that may be found.
type group struct {
	row  int64
	keys []int64
}

// groups are as few as there can be, with what a question to the index may take.
// Who has come to a deal later reads its topics from the same moment on: they are
// one.
func (q *search) groups() (groups []group) {
	keys := make([]int64, 0, len(q.topics))
	for key := range q.topics {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b int64) int {
		return cmp.Or(cmp.Compare(q.topics[a].row, q.topics[b].row), cmp.Compare(a, b))
	})
	for len(keys) > 0 {
		g := group{row: q.topics[keys[0]].row}
		var rest []int64
		for _, key := range keys {
			if q.topics[key].before < g.row {
				g.keys = append(g.keys, key)
			} else {
				rest = append(rest, key)
			}
		}
		for some := range slices.Chunk(g.keys, max(1, maxTokens/q.tokens())) {
			groups = append(groups, group{g.row, some})
		}
		keys = rest
	}
	return groups
}

// tokens is how many are asked for of each topic.
func (q *search) tokens() (n int) {
	for _, p := range q.patterns {
		n += utf8.RuneCountInString(p) - shortTerm + 1
	}
	return n + 1
}

// expression is what a group's messages must match
// (https://www.sqlite.org/fts5.html section 3): in one of the topics, all terms.
func (q *search) expression(keys []int64) string {
	var b strings.Builder
	for i, key := range keys {
		if i > 0 {
			b.WriteString(" OR ")
		}
		code := topicCode(key)
		b.WriteByte('(')
		wrote := false
		and := func() {
			if wrote {
				b.WriteString(" AND ")
			}
			wrote = true
		}
		for _, p := range q.patterns {
			and()
			b.WriteByte('"')
			writeGrams(&b, code, p)
			b.WriteByte('"')
		}
		if q.Author != "" {
			and()
			b.WriteString(`"` + authorToken(code, q.Author) + `"`)
		}
		if !wrote {
			b.WriteString(`"` + code + `"`)
		}
		b.WriteByte(')')
	}
	return b.String()
}

func (q *search) match(ctx context.Context, g group, lower, upper int64) (found []int64, err error) {
	rows, err := q.tx.QueryContext(ctx, searchSQL, q.expression(g.keys), lower, upper,
		q.since(), q.before(), q.Limit+1)
	if err != nil {
		return nil, fmt.Errorf("asking the index: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return nil, fmt.Errorf("reading what was found: %w", err)
		}
		found = append(found, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("asking the index: %w", err)
	}
	return found, nil
}

// shown is a message that was found, with its extract, of the words that were.
func (q *search) shown(ctx context.Context, row int64) (h room.Hit, err error) {
	var topic int64
	var words sql.NullString
	if err := q.tx.QueryRowContext(ctx, hitSQL, row).Scan(&topic, &h.Seq, &h.Author, &h.At, &h.Kind, &words); err != nil {
		return h, fmt.Errorf("reading what was found: %w", err)
	}
	in := q.topics[topic]
	h.Topic = in.id
	body := words.String
	err = q.tx.QueryRowContext(ctx, indexedEditSQL, topic, h.Seq, in.indexed).Scan(&body)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("reading the words of an edit: %w", err)
	}
	h.Extract = extract(body, occurrences(indexedPart(body), q.patterns))
	return h, nil
}
