package server_test

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// state is what the page can be found in: a view, or a dialog above one. It is
// reached from anywhere, and may leave anything open behind it.
type state struct {
	name  string
	reach func(s *stage)
	phone bool // it is there only where the window is narrow
	sheet bool // it has a contact sheet
}

// states are all views and dialogs of the page. What the page can newly show
// gets a line here, and is looked at by every test that has the page in all
// its states: TestEveryStateOfThePage, TestContactSheets.
//
// The order matters where somebody has to be signed out.
var states = []state{
	{name: "sign-in", sheet: true, reach: func(s *stage) {
		s.open(s.room, "/")
		s.p.Find("button", s.word("signIn.submit"))
	}},
	{name: "setup", reach: func(s *stage) {
		s.open(s.fresh, "/setup#"+s.fresh.Setup)
		s.p.Find("button", s.word("account.create"))
	}},
	{name: "invitation", sheet: true, reach: func(s *stage) {
		s.open(s.room, "/invite#"+s.people["anna"].Invite(s.t, "observer", s.deal))
		s.p.Find("button", s.word("account.create"))
	}},
	{name: "check", reach: func(s *stage) {
		s.open(s.room, "/check")
		s.p.Until("all ways to be tried", func() bool { return !s.p.Find("button", s.word("check.copy")).Disabled })
	}},
	{name: "empty", sheet: true, reach: func(s *stage) {
		if s.fresh.Setup != "" {
			s.fresh.Anonymous(s.t).Must(s.t, "POST", "/api/setup", map[string]any{"token": s.fresh.Setup, "name": "anna", "password": servertest.Password}, nil, 201)
			s.fresh.Setup = ""
		}
		s.p.Be(s.fresh.SignIn(s.t, "anna"))
		s.open(s.fresh, "/")
		s.p.Find("button", s.word("beginning.firstDealDo"))
		s.p.UntilText("status", s.word("connection.label"), "WebTransport")
	}},
	{name: "room", sheet: true, reach: func(s *stage) { s.topic("anna", 0) }},
	{name: "topics", phone: true, reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Show(360, 740, "light")
		s.p.Click("link", s.word("room.back"))
		s.p.Find("navigation", s.word("topics.label"))
	}},
	{name: "people", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Show(360, 740, "light")
		s.p.Click("button", s.word("room.who")+"…")
		s.p.Find("complementary", s.word("room.who"))
	}, phone: true},
	{name: "unread", sheet: true, reach: func(s *stage) {
		s.topic("anna", 2)
		s.open(s.room, "/check")
		for _, body := range []string{"Nachtrag: Die Einzahlung ist für den 4. Dezember zugesagt.", "Der Beleg kommt mit der Post.", "Bitte bis Freitag prüfen, ob das für den Vollzug reicht."} {
			s.posts["jonas"](s.topics[2], client.Post{Kind: room.Text, Body: body})
			s.theirs = append(s.theirs, body)
		}
		s.enter("anna", "/t/"+s.topics[2])
		s.p.Until("the line above what is new", func() bool { return len(s.p.Mentions(strings.Trim(s.word("log.newSince"), "…⟦⟧"))) > 0 })
	}},
	{name: "nothing-yet", reach: func(s *stage) {
		s.enter("anna", "/t/"+s.topics[3])
		s.p.Find("heading", s.word("log.empty"))
	}},
	{name: "no-such-topic", reach: func(s *stage) {
		s.enter("anna", "/t/nowhere")
		s.p.Find("heading", s.word("room.gone"))
	}},
	{name: "forms", reach: func(s *stage) {
		s.topic("anna", 4)
		s.p.Find("region", s.word("text.table"))
		s.p.Find("button", s.begin("text.allLines"))
	}},
	{name: "unfolded", reach: func(s *stage) {
		s.topic("anna", 4)
		s.p.Click("button", s.begin("text.allLines"))
		s.p.Find("button", s.word("text.less"))
	}},
	{name: "reports", sheet: true, reach: func(s *stage) { s.reports() }},
	{name: "report-unfolded", reach: func(s *stage) {
		s.reports()
		s.p.ClickFirst("DisclosureTriangle", s.word("report.origin"))
		s.p.Find("StaticText", s.word("report.source"))
	}},
	{name: "direct", reach: func(s *stage) {
		s.enter("anna", "/t/"+s.direct)
		s.p.Find("heading", "Miriam Brandt")
		s.p.Find("textbox", s.word("composer.label"))
	}},
	{name: "completing-name", reach: func(s *stage) { s.complete("@") }},
	{name: "completing-command", reach: func(s *stage) { s.complete("/") }},
	{name: "completing-emoji", reach: func(s *stage) { s.complete(":fa") }},
	{name: "failed", sheet: true, reach: func(s *stage) {
		s.topic("anna", 1)
		servertest.Evaluate[any](s.p, fmt.Sprintf(`document.querySelector("rr-timeline").session.outbox.post(%q, "Das sagt jemand anderes", 1, "edit")`, s.topics[1]))
		s.p.Find("alert", "…")
		s.theirs = append(s.theirs, "Das sagt jemand anderes")
	}},
	{name: "editing", sheet: true, reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Click("textbox", s.word("composer.label"))
		s.p.Press(kb.ArrowUp)
		s.p.Until("what is edited, where one writes", func() bool { return s.p.Find("textbox", s.word("composer.label")).Value != "" })
	}},
	{name: "history", sheet: true, reach: func(s *stage) {
		s.topic("anna", 1)
		s.p.ClickFirst("button", s.word("log.edited"))
		s.p.Find("dialog", s.word("history.title"))
	}},
	{name: "redact", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.TabTo("button", s.word("log.redact"))
		s.p.Press(kb.Enter)
		s.p.Find("dialog", s.word("log.redact"))
	}},
	{name: "help", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Click("button", s.word("help.title"))
		s.p.Find("dialog", s.word("help.title"))
	}},
	{name: "settings", sheet: true, reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Click("button", s.word("settings.title"))
		s.p.Find("dialog", s.word("settings.title"))
	}},
	{name: "search", sheet: true, reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Type("searchbox", s.word("topics.search"), "Stichtag")
		s.p.Until("what was found", func() bool { return s.p.Count("list", s.word("search.title")) == 1 && s.p.Count("mark", "") > 1 })
	}},
	{name: "search-on-a-phone", phone: true, reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Show(360, 740, "light")
		s.p.Click("link", s.word("room.back"))
		s.p.Type("searchbox", s.word("topics.search"), "Stichtag")
		s.p.Until("what was found", func() bool { return s.p.Count("mark", "") > 1 })
	}},
	{name: "search-nothing", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Type("searchbox", s.word("topics.search"), "Hubschrauberlandeplatz")
		s.theirs = append(s.theirs, "Hubschrauberlandeplatz")
		s.p.Until("that there is nothing", func() bool {
			return servertest.Evaluate[bool](s.p, `document.querySelector("rr-search .told[data-none]") !== null`)
		})
	}},
	{name: "completing-search", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Type("searchbox", s.word("topics.search"), "from:")
		s.p.Find("list", s.word("search.completions"))
	}},
	{name: "notices", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Click("button", s.begin("bell.button"))
		s.p.Find("dialog", s.word("notices.topicTitle"))
	}},
	{name: "asking", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Press("k", chromedp.ModifierCtrl)
		s.p.Find("button", "from:…")
	}},
	{name: "profile", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Click("button", "Jonas Weber, …")
		s.p.Find("dialog", "Jonas Weber")
		s.p.Find("StaticText", s.word("profile.terminal"))
	}},
	{name: "day", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.Click("button", s.word("day.title"))
		s.p.Find("dialog", s.word("day.title"))
	}},
	{name: "read-by", reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.TabTo("button", s.word("log.readers"))
		s.p.Press(kb.Enter)
		s.p.Find("dialog", s.word("readBy.title"))
		s.p.Until("who has", func() bool { return s.p.Count("StaticText", s.word("readBy.loading")) == 0 })
	}},
	{name: "new-deal", reach: func(s *stage) { s.dialog("topics.newDeal") }},
	{name: "new-topic", reach: func(s *stage) { s.dialog("topics.newTopic") }},
	{name: "invite", reach: func(s *stage) {
		s.dialog("topics.invite")
		s.p.Click("button", s.word("dialog.create"))
		s.p.Find("textbox", s.word("dialog.link"))
	}},
	{name: "observer-at-admin", reach: func(s *stage) {
		s.p.Be(s.people["miriam"])
		s.open(s.room, "/admin")
		s.p.Find("heading", s.word("admin.onlyAdmins"))
	}},
	// Those who get a second factor here have no other sign-in afterwards.
	{name: "account", reach: func(s *stage) { s.account("jonas") }},
	{name: "account-password", reach: func(s *stage) {
		s.account("jonas")
		s.p.Click("button", s.word("password.change"))
		s.p.Find("dialog", s.word("password.change"))
	}},
	{name: "account-app", sheet: true, reach: func(s *stage) {
		s.account("jonas")
		s.p.Click("button", s.word("codes.setUp"))
		s.p.Find("image", s.word("codes.qr"))
	}},
	{name: "account-recovery", reach: func(s *stage) {
		s.account("miriam")
		s.p.Click("button", s.word("codes.setUp"))
		s.p.Find("image", s.word("codes.qr"))
		s.p.Type("textbox", s.word("codes.code"), s.p.App().Code(s.t))
		s.p.Press(kb.Enter)
		s.p.Find("dialog", s.word("recovery.title"))
	}},
	{name: "account-passkey", reach: func(s *stage) {
		s.account("jonas")
		s.p.Click("button", s.word("passkeys.add"))
		s.p.Find("dialog", s.word("passkeys.add"))
	}},
	{name: "account-new-token", reach: func(s *stage) {
		s.account("jonas")
		s.p.Click("button", s.word("tools.add"))
		s.p.Find("dialog", s.word("tools.add"))
	}},
	{name: "account-token", reach: func(s *stage) {
		s.account("jonas")
		s.p.Click("button", s.word("tools.add"))
		s.p.Type("textbox", s.word("own.label"), "Bericht der Nacht")
		s.theirs = append(s.theirs, "Bericht der Nacht")
		s.p.Press(kb.Enter)
		s.p.Find("textbox", s.word("tools.token"))
	}},
	// With all that an account can have: it takes a second factor to sign in from here on.
	{name: "account-full", sheet: true, reach: func(s *stage) {
		jonas := s.room.SignIn(s.t, "jonas")
		jonas.Must(s.t, "POST", "/api/users/jonas/tokens", map[string]any{"label": "Forderungsbericht", "role": "member"}, nil, 201)
		s.account("jonas")
		s.p.Authenticator()
		s.p.Click("button", s.word("passkeys.add"))
		s.p.Type("textbox", s.word("own.label"), "Notebook")
		s.theirs = append(s.theirs, "Notebook")
		s.p.Press(kb.Enter)
		s.p.Click("checkbox", s.word("recovery.kept"))
		s.p.Click("button", s.word("recovery.go"))
		s.p.Find("button", s.word("recovery.renew"))
	}},
	{name: "admin-users", reach: func(s *stage) { s.administer("users") }},
	{name: "admin-user", reach: func(s *stage) { s.administer("users/miriam") }},
	{name: "admin-deals", reach: func(s *stage) { s.administer("deals") }},
	{name: "admin-deal", sheet: true, reach: func(s *stage) { s.administer("deals/" + s.deal) }},
	{name: "admin-topic", reach: func(s *stage) { s.administer("topics/" + s.topics[0]) }},
	{name: "admin-signin", reach: func(s *stage) { s.administer("signin") }},
	{name: "admin-company", reach: func(s *stage) {
		s.people["anna"].Must(s.t, "PATCH", "/api/signin/rules", map[string]any{"provider": map[string]any{
			"label": "GeldGeldGeld AG", "issuer": "https://login.geldgeldgeld.example/realms/deals", "clientID": "red-room", "secret": "geheim",
			"nameClaim": "preferred_username", "match": true, "create": false, "groupsClaim": "groups",
			"groups": []map[string]string{{"group": "m-and-a", "role": "member"}, {"group": "revision", "role": "observer"}},
		}}, nil, 200)
		s.theirs = append(s.theirs, "GeldGeldGeld AG", "m-and-a", "revision")
		s.administer("signin")
		s.p.Find("heading", s.word("admin.signIn.groups"))
	}},
	{name: "admin-token", reach: func(s *stage) {
		s.administer("users/forderungsbericht")
		s.p.Click("button", s.word("tools.add"))
		s.p.Find("dialog", s.word("tools.add"))
	}},
	{name: "admin-audit", reach: func(s *stage) { s.administer("audit") }},
	{name: "sign-in-code", sheet: true, reach: func(s *stage) { s.askForCode() }},
	{name: "sign-in-recovery", reach: func(s *stage) {
		s.askForCode()
		s.p.Click("button", s.word("entering.useRecovery"))
		s.p.Type("textbox", s.word("entering.recovery"), "4KKG")
		s.p.Press(kb.Enter)
		s.p.UntilText("alert", "", s.word("entering.needRecovery"))
	}},
	{name: "sign-in-company", reach: func(s *stage) {
		s.people["anna"].Must(s.t, "PATCH", "/api/signin/rules", map[string]any{"provider": map[string]any{"label": "GeldGeldGeld AG", "issuer": "https://login.geldgeldgeld.example", "clientID": "red-room", "nameClaim": "email"}}, nil, 200)
		s.p.BeNobody()
		s.open(s.room, "/")
		s.p.Find("link", strings.Replace(s.word("signIn.company"), "…", "GeldGeldGeld AG", 1))
		s.p.Open(s.room.Plain + "/?company=unknown&lang=" + s.code())
		s.p.UntilText("alert", "", s.word("entering.company.unknown"))
	}},
	{name: "demanded", sheet: true, reach: func(s *stage) {
		lena := s.room.Join(s.t, s.people["anna"], "lena", "observer", s.deal)
		s.theirs = append(s.theirs, "Lena", "lena")
		s.people["anna"].Must(s.t, "PATCH", "/api/signin/rules", map[string]any{"demand": []string{"observer"}}, nil, 200)
		s.p.Be(s.room.SignIn(s.t, lena.Name))
		s.open(s.room, "/")
		s.p.Find("heading", s.word("enrolling.title"))
	}},
	// Whose sign-in is older than ten minutes from here on.
	{name: "prove", reach: func(s *stage) {
		s.account("anna")
		age(s.t, s.room, 11*time.Minute)
		s.p.Click("button", s.word("codes.setUp"))
		s.p.Find("dialog", s.word("proving.title"))
	}},
	// From here on the server is away.
	{name: "offline", sheet: true, reach: func(s *stage) {
		s.topic("anna", 0)
		s.p.AwaitWorker()
		s.stop()
		s.p.UntilText("status", s.word("connection.label"), s.word("connection.offline"))
		s.p.Find("button", s.word("connection.now"))
	}},
	{name: "sign-out-question", reach: func(s *stage) {
		s.p.Press(kb.Escape)
		s.p.Show(1280, 800, "light")
		s.p.Type("textbox", s.word("composer.label"), "Geht erst später")
		s.theirs = append(s.theirs, "Geht erst später")
		s.p.Press(kb.Enter)
		s.p.Find("StaticText", "…"+strings.Trim(s.word("log.waiting"), "⟦⟧")+"…")
		s.p.Click("button", s.word("topics.signOut"))
		s.p.Find("dialog", s.word("topics.signOut"))
	}},
}

// complete writes what can be completed, and waits for what is offered. It is a
// draft of nobody's whom other states are about.
func (s *stage) complete(begun string) {
	s.topic("miriam", 0)
	s.p.Type("textbox", s.word("composer.label"), begun)
	s.theirs = append(s.theirs, begun)
	s.p.Find("listbox", s.word("completion.label"))
}

func (s *stage) dialog(word string) {
	s.topic("anna", 0)
	s.p.Click("button", s.word(word))
	s.p.Find("dialog", s.word(word))
}

// account is somebody's own account, in a sign-in that has just begun.
func (s *stage) account(name string) {
	s.p.Be(s.room.SignIn(s.t, name))
	s.open(s.room, "/t/"+s.topics[0])
	s.p.Find("textbox", s.word("composer.label"))
	s.p.Click("button", s.word("settings.title"))
	s.p.Click("button", s.word("ownAccount.open"))
	s.p.Find("heading", s.word("tools.title"))
}

// askForCode has the sign-in ask somebody for a code who has an app for that.
func (s *stage) askForCode() {
	s.t.Helper()
	if s.people["sonja"] == nil {
		s.people["sonja"] = s.room.Join(s.t, s.people["anna"], "sonja", "observer", s.deal)
		s.theirs = append(s.theirs, "Sonja", "sonja")
		setUpCodes(s.t, s.people["sonja"])
	}
	s.p.BeNobody()
	s.open(s.room, "/")
	s.p.Type("textbox", s.word("form.userName"), "sonja")
	s.p.Type("textbox", s.word("form.password"), servertest.Password)
	s.p.Press(kb.Enter)
	s.p.Find("textbox", s.word("codes.code"))
}

func (s *stage) administer(place string) {
	s.p.Be(s.people["anna"])
	s.open(s.room, "/admin#"+place)
	s.p.Until("the view of "+place, func() bool {
		there, ok := servertest.Look[bool](s.p, `document.querySelector("rr-admin main h1") !== null`)
		return ok && there
	})
}

// The windows that the page is looked at in: a phone, a tablet, a laptop, a large
// screen; one that is zoomed to 200 %, and one of 320 pixels, as wide as a page
// zoomed to 400 % has it (WCAG 2.2, 1.4.4 and 1.4.10).
var windows = []image.Point{{360, 740}, {768, 1024}, {1280, 800}, {1920, 1080}}

var (
	zoomed = image.Pt(640, 400)
	reflow = image.Pt(320, 640)
)

// spacing is what readers may set for themselves (WCAG 2.2, 1.4.12).
const spacing = `(() => {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }");
	document.adoptedStyleSheets.push(sheet);
})()`

var onlyStates = flag.String("states", "", "`names` of the states, with commas between, that the page is looked at in; all where there are none")

// isLookedAt tells whether the page is looked at in this state.
func (s state) isLookedAt() bool {
	return *onlyStates == "" || slices.Contains(strings.Split(*onlyStates, ","), s.name)
}

//go:embed testdata/inspect.js
var inspection string

// axe is axe-core, which isn't Red Room's: REDROOM_AXE says where its
// axe.min.js is; where that is "require", it has to be.
func axe(t *testing.T) string {
	t.Helper()
	path := os.Getenv("REDROOM_AXE")
	if path == "" || path == "require" {
		const missing = "axe-core isn't here: npm install --no-save axe-core, and set REDROOM_AXE to the path of its axe.min.js"
		if path == "require" {
			t.Fatal(missing)
		}
		t.Log(missing)
		return ""
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("reading axe-core: %v", err)
	}
	return string(source)
}

// judgement is what axe-core says of the page, a sentence each.
const judgement = `axe.run(document, {
	runOnly: { type: %s, values: %s },
	resultTypes: ["violations"],
	preload: false,
}).then(({ violations }) => violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, html, failureSummary }) =>
	id + " (" + help + ") at " + target.join(" ") + ": " + html.slice(0, 120) + " " + failureSummary.split("\n").slice(1, 3).join(" "))))`

var rules = []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}

// TestEveryStateOfThePage has axe-core find nothing, nothing cut, nothing upon
// something else, nothing that sticks out, and nothing that is hard to hit in
// any state of the page, whatever the language, the colors and the window; in
// the pseudo-language, nothing untranslated.
func TestEveryStateOfThePage(t *testing.T) {
	t.Parallel()
	servertest.Chromium(t)
	source := axe(t)
	for _, lang := range []string{"en", "de", pseudo} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, lang)
			for _, state := range states {
				if !state.isLookedAt() {
					continue
				}
				began := time.Now()
				state.reach(s)
				reached := time.Since(began)
				if source != "" && lang != pseudo {
					s.judge(state, source)
				}
				judged := time.Since(began) - reached
				s.inspect(state)
				t.Logf("%s: reached in %v, judged in %v, inspected in %v", state.name, reached.Round(time.Millisecond), judged.Round(time.Millisecond), (time.Since(began) - reached - judged).Round(time.Millisecond))
			}
			t.Logf("%d states in %v", len(states), time.Since(s.started).Round(time.Millisecond))
		})
	}
}

// judge has axe-core look at a state: at everything in light, at contrasts in
// dark too.
func (s *stage) judge(state state, axe string) {
	s.t.Helper()
	if !servertest.Evaluate[bool](s.p, `"axe" in globalThis`) {
		servertest.Evaluate[any](s.p, axe+"\n;0")
	}
	for _, look := range []struct{ colors, kind, values string }{
		{"light", `"tag"`, encoded(s.t, rules)},
		{"dark", `"rule"`, `["color-contrast"]`},
	} {
		s.p.Prefer("prefers-color-scheme", look.colors)
		s.p.Settle()
		for _, said := range servertest.Evaluate[[]string](s.p, fmt.Sprintf(judgement, look.kind, look.values)) {
			s.t.Errorf("%s, %s, %s: %s", state.name, s.lang, look.colors, said)
		}
	}
}

// inspect looks at a state in all windows.
func (s *stage) inspect(state state) {
	s.t.Helper()
	sizes := append([]image.Point{reflow, zoomed}, windows...)
	if state.phone {
		sizes = []image.Point{reflow, windows[0]}
	}
	for _, size := range sizes {
		s.p.Show(int64(size.X), int64(size.Y), "light")
		s.p.Settle()
		s.look(state, fmt.Sprint(size.X))
		if size == reflow {
			servertest.Evaluate[any](s.p, spacing)
			s.p.Settle()
			s.look(state, "320 with more space")
			servertest.Evaluate[any](s.p, `document.adoptedStyleSheets.pop()`)
		}
	}
	if s.lang != pseudo {
		s.isDrawn(state, "light")
		s.p.Prefer("prefers-color-scheme", "dark")
		s.isDrawn(state, "dark")
	}
}

func (s *stage) look(state state, window string) {
	s.t.Helper()
	for _, said := range wrongWith(s.p, s.theirs, s.lang == pseudo) {
		s.t.Errorf("%s, %s, %s: %s", state.name, s.lang, window, said)
	}
}

// wrongWith is what is wrong with how the page is laid out now, a sentence each.
// theirs is what people wrote or chose, brackets that all else is of the
// pseudo-language.
func wrongWith(p *servertest.Page, theirs []string, brackets bool) []string {
	theirsOrNone, _ := json.Marshal(append([]string{}, theirs...)) // texts always can be
	return servertest.Evaluate[[]string](p, fmt.Sprintf("(%s)(%s, %t)", inspection, theirsOrNone, brackets))
}
