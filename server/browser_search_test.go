package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// found are the messages that the search shows, as they are read out.
func found(p *servertest.Page) []string {
	return servertest.Evaluate[[]string](p, `[...document.querySelectorAll("rr-search li")].map((item) => item.textContent)`)
}

// Messages are found while somebody types, in what they may read, and each is a
// way to its place.
func TestMessagesAreFoundWhileTyping(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	first, second := anna.Topic(t, deal, "Forderungen", 1), anna.Topic(t, deal, "Einlagen", 2)
	bert := r.Join(t, anna, "bert", "member", deal)
	post := poster(t, r, bert)
	post(first, "Die Wertberichtigung ist im Datenraum", "Offen ist die Liste")
	post(second, "Ohne Wertberichtigungen geht es nicht")
	poster(t, r, anna)(second, "Welche Wertberichtigung?")

	signIn(p, r.Plain+"/t/"+first, "bert", servertest.Password)
	connected(p)
	solidMessages(p, 2)
	p.Press("k", chromedp.ModifierCtrl)
	focused(p, "searchbox", "Search")
	p.Find("button", "from: who wrote it")
	p.Insert("wertber")
	p.Find("StaticText", "3 messages, the newest first")
	for i, want := range []string{"anna, Einlagen", "Bert, Einlagen", "Bert, Forderungen"} {
		author, topic, _ := strings.Cut(want, ", ")
		if got := found(p)[i]; !strings.HasPrefix(got, author) || !strings.Contains(got, topic) {
			t.Errorf("found as number %d: %q, want the one of %s", i+1, got, want)
		}
	}
	marked := servertest.Evaluate[[]string](p, `[...document.querySelectorAll("rr-search mark")].map((mark) => mark.textContent)`)
	if len(marked) != 3 || !strings.HasPrefix(strings.ToLower(marked[0]), "wertber") {
		t.Errorf("marked are %q, want what was looked for in each of three", marked)
	}

	// An operator is completed from whom one knows.
	p.Insert(" from:an")
	p.Find("button", "anna")
	p.Press(kb.Enter)
	p.Until("the completed operator", func() bool { return p.Find("searchbox", "Search").Value == "wertber from:anna " })
	p.Find("StaticText", "1 message, the newest first")

	// By the keyboard to it, where it stands out, and the search stays.
	p.Press(kb.ArrowDown)
	p.Until("the focus on what was found", func() bool {
		at := p.Focus()
		return at.Role == "link" && strings.HasPrefix(at.Name, "anna")
	})
	p.Press(kb.Enter)
	p.Find("heading", "Einlagen")
	p.Until("the place in the address", func() bool { return p.Address() == fmt.Sprintf("%s/t/%s#2", r.Plain, second) })
	p.Until("the focus on the message", func() bool {
		at := p.Focus()
		return at.Role == "article" && strings.HasPrefix(at.Name, "anna")
	})
	if n := len(found(p)); n != 1 {
		t.Errorf("after a message was opened %d are found, want still one", n)
	}

	// What is wrong is said in words, where it is asked.
	p.Press("k", chromedp.ModifierCtrl)
	p.Insert("before:gestern ")
	p.Find("alert", "…")
	p.Find("StaticText", "…needs a day like 2026-11-01…")

	// Nothing is a state of its own.
	p.SelectAll()
	p.Insert("Hubschrauber")
	p.Find("StaticText", "Nothing found for “Hubschrauber”.…")
	if p.Count("alert", "…") > 0 {
		t.Error("what was wrong before is still said")
	}

	// What is written meanwhile is found as well.
	post(first, "Der Hubschrauber ist geleast")
	p.Find("StaticText", "1 message, the newest first")

	// Escape empties the box, and then leaves it.
	p.Press(kb.Escape)
	p.Gone("region", "Messages")
	focused(p, "searchbox", "Search")
	p.Press(kb.Escape)
	focused(p, "textbox", "Message")
}

// What is found goes at once with the right to read it: in the panel too, while
// it is open, and what was redacted goes as well.
func TestWhatWasFoundGoesWithTheRight(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal, other := anna.Deal(t, "GeldGeldGeld AG", "all"), anna.Deal(t, "Projekt Falke", "all")
	kept, lost := anna.Topic(t, deal, "Forderungen", 1), anna.Topic(t, other, "Geheimsache", 1)
	r.Join(t, anna, "bert", "member", deal, other)
	r.Join(t, anna, "carla", "member", deal, other)
	post := poster(t, r, anna)
	post(kept, "Kaufpreis eins", "Kaufpreis zwei")
	post(lost, "Kaufpreis drei, streng vertraulich")

	signIn(p, r.Plain+"/t/"+kept, "bert", servertest.Password)
	connected(p)
	p.Click("searchbox", "Search")
	p.Insert("kaufpreis")
	p.Find("StaticText", "3 messages, the newest first")

	anna.Must(t, "DELETE", "/api/deals/"+other+"/members/bert", nil, nil, 204)
	p.Find("StaticText", "2 messages, the newest first")
	for _, word := range []string{"Geheimsache", "streng vertraulich", "Falke"} {
		if strings.Contains(servertest.Evaluate[string](p, "document.documentElement.outerHTML"), word) {
			t.Errorf("%q is still in the page of somebody who was removed", word)
		}
	}

	// Narrowed to others: a search that is asked now tells nothing either.
	anna.Must(t, "PATCH", "/api/topics/"+kept, map[string]any{"narrowed": true}, nil, 200)
	p.Find("StaticText", "Nothing found for “kaufpreis”.…")
	anna.Must(t, "PUT", "/api/topics/"+kept+"/members/bert", nil, nil, 204)
	p.Find("StaticText", "2 messages, the newest first")

	// A redaction takes the words out of what was found.
	sender(t, r, anna)(kept, client.Post{Kind: room.Redact, Ref: 1})
	p.Find("StaticText", "1 message, the newest first")
	if strings.Contains(servertest.Evaluate[string](p, "document.documentElement.outerHTML"), "eins") {
		t.Error("redacted words are still in the page")
	}
}

// Whoever has left the search before what helps to ask has come isn't shown it: it
// would lie above the topics. It helps when one comes back.
func TestSearchThatWasLeftBeforeItCameHelpsNoMore(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	f := newFront(t)
	come := make(chan struct{})
	f.with(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/ui/search.js") {
			select {
			case <-come:
			case <-t.Context().Done():
			}
		}
		return false
	})
	signIn(p, f.URL+"/t/"+f.topic, "bert", servertest.Password)
	connected(p)
	p.Type("searchbox", "Search", "ohne")
	p.Press(kb.Escape)
	p.Until("the empty box", func() bool { return p.Find("searchbox", "Search").Value == "" })
	close(come)
	p.Until("what helps to ask", func() bool {
		return servertest.Evaluate[bool](p, `document.querySelector("rr-search")?.getAttribute("role") === "region"`)
	})
	if n := p.Count("button", "from: who wrote it"); n != 0 {
		t.Error("what helps to ask lies above the topics, though one has left the search")
	}
	focused(p, "searchbox", "Search")
	p.Press(kb.Escape)
	focused(p, "textbox", "Message")
	p.Click("searchbox", "Search")
	p.Find("button", "from: who wrote it")
}

// What was found reads as it is meant, without the signs of its markup; and
// nothing says that there is nothing where there is something.
func TestWhatWasFoundIsPlainText(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "GeldGeldGeld AG", "all"), "Forderungen", 1)
	poster(t, r, anna)(topic,
		"> **Stichtag** ist der `30. September`\n\n- so der Prüfer",
		strings.Repeat("Vorher war anderes. ", 5)+"\n| Fall | Stichtag |\n|---|---|\n| A | 30. 9. |",
	)
	signIn(p, r.Plain+"/t/"+topic, "anna", servertest.Password)
	connected(p)
	solidMessages(p, 2)
	p.Press("k", chromedp.ModifierCtrl)
	p.Insert("stichtag")
	p.Find("StaticText", "2 messages, the newest first")
	extracts := servertest.Evaluate[[]string](p, `[...document.querySelectorAll("rr-search .extract")].map((extract) => extract.innerText.replace(/\s+/g, " "))`)
	want := []string{"…anderes. Vorher war anderes. Fall Stichtag A 30. 9.", "Stichtag ist der 30. September – so der Prüfer"}
	if !slices.Equal(extracts, want) {
		t.Errorf("it shows %q, want %q", extracts, want)
	}
	if marked := p.Count("mark", ""); marked != 2 {
		t.Errorf("%d words are marked, want 2", marked)
	}
	if p.Count("StaticText", "No topic…") > 0 {
		t.Error("it says that there is nothing")
	}
	p.SelectAll()
	p.Insert("Hubschrauber")
	p.Find("StaticText", "Nothing found for “Hubschrauber”.…")
	if p.Count("StaticText", "No topic…") > 0 {
		t.Error("it says twice that there is nothing")
	}
}
