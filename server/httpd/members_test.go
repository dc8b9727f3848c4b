package httpd_test

import (
	"strings"
	"sync"
	"testing"

	"redroom/server/httpd"
	"redroom/server/room"
)

func TestReadersOfATopic(t *testing.T) {
	w := newWalls(t)
	admin := w.cookieOf("anna")
	path := "/api/topics/" + w.clean + "/members"
	w.ask("GET", path, w.cookieOf("bert"), "").want(200).
		is(`{"members":[{"name":"anna","display":"Anna Anders","role":"admin"},{"name":"bert","display":"Bert","role":"member"},{"name":"berta","display":"Berta","role":"admin"}]}`)
	w.ask("PUT", path+"/dora", admin, "").want(204)
	w.ask("PUT", path+"/dora", admin, "").want(204)
	w.ask("DELETE", path+"/bert", admin, "").want(204)
	w.ask("DELETE", path+"/bert", admin, "").want(404)
	w.ask("GET", path, w.cookieOf("bert"), "").want(404)
	w.ask("GET", path, admin, "").want(200).
		is(`{"members":[{"name":"anna","display":"Anna Anders","role":"admin","from":1},{"name":"berta","display":"Berta","role":"admin","from":1},{"name":"dora","display":"Dora","role":"member","from":1}]}`)
	w.ask("PUT", path+"/carl", admin, "").want(422) // not in the deal
	w.ask("PUT", path+"/nobody", admin, "").want(404)
	w.ask("PUT", "/api/topics/"+w.alphaTopic+"/members/dora", admin, "").want(422) // the whole deal's

	// A conversation is its two's, and stays so.
	direct := "/api/topics/" + w.between
	w.ask("GET", direct+"/members", w.cookieOf("emil"), "").want(200).
		is(`{"members":[{"name":"dora","display":"Dora","role":"member"},{"name":"emil","display":"Emil","role":"member"}]}`)
	w.ask("GET", direct+"/members", admin, "").want(404)
	w.ask("PUT", direct+"/members/bert", admin, "").want(404)
	w.ask("PUT", direct+"/members/bert", w.cookieOf("dora"), "").want(403)
}

func TestWhoLeavesTheDealLeavesItsNarrowedTopics(t *testing.T) {
	w := newWalls(t)
	admin := w.cookieOf("anna")
	w.ask("DELETE", "/api/deals/"+w.alpha+"/members/bert", admin, "").want(204)
	w.ask("PUT", "/api/deals/"+w.alpha+"/members/bert", admin, "").want(204)
	w.ask("GET", "/api/topics/"+w.alphaTopic, w.cookieOf("bert"), "").want(200)
	w.ask("GET", "/api/topics/"+w.clean, w.cookieOf("bert"), "").want(404)
}

func TestFromWhereAMemberReadsIsMoved(t *testing.T) {
	w := newWalls(t)
	admin, bert := w.cookieOf("anna"), w.cookieOf("bert")
	for range 4 {
		w.post(w.alphaTopic, "dora", "a word")
	}
	reads := func(want string) {
		t.Helper()
		if got := w.log(w.alphaTopic, bert, "").seqs(); got != want {
			t.Errorf("bert reads %q, want %q", got, want)
		}
	}
	reads("1 2 3 4")
	topic, deal := "/api/topics/"+w.alphaTopic+"/members/", "/api/deals/"+w.alpha+"/members/"
	w.ask("PATCH", topic+"bert", admin, `{"from":3}`).want(204)
	reads("3 4")
	w.ask("PATCH", deal+"bert", admin, `{"history":"joined"}`).want(204)
	reads("")
	w.post(w.alphaTopic, "dora", "a word")
	reads("5")
	w.ask("PATCH", deal+"bert", admin, `{"history":"all"}`).want(204)
	reads("1 2 3 4 5")
	w.ask("PATCH", topic+"bert", admin, `{"from":6}`).want(204) // from now on
	reads("")

	for body, want := range map[string]int{`{}`: 422, `{"from":0}`: 422, `{"from":7}`: 422, `{"from":-1}`: 422, `{"from":1.5}`: 400, `{"from":"1"}`: 400, `{"from":1e30}`: 400} {
		w.ask("PATCH", topic+"bert", admin, body).want(want)
	}
	for body, want := range map[string]int{`{}`: 422, `{"history":"some"}`: 422, `{"history":1}`: 400} {
		w.ask("PATCH", deal+"bert", admin, body).want(want)
	}
	w.ask("PATCH", topic+"carl", admin, `{"from":1}`).want(404)
	w.ask("PATCH", deal+"carl", admin, `{"history":"all"}`).want(404)
	w.ask("PATCH", topic+"anna", admin, `{"from":2}`).want(422) // an admin reads everything
}

func TestAConversationIsMadeOnce(t *testing.T) {
	w := newWalls(t)
	bert, dora := w.cookieOf("bert"), w.cookieOf("dora")
	path := "/api/deals/" + w.alpha + "/direct"
	var made struct{ ID string }
	w.ask("POST", path, bert, `{"with":"dora"}`).want(201).into(&made)
	want := `{"id":"` + made.ID + `","deal":"` + w.alpha + `","title":"bert, dora","number":0,"open":true,"head":0,"archived":false,"strict":false,"narrowed":false,"version":1,"direct":["bert","dora"]}`
	w.ask("POST", path, bert, `{"with":"dora"}`).want(200).is(want)
	w.ask("POST", path, dora, `{"with":"bert"}`).want(200).is(want)
	w.ask("GET", "/api/topics/"+made.ID, dora, "").want(200).is(want)
	w.ask("PATCH", "/api/topics/"+made.ID, w.cookieOf("anna"), `{"title":"Ours"}`).want(404)

	w.ask("POST", path, bert, `{"with":"bert"}`).want(422)
	w.ask("POST", path, bert, `{"with":""}`).want(404)
	unknown := w.ask("POST", path, bert, `{"with":"nobody"}`).want(404)
	if stranger := w.ask("POST", path, bert, `{"with":"carl"}`); !same(stranger, unknown) {
		t.Errorf("of somebody outside the deal: %s", dump(stranger))
	}
	observer := room.Observer
	w.append(room.UserChanged{Name: "emil", Role: &observer})
	w.ask("POST", path, w.cookieOf("emil"), `{"with":"bert"}`).want(403)
	w.ask("POST", path, w.cookieOf("emil"), `{"with":"dora"}`).want(200) // that which there is

	// With an admin it is like any other, for the two only.
	w.ask("POST", path, w.cookieOf("anna"), `{"with":"bert"}`).want(201).into(&made)
	w.ask("GET", "/api/topics/"+made.ID, w.cookieOf("berta"), "").want(404)
	w.ask("PATCH", "/api/topics/"+made.ID, w.cookieOf("anna"), `{"title":"Ours"}`).want(422)
	w.ask("DELETE", "/api/topics/"+made.ID+"/members/bert", w.cookieOf("anna"), "").want(422)
	w.ask("PATCH", "/api/topics/"+made.ID, bert, `{"title":"Ours"}`).want(403)
}

// TestAConversationIsMadeOnceByBothAtTheSameTime has both ask, many times at once.
func TestAConversationIsMadeOnceByBothAtTheSameTime(t *testing.T) {
	w := newWalls(t)
	two := []string{w.cookieOf("bert"), w.cookieOf("dora")}
	bodies := []string{`{"with":"dora"}`, `{"with":"bert"}`}
	var mu sync.Mutex
	created, ids := 0, make(map[string]bool)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			a := w.ask("POST", "/api/deals/"+w.alpha+"/direct", two[i%2], bodies[i%2])
			var got struct{ ID string }
			a.into(&got)
			mu.Lock()
			defer mu.Unlock()
			ids[got.ID] = true
			switch a.Code {
			case 201:
				created++
			case 200:
			default:
				t.Errorf("status %d: %s", a.Code, a.Body)
			}
		})
	}
	all.Wait()
	if created != 1 || len(ids) != 1 {
		t.Errorf("it was made %d times, and there are %d", created, len(ids))
	}
}

// TestWhoIsOvertakenIsGivenTheConversationThatThereIs has the other one be faster,
// after it was seen that there is none.
func TestWhoIsOvertakenIsGivenTheConversationThatThereIs(t *testing.T) {
	var w *world
	other := room.NewID()
	w = newWalls(t, func(c *httpd.Config) {
		c.Journal = overtaken{c.Journal, func() {
			w.append(room.DirectCreated{Stamp: room.Stamp{By: "dora"}, ID: other, Deal: w.alpha, With: "bert"})
		}}
	})
	var got struct{ ID string }
	w.ask("POST", "/api/deals/"+w.alpha+"/direct", w.cookieOf("bert"), `{"with":"dora"}`).want(200).into(&got)
	if got.ID != other {
		t.Errorf("got %s, want %s", got.ID, other)
	}
}

func TestEndingAllSignIns(t *testing.T) {
	w := newWalls(t)
	first, second, other := w.cookieOf("bert"), w.cookieOf("bert"), w.cookieOf("dora")
	w.ask("DELETE", "/api/users/bert/sessions", other, "").want(403) // they share a deal
	w.ask("DELETE", "/api/users/bert/sessions", w.cookieOf("anna"), "").want(204)
	for _, cookie := range []string{first, second} {
		w.ask("GET", "/api/session", cookie, "").want(401)
	}
	w.ask("GET", "/api/session", other, "").want(200)

	third, fourth := w.cookieOf("bert"), w.cookieOf("bert")
	a := w.ask("DELETE", "/api/users/bert/sessions", third, "").want(204)
	if c := a.cookie(); c == nil || c.MaxAge >= 0 {
		t.Error("his own cookie isn't taken away")
	}
	w.ask("GET", "/api/session", fourth, "").want(401)
	w.ask("DELETE", "/api/users/nobody/sessions", w.cookieOf("anna"), "").want(404)
}

// Each admin has one's own look at a topic's fields.
func TestATopicIsNarrowedClosedAndArchived(t *testing.T) {
	w := newWalls(t)
	admin, path := w.cookieOf("anna"), "/api/topics/"+w.alphaTopic
	for _, c := range []struct{ body, has string }{
		{`{"narrowed":true,"members":["dora","bert","dora"]}`, `"narrowed":true,"version":2`},
		{`{"strict":true}`, `"strict":true,"narrowed":true,"version":3`},
		{`{"archived":true}`, `"archived":true,"strict":true,"narrowed":true,"version":4`},
		{`{"archived":false,"open":false}`, `"open":false,"head":0,"archived":false`},
		{`{"narrowed":false}`, `"narrowed":false,"version":6`},
		{`{"narrowed":false}`, `"narrowed":false,"version":6`}, // nothing new
	} {
		if a := w.ask("PATCH", path, admin, c.body).want(200); !strings.Contains(a.Body.String(), c.has) {
			t.Errorf("%s: %s", c.body, a.Body)
		}
	}
	w.ask("PATCH", path, admin, `{"members":["bert"]}`).want(422) // it isn't narrowed
	w.ask("PATCH", path, admin, `{"narrowed":true,"members":["carl"]}`).want(422)
	w.ask("PATCH", path, admin, `{"narrowed":true,"members":["nobody"]}`).want(404)
	w.ask("POST", "/api/deals/"+w.alpha+"/topics", admin, `{"title":"Terms","members":["bert"]}`).want(422)
	w.ask("POST", "/api/deals/"+w.alpha+"/topics", admin, `{"title":"Terms","narrowed":true,"members":[]}`).want(201)
}
