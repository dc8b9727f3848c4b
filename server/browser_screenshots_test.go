package server_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server"
	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

var pictures = flag.String("screenshots", "", "`directory` into which TestScreenshots writes all that it looks at, in both languages")

// readmePicture is the one that the README shows; REDROOM_SCREENSHOTS=1 makes
// it anew.
const readmePicture = "../web/test/screenshots/room.png"

// names are what the page says where it isn't English.
var names = map[string]struct{ newTopic, message, edited, history, redact string }{
	"en": {"New topic", "Message", "edited", "History", "Redact"},
	"de": {"Neues Thema", "Nachricht", "bearbeitet", "Fassungen", "Schwärzen"},
}

// The windows that the page is looked at in.
var (
	phone   = image.Pt(390, 780)
	windows = []image.Point{{1280, 800}, {768, 1024}, phone}
)

// Every view of the page, in every width and in light and dark, shows
// something, and fits its window.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	languages := []string{"en"}
	if *pictures != "" {
		languages = []string{"en", "de"}
	}
	fresh := servertest.Start(t)
	demo := servertest.Start(t)
	accounts, err := demo.Server.Demo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	people := enterDemo(t, demo, accounts)
	anna := people[0]
	var deals struct{ Deals []struct{ ID string } }
	anna.Must(t, "GET", "/api/deals", nil, &deals, 200)
	var topics struct{ Topics []struct{ ID string } }
	anna.Must(t, "GET", "/api/deals/"+deals.Deals[0].ID+"/topics", nil, &topics, 200)
	invitation := anna.Invite(t, "member", deals.Deals[0].ID)

	// Those that one sees before one has an account.
	for _, lang := range languages {
		p.Open(demo.Plain + "/?lang=" + lang)
		p.Until("the sign-in's form", func() bool { return p.Count("textbox", "…") == 2 })
		look(t, p, "sign-in", lang, windows...)
		p.Open(demo.Plain + "/invite?lang=" + lang + "#" + invitation)
		p.Until("the invitation's form", func() bool { return p.Count("textbox", "…") == 3 })
		look(t, p, "invitation", lang, windows...)
		p.Open(fresh.Plain + "/setup?lang=" + lang + "#" + fresh.Setup)
		p.Until("the setup's form", func() bool { return p.Count("textbox", "…") == 2 })
		look(t, p, "setup", lang, windows...)
	}

	// The first start, when there is nothing yet.
	p.Open(fresh.Plain + "/setup?lang=en#" + fresh.Setup)
	createAccount(p, "anna")
	connected(p)
	for _, lang := range languages {
		p.Open(fresh.Plain + "/?lang=" + lang)
		p.Find("StaticText", "WebTransport")
		look(t, p, "empty", lang, windows...)
	}

	signIn(p, demo.Plain+"/?lang=en", accounts[0].Name, accounts[0].Password)
	connected(p)
	for _, lang := range languages {
		p.Show(1280, 800, "light")
		p.Open(demo.Plain + "/t/" + topics.Topics[0].ID + "?lang=" + lang)
		solidMessages(p, 5)
		p.Find("StaticText", "WebTransport")
		checked := map[string]string{"en": "Gapless.", "de": "Lückenlos."}[lang]
		p.Find("StaticText", checked)
		look(t, p, "room", lang, windows...)
		p.Show(1280, 800, "light")
		p.Click("button", names[lang].newTopic)
		p.Find("dialog", names[lang].newTopic)
		look(t, p, "new-topic", lang, windows...)
		p.Press(kb.Escape)
		p.Show(int64(phone.X), int64(phone.Y), "light")
		p.Open(demo.Plain + "/?lang=" + lang)
		p.Find("StaticText", "WebTransport")
		look(t, p, "topics", lang, phone)
	}

	// What was changed, while it is being changed, and what was refused.
	topic := topics.Topics[1].ID
	changeDemo(t, demo, people, deals.Deals[0].ID, topic)
	for _, lang := range languages {
		p.Show(1280, 800, "light")
		p.Open(demo.Plain + "/t/" + topic + "?lang=" + lang)
		p.Find("textbox", names[lang].message)
		p.ClickFirst("button", names[lang].edited)
		p.Find("dialog", names[lang].history)
		look(t, p, "history", lang, windows...)
		p.Press(kb.Escape)
		p.Gone("dialog", names[lang].history)
		servertest.Evaluate[any](p, fmt.Sprintf(`document.querySelector("rr-timeline").session.outbox.post(%q, "Das sagt jemand anderes", 1, "edit")`, topic))
		p.Find("alert", "…")
		p.Show(1280, 800, "light")
		p.Click("textbox", names[lang].message)
		p.Press(kb.ArrowUp)
		p.Until("what is edited, where one writes", func() bool { return p.Find("textbox", names[lang].message).Value != "" })
		look(t, p, "editing", lang, windows...)
		p.Press(kb.Escape)
		p.Show(1280, 800, "light")
		p.TabTo("button", names[lang].redact)
		p.Press(kb.Enter)
		p.Find("dialog", names[lang].redact)
		look(t, p, "redact", lang, windows...)
		p.Press(kb.Escape)
		p.Gone("dialog", names[lang].redact)
	}
}

// changeDemo has edits, redactions and a report come into a topic.
func changeDemo(t *testing.T, r *servertest.Room, people []*servertest.API, deal, topic string) {
	t.Helper()
	first, second := sender(t, r, people[0]), sender(t, r, people[1])
	bot := sender(t, r, r.Join(t, people[0], "forderungsbericht", "bot", deal))
	asked := second(topic, client.Post{Body: "Wer prüft die Einzelwertberichtigungen zum Stichtag?"})
	wrong := second(topic, client.Post{Body: "Der Mandant heißt"})
	report := bot(topic, client.Post{Kind: room.Report, Body: `{"Überfällig über 30 Tage":2718300.00,"Überfällig über 90 Tage":1284300.50,"Stand":"21.11.2026 18:12","geprüft":false,"Schuldner":{"Inland":[{"Name":"Nordwerk GmbH","Betrag":800000.00}],"Ausland":[]}}`})
	bot(topic, client.Post{Kind: room.Edit, Ref: report, Body: `{"Überfällig über 30 Tage":2718300.00,"Überfällig über 90 Tage":1284300.50,"Stand":"21.11.2026 18:14","geprüft":true,"Schuldner":{"Inland":[{"Name":"Nordwerk GmbH","Betrag":800000.00}],"Ausland":[]}}`})
	answer := first(topic, client.Post{Kind: room.Text, Ref: asked, Body: "Das mache ich, bis morgen um zehn."})
	first(topic, client.Post{Kind: room.Edit, Ref: answer, Body: "Das mache ich, bis morgen um neun. Den Share Deal rechne ich mit beiden Stichtagen durch."})
	first(topic, client.Post{Kind: room.Edit, Ref: answer, Body: "Das mache ich, bis morgen um neun. Den Share Deal rechne ich mit beiden Stichtagen durch und stelle ihn hier ein."})
	first(topic, client.Post{Kind: room.Redact, Ref: wrong, Body: "Nennt einen Mandanten, der nicht genannt werden darf"})
}

// enterDemo is the demo's people: all of them are there, and one has written
// since the first looked.
func enterDemo(t *testing.T, r *servertest.Room, accounts []server.DemoAccount) (people []*servertest.API) {
	t.Helper()
	for _, account := range accounts {
		a := r.Anonymous(t)
		a.Must(t, "POST", "/api/session", map[string]any{"name": account.Name, "password": account.Password}, nil, 200)
		a.Name = account.Name
		people = append(people, a)
		unreadOf(t, r, a) // it watches, and so it is present
	}
	return people
}

// look takes the page's picture in all windows and colors.
func look(t *testing.T, p *servertest.Page, view, lang string, sizes ...image.Point) {
	t.Helper()
	for _, size := range sizes {
		for _, colors := range []string{"light", "dark"} {
			p.Show(int64(size.X), int64(size.Y), colors)
			name := fmt.Sprintf("%s-%s-%s-%d", view, lang, colors, size.X)
			p.Settle()
			if over := servertest.Evaluate[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
				t.Errorf("%s is %d pixels wider than its window", name, over)
			}
			if small := servertest.Evaluate[[]string](p, smallControls); len(small) > 0 {
				t.Errorf("%s has controls that are hard to hit: %q", name, small)
			}
			picture := p.Picture()
			shown, err := png.Decode(bytes.NewReader(picture))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if shown.Bounds().Size() != size {
				t.Errorf("%s is %v, want %v", name, shown.Bounds().Size(), size)
			}
			if dark := luminance(shown.At(2, 2)) < 0x8000; dark != (colors == "dark") {
				t.Errorf("%s isn't %s", name, colors)
			}
			if share := ink(shown); share < 0.005 {
				t.Errorf("%s is blank: %.2f %% of it is anything but its ground", name, 100*share)
			}
			if *pictures != "" {
				write(t, filepath.Join(*pictures, name+".png"), picture)
			}
			if name == "room-en-light-1280" && os.Getenv("REDROOM_SCREENSHOTS") == "1" {
				write(t, readmePicture, picture)
			}
		}
	}
}

// smallControls are those that are lower than 32 pixels, or than 44 where
// fingers press them. What shows up only under the keyboard has no height before.
const smallControls = `(() => {
	const least = matchMedia("(pointer: coarse)").matches ? 44 : 32;
	return [...document.querySelectorAll("button, input, select, textarea, nav a")]
		.map((control) => ({ control, box: control.getBoundingClientRect() }))
		.filter(({ control, box }) => box.height > 1 && box.height < least && control.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
		.map(({ control, box }) => control.outerHTML.slice(0, 80) + " is " + box.height);
})()`

// ink is the share of a picture that isn't of its most frequent color.
func ink(picture image.Image) float64 {
	counts := map[color.Color]int{}
	most, b := 0, picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := picture.At(x, y)
			counts[c]++
			most = max(most, counts[c])
		}
	}
	return 1 - float64(most)/float64(b.Dx()*b.Dy())
}

func luminance(c color.Color) uint16 { return color.Gray16Model.Convert(c).(color.Gray16).Y }

func write(t *testing.T, path string, octets []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, octets, 0o644); err != nil {
		t.Fatal(err)
	}
}
