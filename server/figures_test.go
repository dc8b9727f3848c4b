package server_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/servertest"
)

// What README tells of speed is measured here, with bounds that hold on any
// machine.
const (
	soonWrites = 3 * time.Second // from going to a topic to being able to write there
	movingGap  = 3 * time.Second // between two live messages while WebTransport takes over again
)

// home is one person's machine and a browser there, in a network with a room.
type home struct {
	*street
	*servertest.Machine
}

func newHome(t *testing.T) *home {
	t.Helper()
	servertest.Chromium(t)
	s := &street{Network: servertest.NewNetwork(t)}
	s.url = s.RoomURL()
	s.room = s.StartProcess(t, t.TempDir())
	s.admin = s.room.Admin(t)
	s.topic = s.admin.Topic(t, s.admin.Deal(t, "GeldGeldGeld AG", "all"), "Zu Hause", 1)
	return &home{street: s, Machine: s.Machine()}
}

// browser is a new one of anna's, who has signed in and been nowhere else.
func (h *home) browser(t *testing.T) *servertest.Page {
	t.Helper()
	page := h.OpenPage(t, h.room.Room)
	page.Be(h.Sees(h.room.Room, h.url).SignIn(t, "anna"))
	return page
}

// enter opens the topic and waits until the page is connected so.
func (h *home) enter(page *servertest.Page, transport string) {
	page.Open(h.url + "/t/" + h.topic)
	page.Find("textbox", "Message")
	page.UntilText("status", "Connection", transport)
}

// networks are those that decide for a transport.
var networks = []struct {
	transport string
	make      func(*servertest.Machine)
}{
	{"WebTransport", (*servertest.Machine).PassAll},
	{"WebSocket", (*servertest.Machine).DropUDP},
}

// What the page says of its connection.
const connection = `document.querySelector("[role=status]:is([aria-label=Connection],[aria-label=Verbindung])")?.textContent`

// One can write when the field to write in is there, and the page says that it
// is signed in over one transport or the other. It gives the milliseconds since
// the navigation began, by the page's own clock.
const canWrite = `new Promise((resolve) => {
	const field = () => [...document.querySelectorAll("textarea")].find((field) => field.checkVisibility() && !field.disabled && !field.readOnly);
	const status = () => ` + connection + ` ?? "";
	const look = () => field() && status().startsWith("Web") && resolve([performance.now(), status()]);
	new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
	look();
})`

// TestFiguresOfAPagesOpening measures how long it takes from going to a topic's
// address to being able to write there, in browsers that have nothing of the
// page yet, and again in one that has.
func TestFiguresOfAPagesOpening(t *testing.T) {
	visits := 2
	if *long {
		visits = 10
	}
	h := newHome(t)
	for _, n := range networks {
		t.Run(n.transport, func(t *testing.T) {
			n.make(h.Machine)
			var cold, warm []time.Duration
			for range visits {
				t.Run("new browser", func(t *testing.T) {
					page := h.browser(t)
					visit := func() time.Duration {
						page.Open("about:blank")
						page.Open(h.url + "/t/" + h.topic)
						took := servertest.Evaluate[[2]any](page, canWrite)
						if took[1] != n.transport {
							t.Errorf("it was %v, want %s", took[1], n.transport)
						}
						return time.Duration(took[0].(float64) * float64(time.Millisecond))
					}
					cold = append(cold, visit())
					for range 2 {
						warm = append(warm, visit())
					}
				})
			}
			if t.Failed() {
				return
			}
			t.Logf("from navigation to being able to write over %s: cold %v, warm %v (medians of %v and %v)", n.transport,
				median(cold).Round(time.Millisecond), median(warm).Round(time.Millisecond), rounded(cold), rounded(warm))
			for when, took := range map[string][]time.Duration{"cold": cold, "warm": warm} {
				if median(took) > soonWrites {
					t.Errorf("%s it took %v until one could write over %s, want at most %v", when, median(took), n.transport, soonWrites)
				}
			}
		})
	}
}

func rounded(of []time.Duration) (to []time.Duration) {
	for _, d := range of {
		to = append(to, d.Round(time.Millisecond))
	}
	return to
}

// What comes into the log, in the order in which it comes: seqs, each once, and
// the time, in milliseconds since 1970.
const noteArrivals = `(() => {
	const log = document.querySelector("[role=log]");
	const seen = new Set();
	globalThis.arrivals = [];
	new MutationObserver(() => {
		const now = performance.timeOrigin + performance.now();
		for (const link of [...log.querySelectorAll("[role=article] header a[href]")].slice(-200)) {
			const seq = Number(link.hash.slice(1));
			if (seq && !seen.has(seq)) seen.add(seq), arrivals.push([seq, now]);
		}
	}).observe(log, { subtree: true, childList: true, characterData: true, attributes: true });
})()`

// arrivals are what noteArrivals has noted.
type arrivals [][2]float64

// gap is the longest time between two arrivals, of which the later one is
// between these times.
func (a arrivals) gap(from, to time.Time) (longest time.Duration) {
	for i := 1; i < len(a); i++ {
		if at := time.UnixMilli(int64(a[i][1])); at.After(from) && at.Before(to) {
			longest = max(longest, time.Duration((a[i][1]-a[i-1][1])*float64(time.Millisecond)))
		}
	}
	return longest
}

// TestFiguresOfAPagesSwitch has somebody say something 20 times a second, and
// measures for how long a page gets nothing of it: when UDP ends under it, until
// it goes on over a WebSocket; and when UDP is back, while it moves.
func TestFiguresOfAPagesSwitch(t *testing.T) {
	rounds := 1
	if *long {
		rounds = 5
	}
	h := newHome(t)
	page := h.browser(t)
	h.enter(page, "WebTransport")
	servertest.Evaluate[any](page, noteArrivals)
	hears := func(count int) {
		page.Until("what is said", func() bool { return servertest.Evaluate[int](page, "arrivals.length") >= count })
	}
	// Asking by role and name would hold the page up, the more the longer its log is.
	via := func(transport string, patience time.Duration) {
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for deadline := time.Now().Add(patience); servertest.Evaluate[string](page, connection) != transport; <-again.C {
			if time.Now().After(deadline) {
				t.Fatalf("after %v the page is not on %s; it shows:\n%s", patience, transport, page.Outline())
			}
		}
	}
	hearsMore := func() { hears(servertest.Evaluate[int](page, "arrivals.length") + 20) }
	stop := h.chatter(t)
	hearsMore()

	type round struct{ ends, returns, back, over time.Time }
	var all []round
	for range rounds {
		r := round{ends: time.Now()}
		h.DropUDP()
		via("WebSocket", servertest.Patience)
		hearsMore()

		r.returns = time.Now()
		h.PassAll()
		if !*long { // else the page tries when it is time
			servertest.Evaluate[any](page, `dispatchEvent(new Event("online"))`)
		}
		via("WebTransport", comesBack)
		r.back = time.Now()
		hearsMore()
		r.over = time.Now()
		all = append(all, r)
	}
	hears(stop())

	came := servertest.Evaluate[arrivals](page, "arrivals")
	for i, a := range came {
		if int(a[0]) != i+1 {
			t.Fatalf("message %v came where %d was to come", a[0], i+1)
		}
	}
	var dying, until, moving []time.Duration
	for _, r := range all {
		dying = append(dying, came.gap(r.ends, r.returns))
		until = append(until, r.back.Sub(r.returns))
		moving = append(moving, came.gap(r.returns, r.over))
	}
	t.Logf("without a live message for %v when UDP ended; WebTransport again %v after UDP's return, without a live message for %v meanwhile", rounded(dying), rounded(until), rounded(moving))
	if worst := slices.Max(dying); worst > goesOn {
		t.Errorf("nothing came for %v when UDP ended, want at most %v", worst, goesOn)
	}
	if worst := slices.Max(moving); worst > movingGap {
		t.Errorf("nothing came for %v while WebTransport took over, want at most %v", worst, movingGap)
	}
}

// chatter says something 20 times a second from another machine. stop ends it,
// and tells how often that was.
func (h *home) chatter(t *testing.T) (stop func() (said int)) {
	t.Helper()
	c := client.New(h.street.Machine().OpenWire(t, h.room.Room))
	t.Cleanup(func() { c.Close() })
	if _, err := c.SignIn(t.Context(), h.admin.Token(t)); err != nil {
		t.Fatal(err)
	}
	topic := join(t, c, h.topic, 0, nil)
	enough := make(chan struct{})
	said := 0
	var talking sync.WaitGroup
	talking.Go(func() {
		pace := time.NewTicker(time.Second / 20)
		defer pace.Stop()
		for {
			select {
			case <-enough:
				return
			case <-pace.C:
			}
			ctx, cancel := context.WithTimeout(context.Background(), servertest.Patience)
			_, err := topic.Post(ctx, fmt.Sprintf("chatter-%d", said), fmt.Sprintf("Nr. %d", said+1), 0)
			cancel()
			if err != nil {
				t.Error(err)
				return
			}
			said++
		}
	})
	stop = sync.OnceValue(func() int {
		close(enough)
		talking.Wait()
		return said
	})
	t.Cleanup(func() { stop() })
	return stop
}
