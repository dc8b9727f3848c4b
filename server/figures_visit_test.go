package server_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// What README tells of first visits and of long ones is measured here, with
// bounds that hold on any machine.
const (
	soonOnAPhone = 9 * time.Second // from going to a topic to being able to write there; the aim is 3 s
	moreHeap     = 16 << 20        // octets of JavaScript that long use may add
	mostNodes    = 45_000          // of the document: 500 messages at most, of some 60 each
)

// TestFiguresOfAVisit measures how long it takes from going to a topic's address
// to being able to write there by HTTPS, over HTTP/2 and HTTP/3, in browsers that
// have nothing of the page yet, and again in one that has; on this machine, and on
// a phone as slow as Chromium makes it.
func TestFiguresOfAVisit(t *testing.T) {
	servertest.Chromium(t)
	visits := 1
	if *long {
		visits = 7
	}
	r := servertest.Start(t)
	admin := r.Admin(t)
	topic := admin.Topic(t, admin.Deal(t, "GeldGeldGeld AG", "all"), "Der erste Besuch", 1)
	secure := r.Secure(t)
	cookie := secure.SignIn(t, admin.Name)
	for _, machine := range []string{"this machine", "a slow phone"} {
		for _, protocol := range []string{"h2", "h3"} {
			t.Run(machine+" over "+protocol, func(t *testing.T) {
				var cold, warm []time.Duration
				for range visits {
					t.Run("new browser", func(t *testing.T) {
						p := servertest.OpenSecurePage(t, secure, protocol)
						p.Be(cookie)
						if machine != "this machine" {
							p.SlowPhone()
						}
						visit := func() time.Duration {
							p.Open("about:blank")
							p.Open(secure.Plain + "/t/" + topic)
							took := servertest.Evaluate[[2]any](p, canWrite)
							return time.Duration(took[0].(float64) * float64(time.Millisecond))
						}
						cold = append(cold, visit())
						p.AwaitWorker()
						for range 2 {
							warm = append(warm, visit())
						}
					})
				}
				if t.Failed() {
					return
				}
				t.Logf("from navigation to being able to write on %s over %s: cold %v, warm %v (medians of %v and %v)", machine, protocol,
					median(cold).Round(time.Millisecond), median(warm).Round(time.Millisecond), rounded(cold), rounded(warm))
				for when, took := range map[string][]time.Duration{"cold": cold, "warm": warm} {
					if median(took) > soonOnAPhone {
						t.Errorf("%s it took %v until one could write, want at most %v", when, median(took), soonOnAPhone)
					}
				}
			})
		}
	}
}

// TestFiguresOfAnHour uses a page for an hour, or a few seconds, in two topics in
// turn where others write all the time, and measures what it holds at the end
// against what it held once everything had been used.
func TestFiguresOfAnHour(t *testing.T) {
	servertest.Chromium(t)
	r := servertest.Start(t)
	p := servertest.OpenPage(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "GeldGeldGeld AG", "all")
	bert := r.Join(t, admin, "bert", "member", deal)
	post := poster(t, r, bert)
	topics := []string{admin.Topic(t, deal, "Due Diligence", 1), admin.Topic(t, deal, "Kaufvertrag", 2)}
	p.Be(admin)
	p.Open(r.Plain + "/t/" + topics[0])
	connected(p)

	said := 0
	shows := func(text string) {
		p.Until(text+" to be shown", func() bool {
			return servertest.Evaluate[bool](p, fmt.Sprintf(`document.querySelector("[role=log]")?.textContent.includes(%q) ?? false`, text))
		})
	}
	turn := func() {
		for i, topic := range topics {
			openTopic(p, []string{"Due Diligence", "Kaufvertrag"}[i])
			for range 4 {
				said++
				post(topic, fmt.Sprintf("Angebot %d: 12,5 Mio. EUR für **alle** Anteile, siehe `Anlage %d`.", said, said))
				shows(fmt.Sprintf("Angebot %d:", said))
			}
			p.Type("textbox", "Message", fmt.Sprintf("Antwort %d", said))
			p.Press(kb.Enter)
			shows(fmt.Sprintf("Antwort %d", said))
		}
	}
	for range 3 {
		turn()
	}
	before := p.Load()
	began, turns := time.Now(), 3
	for whole := lasting(5*time.Second, 5*time.Second, 10*time.Second, time.Hour); time.Since(began) < whole; turns++ {
		turn()
		if *long {
			time.Sleep(6 * time.Second) // as many messages as people write, not as a machine does
		}
	}
	after := p.Load()
	t.Logf("%v of use, %d messages: heap %.1f MiB, then %.1f MiB; nodes %d, then %d", time.Since(began).Round(time.Second), turns*10,
		float64(before.Heap)/(1<<20), float64(after.Heap)/(1<<20), before.Nodes, after.Nodes)
	if after.Heap > before.Heap+moreHeap || after.Nodes > mostNodes {
		t.Errorf("it grows: from %+v to %+v", before, after)
	}
}
