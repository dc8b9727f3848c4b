package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"redroom/server/servertest"
)

// soonComplete is a bound that holds on any machine, from a reload, or from the
// server's return, to a page that shows everything and says that it is current.
const soonComplete = 12 * time.Second

// isComplete has the page itself say when it shows a message, with nothing
// waiting, and is connected: in milliseconds since the navigation began.
const isComplete = `new Promise((resolve) => {
	const status = () => ` + connection + ` ?? "";
	const done = () => status().startsWith("Web") && document.querySelector("[role=log][aria-busy=false]")?.textContent.includes(%q);
	const look = () => done() && resolve(performance.now());
	new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
	look();
})`

// TestFiguresOfAPageThatComesBack measures how long a page takes until it is
// complete, after a reload and after the server's return, with ten topics of 200
// messages each that it keeps; and how much room they take, and what is unsent.
func TestFiguresOfAPageThatComesBack(t *testing.T) {
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t, "--posts-per-second", "0")
	post := poster(t, r.Room, r.anna)
	topics, messages, rounds := 3, 50, 1
	if *long {
		topics, messages, rounds = 10, 200, 5
	}
	for i := range topics - 1 {
		r.topic = r.anna.Topic(t, r.deal, fmt.Sprintf("Thema %d", i+2), i+2)
	}
	var all []string
	for n := range messages {
		all = append(all, fmt.Sprintf("%d: %s", n+1, strings.Repeat("Forderung und Einlage ", 6)))
	}
	var list struct{ Topics []struct{ ID string } }
	r.anna.Must(t, "GET", "/api/deals/"+r.deal+"/topics", nil, &list, 200)
	p.Be(r.anna)
	for i, topic := range list.Topics {
		post(topic.ID, all...)
		p.Open(r.Plain + "/t/" + topic.ID)
		connected(p)
		p.Until("all messages", func() bool { return len(p.Messages()) == messages })
		p.Until("all of them to be kept", func() bool { return strings.Count(p.Kept(), `"seq":`) == (i+1)*messages })
	}
	p.AwaitWorker()
	size := func() float64 {
		return servertest.Evaluate[float64](p, `navigator.storage.estimate().then(({ usageDetails }) => usageDetails?.indexedDB ?? 0)`)
	}
	t.Logf("%d topics with %d messages each take %.0f KiB in IndexedDB, %d KiB as JSON; the page's own files %.0f KiB", topics, messages, size()/1024, len(p.Kept())/1024,
		servertest.Evaluate[float64](p, `navigator.storage.estimate().then(({ usageDetails }) => (usageDetails?.caches ?? 0) / 1024)`))

	var reloads, returns []time.Duration
	said := all[len(all)-1]
	for round := range rounds {
		p.Open("about:blank")
		p.Open(r.Plain + "/t/" + r.topic)
		reloads = append(reloads, time.Duration(servertest.Evaluate[float64](p, fmt.Sprintf(isComplete, said))*float64(time.Millisecond)))
		r.Kill()
		p.UntilText("status", "Connection", "Offline")
		said = fmt.Sprintf("Runde %d", round)
		say(p, said)
		keepsPosts(p, 1)
		r.again(t)
		began := time.Now()
		servertest.Evaluate[float64](p, fmt.Sprintf(isComplete, said))
		p.Until("it to be in the log", func() bool { last := p.Messages(); return last[len(last)-1].Text == said && !last[len(last)-1].Waiting })
		returns = append(returns, time.Since(began))
	}
	for what, times := range map[string][]time.Duration{"a reload": reloads, "the server's return": returns} {
		slices.Sort(times)
		t.Logf("from %s to complete: median %v, most %v, of %d", what, times[len(times)/2].Round(time.Millisecond), times[len(times)-1].Round(time.Millisecond), len(times))
		if most := times[len(times)-1]; most > soonComplete {
			t.Errorf("from %s to complete it took %v", what, most)
		}
	}
	r.Kill()
	p.UntilText("status", "Connection", "Offline")
	before := len(p.Kept())
	for n := range 20 {
		say(p, all[n])
	}
	keepsPosts(p, 20)
	t.Logf("20 unsent messages of 140 octets take %d octets as JSON", len(p.Kept())-before)
}
