package server_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"redroom/server/servertest"
)

// awake is how long a page has from its thaw until it shows all there is.
// unseen is the same where nobody sees it: its timers come once a second then,
// and it loads itself again in that time.
const (
	awake  = 2 * time.Second
	unseen = 4 * time.Second
)

// A page is complete that is connected and shows so many messages, none of which
// is being sent.
const complete = `(() => {
	const articles = [...document.querySelectorAll("[role=log] [role=article]")];
	const via = document.querySelector("[role=status][aria-label=Connection]")?.textContent ?? "";
	return via.startsWith("Web") && articles.length === %d && articles.every((article) => article.querySelector("header a[href]")) ? via : "";
})()`

// A page sleeps for longer than the server waits for it. Meanwhile others write,
// and the server comes back as another one, with another version of the page.
func TestPageThatSleptIsComplete(t *testing.T) {
	slept := lasting(5*time.Second, 5*time.Second, time.Minute, 10*time.Minute)
	var waking sync.Mutex // one after the other, as it is measured
	for name, draft := range map[string]string{
		"and of the new version":                       "",
		"and keeps what is being written as it stands": "Was ich schreiben wollte, als",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // nearly all of it is sleeping
			f := newFront(t)
			p := f.enter()
			old := f.version
			keeps(p, old)
			said := []string{"Vor dem Schlaf"}
			say(p, said[0])
			solidMessages(p, len(said))
			if draft != "" {
				p.Type("textbox", "Message", draft)
			}
			servertest.Evaluate[bool](p, `document.addEventListener("freeze", () => sessionStorage.setItem("froze", "yes")), true`)

			p.Hide()
			p.Freeze()
			until := time.After(slept)
			sayInItsSleep := func(count int) {
				c := join(t, f.room.Connect(t, f.room.SignIn(t, "bert")), f.topic, int64(len(said)), nil)
				for range count {
					said = append(said, fmt.Sprintf("Nr. %d, im Schlaf", len(said)+1))
					if _, err := c.Post(t.Context(), fmt.Sprintf("asleep-%d", len(said)), said[len(said)-1], 0); err != nil {
						t.Fatal(err)
					}
				}
			}
			sayInItsSleep(20)
			f.start("the second")
			sayInItsSleep(20)
			<-until

			waking.Lock()
			defer waking.Unlock()
			began, patience := time.Now(), unseen
			p.Thaw()
			if draft != "" {
				patience = awake
				p.Front()
			}
			var via string
			p.Until("all that was said", func() (ok bool) {
				via, ok = servertest.Look[string](p, fmt.Sprintf(complete, len(said)))
				return ok && via != ""
			})
			took := time.Since(began)
			version := servertest.Evaluate[string](p, running)
			t.Logf("after %v of sleep, from the thaw to complete over %s: %v", slept, via, took.Round(time.Millisecond))
			if took > patience {
				t.Errorf("it took %v from the thaw until it was complete, want at most %v", took, patience)
			}
			if froze := servertest.Evaluate[string](p, `sessionStorage.getItem("froze") ?? "no"`); froze != "yes" {
				t.Error("it never slept")
			}

			if draft != "" {
				if version != old {
					t.Errorf("the page is %s, though something is being written in it", version)
				}
				keeps(p, f.version)
				p.Click("button", "Reload")
			}
			runs(p, f.version)
			p.Front()
			online(p)
			keeps(p, f.version)
			p.Until("what is being written", func() bool { return p.Find("textbox", "Message").Value == draft })
			reads(t, p, said...)
		})
	}
}
