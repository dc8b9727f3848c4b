package server_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// draftIs waits until the composer has this in it.
func draftIs(p *servertest.Page, text string) {
	p.Until("the draft "+text, func() bool {
		found := p.Find("textbox", "Message")
		return found.Value == text
	})
}

// What one writes and doesn't send stays in its topic: over a change of topics,
// a reload, and a browser's end in the middle of it.
func TestDraftsStayInTheirTopicsWhateverHappensToTheBrowser(t *testing.T) {
	t.Parallel()
	profile := t.TempDir()
	p := servertest.OpenPageIn(t, profile)
	r := newOutboxRoom(t)
	r.anna.Topic(t, r.deal, "Einlagen", 2)
	poster(t, r.Room, r.anna)(r.topic, "Wer schreibt?")
	r.open(p)
	connected(p)
	p.Type("textbox", "Message", "Halb fertig")
	openTopic(p, "Einlagen")
	draftIs(p, "")
	p.Find("link", "1 Nothing is lost draft")
	p.Type("textbox", "Message", "Anderswo")
	openTopic(p, "Nothing is lost")
	draftIs(p, "Halb fertig")
	p.TabTo("button", "Reply to anna")
	p.Press(kb.Enter)
	p.Find("button", "Don’t reply")
	p.Insert(" und mehr")
	draftIs(p, "Halb fertig und mehr")
	keepsWords(p, "Halb fertig und mehr", "Anderswo")
	p.Reload()
	connected(p)
	draftIs(p, "Halb fertig und mehr")
	p.Find("button", "Don’t reply")
	p.Find("link", "2 Einlagen draft")
	p.Kill()

	again := servertest.OpenPageIn(t, profile)
	again.Be(r.anna)
	again.Open(r.address())
	connected(again)
	draftIs(again, "Halb fertig und mehr")
	again.Click("button", "Send")
	shows(again, "Wer schreibt?", "Halb fertig und mehr")
	losesWords(again, "Halb fertig")
	openTopic(again, "Einlagen")
	draftIs(again, "Anderswo")
}

// Where somebody may read only from later on, the topic goes and comes back at
// once: with what is being written, and what wasn't sent.
func TestDraftsAndUnsentPostsOutliveThatOneMayReadFromLaterOn(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	bert := r.Join(t, r.anna, "bert", "member", r.deal)
	say := poster(t, r.Room, r.anna)
	say(r.topic, "Früher")
	say(r.topic, "Später")
	p.Be(bert)
	p.Open(r.address())
	connected(p)
	shows(p, "Früher", "Später")
	p.Type("textbox", "Message", "Ich schreibe gerade")
	r.anna.Must(t, "PATCH", "/api/topics/"+r.topic+"/members/bert", map[string]any{"from": 2}, nil, 204)
	shows(p, "Später")
	draftIs(p, "Ich schreibe gerade")
	focused(p, "textbox", "Message")
	p.Insert(" weiter")
	p.Press(kb.Enter)
	shows(p, "Später", "Ich schreibe gerade weiter")

	// Who isn't let in again has none of it left.
	p.Type("textbox", "Message", "Das bleibt nicht")
	keepsWords(p, "Das bleibt nicht")
	r.anna.Must(t, "DELETE", "/api/deals/"+r.deal+"/members/"+bert.Name, nil, nil, 204)
	p.Find("heading", "This topic isn’t here")
	losesWords(p, "Das bleibt nicht")
	p.Until("the draft to be gone from the page", func() bool { return len(p.Mentions("Das bleibt nicht")) == 0 })
}

// losesDrafts waits until this browser keeps nothing that is being written.
func losesDrafts(p *servertest.Page) {
	p.Until("no draft in the store", func() bool {
		var kept map[string][]any
		return json.Unmarshal([]byte(p.Kept()), &kept) == nil && len(kept["drafts"]) == 0
	})
}

// Tabs of one person are in step: what was read, what is being written, and that
// one has signed out.
func TestTwoTabsStayInStep(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	other := r.anna.Topic(t, r.deal, "Einlagen", 2)
	bert := r.Join(t, r.anna, "bert", "member", r.deal)
	p.Be(bert)
	tab := p.Tab()
	for _, page := range []*servertest.Page{p, tab} {
		page.Open(r.Plain + "/t/" + other)
		connected(page)
	}

	// The second tab has no channel to that topic: what is unread there it has from
	// the room alone.
	say := poster(t, r.Room, r.anna)
	for _, text := range []string{"eins", "zwei", "drei"} {
		say(r.topic, text)
	}
	tab.Find("link", "1 Nothing is lost 3 unread")
	openTopic(p, "Nothing is lost")
	shows(p, "eins", "zwei", "drei")
	tab.Gone("link", "1 Nothing is lost 3 unread")
	tab.Find("link", "1 Nothing is lost")

	// A draft appears where nobody writes, goes on there, and goes when it is sent.
	p.Type("textbox", "Message", "Ein Entwurf")
	tab.Find("link", "1 Nothing is lost draft")
	openTopic(tab, "Nothing is lost")
	draftIs(tab, "Ein Entwurf")
	p.Click("textbox", "Message")
	p.Press("!")
	draftIs(tab, "Ein Entwurf!")
	p.Press(kb.Enter)
	draftIs(tab, "")
	shows(tab, "eins", "zwei", "drei", "Ein Entwurf!")

	// What is sent from the tab where it wasn't typed isn't left where it was, not
	// even on the disk; other words are.
	p.Type("textbox", "Message", "Gleich abgeschickt")
	draftIs(tab, "Gleich abgeschickt")
	tab.Click("textbox", "Message")
	tab.Press(kb.Enter)
	draftIs(p, "")
	shows(p, "eins", "zwei", "drei", "Ein Entwurf!", "Gleich abgeschickt")
	losesDrafts(p)
	p.Reload()
	connected(p)
	shows(p, "eins", "zwei", "drei", "Ein Entwurf!", "Gleich abgeschickt")
	draftIs(p, "")
	p.Type("textbox", "Message", "Noch einer")
	draftIs(tab, "Noch einer")

	// Signing out ends both, and leaves nothing.
	tab.Click("button", "Sign out")
	tab.Find("textbox", "Password")
	p.Find("textbox", "Password")
	losesWords(p, "Noch einer", "eins", "Einlagen", "bert")
}

// What one writes in place of an old message stays, also where that message isn't
// held: in a tab beside, and after a reload. What is redacted goes all the same.
func TestEditsOfMessagesThatAreNotHereAreKept(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t, "--posts-per-second", "1000")
	bert := r.Join(t, r.anna, "bert", "member", r.deal)
	other := r.anna.Topic(t, r.deal, "Einlagen", 2)
	poster(t, r.Room, bert)(r.topic, "Ein altes Wort")
	say := poster(t, r.Room, r.anna)
	p.Be(bert)
	p.Open(r.address())
	connected(p)
	p.ClickFirst("button", "Edit")
	p.Insert(" neu geschrieben")
	const edit = "Ein altes Wort neu geschrieben"
	draftIs(p, edit)
	keepsWords(p, edit)
	var later []string
	for i := range 400 {
		later = append(later, fmt.Sprintf("Später %d", i))
	}
	say(r.topic, later...)

	// A tab that is elsewhere throws nothing away, nor does it when it comes there.
	tab := p.Tab()
	tab.Open(r.Plain + "/t/" + other)
	connected(tab)
	tab.Find("link", "1 Nothing is lost draft")
	openTopic(tab, "Nothing is lost")
	draftIs(tab, edit)
	draftIs(p, edit)
	tab.CloseTab()
	p.Reload()
	connected(p)
	draftIs(p, edit)
	p.Find("button", "Save")

	seq := sender(t, r.Room, r.anna)(r.topic, client.Post{Kind: room.Redact, Ref: 1, Body: "Falsch"})
	p.Find("StaticText", fmt.Sprintf("Checked to %d", seq))
	p.Find("StaticText", "The message was redacted meanwhile, so there is nothing left to edit.")
	draftIs(p, "")
	losesWords(p, "neu geschrieben")
}

// Whoever leaves the page is asked where what he has begun would be lost, and nowhere
// else.
func TestPageAsksBeforeWhatWasBegunIsLost(t *testing.T) {
	t.Parallel()
	for kept, asks := range map[string]bool{"kept": false, "not kept": true} {
		t.Run(kept, func(t *testing.T) {
			p := servertest.OpenPage(t)
			if asks {
				p.OnNewDocument(`indexedDB.open = () => new EventTarget()`) // it never answers
			}
			r := newOutboxRoom(t)
			p.Be(r.anna)
			p.Open(r.address())
			connected(p)
			p.Open("about:blank")
			p.Open(r.address())
			connected(p)
			if n := p.Asked(); n > 0 {
				t.Errorf("where nothing was begun it asked %d times", n)
			}
			if asks {
				p.Until("the page to say that nothing is kept", func() bool { return len(p.Mentions("This browser keeps nothing here: "+unkept)) > 0 })
			}
			p.Type("textbox", "Message", "Noch nicht fertig")
			p.Open("about:blank")
			p.Open(r.address())
			connected(p)
			if asked := p.Asked() > 0; asked != asks {
				t.Errorf("that it asked is %v", asked)
			}
		})
	}
}
