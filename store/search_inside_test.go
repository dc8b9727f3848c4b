package store

import (
	"database/sql"
	"slices"
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
	want := []string{
		"SCAN index_words VIRTUAL TABLE INDEX",
		"SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)",
		"SEARCH index_topics USING INTEGER PRIMARY KEY (rowid=?)",
		"CORRELATED SCALAR SUBQUERY",
		"SEARCH edit USING INDEX edits (topic=? AND ref=?)",
	}
	if len(steps) != len(want) || !strings.Contains(steps[0], "M") || !strings.Contains(steps[0], "><") {
		t.Fatalf("a search is\n%s", strings.Join(steps, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(steps[i], want[i]) {
			t.Errorf("step %d of a search is %s", i, steps[i])
		}
	}
	// What is asked for goes as JSON, and each of it is looked up.
	for _, query := range []string{indexedOfSQL, blocksSQL, beginningsSQL, readSQL} {
		for _, step := range plan(t, s, query) {
			if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "VIRTUAL TABLE") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\n%s", query, step)
			}
		}
	}
	for _, query := range []string{rowSQL, bodySQL, indexedSQL, originalSQL, indexedEditSQL, unindexedSQL, moveIndexedSQL, moveTimesSQL, moveSeparatorSQL, removeSeparatorSQL} {
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
// is one of a unit of a topic that is searched, and from where on.
func TestTheTopicsAreWhatTheIndexIsAskedFor(t *testing.T) {
	q := search{Search: room.Search{Author: "anna"}, patterns: []string{"geld", gap + "ag" + gap}}
	got := q.expression([]unit{{key: 7}, {key: 40, number: 36}}, []gram{{text: "eld", at: 1}, {text: "_ag", pattern: 1}})
	const want = `("7-0.eld" AND "7-0._ag" AND "7-0@anna") OR ("14-10.eld" AND "14-10._ag" AND "14-10@anna")`
	if got != want {
		t.Errorf("asked is\n%s, want\n%s", got, want)
	}
	if got := (&search{}).expression([]unit{{key: 7}}, []gram{{text: "eld", at: 1}, {text: "gel"}}); got != `("7-0.gel 7-0.eld")` {
		t.Errorf("of two that stand side by side asked is %s", got)
	}
	if got := (&search{}).expression([]unit{{key: 7}}, nil); got != `("7-0")` {
		t.Errorf("of all messages of a unit asked is %s", got)
	}

	// Those that are read from one moment on are asked for at once, from there.
	units := []unit{
		{key: 1, row: 0, before: -1}, {key: 2, row: 0, before: -1},
		{key: 3, row: 100, before: 90}, {key: 4, row: 120, before: 95}, {key: 5, row: 130, before: 100},
	}
	groups := groups(units)
	if len(groups) != 3 || groups[0].row != 0 || len(groups[0].units) != 2 || groups[1].row != 100 || len(groups[1].units) != 2 || groups[2].row != 130 {
		t.Errorf("the groups are %+v", groups)
	}
	for _, g := range groups {
		for _, u := range g.units {
			if g.row > u.row || g.row <= u.before {
				t.Errorf("from row %d on %+v has more, or less, than may be read", g.row, u)
			}
		}
	}
}

// TestUnitsAreThoseThatMayBeRead asks from where on a topic is looked into: of what
// is long before the first message that may be read, nothing is.
func TestUnitsAreThoseThatMayBeRead(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	const messages = 2*unitLength + 100
	batch := make([]room.Event, messages)
	for i := range batch {
		batch[i] = post(room.NewID(), "x")
	}
	if _, err := s.Commit(t.Context(), batch, s.Position()+messages); err != nil {
		t.Fatal(err)
	}
	if err := s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := s.Head("t").Seq
	for _, c := range []struct {
		from    int64
		numbers []int64 // of units, the newest first
		length  int64   // of the last of them
		inside  bool
	}{
		{1, []int64{2, 1, 0}, unitLength - 1, false},
		{2, []int64{2, 1, 0}, unitLength - 2, true},
		{unitLength - 1, []int64{2, 1, 0}, 1, true},
		{unitLength, []int64{2, 1}, unitLength, false},
		{unitLength + 1, []int64{2, 1}, unitLength - 1, true},
		{2 * unitLength, []int64{2}, last - 2*unitLength + 1, false},
		{last, []int64{2}, 1, true},
		{last + 1, nil, 0, false},
	} {
		err := s.inView(t.Context(), func(tx *sql.Tx) error {
			q := search{tx: tx, Search: room.Search{Topics: []room.SearchedTopic{{ID: "t", From: c.from}}}}
			units, err := q.units(t.Context(), s)
			if err != nil {
				return err
			}
			var numbers []int64
			for _, u := range units {
				numbers = append(numbers, u.number)
			}
			if !slices.Equal(numbers, c.numbers) {
				t.Errorf("from %d on units %v are looked into, want %v", c.from, numbers, c.numbers)
				return nil
			}
			if len(units) == 0 {
				return nil
			}
			u := units[len(units)-1]
			if u.length != c.length || u.row > 0 != c.inside || c.inside && u.before != u.row-1 {
				t.Errorf("from %d on the last unit is %+v", c.from, u)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheIndexIsNotAskedWhereSomebodyBeginsToRead empties it: who reads from a
// message on finds what follows all the same, and who reads all finds nothing.
func TestTheIndexIsNotAskedWhereSomebodyBeginsToRead(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	batch := []room.Event{post("earlier", "falcon"), post("there", "falcon"), post("after", "no bird"), post("newest", "a falcon")}
	if _, err := s.Commit(t.Context(), batch, s.Position()+1); err != nil {
		t.Fatal(err)
	}
	if err := s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := s.Head("t").Seq - 3
	find := func(from int64, author string) (seqs []int64) {
		t.Helper()
		found, err := s.Search(t.Context(), room.Search{Topics: []room.SearchedTopic{{ID: "t", From: from}}, Terms: []room.Term{{Text: "falcon"}}, Author: author, Limit: 9})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range found.Hits {
			seqs = append(seqs, h.Seq)
		}
		return seqs
	}
	if got := find(1, ""); !slices.Equal(got, []int64{first + 3, first + 1, first}) {
		t.Fatalf("with its index it finds %v", got)
	}
	if _, err := s.writer.conn.ExecContext(t.Context(), emptyIndexSQL[0]); err != nil {
		t.Fatal(err)
	}
	if got := find(1, ""); got != nil {
		t.Errorf("without its index it finds %v", got)
	}
	if got := find(first+1, "anna"); !slices.Equal(got, []int64{first + 3, first + 1}) {
		t.Errorf("from a message on it finds %v", got)
	}
	if got := find(first+1, "bert"); got != nil {
		t.Errorf("of somebody else it finds %v", got)
	}
}

// TestOnlySoMuchIsReadWithoutTheIndex, of the shortest units first.
func TestOnlySoMuchIsReadWithoutTheIndex(t *testing.T) {
	units := []unit{
		{key: 1, length: 5}, {key: 2, length: 2000, row: 9}, {key: 3, length: 3000, row: 9}, {key: 4, length: 96, row: 9}, {key: 5, length: 2000, row: 9}, {key: 6, length: 1, row: 9},
	}
	keys := func(units []unit) (keys []int64) {
		for _, u := range units {
			keys = append(keys, u.key)
		}
		return keys
	}
	read, others := apart(units)
	if !slices.Equal(keys(read), []int64{6, 4, 2}) || !slices.Equal(keys(others), []int64{1, 3, 5}) {
		t.Errorf("read are %v, and the index is asked for %v", keys(read), keys(others))
	}
}

// TestTheIndexIsAskedForTheRarest that share no letter, as they are in the greatest
// unit; and of a text of any length for no more.
func TestTheIndexIsAskedForTheRarest(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	var batch []room.Event
	for i := range 40 {
		words := "share"
		if i%4 == 0 {
			words += " market"
		}
		if i%10 == 0 {
			words += " zinc"
		}
		batch = append(batch, post(room.NewID(), words))
	}
	if _, err := s.Commit(t.Context(), batch, s.Position()+1); err != nil {
		t.Fatal(err)
	}
	if err := s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		patterns []string
		want     []string
	}{
		{[]string{"share", "market", "zinc"}, []string{"zin", "mar"}},
		{[]string{"marketshare"}, []string{"ets", "mar"}},
		{[]string{"zinc"}, []string{"zin", "inc"}},
		{[]string{"share"}, []string{"sha", "har"}},
		{[]string{"sha"}, []string{"sha"}},
		{[]string{"__ag__"}, []string{"_ag", "ag_"}},
		{[]string{"__a__"}, []string{"_a_"}},
		{[]string{"__a"}, []string{"__a"}},
		{nil, nil},
		{[]string{strings.Repeat("share", 50)}, nil},
	} {
		err := s.inView(t.Context(), func(tx *sql.Tx) error {
			q := search{tx: tx, Search: room.Search{Topics: []room.SearchedTopic{{ID: "t", From: 1}}}, patterns: c.patterns}
			units, err := q.units(t.Context(), s)
			if err != nil {
				return err
			}
			grams, err := q.rarest(t.Context(), units)
			var got []string
			for _, g := range grams {
				got = append(got, g.text)
			}
			if len(got) > maxGrams || c.want != nil && !slices.Equal(got, c.want) {
				t.Errorf("for %q the index is asked for %q, want %q", c.patterns, got, c.want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatHasTheGramsOfAWordAndNotTheWordIsNotFound: just as many messages as patience
// is for, and some more, have all grams of a word that stands before and after them.
func TestWhatHasTheGramsOfAWordAndNotTheWordIsNotFound(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	const lacking = "market share marke ets tsh har"
	batch := []room.Event{post("oldest", "marketshare"), post("lacking", lacking), post("older", "the marketshare of zinc")}
	for range patience {
		batch = append(batch, post(room.NewID(), lacking))
	}
	batch = append(batch, post("newest", "a marketshare"))
	if _, err := s.Commit(t.Context(), batch, s.Position()+1); err != nil {
		t.Fatal(err)
	}
	if err := s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int][]int64{1: {patience + 5}, 2: {patience + 5, 4}, 5: {patience + 5, 4, 2}} {
		found, err := s.Search(t.Context(), room.Search{Topics: []room.SearchedTopic{{ID: "t", From: 1}}, Terms: []room.Term{{Text: "marketshare"}}, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, h := range found.Hits {
			got = append(got, h.Seq)
		}
		if !slices.Equal(got, want) || found.More != (limit < 3) {
			t.Errorf("found are %v, more: %t; want %v", got, found.More, want)
		}
	}
}

// TestAQuestionToTheIndexIsBounded asks in very many units: every one is asked for,
// and no question has more tokens than it may.
func TestAQuestionToTheIndexIsBounded(t *testing.T) {
	q := search{Search: room.Search{Author: "anna"}}
	if n := strings.Count(q.expression(make([]unit, manyUnits), make([]gram, maxGrams)), `"`) / 2; n > 4096 {
		t.Errorf("a question has %d tokens", n)
	}
	if n := len(gramsOf([]string{strings.Repeat("ab", 60), gap + strings.Repeat("ß", 130)})); n != maxCounted {
		t.Errorf("%d grams are counted", n)
	}
}
