package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// caughtUp is the store with all of its log in the index.
func caughtUp(t testing.TB, s *store.Store) *store.Store {
	t.Helper()
	if err := s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func search(t testing.TB, s *store.Store, q room.Search) room.Found {
	t.Helper()
	q.Limit = cmp.Or(q.Limit, 100)
	if q.Topics == nil {
		q.Topics = []room.SearchedTopic{{ID: topicOne, From: 1}, {ID: topicTwo, From: 1}, {ID: topicThree, From: 1}}
	}
	found, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// marked is a hit as "seq: text with [what was found]".
func marked(h room.Hit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d: ", h.Seq)
	for _, p := range h.Extract {
		if p.Hit {
			p.Text = "[" + p.Text + "]"
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

func all(found room.Found) (hits []string) {
	for _, h := range found.Hits {
		hits = append(hits, marked(h))
	}
	return hits
}

func TestWhatATermFinds(t *testing.T) {
	s := furnished(t, t.TempDir())
	for i, body := range []string{
		"Grüße aus Köln, AG und Co.",
		"Die Straße nach Gießen: AGB gelten.",
		"GESELLSCHAFTSVERTRAG\n\n  (Entwurf)",
		"e\u0301tude — Café, cafe\u0301; 50% von x@y.de",
		"ﬁnal offer for the due-diligence team",
		"Vertrags\u00adstrafe und Zusatz",
	} {
		applied(t, s, text("bert", topicOne, fmt.Sprint(i), body))
	}
	caughtUp(t, s)
	for _, c := range []struct {
		text string
		kind room.TermKind
		want []string
	}{
		{"grusse", room.TermPart, []string{"1: [Grüße] aus Köln, AG und Co."}},
		{"GRÜSSE", room.TermPart, []string{"1: [Grüße] aus Köln, AG und Co."}},
		{"koln", room.TermPart, []string{"1: Grüße aus [Köln], AG und Co."}},
		{"ag", room.TermPart, []string{"1: Grüße aus Köln, [AG] und Co."}},
		{"ag", room.TermStart, []string{"2: Die Straße nach Gießen: [AG]B gelten.", "1: Grüße aus Köln, [AG] und Co."}},
		{"ag", room.TermTyped, []string{"2: Die Straße nach Gießen: [AG]B gelten.", "1: Grüße aus Köln, [AG] und Co."}},
		{"g", room.TermStart, []string{"3: [G]ESELLSCHAFTSVERTRAG\n(Entwurf)", "2: Die Straße nach [G]ießen: AGB [g]elten.", "1: [G]rüße aus Köln, AG und Co."}},
		{"ss", room.TermPart, nil},
		{"vertrag", room.TermPart, []string{"6: [Vertrag]s\u00adstrafe und Zusatz", "3: GESELLSCHAFTS[VERTRAG]\n(Entwurf)"}},
		{"vertrag", room.TermTyped, []string{"6: [Vertrag]s\u00adstrafe und Zusatz", "3: GESELLSCHAFTS[VERTRAG]\n(Entwurf)"}},
		{"vertrag", room.TermStart, []string{"6: [Vertrag]s\u00adstrafe und Zusatz"}},
		{"vertragsstrafe", room.TermPhrase, []string{"6: [Vertrags\u00adstrafe] und Zusatz"}},
		{"vertrag entwurf", room.TermPhrase, nil},
		{"gesellschaftsvertrag entwurf", room.TermPhrase, []string{"3: [GESELLSCHAFTSVERTRAG\n(Entwurf])"}},
		{"cafe", room.TermPart, []string{"4: e\u0301tude — [Café], [cafe\u0301]; 50% von x@y.de"}},
		{"Étude", room.TermPhrase, []string{"4: [e\u0301tude] — Café, cafe\u0301; 50% von x@y.de"}},
		{"50%", room.TermPart, []string{"4: e\u0301tude — Café, cafe\u0301; [50]% von x@y.de"}},
		{"x@y.de", room.TermPart, []string{"4: e\u0301tude — Café, cafe\u0301; 50% von [x@y.de]"}},
		{"final", room.TermPart, []string{"5: [ﬁnal] offer for the due-diligence team"}},
		{"inal", room.TermPart, []string{"5: [ﬁnal] offer for the due-diligence team"}},
		{"due diligence", room.TermPhrase, []string{"5: ﬁnal offer for the [due-diligence] team"}},
		{"e dil", room.TermPart, []string{"5: ﬁnal offer for the du[e-dil]igence team"}},
		{"due dili", room.TermStart, []string{"5: ﬁnal offer for the [due-dili]gence team"}},
		{"due dili", room.TermPhrase, nil},
		{"straße", room.TermPart, []string{"2: Die [Straße] nach Gießen: AGB gelten."}},
		{"strasse", room.TermPhrase, []string{"2: Die [Straße] nach Gießen: AGB gelten."}},
		{"nothing", room.TermPart, nil},
	} {
		if got := all(search(t, s, room.Search{Terms: []room.Term{{Text: c.text, Kind: c.kind}}})); !slices.Equal(got, c.want) {
			t.Errorf("%q as %d finds\n%q, want\n%q", c.text, c.kind, got, c.want)
		}
	}
}

// An extract keeps the lines of what it is cut from, so that one can tell what
// each begins with; one that begins at a line's beginning says so.
func TestAnExtractKeepsItsLines(t *testing.T) {
	s := furnished(t, t.TempDir())
	before := strings.Repeat("lang und länger ", 10)
	for i, body := range []string{
		before + " \r\n\n\t> Stichtag  ist \n  morgen",
		before + "> Stichtag",
	} {
		applied(t, s, text("bert", topicOne, fmt.Sprint(i), body))
	}
	caughtUp(t, s)
	want := []string{"2: …lang und länger lang und länger > [Stichtag]", "1: …lang und länger lang und länger\n> [Stichtag] ist\nmorgen"}
	if got := all(search(t, s, room.Search{Terms: []room.Term{{Text: "stichtag"}}})); !slices.Equal(got, want) {
		t.Errorf("found are\n%q, want\n%q", got, want)
	}
}

// TestOnlyTheWordsThatAreShownAreRead searches topics of which each is read from
// another moment on, and so by itself, for all that is in them.
func TestOnlyTheWordsThatAreShownAreRead(t *testing.T) {
	s := furnished(t, t.TempDir())
	const topics = 40
	long := strings.Repeat("ä", room.MaxText/2)
	var in []room.SearchedTopic
	for i := range topics {
		id := fmt.Sprint("long-", i)
		applied(t, s, room.TopicCreated{Stamp: by("anna"), ID: id, Deal: dealOne, Title: id, Number: 10 + i})
		for n := range 4 {
			applied(t, s, text("bert", id, fmt.Sprint(n), long))
		}
		in = append(in, room.SearchedTopic{ID: id, From: 2})
	}
	caughtUp(t, s)
	q := room.Search{Topics: in, Limit: 2}
	search(t, s, q)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	found := search(t, s, q)
	runtime.ReadMemStats(&after)
	if len(found.Hits) != 2 || found.Hits[0].Topic != in[topics-1].ID || found.Hits[0].Seq != 4 || found.Hits[1].Seq != 3 || !found.More {
		t.Errorf("found are %q, more: %t", all(found), found.More)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 40*room.MaxText {
		t.Errorf("two hits took %d KiB", took>>10)
	}
}

// TestWhatIsFoundIsWhatANaiveSearchFinds makes random messages, edits, redactions
// and rights, brings a random part of them into the index, and compares each
// answer, page by page, with one that was computed from the log alone.
func TestWhatIsFoundIsWhatANaiveSearchFinds(t *testing.T) {
	seed := seed(t)
	chance := rand.New(rand.NewPCG(seed, 7))
	dir := t.TempDir()
	s := furnished(t, dir)
	topics := []string{topicOne, topicTwo, "extra1", "extra2"}
	for i, id := range topics[2:] {
		applied(t, s, room.TopicCreated{Stamp: by("anna"), ID: id, Deal: dealOne, Title: id, Number: 5 + i})
	}
	n := naive{chance: chance, logs: make(map[string][]said), indexed: make(map[string]int64)}
	for round := range 40 {
		for range 1 + chance.IntN(40) {
			ev := n.event(topics)
			for _, o := range commit(t, s, ev) {
				if o.Err == nil && o.Message != nil {
					n.add(ev)
				}
			}
		}
		if chance.IntN(3) > 0 {
			caughtUp(t, s)
			n.caughtUp()
		}
		if chance.IntN(8) == 0 {
			integrity(t, dir)
		}
		for range 12 {
			q := n.query(topics)
			want := n.search(q)
			var got []string
			for {
				found := search(t, s, q)
				for _, h := range found.Hits {
					got = append(got, fmt.Sprint(h.Topic, " ", h.Seq, " ", h.Author, " ", h.At))
				}
				if len(found.Hits) > q.Limit {
					t.Fatalf("%d hits, asked for %d", len(found.Hits), q.Limit)
				}
				if !found.More {
					break
				}
				q.Older = &found.Hits[len(found.Hits)-1].Place
			}
			if !slices.Equal(got, want) {
				t.Fatalf("round %d: %+v finds\n%q, want\n%q", round, q, got, want)
			}
		}
	}
}

// integrity has SQLite look whether the index is whole.
func integrity(t *testing.T, dir string) {
	t.Helper()
	if _, err := database(t, dir).ExecContext(t.Context(), `INSERT INTO index_words (index_words) VALUES ('integrity-check')`); err != nil {
		t.Fatal(err)
	}
}

// said is a message as the naive search knows it.
type said struct {
	order    int // in the room
	author   string
	at       int64
	kind     room.Kind
	ref      int64
	body     string
	redacted bool
}

type naive struct {
	chance  *rand.Rand
	count   int
	logs    map[string][]said
	indexed map[string]int64
}

var naiveWords = []string{"Ähre", "ahre", "Zähre", "AG", "ag", "agb", "Straße", "strassen", "x", "xy", "Haus", "Haustür", "Türhaus", "tür"}

func (n *naive) words(count int) string {
	var all []string
	for range 1 + n.chance.IntN(count) {
		all = append(all, naiveWords[n.chance.IntN(len(naiveWords))])
	}
	return strings.Join(all, []string{" ", ", ", "\n", " — "}[n.chance.IntN(4)])
}

func (n *naive) event(topics []string) room.MessagePosted {
	n.count++
	topic := topics[n.chance.IntN(len(topics))]
	ev := text([]string{"bert", "carla", "anna"}[n.chance.IntN(3)], topic, fmt.Sprint(n.count), n.words(5))
	ev.At = start + n.chance.Int64N(1000) + int64(n.count) // goes back now and then
	if size := len(n.logs[topic]); size > 0 && n.chance.IntN(3) == 0 {
		ev.Kind, ev.Ref = room.Edit, 1+n.chance.Int64N(int64(size))
		if n.chance.IntN(3) == 0 {
			ev.Kind = room.Redact
		}
		if m := n.logs[topic][ev.Ref-1]; m.kind == room.Text && n.chance.IntN(4) > 0 {
			ev.By = m.author
		}
	}
	return ev
}

func (n *naive) add(ev room.MessagePosted) {
	log := append(n.logs[ev.Topic], said{order: n.count, author: ev.By, at: ev.At, kind: ev.Kind, ref: ev.Ref, body: string(ev.Body)})
	if ev.Kind == room.Redact {
		original := ev.Ref
		if log[original-1].kind == room.Edit {
			original = log[original-1].ref
		}
		for i := range log {
			if int64(i+1) == original || log[i].kind == room.Edit && log[i].ref == original {
				log[i].redacted = true
			}
		}
	}
	n.logs[ev.Topic] = log
}

func (n *naive) caughtUp() {
	for topic, log := range n.logs {
		n.indexed[topic] = int64(len(log))
	}
}

func (n *naive) query(topics []string) room.Search {
	q := room.Search{Limit: 1 + n.chance.IntN(20)}
	for _, topic := range topics {
		if n.chance.IntN(3) > 0 {
			from := int64(1)
			if n.chance.IntN(2) == 0 {
				from += n.chance.Int64N(int64(len(n.logs[topic]) + 3))
			}
			q.Topics = append(q.Topics, room.SearchedTopic{ID: topic, From: from})
		}
	}
	if q.Topics == nil {
		q.Topics = []room.SearchedTopic{}
	}
	for range n.chance.IntN(3) {
		word := []rune(naiveWords[n.chance.IntN(len(naiveWords))])
		from := n.chance.IntN(len(word))
		part := string(word[from : from+1+n.chance.IntN(len(word)-from)])
		kind := room.TermKind(n.chance.IntN(4))
		if kind == room.TermPhrase {
			part = string(word)
			if n.chance.IntN(2) == 0 {
				part += " " + naiveWords[n.chance.IntN(len(naiveWords))]
			}
		}
		q.Terms = append(q.Terms, room.Term{Text: part, Kind: kind})
	}
	if n.chance.IntN(4) == 0 {
		q.Author = []string{"bert", "anna", "otto", "be"}[n.chance.IntN(4)]
	}
	if n.chance.IntN(4) == 0 {
		q.Since = start + n.chance.Int64N(int64(1000+n.count))
	}
	if n.chance.IntN(4) == 0 {
		q.Before = start + n.chance.Int64N(int64(1000+n.count))
	}
	return q
}

// search goes through the whole log.
func (n *naive) search(q room.Search) []string {
	type one struct {
		order int
		as    string
	}
	var found []one
	for _, t := range q.Topics {
		for i, m := range n.logs[t.ID] {
			seq := int64(i + 1)
			if m.kind != room.Text || m.redacted || seq < t.From || seq > n.indexed[t.ID] ||
				q.Author != "" && m.author != q.Author || q.Since != 0 && m.at < q.Since || q.Before != 0 && m.at >= q.Before {
				continue
			}
			body := m.body
			for j, e := range n.logs[t.ID][:n.indexed[t.ID]] {
				if e.kind == room.Edit && e.ref == seq && j > i {
					body = e.body
				}
			}
			if !slices.ContainsFunc(q.Terms, func(term room.Term) bool { return !occurs(body, term) }) {
				found = append(found, one{m.order, fmt.Sprint(t.ID, " ", seq, " ", m.author, " ", m.at)})
			}
		}
	}
	slices.SortFunc(found, func(a, b one) int { return b.order - a.order })
	var as []string
	for _, f := range found {
		as = append(as, f.as)
	}
	return as
}

var plain = strings.NewReplacer("Ä", "a", "ä", "a", "ü", "u", "ß", "ss", "—", " ", ",", " ")

func plainWords(s string) []string { return strings.Fields(strings.ToLower(plain.Replace(s))) }

// occurs tells it by words and nothing else.
func occurs(body string, term room.Term) bool {
	words, wanted := plainWords(body), plainWords(term.Text)
	if term.Kind == room.TermPhrase {
		for i := range words {
			if len(words[i:]) >= len(wanted) && slices.Equal(words[i:i+len(wanted)], wanted) {
				return true
			}
		}
		return false
	}
	short := len(wanted[0]) < 3
	return slices.ContainsFunc(words, func(w string) bool {
		switch {
		case term.Kind == room.TermStart, term.Kind == room.TermTyped && short:
			return strings.HasPrefix(w, wanted[0])
		case short:
			return w == wanted[0]
		}
		return strings.Contains(w, wanted[0])
	})
}
