package server_test

import (
	"slices"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// Texts that do something where text is taken for anything else.
var hostile = []string{
	`<img src=x onerror="window.hacked=1">`,
	`<script>window.hacked=1</script>`,
	`</textarea></article><svg onload="window.hacked=1"><iframe srcdoc="<script>parent.hacked=1</script>">`,
	`<a href="javascript:window.hacked=1">Bitte klicken</a> javascript:window.hacked=1`,
	"Rechnung \u202egpj.exe\u202c und \u2066offen, \u202e\u202d\u2067ohne Ende",
	`{{.Assets}} ${window.hacked=1} %3Cb%3E &lt;b&gt; <!-- <style>*{display:none}</style>`,
}

// spelled is how a text is shown: what turns its direction has its name.
func spelled(texts []string) (shown []string) {
	marks := strings.NewReplacer("\u202e", "RLO", "\u202d", "LRO", "\u202c", "PDF", "\u2066", "LRI", "\u2067", "RLI")
	for _, text := range texts {
		shown = append(shown, marks.Replace(text))
	}
	return shown
}

// One whole stay, from the setup to the end of the session, in which all that
// is made bears a hostile name: what is text is shown as text, and the browser
// has nothing to complain of.
func TestPageObeysItsContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	p.Open(r.Plain + "/setup#" + r.Setup)
	createAccount(p, "anna")
	connected(p)
	p.Click("button", "New deal")
	p.Type("textbox", "Name", hostile[0])
	p.Click("button", "Create")
	p.Click("button", "New topic")
	p.Type("textbox", "Title", hostile[1])
	p.Click("button", "Create")
	p.Find("link", "1 "+hostile[1])
	p.Find("heading", hostile[0])

	anna := r.SignIn(t, "anna")
	var deals struct{ Deals []struct{ ID string } }
	anna.Must(t, "GET", "/api/deals", nil, &deals, 200)
	bert := r.Anonymous(t)
	bert.Must(t, "POST", "/api/invitations/accept", map[string]any{
		"token": anna.Invite(t, "member", deals.Deals[0].ID), "name": "bert", "display": hostile[0], "password": servertest.Password,
	}, nil, 201)
	var topics struct{ Topics []struct{ ID string } }
	anna.Must(t, "GET", "/api/deals/"+deals.Deals[0].ID+"/topics", nil, &topics, 200)
	poster(t, r, bert)(topics.Topics[0].ID, hostile...)
	shown := spelled(hostile)
	reads(t, p, shown...)
	for _, text := range hostile {
		say(p, text)
	}
	reads(t, p, slices.Concat(shown, shown)...)

	// What is answered is quoted, in the composer and in the log.
	replies := p.Count("button", "Reply to …")
	if replies != 2*len(hostile) {
		t.Errorf("there are %d buttons to reply with, want one a message", replies)
	}
	p.ClickFirst("button", "Reply to …")
	p.Find("button", "Don’t reply")
	say(p, "Gelesen")
	p.Find("link", "In reply to …")

	// What was made of text is text.
	p.Click("button", "Invite")
	p.Find("combobox", "Deal")
	noElements(t, p)
	p.Click("button", "Cancel")
	p.Reload()
	connected(p)
	solidMessages(p, 2*len(hostile)+1)
	noElements(t, p)
	p.Click("button", "Sign out")
	p.Find("textbox", "User name")
	for _, c := range p.Complaints() {
		if !slices.Contains(signedOut(r), c) {
			t.Errorf("a browser complains: %s: %s", c.Kind, c.Text)
		}
	}

	// And the policy isn't one that allows everything, nor this test deaf.
	servertest.Evaluate[bool](p, `(() => {
		const script = document.createElement("script");
		script.textContent = "window.hacked = 1";
		document.head.append(script);
		document.body.setAttribute("style", "color: red");
		return fetch("https://example.com/").then(() => true, () => false);
	})()`)
	noElements(t, p)
	for _, directive := range []string{"script-src-elem inline", "style-src-attr inline", "connect-src https://example.com/"} {
		p.Until("a violation of "+directive, func() bool { return p.Forgive("policy", directive) })
	}
	for p.Forgive("console", "Content Security Policy") {
	}
}

// signedOut is what Chromium says of every page that asks who one is, and for a
// token, where the answer is nobody.
func signedOut(r *servertest.Room) (all []servertest.Complaint) {
	const refused = "Failed to load resource: the server responded with a status of 401 (Unauthorized) "
	for _, path := range []string{"/api/session", "/api/session/token"} {
		all = append(all, servertest.Complaint{Kind: "network", Text: refused + r.Plain + path})
	}
	return all
}

// noElements fails the test if a text has become what no text may become.
func noElements(t *testing.T, p *servertest.Page) {
	t.Helper()
	made := servertest.Evaluate[[]string](p, `[...document.querySelectorAll(
		"body :is(img, script, iframe, style, object, embed, [onload], [onerror], [href^='javascript:'], svg:not([aria-hidden]))")].map((e) => e.outerHTML)`)
	if len(made) > 0 {
		t.Errorf("text became elements: %q", made)
	}
	if servertest.Evaluate[bool](p, `"hacked" in window`) {
		t.Error("a text was executed")
	}
}
