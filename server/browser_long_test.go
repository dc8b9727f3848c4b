package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// What stands in the log, and how it scrolls, for scripts.
const logScript = `
	const log = document.querySelector("[role=log]");
	const articles = () => [...log.querySelectorAll("[role=article]")];
	const number = (article) => Number(new URL(article.querySelector("header a[href]").href).hash.slice(1));
	const seen = () => {
		const { top, bottom } = log.getBoundingClientRect();
		return articles().filter((article) => article.getBoundingClientRect().bottom > top && article.getBoundingClientRect().top < bottom).map(number);
	};
	const frame = () => new Promise(requestAnimationFrame);
	const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`

// inSight are the seqs of the messages that can be seen now, by their links.
func inSight(p *servertest.Page) []int64 {
	return servertest.Evaluate[[]int64](p, `(() => {`+logScript+` return log ? seen() : []; })()`)
}

func sees(p *servertest.Page, number int64) {
	p.Until(fmt.Sprintf("message %d in sight", number), func() bool {
		for _, n := range inSight(p) {
			if n == number {
				return true
			}
		}
		return false
	})
}

// wandering is what one finds on the way through a long log.
type wandering struct {
	Most     int    // messages that stood in the document at once
	Elements int    // of the document, at most
	Gap      string // where two stood beside each other that don't
	Empty    int    // how often nothing was in sight after a pause
	Moved    int64  // how many messages one came by
}

// wander scrolls for some seconds: far in one direction, to and fro, and by
// dragging the scroll bar to somewhere else.
const wander = `(async (seconds, seed) => {` + logScript + `
	const result = { Most: 0, Elements: 0, Gap: "", Empty: 0, Moved: 0 };
	const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
	const look = () => {
		const all = articles().map(number);
		result.Most = Math.max(result.Most, all.length);
		result.Elements = Math.max(result.Elements, document.querySelectorAll("*").length);
		all.forEach((n, at) => { if (at > 0 && n !== all[at - 1] + 1) result.Gap = all[at - 1] + " before " + n; });
	};
	const until = async (holds) => {
		for (let tries = 0; !holds() && tries < 100; tries++) await pause(50);
		if (!holds()) result.Empty++;
	};
	const filled = () => seen().length > 0;
	let first = 0;
	const step = async (by) => {
		log.scrollTop += by;
		await frame();
		const now = seen()[0] ?? first;
		result.Moved += Math.abs(now - first);
		first = now;
	};
	const end = performance.now() + 1000 * seconds;
	while (performance.now() < end) {
		// Far in one direction, without leaving anything out.
		await until(filled);
		first = seen()[0];
		const direction = log.scrollTop < log.scrollHeight / 2 ? 1 : -1;
		const goal = first + direction * 900;
		while ((goal - first) * direction > 0 && performance.now() < end + 5000) {
			await step(direction * 500);
			await until(filled);
			look();
		}
		// To and fro, as fast as a hand on a wheel.
		for (let n = 0; n < 60; n++) await step((random() < 0.5 ? -1 : 1) * 120);
		look();
		log.scrollTop = log.scrollHeight * random();
		await until(filled);
		look();
	}
	return result;
})(%d, %d)`

// A topic of any length takes as little of the browser as a short one: it is
// opened in its middle by a link, scrolled to and fro, and dragged through.
func TestATopicOfAnyLengthTakesBoundedRoom(t *testing.T) {
	length, rounds := int64(100_000), 1
	if *long {
		length, rounds = 1_000_000, 6
	}
	past := newLongPast(t, int(length), int(length), 30*time.Second, "bert")
	c := servertest.Config(t)
	c.Data = past.data
	r, _ := servertest.StartWith(t, c)
	p := servertest.OpenPage(t)
	p.Be(r.SignIn(t, "bert"))

	began := time.Now()
	p.Open(fmt.Sprintf("%s/t/%s#%d", r.Plain, past.topic, length/2))
	sees(p, length/2)
	t.Logf("%d messages: the one in the middle is in sight %v after its link was followed", length, time.Since(began).Round(10*time.Millisecond))

	const seconds = 10
	run := func(seed int) (w wandering) {
		w = servertest.Evaluate[wandering](p, fmt.Sprintf(wander, seconds, seed))
		if w.Gap != "" || w.Empty > 0 {
			t.Errorf("seed %d: %+v", seed, w)
		}
		return w
	}
	run(1) // what is loaded once is loaded
	before := p.Load()
	stop := p.Trace()
	var most, elements int
	var moved int64
	for round := range rounds {
		w := run(2 + round)
		most, elements, moved = max(most, w.Most), max(elements, w.Elements), moved+w.Moved
	}
	tasks := stop()
	after := p.Load()
	t.Logf("%d s of scrolling, past %d messages: at most %d messages and %d elements in the document; nodes %d, then %d; heap %.1f MiB, then %.1f MiB", seconds*rounds, moved, most, elements,
		before.Nodes, after.Nodes, float64(before.Heap)/(1<<20), float64(after.Heap)/(1<<20))
	longest := time.Duration(0)
	if len(tasks) > 0 {
		longest = tasks[0]
	}
	t.Logf("long tasks: %d of 50 ms or more, the longest %v", len(tasks), longest.Round(time.Millisecond))
	if most > 450 || elements > 40_000 {
		t.Errorf("%d messages and %d elements stand in the document", most, elements)
	}
	if after.Nodes > 2*before.Nodes+20_000 || after.Heap > before.Heap+16<<20 {
		t.Errorf("it grows: from %+v to %+v", before, after)
	}
	if moved < 500 {
		t.Errorf("one came by %d messages only", moved)
	}
}

// The scroll bar is honest: its parts lead to the parts of the topic, and its
// ends to the ends.
func TestTheScrollBarIsAsLongAsTheTopic(t *testing.T) {
	t.Parallel()
	const length = 5000
	past := newLongPast(t, length, length, time.Hour, "bert")
	c := servertest.Config(t)
	c.Data = past.data
	r, _ := servertest.StartWith(t, c)
	p := servertest.OpenPage(t)
	p.Be(r.SignIn(t, "bert"))
	p.Open(r.Plain + "/t/" + past.topic)
	sees(p, length)
	for _, share := range []float64{0.5, 0.25, 0, 0.75, 1} {
		servertest.Evaluate[bool](p, fmt.Sprintf(`(() => {`+logScript+` log.scrollTop = %f * (log.scrollHeight - log.clientHeight); return true; })()`, share))
		p.Until(fmt.Sprintf("what stands at %.2f of the topic", share), func() bool {
			seen := inSight(p)
			want := int64(share * length)
			return len(seen) > 0 && seen[0] > want-150 && seen[0] < want+150
		})
	}
	sees(p, length)

	// While one drags, it says where one is.
	hint := servertest.Evaluate[string](p, `(async () => {`+logScript+`
		log.scrollTop = log.scrollHeight / 2;
		for (let tries = 0; tries < 100; tries++) {
			await frame();
			log.scrollTop += 1;
			const hint = [...document.querySelectorAll("rr-timeline > [aria-hidden=true]:not([hidden])")].map((e) => e.textContent).join();
			if (/2026.*Message 2,/.test(hint)) return hint;
		}
		return "";
	})()`)
	if hint == "" {
		t.Error("nothing says where one is while one drags")
	}
}

// Where much is unread one stands at the line, not at the end, and what is
// before and after it comes as one scrolls; what one came by is read.
func TestMuchUnreadOpensAtItsBeginning(t *testing.T) {
	t.Parallel()
	const length, read = 5300, 300
	past := newLongPast(t, length, read, time.Minute, "bert")
	c := servertest.Config(t)
	c.Data = past.data
	r, _ := servertest.StartWith(t, c)
	p := servertest.OpenPage(t)
	p.Be(r.SignIn(t, "bert"))
	p.Open(r.Plain + "/t/" + past.topic)
	sees(p, read+1)
	sees(p, read)
	if line := servertest.Evaluate[string](p, `document.querySelector("[role=log]").textContent`); !strings.Contains(line, "New since") {
		t.Error("there is no line above what is new")
	}
	if all := len(p.Messages()); all > 400 {
		t.Errorf("%d messages were loaded", all)
	}
	// From the end a button leads back to the line until it was seen; here it was.
	p.Click("button", "…new messages…")
	sees(p, length)
}

// From anywhere in a long topic a link, a day or a quote leads anywhere else in
// it, and back.
func TestOneGoesAnywhereInALongTopicAndBack(t *testing.T) {
	t.Parallel()
	const length = 3000
	past := newLongPast(t, length, length, time.Hour, "bert")
	c := servertest.Config(t)
	c.Data = past.data
	r, _ := servertest.StartWith(t, c)
	anna := r.SignIn(t, "anna")
	post := poster(t, r, anna)
	p := servertest.OpenPage(t)
	p.Be(r.SignIn(t, "bert"))
	address := func(seq int64) string { return fmt.Sprintf("%s/t/%s#%d", r.Plain, past.topic, seq) }
	p.Open(address(700))
	sees(p, 700)

	// A message's link is copied, and says so.
	p.Press(kb.Tab)
	p.Until("what one does with the message", func() bool {
		p.ClickFirst("button", "Copy link")
		said, _ := p.Text("status", "")
		return strings.Contains(said, "copied") || strings.Contains(servertest.Evaluate[string](p, `document.querySelector("rr-timeline").textContent`), "The link to this message is copied.")
	})

	// A day leads to what was said first on it.
	p.Click("button", "To the newest")
	sees(p, length)
	p.ClickFirst("button", "Go to a day")
	p.Find("dialog", "Go to a day")
	now := time.Now()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.Local).AddDate(0, 0, -40)
	for p.Count("button", day.Format("Monday, January 2, 2006")) == 0 {
		p.Press(kb.PageUp)
	}
	p.Click("button", day.Format("Monday, January 2, 2006"))
	p.Gone("dialog", "Go to a day")
	var answer struct{ Messages []struct{ Seq int64 } }
	anna.Must(t, "GET", fmt.Sprintf("/api/topics/%s/messages?since=%d&limit=1", past.topic, day.UnixMilli()), nil, &answer, 200)
	first := answer.Messages[0].Seq
	sees(p, first)
	if at := p.Address(); at != address(first) {
		t.Errorf("the page is at %s, want %s", at, address(first))
	}
	p.Click("button", "Back to where you were")
	sees(p, length)

	// A reply's quote leads to what it answers, however far away, and Back leads back.
	post(past.topic, "Antwort")
	reply := r.Enter(t, anna).Join(t, past.topic, -1)
	reply.Say(t, servertest.Post("Dazu: ja.", "reply-1", "text", "42"))
	p.Click("link", "In reply to…")
	sees(p, 42)
	servertest.Evaluate[bool](p, `(history.back(), true)`)
	p.Find("link", "In reply to…")
	sees(p, length)
	if at := p.Address(); at == address(42) {
		t.Errorf("the page is still at %s", at)
	}
}

// What comes is said once, the author first; what is fetched by scrolling isn't.
func TestNewMessagesAreSaidOnceAndOlderOnesNot(t *testing.T) {
	t.Parallel()
	const length = 1000
	past := newLongPast(t, length, length, time.Hour, "bert")
	c := servertest.Config(t)
	c.Data = past.data
	r, _ := servertest.StartWith(t, c)
	post := poster(t, r, r.SignIn(t, "anna"))
	p := servertest.OpenPage(t)
	p.Be(r.SignIn(t, "bert"))
	p.Open(r.Plain + "/t/" + past.topic)
	sees(p, length)
	servertest.Evaluate[bool](p, `(() => {
		window.said = [];
		const live = (node) => node.parentElement?.closest("[aria-live]")?.ariaLive ?? "off";
		new MutationObserver((records) => {
			for (const { addedNodes } of records) for (const node of addedNodes) if (live(node) !== "off" && !node.parentElement.closest("[role=status]")) said.push(node.textContent);
		}).observe(document.body, { subtree: true, childList: true });
		return true;
	})()`)
	servertest.Evaluate[bool](p, `(() => {`+logScript+` log.scrollTop -= 3000; return true; })()`)
	p.Until("older messages", func() bool { seen := inSight(p); return len(seen) > 0 && seen[0] < length-20 })
	p.Click("button", "To the newest")
	post(past.topic, "Das ist *neu*.")
	var said []string
	p.Until("something said", func() bool { said = servertest.Evaluate[[]string](p, `said`); return len(said) > 0 })
	p.Settle()
	said = servertest.Evaluate[[]string](p, `said`)
	if len(said) != 1 || said[0] != "anna: Das ist neu." {
		t.Errorf("it said %q", said)
	}
	// Who reads elsewhere is told how many have come: not each by itself.
	servertest.Evaluate[any](p, `location.hash = "#42"`)
	sees(p, 42)
	post(past.topic, "Und das", "und das auch", "und noch etwas")
	p.Until("how many have come", func() bool { said = servertest.Evaluate[[]string](p, `said`); return len(said) > 1 })
	p.Settle()
	said = servertest.Evaluate[[]string](p, `said`)
	if len(said) != 2 || !strings.HasSuffix(said[1], "new message") && !strings.HasSuffix(said[1], "new messages") {
		t.Errorf("where one reads elsewhere it said %q", said[1:])
	}
	if live := servertest.Evaluate[string](p, `document.querySelector("[role=log]").ariaLive`); live != "off" {
		t.Errorf("the log itself says %q too", live)
	}
}
