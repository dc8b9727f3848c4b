package server_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// Everything that one does in the room, without a mouse.
func TestPageWorksByTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	first, second := anna.Topic(t, deal, "Forderungen", 1), anna.Topic(t, deal, "Einlagen", 2)
	poster(t, r, anna)(second, "Wer prüft das?")
	r.Join(t, anna, "bert", "member", deal)

	p.Open(r.Plain + "/")
	focused(p, "textbox", "User name")
	p.Insert("bert")
	p.TabTo("textbox", "Password")
	p.Insert("not the password at all")
	p.Press(kb.Enter)
	p.Find("alert", "…")
	focused(p, "textbox", "Password")
	p.SelectAll()
	p.Insert(servertest.Password)
	p.Press(kb.Enter)
	connected(p)
	p.Find("heading", "Forderungen")

	// By the list, and back by the shortcut.
	p.TabTo("link", "2 Einlagen…")
	p.Press(kb.Enter)
	p.Find("heading", "Einlagen")
	focused(p, "textbox", "Message")
	p.Press(kb.ArrowUp, chromedp.ModifierAlt)
	p.Find("heading", "Forderungen")
	p.Press(kb.ArrowDown, chromedp.ModifierAlt)
	p.Find("heading", "Einlagen")
	if want := r.Plain + "/t/" + second; p.Address() != want {
		t.Errorf("the page is at %s, want %s (not %s)", p.Address(), want, first)
	}

	// Shift and Enter break a line, Enter sends.
	focused(p, "textbox", "Message")
	p.Insert("Ich")
	p.Press(kb.Enter, chromedp.ModifierShift)
	p.Insert("und du")
	p.Press(kb.Enter)
	reads(t, p, "Wer prüft das?", "Ich\nund du")

	// What can be done with a message is in the tab order.
	p.TabTo("button", "Reply to Bert")
	p.Press(kb.Enter)
	focused(p, "textbox", "Message")
	p.Find("button", "Don’t reply")
	p.Insert("Nur ich")
	p.Press(kb.Enter)
	reads(t, p, "Wer prüft das?", "Ich\nund du", "Nur ich")
	p.Find("link", "In reply to Bert…")

	// A search by its shortcut opens the first that fits.
	p.Press("k", chromedp.ModifierCtrl)
	focused(p, "searchbox", "Search")
	p.Insert("forder")
	p.Gone("link", "2 Einlagen…")
	p.Press(kb.Enter)
	p.Find("heading", "Forderungen")

	p.TabTo("button", "Sign out")
	p.Press(kb.Enter)
	focused(p, "textbox", "User name")
}

func focused(p *servertest.Page, role, name string) {
	p.Until("the focus on "+role+" "+name, func() bool {
		at := p.Focus()
		return at.Role == role && at.Name == name
	})
}
