package server_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/peer"
	"redroom/server/servertest"
)

// listen has somebody reached directly, by a peer that listens, until leave.
func listen(t *testing.T, r *servertest.Room, as *servertest.API) (leave func()) {
	t.Helper()
	listening, err := peer.Listen(t.Context(), peer.Config{Name: as.Name, Directory: r.Connect(t, as)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- listening.Run(ctx) }()
	leave = sync.OnceFunc(func() {
		stop()
		if err := <-over; err != nil {
			t.Errorf("%s as a peer: %v", as.Name, err)
		}
	})
	t.Cleanup(leave)
	return leave
}

// Who can be reached directly is marked where one sees who can read, in words
// for who doesn't see it, for as long as it is so; and the profile says how.
func TestWhoCanBeReachedDirectlyIsShown(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Forderungen", 1)
	bert := r.Join(t, anna, "bert", "member", deal)
	carla := r.Join(t, anna, "carla", "member", deal)
	p.Be(anna)
	p.Open(r.Plain + "/t/" + topic)
	connected(p)
	p.Find("button", "Carla, not here")

	leave := listen(t, r, carla)
	p.Find("button", "Carla, online, can be reached directly")
	p.Click("button", "Carla, online, …")
	p.Find("dialog", "Carla")
	p.Find("StaticText", "…can be reached directly. What the two of you say that way goes through no server, …")
	p.Find("StaticText", "redroom peer")
	p.Find("StaticText", "/msg carla …")
	p.Click("button", "Copy")
	p.Find("button", "Copied")
	p.Press(kb.Escape)
	p.Gone("dialog", "Carla")

	// It is nobody else who can be.
	r.Connect(t, bert)
	p.Click("button", "Bert, online")
	p.Find("dialog", "Bert")
	p.Find("StaticText", "online")
	if p.Count("StaticText", "redroom peer") > 0 {
		t.Error("of bert, who can't be reached directly, it is said how")
	}
	p.Press(kb.Escape)
	p.Gone("dialog", "Bert")

	// One's own mark says that one can be reached, and not how to reach oneself.
	leaveAsAnna := listen(t, r, anna)
	p.Click("button", "anna (you), online, can be reached directly")
	p.Find("StaticText", "You can be reached directly …")
	if p.Count("StaticText", "redroom peer") > 0 {
		t.Error("one is told how to reach oneself")
	}
	leaveAsAnna()
	p.Gone("StaticText", "You can be reached directly …")
	p.Press(kb.Escape)
	p.Find("button", "anna (you), online")

	// Who leaves can't be any more, though still here.
	leave()
	p.Find("button", "Carla, online")
}

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

// Where an admin wants a deal to show it, one sees of each message who has read
// it and who hasn't; elsewhere nothing of it is offered.
func TestWhoHasReadIsShownWhereTheDealWantsIt(t *testing.T) {
	t.Parallel()
	p, admin := servertest.OpenPage(t), servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Forderungen", 1)
	bert := r.Join(t, anna, "bert", "member", deal)
	carla := r.Join(t, anna, "carla", "member", deal)
	post := poster(t, r, bert)
	post(topic, "Wer liest das?")

	signIn(p, r.Plain+"/t/"+topic, "carla", servertest.Password)
	connected(p)
	solidMessages(p, 1)
	p.Until("carla's read mark", func() bool { return unreadOf(t, r, carla)(topic) == "0" })
	if n := p.Count("button", "Read by"); n > 0 {
		t.Error("it is offered where the deal doesn't show it")
	}

	// The admin is told what it means before it is so.
	signIn(admin, r.Plain+"/admin", "anna", servertest.Password)
	admin.Click("link", "Deals")
	admin.Click("link", "GeldGeldGeld AG…")
	admin.Click("checkbox", "Show who has read")
	admin.Click("button", "Save")
	admin.Find("dialog", "Change the deal")
	admin.Find("StaticText", "…sees from then on who has read up to where, what was read before included.")
	admin.Click("button", "Change the deal")
	admin.Gone("dialog", "Change the deal")
	admin.Click("link", "Audit")
	admin.Find("StaticText", "… lets everybody in …")

	p.Find("button", "Read by")
	post(topic, "Und das?")
	solidMessages(p, 2)
	p.ClickFirst("button", "Read by")
	p.Find("dialog", "Who has read this")
	p.Find("heading", "Has been read by (1)")
	p.Find("heading", "Not yet (1)")
	if text := p.Find("dialog", "Who has read this"); text.Name == "" {
		t.Error("the dialog has no name")
	}
	lists := servertest.Evaluate[[]string](p, `[...document.querySelectorAll("dialog ul")].map((list) => list.textContent)`)
	if len(lists) != 2 || !strings.HasSuffix(lists[0], "Carla") || !strings.HasSuffix(lists[1], "anna") {
		t.Errorf("have and haven't read: %q, want carla, then anna, and not who wrote it", lists)
	}
	p.Press(kb.Escape)
	p.Gone("dialog", "Who has read this")

	// It ends as it began.
	anna.Must(t, "PATCH", "/api/deals/"+deal, map[string]any{"receipts": false}, nil, 200)
	p.Gone("button", "Read by")
}
