package server_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"redroom/server/pack"
	"redroom/server/servertest"
	"redroom/web"
)

// edition is another version of the page, which differs in nothing that one
// sees.
func edition(t *testing.T, name string) *pack.Page {
	t.Helper()
	files := sourceFiles(t)
	files["ui/icon.svg"].Data = append(files["ui/icon.svg"].Data, "<!-- "+name+" -->\n"...)
	return packed(t, files)
}

func packed(t *testing.T, source fs.FS) *pack.Page {
	t.Helper()
	page, err := pack.Make(source)
	if err != nil {
		t.Fatalf("packing the page: %v", err)
	}
	return page
}

// sourceFiles are those of the page, to be changed.
func sourceFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(web.Files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(web.Files, path)
		files[path] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatalf("reading the page: %v", err)
	}
	return files
}

// front is where a browser finds a room whose server is another one from time to
// time, and may be away. It is a proxy, and notes what it is asked for.
type front struct {
	*httptest.Server
	t       *testing.T
	room    *servertest.Room
	stop    func() // ends its server
	version string // of the page that the server has
	data    string
	topic   string

	mu    sync.Mutex
	asked map[string]int
	// answer takes a request instead of the server, if it likes.
	answer func(w http.ResponseWriter, r *http.Request) bool
}

// newFront is one whose server has the first version of the page.
func newFront(t *testing.T) *front {
	t.Helper()
	servertest.Chromium(t)
	f := &front{t: t, data: t.TempDir(), asked: make(map[string]int), stop: func() {}}
	var to string // its server, as soon as there is one
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", to
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { hangUp(w) },
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked[r.Method+" "+r.URL.Path]++
		answer := f.answer
		f.mu.Unlock()
		if answer == nil || !answer(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.Close)
	f.start("the first")
	to = hostOf(t, f.room.Plain)
	admin := f.room.Admin(t)
	deal := admin.Deal(t, "GeldGeldGeld AG", "all")
	f.topic = admin.Topic(t, deal, "Ohne Netz", 1)
	f.room.Join(t, admin, "bert", "member", deal)
	return f
}

// start has the server run, at the same addresses, with another version of the
// page than before.
func (f *front) start(version string) {
	f.t.Helper()
	f.stop()
	c := servertest.Config(f.t)
	c.Data = f.data
	c.Origins = []string{f.URL}
	c.Page = edition(f.t, version)
	if f.room != nil {
		c.HTTP, c.Addr = hostOf(f.t, f.room.Plain), hostOf(f.t, f.room.Rrp)
	}
	f.room, f.stop = servertest.StartWith(f.t, c)
	var check struct{ Page string }
	f.room.Anonymous(f.t).Must(f.t, "GET", "/api/check", nil, &check, 200)
	f.version = check.Page
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// with has requests answered otherwise; nil: by the server again.
func (f *front) with(answer func(w http.ResponseWriter, r *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

// pages is how often the page itself was asked for at the topic's address.
func (f *front) pages() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked["GET /t/"+f.topic]
}

// enter has a new browser in the room.
func (f *front) enter() *servertest.Page {
	f.t.Helper()
	p := servertest.OpenPage(f.t)
	signIn(p, f.URL+"/t/"+f.topic, "anna", servertest.Password)
	p.Find("textbox", "Message")
	online(p)
	return p
}

// hangUp ends a connection without an answer.
func hangUp(w http.ResponseWriter) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		connection.Close()
	}
}

func away(w http.ResponseWriter, _ *http.Request) bool {
	hangUp(w)
	return true
}

// online waits until the page is connected, by whatever way.
func online(p *servertest.Page) {
	p.Until("a connection", func() bool {
		via, ok := p.Text("status", "Connection")
		return ok && strings.HasPrefix(via, "Web")
	})
}

// The version of the page that the document is made of.
const running = `document.querySelector("script[src*='/ui/begin.js']").src.split("/")[4]`

// runs waits until the page is of a version.
func runs(p *servertest.Page, version string) {
	p.Until("the version "+version, func() bool {
		got, ok := servertest.Look[string](p, running)
		return ok && got == version
	})
}

// keeps waits until the browser keeps a version of the page, and no other.
func keeps(p *servertest.Page, version string) {
	const kept = `(async () => {
		const registration = await navigator.serviceWorker.getRegistration();
		const [name, ...others] = await caches.keys();
		const page = name && (await (await caches.match("/", { cacheName: name }))?.text());
		return registration?.active?.state === "activated" && !registration.installing && others.length === 0 && page ? name : "";
	})()`
	p.Until("the page being kept as "+version, func() bool {
		name, ok := servertest.Look[string](p, kept)
		return ok && name == "redroom /assets/"+version
	})
}

// A server that is away: what is kept of the page is shown at all of its places,
// and nothing else is.
func TestPageIsThereWithoutItsServer(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	p := f.enter()
	keeps(p, f.version)
	f.stop()
	f.with(away)

	for _, place := range []string{"/", "/t/" + f.topic, "/t/0123456789abcdef", "/check", "/setup", "/invite", "/admin"} {
		p.Open(f.URL + place)
		runs(p, f.version)
		p.Until("something at "+place, func() bool {
			shown, ok := servertest.Look[int](p, `document.querySelector("rr-page").childElementCount`)
			return ok && shown > 0
		})
		if lost := p.Count("alert", "…"); lost > 0 && place != "/" {
			if said, _ := p.Text("alert", "…"); strings.Contains(said, "Not all of Red Room") {
				t.Errorf("%s says %q", place, said)
			}
		}
		took := servertest.Evaluate[float64](p, `performance.getEntriesByType("navigation")[0].loadEventEnd`)
		t.Logf("%s without its server: %.0f ms", place, took)
	}
	for _, path := range []string{"/api/session", "/api/check", "/healthz", "/readyz", "/rrp", "/sw.js", "/nothing"} {
		if !servertest.Evaluate[bool](p, `fetch("`+path+`").then(() => false, () => true)`) {
			t.Errorf("%s is answered without a server", path)
		}
	}
	for _, path := range []string{"/api/session", "/healthz", "/nothing"} {
		if !p.Refuses(f.URL + path) {
			t.Errorf("there is a page at %s without a server", path)
		}
	}
}

// keptOf are the files of the page that the service worker keeps.
func keptOf(t *testing.T, r *servertest.Room) []string {
	t.Helper()
	worker, _ := ask(t, r.Anonymous(t), r.Plain, "GET", "/sw.js")
	_, after, _ := strings.Cut(worker, `const FILES = "`)
	list, _, found := strings.Cut(after, `"`)
	names := strings.Fields(list)
	if !found || len(names) < 10 {
		t.Fatalf("the service worker names %q", names)
	}
	return names
}

// What is kept is the page's files and nothing else.
func TestPageKeepsNothingOfWhatItIsTold(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	p := f.enter()
	say(p, "Dies bleibt nicht hier.")
	solidMessages(p, 1)
	keeps(p, f.version)
	p.Reload()
	online(p)
	const kept = `(async () => {
		const paths = [];
		for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) paths.push(new URL(request.url).pathname);
		return paths;
	})()`
	paths := servertest.Evaluate[[]string](p, kept)
	if want := len(keptOf(t, f.room)) + 1; len(paths) != want {
		t.Errorf("it keeps %d files, want %d: %q", len(paths), want, paths)
	}
	for _, path := range paths {
		if path != "/" && !strings.HasPrefix(path, "/assets/"+f.version+"/") {
			t.Errorf("it keeps %s", path)
		}
	}
}

// The first visit loads each file once, with all that is kept of it afterwards.
func TestPageIsKeptOfWhatWasLoaded(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	p := f.enter()
	keeps(p, f.version)
	f.mu.Lock()
	defer f.mu.Unlock()
	files := 0
	for what, count := range f.asked {
		if !strings.Contains(what, "/assets/") || strings.HasSuffix(what, ".webmanifest") {
			continue
		}
		files++
		if count != 1 {
			t.Errorf("%s was asked for %d times", what, count)
		}
	}
	if want := len(keptOf(t, f.room)); files != want {
		t.Errorf("%d files were asked for, want the %d that it is made of", files, want)
	}
	if count := f.asked["GET /"]; count != 1 {
		t.Errorf("the page was asked for %d times, to be kept", count)
	}
}

// A server that answers with another version is shown at once, and what is kept
// of the old one never.
func TestPageIsNeverOldWhereTheServerAnswers(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	p := f.enter()
	keeps(p, f.version)
	p.Open(f.URL + "/check")
	p.Find("heading", "Connection check")
	for _, version := range []string{"the second", "the third"} {
		f.start(version)
		before := f.pages()
		p.Open(f.URL + "/t/" + f.topic)
		var first string
		p.Until("a document", func() (ok bool) { first, ok = servertest.Look[string](p, running); return ok })
		if first != f.version {
			t.Errorf("after %s was there, the page is %s, want %s", version, first, f.version)
		}
		online(p)
		keeps(p, f.version)
		if loads := f.pages() - before; loads != 1 {
			t.Errorf("%s was loaded %d times, want once", version, loads)
		}
		p.Open(f.URL + "/check")
	}
}

// A server that takes requests and doesn't answer is waited for, but not long.
func TestPageIsThereWithAServerThatDoesNotAnswer(t *testing.T) {
	f := newFront(t)
	p := f.enter()
	keeps(p, f.version)
	f.with(func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	})
	p.Open(f.URL + "/t/" + f.topic)
	runs(p, f.version)
	took := servertest.Evaluate[float64](p, `performance.getEntriesByType("navigation")[0].responseStart`)
	t.Logf("the page that is kept came after %.0f ms", took)
	if took < 2900 || took > 4000 {
		t.Errorf("the page that is kept came after %.0f ms, want about 3000", took)
	}
	f.with(nil)
}

// badGateway is what a proxy says whose server is away, as far as the page is
// asked for.
func badGateway(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, "/t/") {
		return false
	}
	w.WriteHeader(http.StatusBadGateway)
	return true
}

// watched notes, in the tab, the versions in which the page said that it was
// connected.
const watched = `new MutationObserver(() => {
	const version = ` + running + `;
	const said = sessionStorage.getItem("connected") ?? "";
	const via = document.querySelector("[role=status][aria-label=Connection]")?.textContent;
	if (via?.startsWith("Web") && !said.includes(version)) sessionStorage.setItem("connected", said + " " + version);
}).observe(document, { subtree: true, childList: true, characterData: true }), true`

// A page that was kept finds that the server has another one by now: it becomes
// that one before it shows anything as current.
func TestPageThatWasKeptBecomesTheServersOwn(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	p := f.enter()
	old := f.version
	keeps(p, old)
	p.Open(f.URL + "/check")
	p.OnNewDocument(watched)
	f.start("the second")
	var once sync.Once
	f.with(func(w http.ResponseWriter, r *http.Request) (answered bool) {
		if strings.HasPrefix(r.URL.Path, "/t/") {
			once.Do(func() { answered = badGateway(w, r) })
		}
		return answered
	})
	before := f.pages()
	p.Open(f.URL + "/t/" + f.topic)
	runs(p, f.version)
	online(p)
	if loads := f.pages() - before; loads != 2 {
		t.Errorf("the page was asked for %d times, want twice", loads)
	}
	if said := servertest.Evaluate[string](p, `sessionStorage.getItem("connected")`); strings.TrimSpace(said) != f.version {
		t.Errorf("it was connected as %q, want %s alone", said, f.version)
	}
	keeps(p, f.version)
}

// Where the server's own can't be had, the old one goes on, and says so, instead
// of loading again for ever.
func TestPageThatStaysOldLoadsAgainOnce(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	p := f.enter()
	old := f.version
	keeps(p, old)
	p.Open(f.URL + "/check")
	f.start("the second")
	f.with(badGateway)
	before := f.pages()
	p.Open(f.URL + "/t/" + f.topic)
	p.Find("button", "Reload")
	runs(p, old)
	online(p)
	if loads := f.pages() - before; loads != 2 {
		t.Errorf("the page was asked for %d times, want twice", loads)
	}
	f.with(nil)
	p.Click("button", "Reload")
	runs(p, f.version)
	online(p)
	p.Gone("button", "Reload")
}

// The server comes back with another version while the page is open.
func TestPageIsRenewedWhileItIsOpen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		renew func(p *servertest.Page)
		draft string
	}{
		{"when nobody sees it", (*servertest.Page).Hide, ""},
		{"when somebody asks for it", func(p *servertest.Page) { p.Click("button", "Reload") }, ""},
		{"with what is being written", func(p *servertest.Page) { p.Click("button", "Reload") }, "Was ich gerade schreibe, und"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFront(t)
			p := f.enter()
			old := f.version
			keeps(p, old)
			if test.draft != "" {
				p.Type("textbox", "Message", test.draft)
			}
			f.start("the second")
			p.Find("button", "Reload")
			if got := servertest.Evaluate[string](p, running); got != old {
				t.Errorf("it is %s already", got)
			}
			keeps(p, f.version)
			if test.draft != "" {
				p.Hide()
				p.Front()
				p.Find("button", "Reload")
			}
			test.renew(p)
			runs(p, f.version)
			p.Front()
			online(p)
			p.Until("what is being written", func() bool { return p.Find("textbox", "Message").Value == test.draft })
			p.Gone("button", "Reload")
		})
	}
}
