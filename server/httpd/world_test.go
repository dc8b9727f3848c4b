package httpd_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"redroom/server/httpd"
	"redroom/server/journal"
	"redroom/server/pack"
	"redroom/server/room"
	"redroom/server/signin"
	"redroom/store"
)

const (
	password    = "correct horse"
	newPassword = "battery staple"
	loopback    = "localhost:8080"
)

// world is a server on a store of its own, with anna, an admin; bert, a member
// of the deal Alpha; and carl, a member of the deal Beta.
type world struct {
	t       *testing.T
	store   *store.Store
	journal *journal.Journal
	desk    *signin.Desk
	config  httpd.Config
	handler http.Handler

	mu  sync.Mutex
	now time.Time

	alpha, beta           string // deals
	alphaTopic, betaTopic string
	clean, between        string // of newWalls
}

// newWalls is newWorld with dora and emil, members of Alpha; the topic clean of
// Alpha, which is narrowed to bert; the topic between, which is the conversation
// of dora and emil; and berta, another admin.
func newWalls(t *testing.T, changes ...func(*httpd.Config)) *world {
	t.Helper()
	w := newWorld(t, changes...)
	w.clean, w.between = room.NewID(), room.NewID()
	for _, ev := range []room.Event{
		room.UserAdded{Name: "berta", Display: "Berta", Role: room.Admin},
		room.UserAdded{Name: "dora", Display: "Dora", Role: room.Member},
		room.UserAdded{Name: "emil", Display: "Emil", Role: room.Member},
		room.MemberAdded{Deal: w.alpha, User: "dora"},
		room.MemberAdded{Deal: w.alpha, User: "emil"},
		room.TopicCreated{ID: w.clean, Deal: w.alpha, Title: "Clean team", Number: 7, Narrowed: true, Members: []string{"bert"}},
		room.DirectCreated{Stamp: room.Stamp{By: "dora"}, ID: w.between, Deal: w.alpha, With: "emil"},
	} {
		w.append(ev)
	}
	return w
}

// trail are all rows of the audit trail.
func (w *world) trail() []room.AuditRow {
	w.t.Helper()
	rows, err := w.store.Audit(w.t.Context(), room.AuditQuery{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// noted are the rows of the trail with an action, as "anna 127.0.0.1 DEAL TOPIC".
func (w *world) noted(action room.Action) (rows []string) {
	w.t.Helper()
	for _, r := range w.trail() {
		if r.Action == action {
			rows = append(rows, strings.Join([]string{r.By, r.Address, r.Deal, r.Topic}, " "))
		}
	}
	return rows
}

type nobody struct{}

func (nobody) Publish([]room.Event, []room.Outcome) {}

// source is a page's.
var source = fstest.MapFS{
	"index.html":    {Data: []byte(`<!doctype html><link rel="stylesheet" href="{{.Assets}}/ui/room.css"><script type="module" src="{{.Assets}}/app/main.js"></script>`)},
	"sw.js":         {Data: []byte("const all = [\"{{.Assets}}\", \"{{.Files}}\"];\n")},
	"app/main.js":   {Data: []byte(`import("./deeper.js"); console.log("here");`)},
	"app/deeper.js": {Data: []byte("export default 1;\n")},
	"ui/room.css":   {Data: []byte(strings.Repeat("body { color: black }\n\n@media print { a { color: black } }\n", 9))},
	"ui/mark.svg":   {Data: []byte("<svg/>\n")},
}

var packed = sync.OnceValue(func() *pack.Page { return mustPack(source) })

func mustPack(source fs.FS) *pack.Page {
	page, err := pack.Make(source)
	if err != nil {
		panic(err)
	}
	page.Compress(context.Background())
	return page
}

var hashes = [][32]byte{sha256.Sum256([]byte("now")), sha256.Sum256([]byte("next"))}

// emptyWorld has nobody in it yet.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	return makeWorld(t, nil)
}

// makeWorld is one in which these events have happened.
func makeWorld(t *testing.T, past []room.Event, changes ...func(*httpd.Config)) *world {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := s.Commit(t.Context(), past, int64(len(past)))
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if o.Err != nil {
			t.Fatalf("%T: %v", past[i], o.Err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	j := journal.New(s, nobody{}, log)
	t.Cleanup(func() {
		j.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, store: s, journal: j, now: time.UnixMilli(1767225600000)}
	w.desk = signin.New(signin.Config{Store: s, Journal: j, Now: w.clock})
	origins, err := httpd.NewOrigins("room.example", 4433, 8080, "https://proxy.example")
	if err != nil {
		t.Fatal(err)
	}
	w.config = httpd.Config{
		Desk: w.desk, Store: s, Journal: j, Page: packed(), Log: log, Now: w.clock,
		Origins: origins, Host: "room.example",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Connect: func() httpd.ConnectInfo {
			return httpd.ConnectInfo{WebTransport: "https://room.example:4433/rrp", QUIC: "room.example:4433", CertificateHashes: hashes}
		},
		Ready: j.Ready,
	}
	for _, change := range changes {
		change(&w.config)
	}
	w.handler = httpd.New(w.config)
	return w
}

// hashed is made once: it takes its time.
var hashed = sync.OnceValue(func() string {
	h, err := signin.New(signin.Config{}).HashPassword(context.Background(), password, "")
	if err != nil {
		panic(err)
	}
	return h
})

func newWorld(t *testing.T, changes ...func(*httpd.Config)) *world {
	t.Helper()
	alpha, beta, alphaTopic, betaTopic := room.NewID(), room.NewID(), room.NewID(), room.NewID()
	w := makeWorld(t, []room.Event{
		room.UserAdded{Name: "anna", Display: "Anna Anders", Role: room.Admin, PasswordHashed: hashed()},
		room.UserAdded{Name: "bert", Display: "Bert", Role: room.Member, PasswordHashed: hashed()},
		room.UserAdded{Name: "carl", Display: "Carl", Role: room.Member, PasswordHashed: hashed()},
		room.DealCreated{ID: alpha, Name: "Alpha", History: room.HistoryAll},
		room.DealCreated{ID: beta, Name: "Beta", History: room.HistoryAll},
		room.MemberAdded{Deal: alpha, User: "bert"},
		room.MemberAdded{Deal: beta, User: "carl"},
		room.TopicCreated{ID: alphaTopic, Deal: alpha, Title: "Price", Number: 1},
		room.TopicCreated{ID: betaTopic, Deal: beta, Title: "Price", Number: 1},
	}, changes...)
	w.alpha, w.beta, w.alphaTopic, w.betaTopic = alpha, beta, alphaTopic, betaTopic
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) append(ev room.Event) {
	w.t.Helper()
	if _, err := w.journal.Append(w.t.Context(), ev); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) post(topic, author, text string) {
	w.t.Helper()
	w.append(room.MessagePosted{Stamp: room.Stamp{At: w.clock().UnixMilli(), By: author},
		Topic: topic, ID: room.NewID(), Kind: room.Text, Salt: room.NewSalt(), Body: []byte(text)})
}

// cookieOf signs somebody in behind the handler's back.
func (w *world) cookieOf(name string) string {
	w.t.Helper()
	if name == "" {
		return ""
	}
	cookie, _, err := w.desk.Open(w.t.Context(), name, room.Visitor{Address: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		w.t.Fatal(err)
	}
	return cookie
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// ask sends a request as the page on the loopback port does. Options change
// it.
func (w *world) ask(method, path, cookie, body string, options ...func(*http.Request)) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://"+loopback+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:50000"
	r.Header.Set("Origin", "http://"+loopback)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "redroom-8080", Value: cookie})
	}
	for _, option := range options {
		option(r)
	}
	a := answer{httptest.NewRecorder(), w.t}
	w.handler.ServeHTTP(a, r)
	return a
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
}

// want checks the status and, of a refusal, its form.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	if status >= 400 {
		p := a.problem()
		if a.Header().Get("Content-Type") != "application/problem+json" || p.Type != "about:blank" || p.Title != http.StatusText(status) || p.Status != status || p.Detail == "" {
			a.t.Errorf("not a problem: %v %s", a.Header(), a.Body)
		}
	}
	return a
}

type problem struct {
	Type, Title, Detail string
	Status              int
	Setup               bool
	Code, Passkey       bool
	Enroll, Prove       bool
}

func (a answer) problem() (p problem) {
	a.t.Helper()
	a.into(&p)
	return p
}

func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
}

// is checks the whole body, as JSON.
func (a answer) is(want string) {
	a.t.Helper()
	if got := strings.TrimSuffix(a.Body.String(), "\n"); got != want {
		a.t.Errorf("got  %s\nwant %s", got, want)
	}
}

// cookie is the one that was set; nil if none was.
func (a answer) cookie() *http.Cookie {
	a.t.Helper()
	cookies := a.Result().Cookies()
	switch len(cookies) {
	case 0:
		return nil
	case 1:
		return cookies[0]
	}
	a.t.Fatalf("%d cookies were set", len(cookies))
	return nil
}

func ptr[T any](v T) *T { return &v }
