package store

import (
	"strings"
	"testing"

	"redroom/server/room"
)

// TestASearchAsksTheIndexForNothingElse looks at the plans: what bounds the rows is
// part of the question to the index, which gives them in the order in which they
// are wanted, and each message is looked up by its row.
func TestASearchAsksTheIndexForNothingElse(t *testing.T) {
	s := openInside(t)
	steps := plan(t, s, searchSQL)
	if len(steps) != 2 ||
		!strings.HasPrefix(steps[0], "SCAN index_words VIRTUAL TABLE INDEX") || !strings.Contains(steps[0], "M") || !strings.Contains(steps[0], "><") ||
		steps[1] != "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)" {
		t.Errorf("a search is\n%s", strings.Join(steps, "\n"))
	}
	for _, query := range []string{rowSQL, hitSQL, timesSQL, indexedSQL, originalSQL, indexedEditSQL, unindexedSQL, moveIndexedSQL, moveTimesSQL, moveSeparatorSQL, removeSeparatorSQL} {
		for _, step := range plan(t, s, query) {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\n%s", query, step)
			}
		}
	}
	// To find where to go on, one message of each topic is looked up.
	for _, step := range plan(t, s, indexedRowSQL) {
		if strings.HasPrefix(step, "SCAN") && step != "SCAN index_topics" {
			t.Errorf("%s\n%s", indexedRowSQL, step)
		}
	}
	for _, step := range plan(t, s, separatorsSQL) {
		if strings.Contains(step, "SCAN index_words_idx") {
			t.Errorf("%s\n%s", separatorsSQL, step)
		}
	}
}

// TestTheTopicsAreWhatTheIndexIsAskedFor shows that every token that is looked for
// is one of a topic that is searched, and from where on.
func TestTheTopicsAreWhatTheIndexIsAskedFor(t *testing.T) {
	q := search{Search: room.Search{Author: "anna"}, patterns: []string{"geld", gap + "ag" + gap}}
	got := q.expression([]int64{7, 40})
	const want = `(" 7.gel 7.eld" AND " 7.__a 7._ag 7.ag_ 7.g__" AND "7@anna") OR (" 14.gel 14.eld" AND " 14.__a 14._ag 14.ag_ 14.g__" AND "14@anna")`
	if got != want {
		t.Errorf("asked is\n%s, want\n%s", got, want)
	}
	if got := (&search{}).expression([]int64{7}); got != `("7")` {
		t.Errorf("of a topic's all messages asked is %s", got)
	}

	// Those that are read from one moment on are asked for at once, from there.
	q.topics = map[int64]searched{
		1: {row: 0, before: -1}, 2: {row: 0, before: -1},
		3: {row: 100, before: 90}, 4: {row: 120, before: 95}, 5: {row: 130, before: 100},
	}
	groups := q.groups()
	if len(groups) != 3 || groups[0].row != 0 || len(groups[0].keys) != 2 || groups[1].row != 100 || len(groups[1].keys) != 2 || groups[2].row != 130 {
		t.Errorf("the groups are %+v", groups)
	}
	for _, g := range groups {
		for _, key := range g.keys {
			if topic := q.topics[key]; g.row > topic.row || g.row <= topic.before {
				t.Errorf("from row %d on topic %d has more, or less, than may be read: %+v", g.row, key, topic)
			}
		}
	}
}

// TestAQuestionToTheIndexIsBounded asks for the longest query in very many topics:
// every one is asked for once, and no question has more tokens than it may.
func TestAQuestionToTheIndexIsBounded(t *testing.T) {
	q := search{Search: room.Search{Author: "anna"}, patterns: []string{strings.Repeat("ab", 60), gap + strings.Repeat("ß", 130)}, topics: make(map[int64]searched)}
	for key := range int64(2000) {
		q.topics[key] = searched{row: key % 2 * 10_000, before: key%2*10_000 - 1}
	}
	asked := make(map[int64]bool)
	for _, g := range q.groups() {
		if n := strings.Count(q.expression(g.keys), "."); n > maxTokens {
			t.Errorf("a question has %d tokens", n)
		}
		for _, key := range g.keys {
			if asked[key] || q.topics[key].row != g.row {
				t.Errorf("topic %d is asked for from row %d on, or twice", key, g.row)
			}
			asked[key] = true
		}
	}
	if len(asked) != len(q.topics) {
		t.Errorf("%d of %d topics are asked for", len(asked), len(q.topics))
	}
}
