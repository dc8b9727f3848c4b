package server_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

func TestUnreadAndRights(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	diary := servertest.NewDiary(t)
	c := servertest.Config(t)
	c.Log = diary.Log()
	r, _ := servertest.StartWith(t, c)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	first, second := anna.Topic(t, deal, "Forderungen", 1), anna.Topic(t, deal, "Einlagen", 2)
	bert := r.Join(t, anna, "bert", "member", deal)
	carla := r.Join(t, anna, "carla", "observer", deal)
	post := poster(t, r, anna)
	unread := unreadOf(t, r, bert)

	signIn(p, r.Plain+"/t/"+first, bert.Name, servertest.Password)
	connected(p)
	p.Find("heading", "Forderungen")

	// What is written elsewhere counts, and counts no more once it was seen.
	p.Find("link", "2 Einlagen")
	post(second, "Zwölftausend fünfhundert", "sind noch offen")
	p.Find("link", "…2 unread")
	p.Until("the count in the window's title", func() bool {
		return servertest.Evaluate[string](p, "document.title") == "(2) Forderungen · Red Room"
	})
	openTopic(p, "Einlagen")
	reads(t, p, "Zwölftausend fünfhundert", "sind noch offen")
	p.Find("link", "2 Einlagen")
	p.Until("bert's other sessions to know", func() bool { return unread(second) == "0" })

	// A page that is loaded again is where it was.
	p.Reload()
	p.Find("heading", "Einlagen")
	reads(t, p, "Zwölftausend fünfhundert", "sind noch offen")
	p.Find("link", "2 Einlagen")
	if want := r.Plain + "/t/" + second; p.Address() != want {
		t.Errorf("after a reload the page is at %s, want %s", p.Address(), want)
	}

	// A topic that is closed can be read, and nothing else.
	anna.Must(t, "PATCH", "/api/topics/"+second, map[string]any{"open": false}, nil, 200)
	p.Gone("textbox", "Message")
	p.Find("link", "…closed")
	reads(t, p, "Zwölftausend fünfhundert", "sind noch offen")
	anna.Must(t, "PATCH", "/api/topics/"+second, map[string]any{"open": true}, nil, 200)
	p.Find("textbox", "Message")

	// Who is removed loses it at once, also where it was shown.
	anna.Must(t, "DELETE", "/api/deals/"+deal+"/members/bert", nil, nil, 204)
	began := time.Now()
	p.Gone("log", "Messages")
	p.Gone("link", "…Einlagen…")
	t.Logf("from the removal to a page without the topic: %v", time.Since(began).Round(time.Millisecond))
	p.Gone("textbox", "Message")
	for _, word := range []string{"Zwölftausend", "Einlagen", "Forderungen", "GeldGeldGeld"} {
		if _, after, left := strings.Cut(servertest.Evaluate[string](p, "document.documentElement.outerHTML"), word); left {
			t.Errorf("%q is still in the page of somebody who was removed, before %.80q", word, after)
		}
	}
	post(second, "Das liest bert nicht mehr")
	p.Open(r.Plain + "/t/" + second)
	p.Find("heading", "This topic isn’t here")

	// Signing out ends it all.
	p.Click("button", "Sign out")
	p.Find("textbox", "User name")
	p.Until("the end of bert's session", func() bool { return diary.Count("session ended", "user", "bert") > 0 })
	if status := servertest.Evaluate[int](p, `fetch("/api/session").then((answer) => answer.status)`); status != 401 {
		t.Errorf("after signing out the session answers %d", status)
	}

	// An observer reads, and has nothing to write with.
	signIn(p, r.Plain+"/t/"+second, carla.Name, servertest.Password)
	connected(p)
	reads(t, p, "Zwölftausend fünfhundert", "sind noch offen", "Das liest bert nicht mehr")
	p.Find("StaticText", "You read here as an observer…")
	if p.Count("textbox", "Message")+p.Count("button", "Send")+p.Count("button", "Reply to…") > 0 {
		t.Error("an observer is offered to write")
	}

	// A sign-in that ends elsewhere, as in another tab, ends here too.
	if status := servertest.Evaluate[int](p, `fetch("/api/session", {method: "DELETE"}).then((answer) => answer.status)`); status != 204 {
		t.Errorf("signing out elsewhere answers %d", status)
	}
	p.Find("textbox", "User name")
	p.Gone("log", "Messages")
	if text := servertest.Evaluate[string](p, "document.body.textContent"); strings.Contains(text, "Zwölftausend") {
		t.Error("messages are still in the page of somebody who signed out")
	}
}

// poster posts as somebody who isn't at a page.
func poster(t *testing.T, r *servertest.Room, as *servertest.API) func(topic string, texts ...string) {
	c := r.Connect(t, as)
	return func(topic string, texts ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		defer cancel()
		joined, err := c.Join(ctx, topic, 0, nil, func(room.Message) {})
		if err != nil {
			t.Fatalf("joining: %v", err)
		}
		defer joined.Leave()
		for _, text := range texts {
			if _, err := joined.Post(ctx, room.NewID(), text, 0); err != nil {
				t.Fatalf("posting: %v", err)
			}
		}
	}
}

// unreadOf watches as somebody, and tells the count that the server told last.
func unreadOf(t *testing.T, r *servertest.Room, as *servertest.API) func(topic string) string {
	t.Helper()
	var mu sync.Mutex
	counts := map[string]string{}
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	err := r.Connect(t, as).Watch(ctx, func(typ string, fields []string, _ []byte) {
		if typ == "UNREAD" {
			mu.Lock()
			defer mu.Unlock()
			counts[fields[0]] = fields[1]
		}
	})
	if err != nil {
		t.Fatalf("watching: %v", err)
	}
	return func(topic string) string {
		mu.Lock()
		defer mu.Unlock()
		return counts[topic]
	}
}
