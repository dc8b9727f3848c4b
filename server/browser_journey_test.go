package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// journeyRoom is a room in which bert has written, and anna has not looked yet.
func journeyRoom(t *testing.T) (r *servertest.Room, write func(text string)) {
	t.Helper()
	r = servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	anna.Topic(t, deal, "Forderungen", 1)
	topic := anna.Topic(t, deal, "Einlagen", 2)
	bert := r.Join(t, anna, "bert", "member", deal)
	post := sender(t, r, bert)
	write = func(text string) { post(topic, client.Post{Kind: room.Text, Body: text}) }
	write("Wer rechnet die Einlagen nach?")
	write("Laut Register sind 12.500 Euro offen.")
	return r, write
}

// A day's work by real keys alone: no mouse, and nothing that puts the focus
// anywhere but the page and the keyboard. At every step one sees where it is.
func TestPageByKeysAloneShowsWhereTheFocusIs(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r, _ := journeyRoom(t)

	// Sign in.
	p.Open(r.Plain + "/")
	focused(p, "textbox", "User name")
	p.Write("anna")
	p.Walk("textbox", "Password")
	p.Write(servertest.Password)
	p.Press(kb.Enter)
	connected(p)
	p.Find("heading", "Forderungen")
	focused(p, "textbox", "Message")
	p.SeeFocus()

	// Find a topic.
	p.Press("k", chromedp.ModifierCtrl)
	focused(p, "searchbox", "Search")
	p.Write("einl")
	p.Gone("link", "1 Forderungen…")
	p.Key(kb.ArrowDown)
	for !strings.HasPrefix(p.Focus().Name, "2 Einlagen") {
		p.Key(kb.ArrowDown)
	}
	p.Press(kb.Enter)
	p.Find("heading", "Einlagen")
	focused(p, "textbox", "Message")
	p.SeeFocus()

	// Read: from message to message.
	becomes(p, "Wer rechnet die Einlagen nach?", "Laut Register sind 12.500 Euro offen.")
	for p.Focus().Role != "article" {
		p.Press(kb.Tab, chromedp.ModifierShift)
		p.SeeFocus()
	}
	p.Key(kb.Home)
	first := p.Focus()
	p.Key(kb.ArrowDown)
	if second := p.Focus(); second.Role != "article" || second == first {
		t.Errorf("ArrowDown goes from %q to %s %q", first.Name, second.Role, second.Name)
	}

	// Reply.
	p.Walk("button", "Reply to Bert")
	p.Key(kb.Enter)
	focused(p, "textbox", "Message")
	p.Write("Das mache ich.")
	p.Key(kb.Enter)
	becomes(p, "Wer rechnet die Einlagen nach?", "Laut Register sind 12.500 Euro offen.", "Das mache ich.")
	p.Find("link", "In reply to Bert…")

	// Edit.
	p.Key(kb.ArrowUp)
	holds(p, "Das mache ich.")
	p.Key(kb.End)
	p.Write(" Bis morgen.")
	p.Key(kb.Enter)
	becomes(p, "Wer rechnet die Einlagen nach?", "Laut Register sind 12.500 Euro offen.", "Das mache ich. Bis morgen.")

	// Search: the message that has the word.
	p.Press("k", chromedp.ModifierCtrl)
	focused(p, "searchbox", "Search")
	p.Write("Register")
	p.Find("link", "…in Einlagen : Laut Register sind 12.500 Euro offen.")
	for !strings.HasSuffix(p.Focus().Name, "in Einlagen : Laut Register sind 12.500 Euro offen.") {
		p.Key(kb.ArrowDown)
	}
	p.Press(kb.Enter)
	p.Find("heading", "Einlagen")
	p.Until("the message that was found to have the focus, or to stand out", func() bool {
		pointed, ok := servertest.Look[bool](p, `document.querySelector("rr-message[data-pointed]")?.textContent.includes("Laut Register")`)
		return ok && pointed
	})
	p.SeeFocus()

	// Create a topic.
	p.Walk("button", "New topic")
	p.Press(kb.Enter)
	p.Find("dialog", "New topic")
	focused(p, "textbox", "Title")
	p.Write("Vollzug")
	p.Walk("button", "Create")
	p.Press(kb.Enter)
	p.Find("heading", "Vollzug")
	focused(p, "textbox", "Message")
	p.SeeFocus()

	// Invite.
	p.Walk("button", "Invite")
	p.Press(kb.Enter)
	p.Find("dialog", "Invite")
	p.Walk("button", "Create")
	p.Press(kb.Enter)
	p.Find("textbox", "Link")
	p.Walk("button", "Done")
	p.Press(kb.Enter)
	p.Gone("dialog", "Invite")
	focused(p, "button", "Invite")
	p.SeeFocus()

	// The sheet of all keys, and back.
	p.Walk("button", "Keys")
	p.Press(kb.Enter)
	p.Find("dialog", "Keys")
	p.SeeFocus()
	p.Press(kb.Escape)
	p.Gone("dialog", "Keys")

	// Sign out.
	p.Walk("button", "Sign out")
	p.Press(kb.Enter)
	focused(p, "textbox", "User name")
	p.SeeFocus()
}

// The same day for somebody who has only the accessibility tree.
func TestPageByItsAccessibilityTreeAlone(t *testing.T) {
	t.Parallel()
	p := servertest.Reader{Page: servertest.OpenPage(t)}
	r, write := journeyRoom(t)

	// Sign in.
	p.Open(r.Plain + "/")
	p.Thing("heading", "Sign in")
	p.Fill("User name", "anna")
	p.Fill("Password", servertest.Password)
	p.Do("button", "Sign in")
	p.Until("the connection's status", func() bool { return p.Thing("status", "Connection").Text() == "WebTransport" })
	p.Thing("main", "")
	p.Thing("banner", "")
	p.Thing("complementary", "Who can read here")

	// Find a topic: what is unread is said with its name.
	topics := p.Thing("navigation", "Topics")
	if unread, ok := topics.First("link", "2 Einlagen…"); !ok || !strings.HasSuffix(unread.Name, "2 unread") {
		t.Errorf("the list of topics says %q", topics.Text())
	}
	p.Do("link", "2 Einlagen…")
	p.Thing("heading", "Einlagen")

	// Read: a log of articles by name.
	read := func(texts ...string) {
		t.Helper()
		var said []string
		p.Until("the articles", func() bool {
			log := p.Thing("log", "Messages")
			said = nil
			for _, article := range log.All("article", "…") {
				said = append(said, article.Text())
			}
			return len(said) == len(texts) && !slices.ContainsFunc(texts, func(text string) bool {
				return !strings.Contains(said[slices.Index(texts, text)], text)
			})
		})
	}
	read("Wer rechnet die Einlagen nach?", "Laut Register sind 12.500 Euro offen.")

	// What comes meanwhile is told politely, once.
	write("Es eilt.")
	told := func() int { return strings.Count(p.Told(), "Es eilt.") }
	p.Until("what came to be told", func() bool { return told() > 0 })
	read("Wer rechnet die Einlagen nach?", "Laut Register sind 12.500 Euro offen.", "Es eilt.")
	if times := told(); times > 1 {
		t.Errorf("what came is told %d times", times)
	}

	// Reply to the first.
	bert := p.Thing("log", "Messages").All("article", "Bert, …")
	if len(bert) != 3 {
		t.Fatalf("%d articles are Bert's", len(bert))
	}
	bert[0].Do("button", "Reply to Bert")
	p.Thing("button", "Don’t reply")
	p.Fill("Message", "Das mache ich.")
	p.Do("button", "Send")
	read("Wer rechnet die Einlagen nach?", "Laut Register sind 12.500 Euro offen.", "Es eilt.", "Das mache ich.")
	p.Thing("link", "In reply to Bert: Wer rechnet…")

	// Edit.
	p.Do("button", "Edit")
	p.Fill("Message", "Das mache ich bis morgen.")
	p.Do("button", "Save")
	read("Wer rechnet die Einlagen nach?", "Laut Register sind 12.500 Euro offen.", "Es eilt.", "Das mache ich bis morgen.")

	// Search.
	p.FillBox("Search", "Register")
	p.Until("what was found", func() bool {
		hits := p.Thing("list", "Messages").All("link", "…")
		return len(hits) == 1 && strings.Contains(hits[0].Name, "Laut Register")
	})
	p.Thing("list", "Messages").Do("link", "…")
	p.Thing("heading", "Einlagen")

	// Create a topic: a dialog with its name, of fields with theirs.
	p.Do("button", "New topic")
	p.Thing("dialog", "New topic")
	p.Fill("Title", "Vollzug")
	p.Do("button", "Create")
	p.Thing("heading", "Vollzug")

	// Invite.
	p.Do("button", "Invite")
	p.Thing("dialog", "Invite")
	p.Do("button", "Create")
	if link := p.Thing("textbox", "Link").Value; !strings.Contains(link, "/invite#") {
		t.Errorf("the link is %q", link)
	}
	p.Do("button", "Done")

	// Sign out.
	p.Do("button", "Sign out")
	p.Thing("heading", "Sign in")
}
