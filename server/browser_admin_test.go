package server_test

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// chooses picks an option by the keyboard, in the dialog that is open if there
// is one.
func chooses(t *testing.T, p *servertest.Page, name, option string) {
	t.Helper()
	p.Find("combobox", name)
	found := servertest.Evaluate[bool](p, fmt.Sprintf(`(() => {
		const within = document.querySelector("dialog[open]") ?? document;
		const select = [...within.querySelectorAll("select")].find((one) => one.labels[0].textContent === %q);
		select?.focus();
		return select === document.activeElement;
	})()`, name))
	if !found {
		t.Fatalf("there is no %q to choose in", name)
	}
	for _, letter := range option {
		p.Press(string(letter))
	}
	p.Until(fmt.Sprintf("%q chosen in %s", option, name), func() bool {
		return strings.HasPrefix(p.Find("combobox", name).Value, option)
	})
}

// told waits until a dialog says what a change will mean.
func told(p *servertest.Page, dialog, sentence string) {
	p.Until(fmt.Sprintf("a dialog %q that says %q", dialog, sentence), func() bool {
		text, ok := p.Text("dialog", dialog)
		return ok && strings.Contains(text, sentence)
	})
}

// shown waits until the administration shows a text.
func shown(p *servertest.Page, text string) {
	p.Until(fmt.Sprintf("%q", text), func() bool {
		all, ok := p.Text("main", "")
		return ok && strings.Contains(all, text)
	})
}

// saved waits until the form has done what was asked.
func saved(p *servertest.Page) {
	p.Click("button", "Save")
	p.Find("StaticText", "Saved.")
}

// The whole of an admin's work by forms, while somebody else reads: what a
// change means is said before, and whoever loses something by it loses it at
// once, in the page and in what it keeps.
func TestAdminDoesTheWorkByForms(t *testing.T) {
	t.Parallel()
	anna, bert := servertest.OpenPage(t), servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	anna.Be(admin)

	// From the room, to a deal with a topic.
	anna.Open(r.Plain + "/")
	connected(anna)
	anna.Click("link", "Administration")
	anna.Find("heading", "Users 1")
	anna.Click("link", "Deals")
	anna.Find("heading", "Deals 0")
	anna.Click("button", "New deal")
	anna.Type("textbox", "Name", "Alpha")
	anna.Click("button", "Create")
	anna.Find("heading", "Alpha")
	deal := anna.Address()[strings.LastIndex(anna.Address(), "/")+1:]
	anna.Click("button", "New topic")
	anna.Type("textbox", "Title", "Price")
	anna.Click("button", "Create")
	anna.Click("link", "1 Price")
	anna.Find("heading", "Price")
	price := anna.Address()[strings.LastIndex(anna.Address(), "/")+1:]
	admin.Topic(t, deal, "Terms", 2)
	admin.Topic(t, deal, "Plan", 3)

	// Somebody is invited, and comes.
	anna.Click("link", "Users")
	anna.Click("button", "Invite")
	anna.Click("checkbox", "Alpha")
	anna.Click("button", "Create")
	link := anna.Find("textbox", "Link").Value
	anna.Click("button", "Done")
	bert.Open(link)
	bert.Type("textbox", "Display name", "Bert Baum")
	createAccount(bert, "bert")
	connected(bert)
	poster(t, r, admin)(price, "Zwölftausend fünfhundert")
	openTopic(bert, "Price")
	reads(t, bert, "Zwölftausend fünfhundert")
	say(bert, "Das ist zu viel")
	reads(t, bert, "Zwölftausend fünfhundert", "Das ist zu viel")
	keepsWords(bert, "Zwölftausend", "zu viel")

	// To narrow the topic is to take it from bert: that is said, and can be left.
	r.Join(t, admin, "carla", "member", deal)
	anna.Open(r.Plain + "/admin#topics/" + price)
	anna.Click("button", "Narrow to some members")
	anna.Click("checkbox", "Carla")
	anna.Click("button", "Narrow the topic")
	told(anna, "Narrow the topic", "Bert Baum (bert) loses access to Price at once.")
	anna.Click("button", "Cancel")
	anna.Gone("dialog", "…")
	focused(anna, "button", "Narrow to some members")
	bert.Find("heading", "Price")
	anna.Click("button", "Narrow to some members")
	anna.Click("checkbox", "Carla")
	anna.Click("button", "Narrow the topic")
	told(anna, "Narrow the topic", "Bert Baum (bert) loses access to Price at once.")
	anna.Click("button", "Narrow the topic")
	began := time.Now()
	bert.Gone("log", "Messages")
	bert.Gone("link", "…Price…")
	t.Logf("from the narrowing to a page without the topic: %v", time.Since(began).Round(time.Millisecond))
	forgotten(t, "bert", bert, "Price", "Zwölftausend", "zu viel")
	losesWords(bert, "Price", "Zwölftausend", "zu viel")
	shown(anna, "Only its members, and admins.")
	anna.Find("button", "Remove Carla")
	if anna.Count("button", "Remove Bert Baum (bert)") > 0 {
		t.Error("who was left out of a narrowed topic is among its members")
	}

	// Let in again, one at a time.
	chooses(t, anna, "New member", "Bert Baum")
	anna.Click("button", "Add")
	told(anna, "Add to the topic", "Bert Baum (bert) can read Price from then on.")
	anna.Click("button", "Add to the topic")
	anna.Find("button", "Remove Bert Baum (bert)")
	openTopic(bert, "Price")
	reads(t, bert, "Zwölftausend fünfhundert", "Das ist zu viel")
	bert.Find("link", "1 Price narrowed")

	// Out of the deal: everything goes.
	anna.Open(r.Plain + "/admin#deals/" + deal)
	anna.Find("heading", "Alpha")
	anna.Click("button", "Remove Bert Baum (bert)")
	told(anna, "Remove from the deal", "Bert Baum (bert) loses access to 3 topics at once: Price, Terms, Plan.")
	anna.Click("button", "Remove from the deal")
	bert.Gone("link", "…Terms…")
	bert.Find("heading", "This topic isn’t here")
	forgotten(t, "bert", bert, "Alpha", "Price", "Terms", "Plan", "Zwölftausend")
	losesWords(bert, "Alpha", "Price", "Terms", "Plan", "Zwölftausend")
	anna.Gone("button", "Remove Bert Baum (bert)")

	// All of it stands in the trail.
	anna.Click("link", "Audit")
	shown(anna, "anna removed Bert Baum (bert) from Alpha.")
	shown(anna, "anna narrowed the topic Price.")
	shown(anna, "Bert Baum (bert) opened Price.")
	chooses(t, anna, "Action", "Invitation taken")
	anna.Click("button", "Show")
	shown(anna, "Bert Baum (bert) took an invitation.")
	anna.Until("nothing else", func() bool {
		all, ok := anna.Text("main", "")
		return ok && !strings.Contains(all, "narrowed the topic")
	})
	if want := r.Plain + "/admin#audit?action=invitation.accepted"; anna.Address() != want {
		t.Errorf("what was asked of the trail is at %s, want %s", anna.Address(), want)
	}

	// Out of the room, with all sign-ins.
	anna.Open(r.Plain + "/admin#users/bert")
	anna.Find("heading", "Bert Baum bert")
	anna.Click("button", "Deactivate")
	told(anna, "Deactivate the account", "All sign-ins of Bert Baum (bert) end.")
	anna.Click("button", "Deactivate")
	bert.Find("textbox", "User name")
	bert.Find("StaticText", "This account is deactivated. …")
	anna.Find("button", "Reactivate")
}

// Two admins have the same topic before them. The second to save is told, has
// what was typed still there and what is so beside it, and can go on.
func TestTwoAdminsChangeTheSameTopicAtOnce(t *testing.T) {
	t.Parallel()
	anna, carla := servertest.OpenPage(t), servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	topic := admin.Topic(t, deal, "Price", 1)
	anna.Be(admin)
	carla.Be(r.Join(t, admin, "carla", "admin"))
	for _, p := range []*servertest.Page{anna, carla} {
		p.Open(r.Plain + "/admin#topics/" + topic)
		p.Find("heading", "Price")
	}
	anna.Type("textbox", "Title", "Price per share")
	carla.Type("textbox", "Title", "Price of all shares")
	carla.Type("textbox", "Number", "9")
	saved(carla)
	carla.Find("heading", "Price of all shares")

	anna.Click("button", "Save")
	anna.Until("it being said that somebody else was faster", func() bool {
		said, ok := anna.Text("alert", "")
		return ok && strings.HasPrefix(said, "Somebody has changed this meanwhile.")
	})
	anna.Find("heading", "Price of all shares")
	shown(anna, "Now: Price of all shares")
	if title, number := anna.Find("textbox", "Title").Value, anna.Find("textbox", "Number").Value; title != "Price per share" || number != "9" {
		t.Errorf("the form has %q and %q, want what was typed and what is so", title, number)
	}
	saved(anna)
	anna.Find("heading", "Price per share")
	var now struct {
		Title  string
		Number int
	}
	admin.Must(t, "GET", "/api/topics/"+topic, nil, &now, 200)
	if now.Title != "Price per share" || now.Number != 9 {
		t.Errorf("the topic is %+v, want the second's title and the first's number", now)
	}

	// With a button it is the same: what is shown then is what is so.
	admin.Must(t, "PATCH", "/api/topics/"+topic, map[string]any{"title": "Costs"}, nil, 200)
	anna.Click("button", "Close the topic")
	anna.Find("heading", "Costs")
	shown(anna, "This is what is so now.")
	anna.Click("button", "Close the topic")
	told(anna, "Close the topic", "can still read Costs, but no longer write there.")
	anna.Press(kb.Escape)
	anna.Gone("dialog", "…")
	focused(anna, "button", "Close the topic")
}

// lateChanges has a page wait with what the server says to changes between
// hold() and release(), and get no list of users while it is away.
const lateChanges = `(() => {
	const ask = window.fetch;
	window.hold = () => { window.gate = new Promise((open) => { window.release = open; }); };
	window.fetch = async (path, init) => {
		if (window.away && path === "/api/users") throw new TypeError("away");
		const answer = await ask(path, init);
		if (init?.method === "PATCH") await window.gate;
		return answer;
	};
	return true;
})()`

// inPassing waits until the administration says something in passing.
func inPassing(p *servertest.Page, text string) {
	p.Until(fmt.Sprintf("%q in passing", text), func() bool {
		said, ok := servertest.Look[string](p, `document.querySelector("rr-admin > .word").textContent`)
		return ok && said == text
	})
}

// Whatever comes late is of the place where it was asked for: nothing of it
// reaches the one that is shown then, and nothing that was typed is lost.
func TestAdministrationKeepsLateAnswersToTheirPlace(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	admin.Topic(t, deal, "Price", 1)
	r.Join(t, admin, "bert", "member", deal)
	r.Join(t, admin, "carla", "member", deal)
	p.Be(admin)
	p.Open(r.Plain + "/admin#users/bert")
	p.Find("heading", "Bert bert")
	servertest.Evaluate[bool](p, lateChanges)
	does := func(script string) {
		t.Helper()
		servertest.Evaluate[bool](p, script+"; true")
	}
	display := func(want string) {
		t.Helper()
		if got := p.Find("textbox", "Display name").Value; got != want {
			t.Errorf("the display name in the form is %q, want %q", got, want)
		}
	}
	untouched := func() {
		t.Helper()
		p.Find("heading", "Carla carla")
		display("Carla")
		if role := p.Find("combobox", "Role").Value; !strings.HasPrefix(role, "Member") {
			t.Errorf("the role in the form is %q, want what it is", role)
		}
		if p.Count("alert", "…") > 0 || p.Count("dialog", "…") > 0 {
			t.Error("what came late is said on another user's page")
		}
	}
	var now struct {
		Users []struct{ Name, Display, Role string }
	}
	user := func(name, display, role string) {
		t.Helper()
		admin.Must(t, "GET", "/api/users", nil, &now, 200)
		if !slices.Contains(now.Users, struct{ Name, Display, Role string }{name, display, role}) {
			t.Errorf("the users are %+v, want %s as %q in the role %s", now.Users, name, display, role)
		}
	}

	// Somebody else was faster, and that is known only on another user's page.
	does("hold()")
	p.Type("textbox", "Display name", "Bert Baum")
	admin.Must(t, "PATCH", "/api/users/bert", map[string]any{"display": "Berti"}, nil, 200)
	p.Click("button", "Save")
	p.Find("button", "Saving …")
	p.Open(r.Plain + "/admin#users/carla")
	p.Find("heading", "Carla carla")
	does("release()")
	inPassing(p, "Bert: This wasn’t done: somebody has changed it meanwhile.")
	untouched()
	p.Open(r.Plain + "/admin#users/bert")
	p.Find("heading", "Berti bert")
	display("Bert Baum")
	shown(p, "Now: Berti")

	// What it would mean is known only then: it isn't asked there, and not done.
	does("hold()")
	chooses(t, p, "Role", "Observer")
	p.Click("button", "Save")
	p.Find("button", "Saving …")
	p.Open(r.Plain + "/admin#users/carla")
	p.Find("heading", "Carla carla")
	does("release()")
	inPassing(p, "Berti: This wasn’t done, as its page was left before.")
	untouched()
	user("bert", "Berti", "member")
	user("carla", "Carla", "member")

	// A question that is open closes with the page it is about, by the way back.
	p.Open(r.Plain + "/admin#users/bert")
	p.Find("heading", "Berti bert")
	p.Click("button", "Save")
	told(p, "Change the account", "(bert) can still read Price, but no longer write there.")
	described := servertest.Evaluate[string](p, `document.querySelector("dialog[open]").getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).textContent).join("\n")`)
	if !strings.HasPrefix(described, "Berti (bert)\n") || !strings.Contains(described, "can still read Price, but no longer write there.") {
		t.Errorf("a screen reader says %q of the question, want whom it is about and what it means", described)
	}
	does("history.back()")
	untouched()
	user("bert", "Berti", "member")

	// What is typed while something is saved stands there after it, unsaved.
	p.Open(r.Plain + "/admin#users/bert")
	p.Find("heading", "Berti bert")
	chooses(t, p, "Role", "Member")
	does("hold()")
	p.Click("button", "Save")
	p.Find("button", "Saving …")
	p.Type("textbox", "Display name", "Bert Blum")
	does("release()")
	p.Find("heading", "Bert Baum bert")
	display("Bert Blum")
	user("bert", "Bert Baum", "member")

	// What is so can't be had after a conflict: what was typed stays.
	admin.Must(t, "PATCH", "/api/users/bert", map[string]any{"display": "Berti"}, nil, 200)
	does("window.away = true")
	p.Click("button", "Save")
	p.Until("it being said that there is nothing newer", func() bool {
		said, ok := p.Text("alert", "")
		return ok && strings.HasPrefix(said, "What is so now can’t be shown.")
	})
	p.Find("heading", "Bert Baum bert")
	display("Bert Blum")
	does("window.away = false")
	p.Click("button", "Try again")
	p.Find("heading", "Berti bert")
	display("Bert Blum")
	saved(p)
	p.Find("heading", "Bert Blum bert")
	user("bert", "Bert Blum", "member")
}

// Whatever is typed into a field is shown as it is, or refused with a sentence.
func TestAdministrationTakesNoTextForAnythingElse(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	topic := admin.Topic(t, deal, "Price", 1)
	r.Join(t, admin, "bert", "member", deal)
	p.Be(admin)
	const hebrew = "שלום (עולם)"
	fields := []struct {
		place, label string
		most         int
	}{
		{"users/bert", "Display name", 64},
		{"deals/" + deal, "Name", 120},
		{"topics/" + topic, "Title", 120},
	}
	for _, f := range fields {
		p.Open(r.Plain + "/admin#" + f.place)
		for _, text := range []string{hebrew, hostile[0], strings.Repeat("ß", f.most)} {
			p.Type("textbox", f.label, text)
			p.Click("button", "Save")
			p.Find("heading", text+map[string]string{"users/bert": " bert"}[f.place])
		}
		for _, text := range []string{strings.Repeat("x", f.most+1), "Rechnung \u202egpj.exe", "a\u2066b", "\u200b", "   "} {
			p.Type("textbox", f.label, text)
			p.Click("button", "Save")
			p.Until(fmt.Sprintf("%q being refused as %s", text, f.label), func() bool {
				said, ok := p.Text("alert", "")
				return ok && said != "" && p.Focus().Name == f.label
			})
		}
	}
	// The server doesn't rely on the page.
	for _, title := range []string{strings.Repeat("x", 121), "a\u202eb", "a\u0007b", ""} {
		if status, answer := admin.Do(t, "PATCH", "/api/topics/"+topic, map[string]any{"title": title}); status != 422 || !strings.Contains(string(answer), "A title is 1 to 120 characters") {
			t.Errorf("the title %.20q is answered with %d %s", title, status, answer)
		}
	}
	for at, f := range fields {
		method := map[int]string{0: "/api/users/bert", 1: "/api/deals/" + deal, 2: "/api/topics/" + topic}[at]
		field := []string{"display", "name", "title"}[at]
		admin.Must(t, "PATCH", method, map[string]any{field: hostile[0]}, nil, 200)
		p.Open(r.Plain + "/admin#audit")
		p.Open(r.Plain + "/admin#" + f.place)
		p.Find("heading", hostile[0]+map[string]string{"users/bert": " bert"}[f.place])
	}
	for _, place := range []string{"users", "deals", "deals/" + deal, "topics/" + topic, "signin", "audit", "audit?user=<img src=x>", "users/<img src=x>", "<script>"} {
		p.Open(r.Plain + "/admin#" + place)
		p.Until("the view of "+place, func() bool {
			busy, ok := servertest.Look[bool](p, `document.querySelector("rr-admin main").hasAttribute("aria-busy")`)
			return ok && !busy
		})
		noElements(t, p)
	}
	p.Open(r.Plain + "/admin#deals/" + deal)
	p.Click("button", "Remove "+hostile[0]+" (bert)")
	told(p, "Remove from the deal", hostile[0]+" (bert) loses access to "+hostile[0]+" at once.")
	noElements(t, p)
	p.Click("button", "Cancel")
	p.Open(r.Plain + "/admin#users")
	p.Type("searchbox", "Find", "<img")
	p.Gone("link", "…anna…")
	p.Type("searchbox", "Find", "nobody at all")
	p.Find("StaticText", "Nothing with these letters.")
	noElements(t, p)
}

// Whoever is no admin is told so, and the page asks the server for nothing else.
// Who becomes one, or is one no more, has the page that goes with it at once.
func TestAdministrationIsForAdmins(t *testing.T) {
	t.Parallel()
	p, other := servertest.OpenPage(t), servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	admin.Deal(t, "Wholly unknown", "all")
	topic := admin.Topic(t, deal, "Price", 1)
	p.Be(r.Join(t, admin, "bert", "member", deal))
	p.Open(r.Plain + "/admin#audit")
	p.Find("heading", "Only admins can see this")
	asked := servertest.Evaluate[[]string](p, `performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname).filter((path) => path.startsWith("/api/"))`)
	for _, path := range asked {
		if !strings.HasPrefix(path, "/api/session") {
			t.Errorf("the administration of somebody who is no admin asks for %s", path)
		}
	}
	p.Click("link", "To the room")
	connected(p)
	p.Find("link", "1 Price")
	if p.Count("link", "Administration") > 0 {
		t.Error("a member is led to the administration")
	}
	role := func(role string) {
		t.Helper()
		admin.Must(t, "PATCH", "/api/users/bert", map[string]any{"role": role}, nil, 200)
	}

	// Observer: what was being written has no place any more.
	p.Find("textbox", "Message")
	role("observer")
	p.Gone("textbox", "Message")
	p.Find("StaticText", "You read here as an observer…")
	if p.Count("button", "Message Anna") > 0 {
		t.Error("an observer is offered to write to somebody")
	}

	// Admin: everything is there; and gone again.
	role("admin")
	p.Find("heading", "Wholly unknown")
	keepsWords(p, "Wholly unknown")
	p.Click("link", "Administration")
	p.Find("link", "…anna…")
	p.Click("link", "Deals")
	p.Find("link", "Wholly unknown…")
	role("member")
	p.Find("heading", "Only admins can see this")
	forgotten(t, "bert", p, "Wholly unknown", "Alpha")
	losesWords(p, "Wholly unknown")

	// A sign-in that ends in another tab, or at the server, ends here too.
	role("admin")
	p.Open(r.Plain + "/admin#deals")
	p.Reload()
	p.Find("link", "Wholly unknown…")
	admin.Must(t, "DELETE", "/api/users/bert/sessions", nil, nil, 204)
	p.Find("textbox", "User name")
	forgotten(t, "bert", p, "Wholly unknown", "Alpha")

	other.Be(r.SignIn(t, "bert"))
	other.Open(r.Plain + "/admin#deals")
	other.Find("link", "Wholly unknown…")
	tab := other.Tab()
	tab.Open(r.Plain + "/t/" + topic)
	connected(tab)
	tab.Click("button", "Sign out")
	tab.Find("textbox", "User name")
	other.Find("textbox", "User name")
	forgotten(t, "bert", other, "Wholly unknown", "Alpha")
}

// The room says which topics are for some only, and for whom; archived ones and
// conversations of two stand apart.
func TestRoomShowsItsWalls(t *testing.T) {
	t.Parallel()
	p, other := servertest.OpenPage(t), servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	price := admin.Topic(t, deal, "Price", 1)
	terms := admin.Topic(t, deal, "Terms", 2)
	bert := r.Join(t, admin, "bert", "member", deal)
	carla := r.Join(t, admin, "carla", "member", deal)
	r.Join(t, admin, "dora", "member", deal)
	post := poster(t, r, admin)
	post(terms, "Eins", "Zwei", "Drei")
	p.Be(bert)
	p.Open(r.Plain + "/t/" + price)
	connected(p)
	p.Find("heading", "Price")
	p.Find("StaticText", "4 can read here")

	admin.Must(t, "PATCH", "/api/topics/"+price, map[string]any{"narrowed": true, "members": []string{"bert", "dora"}}, nil, 200)
	p.Find("link", "1 Price narrowed")
	p.Until("who can read a narrowed topic", func() bool {
		head, ok := p.Text("main", "")
		return ok && strings.Contains(head, "Only anna, Bert, and Dora can read here")
	})
	if p.Count("button", "Message Carla") > 0 {
		t.Error("who can't read a narrowed topic is among those who can")
	}

	// Archived: apart, and closed with the reason; a search finds it.
	admin.Must(t, "PATCH", "/api/topics/"+terms, map[string]any{"archived": true}, nil, 200)
	p.Gone("link", "2 Terms…")
	p.Type("searchbox", "Search", "terms")
	p.Press(kb.Enter)
	p.Find("heading", "Terms")
	p.Find("StaticText", "This topic is archived. …")
	if p.Count("textbox", "Message") > 0 {
		t.Error("there is something to write with in an archived topic")
	}
	keepsWords(p, "Eins", "Zwei", "Drei")

	// From now on only: what was before goes, from the page and what it keeps.
	admin.Must(t, "PATCH", "/api/topics/"+terms, map[string]any{"archived": false}, nil, 200)
	admin.Must(t, "PATCH", "/api/deals/"+deal+"/members/bert", map[string]any{"history": "joined"}, nil, 204)
	p.Until("a log without what was before", func() bool { return len(p.Messages()) == 0 })
	post(terms, "Vier")
	reads(t, p, "Vier")
	forgotten(t, "bert", p, "Eins", "Zwei", "Drei")
	losesWords(p, "Eins", "Zwei", "Drei")

	// A conversation of two: of nobody else, by the other's name.
	p.Click("button", "Message Carla")
	p.Find("heading", "Carla")
	focused(p, "textbox", "Message")
	say(p, "Nur unter uns")
	other.Be(carla)
	other.Open(r.Plain + "/")
	connected(other)
	other.Click("link", "Bert…")
	reads(t, other, "Nur unter uns")
	other.Find("heading", "Direct")
	shown(other, "Only Bert and Carla can read here")
	say(other, "Ja")
	reads(t, p, "Nur unter uns", "Ja")
	direct := p.Address()
	p.Click("link", "2 Terms")
	p.Find("heading", "Terms")
	p.Click("button", "Message Carla")
	p.Find("heading", "Carla")
	if p.Address() != direct {
		t.Errorf("the second conversation with somebody is at %s, the first at %s", p.Address(), direct)
	}
	var topics struct{ Topics []struct{ Title string } }
	admin.Must(t, "GET", "/api/deals/"+deal+"/topics", nil, &topics, 200)
	if slices.ContainsFunc(topics.Topics, func(topic struct{ Title string }) bool { return strings.Contains(topic.Title, "carla") }) {
		t.Error("an admin is told of a conversation of others")
	}
}

// Everything in the administration can be done without a mouse, and the keyboard
// is where one left it.
func TestAdministrationWorksByTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	topic := admin.Topic(t, deal, "Price", 1)
	r.Join(t, admin, "bert", "member", deal)
	r.Join(t, admin, "carla", "member", deal)
	p.Be(admin)
	p.Open(r.Plain + "/")
	connected(p)
	p.TabTo("link", "Administration")
	p.Press(kb.Enter)
	p.Find("heading", "Users 3")
	focused(p, "heading", "Users 3")

	p.TabTo("searchbox", "Find")
	p.Insert("ber")
	p.Gone("link", "Carla…")
	p.TabTo("link", "Bert…")
	p.Press(kb.Enter)
	focused(p, "heading", "Bert bert")
	p.TabTo("textbox", "Display name")
	p.SelectAll()
	p.Insert("Bert Baum")
	p.Press(kb.Enter)
	p.Find("heading", "Bert Baum bert")
	focused(p, "textbox", "Display name")
	p.TabTo("combobox", "Role")
	p.Press("O")
	p.TabTo("button", "Save")
	p.Press(kb.Enter)
	told(p, "Change the account", "Bert Baum (bert) can still read Price, but no longer write there.")
	focused(p, "button", "Cancel")
	p.Press(kb.Escape)
	p.Gone("dialog", "…")
	focused(p, "button", "Save")
	p.Press(kb.Enter)
	told(p, "Change the account", "Bert Baum (bert) can still read Price")
	p.Press(kb.Tab)
	focused(p, "button", "Change the account")
	p.Press(kb.Enter)
	p.Gone("dialog", "…")
	p.Find("StaticText", "Saved.")
	focused(p, "button", "Save")

	p.Open(r.Plain + "/admin#topics/" + topic)
	focused(p, "heading", "Price")
	p.TabTo("button", "Narrow to some members")
	p.Press(kb.Enter)
	p.Find("dialog", "Narrow the topic")
	focused(p, "checkbox", "Bert Baum (bert) Observer")
	p.Press(" ")
	p.TabTo("button", "Narrow the topic")
	p.Press(kb.Enter)
	told(p, "Narrow the topic", "Carla loses access to Price at once.")
	p.TabTo("button", "Narrow the topic")
	p.Press(kb.Enter)
	focused(p, "button", "Open to the whole deal")
	p.TabTo("link", "What happened")
	p.Press(kb.Enter)
	focused(p, "heading", "Audit")
	shown(p, "anna narrowed the topic Price.")
}

// Every section shows something, and fits its window, however narrow.
func TestAdministrationFitsItsWindow(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	long := strings.Repeat("Donaudampfschifffahrt", 3)
	deal := admin.Deal(t, strings.Repeat("Vermögensübertragung", 6), "joined")
	topic := admin.Topic(t, deal, strings.Repeat("W", 120), 32767)
	for i := range 12 {
		r.Join(t, admin, fmt.Sprintf("%02d-somebody-with-the-longest-na", i), []string{"member", "observer", "bot", "admin"}[i%4], deal)
	}
	admin.Must(t, "PATCH", "/api/users/anna", map[string]any{"display": long}, nil, 200)
	admin.Must(t, "PATCH", "/api/topics/"+topic, map[string]any{"narrowed": true, "strict": true, "open": false}, nil, 200)
	p.Be(admin)
	sizes := []image.Point{{1280, 800}, {360, 740}}
	for _, lang := range []string{"en", "de"} {
		for _, place := range []string{"users", "users/anna", "deals", "deals/" + deal, "topics/" + topic, "signin", "audit"} {
			p.Show(1280, 800, "light")
			p.Open(r.Plain + "/admin?lang=" + lang + "#" + place)
			p.Until("the view of "+place, func() bool {
				there, ok := servertest.Look[bool](p, `document.querySelector("rr-admin main h1") !== null`)
				return ok && there
			})
			for _, size := range sizes {
				p.Show(int64(size.X), int64(size.Y), "light")
				p.Settle()
				for _, wrong := range wrongWith(p, nil, false) {
					t.Errorf("at %s, %d pixels wide: %s", place, size.X, wrong)
				}
			}
		}
	}
}
