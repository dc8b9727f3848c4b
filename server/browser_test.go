package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// How the page looks to people is in INTERFACES' words: what they find, they
// find by role and name.

// createAccount fills the form of the setup and of an invitation.
func createAccount(p *servertest.Page, name string) {
	p.Type("textbox", "User name", name)
	p.Type("textbox", "Password", servertest.Password)
	p.Click("button", "Create account")
}

// signIn opens the room at a path and signs in.
func signIn(p *servertest.Page, address, name, password string) {
	p.Open(address)
	p.Type("textbox", "User name", name)
	p.Type("textbox", "Password", password)
	p.Click("button", "Sign in")
}

func connected(p *servertest.Page) { p.UntilText("status", "Connection", "WebTransport") }

// openTopic chooses a topic in the list and waits until one can write in it.
func openTopic(p *servertest.Page, title string) {
	p.Click("link", "…"+title+"…")
	p.Find("heading", title)
	p.Find("textbox", "Message")
}

// say writes into the topic that is open.
func say(p *servertest.Page, text string) {
	p.Type("textbox", "Message", text)
	p.Click("button", "Send")
}

// solidMessages waits until the log shows so many messages, or more, none of
// which is still being sent.
func solidMessages(p *servertest.Page, count int) (messages []servertest.Message) {
	p.Until(fmt.Sprintf("%d messages in the log", count), func() bool {
		messages = p.Messages()
		waiting := func(m servertest.Message) bool { return m.Seq == 0 || m.Waiting }
		return len(messages) >= count && !slices.ContainsFunc(messages, waiting)
	})
	return messages
}

// reads waits until the log shows exactly these messages, all of them solid.
func reads(t *testing.T, p *servertest.Page, texts ...string) []servertest.Message {
	t.Helper()
	messages := solidMessages(p, len(texts))
	if len(messages) != len(texts) {
		t.Fatalf("the log shows %d messages, want %d", len(messages), len(texts))
	}
	for i, m := range messages {
		if m.Text != texts[i] {
			t.Fatalf("message %d is %d octets, want %d unchanged ones; it begins with %.80q, want %.80q", i+1, len(m.Text), len(texts[i]), m.Text, texts[i])
		}
		if m.Trouble != "" {
			t.Fatalf("message %d says %q", i+1, m.Trouble)
		}
	}
	return messages
}

// filled is a text of exactly so many octets, made of whole lines.
func filled(octets int, line string) string {
	text := strings.Repeat(line, octets/len(line))
	return text + strings.Repeat(".", octets-len(text))
}

// A text with what is lost first where text isn't handled as what it is:
// letters beyond ASCII both composed and decomposed, several marks on one
// letter, emoji of several code points, right-to-left writing, markup, and
// white space of every kind that a field keeps.
const awkward = "  Grüße aus Köln, STRASSE und Straße, Ääh: ü (eins) u\u0308 (zwei), e\u0301\u0323\u0304;\t\t👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 1️⃣ ❤️;" +
	" 漢字 한국어 हिन्दी; שלום עולם, مرحبا; <b>&amp;</b> \\n %0A \u00a0|\u2003|\u200b|\u2028| 12.500 €\n\n"

func TestTwoBrowsersTalkOverWebTransport(t *testing.T) {
	t.Parallel()
	anna, bert := servertest.OpenPage(t), servertest.OpenPage(t)
	diary := servertest.NewDiary(t)
	c := servertest.Config(t)
	c.Log = diary.Log()
	room, _ := servertest.StartWith(t, c)

	// The first person follows the setup link, and makes all that there is.
	anna.Open(room.Plain + "/setup#" + room.Setup)
	createAccount(anna, "anna")
	connected(anna)

	anna.Click("button", "New deal")
	anna.Find("dialog", "New deal")
	anna.Type("textbox", "Name", "GeldGeldGeld AG")
	anna.Click("button", "Create")
	anna.Gone("dialog", "New deal")

	const title = "Vermögensübertragung: Share Deal Szenario"
	anna.Click("button", "New topic")
	anna.Find("dialog", "New topic")
	anna.Type("textbox", "Title", title)
	anna.Type("textbox", "Number", "7")
	anna.Find("combobox", "Deal")
	anna.Click("button", "Create")
	anna.Gone("dialog", "New topic")
	anna.Find("link", "7 "+title)

	anna.Click("button", "Invite")
	anna.Find("dialog", "Invite")
	anna.Find("combobox", "Deal")
	anna.Click("button", "Create")
	link := anna.Find("textbox", "Link").Value
	anna.Click("button", "Copy link")
	anna.Find("button", "Copied")
	anna.Click("button", "Done")
	anna.Gone("dialog", "Invite")
	anna.Click("searchbox", "Search")
	anna.Paste()
	anna.Until("the copied link where it was pasted", func() bool { return anna.Find("searchbox", "Search").Value == link })
	anna.Press(kb.Escape)

	// The second follows that link.
	if !strings.HasPrefix(link, room.Plain+"/invite#") {
		t.Fatalf("the invitation's link is %q", link)
	}
	bert.Open(link)
	bert.Find("StaticText", "… Sign-ins, what one opens, and changes to accounts, deals and topics are recorded, …")
	createAccount(bert, "bert")
	connected(bert)
	if address := bert.Address(); strings.Contains(address, "invite") || strings.Contains(address, "#") {
		t.Errorf("the invitation's token is still in the address: %s", address)
	}

	openTopic(anna, title)
	openTopic(bert, title)

	first, second := filled(64<<10, awkward), filled(64<<10, "🧑🏿‍🚀ß")
	say(anna, first)
	reads(t, bert, first)
	say(bert, second)
	reads(t, anna, first, second)
	reads(t, bert, first, second)
	say(bert, "Ja.")
	said := reads(t, anna, first, second, "Ja.")
	for i, author := range []string{"anna", "bert", "bert"} {
		if said[i].Seq != int64(i+1) || !strings.HasPrefix(said[i].Heading, author) {
			t.Errorf("message %d of %s is shown as %d of %q", i+1, author, said[i].Seq, said[i].Heading)
		}
	}

	// It was WebTransport, say both pages, and the server too.
	for name, p := range map[string]*servertest.Page{"anna": anna, "bert": bert} {
		connected(p)
		if diary.Count("signed in", "transport", "WebTransport", "user", name) == 0 {
			t.Errorf("the server saw no WebTransport session of %s", name)
		}
	}

	// One comes back to where one was.
	began := time.Now()
	bert.Reload()
	bert.Find("textbox", "Message")
	connected(bert)
	reads(t, bert, first, second, "Ja.")
	t.Logf("from a reload to the connected page with 128 KiB of messages: %v", time.Since(began).Round(time.Millisecond))
}
