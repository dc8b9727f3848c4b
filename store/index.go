package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"redroom/server/room"
)

// maxIndexed is how much of a message is in the index, in octets. What is in it
// must also be removed again while others wait, which takes a place in the index
// for every three letters that are new.
const maxIndexed = 4 << 10

const (
	insertWordsSQL = `INSERT INTO index_words (rowid, words) VALUES (?, ?)`
	deleteWordsSQL = `INSERT INTO index_words (index_words, rowid, words) VALUES ('delete', ?, ?)`
	mergeWordsSQL  = `INSERT INTO index_words (index_words, rank) VALUES ('merge', ?)`

	indexedRowSQL = `SELECT coalesce(max(messages.rowid), 0) FROM index_topics
CROSS JOIN messages ON messages.topic = index_topics.topic AND messages.seq = index_topics.seq`

	unindexedSQL = `SELECT rowid, topic, seq, author, time, kind, coalesce(ref, 0), body FROM messages WHERE rowid > ? ORDER BY rowid LIMIT ?`

	// A topic's rows are in the order of their seqs.
	originalSQL    = `SELECT rowid, kind, author, body FROM messages WHERE topic = ? AND seq = ?`
	indexedEditSQL = `SELECT body FROM messages INDEXED BY edits WHERE topic = ? AND ref = ? AND kind = 'edit' AND seq <= ? ORDER BY rowid DESC LIMIT 1`

	moveIndexedSQL = `INSERT INTO index_topics (topic, seq) VALUES (?, ?)
ON CONFLICT (topic) DO UPDATE SET seq = excluded.seq`

	moveTimesSQL = `INSERT INTO index_times (topic, block, oldest, newest, first_row, last_row) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (topic, block) DO UPDATE SET oldest = min(oldest, excluded.oldest), newest = max(newest, excluded.newest),
first_row = min(first_row, excluded.first_row), last_row = max(last_row, excluded.last_row)`
)

// unitLength is how many messages in a row of a topic are a unit of the index: each
// has tokens of its own, and is asked for by itself.
const unitLength = 4 * blockLength

// unitCode is what the tokens of a topic's unit begin with.
func unitCode(key, number int64) string {
	return strconv.FormatInt(key, 36) + "-" + strconv.FormatInt(number, 36)
}

// tokens are a message's in the index: its unit, its author, and every three
// letters in a row of its words, each with the unit before it.
func tokens(code, author, body string) string {
	text := fold(indexedPart(body))
	var b strings.Builder
	b.Grow((len(text) + 2) * (len(code) + 5))
	b.WriteString(code)
	b.WriteByte(' ')
	b.WriteString(authorToken(code, author))
	writeGrams(&b, code, text)
	return b.String()
}

func authorToken(code, author string) string { return code + "@" + author }

func writeGrams(b *strings.Builder, code, text string) {
	var starts [shortTerm]int // of the runes before
	n := 0
	for at := range text {
		if n >= shortTerm {
			writeGram(b, code, text[starts[n%shortTerm]:at])
		}
		starts[n%shortTerm] = at
		n++
	}
	if n >= shortTerm {
		writeGram(b, code, text[starts[n%shortTerm]:])
	}
}

func writeGram(b *strings.Builder, code, gram string) {
	b.WriteByte(' ')
	b.WriteString(code)
	b.WriteByte('.')
	b.WriteString(gram)
}

// indexedPart is what of a body is in the index.
func indexedPart(body string) string {
	if len(body) <= maxIndexed {
		return body
	}
	end := maxIndexed
	for !utf8.RuneStart(body[end]) {
		end--
	}
	return body[:end]
}

// words are a message's in the index.
type words struct {
	at     seat
	row    int64 // of the message in messages
	author string
	was    string // before an edit; "": it is new in the index
	is     string
}

// indexing is one step of the index behind the log, in a transaction.
type indexing struct {
	conn    *sql.Conn
	indexed map[int64]int64  // by topic, up to where it is in the index: before the step
	reached map[int64]int64  // and after it
	found   map[seat]*words  // of messages whose words have changed
	times   map[block]*times // of the step's messages
	row     int64            // of the newest of them; 0: there was none
}

// seat is where a message is.
type seat struct{ topic, seq int64 }

func (s seat) code() string { return unitCode(s.topic, s.seq/unitLength) }

type block struct{ topic, number int64 }

type times struct{ oldest, newest, firstRow, lastRow int64 }

// index brings what follows a row of messages into the index, as much as has
// some octets, and tells up to which row it has come; 0: there was nothing.
func index(ctx context.Context, conn *sql.Conn, after int64, octets int) (row int64, err error) {
	step := indexing{
		conn:    conn,
		indexed: make(map[int64]int64), reached: make(map[int64]int64),
		found: make(map[seat]*words), times: make(map[block]*times),
	}
	entries, err := unindexed(ctx, conn, after, octets)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if err := step.take(ctx, e); err != nil {
			return 0, err
		}
	}
	return step.row, step.write(ctx)
}

// unread is a message that isn't in the index yet.
type unread struct {
	row, topic, seq, time, ref int64
	author                     string
	kind                       room.Kind
	body                       sql.NullString // none: its words were removed
}

const maxEntries = 512 // of a step

func unindexed(ctx context.Context, conn *sql.Conn, after int64, octets int) (entries []unread, err error) {
	rows, err := conn.QueryContext(ctx, unindexedSQL, after, maxEntries)
	if err != nil {
		return nil, fmt.Errorf("reading what is not in the index: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for octets > 0 && rows.Next() {
		var e unread
		if err := rows.Scan(&e.row, &e.topic, &e.seq, &e.author, &e.time, &e.kind, &e.ref, &e.body); err != nil {
			return nil, fmt.Errorf("reading what is not in the index: %w", err)
		}
		entries = append(entries, e)
		octets -= min(len(e.body.String), maxIndexed)
	}
	return entries, rows.Err()
}

func (i *indexing) take(ctx context.Context, e unread) error {
	i.row = e.row
	if _, ok := i.indexed[e.topic]; !ok {
		var seq int64
		err := i.conn.QueryRowContext(ctx, indexedSQL, e.topic).Scan(&seq)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("reading up to where a topic is in the index: %w", err)
		}
		i.indexed[e.topic] = seq
	}
	i.reached[e.topic] = e.seq
	i.note(e)
	if !e.body.Valid {
		return nil
	}
	switch {
	case e.kind.Searchable():
		at := seat{e.topic, e.seq}
		i.found[at] = &words{at: at, row: e.row, author: e.author, is: e.body.String}
	case e.kind == room.Edit:
		return i.edit(ctx, e)
	}
	return nil
}

// edit gives a message other words.
func (i *indexing) edit(ctx context.Context, e unread) error {
	at := seat{e.topic, e.ref}
	if i.found[at] == nil {
		was, err := indexedWords(ctx, i.conn, at, i.indexed[e.topic])
		if err != nil || was == nil {
			return err
		}
		was.was = was.is
		i.found[at] = was
	}
	i.found[at].is = e.body.String
	return nil
}

// indexedWords are those of a message as the index has them that has come up to
// a seq; nil: it has none.
func indexedWords(ctx context.Context, conn *sql.Conn, at seat, indexed int64) (*words, error) {
	if at.seq > indexed {
		return nil, nil
	}
	w := &words{at: at}
	var kind room.Kind
	var body sql.NullString
	if err := conn.QueryRowContext(ctx, originalSQL, at.topic, at.seq).Scan(&w.row, &kind, &w.author, &body); err != nil {
		return nil, fmt.Errorf("reading indexed words: %w", err)
	}
	if !kind.Searchable() || !body.Valid {
		return nil, nil
	}
	w.is = body.String
	err := conn.QueryRowContext(ctx, indexedEditSQL, at.topic, at.seq, indexed).Scan(&w.is)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading the indexed words of an edit: %w", err)
	}
	return w, nil
}

func (i *indexing) note(e unread) {
	at := block{e.topic, e.seq / blockLength}
	t := i.times[at]
	if t == nil {
		i.times[at] = &times{e.time, e.time, e.row, e.row}
		return
	}
	t.oldest, t.newest = min(t.oldest, e.time), max(t.newest, e.time)
	t.firstRow, t.lastRow = min(t.firstRow, e.row), max(t.lastRow, e.row)
}

func (i *indexing) write(ctx context.Context) error {
	all := make([]*words, 0, len(i.found))
	for _, w := range i.found {
		all = append(all, w)
	}
	// FTS5 is quickest with rows in order.
	slices.SortFunc(all, func(a, b *words) int { return int(a.row - b.row) })
	for _, w := range all {
		if w.was != "" {
			if err := i.exec(ctx, deleteWordsSQL, w.row, tokens(w.at.code(), w.author, w.was)); err != nil {
				return err
			}
		}
		if err := i.exec(ctx, insertWordsSQL, w.row, tokens(w.at.code(), w.author, w.is)); err != nil {
			return err
		}
	}
	for topic, seq := range i.reached {
		if err := i.exec(ctx, moveIndexedSQL, topic, seq); err != nil {
			return err
		}
	}
	for at, t := range i.times {
		if err := i.exec(ctx, moveTimesSQL, at.topic, at.number, t.oldest, t.newest, t.firstRow, t.lastRow); err != nil {
			return err
		}
	}
	return nil
}

func (i *indexing) exec(ctx context.Context, query string, args ...any) error {
	if _, err := i.conn.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	return nil
}

// unindex takes a message's words, and those of its edits, out of the index, if
// they are in it already; what comes later finds none. It goes before the words
// themselves. From an index that is damaged it takes everything.
func (tx *transaction) unindex(ctx context.Context, key, original int64) error {
	var indexed int64
	known, err := tx.find(ctx, "reading up to where a topic is in the index", indexedSQL, []any{key}, &indexed)
	if err != nil || !known {
		return err
	}
	w, err := indexedWords(ctx, tx.conn, seat{key, original}, indexed)
	if err != nil || w == nil {
		return err
	}
	err = tx.removeWords(ctx, w)
	if isDamaged(err) {
		tx.damaged = err
		return emptyIndex(ctx, tx.conn)
	}
	return err
}

// removeWords removes them from the index's very pages before it returns: the
// commit has nothing left to do there.
func (tx *transaction) removeWords(ctx context.Context, w *words) error {
	code := w.at.code()
	was := tokens(code, w.author, w.is)
	if err := tx.exec(ctx, "removing words from the index", deleteWordsSQL, w.row, was); err != nil {
		return err
	}
	return tx.removeSeparators(ctx, code, was)
}
