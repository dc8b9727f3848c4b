package httpd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"redroom/server/room"
)

// request is one endpoint with a body that would do. In the path {deal},
// {topic} and {user} stand for those of Alpha, to which carl has no right.
type request struct {
	method, path, body string
}

func (q request) String() string { return q.method + " " + q.path }

func (q request) filled(deal, topic, user string) request {
	fill := strings.NewReplacer("{deal}", deal, "{topic}", topic, "{user}", user)
	return request{q.method, fill.Replace(q.path), fill.Replace(q.body)}
}

// endpoints are all of them, with the status for nobody, an outsider of the
// deal, a member of it, and an admin.
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
	{request{"GET", "/api/check", ""}, 200, 200, 200, 200},

	{request{"GET", "/api/users", ""}, 401, 403, 403, 200},
	{request{"POST", "/api/users", `{"name":"dora"}`}, 401, 403, 403, 201},
	{request{"PATCH", "/api/users/{user}", `{"display":"Bertram"}`}, 401, 404, 403, 200},
	{request{"POST", "/api/users/{user}/invitation", ""}, 401, 404, 403, 201},

	{request{"POST", "/api/invitations", `{"deals":["{deal}"],"role":"member"}`}, 401, 403, 403, 201},
	{request{"POST", "/api/invitations/open", `{"token":"x"}`}, 404, 404, 404, 404},
	{request{"POST", "/api/invitations/accept", `{"token":"x","name":"eve","password":"correct horse"}`}, 404, 404, 404, 404},

	{request{"GET", "/api/deals", ""}, 401, 200, 200, 200},
	{request{"POST", "/api/deals", `{"name":"Gamma"}`}, 401, 403, 403, 201},
	{request{"PATCH", "/api/deals/{deal}", `{"open":false}`}, 401, 404, 403, 200},
	{request{"GET", "/api/deals/{deal}/members", ""}, 401, 404, 200, 200},
	{request{"PUT", "/api/deals/{deal}/members/carl", ""}, 401, 404, 403, 204},
	{request{"DELETE", "/api/deals/{deal}/members/bert", ""}, 401, 404, 403, 204},
	{request{"GET", "/api/deals/{deal}/topics", ""}, 401, 404, 200, 200},
	{request{"POST", "/api/deals/{deal}/topics", `{"title":"Terms","number":2}`}, 401, 404, 403, 201},

	{request{"GET", "/api/topics/{topic}", ""}, 401, 404, 200, 200},
	{request{"PATCH", "/api/topics/{topic}", `{"title":"Prices"}`}, 401, 404, 403, 200},
	{request{"GET", "/api/topics/{topic}/messages", ""}, 401, 404, 200, 200},

	{request{"GET", "/api", ""}, 404, 404, 404, 404},
	{request{"GET", "/api/nothing", ""}, 404, 404, 404, 404},
	{request{"GET", "/healthz", ""}, 200, 200, 200, 200},
	{request{"GET", "/readyz", ""}, 200, 200, 200, 200},
	{request{"GET", "/", ""}, 200, 200, 200, 200},
}

func TestWhoMayDoWhat(t *testing.T) {
	for _, e := range endpoints {
		t.Run(e.String(), func(t *testing.T) {
			for _, c := range []struct {
				who  string
				want int
			}{{"", e.nobody}, {"carl", e.outsider}, {"bert", e.member}, {"anna", e.admin}} {
				t.Run(who(c.who), func(t *testing.T) {
					w := newWorld(t)
					q := e.filled(w.alpha, w.alphaTopic, "bert")
					w.ask(q.method, q.path, w.cookieOf(c.who), q.body).want(c.want)
				})
			}
		})
	}
}

func who(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}

// What is beyond the wall and what doesn't exist look the same: the whole
// answer, whoever has no right to it, whatever is sent.
func TestWhatOneMayNotSeeIsAnsweredLikeWhatDoesNotExist(t *testing.T) {
	w := newWorld(t)
	removed := func() { w.append(room.MemberRemoved{Deal: w.alpha, User: "bert"}) }
	for _, e := range endpoints {
		if e.outsider != http.StatusNotFound || !strings.Contains(e.path, "{") {
			continue
		}
		for _, body := range []string{e.body, "", "{", `{"surprise":1}`} {
			real := e.filled(w.alpha, w.alphaTopic, "bert")
			real.body = body
			for name, unknown := range map[string]request{
				"an id of the right shape": e.filled(room.NewID(), room.NewID(), "nobody-of-that-name"),
				"another id":               e.filled("x", "x", "X"),
			} {
				unknown.body = body
				cookie := w.cookieOf("carl")
				if a, b := w.ask(real.method, real.path, cookie, body), w.ask(unknown.method, unknown.path, cookie, body); !same(a, b) {
					t.Errorf("%s with %q, %s:\n%s\n%s", e.request, body, name, dump(a), dump(b))
				}
			}
		}
	}
	removed()
	for _, path := range []string{"/api/deals/{deal}/members", "/api/topics/{topic}/messages", "/api/topics/{topic}"} {
		real, unknown := request{"GET", path, ""}.filled(w.alpha, w.alphaTopic, ""), request{"GET", path, ""}.filled(room.NewID(), room.NewID(), "")
		cookie := w.cookieOf("bert")
		if a, b := w.ask("GET", real.path, cookie, ""), w.ask("GET", unknown.path, cookie, ""); a.Code != 404 || !same(a, b) {
			t.Errorf("%s after bert was taken out:\n%s\n%s", path, dump(a), dump(b))
		}
	}
}

func same(a, b answer) bool {
	return a.Code == b.Code && reflect.DeepEqual(a.Header(), b.Header()) && a.Body.String() == b.Body.String()
}

func dump(a answer) string { return fmt.Sprint(a.Code, a.Header(), a.Body) }

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
		"/api/deals/x/members/y":           "PUT, DELETE",
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
