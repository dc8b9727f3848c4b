package server_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redroom/server/servertest"
)

// outboxRoom is a server of its own, a topic, and anna, who writes there.
type outboxRoom struct {
	*servertest.Process
	anna        *servertest.API
	deal, topic string
}

func newOutboxRoom(t *testing.T, flags ...string) *outboxRoom {
	t.Helper()
	process := servertest.StartProcess(t, t.TempDir(), nil, flags...)
	anna := process.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	return &outboxRoom{process, anna, deal, anna.Topic(t, deal, "Nothing is lost", 1)}
}

func (r *outboxRoom) address() string { return r.Plain + "/t/" + r.topic }

// open is the topic in a browser in which anna is signed in.
func (r *outboxRoom) open(p *servertest.Page) {
	p.Be(r.anna)
	p.Open(r.address())
}

// bodies are what the server has, in its order.
func (r *outboxRoom) bodies(t *testing.T) (bodies []string) {
	t.Helper()
	var log struct{ Messages []struct{ Body string } }
	r.anna.Must(t, "GET", "/api/topics/"+r.topic+"/messages?after=0&limit=1000", nil, &log, 200)
	for _, m := range log.Messages {
		bodies = append(bodies, m.Body)
	}
	return bodies
}

// keepsPosts waits until so many posts are kept.
func keepsPosts(p *servertest.Page, count int) {
	p.Until(fmt.Sprintf("%d posts to be kept", count), func() bool {
		kept, ok := servertest.Look[int](p, `new Promise((resolve) => { const open = indexedDB.open("redroom"); open.onsuccess = () => {
			const count = open.result.transaction("posts").objectStore("posts").count(); count.onsuccess = () => { open.result.close(); resolve(count.result); }; }; })`)
		return ok && kept == count
	})
}

// again starts the server anew.
func (r *outboxRoom) again(t *testing.T) { r.Process = r.Again(t) }

// shows waits until the page shows exactly these, all in the log.
func shows(p *servertest.Page, texts ...string) {
	var last []servertest.Message
	p.Until(fmt.Sprintf("%d messages, none of them waiting", len(texts)), func() bool {
		last = p.Messages()
		return slices.EqualFunc(last, texts, func(m servertest.Message, text string) bool {
			return m.Text == text && !m.Waiting && m.Trouble == "" && m.Seq > 0
		})
	})
}

func TestPageKeepsWhatIsUnsentOverReloadsAndCrashesAndSendsItInOrder(t *testing.T) {
	t.Parallel()
	profile := t.TempDir()
	p := servertest.OpenPageIn(t, profile)
	r := newOutboxRoom(t)
	r.open(p)
	connected(p)
	p.AwaitWorker()
	r.Kill()
	p.UntilText("status", "Connection", "Offline")
	want := []string{"Eins", "Zwei", "Drei", "Vier", "Fünf"}
	waiting := func(texts []string) {
		p.Until("what waits to be there, waiting", func() bool {
			return slices.EqualFunc(p.Messages(), texts, func(m servertest.Message, text string) bool { return m.Text == text && m.Waiting })
		})
	}
	for _, text := range want[:2] {
		say(p, text)
	}
	waiting(want[:2])
	keepsPosts(p, 2)

	p.Reload() // without a server
	waiting(want[:2])
	for _, text := range want[2:4] {
		say(p, text)
	}
	keepsPosts(p, 4)
	p.Kill()

	p = servertest.OpenPageIn(t, profile)
	p.Open(r.address())
	waiting(want[:4])
	say(p, want[4])
	keepsPosts(p, 5)
	p.Be(r.anna) // Chromium writes cookies down half a minute late
	r.again(t)
	began := time.Now()
	shows(p, want...)
	t.Logf("from the server's return to five messages sent and shown: %v", time.Since(began).Round(time.Millisecond))
	keepsPosts(p, 0)
	if got := r.bodies(t); !slices.Equal(got, want) {
		t.Errorf("the server has %q", got)
	}
}

func TestPageInTwoTabsSendsEachMessageOnce(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	r.open(p)
	connected(p)
	other := p.Tab()
	other.Open(r.address())
	connected(other)
	r.Kill()
	for i, tab := range []*servertest.Page{p, other} {
		tab.UntilText("status", "Connection", "Offline")
		say(tab, fmt.Sprintf("aus %d", i+1))
	}
	keepsPosts(p, 2)
	r.again(t)
	for _, tab := range []*servertest.Page{p, other} {
		tab.Until("both messages, once", func() bool { return solid(tab.Messages(), "aus 1", "aus 2") })
	}
	if got := r.bodies(t); len(got) != 2 {
		t.Errorf("the server has %q", got)
	}

	// What a tab had not sent when it crashed another one sends.
	r.Kill()
	other.UntilText("status", "Connection", "Offline")
	say(other, "aus dem Absturz")
	keepsPosts(p, 1)
	other.Crash()
	r.again(t)
	p.Until("the message of the tab that crashed", func() bool { return solid(p.Messages(), "aus 1", "aus 2", "aus dem Absturz") })
	keepsPosts(p, 0)
	if got := r.bodies(t); len(got) != 3 || got[2] != "aus dem Absturz" {
		t.Errorf("the server has %q", got)
	}
}

// solid tells whether these messages are in the log, whatever their order, and
// nothing else is there.
func solid(messages []servertest.Message, texts ...string) bool {
	var found []string
	for _, m := range messages {
		if m.Waiting || m.Trouble != "" {
			return false
		}
		found = append(found, m.Text)
	}
	slices.Sort(found)
	slices.Sort(texts)
	return slices.Equal(found, texts)
}

func TestPageShowsARefusedMessageAgainAfterAReload(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	r.open(p)
	connected(p)
	p.AwaitWorker()
	r.Kill()
	p.UntilText("status", "Connection", "Offline")
	say(p, "Zu spät")
	keepsPosts(p, 1)
	// While the page is away, the topic is closed.
	p.Open("about:blank")
	r.again(t)
	r.anna.Must(t, "PATCH", "/api/topics/"+r.topic, map[string]any{"open": false}, nil, 200)
	p.Open(r.address())
	refused := func() bool {
		all := p.Messages()
		return len(all) == 1 && all[0].Text == "Zu spät" && strings.Contains(all[0].Trouble, "you can’t write here")
	}
	p.Until("the reason", refused)
	p.Reload()
	p.Until("the reason after a reload", refused)
	r.anna.Must(t, "PATCH", "/api/topics/"+r.topic, map[string]any{"open": true}, nil, 200)
	p.Click("button", "Try again")
	shows(p, "Zu spät")
	keepsPosts(p, 0)
}

func TestPageSendsWhatWasUnsentOnceItsAuthorHasSignedInAgain(t *testing.T) {
	t.Parallel()
	for name, sameAgain := range map[string]bool{"the author": true, "somebody else": false} {
		t.Run(name, func(t *testing.T) {
			p := servertest.OpenPage(t)
			r := newOutboxRoom(t)
			bert := r.Join(t, r.anna, "bert", "member", r.deal)
			p.Be(bert)
			p.Open(r.address())
			connected(p)
			r.Kill()
			p.UntilText("status", "Connection", "Offline")
			say(p, "Vor dem Ende der Anmeldung")
			keepsPosts(p, 1)
			p.Open("about:blank")
			r.again(t)
			bert.Must(t, "DELETE", "/api/session", nil, nil, 204)
			p.Open(r.address())
			p.Find("textbox", "Password")
			if len(p.Mentions("One message from here wasn’t sent yet.")) == 0 {
				t.Errorf("the page doesn't say that something waits:\n%s", p.Outline())
			}
			who := r.anna.Name
			if sameAgain {
				who = bert.Name
			}
			p.Type("textbox", "User name", who)
			p.Type("textbox", "Password", servertest.Password)
			p.Click("button", "Sign in")
			connected(p)
			keepsPosts(p, 0)
			var want []string
			if sameAgain {
				want = []string{"Vor dem Ende der Anmeldung"}
			}
			shows(p, want...)
			if got := r.bodies(t); !slices.Equal(got, want) {
				t.Errorf("the server has %q", got)
			}
		})
	}
}

const unkept = "what isn’t sent yet won’t survive a reload."

func TestPageSaysThatABrowserKeepsNothingAndOtherwiseWorks(t *testing.T) {
	t.Parallel()
	profile := t.TempDir()
	// Where Chromium would keep it there is a file.
	if err := os.MkdirAll(filepath.Join(profile, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(profile, "Default", "IndexedDB"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := servertest.OpenPageIn(t, profile)
	r := newOutboxRoom(t)
	r.open(p)
	connected(p)
	p.Until("the page to say so", func() bool { return len(p.Mentions("This browser keeps nothing here: "+unkept)) > 0 })
	say(p, "Trotzdem")
	shows(p, "Trotzdem")
	r.Kill()
	p.UntilText("status", "Connection", "Offline")
	say(p, "Auch danach")
	r.again(t)
	shows(p, "Trotzdem", "Auch danach")
}

func TestPageSaysThatABrowserIsFullAndOtherwiseWorks(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	r.openNarrow(p)
	written := r.fill(t, p)
	r.again(t)
	shows(p, written...)
	p.Until("the page to say so no longer", func() bool { return !saysFull(p) })
}

// openNarrow is open in a browser that has little space.
func (r *outboxRoom) openNarrow(p *servertest.Page) {
	p.Be(r.anna)
	p.Open(r.Plain + "/check") // a page of the origin that keeps nothing
	p.LimitStorage(r.Plain, 1<<18)
	p.Open(r.address())
	connected(p)
}

// fill kills the server, and writes until the page says that the browser has no
// space for it.
func (r *outboxRoom) fill(t *testing.T, p *servertest.Page) (written []string) {
	t.Helper()
	r.Kill()
	p.UntilText("status", "Connection", "Offline")
	for !saysFull(p) {
		if len(written) == 60 {
			t.Fatal("more was kept than there is space for")
		}
		written = append(written, noise(20_000)) // nothing that gets smaller on a disk
		p.Insert(written[len(written)-1])
		p.Click("button", "Send")
		p.Until("it to be there", func() bool { return len(p.Messages()) == len(written) })
	}
	t.Logf("full after %d messages of 20,000 octets in 256 KiB, in which the page's own files are too", len(written))
	return written
}

func saysFull(p *servertest.Page) bool {
	return len(p.Mentions("This browser has no space left: "+unkept)) > 0
}

// noise is a text of so many letters that nothing can be foretold of.
func noise(length int) string {
	letters := make([]byte, length)
	for i := range letters {
		letters[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[rand.IntN(62)]
	}
	return string(letters)
}
