package server_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// hostileTexts are texts that somebody might send to do harm, or by accident.
var hostileTexts = []struct{ name, text string }{
	{"script", `<script>pwned = 1</script><img src=x onerror="pwned = 1"><svg onload="pwned=1">` + "\n`<img src=x onerror=pwned=1>` **<b onclick=pwned=1>**"},
	{"links", "[harmlos](javascript:pwned=1) [x](JaVaScRiPt:pwned=1) [y](data:text/html,<script>pwned=1</script>) [z](vbscript:pwned=1)\n" +
		"[https://bank.example](https://evil.example/login) https://bank.example@evil.example/ [ok](https://bank.example/\"onclick=\"pwned=1)"},
	{"right-to-left overrides", "Rechnung \u202egpj.exe\u202d \u2066abc\u2067 \u202e\u202e\u202e Ende\nund weiter"},
	{"a turned file name", "A\u202egnp.exe `B\u2067code` **C\u202d** [D\u202e](https://bank.example)\n\n```\nE\u202b\n```\n> F\u2068 שלום 12 \u2069"},
	{"wide numbers", "2026. Jahr\n2027. Jahr\n\nund\n\n999999999. Viel"},
	{"zalgo", "Z" + strings.Repeat("\u0300\u0316\u0489\u0361\u033f", 60) + "algo" + strings.Repeat("\u0301\u0317", 80)},
	{"marks piled up", "Z" + strings.Repeat("\u0300\u0316\u0301\u0317", 60) + "algo"},
	{"64 KiB without a space", strings.Repeat("x", 64<<10)},
	{"a table of 200 columns", "|" + strings.Repeat("Spalte|", 200) + "\n|" + strings.Repeat("-|", 200) + "\n|" + strings.Repeat("Wert|", 200)},
	{"a table of one endless word", "|a|b|\n|-|-|\n|" + strings.Repeat("w", 1500) + "|" + strings.Repeat("\u0300", 200) + "|"},
	{"code of one line", "```\n" + strings.Repeat("codecode", 150) + "\n```"},
	{"500 emoji", strings.Repeat("👩‍👩‍👧‍👦", 60) + strings.Repeat("😀🏳️‍🌈", 220)},
	{"quotes in quotes", strings.Repeat("> ", 300) + "tief"},
	{"lists in lists", strings.Repeat("- ", 200) + "tief\n" + nestedList(40)},
	{"marks that never end", strings.Repeat("**a *b _c [d](", 100)},
	{"line breaks", strings.Repeat("\n", 3000) + "Ende"},
	{"separators", "a\u2028b\u2029c\u0085d\u000be\u0000f\ufeffg\u00adh"},
	{"a wide character", strings.Repeat("\ufdfd", 40) + strings.Repeat("𒐫", 40)},
}

func nestedList(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "%s- %d\n", strings.Repeat("  ", i), i)
	}
	return b.String()
}

// Whatever somebody writes is shown harmlessly: nothing of it runs, the page
// doesn't move sideways, what comes later is where it belongs, and nothing is
// painted outside of its own message.
func TestHostileContentIsShownHarmlessly(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t, "--posts-per-second", "1000")
	mallory := r.Join(t, r.anna, "mallory", "member", r.deal)
	bert := r.Join(t, r.anna, "bert", "member", r.deal)
	r.anna.Must(t, "PATCH", "/api/users/mallory", map[string]any{"display": "Веrt"}, nil, 200) // the first two letters are Cyrillic
	post, answer := poster(t, r.Room, mallory), poster(t, r.Room, r.anna)
	for _, h := range hostileTexts {
		post(r.topic, h.text)
		answer(r.topic, "Nach "+h.name)
	}
	p.Be(bert)
	p.Show(1280, 800, "light")
	p.Open(r.address())
	connected(p)

	for _, unfolded := range []bool{false, true} {
		for _, width := range []int64{1280, 768, 320} {
			p.Show(width, 800, "light")
			if unfolded {
				p.Messages() // which unfolds what is folded
			}
			p.Until("the last message", func() bool {
				return servertest.Evaluate[bool](p, `[...document.querySelectorAll("[role=article]")].at(-1)?.textContent.includes("Nach a wide character")`)
			})
			p.Settle()
			for _, wrong := range servertest.Evaluate[[]string](p, lookForHarm) {
				t.Errorf("%d pixels wide, unfolded %v: %s", width, unfolded, wrong)
			}
		}
	}

	p.Show(1280, 800, "light")
	p.Settle()
	for _, h := range hostileTexts {
		paintsInside(t, p, h.name, fmt.Sprintf(`[...document.querySelectorAll("[role=article]")].find((m) => m.textContent.includes(%q)).previousElementSibling`, "Nach "+h.name))
	}
	// Not each font piles marks up as high as there are; large type does it.
	servertest.Evaluate[any](p, `(() => {
		const sheet = new CSSStyleSheet();
		sheet.replaceSync("rr-message .body { font-size: 80px !important }");
		document.adoptedStyleSheets.push(sheet);
	})()`)
	for _, name := range []string{"zalgo", "marks piled up"} {
		paintsInside(t, p, name+" in large type", fmt.Sprintf(`[...document.querySelectorAll("[role=article]")].find((m) => m.textContent.includes(%q)).previousElementSibling`, "Nach "+name))
	}
	servertest.Evaluate[any](p, `document.adoptedStyleSheets.pop()`)

	// Two who look alike are told apart by the names of their accounts.
	for _, m := range p.Messages() {
		if strings.HasPrefix(m.Text, "Nach ") == strings.Contains(m.Heading, "@mallory") {
			t.Errorf("a message by %q says %.40q", m.Heading, m.Text)
		}
	}
	p.Find("button", "Веrt @mallory, …")
	servertest.Evaluate[bool](p, `([...document.querySelectorAll("rr-message button")].findLast((b) => b.ariaLabel?.startsWith("Reply to Веrt")).click(), true)`)
	p.Until("whom one answers", func() bool {
		return servertest.Evaluate[string](p, `document.querySelector("rr-composer .about strong").textContent`) == "Веrt @mallory"
	})
	p.Insert("Wer bist du?")
	p.Press(kb.Enter)
	p.Find("link", "In reply to Веrt @mallory: …")
}

// lookForHarm tells what is wrong with the page as it stands.
const lookForHarm = `(() => {
	const wrong = [];
	if ("pwned" in globalThis) wrong.push("a script ran");
	if (document.querySelector("[role=article] :is(script, img, svg[onload], [onclick], [onerror], [style*=x])")) wrong.push("markup became elements");
	if (document.scrollingElement.scrollWidth > innerWidth) wrong.push("the page is " + document.scrollingElement.scrollWidth + " wide in " + innerWidth);
	const log = document.querySelector("[role=log]");
	if (log.scrollWidth > log.clientWidth) wrong.push("the log is " + log.scrollWidth + " wide in " + log.clientWidth);
	for (const link of document.querySelectorAll("[role=article] a[href]")) if (!["http:", "https:", "mailto:"].includes(link.protocol)) wrong.push("a link leads to " + link.href);
	for (const link of document.querySelectorAll("[role=article] a[target]")) {
		if (!link.relList.contains("noopener") || !link.relList.contains("noreferrer")) wrong.push("a link tells from where it was followed: " + link.href);
		if (link.textContent.includes("bank.example") && link.hostname !== "bank.example" && !link.textContent.includes("(" + link.hostname + ")")) wrong.push("a link deceives: " + link.textContent);
	}
	for (const message of document.querySelectorAll("[role=article]")) if (/[\u202a-\u202e\u2066-\u2069]/.test(message.innerHTML)) wrong.push("text is turned round: " + message.textContent.slice(0, 60));
	const ruler = document.createElement("span");
	for (const item of document.querySelectorAll("[role=article] ol > li")) {
		ruler.textContent = item.value + ". ";
		item.append(ruler);
		ruler.style.setProperty("white-space", "pre");
		if (ruler.getBoundingClientRect().width > parseFloat(getComputedStyle(item.parentElement).paddingInlineStart)) wrong.push("a number is cut off: " + item.value);
		ruler.remove();
	}
	let before = null;
	for (const message of document.querySelectorAll("[role=article]")) {
		const box = message.getBoundingClientRect();
		if (box.left < log.getBoundingClientRect().left - 1 || box.right > log.getBoundingClientRect().right + 1) wrong.push("a message is wider than the log: " + message.textContent.slice(0, 60));
		if (before && box.top < before.bottom - 0.5) wrong.push("a message lies upon the one before: " + message.textContent.slice(0, 60));
		if (box.height < 16) wrong.push("a message has no height: " + message.textContent.slice(0, 60));
		before = box;
	}
	return wrong;
})()`

// Marks that are piled upon a letter stay in their line wherever names, titles
// and texts are shown.
func TestPiledUpMarksStayInTheirLine(t *testing.T) {
	t.Parallel()
	zalgo := "Z" + strings.Repeat("\u0300\u0316\u0301\u0317", 14) + "algo"
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, zalgo, "all")
	topic := anna.Topic(t, deal, zalgo, 1)
	anna.Topic(t, deal, "Danach", 2)
	mallory := r.Join(t, anna, "mallory", "member", deal)
	anna.Must(t, "PATCH", "/api/users/mallory", map[string]any{"display": zalgo}, nil, 200)
	anna.Must(t, "POST", "/api/deals/"+deal+"/direct", map[string]any{"with": "mallory"}, nil, 201)
	seq := sender(t, r, mallory)(topic, client.Post{Kind: room.Text, Body: zalgo})
	sender(t, r, anna)(topic, client.Post{Kind: room.Text, Ref: seq, Body: "Wie bitte?"})

	p.Be(anna)
	p.Show(1280, 800, "light")
	p.Open(r.Plain + "/t/" + topic)
	connected(p)
	solidMessages(p, 2)
	inside := func(selectors ...string) {
		t.Helper()
		for _, selector := range selectors {
			p.Until(selector, func() bool {
				return servertest.Evaluate[bool](p, fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
			})
			paintsInside(t, p, selector, fmt.Sprintf(`document.querySelector(%q)`, selector))
		}
	}
	inside("rr-topics nav h2", "rr-topics nav a", `rr-topics section[aria-labelledby=direct] a`, "rr-room .names h1", "rr-room .names p", "rr-people li:last-child", "rr-message", "rr-message .content", "rr-message .quote:not([hidden])")
	servertest.Evaluate[bool](p, `(document.querySelector("rr-message .actions button[aria-label^='Reply to Z']").click(), true)`)
	inside("rr-composer .about")
	p.Press("k", chromedp.ModifierCtrl)
	p.Insert("algo")
	inside("rr-search .hit", "rr-search .hit .line", "rr-search .hit .where", "rr-search .hit .extract")
}

// paintsInside has what is found hidden, and compares what is painted outside of it.
func paintsInside(t *testing.T, p *servertest.Page, name, find string) {
	t.Helper()
	box := servertest.Evaluate[struct{ Top, Bottom float64 }](p, `(() => {
		document.activeElement?.blur();
		const message = `+find+`;
		message.scrollIntoView({ block: "center" });
		const { top, bottom } = message.getBoundingClientRect();
		return { Top: top, Bottom: bottom };
	})()`)
	shown := still(t, p)
	servertest.Evaluate[bool](p, `(() => { `+find+`.style.setProperty("visibility", "hidden"); return true })()`)
	hidden := still(t, p)
	servertest.Evaluate[bool](p, `(() => { `+find+`.style.removeProperty("visibility"); return true })()`)
	bounds := shown.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		if float64(y) >= box.Top-1 && float64(y) <= box.Bottom+1 {
			continue
		}
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if differ(shown.At(x, y), hidden.At(x, y)) {
				t.Errorf("%s: paints at %d,%d, outside of its message, which goes from %.0f to %.0f", name, x, y, box.Top, box.Bottom)
				return
			}
		}
	}
}

// still is what the page shows once nothing on it moves any more.
func still(t *testing.T, p *servertest.Page) image.Image {
	t.Helper()
	p.Settle()
	last := p.Picture()
	p.Until("two pictures that are the same", func() bool {
		before := last
		p.Settle()
		last = p.Picture()
		return bytes.Equal(before, last)
	})
	return decodePNG(t, last)
}

// differ tells whether two colors are others, and not only rounded otherwise.
func differ(a, b color.Color) bool {
	const rounding = 0x0800
	far := func(a, b uint32) bool { return max(a, b)-min(a, b) > rounding }
	r, g, blue, _ := a.RGBA()
	otherR, otherG, otherBlue, _ := b.RGBA()
	return far(r, otherR) || far(g, otherG) || far(blue, otherBlue)
}
