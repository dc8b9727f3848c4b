package server_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// Of people who are called alike the account tells who is meant, wherever
// somebody is named: seen, read out, or asked about.
func TestWhoeverIsNamedIsNobodyElse(t *testing.T) {
	t.Parallel()
	const name = "Bert Baum"
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	anna.Must(t, "PATCH", "/api/deals/"+deal, map[string]any{"receipts": true}, nil, 200)
	topic := anna.Topic(t, deal, "Forderungen", 1)
	bert, mallory := r.Join(t, anna, "bert", "member", deal), r.Join(t, anna, "mallory", "member", deal)
	for _, account := range []string{"bert", "mallory"} {
		anna.Must(t, "PATCH", "/api/users/"+account, map[string]any{"display": name}, nil, 200)
	}
	anna.Must(t, "PATCH", "/api/topics/"+topic, map[string]any{"narrowed": true}, nil, 200)
	for _, account := range []string{"bert", "mallory"} {
		anna.Must(t, "PUT", "/api/topics/"+topic+"/members/"+account, nil, nil, 204)
	}
	poster(t, r, bert)(topic, "Guten Morgen")
	signIn(p, r.Plain+"/t/"+topic, "anna", servertest.Password)
	connected(p)
	solidMessages(p, 1)

	// What is read out as it comes.
	servertest.Evaluate[bool](p, `(() => {
		globalThis.said = [];
		new MutationObserver((records) => said.push(...records.flatMap((record) => [...record.addedNodes].map((node) => node.textContent))))
			.observe(document.querySelector("rr-timeline > .unseen[aria-live]"), { childList: true });
		return true;
	})()`)
	poster(t, r, mallory)(topic, "Bitte überweisen")
	p.Until("what has come to be said", func() bool {
		return servertest.Evaluate[string](p, `said.join()`) == name+" @mallory: Bitte überweisen"
	})

	// Above the log, before one writes.
	p.Until("who can read", func() bool {
		said := servertest.Evaluate[string](p, `document.querySelector("rr-room .names").textContent`)
		return strings.Contains(said, name+" @bert") && strings.Contains(said, name+" @mallory")
	})

	// What can be done with a message, and each dialog about one.
	p.Find("button", "Reply to "+name+" @bert")
	p.Find("button", "Reply to "+name+" @mallory")
	dialogs := []struct{ button, title string }{{"Read by", "Who has read this"}, {"Redact", "Redact"}}
	for _, d := range dialogs {
		p.TabTo("button", d.button)
		p.Press(kb.Enter)
		p.Find("dialog", d.title)
		p.Until("whose message it is", func() bool {
			return strings.Contains(servertest.Evaluate[string](p, `document.querySelector("dialog[open]").textContent`), name+" @mallory")
		})
		p.Press(kb.Escape)
		p.Gone("dialog", d.title)
	}

	// A command that could mean either does nothing.
	p.Type("textbox", "Message", "/message "+name)
	p.Press(kb.Enter)
	p.Find("StaticText", "Several are called "+name+"; with @ the account says who is meant.")
	p.Find("heading", "Forderungen")
	p.Press(kb.Escape)
	p.SelectAll()
	p.Type("textbox", "Message", "/message mallory")
	p.Press(kb.Enter)
	p.Find("heading", name+" @mallory")

	p.Open(r.Plain + "/admin#topics/" + topic)
	p.Find("button", "Remove "+name+" (bert)")
	p.Find("button", "Remove "+name+" (mallory)")
}
