package httpd_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"redroom/server/httpd"
	"redroom/server/room"
)

type shown struct {
	ID, Device, Address, Factor string
	Transports                  []string
	Opened, Used, Ends          time.Time
	Current                     bool
}

func (w *world) sessionsOf(cookie string) []shown {
	w.t.Helper()
	var list struct{ Sessions []shown }
	w.ask("GET", "/api/sessions", cookie, "").want(200).into(&list)
	return list.Sessions
}

// sessionOf is the id of a cookie's sign-in.
func (w *world) sessionOf(cookie string) string {
	w.t.Helper()
	for _, s := range w.sessionsOf(cookie) {
		if s.Current {
			return s.ID
		}
	}
	w.t.Fatal("there is none")
	return ""
}

// cookieOfFactor signs in with the world's password and a code.
func (w *world) cookieOfFactor(name, code string) string {
	w.t.Helper()
	return w.ask("POST", "/api/session", "", signInWith(name, code)).want(200).cookie().Value
}

func TestOnesSignInsAreListedAndEnded(t *testing.T) {
	var live string
	w := newWorld(t, func(c *httpd.Config) {
		c.Transports = func(session string) []string {
			if session == live {
				return []string{"webtransport"}
			}
			return nil
		}
	})
	w.cookieOf("anna")
	phone := w.ask("POST", "/api/session", "", signInBert, func(r *http.Request) {
		r.Header.Set("User-Agent", "A phone\u202e")
		r.RemoteAddr = "192.0.2.7:5000"
	}).want(200).cookie().Value
	w.pass(time.Hour)
	desktop := w.cookieOf("bert")
	live = w.sessionOf(phone)
	w.pass(time.Minute)

	all := w.sessionsOf(desktop)
	if len(all) != 2 || !all[0].Current || all[1].Current {
		t.Fatalf("listed are %+v", all)
	}
	if got := all[1]; got.Device != "A phone" || got.Address != "192.0.2.7" || !slices.Equal(got.Transports, []string{"webtransport"}) ||
		!got.Used.Equal(got.Opened.Add(time.Hour)) || !got.Ends.Equal(got.Used.Add(room.SessionIdle)) {
		t.Errorf("the phone's is %+v", got)
	}

	w.ask("DELETE", "/api/sessions/"+w.sessionOf(w.cookieOf("anna")), desktop, "").want(404) // another's
	w.ask("DELETE", "/api/sessions/"+live, desktop, "").want(204)
	w.ask("GET", "/api/session", phone, "").want(401)

	third := w.cookieOf("bert")
	w.ask("DELETE", "/api/sessions", third, "").want(204)
	w.ask("GET", "/api/session", desktop, "").want(401)
	w.ask("GET", "/api/session", third, "").want(200)
	a := w.ask("DELETE", "/api/sessions/"+w.sessionOf(third), third, "").want(204)
	if c := a.cookie(); c == nil || c.MaxAge >= 0 {
		t.Errorf("the cookie stays: %v", c)
	}
}

func TestASignInEndsWhenItIsNotUsed(t *testing.T) {
	w := newWorld(t)
	w.ask("PATCH", "/api/signin/rules", w.cookieOf("anna"), `{"idle":300,"life":7200}`).want(200)
	cookie := w.ask("POST", "/api/session", "", signInBert).want(200).cookie()
	if cookie.MaxAge != 7200 {
		t.Errorf("the cookie lasts %d s", cookie.MaxAge)
	}
	for range 24 { // each use counts, also those that the store isn't told of
		w.pass(290 * time.Second / 2)
		w.ask("GET", "/api/session", cookie.Value, "").want(200)
		w.pass(290 * time.Second / 2)
		w.ask("GET", "/api/session", cookie.Value, "").want(200)
	}
	// However much it is used, it ends 2 hours after it was opened.
	w.pass(2*time.Hour - 24*290*time.Second)
	w.ask("GET", "/api/session", cookie.Value, "").want(401)

	idle := w.ask("POST", "/api/session", "", signInBert).want(200).cookie().Value
	w.pass(299 * time.Second)
	w.ask("GET", "/api/session", idle, "").want(200)
	w.pass(300 * time.Second)
	w.ask("GET", "/api/session", idle, "").want(401)
}
