package httpd_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"redroom/server/httpd"
)

// refusals are what the log tells of requests that were refused.
type refusals struct{ bytes.Buffer }

func (l *refusals) keep(config *httpd.Config) {
	config.Log = slog.New(slog.NewJSONHandler(&l.Buffer, nil))
}

type refusal struct {
	Msg, Level, Method, Path, User, From, Why string
	Status                                    int
}

func (l *refusals) take(t *testing.T) (all []refusal) {
	t.Helper()
	for line := range strings.Lines(l.String()) {
		var one refusal
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if one.Msg == "a request was refused" {
			all = append(all, one)
		}
	}
	l.Reset()
	return all
}

func TestTheLogTellsWhoWasRefusedWhat(t *testing.T) {
	var log refusals
	w := newWorld(t, log.keep)
	from := func(r *http.Request) { r.RemoteAddr = "192.0.2.7:1" }
	long := "/api/topics/" + strings.Repeat("x", 4000)
	for _, c := range []struct {
		what, method, path, cookie, body string
		option                           func(*http.Request)
		want                             refusal
	}{
		{"what only admins do", "GET", "/api/audit", w.cookieOf("bert"), "", from,
			refusal{Method: "GET", Path: "/api/audit", User: "bert", From: "192.0.2.7", Status: 403}},
		{"what is behind a wall", "GET", "/api/topics/" + w.betaTopic, w.cookieOf("bert"), "", from,
			refusal{Method: "GET", Path: "/api/topics/" + w.betaTopic, User: "bert", From: "192.0.2.7", Status: 404}},
		{"what is nowhere", "GET", long, w.cookieOf("bert"), "", from,
			refusal{Method: "GET", Path: long[:200], User: "bert", From: "192.0.2.7", Status: 404}},
		{"a write of another site's page", "POST", "/api/session", "", signInBert, header("Origin", "https://evil.example"),
			refusal{Method: "POST", Path: "/api/session", From: "127.0.0.1", Status: 403}},
		{"another host", "GET", "/", "", "", plainly("evil.example"),
			refusal{Method: "GET", Path: "/", From: "127.0.0.1", Status: 421}},
		{"a program's token that is none", "GET", "/api/deals", "", "", header("Authorization", "Bearer rr_guessed"),
			refusal{Method: "GET", Path: "/api/deals", From: "127.0.0.1", Status: 401}},
	} {
		a := w.ask(c.method, c.path, c.cookie, c.body, c.option).want(c.want.Status)
		got := log.take(t)
		c.want.Msg, c.want.Level, c.want.Why = "a request was refused", "INFO", a.problem().Detail
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s is told as %+v, want %+v", c.what, got, c.want)
		}
	}
}

func TestTheLogTellsOfNoRefusalThatMeansNothing(t *testing.T) {
	var log refusals
	w := newWorld(t, log.keep)
	w.ask("GET", "/api/deals", w.cookieOf("bert"), "").want(200)
	w.ask("GET", "/api/session", "", "").want(401) // each visit begins so
	w.ask("GET", "/favicon.png", "", "").want(404)
	w.ask("GET", "/api/session", "outdated", "").want(401)
	if got := log.take(t); got != nil {
		t.Errorf("it tells %+v", got)
	}
}

// What somebody types, or signs in with, is in no line of the log.
func TestTheLogHasNoSecretOfWhatWasRefused(t *testing.T) {
	var log refusals
	w := newWorld(t, log.keep)
	w.ask("GET", "/api/search?q=hostile+takeover&zone=nowhere", w.cookieOf("bert"), "")
	w.ask("GET", "/api/audit?user=hostile+takeover", w.cookieOf("bert"), "").want(403)
	w.ask("GET", "/api/deals", "", "", header("Authorization", "Bearer rr_takeover")).want(401)
	w.ask("POST", "/api/session", "", `{"name":"bert","password":"hostile takeover"}`, header("Origin", "https://evil.example")).want(403)
	for _, secret := range []string{"takeover", w.cookieOf("bert")} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is in the log:\n%s", secret, log.String())
		}
	}
}

// Who has shown once more who it is may change how one signs in from then on.
func TestTheLogTellsOfAProof(t *testing.T) {
	var log refusals
	w := newWorld(t, log.keep)
	w.ask("POST", "/api/session/proof", w.cookieOf("bert"), `{"password":"wrong for bert"}`).want(403)
	if strings.Contains(log.String(), "shown it once more") {
		t.Errorf("it tells of one that failed:\n%s", log.String())
	}
	w.ask("POST", "/api/session/proof", w.cookieOf("bert"), `{"password":"`+password+`"}`).want(204)
	if !strings.Contains(log.String(), `"msg":"who is signed in has shown it once more","user":"bert","from":"127.0.0.1"`) {
		t.Errorf("it tells:\n%s", log.String())
	}
}
