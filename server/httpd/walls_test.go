package httpd_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"redroom/server/room"
)

// request is one endpoint, as the router has it, with a body that would do. In it
// {deal}, {topic} and {name} stand for what is asked for.
type request struct {
	method, path, body string
}

func (q request) String() string { return q.method + " " + q.path }

// names are what requests may name.
type names struct{ deal, topic, name string }

func (n names) fill(q request) request {
	fill := strings.NewReplacer("{deal}", n.deal, "{topic}", n.topic, "{name}", n.name)
	return request{q.method, fill.Replace(q.path), fill.Replace(q.body)}
}

// namesAnother tells whether a path names what isn't the same in the two.
func (n names) namesAnother(other names, path string) bool {
	return n.fill(request{path: path}) != other.fill(request{path: path})
}

// endpoints are all of them, with the status for nobody, an outsider of the
// deal, a member of it, and an admin. The topic is one that the member reads, and
// is narrowed; the name is the member's.
var endpoints = []struct {
	request
	nobody, outsider, member, admin int
}{
	{request{"POST", "/api/setup", `{"token":"x","name":"eve","password":"correct horse"}`}, 410, 410, 410, 410},
	{request{"POST", "/api/session", `{"name":"bert","password":"correct horse"}`}, 200, 200, 200, 200},
	{request{"GET", "/api/session", ""}, 401, 200, 200, 200},
	{request{"DELETE", "/api/session", ""}, 401, 204, 204, 204},
	{request{"POST", "/api/session/password", `{"old":"correct horse","new":"battery staple"}`}, 401, 204, 204, 204},
	{request{"POST", "/api/session/token", ""}, 401, 200, 200, 200},
	{request{"POST", "/api/session/proof", `{"password":"correct horse"}`}, 401, 204, 204, 204},
	{request{"GET", "/api/check", ""}, 200, 200, 200, 200},
	{request{"GET", "/api/trust", ""}, 200, 200, 200, 200},
	{request{"GET", "/api/signin", ""}, 200, 200, 200, 200},
	{request{"GET", "/api/signin/rules", ""}, 401, 403, 403, 200},
	{request{"PATCH", "/api/signin/rules", `{"idle":3600}`}, 401, 403, 403, 200},

	{request{"GET", "/api/account", ""}, 401, 200, 200, 200},
	{request{"POST", "/api/account/totp", ""}, 401, 201, 201, 201},
	{request{"POST", "/api/account/totp/confirm", `{"id":"x","code":"123456"}`}, 401, 422, 422, 422},
	{request{"DELETE", "/api/account/totp", ""}, 401, 404, 404, 404},
	{request{"POST", "/api/account/recovery", ""}, 401, 422, 422, 422},
	{request{"GET", "/api/sessions", ""}, 401, 200, 200, 200},
	{request{"DELETE", "/api/sessions", ""}, 401, 204, 204, 204},
	{request{"DELETE", "/api/sessions/{session}", ""}, 401, 404, 404, 404},

	{request{"GET", "/api/session/company", ""}, 303, 303, 303, 303},
	{request{"GET", "/api/session/company/callback", ""}, 303, 303, 303, 303},
	{request{"POST", "/api/session/passkey/options", ""}, 200, 200, 200, 200},
	{request{"POST", "/api/session/passkey", `{"id":"x","credential":{}}`}, 401, 401, 401, 401},
	{request{"POST", "/api/session/proof/options", ""}, 401, 422, 422, 422}, // nobody has a passkey
	{request{"POST", "/api/account/passkeys/options", ""}, 401, 200, 200, 200},
	{request{"POST", "/api/account/passkeys", `{"id":"x","label":"Key","credential":{}}`}, 401, 422, 422, 422},
	{request{"DELETE", "/api/account/passkeys/{id}", ""}, 401, 404, 404, 404},

	{request{"GET", "/api/users", ""}, 401, 403, 403, 200},
	{request{"POST", "/api/users", `{"name":"fritz"}`}, 401, 403, 403, 201},
	{request{"PATCH", "/api/users/{name}", `{"display":"Bertram"}`}, 401, 404, 403, 200},
	{request{"DELETE", "/api/users/{name}/sessions", ""}, 401, 404, 204, 204},
	{request{"POST", "/api/users/{name}/invitation", ""}, 401, 404, 403, 201},
	{request{"DELETE", "/api/users/{name}/factors", ""}, 401, 404, 403, 204},
	{request{"GET", "/api/users/{name}/tokens", ""}, 401, 404, 200, 200},
	{request{"POST", "/api/users/{name}/tokens", `{"label":"a tool"}`}, 401, 404, 201, 201},
	{request{"DELETE", "/api/users/{name}/tokens/{token}", ""}, 401, 404, 404, 404},

	{request{"POST", "/api/invitations", `{"deals":["{deal}"],"role":"member"}`}, 401, 403, 403, 201},
	{request{"POST", "/api/invitations/open", `{"token":"x"}`}, 404, 404, 404, 404},
	{request{"POST", "/api/invitations/accept", `{"token":"x","name":"eve","password":"correct horse"}`}, 404, 404, 404, 404},

	{request{"GET", "/api/deals", ""}, 401, 200, 200, 200},
	{request{"POST", "/api/deals", `{"name":"Gamma"}`}, 401, 403, 403, 201},
	{request{"PATCH", "/api/deals/{deal}", `{"open":false}`}, 401, 404, 403, 200},
	{request{"GET", "/api/deals/{deal}/members", ""}, 401, 404, 200, 200},
	{request{"PUT", "/api/deals/{deal}/members/{name}", ""}, 401, 404, 403, 204},
	{request{"PATCH", "/api/deals/{deal}/members/{name}", `{"history":"joined"}`}, 401, 404, 403, 204},
	{request{"DELETE", "/api/deals/{deal}/members/{name}", ""}, 401, 404, 403, 204},
	{request{"GET", "/api/deals/{deal}/topics", ""}, 401, 404, 200, 200},
	{request{"POST", "/api/deals/{deal}/topics", `{"title":"Terms","number":2}`}, 401, 404, 403, 201},
	{request{"POST", "/api/deals/{deal}/direct", `{"with":"dora"}`}, 401, 404, 201, 201},

	{request{"GET", "/api/topics/{topic}", ""}, 401, 404, 200, 200},
	{request{"PATCH", "/api/topics/{topic}", `{"title":"Prices"}`}, 401, 404, 403, 200},
	{request{"GET", "/api/topics/{topic}/messages", ""}, 401, 404, 200, 200},
	{request{"GET", "/api/topics/{topic}/reads", ""}, 401, 404, 403, 403}, // the deal shows no receipts
	{request{"GET", "/api/topics/{topic}/members", ""}, 401, 404, 200, 200},
	{request{"PUT", "/api/topics/{topic}/members/{name}", ""}, 401, 404, 403, 204},
	{request{"PATCH", "/api/topics/{topic}/members/{name}", `{"from":1}`}, 401, 404, 403, 204},
	{request{"DELETE", "/api/topics/{topic}/members/{name}", ""}, 401, 404, 403, 204},

	{request{"GET", "/api/search", ""}, 401, 422, 422, 422}, // nothing is asked for; see TestSearchTellsNothingOfWhatIsBehindAWall
	{request{"GET", "/api/audit", ""}, 401, 403, 403, 200},

	{request{"GET", "/healthz", ""}, 200, 200, 200, 200},
	{request{"GET", "/readyz", ""}, 200, 200, 200, 200},
	{request{"GET", "/rrp", ""}, 422, 422, 422, 422},
	{request{"GET", "/", ""}, 200, 200, 200, 200},
	{request{"GET", "/t/{topic}", ""}, 200, 200, 200, 200},
	{request{"GET", "/setup", ""}, 200, 200, 200, 200},
	{request{"GET", "/invite", ""}, 200, 200, 200, 200},
	{request{"GET", "/admin", ""}, 200, 200, 200, 200},
	{request{"GET", "/check", ""}, 200, 200, 200, 200},
	{request{"GET", "/sw.js", ""}, 200, 200, 200, 200},
	{request{"GET", "/assets/{hash}/*", ""}, 404, 404, 404, 404},
}

func TestEveryEndpointHasARow(t *testing.T) {
	var rows, routes []string
	for _, e := range endpoints {
		rows = append(rows, e.String())
	}
	err := chi.Walk(newWorld(t).handler.(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes = append(routes, method+" "+route)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	slices.Sort(routes)
	if !slices.Equal(rows, routes) {
		t.Errorf("the table has\n%s\nthe router has\n%s", strings.Join(rows, "\n"), strings.Join(routes, "\n"))
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	for _, e := range endpoints {
		t.Run(e.String(), func(t *testing.T) {
			w := newWalls(t)
			q := names{w.alpha, w.clean, "bert"}.fill(e.request)
			for _, c := range []struct {
				who  string
				want int
			}{{"", e.nobody}, {"carl", e.outsider}, {"bert", e.member}, {"anna", e.admin}} {
				if a := w.ask(q.method, q.path, w.cookieOf(c.who), q.body); a.Code != c.want {
					t.Errorf("%s: status %d, want %d: %s", cmp.Or(c.who, "nobody"), a.Code, c.want, a.Body)
				}
			}
		})
	}
}

// bodies are what every endpoint is sent besides its own, and queries what it is
// asked with.
var (
	bodies = []string{"", "{", "{}", `{"surprise":1}`, `{"title":"Price"}`, `{"title":"\u202e"}`, `{"name":"Alpha"}`, `{"open":false}`, `{"active":false}`,
		`{"with":"{name}"}`, `{"narrowed":true,"members":["{name}"]}`, `{"from":0}`, `{"history":"joined"}`, `{"version":99}`}
	queries = []string{"", "?dry-run=true", "?dry-run=1", "?after=1", "?before=2&limit=1", "?since=1", "?after=x"}
)

// What is beyond a wall and what doesn't exist look the same: the whole answer,
// whoever has no right to it, whatever is sent.
func TestWhatOneMayNotSeeIsAnsweredLikeWhatDoesNotExist(t *testing.T) {
	w := newWalls(t)
	for range 3 {
		w.post(w.alphaTopic, "bert", "a word")
		w.post(w.clean, "bert", "a word")
		w.post(w.between, "dora", "a word")
	}
	w.append(room.UserAdded{Name: "gone", Display: "Gone", Role: room.Member})
	w.append(room.MemberAdded{Deal: w.alpha, User: "gone"})
	w.append(room.MemberRemoved{Deal: w.alpha, User: "gone"})
	observer := room.Observer
	w.append(room.UserChanged{Name: "emil", Role: &observer})
	for _, c := range []struct {
		what, as      string
		hidden, other names
	}{
		{"a deal", "carl", names{w.alpha, w.alphaTopic, "bert"}, names{room.NewID(), room.NewID(), "nobo"}},
		{"a deal, asked for by what has no id's shape", "carl", names{w.alpha, w.alphaTopic, "bert"}, names{"x", "x", "X"}},
		{"a deal that one was taken out of", "gone", names{w.alpha, w.alphaTopic, "bert"}, names{room.NewID(), room.NewID(), "nobo"}},
		{"a narrowed topic of one's deal", "dora", names{w.alpha, w.clean, "bert"}, names{w.alpha, room.NewID(), "bert"}},
		{"a narrowed topic of one's deal, as an observer", "emil", names{w.alpha, w.clean, "bert"}, names{w.alpha, room.NewID(), "bert"}},
		{"a conversation of two others", "bert", names{w.alpha, w.between, "dora"}, names{w.alpha, room.NewID(), "dora"}},
		{"a conversation of two others, as an admin", "anna", names{w.alpha, w.between, "dora"}, names{w.alpha, room.NewID(), "dora"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			cookie, asked := w.cookieOf(c.as), 0
			for _, e := range endpoints {
				if !c.hidden.namesAnother(c.other, e.path) {
					continue
				}
				for _, body := range append(bodies, e.body) {
					for _, query := range queries {
						ask := func(n names) answer {
							q := n.fill(request{e.method, e.path, body})
							return w.ask(q.method, q.path+query, cookie, q.body)
						}
						a, b := ask(c.hidden), ask(c.other)
						if a.Code < 400 && !strings.HasPrefix(e.path, "/t/") || !same(a, b) {
							t.Errorf("%s%s with %q:\n%s\n%s", e.request, query, body, dump(a), dump(b))
						}
						asked++
					}
				}
			}
			if asked == 0 {
				t.Error("nothing was asked")
			}
		})
	}
}

func same(a, b answer) bool {
	return a.Code == b.Code && reflect.DeepEqual(a.Header(), b.Header()) && a.Body.String() == b.Body.String()
}

func dump(a answer) string { return fmt.Sprint(a.Code, a.Header(), a.Body) }

// TestMembersOutsideATopicAreToldNothingOfIt looks into every list that could name
// it.
func TestMembersOutsideATopicAreToldNothingOfIt(t *testing.T) {
	w := newWalls(t)
	for _, c := range []struct{ who, sees, not string }{
		{"bert", w.clean, w.between},
		{"dora", w.between, w.clean},
		{"anna", w.clean, w.between},
	} {
		cookie := w.cookieOf(c.who)
		for _, path := range []string{"/api/deals", "/api/deals/" + w.alpha + "/topics", "/api/deals/" + w.alpha + "/members"} {
			if body := w.ask("GET", path, cookie, "").want(200).Body.String(); strings.Contains(body, c.not) || strings.HasSuffix(path, "/topics") != strings.Contains(body, c.sees) {
				t.Errorf("%s is told at %s: %s", c.who, path, body)
			}
		}
	}
}

func TestListsShowOnlyWhatOneMaySee(t *testing.T) {
	w := newWorld(t)
	list := func(name string) string {
		return w.ask("GET", "/api/deals", w.cookieOf(name), "").want(200).Body.String()
	}
	if got := list("carl"); strings.Contains(got, w.alpha) || !strings.Contains(got, w.beta) {
		t.Errorf("carl sees %s", got)
	}
	if got := list("anna"); !strings.Contains(got, w.alpha) || !strings.Contains(got, w.beta) {
		t.Errorf("anna sees %s", got)
	}
	w.append(room.UserAdded{Name: "dora", Display: "Dora", Role: room.Observer})
	if got := list("dora"); got != "{\"deals\":[]}\n" {
		t.Errorf("dora sees %s", got)
	}
}

func TestMethodsThatAreNotThereAreNamed(t *testing.T) {
	w := newWorld(t)
	for path, allow := range map[string]string{
		"/api/session":                     "GET, POST, DELETE, HEAD",
		"/api/setup":                       "POST",
		"/api/deals/x/members/y":           "PUT, PATCH, DELETE",
		"/api/topics/x/members/y":          "PUT, PATCH, DELETE",
		"/api/topics/" + w.alphaTopic:      "GET, PATCH, HEAD",
		"/":                                "GET, HEAD",
		"/api/topics/nothing/messages":     "GET, HEAD",
		"/assets/0123456789/app/main.js":   "GET, HEAD",
		"/api/users/bert/invitation":       "POST",
		"/api/deals/" + w.beta + "/topics": "GET, POST, HEAD",
	} {
		a := w.ask("TRACE", path, "", "")
		a.want(http.StatusMethodNotAllowed)
		if got := a.Header().Get("Allow"); got != allow {
			t.Errorf("%s: Allow is %q, want %q", path, got, allow)
		}
	}
}

func TestHEADIsGETWithoutABody(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	answer, err := http.Head(server.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("status %d", answer.StatusCode)
	}
}
