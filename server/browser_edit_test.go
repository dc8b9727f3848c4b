package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

func TestPageEditsTheLastMessage(t *testing.T) {
	t.Parallel()
	anna, bert := servertest.OpenPage(t), servertest.OpenPage(t)
	twoAtATopic(t, anna, bert)
	say(anna, "Was kostet es?")
	reads(t, bert, "Was kostet es?")
	say(bert, "Zwölf Millionen")
	reads(t, anna, "Was kostet es?", "Zwölf Millionen")
	anna.Find("StaticText", "Checked to 2")

	// Nothing is sent that changes nothing, or leaves nothing.
	focused(bert, "textbox", "Message")
	bert.Press(kb.ArrowUp)
	bert.Find("button", "Save")
	holds(bert, "Zwölf Millionen")
	bert.Press(kb.Enter)
	bert.Find("alert", "…")
	bert.Find("StaticText", "Nothing is changed yet.…")
	bert.SelectAll()
	bert.Press(kb.Backspace)
	bert.Gone("alert", "…")
	bert.Press(kb.Enter)
	bert.Find("StaticText", "A message can’t be without text.…")

	// Escape leaves it as it was, and the field as empty.
	bert.Press(kb.Escape)
	bert.Find("button", "Send")
	holds(bert, "")
	reads(t, bert, "Was kostet es?", "Zwölf Millionen")

	// The other one sees the new text, marked, and no new message.
	bert.Press(kb.ArrowUp)
	holds(bert, "Zwölf Millionen")
	bert.SelectAll()
	bert.Insert("Dreizehn Millionen")
	bert.Press(kb.Enter)
	for _, p := range []*servertest.Page{anna, bert} {
		becomes(p, "Was kostet es?", "Dreizehn Millionen")
		p.Find("button", "edited")
		if live := servertest.Evaluate[[]string](p, `[...document.querySelectorAll("article, [role=article]")].map((e) => e.ariaLive ?? "")`); !slices.Equal(live, []string{"", "off"}) {
			t.Errorf("the log's messages are read out as %q when they change", live)
		}
	}
	bert.Find("button", "Send")
	holds(bert, "")

	// One's own draft is there again after an edit by the message's own button.
	bert.Insert("Und noch")
	bert.ClickFirst("button", "Edit")
	holds(bert, "Dreizehn Millionen")
	bert.Insert(" etwa")
	bert.Click("button", "Save")
	becomes(anna, "Was kostet es?", "Dreizehn Millionen etwa")
	holds(bert, "Und noch")

	// Everybody who reads may see how it came to be.
	anna.Click("button", "edited")
	anna.Find("dialog", "History")
	for _, version := range []string{"Zwölf Millionen", "Dreizehn Millionen", "Dreizehn Millionen etwa"} {
		anna.Until("the version "+version, func() bool { return anna.Count("StaticText", version) > 0 })
	}
	anna.Click("button", "Close")
	anna.Gone("dialog", "History")
	focused(anna, "button", "edited")
	if own, others := bert.Count("button", "Edit"), anna.Count("button", "Edit"); own != 1 || others != 1 {
		t.Errorf("bert and anna are offered to edit %d and %d messages, want one each: one's own", own, others)
	}

	// What came has been checked, and a page that is loaded again shows the same.
	anna.Find("StaticText", "Checked to 4")
	anna.Reload()
	connected(anna)
	becomes(anna, "Was kostet es?", "Dreizehn Millionen etwa")
	anna.Find("button", "edited")
	anna.Find("StaticText", "Gapless.")
	anna.Find("StaticText", "Checked to 4")
}

func TestPageForgetsWhatWasRedacted(t *testing.T) {
	t.Parallel()
	anna, bert := servertest.OpenPage(t), servertest.OpenPage(t)
	r, topic := twoAtATopic(t, anna, bert)
	said := []string{"Zwölftausend", "Dreizehntausend", "Vierzehntausend", "Fünfzehntausend"}
	const reason = "Steht unter Verschwiegenheit"
	say(bert, said[0])
	reads(t, anna, said[0])
	bert.Press(kb.ArrowUp)
	holds(bert, said[0])
	bert.SelectAll()
	bert.Insert(said[1])
	bert.Press(kb.Enter)
	becomes(anna, said[1])

	// It is quoted in an answer, and in one that is being written; all its
	// versions are open at one page, and the other is editing it.
	anna.Click("button", "Reply to Bert")
	anna.Insert("Wirklich?")
	anna.Press(kb.Enter)
	becomes(bert, said[1], "Wirklich?")
	bert.Find("link", "In reply to Bert: "+said[1])
	anna.ClickFirst("button", "Reply to Bert")
	anna.Click("button", "edited")
	anna.Find("dialog", "History")
	bert.ClickFirst("button", "Edit")
	holds(bert, said[1])
	bert.SelectAll()
	bert.Insert(said[2])
	bert.Insert(" " + said[3])
	seq := sender(t, r, r.SignIn(t, "anna"))(topic, client.Post{Kind: room.Redact, Ref: 1, Body: reason})

	redacted := "Redacted by anna, …"
	for name, p := range map[string]*servertest.Page{"anna": anna, "bert": bert} {
		p.Until("who redacted it", func() bool { return p.Count("StaticText", redacted) == 1 })
		p.Find("StaticText", "…Reason: "+reason)
		forgotten(t, name, p, said...)
		p.Find("StaticText", fmt.Sprintf("Checked to %d", seq))
		p.Find("StaticText", "Gapless.")
		p.Gone("button", "edited")
	}
	anna.Gone("dialog", "History")
	bert.Find("StaticText", "The message was redacted meanwhile, so there is nothing left to edit.")
	bert.Find("button", "Send")

	// Undoing doesn't bring it back.
	focused(bert, "textbox", "Message")
	for range 5 {
		bert.Press("z", chromedp.ModifierCtrl)
	}
	forgotten(t, "bert, who undoes,", bert, said...)

	// Who comes later never sees it.
	for name, p := range map[string]*servertest.Page{"anna": anna, "bert": bert} {
		p.Reload()
		connected(p)
		p.Until("who redacted it", func() bool { return p.Count("StaticText", redacted) == 1 })
		forgotten(t, name+", who comes back,", p, said...)
		p.Find("StaticText", "Gapless.")
		p.Find("StaticText", fmt.Sprintf("Checked to %d", seq))
	}
}

func TestPageRedactsByTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	anna, bert := servertest.OpenPage(t), servertest.OpenPage(t)
	twoAtATopic(t, anna, bert)
	const secret = "Zwölftausend"
	say(bert, secret)
	reads(t, anna, secret)
	anna.Click("button", "Reply to Bert")
	anna.Insert("Das gehört nicht hierher")
	anna.Press(kb.Enter)
	reads(t, bert, secret, "Das gehört nicht hierher")
	bert.Find("link", "In reply to Bert: "+secret)
	bert.Click("button", "Reply to Bert")
	bert.Find("button", "Don’t reply")

	// Who wrote it and admins may; others aren't offered to.
	if own, all := bert.Count("button", "Redact"), anna.Count("button", "Redact"); own != 1 || all != 2 {
		t.Fatalf("a member is offered to redact %d messages, an admin %d, want 1 and 2", own, all)
	}
	anna.TabTo("button", "Redact")
	anna.Press(kb.Enter)
	anna.Find("dialog", "Redact")
	focused(anna, "textbox", "Reason")
	anna.Find("StaticText", "…for everybody and for good…")
	anna.Insert(strings.Repeat("ß", 513))
	anna.Press(kb.Enter)
	anna.Find("StaticText", "The reason is 2 bytes too long: it has at most 1 KiB.")
	anna.Press(kb.Escape)
	anna.Gone("dialog", "Redact")
	focused(anna, "button", "Redact")

	// Up in the log to the other one's message.
	anna.Press(kb.Tab, chromedp.ModifierShift)
	anna.Press(kb.ArrowUp)
	anna.TabTo("button", "Redact")
	anna.Press(kb.Enter)
	focused(anna, "textbox", "Reason")
	anna.Insert("Falsche Zahl")
	anna.TabTo("button", "Redact")
	anna.Press(kb.Enter)
	anna.Gone("dialog", "Redact")
	for name, p := range map[string]*servertest.Page{"anna": anna, "bert": bert} {
		p.Find("StaticText", "…Reason: Falsche Zahl")
		forgotten(t, name, p, secret)
	}
	// The keyboard is where it was, though what it was on is gone.
	anna.Until("the focus on the message", func() bool { return strings.HasPrefix(anna.Focus().Name, "Bert, ") })

	if left := bert.Count("button", "Redact") + bert.Count("button", "Edit"); left != 0 {
		t.Errorf("bert is offered %d things to do with what is redacted", left)
	}
}

func TestPageSaysWhyAnEditWasRefused(t *testing.T) {
	t.Parallel()
	anna, bert := servertest.OpenPage(t), servertest.OpenPage(t)
	_, topic := twoAtATopic(t, anna, bert)
	say(anna, "Meins")
	reads(t, bert, "Meins")
	// The page offers none of this; but a right may have ended a moment before.
	post := func(text, kind string) {
		servertest.Evaluate[any](bert, fmt.Sprintf(`document.querySelector("rr-timeline").session.outbox.post(%q, %q, 1, %q)`, topic, text, kind))
	}
	post("Deins", "edit")
	bert.Find("StaticText", "Not saved: you can’t edit this message here.")
	bert.Click("button", "Discard")
	reads(t, bert, "Meins")
	post("Weg damit", "redact")
	bert.Find("StaticText", "Not redacted: only who wrote it and admins can, while the topic is open.")
	bert.Click("button", "Discard")
	reads(t, bert, "Meins")
	reads(t, anna, "Meins")

	// What is refused because there is nothing any more isn't tried again.
	anna.Click("button", "Redact")
	anna.Find("dialog", "Redact")
	anna.Press(kb.Enter)
	bert.Find("StaticText", "Redacted by anna, …")
	post("Deins", "edit")
	bert.Find("StaticText", "Not saved: the message was redacted meanwhile, so there is nothing left to edit.")
	if again := bert.Count("button", "Try again"); again != 0 {
		t.Error("an edit of what is redacted can be tried again")
	}
	forgotten(t, "bert", bert, "Deins", "Meins")
	bert.Click("button", "Discard")
	bert.Gone("alert", "…")
}

func TestPageOffersObserversNothingButTheHistory(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Forderungen", 1)
	carla := r.Join(t, anna, "carla", "observer", deal)
	send := sender(t, r, anna)
	send(topic, client.Post{Kind: room.Text, Body: "Zwölf"})
	send(topic, client.Post{Kind: room.Edit, Ref: 1, Body: "Dreizehn"})

	nothing := func() {
		t.Helper()
		for _, name := range []string{"Reply to …", "Edit", "Redact"} {
			if n := p.Count("button", name); n > 0 {
				t.Errorf("the page offers %d buttons %q", n, name)
			}
		}
		p.Click("button", "edited")
		p.Find("dialog", "History")
		p.Press(kb.Escape)
		p.Gone("dialog", "History")
	}
	signIn(p, r.Plain+"/t/"+topic, carla.Name, servertest.Password)
	connected(p)
	reads(t, p, "Dreizehn")
	nothing()
	p.Click("button", "Sign out")
	p.Find("textbox", "User name")

	anna.Must(t, "PATCH", "/api/topics/"+topic, map[string]any{"open": false}, nil, 200)
	signIn(p, r.Plain+"/t/"+topic, "anna", servertest.Password)
	connected(p)
	reads(t, p, "Dreizehn")
	p.Find("link", "…closed")
	nothing()
}

func TestPageShowsAReport(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Forderungen", 1)
	bot := r.Join(t, anna, "bericht", "bot", deal)
	send := sender(t, r, bot)
	const figures = `{"Überfällig":1284300.50,"Stand":"<b>18:12</b>","vorläufig":true,"nach Alter":{"30":[1,2],"90":[3]}}`
	seq := send(topic, client.Post{Kind: room.Report, Body: figures})

	signIn(p, r.Plain+"/t/"+topic, "anna", servertest.Password)
	connected(p)
	for _, said := range []string{"Überfällig", "1,284,300.50", "Stand", "<b>18:12</b>", "vorläufig", "true", "nach Alter.90", "1 entry"} {
		p.Find("StaticText", said)
	}
	if bold := servertest.Evaluate[int](p, `document.querySelectorAll("[role=log] b").length`); bold > 0 {
		t.Error("a report's text became markup")
	}

	p.Find("image", "nach Alter.30, 2 values: first 1, last 2, lowest 1, highest 2")

	// The JSON is folded away, and what is folded out stays in sight.
	const deeper = `…"30": […`
	if shown := p.Count("StaticText", deeper); shown > 0 {
		t.Error("the JSON is shown from the beginning")
	}
	p.Click("DisclosureTriangle", "JSON")
	p.Find("StaticText", deeper)
	p.Find("DisclosureTriangle", "JSON")

	// The bot goes on: the newest figures, and the history of all.
	send(topic, client.Post{Kind: room.Edit, Ref: seq, Body: `{"Überfällig":12}`})
	p.Find("StaticText", "12")
	p.Gone("StaticText", "1,284,300.50")
	p.Click("button", "edited")
	p.Find("dialog", "History")
	p.Find("StaticText", "1,284,300.50")
	p.Press(kb.Escape)
	p.Gone("dialog", "History")
	if edits := p.Count("button", "Edit"); edits != 0 {
		t.Error("the page offers to edit a report")
	}

	send(topic, client.Post{Kind: room.Redact, Ref: seq, Body: "Falsche Quelle"})
	p.Find("StaticText", "Redacted by Bericht, …")
	forgotten(t, "anna", p, "Überfällig", "1284300", "1,284,300", "18:12")
	p.Find("StaticText", "Gapless.")
}

func TestPageStaysWhereItIsWhenMessagesChangeAbove(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Forderungen", 1)
	send := sender(t, r, anna)
	const count = 60
	for i := range count {
		send(topic, client.Post{Kind: room.Text, Body: fmt.Sprintf("Nachricht %d", i+1)})
	}
	r.Join(t, anna, "bert", "member", deal)
	signIn(p, r.Plain+"/t/"+topic, "bert", servertest.Password)
	connected(p)
	solidMessages(p, count)
	servertest.Evaluate[any](p, `document.querySelector("[role=log]").scrollTop = 1e6`)
	p.Settle()

	// top is where a message begins in the window.
	top := func(seq int) float64 {
		return servertest.Evaluate[float64](p, fmt.Sprintf(`document.querySelectorAll("[role=article]")[%d].getBoundingClientRect().top`, seq-1))
	}
	long := strings.Repeat("eine Zeile\n", 15) // as a whole: it isn't folded
	edit := func(seq int, text string) {
		t.Helper()
		send(topic, client.Post{Kind: room.Edit, Ref: int64(seq), Body: text})
		p.Until("the edit", func() bool { return p.Messages()[seq-1].Text == text })
		p.Settle()
	}
	stays := func(what string, seq int, change func()) {
		t.Helper()
		before := top(seq)
		change()
		if after := top(seq); after < before-1 || after > before+1 {
			t.Errorf("%s moved message %d from %v to %v", what, seq, before, after)
		}
	}
	redact := func(seq int) {
		t.Helper()
		send(topic, client.Post{Kind: room.Redact, Ref: int64(seq)})
		p.Until("the redaction", func() bool { return strings.HasPrefix(p.Messages()[seq-1].Text, "Redacted by anna") })
		p.Settle()
	}
	stays("an edit above the end", count, func() { edit(55, long) })
	stays("an edit far above the end", count, func() { edit(3, long) })
	stays("a redaction above the end", count, func() { redact(55) })

	// Further up, in the middle of what is read.
	servertest.Evaluate[any](p, `document.querySelectorAll("[role=article]")[29].scrollIntoView({block: "start"})`)
	p.Settle()
	stays("an edit above", 31, func() { edit(10, long) })
	servertest.Evaluate[any](p, `document.querySelector("[role=log]").scrollTop += 10`)
	p.Settle()
	stays("an edit of what begins above", 31, func() { edit(30, long) })
	stays("a redaction above", 31, func() { redact(10) })
	stays("an edit below", 31, func() { edit(59, long) })
	if fresh := p.Count("button", "…new message…"); fresh > 0 {
		t.Error("edits are counted as new messages")
	}
}

// twoAtATopic brings anna, the admin, and bert to a topic that nothing is in yet.
func twoAtATopic(t *testing.T, anna, bert *servertest.Page) (r *servertest.Room, topic string) {
	t.Helper()
	r = servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "GeldGeldGeld AG", "all")
	topic = admin.Topic(t, deal, "Forderungen", 1)
	r.Join(t, admin, "bert", "member", deal)
	for name, p := range map[string]*servertest.Page{"anna": anna, "bert": bert} {
		signIn(p, r.Plain+"/t/"+topic, name, servertest.Password)
		connected(p)
		p.Find("textbox", "Message")
	}
	return r, topic
}

// sender posts messages of any kind as somebody who isn't at a page.
func sender(t *testing.T, r *servertest.Room, as *servertest.API) func(topic string, p client.Post) (seq int64) {
	c := r.Connect(t, as)
	joined := map[string]*client.Channel{}
	return func(topic string, p client.Post) int64 {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		defer cancel()
		if joined[topic] == nil {
			j, err := c.Join(ctx, topic, 0, nil, func(room.Message) {})
			if err != nil {
				t.Fatalf("joining: %v", err)
			}
			joined[topic] = j
		}
		p.ID = room.NewID()
		seq, err := joined[topic].Send(ctx, p)
		if err != nil {
			t.Fatalf("posting: %v", err)
		}
		return seq
	}
}

// becomes waits until the log shows exactly these messages.
func becomes(p *servertest.Page, texts ...string) {
	p.Until(fmt.Sprintf("the messages %q", texts), func() bool {
		var shown []string
		for _, m := range p.Messages() {
			if m.Seq == 0 || m.Waiting {
				return false
			}
			shown = append(shown, m.Text)
		}
		return slices.Equal(shown, texts)
	})
}

// holds waits until this stands where one writes.
func holds(p *servertest.Page, text string) {
	p.Until(fmt.Sprintf("%q where one writes", text), func() bool { return p.Find("textbox", "Message").Value == text })
}

// forgotten says where a page still has what it must not have any more.
func forgotten(t *testing.T, who string, p *servertest.Page, words ...string) {
	t.Helper()
	p.Settle()
	for _, word := range words {
		for _, place := range p.Mentions(word) {
			t.Errorf("the page of %s still has %q: %s", who, word, place)
		}
	}
}
