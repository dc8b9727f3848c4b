package server_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// Who somebody is, is a press away wherever their name stands, and says nothing
// that the room doesn't know: and from there one talks to them.
func TestAProfileSaysWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	p, carla := servertest.OpenPage(t), servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	other := anna.Deal(t, "Projekt Falke", "all")
	secret := anna.Deal(t, "Geheim", "all")
	topic := anna.Topic(t, deal, "Forderungen", 1)
	bert := r.Join(t, anna, "bert", "member", deal, other)
	r.Join(t, anna, "carla", "observer", deal, other, secret)
	poster(t, r, bert)(topic, "Guten Morgen")
	poster(t, r, anna)(topic, "Danke")

	signIn(p, r.Plain+"/t/"+topic, "bert", servertest.Password)
	connected(p)
	solidMessages(p, 2)

	// From the log.
	p.Click("button", "anna")
	p.Find("dialog", "anna")
	p.Find("StaticText", "Admin")
	p.Find("StaticText", "online")
	p.Press(kb.Escape)
	p.Gone("dialog", "anna")

	// From the list of who can read, which says so in a sentence.
	p.Find("StaticText", "Everybody in …")
	p.Click("button", "Carla, not here")
	p.Find("dialog", "Carla")
	p.Find("StaticText", "GeldGeldGeld AG")
	p.Find("StaticText", "Projekt Falke")
	if p.Count("StaticText", "…Geheim…") > 0 {
		t.Error("the profile names a deal that isn't one's own")
	}
	p.Click("button", "Message")
	p.Find("heading", "Carla")
	p.Find("textbox", "Message")
	p.Find("StaticText", "Only the two of you can read here, and no admin.")

	// The conversation stands in the list with whether the other one is here.
	p.Find("link", "Carla not here")
	signIn(carla, r.Plain+"/", "carla", servertest.Password)
	p.Find("link", "Carla online")

	// Who is removed is somebody of whom there is nothing in common.
	anna.Must(t, "DELETE", "/api/deals/"+other+"/members/carla", nil, nil, 204)
	openTopic(p, "Forderungen")
	p.Click("button", "Carla, online")
	p.Find("StaticText", "GeldGeldGeld AG")
	p.Gone("StaticText", "Projekt Falke")
	anna.Must(t, "DELETE", "/api/deals/"+deal+"/members/carla", nil, nil, 204)
	p.Find("StaticText", "not in any of your deals now")
	p.Gone("button", "Message")
}
