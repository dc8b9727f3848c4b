package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// ledger is what was posted in a room's topics by many at once, and what was
// acknowledged. Each body but a reason's has a mark that no other has, many
// times over, so that any part of it can be found again.
type ledger struct {
	mu      sync.Mutex
	sent    map[said]client.Post
	acked   map[said]int64            // seq
	refused map[said]bool             // with 410: edits of what had been redacted
	bySeq   map[string]map[int64]said // those acknowledged, by topic

	more  chan struct{} // closed with the answer that somebody waits for
	count int           // answers that are still waited for
}

// said is who posted where, under which client id.
type said struct{ topic, author, id string }

func newLedger(topics ...string) *ledger {
	l := &ledger{sent: make(map[said]client.Post), acked: make(map[said]int64), refused: make(map[said]bool), bySeq: make(map[string]map[int64]said)}
	for _, topic := range topics {
		l.bySeq[topic] = make(map[int64]said)
	}
	return l
}

var markPattern = regexp.MustCompile(`w0rd[0-9a-f]{32}`)

// marked is a text with a mark of its own, at times one of many pages.
func marked(chance *rand.Rand) string {
	mark := fmt.Sprintf("w0rd%016x%016x", chance.Uint64(), chance.Uint64())
	times := 1 + chance.IntN(4)
	if chance.IntN(20) == 0 {
		times = chance.IntN(500)
	}
	return mark + strings.Repeat(" Grüße "+mark, times)
}

// postUntilItFails posts in a topic whatever can be posted: texts and reports
// mostly, edits of the author's own, and redactions.
func (l *ledger) postUntilItFails(ctx context.Context, t *testing.T, topic *client.Channel, author, prefix string, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 0))
	for i := 0; ; i++ {
		s := said{topic.ID, author, fmt.Sprintf("%s-%d", prefix, i)}
		if !l.post(ctx, t, topic, s, l.next(chance, s)) {
			return
		}
	}
}

// post is false when the server is gone, or can't tell what became of it.
func (l *ledger) post(ctx context.Context, t *testing.T, topic *client.Channel, s said, p client.Post) bool {
	l.mu.Lock()
	l.sent[s] = p
	l.mu.Unlock()
	seq, err := topic.Send(ctx, p)
	var refusal *room.Error
	switch {
	case errors.As(err, &refusal) && refusal.Code == 410 && p.Kind == room.Edit:
		l.refuse(s)
	case errors.As(err, &refusal) && refusal.Code != 503:
		t.Errorf("%v, %s of %d: %d %v", s, p.Kind, p.Ref, refusal.Code, refusal)
		return false
	case err != nil:
		return false
	default:
		l.ack(t, s, seq)
	}
	return true
}

// next is what is posted as s.
func (l *ledger) next(chance *rand.Rand, s said) client.Post {
	p := client.Post{ID: s.id, Kind: room.Text, Body: marked(chance)}
	l.mu.Lock()
	defer l.mu.Unlock()
	for seq, before := range l.bySeq[s.topic] { // any
		kind := l.sent[before].Kind
		switch n := chance.IntN(100); {
		case n < 15 && before.author == s.author && (kind == room.Text || kind == room.Report):
			p.Kind, p.Ref = room.Edit, seq
			if kind == room.Report {
				p.Body = `"` + p.Body + `"`
			}
		case n < 30 && (before.author == s.author || s.author == "anna") && kind != room.Redact:
			p.Kind, p.Ref, p.Body = room.Redact, seq, "Ein Versehen."
		case n < 40:
			p.Kind, p.Body = room.Report, `"`+p.Body+`"`
		case n < 45:
			p.Ref = seq
		}
		break
	}
	return p
}

func (l *ledger) ack(t *testing.T, s said, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, ok := l.bySeq[s.topic][seq]; ok && before != s {
		t.Errorf("%v and %v were both acknowledged as %d", before, s, seq)
	}
	l.acked[s] = seq
	l.bySeq[s.topic][seq] = s
	l.answered()
}

func (l *ledger) refuse(s said) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[s] = true
	l.answered()
}

func (l *ledger) answered() {
	if l.count--; l.count == 0 {
		close(l.more)
	}
}

// waitForAnswers returns when n more posts were answered.
func (l *ledger) waitForAnswers(t *testing.T, n int) {
	t.Helper()
	more := make(chan struct{})
	l.mu.Lock()
	l.count, l.more = n, more
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	select {
	case <-more:
	case <-ctx.Done():
		t.Fatalf("%d posts were not acknowledged in time", n)
	}
}

func (l *ledger) unanswered() []said {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []said
	for s := range l.sent {
		if _, ok := l.acked[s]; !ok && !l.refused[s] {
			all = append(all, s)
		}
	}
	return all
}

// resend posts again what was not answered.
func (l *ledger) resend(t *testing.T, r *servertest.Room, as ...*servertest.API) {
	t.Helper()
	again := l.unanswered()
	clients := make(map[string]*client.Session)
	for _, a := range as {
		clients[a.Name] = r.Connect(t, a)
		defer clients[a.Name].Close()
	}
	channels := make(map[said]*client.Channel) // with no id
	for _, s := range again {
		where := said{s.topic, s.author, ""}
		if channels[where] == nil {
			channels[where] = join(t, clients[s.author], s.topic, -1, nil)
		}
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		if !l.post(ctx, t, channels[where], s, l.sent[s]) {
			t.Fatalf("%v can't be sent again", s)
		}
		cancel()
	}
}

// redacted are the originals in a topic that acknowledged redactions speak of.
func (l *ledger) redacted(topic string) map[int64]said {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[int64]said)
	for s := range l.acked {
		if p := l.sent[s]; s.topic == topic && p.Kind == room.Redact {
			original := p.Ref
			if meant := l.sent[l.bySeq[topic][p.Ref]]; meant.Kind == room.Edit {
				original = meant.Ref
			}
			all[original] = l.bySeq[topic][original]
		}
	}
	return all
}

// gone are the marks that must be nowhere: those of redacted messages and of
// all their edits.
func (l *ledger) gone() map[string]bool {
	marks := make(map[string]bool)
	for topic := range l.bySeq {
		redacted := l.redacted(topic)
		l.mu.Lock()
		for _, s := range redacted {
			marks[markPattern.FindString(l.sent[s].Body)] = true
		}
		for s, p := range l.sent {
			if _, ok := redacted[p.Ref]; ok && s.topic == topic && p.Kind == room.Edit {
				marks[markPattern.FindString(p.Body)] = true
			}
		}
		l.mu.Unlock()
	}
	return marks
}

// expectGone looks for redacted words in every file of the data directory, and
// for others, which must be there.
func (l *ledger) expectGone(t *testing.T, when, data string) {
	t.Helper()
	gone, kept := l.gone(), 0
	for name, content := range contents(t, data) {
		found := make(map[string]bool)
		for _, mark := range markPattern.FindAll(content, -1) {
			if gone[string(mark)] {
				found[string(mark)] = true
			} else {
				kept++
			}
		}
		if len(found) > 0 {
			t.Errorf("%s: %s has words of %d redacted messages, out of %d: %.100q", when, name, len(found), len(gone), slicesOf(found))
		}
	}
	if kept == 0 {
		t.Errorf("%s: no words were found at all", when)
	}
}

func slicesOf(set map[string]bool) (all []string) {
	for s := range maps.Keys(set) {
		all = append(all, s)
	}
	return all
}

// contents are the regular files below dir, with all that is in them.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		all[path] = content
		return err
	})
	if err != nil {
		t.Fatalf("reading the data directory: %v", err)
	}
	return all
}

// filesWith are the files in dir that have the words in them.
func filesWith(t *testing.T, dir string, words ...string) (names []string) {
	t.Helper()
	for name, content := range contents(t, dir) {
		for _, w := range words {
			if bytes.Contains(content, []byte(w)) {
				names = append(names, filepath.Base(name))
				break
			}
		}
	}
	return names
}

// verify compares topics' logs with what was answered, which is all.
func (l *ledger) verify(t *testing.T, logs map[string][]servertest.Frame) {
	t.Helper()
	messages := 0
	for _, log := range logs {
		messages += len(log)
	}
	// Each seq is one message, and each post has a seq: no post is there twice
	// if there are no more messages than posts.
	if want := len(l.sent) - len(l.refused); messages != want {
		t.Errorf("the logs have %d messages for %d posts", messages, want)
	}
	l.verifyAnswered(t, logs)
}

// verifyAnswered compares topics' logs with what was answered so far.
func (l *ledger) verifyAnswered(t *testing.T, logs map[string][]servertest.Frame) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for topic, log := range logs {
		gone := redactedIn(t, log)
		for s, seq := range l.acked {
			if s.topic == topic {
				l.verifyOne(t, s, seq, log, gone)
			}
		}
		for s := range l.refused {
			if p := l.sent[s]; s.topic == topic && !gone[p.Ref] {
				t.Errorf("%v was refused with 410, but %d was not redacted", s, p.Ref)
			}
		}
	}
}

func (l *ledger) verifyOne(t *testing.T, s said, seq int64, log []servertest.Frame, gone map[int64]bool) {
	t.Helper()
	p := l.sent[s]
	if seq < 1 || seq > int64(len(log)) {
		t.Errorf("%v was acknowledged as %d; the log ends at %d", s, seq, len(log))
		return
	}
	ref := "-"
	if p.Ref != 0 {
		ref = fmt.Sprint(p.Ref)
	}
	m := log[seq-1]
	want, payload := fmt.Sprintf("MESSAGE %d %s * %s %s *", seq, s.author, p.Kind, ref), p.Body
	if gone[seq] {
		want, payload = fmt.Sprintf("MESSAGE %d %s * %s %s - redacted=%d digest=*", seq, s.author, p.Kind, ref, len(p.Body)), ""
		want = strings.Replace(want, "digest=*", m.Fields()[len(m.Fields())-1], 1)
	}
	if m.Is(want) != nil || m.Payload != payload {
		t.Errorf("%v was acknowledged as %d; there is %.120q, want %.120q", s, seq, m, want)
	}
}

// redactedIn are the seqs whose words a log's redactions have removed, none of
// which may have been edited later.
func redactedIn(t *testing.T, log []servertest.Frame) map[int64]bool {
	t.Helper()
	gone, edits := make(map[int64]bool), make(map[int64][]int64)
	original := func(seq int64) int64 {
		if f := log[seq-1].Fields(); f[3] == string(room.Edit) {
			return parseSeq(t, f[4])
		}
		return seq
	}
	for i, m := range log {
		f := m.Fields()
		switch room.Kind(f[3]) {
		case room.Edit:
			ref := parseSeq(t, f[4])
			if gone[ref] {
				t.Errorf("%d is an edit of %d, which had been redacted", i+1, ref)
			}
			edits[ref] = append(edits[ref], int64(i)+1)
		case room.Redact:
			ref := original(parseSeq(t, f[4]))
			gone[ref] = true
			for _, edit := range edits[ref] {
				gone[edit] = true
			}
		}
	}
	return gone
}

func parseSeq(t *testing.T, field string) (seq int64) {
	t.Helper()
	if _, err := fmt.Sscan(field, &seq); err != nil {
		t.Fatalf("%q is no seq: %v", field, err)
	}
	return seq
}
