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
	a.is(`{"id":"` + made.ID + `","name":"Köln & <Co>","open":true,"history":"joined","version":1}`)
	if !room.ValidID(made.ID) {
		t.Errorf("%q is no id", made.ID)
	}
	w.ask("POST", "/api/deals", admin, `{"name":"Köln & <Co>"}`).want(409)
	w.ask("POST", "/api/deals", admin, `{"name":" "}`).want(422)
	w.ask("POST", "/api/deals", admin, `{"name":"Gamma","history":"some"}`).want(422)
	w.ask("PATCH", "/api/deals/"+made.ID, admin, `{"name":"Bonn","open":false,"history":"all"}`).want(200).
		is(`{"id":"` + made.ID + `","name":"Bonn","open":false,"history":"all","version":2}`)
	w.ask("PATCH", "/api/deals/"+made.ID, admin, `{}`).want(200)
	w.ask("PATCH", "/api/deals/"+room.NewID(), admin, `{"open":true}`).want(404)
	w.ask("GET", "/api/deals", w.cookieOf("carl"), "").want(200).
		is(`{"deals":[{"id":"` + w.beta + `","name":"Beta","open":true,"history":"all","version":1}]}`)
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
