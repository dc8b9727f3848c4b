package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// notice is what a browser tells beside the page.
type notice struct {
	Title, Body, Tag string
	Data             struct {
		Name, Topic string
		Seq         int64
	}
}

// toldBy are those that a browser shows now, of all its tabs.
func toldBy(p *servertest.Page) []notice {
	// The page's lock: what is asked for while it is being shown is lost to Chromium.
	text := servertest.Evaluate[string](p, `navigator.locks.request("redroom notifications", async () => (await navigator.serviceWorker.ready).getNotifications()).then((all) =>
		JSON.stringify(all.map(({ title, body, tag, data }) => ({ title, body, tag, data }))))`)
	var all []notice
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil
	}
	slices.SortFunc(all, func(a, b notice) int { return strings.Compare(a.Title, b.Title) })
	return all
}

// awaitNotices waits until exactly these are shown, each "title: body".
func awaitNotices(p *servertest.Page, want ...string) {
	p.Until(fmt.Sprintf("the notices %q", want), func() bool {
		var got []string
		for _, n := range toldBy(p) {
			got = append(got, n.Title+": "+n.Body)
		}
		return slices.Equal(got, want)
	})
}

// readUpTo reads a topic as somebody who isn't at this page.
func readUpTo(t *testing.T, r *servertest.Room, as *servertest.API, topic string, seq int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	joined, err := r.Connect(t, as).Join(ctx, topic, 0, nil, func(room.Message) {})
	if err != nil {
		t.Fatalf("joining: %v", err)
	}
	defer joined.Leave()
	if err := joined.Read(ctx, seq); err != nil {
		t.Fatalf("reading: %v", err)
	}
}

// countNotices has each tab write down what it tells, and whether it did so, or
// asked what is told, without the lock that keeps the two apart.
const countNotices = `{
	const { showNotification, getNotifications } = ServiceWorkerRegistration.prototype;
	const note = (what) => localStorage.setItem("told", JSON.stringify([...JSON.parse(localStorage.getItem("told") ?? "[]"), what]));
	const alone = async () => (await navigator.locks.query()).held.some(({ name }) => name === "redroom notifications");
	ServiceWorkerRegistration.prototype.showNotification = async function (...given) {
		note(given[0] + " " + given[1].data.seq + ((await alone()) ? "" : " beside others"));
		return showNotification.apply(this, given);
	};
	ServiceWorkerRegistration.prototype.getNotifications = async function (...given) {
		if (!(await alone())) note("asked beside others");
		return getNotifications.apply(this, given);
	};
}`

// everTold is what the tabs have told so far, each time that they did: the topic
// and the seq.
func everTold(p *servertest.Page) []string {
	return servertest.Evaluate[[]string](p, `JSON.parse(localStorage.getItem("told") ?? "[]")`)
}

// A browser that may tells of messages in topics that nobody looks at: of those
// that one has chosen, without their words, once over all tabs, and takes it
// back when they are read anywhere.
func TestNoticesTellOfWhatIsNewOnce(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	here, there, quiet := anna.Topic(t, deal, "Forderungen", 1), anna.Topic(t, deal, "Einlagen", 2), anna.Topic(t, deal, "Protokolle", 3)
	bert := r.Join(t, anna, "bert", "member", deal)
	carla := r.Join(t, anna, "carla", "member", deal)
	post := poster(t, r, carla)
	p.Allow(r.Plain, "notifications")
	p.OnNewDocument(countNotices)

	signIn(p, r.Plain+"/t/"+here, "bert", servertest.Password)
	connected(p)
	p.AwaitWorker()
	tab := p.Tab()
	tab.OnNewDocument(countNotices)
	tab.Open(r.Plain + "/t/" + here)
	connected(tab)
	for _, each := range []*servertest.Page{p, tab} {
		each.Until("the one that tells, and those that wait", func() bool {
			return servertest.Evaluate[int](each, `navigator.locks.query().then(({ held, pending }) => [...held, ...pending].filter((lock) => lock.name === "redroom notices bert").length)`) == 2
		})
	}

	// Who is spoken to is told, and nothing of what it says; what else is said isn't told.
	post(there, "Das geht alle an", "Und @bert vor allem", "Und noch etwas")
	awaitNotices(p, "Einlagen: A message from Carla")
	if got := toldBy(p)[0]; got.Data.Topic != there || got.Data.Seq != 2 || got.Data.Name != "bert" {
		t.Errorf("the notice leads to %+v, want message 2", got.Data)
	}
	p.Until("the mark on the icon", func() bool {
		return strings.HasSuffix(servertest.Evaluate[string](p, `document.querySelector("link[rel=icon]").href`), "icon-unread.svg")
	})

	// What somebody looks at isn't told, in whichever tab, and a topic of which
	// nothing is to be told isn't either.
	tab.Click("link", "…Protokolle…")
	tab.Find("heading", "Protokolle")
	tab.Click("button", "Notices: …")
	tab.Click("radio", "nothing")
	tab.Click("button", "Close")
	tab.Find("button", "Notices: nothing")
	openTopic(tab, "Einlagen")
	awaitNotices(p)
	post(there, "@bert liest gerade mit")
	solidMessages(tab, 4)
	post(quiet, "@bert soll das nicht hören")
	p.Find("link", "3 Protokolle 1 unread")
	openTopic(tab, "Forderungen")
	tab.Find("button", "Notices: …")
	var direct struct{ ID string }
	carla.Must(t, "POST", "/api/deals/"+deal+"/direct", map[string]any{"with": "bert"}, &direct, 201)
	post(direct.ID, "Unter uns")
	// It came last, so that what isn't there by now was not told.
	awaitNotices(p, "Carla: A message for you")
	if all := everTold(p); !slices.Equal(all, []string{"Einlagen 2", "Carla 1"}) {
		t.Errorf("the tabs have told of %q, want each of two messages once", all)
	}

	// Read elsewhere, it is taken back.
	readUpTo(t, r, bert, direct.ID, 1)
	awaitNotices(p)

	// Everything, with its words; and nothing of what one has lost.
	tab.Click("button", "Settings")
	tab.Click("radio", "every message")
	tab.Click("checkbox", "Show what a message says")
	tab.Click("button", "Close")
	p.Find("button", "Notices: every message")
	post(there, "Es sind **zwölf** Millionen")
	awaitNotices(p, "Einlagen: Carla: Es sind zwölf Millionen")

	// Words that are redacted stand nowhere any more.
	sender(t, r, r.SignIn(t, "carla"))(there, client.Post{Kind: room.Redact, Ref: 5, Body: "Versehen"})
	awaitNotices(p)
	post(there, "Es sind viele Millionen")
	awaitNotices(p, "Einlagen: Carla: Es sind viele Millionen")
	anna.Must(t, "PATCH", "/api/topics/"+there, map[string]any{"narrowed": true}, nil, 200)
	awaitNotices(p)

	// The tab that told is gone: another one does.
	tab.CloseTab()
	p.Until("the other tab to be the one that tells", func() bool {
		return servertest.Evaluate[int](p, `navigator.locks.query().then(({ held, pending }) => held.filter((lock) => lock.name === "redroom notices bert").length - pending.length)`) == 1
	})
	post(direct.ID, "Noch da?")
	awaitNotices(p, "Carla: Carla: Noch da?")

	// In quiet hours nothing is told, but counted.
	p.Click("button", "Settings")
	p.Click("checkbox", "Quiet hours")
	servertest.Evaluate[any](p, `for (const [at, hours] of [-1, 1].entries()) {
		const field = document.querySelectorAll("dialog input[type=time]")[at];
		field.value = new Date(Date.now() + hours * 3600_000).toTimeString().slice(0, 5);
		field.dispatchEvent(new Event("change"));
	}`)
	p.Click("button", "Close")
	readUpTo(t, r, bert, direct.ID, 2)
	awaitNotices(p)
	post(direct.ID, "Gute Nacht")
	p.Find("link", "Carla online 1 unread")
	if got := toldBy(p); len(got) > 0 {
		t.Errorf("in quiet hours it tells %+v", got)
	}

	// Signing out takes all of it back.
	p.Click("button", "Sign out")
	p.Find("textbox", "User name")
	awaitNotices(p)
}
