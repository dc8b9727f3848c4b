package httpd_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"redroom/server/httpd"
	"redroom/server/room"
	"redroom/store"
)

type hits struct {
	Hits []struct {
		Topic, Deal, Author string
		Kind                room.Kind
		Seq, Time           int64
		Extract             []room.Piece
	}
	Cursor string
	Behind int64
}

// finds is what somebody finds, as "topic seq, topic seq", and what is marked.
func (h hits) String() string {
	var all []string
	for _, hit := range h.Hits {
		at := fmt.Sprint(hit.Topic, " ", hit.Seq)
		for _, p := range hit.Extract {
			if p.Hit {
				at += " " + p.Text
			}
		}
		all = append(all, at)
	}
	return strings.Join(all, ", ")
}

func searchPath(q string, more ...string) string {
	return "/api/search?q=" + url.QueryEscape(q) + strings.Join(append([]string{""}, more...), "&")
}

func (w *world) caughtUp() {
	w.t.Helper()
	if err := w.store.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) finds(who, q string, more ...string) (h hits) {
	w.t.Helper()
	w.ask("GET", searchPath(q, more...), w.cookieOf(who), "").want(200).into(&h)
	return h
}

func (w *world) speak(kind room.Kind, topic, author string, ref int64, text string) {
	w.t.Helper()
	w.append(room.MessagePosted{Stamp: room.Stamp{At: w.clock().UnixMilli(), By: author},
		Topic: topic, ID: room.NewID(), Kind: kind, Ref: ref, Salt: room.NewSalt(), Body: []byte(text)})
}

func TestSearch(t *testing.T) {
	w := newWalls(t)
	at := w.clock().UnixMilli()
	w.post(w.alphaTopic, "bert", "Das Angebot an die Köln AG")
	w.post(w.alphaTopic, "dora", "Ein besseres Angebot?")
	w.pass(48 * time.Hour)
	w.post(w.clean, "bert", "Angebote")
	w.speak(room.Report, w.alphaTopic, "dora", 0, `{"angebot":17}`)
	var behind hits
	w.ask("GET", searchPath("angebot"), w.cookieOf("bert"), "").want(200).into(&behind)
	if behind.Behind != 4 || len(behind.Hits) != 0 {
		t.Errorf("before the index has anything: %+v", behind)
	}
	if behind := w.finds("bert", "in:"+w.clean+" angebot").Behind; behind != 1 {
		t.Errorf("of one topic %d are behind", behind)
	}
	w.moved(w.alphaTopic, "emil", 3)
	if behind := w.finds("emil", "angebot").Behind; behind != 1 {
		t.Errorf("of what emil may read %d are behind", behind)
	}
	w.caughtUp()
	w.ask("GET", searchPath("köln"), w.cookieOf("bert"), "").want(200).
		is(fmt.Sprintf(`{"hits":[{"topic":"%s","deal":"%s","seq":1,"author":"bert","time":%d,"kind":"text",`+
			`"extract":[{"text":"Das Angebot an die ","hit":false},{"text":"Köln","hit":true},{"text":" AG","hit":false}]}],"behind":0}`, w.alphaTopic, w.alpha, at))
	a, c := w.alphaTopic, w.clean
	for _, q := range []struct{ who, q, want string }{
		{"bert", "ANGEBOT", a + " 3 angebot, " + c + " 1 Angebot, " + a + " 2 Angebot, " + a + " 1 Angebot"},
		{"dora", "angebot", a + " 3 angebot, " + a + " 2 Angebot, " + a + " 1 Angebot"},
		{"dora", "angebot from:me", a + " 3 angebot, " + a + " 2 Angebot"},
		{"dora", "from:bert", a + " 1"},
		{"bert", "ang ko", a + " 1 Ang Kö"},
		{"bert", `"die koln ag"`, a + " 1 die Köln AG"},
		{"bert", "angebot before:2026-01-02", a + " 2 Angebot, " + a + " 1 Angebot"},
		{"bert", "angebot after:2026-01-03", a + " 3 angebot, " + c + " 1 Angebot"},
		{"bert", "angebot after:2026-01-04", ""},
		{"bert", `angebot in:"clean team"`, c + " 1 Angebot"},
		{"bert", "angebot in:" + c, c + " 1 Angebot"},
		{"bert", "angebot in:" + c + " in:price", a + " 3 angebot, " + c + " 1 Angebot, " + a + " 2 Angebot, " + a + " 1 Angebot"},
		{"anna", "angebot", a + " 3 angebot, " + c + " 1 Angebot, " + a + " 2 Angebot, " + a + " 1 Angebot"},
		{"carl", "angebot", ""},
	} {
		if got := w.finds(q.who, q.q).String(); got != q.want {
			t.Errorf("%s finds by %q\n%s, want\n%s", q.who, q.q, got, q.want)
		}
	}
	for _, q := range []struct{ more, want string }{
		{"topic=" + c, c + " 1 Angebot"},
		{"deal=" + w.alpha + "&author=dora", a + " 3 angebot, " + a + " 2 Angebot"},
		{"before=2026-01-02&limit=1", a + " 2 Angebot"},
	} {
		if got := w.finds("bert", "angebot", q.more).String(); got != q.want {
			t.Errorf("with %s bert finds %s, want %s", q.more, got, q.want)
		}
	}
	// A page after the other.
	var got []string
	for cursor := ""; ; {
		page := w.finds("bert", "angebot", "limit=1", cursor)
		if len(page.Hits) != 1 || len(got) > 4 {
			t.Fatalf("a page is %+v", page)
		}
		got = append(got, page.String())
		if cursor = "cursor=" + page.Cursor; page.Cursor == "" {
			break
		}
	}
	if all := w.finds("bert", "angebot").String(); strings.Join(got, ", ") != all {
		t.Errorf("the pages have %q, all is %s", got, all)
	}
}

func TestSearchFollowsEditsAndRedactions(t *testing.T) {
	w := newWorld(t)
	w.post(w.alphaTopic, "bert", "the first words")
	w.caughtUp()
	w.speak(room.Edit, w.alphaTopic, "bert", 1, "the newest words")
	w.caughtUp()
	for q, want := range map[string]string{"first": "", "newest": w.alphaTopic + " 1 newest"} {
		if got := w.finds("bert", q).String(); got != want {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
	w.speak(room.Redact, w.alphaTopic, "bert", 1, "a slip of the newest pen")
	if got := w.finds("bert", "newest").String(); got != "" {
		t.Errorf("right after it was redacted: %s", got)
	}
	w.caughtUp()
	if got := w.finds("bert", "newest"); got.String() != "" || got.Behind != 0 {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestSearchesThatCanNotBe(t *testing.T) {
	w := newWalls(t)
	w.post(w.alphaTopic, "bert", "a word")
	w.caughtUp()
	for path, want := range map[string]int{
		"/api/search":                                           422,
		searchPath("! ?"):                                       422,
		searchPath("€", "topic="+w.alphaTopic):                  422,
		searchPath("from:"):                                     422,
		searchPath("x before:soon"):                             422,
		searchPath(strings.Repeat("x", 257)):                    422,
		searchPath("x", "limit=0"):                              400,
		searchPath("x", "limit=101"):                            400,
		searchPath("x", "cursor=x"):                             422,
		searchPath("x", "cursor="+w.alphaTopic+".x"):            422,
		searchPath("x", "cursor="+w.betaTopic+".1"):             422,
		searchPath("x", "cursor="+w.alphaTopic+".999"):          200,
		searchPath("x", "topic="+room.NewID()):                  404,
		searchPath("x", "deal="+room.NewID()):                   404,
		searchPath("x in:Nothing"):                              422,
		searchPath("", "topic="+w.alphaTopic):                   200,
		searchPath("x", "topic="+w.alphaTopic, "deal="+w.alpha): 200,
	} {
		w.ask("GET", path, w.cookieOf("bert"), "").want(want)
	}
}

// TestSearchTellsNothingOfWhatIsBehindAWall compares whole answers: of topics that
// may not be read and of such that don't exist, and of a room in which there is
// more behind the wall with one in which there isn't.
func TestSearchTellsNothingOfWhatIsBehindAWall(t *testing.T) {
	w := newWalls(t)
	deeds := func(word string) {
		w.post(w.clean, "bert", "kept for "+word)
		w.post(w.between, "dora", "kept for "+word)
		w.post(w.betaTopic, "carl", "kept for "+word)
		w.speak(room.Edit, w.clean, "bert", 1, "kept for "+word)
	}
	w.post(w.alphaTopic, "bert", "the old secret of bert")
	w.post(w.alphaTopic, "dora", "the new word for all")
	w.speak(room.Edit, w.alphaTopic, "bert", 1, "the mended secret of bert")
	deeds("nobody")
	w.append(room.UserAdded{Name: "gone", Display: "Gone", Role: room.Member})
	w.append(room.MemberAdded{Deal: w.alpha, User: "gone"})
	w.append(room.MemberRemoved{Deal: w.alpha, User: "gone"})
	w.moved(w.alphaTopic, "dora", 2)
	w.caughtUp()

	outsiders := []struct {
		who           string
		hidden, other names
	}{
		{"carl", names{w.alpha, w.alphaTopic, "bert"}, names{room.NewID(), room.NewID(), "nobo"}},
		{"carl", names{w.alpha, w.alphaTopic, "bert"}, names{"x", "x", "x"}},
		{"gone", names{w.alpha, w.alphaTopic, "bert"}, names{room.NewID(), room.NewID(), "nobo"}},
		{"dora", names{w.alpha, w.clean, "bert"}, names{w.alpha, room.NewID(), "bert"}},
		{"bert", names{w.alpha, w.between, "dora"}, names{w.alpha, room.NewID(), "dora"}},
		{"anna", names{w.alpha, w.between, "dora"}, names{w.alpha, room.NewID(), "dora"}},
	}
	for _, o := range outsiders {
		cookie := w.cookieOf(o.who)
		for _, path := range []string{
			searchPath("word", "topic={topic}"), searchPath("word", "deal={deal}"), searchPath("word in:{topic}"), searchPath("in:{topic}"),
			searchPath("word from:{name}", "topic={topic}"), searchPath("word", "cursor={topic}.1"), searchPath("word", "cursor={topic}.999"),
			searchPath("", "topic={topic}"), searchPath("", "deal={deal}", "topic={topic}"), searchPath("secret", "topic={topic}", "limit=1"),
		} {
			fill := func(n names) string {
				return strings.NewReplacer("{deal}", n.deal, "{topic}", n.topic, "{name}", n.name, "%7Btopic%7D", n.topic, "%7Bname%7D", n.name).Replace(path)
			}
			if fill(o.hidden) == fill(o.other) {
				continue
			}
			if a, b := w.ask("GET", fill(o.hidden), cookie, ""), w.ask("GET", fill(o.other), cookie, ""); a.Code < 400 || !same(a, b) {
				t.Errorf("%s is answered to %s\n%s\n%s", path, o.who, dump(a), dump(b))
			}
		}
	}
	for _, o := range []struct{ who, hidden string }{{"carl", "bert"}, {"gone", "bert"}} { // with whom they share no deal
		if a, b := w.ask("GET", searchPath("from:"+o.hidden), w.cookieOf(o.who), ""), w.ask("GET", searchPath("from:nobo"), w.cookieOf(o.who), ""); !same(a, b) {
			t.Errorf("of an author whom %s may not know\n%s\n%s", o.who, dump(a), dump(b))
		}
	}
	// What dora may not read of a topic that she reads: message 1, and its edit,
	// which is message 3.
	for _, q := range []string{"secret", "old", "mended", "from:bert", "bert"} {
		if a, b := w.ask("GET", searchPath(q, "topic="+w.alphaTopic), w.cookieOf("dora"), ""), w.ask("GET", searchPath("absent", "topic="+w.alphaTopic), w.cookieOf("dora"), ""); !same(a, b) {
			t.Errorf("%q tells dora of what was before\n%s\n%s", q, dump(a), dump(b))
		}
	}
	w.ask("GET", searchPath("word", "cursor="+w.alphaTopic+".1"), w.cookieOf("dora"), "").want(422)

	// Whatever happens behind the wall, indexed or not, all answers stay.
	readers := []string{"dora", "emil", "gone"}
	asked := []string{searchPath("kept"), searchPath("word"), searchPath("word", "limit=1"), searchPath("falcon"), searchPath("fal"), searchPath("fa"), searchPath("from:bert"),
		searchPath("after:2026"), searchPath("before:2026-02"), searchPath("in:price word")}
	before := make(map[string]answer)
	answers := func(told func(key string, a answer)) {
		for _, who := range readers {
			cookie := w.cookieOf(who)
			for _, path := range asked {
				if strings.Contains(w.ask("GET", path, cookie, "").Body.String(), "kept for") && who != "dora" && who != "emil" {
					t.Errorf("%s is told of what is kept at %s", who, path)
				}
				told(who+" "+path, w.ask("GET", path, cookie, ""))
			}
		}
	}
	answers(func(key string, a answer) { before[key] = a })
	for range 20 {
		w.post(w.clean, "bert", "kept for falcon")
		w.post(w.betaTopic, "carl", "kept for falcon word")
	}
	for _, when := range []string{"not in the index yet", "in the index"} {
		answers(func(key string, a answer) {
			if !same(a, before[key]) {
				t.Errorf("%s, %s:\n%s\nand before\n%s", key, when, dump(a), dump(before[key]))
			}
		})
		w.caughtUp()
	}
}

// between is a store in which something happens while a search is read.
type between struct {
	*store.Store
	after func()
}

func (b *between) Search(ctx context.Context, q room.Search) (room.Found, error) {
	found, err := b.Store.Search(ctx, q)
	b.after()
	return found, err
}

func TestARightThatEndsDuringASearchEndsItsHits(t *testing.T) {
	for what, c := range map[string]struct {
		end  func(w *world)
		want int
	}{
		"the deal": {func(w *world) { w.append(room.MemberRemoved{Deal: w.alpha, User: "bert"}) }, 404},
		"the topic": {func(w *world) {
			w.append(room.TopicChanged{ID: w.alphaTopic, Narrowed: ptr(true), Members: []string{"dora"}})
		}, 404},
		"what was said till now": {func(w *world) { w.moved(w.alphaTopic, "bert", 2) }, 200},
	} {
		t.Run(what, func(t *testing.T) {
			var b *between
			w := newWalls(t, func(c *httpd.Config) {
				b = &between{Store: c.Store.(*store.Store), after: func() {}}
				c.Store = b
			})
			w.post(w.alphaTopic, "bert", "the secret")
			w.caughtUp()
			path, cookie := searchPath("secret", "topic="+w.alphaTopic), w.cookieOf("bert")
			if a := w.ask("GET", path, cookie, "").want(200); !strings.Contains(a.Body.String(), "secret") {
				t.Fatal("there is nothing to be found")
			}
			ended := false
			b.after = func() {
				if !ended {
					ended = true
					c.end(w)
				}
			}
			if a := w.ask("GET", path, cookie, "").want(c.want); strings.Contains(a.Body.String(), `"hit":true`) {
				t.Errorf("he was told %s", a.Body)
			}
		})
	}
}

func TestASearchOfAStrictTopicIsInTheTrailFirst(t *testing.T) {
	w := newWalls(t)
	w.append(room.TopicChanged{ID: w.clean, Strict: ptr(true)})
	w.post(w.clean, "bert", "a word")
	w.caughtUp()
	w.finds("bert", "nothing")
	if got := w.noted(room.ActionTopicOpened); len(got) != 0 {
		t.Errorf("noted before anything was found: %q", got)
	}
	w.finds("bert", "word")
	if got := w.noted(room.ActionTopicOpened); len(got) != 1 || !strings.HasSuffix(got[0], w.alpha+" "+w.clean) {
		t.Errorf("noted was %q", got)
	}
}

// slow is a store whose searches take until they are given up.
type slow struct{ *store.Store }

func (slow) Search(ctx context.Context, _ room.Search) (room.Found, error) {
	<-ctx.Done()
	return room.Found{}, errors.Join(errors.New("interrupted"), ctx.Err())
}

func (slow) Since(ctx context.Context, _ string, _, _ int64) (int64, error) {
	<-ctx.Done()
	return 0, errors.Join(errors.New("interrupted"), ctx.Err())
}

func TestLookingForATimeTooLongIsGivenUp(t *testing.T) {
	w := newWorld(t, func(c *httpd.Config) { c.Store = slow{c.Store.(*store.Store)} })
	a := w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages?since=1", w.cookieOf("bert"), "").want(503)
	if !strings.Contains(a.problem().Detail, "Looking for a time took too long") || a.Header().Get("Retry-After") == "" {
		t.Errorf("it says %s, %v", a.Body, a.Header())
	}
}

func TestASearchThatTakesTooLongIsGivenUp(t *testing.T) {
	w := newWorld(t, func(c *httpd.Config) { c.Store = slow{c.Store.(*store.Store)} })
	a := w.ask("GET", searchPath("word"), w.cookieOf("bert"), "").want(503)
	if !strings.Contains(a.problem().Detail, "took too long") {
		t.Errorf("it says %s", a.Body)
	}
	// Whoever leaves has it ended at once.
	ctx, leave := context.WithCancel(t.Context())
	cookie := w.cookieOf("bert")
	leave()
	began := time.Now()
	w.ask("GET", searchPath("word"), cookie, "", func(r *http.Request) { *r = *r.WithContext(ctx) })
	if took := time.Since(began); took > time.Second {
		t.Errorf("it went on for %v", took)
	}
}
