package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// feeding posts the reports of a feed, and tells their seqs.
func feeding(send func(topic string, p client.Post) int64, topic string) func(reading string) int64 {
	return func(reading string) int64 {
		body := fmt.Sprintf(`{"source":"https://anna:secret@host.example/price?key=secret","time":"2026-11-22T14:00:00Z","connection":"9f86d081884c7d65","reading":%s}`, reading)
		return send(topic, client.Post{Kind: room.Report, Body: body})
	}
}

// A feed's reports are cards: the newest of a run in full, with the line that its
// numbers make, those before it in a line each. One comes to each of them as to any
// other message.
func TestPageShowsAFeed(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Kurse", 1)
	send := sender(t, r, r.Join(t, anna, "kurse", "bot", deal))
	feed := feeding(send, topic)
	send(topic, client.Post{Kind: room.Text, Body: "Guten Morgen."})
	first := feed(`{"price":12.10,"at":"noon"}`)
	feed(`{"price":12.50,"at":"noon"}`)
	feed(`{"price":12.30,"at":"noon"}`)
	unread := unreadOf(t, r, anna)

	p.OnNewDocument(watchShifts)
	p.Be(anna)
	p.Show(1280, 800, "light")
	p.Open(r.Plain + "/t/" + topic)
	connected(p)
	p.Find("image", "price, 3 values: first 12.10, last 12.30, lowest 12.10, highest 12.50")
	p.Find("term", "price")
	for _, said := range []string{"12.30", "Lowest 12.10, highest 12.50"} {
		p.Find("StaticText", said)
	}
	p.Find("DisclosureTriangle", "… price 12.10 · at noon")
	if images := p.Count("image", "price…"); images != 1 {
		t.Errorf("%d reports stand there in full, want the newest alone", images)
	}
	p.Settle()
	if sum := servertest.Evaluate[float64](p, "shifts.sum"); sum > mostShift {
		t.Errorf("%.4f of the page moves while reports come, more than %v: %v", sum, mostShift, servertest.Evaluate[[]string](p, "shifts.moved"))
	}

	t.Log("one more comes")
	high := servertest.Evaluate[float64](p, `[...document.querySelectorAll("rr-message")].at(-1).getBoundingClientRect().height`)
	feed(`{"price":12.40,"at":"noon"}`)
	p.Find("image", "price, 4 values: first 12.10, last 12.40, lowest 12.10, highest 12.50")
	p.Find("DisclosureTriangle", "… price 12.30 · at noon")
	if now := servertest.Evaluate[float64](p, `[...document.querySelectorAll("rr-message")].at(-1).getBoundingClientRect().height`); now != high {
		t.Errorf("the newest report is %v pixels high, and the one before it was %v", now, high)
	}
	if said := servertest.Evaluate[string](p, `document.querySelector("rr-timeline > [aria-live=polite]").textContent`); said != "" {
		t.Errorf("a report that goes on from another is read out: %q", said)
	}
	p.Until("all to be read", func() bool { return strings.HasPrefix(unread(topic), "0") })

	t.Log("what somebody has unfolded stays so")
	p.Click("DisclosureTriangle", "Source and JSON")
	p.Find("StaticText", "9f86d081884c7d65")
	p.Find("StaticText", "https://host.example/price")
	p.Click("textbox", "Message")
	feed(`{"price":12.60,"at":"noon"}`)
	p.Find("image", "price, 5 values: …")
	p.Find("StaticText", "9f86d081884c7d65")
	if leaked := servertest.Evaluate[bool](p, `[...document.querySelectorAll("rr-report :not(pre)")].some((e) => e.children.length === 0 && e.localName !== "pre" && e.textContent.includes("secret"))`); leaked {
		t.Error("the card shows the source's user or query")
	}

	t.Log("and what somebody has marked")
	servertest.Evaluate[any](p, `getSelection().selectAllChildren([...document.querySelectorAll("rr-report .lead .value")].at(-1))`)
	seq := feed(`{"price":12.70,"at":"noon"}`)
	p.Find("image", "price, 6 values: …")
	if marked := servertest.Evaluate[string](p, `getSelection().toString().trim()`); marked != "12.60" {
		t.Errorf("what is marked is now %q, want 12.60", marked)
	}
	servertest.Evaluate[any](p, `getSelection().empty()`)

	t.Log("by keyboard")
	const focused = `document.activeElement.closest("rr-message")?.dataset.seq ?? ""`
	p.Walk("article", "Kurse, …")
	p.Press(kb.End)
	for _, want := range []int64{seq - 1, seq - 2} {
		p.Press(kb.ArrowUp)
		if at := servertest.Evaluate[string](p, focused); at != fmt.Sprint(want) {
			t.Errorf("ArrowUp leads to message %q, want %d", at, want)
		}
	}
	if stops := servertest.Evaluate[int](p, `new Set([...document.querySelectorAll("rr-report summary")].filter((s) => s.tabIndex === 0).map((s) => s.closest("rr-message"))).size`); stops != 1 {
		t.Errorf("the reports of %d messages are in the tab order, want one's own alone", stops)
	}

	t.Log("by a link")
	p.Open(r.Plain + "/t/" + topic + fmt.Sprintf("#%d", first))
	p.Until("the report to be unfolded", func() bool {
		open, ok := servertest.Look[bool](p, fmt.Sprintf(`document.querySelector('rr-message[data-seq="%d"] details.card')?.open === true`, first))
		return ok && open
	})

	t.Log("in an answer")
	send(topic, client.Post{Kind: room.Text, Ref: first, Body: "Stimmt das?"})
	p.Find("link", "…: Report: price 12.10 · at noon")

	t.Log("in German")
	p.Open(r.Plain + "/t/" + topic + "?lang=de")
	p.Find("image", "price, 6 Werte: erster 12,10, letzter 12,70, niedrigster 12,10, höchster 12,70")
	p.Find("StaticText", "Niedrigster 12,10, höchster 12,70")
	p.Find("DisclosureTriangle", "Herkunft und JSON")
}

// Whoever reads further above stays there, however many reports come.
func TestReportsMoveNobodyWhoReadsAbove(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Kurse", 1)
	feed := feeding(sender(t, r, r.Join(t, anna, "kurse", "bot", deal)), topic)
	const count = 60
	for i := range count {
		feed(fmt.Sprintf(`{"price":%d.5}`, i))
	}
	p.Be(anna)
	p.Show(1280, 800, "light")
	p.Open(r.Plain + "/t/" + topic)
	connected(p)
	p.Find("image", "price, 60 values: …")
	place := fmt.Sprintf(`(() => {%s return Math.round(articles().find((a) => number(a) === 20).getBoundingClientRect().top); })()`, logScript)
	servertest.Evaluate[any](p, fmt.Sprintf(`(() => {%s articles().find((a) => number(a) === 20).scrollIntoView({ block: "start" }); })()`, logScript))
	sees(p, 20)
	p.Settle()
	before := servertest.Evaluate[int](p, place)
	for i := range 5 {
		feed(fmt.Sprintf(`{"price":%d}`, i))
	}
	p.Find("button", "5 new messages")
	p.Settle()
	if after := servertest.Evaluate[int](p, place); after != before {
		t.Errorf("message 20 was at %d, and is at %d after reports came", before, after)
	}

	p.Click("button", "5 new messages")
	p.Find("image", "price, 60 values: first 5.5, last 4, lowest 0, highest 59.5")
	feed(`{"price":77}`)
	sees(p, count+6)
}

// Whatever a report has in it, the page shows it harmlessly.
func TestHostileReportsAreShownHarmlessly(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Kurse", 1)
	send := sender(t, r, r.Join(t, anna, "mallory", "bot", deal))
	const most = 256 << 10
	for _, body := range []string{
		`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}`,
		"{\"\\u202egnp.exe\":\"\\u202e<img src=x onerror=pwned=1>\",\"a\\u0000\\u001b[31m\":\"b\\u0007\\n\\n\"}",
		strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
		strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000),
		"[" + strings.Repeat("1e308,-1e308,", most/14) + "0]",
		`{"` + strings.Repeat("n", 100_000) + `":"` + strings.Repeat("w", 100_000) + `","x":` + strings.Repeat("9", 50_000) + `}`,
		`{"source":"javascript:pwned=1","time":"NaN","connection":{},"reading":["NaN","Infinity"]}`,
		`{"source":"https://host.example/` + strings.Repeat("%F0", 20_000) + `","time":"9999999999999","reading":"` + strings.Repeat("\u0300", 5000) + `"}`,
	} {
		send(topic, client.Post{Kind: room.Report, Body: body})
	}
	send(topic, client.Post{Kind: room.Report, Body: `{"source":"https://host.example","reading":{"end":1}}`})
	p.Be(anna)
	p.Open(r.Plain + "/t/" + topic)
	connected(p)
	p.Find("StaticText", "end")
	for _, width := range []int64{1280, 320} {
		p.Show(width, 800, "light")
		p.Settle()
		for _, wrong := range servertest.Evaluate[[]string](p, lookForHarm) {
			t.Errorf("%d pixels wide: %s", width, wrong)
		}
	}
	if polluted := servertest.Evaluate[bool](p, `"polluted" in {}`); polluted {
		t.Error("a report changed the prototype of objects")
	}
	for _, image := range []string{"Value, 37,449 values: first 1e308, last 0, lowest -1e308, highest 1e308"} {
		p.Find("image", image)
	}
}
