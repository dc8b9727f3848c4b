package chat

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"

	"redroom/server/room"
)

const (
	maxEntries = 600     // that are held of a topic
	maxHeld    = 2 << 20 // octets of their texts
	maxReport  = 240     // characters of a report that are shown
)

// entry is a message as it is held.
type entry struct {
	seq      int64
	author   string
	at       time.Time
	kind     room.Kind
	ref      int64
	text     string // as it may be shown now
	own      string // the words of a text as its author wrote them, for an edit
	editedBy int64  // the newest edit; 0: none
	redacted bool

	wrapped    []string // text, as it was drawn last
	wrappedFor wrapping
}

// shown tells whether an entry is one that is seen: edits and redactions are
// seen at what they speak of.
func (e *entry) shown() bool { return e.kind != room.Edit && e.kind != room.Redact }

// log is a part of a topic's log: the messages from lo on up to hi.
type log struct {
	topic, epoch string
	entries      []*entry
	lo, hi       int64 // 0: nothing is held
	head         int64 // the newest seq
	first        bool  // nothing lies before lo that may be read
	away         bool  // what is to be shown lies elsewhere, and is asked for
}

// newEntry holds a message of me or somebody else.
func newEntry(m *room.Message, me string) *entry {
	e := &entry{seq: m.Seq, author: m.Author, at: time.UnixMilli(m.At), kind: m.Kind, ref: m.Ref, redacted: m.Redacted}
	if e.redacted {
		return e
	}
	e.say(m.Kind, m.Body, me)
	return e
}

// say gives an entry its words.
func (e *entry) say(kind room.Kind, body []byte, me string) {
	if kind == room.Report {
		e.text = report(body)
		return
	}
	e.text = text(string(body))
	if e.author == me {
		e.own = string(body)
	}
}

// report is JSON in short: what was read, where it says that.
func report(body []byte) string {
	var feed struct {
		Reading json.RawMessage `json:"reading"`
	}
	if json.Unmarshal(body, &feed) == nil && len(feed.Reading) > 0 {
		body = feed.Reading
	}
	var short bytes.Buffer
	if json.Compact(&short, body) != nil {
		return line(string(body))
	}
	said := line(short.String())
	if utf8.RuneCountInString(said) > maxReport {
		said = string([]rune(said)[:maxReport]) + "…"
	}
	return said
}

// holds tells whether a seq lies in what is held.
func (l *log) holds(seq int64) bool { return l.hi > 0 && seq >= l.lo && seq <= l.hi }

// live tells whether what is held goes up to the newest message.
func (l *log) live() bool { return !l.away && l.hi == l.head }

func (l *log) find(seq int64) *entry {
	i, ok := slices.BinarySearchFunc(l.entries, seq, func(e *entry, seq int64) int { return int(e.seq - seq) })
	if !ok {
		return nil
	}
	return l.entries[i]
}

// arrive takes the next message of the log.
func (l *log) arrive(epoch string, m *room.Message, me string) {
	l.epoch = epoch
	follows := l.live() && (l.hi == 0 || m.Seq == l.hi+1)
	l.head = max(l.head, m.Seq)
	e := newEntry(m, me)
	if follows {
		if l.hi == 0 {
			l.lo, l.first = m.Seq, m.Seq == 1
		}
		l.entries, l.hi = append(l.entries, e), m.Seq
	}
	l.apply(e, m.Body, me)
}

// apply changes what an edit or a redaction speaks of.
func (l *log) apply(e *entry, body []byte, me string) {
	of := l.find(e.ref)
	if e.shown() || of == nil || e.redacted && e.kind == room.Edit {
		return
	}
	if e.kind == room.Redact {
		if of.kind == room.Edit { // its original is meant
			if of = l.find(of.ref); of == nil {
				return
			}
		}
		of.redacted, of.text, of.own = true, "", ""
		return
	}
	if !of.redacted && e.seq > of.editedBy && of.kind.Editable() {
		of.editedBy = e.seq
		of.say(of.kind, body, me)
	}
}

// part is a page of the log, and those of its edits that lie behind it.
type part struct {
	messages, edits []room.Message
	head            int64
	epoch           string
}

// take joins a page to what is held: in place of it where anew, else before or
// behind it.
func (l *log) take(asked fetch, p *part, me string) {
	if l.epoch != "" && p.epoch != l.epoch {
		return // the topic begins anew
	}
	l.epoch, l.head = p.epoch, max(l.head, p.head)
	entries := make([]*entry, 0, len(p.messages))
	for i := range p.messages {
		entries = append(entries, newEntry(&p.messages[i], me))
	}
	switch {
	case asked.anew:
		l.entries, l.away, l.first = entries, false, false
		l.lo, l.hi = asked.after+1, l.head
		if len(entries) > 0 {
			l.lo, l.hi = entries[0].seq, entries[len(entries)-1].seq
		}
		if asked.before > 0 {
			l.hi = max(l.hi, min(asked.before-1, p.head))
		}
		l.first = l.lo <= 1
	case asked.before > 0 && asked.before == l.lo:
		l.entries = append(entries, l.entries...)
		if l.first = len(entries) == 0; !l.first {
			l.lo = entries[0].seq
			l.first = l.lo == 1
		}
	case asked.before == 0 && asked.after == l.hi:
		l.entries = append(l.entries, entries...)
		l.hi = p.head
		if len(entries) > 0 {
			l.hi = entries[len(entries)-1].seq
		}
	default:
		return // what is held has changed since
	}
	for i := range p.messages {
		l.apply(entries[i], p.messages[i].Body, me)
	}
	for i := range p.edits {
		l.apply(newEntry(&p.edits[i], me), p.edits[i].Body, me)
	}
}

// trim drops what is too much, at the end that is farther from what is seen.
func (l *log) trim(seen int64) {
	size := 0
	for _, e := range l.entries {
		size += len(e.text) + len(e.own)
	}
	for len(l.entries) > 1 && (len(l.entries) > maxEntries || size > maxHeld) {
		first, last := l.entries[0], l.entries[len(l.entries)-1]
		dropped := first
		if seen-first.seq >= last.seq-seen {
			l.entries = l.entries[1:]
			l.lo, l.first = l.entries[0].seq, false
		} else {
			dropped = last
			l.entries = l.entries[:len(l.entries)-1]
			l.hi = l.entries[len(l.entries)-1].seq
		}
		size -= len(dropped.text) + len(dropped.own)
	}
}

// forget drops all that is held: the log is another one.
func (l *log) forget() {
	*l = log{topic: l.topic}
}

// last is the newest entry that is seen and that counts; nil: there is none.
func (l *log) last(counts func(*entry) bool) *entry {
	for _, e := range slices.Backward(l.entries) {
		if e.shown() && counts(e) {
			return e
		}
	}
	return nil
}
