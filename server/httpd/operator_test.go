package httpd_test

import (
	"net/http"
	"strings"
	"testing"

	"redroom/server/httpd"
	"redroom/server/room"
)

// TestTheOperatorAdministersAndReadsNothing asks a handler whose requests are the
// operator's, as they come by the socket: without a host or a cookie that says so.
func TestTheOperatorAdministersAndReadsNothing(t *testing.T) {
	w := newWalls(t, func(c *httpd.Config) {
		*c = httpd.Config{Operator: true, Desk: c.Desk, Store: c.Store, Journal: c.Journal, Log: c.Log, Now: c.Now, PublicURL: "https://room.example"}
	})
	w.post(w.alphaTopic, "bert", "a word")
	socket := func(r *http.Request) { r.RemoteAddr, r.Host = "@", "operator"; r.Header.Del("Origin") }
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/api/users", "", 200},
		{"POST", "/api/users", `{"name":"fritz","password":"` + password + `"}`, 201},
		{"PATCH", "/api/users/fritz", `{"role":"observer"}`, 200},
		{"PATCH", "/api/users/fritz?dry-run=true", `{"active":false}`, 200},
		{"DELETE", "/api/users/bert/sessions", "", 204},
		{"POST", "/api/users/bert/invitation", "", 201},
		{"POST", "/api/invitations", `{"deals":["` + w.alpha + `"]}`, 201},
		{"GET", "/api/deals", "", 200},
		{"POST", "/api/deals", `{"name":"Gamma"}`, 201},
		{"PATCH", "/api/deals/" + w.alpha, `{"history":"joined"}`, 200},
		{"GET", "/api/deals/" + w.alpha + "/members", "", 200},
		{"PUT", "/api/deals/" + w.alpha + "/members/carl", "", 204},
		{"PATCH", "/api/deals/" + w.alpha + "/members/carl", `{"history":"all"}`, 204},
		{"DELETE", "/api/deals/" + w.alpha + "/members/carl", "", 204},
		{"GET", "/api/deals/" + w.alpha + "/topics", "", 200},
		{"POST", "/api/deals/" + w.alpha + "/topics", `{"title":"Terms"}`, 201},
		{"GET", "/api/topics/" + w.clean, "", 200},
		{"PATCH", "/api/topics/" + w.clean, `{"title":"Team"}`, 200},
		{"GET", "/api/topics/" + w.clean + "/members", "", 200},
		{"PUT", "/api/topics/" + w.clean + "/members/dora", "", 204},
		{"PATCH", "/api/topics/" + w.clean + "/members/dora", `{"from":1}`, 204},
		{"DELETE", "/api/topics/" + w.clean + "/members/dora", "", 204},
		{"GET", "/api/audit", "", 200},

		{"GET", "/api/topics/" + w.alphaTopic + "/messages", "", 404},
		{"POST", "/api/deals/" + w.alpha + "/direct", `{"with":"bert"}`, 404},
		{"GET", "/api/topics/" + w.between, "", 404},
		{"PATCH", "/api/topics/" + w.between, `{"title":"Ours"}`, 404},
		{"GET", "/api/topics/" + w.between + "/members", "", 404},
		{"GET", "/api/session", "", 404},
		{"POST", "/api/session", signInBert, 404},
		{"DELETE", "/api/session", "", 404},
		{"POST", "/api/session/token", "", 404},
		{"POST", "/api/session/password", "{}", 404},
		{"POST", "/api/setup", "{}", 404},
		{"POST", "/api/invitations/open", "{}", 404},
		{"POST", "/api/invitations/accept", "{}", 404},
		{"GET", "/api/check", "", 404},
		{"GET", "/", "", 404},
		{"GET", "/rrp", "", 404},
		{"TRACE", "/api/users", "", 405},
	} {
		if a := w.ask(c.method, c.path, "", c.body, socket); a.Code != c.want {
			t.Errorf("%s %s: status %d, want %d: %s", c.method, c.path, a.Code, c.want, a.Body)
		}
	}
	for _, row := range w.noted(room.ActionTopicChanged) {
		if row != "  "+w.alpha+" "+w.clean {
			t.Errorf("the trail has %q", row)
		}
	}
	if body := w.ask("GET", "/api/deals/"+w.alpha+"/topics", "", "", socket).want(200).Body.String(); strings.Contains(body, w.between) || !strings.Contains(body, w.clean) {
		t.Errorf("the topics are %s", body)
	}
	var inv invitation
	w.ask("POST", "/api/invitations", "", `{}`, socket).want(201).into(&inv)
	if !strings.HasPrefix(inv.URL, "https://room.example/invite#") {
		t.Errorf("the link is %s", inv.URL)
	}
}
