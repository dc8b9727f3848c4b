package server_test

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"redroom/server/servertest"
)

// What the page is made of, and what it asks for before it is connected, is
// loaded once, though much of it is asked for before it is needed.
func TestPageLoadsEverythingOnce(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	loaded := func(address, what string) {
		t.Helper()
		names := servertest.Evaluate[[]string](p, `performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname)`)
		slices.Sort(names)
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, what) }) {
			t.Errorf("%s never loads %s", address, what)
		}
		for i, name := range names[1:] {
			if name == names[i] && path.Base(name) != "icon.svg" { // which the browser has for its own, not for the page
				t.Errorf("%s loads %s twice", address, name)
			}
		}
	}
	p.Open(r.Plain + "/setup#" + r.Setup)
	p.Find("heading", "The first account")
	loaded("/setup", "/ui/page.js")
	createAccount(p, "anna")
	connected(p)
	p.Open(r.Plain + "/")
	connected(p)
	loaded("/", "/api/session/token")
}

// patchy stands between a browser and a room, as a proxy does. At first it has
// nothing where an address begins with what is missing, below the hash.
type patchy struct {
	*httptest.Server
	pages atomic.Int64 // how often the page itself was asked for
	whole atomic.Int64 // from which time on nothing is missing
}

func newPatchy(t *testing.T, r *servertest.Room, missing string, whole int64) *patchy {
	t.Helper()
	room, err := url.Parse(r.Plain)
	if err != nil {
		t.Fatal(err)
	}
	p := &patchy{}
	p.whole.Store(whole)
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(room)
		r.Out.Host = r.In.Host
	}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/check" {
			p.pages.Add(1)
		}
		if below := strings.SplitN(r.URL.Path, "/", 4); len(below) == 4 && strings.HasPrefix(below[3], missing) && p.pages.Load() < p.whole.Load() {
			w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// What a page is made of doesn't all come: it says so instead of staying blank,
// and loads itself again, once.
func TestPageThatIsNotAllThereLoadsAgain(t *testing.T) {
	t.Parallel()
	r := servertest.Start(t)
	for what, missing := range map[string]string{
		"what it connects with": "ui/begin.js",
		"what it is shown with": "ui/page.js",
		"its words":             "ui/en-",
		"how it looks":          "ui/all.css",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			p := servertest.OpenPage(t)
			patchy := newPatchy(t, r, missing, 2)
			p.Open(patchy.URL + "/check")
			p.Find("alert", "…")
			p.Until("the page again", func() bool { return patchy.pages.Load() == 2 })
			p.Find("heading", "Connection check")
			p.Gone("alert", "…")
			if loaded := patchy.pages.Load(); loaded != 2 {
				t.Errorf("the page was loaded %d times, want 2", loaded)
			}
		})
	}
}

// Where loading it again doesn't help, it isn't done again and again, but when
// somebody asks for it, or when there is a network again.
func TestPageThatIsNotAllThereSaysSo(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	patchy := newPatchy(t, servertest.Start(t), "ui/page.js", 5)
	p.Open(patchy.URL + "/check#kept")
	p.Until("a second try", func() bool { return patchy.pages.Load() == 2 })

	for i, again := range []func(){
		func() { p.Click("link", "Reload · Neu laden") },
		func() { servertest.Evaluate[bool](p, `dispatchEvent(new Event("online"))`) },
		func() { p.Click("link", "Reload · Neu laden") },
	} {
		p.Until("what it says", func() bool {
			said, ok := p.Text("alert", "…")
			return ok && strings.Contains(said, "Not all of Red Room was loaded.") && strings.Contains(said, "nicht vollständig geladen.")
		})
		if loaded := patchy.pages.Load(); loaded != int64(i)+2 {
			t.Errorf("the page was loaded %d times, want %d", loaded, i+2)
		}
		again()
		p.Until("another try", func() bool { return patchy.pages.Load() == int64(i)+3 })
	}
	p.Find("heading", "Connection check")
	p.Gone("alert", "…")
	if address := p.Address(); address != patchy.URL+"/check#kept" {
		t.Errorf("the page is at %s", address)
	}
}
