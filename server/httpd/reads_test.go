package httpd_test

import (
	"fmt"
	"testing"
	"time"

	"redroom/server/room"
)

// moved moves from where somebody reads a topic.
func (w *world) moved(topic, user string, from int64) {
	w.t.Helper()
	w.append(room.ReaderMoved{Topic: topic, User: user, Seq: from})
}

func TestWhoHasReadIsToldWhereTheDealShowsIt(t *testing.T) {
	w := newWalls(t)
	for range 4 {
		w.post(w.alphaTopic, "bert", "a word")
	}
	for user, seq := range map[string]int64{"bert": 4, "dora": 2, "emil": 9} {
		w.append(room.TopicRead{Stamp: room.Stamp{By: user}, Topic: w.alphaTopic, Seq: seq})
	}
	path, bert := "/api/topics/"+w.alphaTopic+"/reads", w.cookieOf("bert")
	w.ask("GET", path, bert, "").want(403)
	w.ask("GET", path, w.cookieOf("carl"), "").want(404)

	w.ask("PATCH", "/api/deals/"+w.alpha, w.cookieOf("anna"), `{"receipts":true}`).want(200)
	w.ask("GET", path, bert, "").want(200).is(`{"reads":[{"name":"bert","seq":4},{"name":"dora","seq":2},{"name":"emil","seq":4}]}`)
	w.ask("GET", "/api/topics/"+w.clean+"/reads", bert, "").want(200).is(`{"reads":[]}`)
	w.ask("GET", path, w.cookieOf("carl"), "").want(404)

	w.moved(w.alphaTopic, "bert", 3) // what dora has read was before
	w.ask("GET", path, bert, "").want(200).is(`{"reads":[{"name":"bert","seq":4},{"name":"emil","seq":4}]}`)
	w.append(room.MemberRemoved{Deal: w.alpha, User: "emil"}) // reads it no more
	w.ask("GET", path, bert, "").want(200).is(`{"reads":[{"name":"bert","seq":4}]}`)

	w.ask("PATCH", "/api/deals/"+w.alpha, w.cookieOf("anna"), `{"receipts":false}`).want(200)
	w.ask("GET", path, bert, "").want(403)
}

func TestADealMayBeMadeWithReceipts(t *testing.T) {
	w := newWorld(t)
	var made struct {
		ID       string
		Receipts bool
	}
	w.ask("POST", "/api/deals", w.cookieOf("anna"), `{"name":"Gamma","receipts":true}`).want(201).into(&made)
	if !made.Receipts || !w.store.State().Deal(made.ID).Receipts {
		t.Errorf("made was %+v", made)
	}
	w.ask("POST", "/api/deals", w.cookieOf("anna"), `{"name":"Delta","receipts":1}`).want(400)
}

func TestMessagesSinceATime(t *testing.T) {
	w := newWorld(t)
	begin := w.clock().UnixMilli()
	for _, after := range []int64{0, 1000, 5000, 3000, 5000, 9000} { // milliseconds; one goes back
		w.mu.Lock()
		w.now = time.UnixMilli(begin + after)
		w.mu.Unlock()
		w.post(w.alphaTopic, "bert", "a word")
	}
	first := func(since int64, query string) (seq int64) {
		var p struct{ Messages []struct{ Seq int64 } }
		w.ask("GET", fmt.Sprintf("/api/topics/%s/messages?since=%d%s", w.alphaTopic, since, query), w.cookieOf("bert"), "").want(200).into(&p)
		if len(p.Messages) == 0 {
			return 0
		}
		return p.Messages[0].Seq
	}
	check := func(from int64) {
		t.Helper()
		for since, want := range map[int64]int64{0: 1, begin: 1, begin + 1: 2, begin + 1001: 3, begin + 5000: 3, begin + 5001: 6, begin + 9000: 6, begin + 9001: 0} {
			if want > 0 {
				want = max(want, from)
			}
			if got := first(since, ""); got != want {
				t.Errorf("since %d it begins with %d, want %d", since-begin, got, want)
			}
		}
	}
	check(1)
	w.moved(w.alphaTopic, "bert", 3)
	check(3)
	w.moved(w.alphaTopic, "bert", 4)
	if got := first(begin+4000, ""); got != 5 {
		t.Errorf("it begins with %d, want 5: 3 may not be read and 4 is too old", got)
	}
	if got := first(begin, "&limit=1"); got != 4 {
		t.Errorf("it begins with %d, want 4", got)
	}
	for query, want := range map[string]int{"since=x": 400, "since=-1": 400, "since=1&after=1": 400, "since=1&before=1": 400} {
		w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages?"+query, w.cookieOf("bert"), "").want(want)
	}
}
