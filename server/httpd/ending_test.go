package httpd_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"redroom/server/httpd"
	"redroom/server/room"
)

// TestNothingIsAnsweredOnceTheSignInHasEnded ends it after the cookie was looked
// at, whatever is asked for: what exists and what doesn't is answered alike.
func TestNothingIsAnsweredOnceTheSignInHasEnded(t *testing.T) {
	var w *world
	w = newWorld(t, func(c *httpd.Config) {
		c.Desk = endingDesk{c.Desk, func(s room.Session) { w.append(room.SessionsEnded{User: s.User}) }}
	})
	for _, request := range []string{
		"GET /api/session", "POST /api/session/token",
		"GET /api/users", "GET /api/audit", "GET /api/deals",
		"GET /api/deals/" + w.alpha + "/members", "GET /api/deals/" + w.alpha + "/topics",
		"GET /api/topics/" + w.alphaTopic, "GET /api/topics/" + w.alphaTopic + "/members",
		"GET /api/topics/" + w.alphaTopic + "/messages",
		"GET /api/topics/" + room.NewID(), "GET /api/deals/" + room.NewID() + "/members",
		"PATCH /api/users/bert?dry-run=true", "PATCH /api/users/bert", "POST /api/invitations",
		"DELETE /api/deals/" + w.alpha + "/members/bert", "DELETE /api/users/bert/sessions",
	} {
		method, path, _ := strings.Cut(request, " ")
		a := w.ask(method, path, w.cookieOf("anna"), "{}")
		if a.Code != http.StatusUnauthorized {
			t.Errorf("%s: status %d: %s", request, a.Code, a.Body)
		}
	}
	if _, member := w.store.State().ReadsFrom("bert", w.alphaTopic); !member {
		t.Error("the member was removed")
	}
}

// TestWhoDeactivatesHimselfIsToldSo has the answer although it ends the sign-in.
func TestWhoDeactivatesHimselfIsToldSo(t *testing.T) {
	w := newWorld(t)
	w.append(room.UserChanged{Name: "bert", Role: ptr(room.Admin)})
	cookie := w.cookieOf("bert")
	w.ask("PATCH", "/api/users/bert", cookie, `{"active":false}`).want(200).
		is(`{"name":"bert","display":"Bert","role":"admin","active":false,"version":3}`)
	w.ask("GET", "/api/session", cookie, "").want(401)
}

func TestABodyHas30Seconds(t *testing.T) {
	w := newWorld(t)
	body := &slowBody{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest("POST", "http://"+loopback+"/api/session", body)
	r.Header.Set("Origin", "http://"+loopback)
	r.Header.Set("Content-Type", "application/json")
	began := time.Now()
	w.handler.ServeHTTP(body, r)
	answer{body.ResponseRecorder, t}.want(http.StatusRequestTimeout)
	if n := len(body.deadlines); n != 2 || !body.deadlines[1].IsZero() {
		t.Fatalf("the deadlines are %v", body.deadlines)
	}
	if in := body.deadlines[0].Sub(began); in < 30*time.Second || in > time.Minute {
		t.Errorf("it had %v", in)
	}
}
