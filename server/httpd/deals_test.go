package httpd_test

import (
	"fmt"
	"strings"
	"testing"

	"redroom/server/room"
)

func TestDeals(t *testing.T) {
	w := newWorld(t)
	admin := w.cookieOf("anna")
	var made struct{ ID string }
	a := w.ask("POST", "/api/deals", admin, `{"name":"Ko\u0308ln & <Co>","history":"joined"}`).want(201)
	a.into(&made)
	a.is(`{"id":"` + made.ID + `","name":"Köln & <Co>","open":true,"history":"joined","receipts":false,"version":1}`)
	if !room.ValidID(made.ID) {
		t.Errorf("%q is no id", made.ID)
	}
	w.ask("POST", "/api/deals", admin, `{"name":"Köln & <Co>"}`).want(409)
	w.ask("POST", "/api/deals", admin, `{"name":" "}`).want(422)
	w.ask("POST", "/api/deals", admin, `{"name":"Gamma","history":"some"}`).want(422)
	w.ask("PATCH", "/api/deals/"+made.ID, admin, `{"name":"Bonn","open":false,"history":"all"}`).want(200).
		is(`{"id":"` + made.ID + `","name":"Bonn","open":false,"history":"all","receipts":false,"version":2}`)
	w.ask("PATCH", "/api/deals/"+made.ID, admin, `{}`).want(200)
	w.ask("PATCH", "/api/deals/"+room.NewID(), admin, `{"open":true}`).want(404)
	w.ask("GET", "/api/deals", w.cookieOf("carl"), "").want(200).
		is(`{"deals":[{"id":"` + w.beta + `","name":"Beta","open":true,"history":"all","receipts":false,"version":1}]}`)
}

func TestMembers(t *testing.T) {
	w := newWorld(t)
	admin := w.cookieOf("anna")
	path := "/api/deals/" + w.alpha + "/members"
	w.ask("GET", path, w.cookieOf("bert"), "").want(200).is(`{"members":[{"name":"bert","display":"Bert","role":"member"}]}`)
	w.ask("PUT", path+"/carl", admin, "").want(204)
	w.ask("PUT", path+"/carl", admin, "").want(204)
	w.ask("GET", path, w.cookieOf("carl"), "").want(200).
		is(`{"members":[{"name":"bert","display":"Bert","role":"member"},{"name":"carl","display":"Carl","role":"member"}]}`)
	w.ask("DELETE", path+"/bert", admin, "").want(204)
	w.ask("DELETE", path+"/bert", admin, "").want(404)
	w.ask("GET", path, w.cookieOf("bert"), "").want(404)
	w.ask("GET", path, admin, "").want(200).is(`{"members":[{"name":"carl","display":"Carl","role":"member"}]}`)
	w.ask("PUT", path+"/nobody", admin, "").want(404)
}

func TestTopics(t *testing.T) {
	w := newWorld(t)
	admin := w.cookieOf("anna")
	path := "/api/deals/" + w.alpha + "/topics"
	var made struct{ ID string }
	a := w.ask("POST", path, admin, `{"title":"U\u0308bersicht","number":0}`).want(201)
	a.into(&made)
	a.is(`{"id":"` + made.ID + `","deal":"` + w.alpha + `","title":"Übersicht","number":0,"open":true,"head":0,"archived":false,"strict":false,"narrowed":false,"version":1}`)
	w.ask("POST", path, admin, `{"title":"Übersicht"}`).want(409)
	w.ask("POST", path, admin, `{"title":""}`).want(422)
	w.ask("POST", path, admin, `{"title":"`+strings.Repeat("x", 121)+`"}`).want(422)
	w.ask("POST", path, admin, `{"title":"x","number":32768}`).want(422)
	w.ask("POST", path, admin, `{"title":"x","number":1.5}`).want(400)

	w.post(w.alphaTopic, "bert", "hello")
	w.ask("GET", path, w.cookieOf("bert"), "").want(200).
		is(`{"topics":[{"id":"` + made.ID + `","deal":"` + w.alpha + `","title":"Übersicht","number":0,"open":true,"head":0,"archived":false,"strict":false,"narrowed":false,"version":1},` +
			`{"id":"` + w.alphaTopic + `","deal":"` + w.alpha + `","title":"Price","number":1,"open":true,"head":1,"archived":false,"strict":false,"narrowed":false,"version":1}]}`)
	w.ask("PATCH", "/api/topics/"+made.ID, admin, `{"title":"Overview","number":9,"open":false}`).want(200).
		is(`{"id":"` + made.ID + `","deal":"` + w.alpha + `","title":"Overview","number":9,"open":false,"head":0,"archived":false,"strict":false,"narrowed":false,"version":2}`)
	w.ask("GET", "/api/topics/"+made.ID, w.cookieOf("bert"), "").want(200).
		is(`{"id":"` + made.ID + `","deal":"` + w.alpha + `","title":"Overview","number":9,"open":false,"head":0,"archived":false,"strict":false,"narrowed":false,"version":2}`)
	w.ask("PATCH", "/api/topics/"+made.ID, admin, `{"title":"Price"}`).want(409)
}

type log struct {
	Messages []struct {
		Seq, Time, Ref           int64
		Author, Kind, Salt, Body string
	}
	Head, From int64
	Epoch      string
}

// seqs are those of the messages, as "2 3 4".
func (l log) seqs() string {
	var s []string
	for _, m := range l.Messages {
		s = append(s, fmt.Sprint(m.Seq))
	}
	return strings.Join(s, " ")
}

func (w *world) log(topic, cookie, query string) (l log) {
	w.t.Helper()
	w.ask("GET", "/api/topics/"+topic+"/messages"+query, cookie, "").want(200).into(&l)
	return l
}

func TestAMessageHasAllThatTheChainNeeds(t *testing.T) {
	w := newWorld(t)
	salt := room.NewSalt()
	w.post(w.alphaTopic, "anna", "first")
	w.append(room.MessagePosted{Stamp: room.Stamp{At: 1767225600001, By: "bert"}, Topic: w.alphaTopic, ID: "1", Kind: room.Text,
		Ref: 1, Salt: salt, Body: []byte("<b>Grüße</b> 👋\n\"&\"")})
	w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages?after=1", w.cookieOf("bert"), "").want(200).
		is(`{"messages":[{"seq":2,"author":"bert","time":1767225600001,"kind":"text","ref":1,"salt":"` + salt.String() +
			`","body":"<b>Grüße</b> 👋\n\"&\""}],"head":2,"epoch":"` + w.store.Epoch() + `","from":1}`)
	if a := w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages?limit=1", w.cookieOf("bert"), ""); strings.Contains(a.Body.String(), "ref") {
		t.Errorf("a message that refers to none has a ref: %s", a.Body)
	}
}

func TestTheLogIsReadInPages(t *testing.T) {
	w := newWorld(t)
	cookie := w.cookieOf("bert")
	w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages", cookie, "").want(200).
		is(`{"messages":[],"head":0,"epoch":"` + w.store.Epoch() + `","from":1}`)
	for i := range 6 {
		w.post(w.alphaTopic, "anna", fmt.Sprint("message ", i+1))
	}
	for query, want := range map[string]string{
		"":                  "1 2 3 4 5 6",
		"?after=0":          "1 2 3 4 5 6",
		"?after=4":          "5 6",
		"?after=6":          "",
		"?after=99":         "",
		"?after=1&limit=2":  "2 3",
		"?before=3":         "1 2",
		"?before=6&limit=2": "4 5",
		"?before=99":        "1 2 3 4 5 6",
		"?before=1":         "",
		"?limit=1000":       "1 2 3 4 5 6",
	} {
		if l := w.log(w.alphaTopic, cookie, query); l.seqs() != want || l.Head != 6 || l.From != 1 {
			t.Errorf("%q: got %q, head %d, from %d, want %q", query, l.seqs(), l.Head, l.From, want)
		}
	}
	for _, query := range []string{"?after=-1", "?after=x", "?after=", "?before=0", "?limit=0", "?limit=1001", "?after=1&before=5", "?after=99999999999999999999"} {
		w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages"+query, cookie, "").want(400)
	}
}

// Who reads a part of the log from long ago is told how its messages read now,
// if they ask for it.
func TestAPageComesWithItsLaterEdits(t *testing.T) {
	w := newWorld(t)
	cookie := w.cookieOf("bert")
	for i := range 4 {
		w.post(w.alphaTopic, "anna", fmt.Sprint("message ", i+1))
	}
	edit := func(ref int64, id, body string) {
		w.append(room.MessagePosted{Stamp: room.Stamp{At: 1, By: "anna"}, Topic: w.alphaTopic, ID: id, Kind: room.Edit, Ref: ref, Salt: room.NewSalt(), Body: []byte(body)})
	}
	edit(2, "a", "second") // 5
	edit(1, "b", "first")  // 6
	edit(2, "c", "zweite") // 7
	edits := func(query string) string {
		var answer struct {
			Edits []struct {
				Ref  int64
				Body string
			}
		}
		w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages"+query, cookie, "").want(200).into(&answer)
		return fmt.Sprint(answer.Edits)
	}
	for query, want := range map[string]string{
		"?after=0&limit=2&edits=1":  "[{1 first} {2 second} {2 zweite}]",
		"?before=3&limit=1&edits=1": "[{2 second} {2 zweite}]",
		"?after=1&limit=4&edits=1":  "[{2 zweite}]", // 5 is in the page
		"?after=2&limit=2&edits=1":  "[]",
		"?after=0&limit=2":          "[]",
		"?after=0&limit=2&edits=0":  "[]",
	} {
		if got := edits(query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	for i := range 2 * 20 {
		edit(1, fmt.Sprint("more ", i), strings.Repeat("x", room.MaxText-2)+fmt.Sprintf("%02d", i))
	}
	if all := edits("?after=0&limit=2&edits=1"); strings.Count(all, "{1 ") > 20 || !strings.Contains(all, "39}") || !strings.Contains(all, "zweite") {
		t.Errorf("got %d edits of one message, with its last: %t, with the last of the other: %t", strings.Count(all, "{1 "), strings.Contains(all, "39}"), strings.Contains(all, "zweite"))
	}
	w.append(room.MessagePosted{Stamp: room.Stamp{At: 1, By: "anna"}, Topic: w.alphaTopic, ID: "gone", Kind: room.Redact, Ref: 2, Salt: room.NewSalt()})
	if all := edits("?after=1&limit=1&edits=1"); all != "[]" {
		t.Errorf("of what is redacted: %s", all)
	}
	w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages?limit=201&edits=1", cookie, "").want(400)
	w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages?edits=x", cookie, "").want(400)
}

// TestAPageAndItsEditsAreBoundedTogether has messages of one letter whose edits are
// as long as can be, and reads them all, page by page, in both directions.
func TestAPageAndItsEditsAreBoundedTogether(t *testing.T) {
	const messages, longest = 30, 255 << 10
	w := newWorld(t)
	for range messages {
		w.speak(room.Report, w.alphaTopic, "bert", 0, "1")
	}
	for i := range int64(messages) {
		w.speak(room.Edit, w.alphaTopic, "bert", i+1, `"old"`)
		w.speak(room.Edit, w.alphaTopic, "bert", i+1, fmt.Sprintf(`"%d%s"`, i+1, strings.Repeat("x", longest)))
	}
	cookie := w.cookieOf("bert")
	for _, up := range []bool{true, false} {
		at, query := int64(0), "?limit=200&edits=1&after="
		if !up {
			at, query = messages+1, "?limit=200&edits=1&before="
		}
		seen := make(map[int64]bool)
		for len(seen) < messages {
			var page struct {
				Messages []struct{ Seq int64 }
				Edits    []struct {
					Ref  int64
					Body string
				}
			}
			a := w.ask("GET", fmt.Sprint("/api/topics/", w.alphaTopic, "/messages", query, at), cookie, "").want(200)
			a.into(&page)
			if size := a.Body.Len(); size > 1<<20+64<<10 {
				t.Fatalf("an answer has %d octets", size)
			}
			newest := make(map[int64]bool)
			for _, e := range page.Edits {
				newest[e.Ref] = newest[e.Ref] || strings.HasPrefix(e.Body, fmt.Sprintf(`"%dx`, e.Ref))
			}
			if len(page.Messages) == 0 {
				t.Fatalf("nothing behind %d", at)
			}
			for i, m := range page.Messages {
				if next := map[bool]int64{true: at + 1, false: at - int64(len(page.Messages))}[up] + int64(i); m.Seq > messages {
					break
				} else if m.Seq != next || !newest[m.Seq] {
					t.Fatalf("from %d on, up: %t, message %d is %d, with its newest edit: %t", at, up, i, m.Seq, newest[m.Seq])
				}
				seen[m.Seq] = true
			}
			at = page.Messages[len(page.Messages)-1].Seq
			if !up {
				at = page.Messages[0].Seq
			}
		}
	}
}

func TestAPageOfLongMessagesIsShorter(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		w.post(w.alphaTopic, "anna", strings.Repeat("x", room.MaxText))
	}
	cookie := w.cookieOf("bert")
	if l := w.log(w.alphaTopic, cookie, ""); len(l.Messages) != 16 || l.Messages[0].Seq != 1 {
		t.Errorf("got %s", l.seqs())
	}
	if l := w.log(w.alphaTopic, cookie, "?before=21"); len(l.Messages) != 16 || l.Messages[15].Seq != 20 {
		t.Errorf("got %s", l.seqs())
	}
}

func TestWhatWasBeforeOneJoinedIsNotShown(t *testing.T) {
	w := newWorld(t)
	joined := room.HistoryJoined
	w.append(room.DealChanged{ID: w.alpha, History: &joined})
	for range 3 {
		w.post(w.alphaTopic, "anna", "before")
	}
	w.append(room.MemberAdded{Deal: w.alpha, User: "carl"})
	w.post(w.alphaTopic, "anna", "after")
	w.post(w.alphaTopic, "anna", "after")
	cookie := w.cookieOf("carl")
	for query, want := range map[string]string{
		"":                  "4 5",
		"?after=0&limit=1":  "4",
		"?after=2":          "4 5",
		"?after=4":          "5",
		"?before=6":         "4 5",
		"?before=5&limit=3": "4",
		"?before=4":         "",
		"?before=2":         "",
	} {
		if l := w.log(w.alphaTopic, cookie, query); l.seqs() != want || l.From != 4 || l.Head != 5 {
			t.Errorf("%q: got %q, head %d, from %d, want %q", query, l.seqs(), l.Head, l.From, want)
		}
	}
}
