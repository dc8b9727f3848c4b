package server_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// TestPageCalculatesForOneself has the server calculate, sees the result in the
// composer and nowhere else, and posts it.
func TestPageCalculatesForOneself(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	r.open(p)
	connected(p)
	calculate := func(what string) {
		p.Type("textbox", "Message", "/calc "+what)
		p.Press(kb.Enter)
	}
	calculate("1 / 0")
	p.Find("StaticText", "1 / 0 has no result here…")
	draftIs(p, "/calc 1 / 0")
	calculate("seven")
	p.Find("StaticText", "Write it as 1250000 * 7.5…")
	calculate("1250000 * 7.5")
	p.Find("StaticText", "Nobody else sees the result…")
	draftIs(p, "1250000 * 7.5 = 9375000")
	if posted := r.bodies(t); len(posted) != 0 {
		t.Errorf("before it is sent, the topic has %v", posted)
	}
	p.Press(kb.Enter)
	shows(p, "1250000 * 7.5 = 9375000")
}
