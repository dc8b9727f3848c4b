package server_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// A name, a command and an emoji are completed where one writes, by the
// keyboard alone.
func TestCompletionOffersWhatFitsHere(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	r.Join(t, r.anna, "bert", "member", r.deal)
	r.Join(t, r.anna, "berta", "member", r.deal)
	// Who can't read here isn't offered.
	r.Join(t, r.anna, "bernd", "member", r.anna.Deal(t, "Kohle AG", "all"))
	poster(t, r.Room, r.anna)(r.topic, "eins", "zwei")
	r.open(p)
	connected(p)
	p.Find("textbox", "Message")
	p.Click("textbox", "Message")

	p.Insert("Frag @be")
	p.Find("listbox", "Suggestions")
	p.Find("option", "Bert @bert")
	p.Find("option", "Berta @berta")
	if p.Count("option", "Bernd…") > 0 {
		t.Error("somebody is offered who can't read here")
	}
	p.Press(kb.ArrowDown)
	p.Press(kb.Enter)
	draftIs(p, "Frag @berta ")
	p.Gone("listbox", "Suggestions")

	// Escape leaves it as it is; smileys and times open nothing.
	p.Insert("@be")
	p.Find("listbox", "Suggestions")
	p.Press(kb.Escape)
	p.Gone("listbox", "Suggestions")
	p.Press("r")
	p.Insert(" um 12:30 :) ")
	p.Gone("listbox", "Suggestions")
	p.Insert(":rake")
	p.Find("option", "🚀 rakete")
	p.Press(kb.Tab)
	draftIs(p, "Frag @berta @ber um 12:30 :) 🚀")
	p.Press(kb.Enter)
	shows(p, "eins", "zwei", "Frag @berta @ber um 12:30 :) 🚀")

	// Commands.
	p.Insert("/se")
	p.Find("option", "/search words…")
	p.Press(kb.ArrowDown)
	p.Press(kb.Enter)
	draftIs(p, "/settings ")
	p.Press(kb.Enter)
	p.Find("dialog", "Settings")
	p.Press(kb.Escape)
	p.Gone("dialog", "Settings")
	draftIs(p, "")
	p.Type("textbox", "Message", "/goto 1")
	p.Press(kb.Enter)
	p.Until("the message to have the focus", func() bool { return p.Focus().Role == "article" })
	p.Type("textbox", "Message", "/setings")
	p.Press(kb.Enter)
	p.Find("alert", "…")
	p.Find("StaticText", "There is no command /setings.…")
	p.Type("textbox", "Message", "//setings")
	p.Press(kb.Enter)
	p.Type("textbox", "Message", "/etc/hosts fehlt")
	p.Press(kb.Enter)
	shows(p, "eins", "zwei", "Frag @berta @ber um 12:30 :) 🚀", "/setings", "/etc/hosts fehlt")
	p.Type("textbox", "Message", "/message bert")
	p.Press(kb.Enter)
	p.Find("heading", "Bert")
}
