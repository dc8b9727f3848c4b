package server_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"

	limits "redroom/server/load"
	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// walls are a house in which there is something behind each kind of wall.
type walls struct {
	*house
	carl, dora *servertest.API // members of the deal
	clean      string          // a topic of the deal that is narrowed to carl
	between    string          // the direct topic of carl and dora
	outsiders  []outsider
}

// outsider is somebody who must not learn that something exists. What isn't
// hidden from him is the same in both columns.
type outsider struct {
	what          string
	as            *servertest.API
	hidden, other named
}

// named is what a request may name.
type named struct{ deal, topic, name string }

// fill puts them in the place of parameters.
func (n named) fill(s string) string {
	return strings.NewReplacer("{deal}", n.deal, "{topic}", n.topic, "{name}", n.name).Replace(s)
}

// blur makes what was said of them look alike.
func (n named) blur(s string) string {
	return strings.NewReplacer(n.deal, "{deal}", n.topic, "{topic}", n.name, "{name}").Replace(s)
}

func newWalls(t *testing.T) *walls {
	t.Helper()
	c := servertest.Config(t)
	// Who asks for so much in so short a time is one user.
	c.Limits = limits.Defaults().WithPosts(0)
	c.Limits.User.Requests, c.Limits.Address.Requests = limits.Rate{}, limits.Rate{}
	w := &walls{house: newHouseOf(t, c)}
	w.carl = w.Join(t, w.anna, "carl", "member", w.deal)
	w.dora = w.Join(t, w.anna, "dora", "member", w.deal)
	gone := w.Join(t, w.anna, "gone", "member", w.dealOf(t, w.foreign))
	var made struct{ ID string }
	w.anna.Must(t, "POST", "/api/deals/"+w.deal+"/topics", map[string]any{"title": "Clean team", "number": 7, "narrowed": true, "members": []string{"carl"}}, &made, 201)
	w.clean = made.ID
	w.carl.Must(t, "POST", "/api/deals/"+w.deal+"/direct", map[string]any{"with": "dora"}, &made, 201)
	w.between = made.ID
	for topic, by := range map[string]*servertest.API{w.foreign: w.otto, w.clean: w.carl, w.between: w.dora} {
		c := w.Enter(t, by).Join(t, topic, 0)
		talks(t, c)
		talks(t, c)
	}
	foreignDeal := w.dealOf(t, w.foreign)
	w.anna.Must(t, "DELETE", "/api/deals/"+foreignDeal+"/members/gone", nil, nil, 204)

	deal, topic := room.NewID(), room.NewID()
	w.outsiders = []outsider{
		{"a deal that one is not in", w.bert, named{foreignDeal, w.foreign, "otto"}, named{deal, topic, "nobo"}},
		{"a deal that one is not in, as an observer", w.olga, named{foreignDeal, w.foreign, "otto"}, named{deal, topic, "nobo"}},
		{"a deal that one was taken out of", gone, named{foreignDeal, w.foreign, "otto"}, named{deal, topic, "nobo"}},
		{"somebody with whom one shares no deal", w.bert, named{w.deal, w.topic, "otto"}, named{w.deal, w.topic, "nobo"}},
		{"a narrowed topic of one's deal", w.bert, named{w.deal, w.clean, "carl"}, named{w.deal, topic, "carl"}},
		{"a narrowed topic of one's deal, as an observer", w.olga, named{w.deal, w.clean, "carl"}, named{w.deal, topic, "carl"}},
		{"a conversation of two others", w.bert, named{w.deal, w.between, "dora"}, named{w.deal, topic, "dora"}},
		{"a conversation of two others, as an admin", w.anna, named{w.deal, w.between, "dora"}, named{w.deal, topic, "dora"}},
	}
	return w
}

func (w *walls) dealOf(t *testing.T, topic string) string {
	t.Helper()
	var of struct{ Deal string }
	w.anna.Must(t, "GET", "/api/topics/"+topic, nil, &of, 200)
	return of.Deal
}

// endpointsOfNobody name nothing that could be hidden, and tell everybody what
// is his own, or the same.
var endpointsOfNobody = map[string]string{
	"GET /":                        "the page is the same for all",
	"GET /admin":                   "the page is the same for all",
	"GET /check":                   "the page is the same for all",
	"GET /invite":                  "the page is the same for all",
	"GET /setup":                   "the page is the same for all",
	"GET /sw.js":                   "the page is the same for all",
	"GET /healthz":                 "tells of the server",
	"GET /readyz":                  "tells of the server",
	"GET /rrp":                     "opens a WebSocket, whose frames have rows of their own",
	"POST /api/setup":              "is for whoever has the token",
	"GET /api/check":               "tells of the connection",
	"GET /api/trust":               "tells of the server",
	"GET /api/session":             "tells who one is",
	"POST /api/session":            "is the sign-in, which is the same for unknown names",
	"DELETE /api/session":          "ends one's own",
	"POST /api/session/password":   "changes one's own",
	"POST /api/session/token":      "is one's own",
	"GET /api/users":               "is an admin's, who knows all of them",
	"POST /api/users":              "is an admin's",
	"POST /api/invitations":        "is an admin's",
	"POST /api/invitations/open":   "is for whoever has the token",
	"POST /api/invitations/accept": "is for whoever has the token",
	"POST /api/deals":              "is an admin's",
	"GET /api/deals":               "TestWallOfLists",
	"GET /api/search":              "TestWallOfSearch",

	"GET /api/signin":                    "tells of the server",
	"POST /api/session/passkey/options":  "is for strangers, and the same for all",
	"POST /api/session/passkey":          "is for whoever has the passkey",
	"POST /api/session/proof/options":    "is one's own",
	"POST /api/session/proof":            "is one's own",
	"GET /api/session/company":           "leads everybody to the company's sign-in",
	"GET /api/session/company/callback":  "is for whom the company vouches for",
	"GET /api/account":                   "is one's own",
	"POST /api/account/totp":             "changes one's own",
	"POST /api/account/totp/confirm":     "changes one's own",
	"DELETE /api/account/totp":           "changes one's own",
	"POST /api/account/recovery":         "changes one's own",
	"POST /api/account/passkeys/options": "changes one's own",
	"POST /api/account/passkeys":         "changes one's own",
	"DELETE /api/account/passkeys/{id}":  "changes one's own; another's is no such thing",
	"GET /api/sessions":                  "is one's own",
	"DELETE /api/sessions":               "ends one's own",
	"DELETE /api/sessions/{session}":     "ends one's own; another's is no such thing",
	"GET /api/signin/rules":              "is an admin's",
	"PATCH /api/signin/rules":            "is an admin's",
	"GET /api/audit":                     "is an admin's, who may know who opened what",
	"GET /assets/{hash}/*":               "is a file of the page",
}

// endpointBodies and endpointQueries are what every endpoint is asked with.
var endpointBodies = []string{"", "{", "{}", `{"surprise":1}`, `{"title":"Prices"}`, `{"name":"Neighbors"}`, `{"open":false}`,
	`{"active":false}`, `{"with":"{name}"}`, `{"narrowed":true,"members":["{name}"]}`, `{"from":1}`, `{"history":"all"}`, `{"version":99}`}

var endpointQueries = []string{"", "?dry-run=true", "?after=1", "?before=2&limit=1", "?since=1", "?after=x", "?after=0&limit=1&edits=1"}

// TestWallOfEveryEndpoint asks every endpoint that names something for what is
// hidden from whoever asks, and for what doesn't exist: the answers are the same
// octets, over every HTTP. A new endpoint that names nothing has to say why it
// needs no look.
func TestWallOfEveryEndpoint(t *testing.T) {
	w := newWalls(t)
	endpoints, err := w.Server.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	if len(endpoints) < 20 {
		t.Fatalf("there are only %q", endpoints)
	}
	var walled []string
	for _, e := range endpoints {
		if _, ok := endpointsOfNobody[e]; ok || strings.HasPrefix(e, "HEAD ") {
			continue
		}
		if !regexp.MustCompile(`\{(deal|topic|name)\}`).MatchString(e) {
			t.Errorf("%s has no row: it names nothing that this test knows, and endpointsOfNobody doesn't say why it tells nothing", e)
			continue
		}
		walled = append(walled, e)
	}
	for e := range endpointsOfNobody {
		if !slices.Contains(endpoints, e) {
			t.Errorf("there is no endpoint %s any more", e)
		}
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		t.Run(protocol, func(t *testing.T) {
			for _, o := range w.outsiders {
				t.Run(o.what, func(t *testing.T) {
					ask := w.asker(t, protocol, o.as.Name)
					compared := 0
					for _, e := range walled {
						if o.hidden.fill(e) == o.other.fill(e) {
							continue // it names nothing that is hidden here
						}
						method, path, _ := strings.Cut(e, " ")
						for _, query := range endpointQueries {
							for _, body := range endpointBodies {
								if (method == "GET" || query != "" && !strings.Contains(query, "dry-run")) && body != "" {
									continue
								}
								hidden := o.hidden.blur(ask(method, o.hidden.fill(path)+query, o.hidden.fill(body)))
								other := o.other.blur(ask(method, o.other.fill(path)+query, o.other.fill(body)))
								if hidden != other {
									t.Errorf("%s%s with %q is answered\n%s\nand for what doesn't exist\n%s", e, query, body, hidden, other)
								}
								compared++
							}
						}
					}
					if compared == 0 {
						t.Error("nothing was compared")
					}
				})
			}
		})
	}
}

// asker asks as somebody, over one HTTP, and gives the whole answer but for the
// time.
func (w *walls) asker(t *testing.T, protocol, name string) func(method, path, body string) string {
	t.Helper()
	client, base := w.clientOver(t, protocol)
	send := func(method, path, body string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", base)
		r.Header.Set("Content-Type", "application/json")
		return client.Do(r)
	}
	in, err := send("POST", "/api/session", fmt.Sprintf(`{"name":%q,"password":%q}`, name, servertest.Password))
	if err != nil || in.StatusCode != http.StatusOK || in.Proto != protocol {
		t.Fatalf("signing in over %s: %v, %v", protocol, in, err)
	}
	in.Body.Close()
	return func(method, path, body string) string {
		a, err := send(method, path, body)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		defer a.Body.Close()
		got, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		a.Header.Del("Date")
		var all bytes.Buffer
		fmt.Fprintf(&all, "%s %s\n", a.Proto, a.Status)
		a.Header.Write(&all)
		all.Write(got)
		return all.String()
	}
}

// clientOver is a browser's HTTP of one version, without a cookie yet.
func (w *walls) clientOver(t *testing.T, protocol string) (*http.Client, string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client, base := &http.Client{Jar: jar}, strings.TrimSuffix(w.Rrp, transport.Path)
	switch protocol {
	case "HTTP/1.1":
		over := new(http.Transport)
		t.Cleanup(over.CloseIdleConnections)
		client.Transport, base = over, w.Plain
	case "HTTP/2.0":
		over := &http.Transport{TLSClientConfig: w.Trust(t), ForceAttemptHTTP2: true}
		t.Cleanup(over.CloseIdleConnections)
		client.Transport = over
	case "HTTP/3.0":
		trust := w.Trust(t)
		trust.MinVersion = tls.VersionTLS13
		over := &http3.Transport{TLSClientConfig: trust}
		t.Cleanup(func() { over.Close() })
		client.Transport = over
	}
	return client, base
}

// frameRows say, for each type of frame, what an outsider says by it of a topic
// and a user, as a first frame and on the control channel; or why there is
// nothing to say.
var frameRows = map[string]struct {
	says []string
	why  string
}{
	"JOIN": {says: []string{
		"JOIN 0 {topic} 0\n", "JOIN 0 {topic} 1\n", "JOIN 0 {topic} -1\n", "JOIN 0 {topic} 1000000\n", "JOIN 0 {topic} all\n", "JOIN 0 {topic}\n",
		"JOIN 0 {topic} 1 0123456789abcdef " + strings.Repeat("0", 64) + "\n", "JOIN 0 {topic} 1 0123456789abcdef\n", "JOIN 0 {topic} 0 later=1\n", "JOIN 2 {topic} 0\nhi",
	}},
	"TYPING": {says: []string{"TYPING 0 {topic}\n", "TYPING 0 {topic} {name}\n", "TYPING 2 {topic}\nhi"}},
	"USER":   {says: []string{"USER 0 {name}\n"}},
	"PASS":   {says: []string{"USER 0 {name}\nPASS 0 wrong\n"}},
	"QUERY":  {says: []string{"QUERY 0 {name}\n"}},
	"TICKET": {says: []string{"TICKET 0 {name} " + strings.Repeat("0", 64) + "\n"}},
	"POST":   {says: []string{"POST 2 {topic}\nhi", "POST 2 id text {topic}\nhi"}},
	"READ":   {says: []string{"READ 0 {topic}\n"}},
	"HEAD":   {says: []string{"HEAD 0 {topic}\n"}},
	"HELLO":  {says: []string{"HELLO 2 {name}\nhi"}},

	"ATTACH":   {why: "names a key, which says nothing of anybody"},
	"TOKEN":    {why: "names a secret"},
	"BIND":     {why: "names oneself"},
	"LEAVE":    {why: "names oneself"},
	"CALC":     {why: "names numbers"},
	"PING":     {why: "names nothing"},
	"PONG":     {why: "names nothing"},
	"BYE":      {why: "names nothing"},
	"WATCH":    {why: "TestWallOfLists"},
	"ACK":      {why: "is the server's; the frames that it answers have rows"},
	"ERR":      {why: "is the server's; the frames that it answers have rows"},
	"RESULT":   {why: "is the server's; the frames that it answers have rows"},
	"DEAL":     {why: "is the server's: TestWallOfLists"},
	"TOPIC":    {why: "is the server's: TestWallOfLists"},
	"UNREAD":   {why: "is the server's: TestWallOfLists"},
	"PRESENCE": {why: "is the server's: TestWallOfLists"},
	"MESSAGE":  {why: "is the server's, behind a JOIN"},
}

// TestWallOfEveryFrame has an outsider say every frame with what is hidden from
// him, and with what doesn't exist: what he hears is the same octets.
func TestWallOfEveryFrame(t *testing.T) {
	leavesNoGoroutine(t)
	types := frameTypes(t)
	for _, typ := range types {
		if row, ok := frameRows[typ]; !ok || (row.says == nil) == (row.why == "") {
			t.Errorf("%s has no row in the wall's table", typ)
		}
	}
	for typ := range frameRows {
		if !slices.Contains(types, typ) {
			t.Errorf("there is no frame %s any more", typ)
		}
	}
	w := newWalls(t)
	for _, o := range w.outsiders {
		t.Run(o.what, func(t *testing.T) {
			s := w.Enter(t, o.as)
			for _, row := range frameRows {
				for _, says := range row.says {
					if o.hidden.fill(says) == o.other.fill(says) {
						continue
					}
					for where, hears := range map[string]func(octets string) string{
						"as a first frame":       func(octets string) string { return hearsOn(s.Channel(t), octets) },
						"on the control channel": func(octets string) string { return w.hearsOnControl(t, o.as, octets) },
						"before the sign-in":     func(octets string) string { return hearsOn(w.Open(t).Channel(t), octets) },
					} {
						hidden, other := o.hidden.blur(hears(o.hidden.fill(says))), o.other.blur(hears(o.other.fill(says)))
						if hidden != other {
							t.Errorf("%q %s is answered %q, and for what doesn't exist %q", says, where, hidden, other)
						}
					}
				}
			}
		})
	}
}

// hearsOn says octets on a channel, and all that is heard there until it ends,
// or until a PING is answered.
func hearsOn(c *servertest.Channel, octets string) (heard string) {
	if _, err := io.WriteString(c.Channel, octets+"PING 0 enough\n"); err != nil {
		return "gone"
	}
	defer c.CloseWrite()
	for {
		f, err := c.Next()
		switch {
		case errors.Is(err, io.EOF):
			return heard + "FIN"
		case err != nil:
			return heard + "gone"
		case f.Header == "PONG 0 enough":
			return heard + "PONG"
		}
		heard += f.String() + "|"
	}
}

// hearsOnControl is hearsOn in a session of its own, since some frames end it.
func (w *walls) hearsOnControl(t *testing.T, as *servertest.API, octets string) string {
	t.Helper()
	s := w.Enter(t, as)
	defer s.Close(0, "")
	return hearsOn(s.Control, octets)
}

// frameTypes are those that package wire names.
func frameTypes(t *testing.T) (types []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "wire/types.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Type") {
			types = append(types, strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`))
		}
		return true
	})
	if len(types) < 20 {
		t.Fatalf("package wire names only %q", types)
	}
	return types
}

// TestWallOfLists shows that what is told without being asked for, the lists and
// all that a session watches, is the same whatever happens behind the wall.
func TestWallOfLists(t *testing.T) {
	leavesNoGoroutine(t)
	w := newWalls(t)
	// Who stands outside of everything that happens; an admin only of what two
	// others say to each other.
	outside := map[string]*servertest.API{"bert": w.bert, "olga": w.olga}
	lists := func(as *servertest.API) (all string) {
		for _, path := range []string{"/api/deals", "/api/deals/" + w.deal + "/topics", "/api/deals/" + w.deal + "/members", "/api/topics/" + w.topic + "/members"} {
			status, body := as.Do(t, "GET", path, nil)
			all += fmt.Sprintf("%s: %d %s\n", path, status, body)
		}
		return all
	}
	before, ears := make(map[string]string), make(map[string]*servertest.Session)
	for name, as := range outside {
		before[name] = lists(as)
		ears[name] = w.Enter(t, as)
		ears[name].Control.Say(t, "WATCH 0\n")
		ears[name].Control.Await(t, "ACK WATCH")
	}
	// What is told once more to those who came meanwhile:
	for name := range outside {
		for _, s := range ears {
			s.Control.Say(t, "PING 0 "+name+"\n")
			s.Control.Await(t, "PONG "+name)
		}
	}

	behind := map[string]*servertest.API{w.foreign: w.otto, w.clean: w.carl, w.between: w.dora}
	for topic, by := range behind {
		s := w.Enter(t, by)
		c := s.Join(t, topic, 0)
		talks(t, c)
		sayTyping(t, s, "TYPING 0 "+topic+"\n")
		c.Say(t, "READ 0 1\n")
		talks(t, c)
	}
	foreignDeal := w.dealOf(t, w.foreign)
	w.anna.Must(t, "PATCH", "/api/deals/"+foreignDeal, map[string]any{"name": "Neighbors renamed"}, nil, 200)
	w.anna.Must(t, "PATCH", "/api/topics/"+w.clean, map[string]any{"title": "Cleaner team", "open": false}, nil, 200)
	w.anna.Must(t, "PUT", "/api/topics/"+w.clean+"/members/dora", nil, nil, 204)
	w.anna.Must(t, "PATCH", "/api/users/otto", map[string]any{"display": "Otto O."}, nil, 200)
	w.anna.Topic(t, foreignDeal, "Cellar", 5)
	w.Join(t, w.anna, "eve", "member", foreignDeal)

	for name, as := range outside {
		if got := lists(as); got != before[name] {
			t.Errorf("%s's lists were\n%s and are\n%s", name, before[name], got)
		}
	}
	// The next thing that is told is what all may know.
	w.anna.Must(t, "PATCH", "/api/topics/"+w.topic, map[string]any{"number": 3}, nil, 200)
	for name, s := range ears {
		for {
			f := s.Control.Hear(t)
			if f.Type() == "TOPIC" && strings.Contains(f.Payload, `"number":3`) {
				break
			}
			// Those who share the deal came and went.
			if f.Type() != "PRESENCE" || !slices.Contains([]string{"anna", "bert", "carl", "dora", "olga"}, f.Fields()[0]) {
				t.Errorf("%s was told %q", name, f)
			}
		}
	}

	// An admin's lists leave out what two others say to each other.
	if all := lists(w.anna); strings.Contains(all, w.between) || !strings.Contains(all, w.clean) {
		t.Errorf("an admin's lists are\n%s", all)
	}
}
