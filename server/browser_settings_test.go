package server_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// What Enter does is a setting, of this browser and of the one who set it, in
// all of its tabs; Ctrl and Enter send in any case.
func TestEnterSendsOrBreaksTheLineAsOneHasSet(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	p.Be(r.anna)
	p.Open(r.address())
	connected(p)
	other := p.Tab()
	other.Open(r.address())
	connected(other)

	p.Click("button", "Settings")
	p.Find("dialog", "Settings")
	focused(p, "radio", "Enter sends, Shift and Enter break a line")
	p.Press(kb.ArrowDown)
	focused(p, "radio", "Enter breaks a line, Shift and Enter send")
	p.Press(kb.Escape)
	p.Gone("dialog", "Settings")

	type in struct {
		page  *servertest.Page
		first string
	}
	var said []string
	// The same words in both would be one draft, which is gone in both when it is sent.
	for _, c := range []in{{p, "Erste Zeile"}, {other, "Auch hier"}} {
		c.page.Type("textbox", "Message", c.first)
		c.page.Press(kb.Enter)
		c.page.Insert("zweite")
		c.page.Press(kb.Enter, chromedp.ModifierShift)
		said = append(said, c.first+"\nzweite")
		shows(p, said...)
	}
	p.Reload()
	connected(p)
	p.Type("textbox", "Message", "Nach dem Laden")
	p.Press(kb.Enter)
	p.Insert("noch immer")
	p.Press(kb.Enter, chromedp.ModifierCtrl)
	said = append(said, "Nach dem Laden\nnoch immer")
	shows(p, said...)

	p.Click("button", "Settings")
	p.Click("radio", "Enter sends, Shift and Enter break a line")
	p.Click("button", "Close")
	p.Type("textbox", "Message", "Wie zuvor")
	p.Press(kb.Enter)
	shows(p, append(said, "Wie zuvor")...)
}
