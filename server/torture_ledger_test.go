package server_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// written is something that somebody wrote, and all that he was told of it.
type written struct {
	topic, author, id string
	kind              room.Kind
	ref               int64
	body              string

	kept      bool  // it was said to be on stable storage, or to be on its way
	seq       int64 // of its acceptance; 0: it wasn't told
	failed    int   // the code; 0: it did not, or was sent again
	again     bool  // it was sent again once it had failed
	discarded bool
}

func (w *written) String() string {
	return fmt.Sprintf("%s of %s in %s (id %s, ref %d, %.60q)", w.kind, w.author, w.topic, w.id, w.ref, w.body)
}

// book has everything that everybody wrote, in the order in which each wrote
// it.
type book struct {
	journal *faults

	mu    sync.Mutex
	all   []*written
	by    map[string]*written // by id
	wrong int                 // complaints, which the journal has
}

func newBook(journal *faults) *book {
	return &book{journal: journal, by: make(map[string]*written)}
}

// complain notes what must not have happened.
func (b *book) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complainLocked(format, args...)
}

func (b *book) complainLocked(format string, args ...any) {
	b.wrong++
	b.journal.note("! "+format, args...)
}

// took is what a person said of his posts.
func (b *book) took(who string, s saying) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.What == "posting" {
		w := &written{topic: s.Topic, author: who, id: s.ID, kind: s.Kind, ref: s.Ref, body: s.Body}
		b.all, b.by[s.ID] = append(b.all, w), w
		return
	}
	w := b.by[s.ID]
	if w == nil {
		b.complainLocked("%s says %q of %s, which was never posted", who, s.What, s.ID)
		return
	}
	switch s.What {
	case "kept":
		w.kept = true
	case "accepted":
		if w.seq != 0 && w.seq != s.Seq {
			b.complainLocked("%v was accepted as %d, then as %d", w, w.seq, s.Seq)
		}
		if w.discarded {
			b.complainLocked("%v was given up, and then accepted as %d", w, s.Seq)
		}
		w.seq, w.failed = s.Seq, 0
	case "failed":
		if w.seq != 0 {
			b.complainLocked("%v was accepted as %d, and then refused: %d %s", w, w.seq, s.Code, s.Reason)
		}
		if s.Code != 410 || w.kind != room.Edit && w.kind != room.Redact {
			b.complainLocked("%v was refused: %d %s", w, s.Code, s.Reason)
		}
		w.failed = s.Code
	case "again":
		w.again, w.failed = true, 0
	case "discarded":
		w.discarded = true
	}
}

// entry is what was written under an id.
func (b *book) entry(id string) *written {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.by[id]
}

// find looks in the logs for what surfers have written and not seen in the log
// by themselves: they may have looked at another topic.
func (b *book) find(logs map[string][]servertest.Frame, surfers map[string]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.all {
		if w.seq != 0 || !surfers[w.author] {
			continue
		}
		at := slices.IndexFunc(logs[w.topic], func(m servertest.Frame) bool { return m.Fields()[1] == w.author && m.Payload == w.body })
		w.seq = int64(at) + 1
	}
}

// counts are how many were written, accepted and refused so far.
func (b *book) counts() (all, accepted, refused int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.all {
		switch {
		case w.seq != 0:
			accepted++
		case w.failed != 0:
			refused++
		}
	}
	return len(b.all), accepted, refused
}

// verify compares the topics' logs with what was written and told.
func (b *book) verify(t *testing.T, logs map[string][]servertest.Frame) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wrong > 0 {
		t.Errorf("%d things went wrong; see the lines with !", b.wrong)
	}
	at := make(map[string]map[int64]*written) // what was accepted, by topic and seq
	for topic := range logs {
		at[topic] = make(map[int64]*written)
	}
	for _, w := range b.all {
		switch {
		case w.seq != 0:
			if other := at[w.topic][w.seq]; other != nil {
				t.Errorf("%v and %v were both accepted as %d", other, w, w.seq)
			}
			at[w.topic][w.seq] = w
		case w.kept && w.failed == 0:
			t.Errorf("%v is missing: it was neither accepted nor refused", w)
		}
	}
	for topic, log := range logs {
		gone := redactedIn(t, log)
		for i, m := range log {
			seq := int64(i) + 1
			w := at[topic][seq]
			if w == nil {
				t.Errorf("%d of topic %s was never told to be accepted: %.160q", seq, topic, m)
				continue
			}
			w.expect(t, seq, m, gone[seq])
			delete(at[topic], seq)
		}
		for seq, w := range at[topic] {
			t.Errorf("%v was accepted as %d; the log ends at %d", w, seq, len(log))
		}
	}
	b.verifyOrder(t)
}

// expect shows that a message is what was written.
func (w *written) expect(t *testing.T, seq int64, m servertest.Frame, gone bool) {
	t.Helper()
	ref := "-"
	if w.ref != 0 {
		ref = fmt.Sprint(w.ref)
	}
	want, payload := fmt.Sprintf("MESSAGE %d %s * %s %s *", seq, w.author, w.kind, ref), w.body
	if gone {
		fields := m.Fields()
		want, payload = fmt.Sprintf("MESSAGE %d %s * %s %s - redacted=%d %s", seq, w.author, w.kind, ref, len(w.body), fields[len(fields)-1]), ""
	}
	if m.Is(want) != nil || m.Payload != payload {
		t.Errorf("%v was accepted as %d; there is %.160q", w, seq, m)
	}
}

// verifyOrder shows that everybody's posts are in each topic in the order in
// which they were written, but for those that were sent again by hand.
func (b *book) verifyOrder(t *testing.T) {
	t.Helper()
	last := make(map[said]*written)
	for _, w := range b.all {
		where := said{topic: w.topic, author: w.author}
		if w.seq == 0 || w.again {
			continue
		}
		if before := last[where]; before != nil && before.seq > w.seq {
			t.Errorf("%v is at %d, and at %d what the same one wrote before: %v", w, w.seq, before.seq, before)
		}
		last[where] = w
	}
}

// gone are the marks of the words that nobody may have any more.
func (b *book) gone(t *testing.T, logs map[string][]servertest.Frame) map[string]bool {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	redacted := make(map[string]map[int64]bool)
	for topic, log := range logs {
		redacted[topic] = redactedIn(t, log)
	}
	marks := make(map[string]bool)
	for _, w := range b.all {
		if redacted[w.topic][w.seq] || w.kind == room.Edit && redacted[w.topic][w.ref] {
			marks[markPattern.FindString(w.body)] = true
		}
	}
	return marks
}

// expectNoneOf shows that a text has none of these marks.
func expectNoneOf(t *testing.T, marks map[string]bool, where, text string) {
	t.Helper()
	var found []string
	for _, mark := range markPattern.FindAllString(text, -1) {
		if marks[mark] && !slices.Contains(found, mark) {
			found = append(found, mark)
		}
	}
	if len(found) > 0 {
		t.Errorf("%s still has redacted words: %s", where, strings.Join(found, ", "))
	}
}
