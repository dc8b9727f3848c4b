package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"redroom/server/room"
)

// browserOf is a browser's HTTP in one version, whose cookie can be shown by hand.
type browserOf struct {
	client *http.Client
	base   string
	secret *secret
}

// secret is what a request shows to be somebody's: a browser's cookie, or a
// program's token.
type secret struct {
	cookie string // its name; "": it is a token
	value  string
}

func (s *secret) show(r *http.Request) {
	switch {
	case s == nil:
	case s.cookie == "":
		r.Header.Set("Authorization", "Bearer "+s.value)
	default:
		r.AddCookie(&http.Cookie{Name: s.cookie, Value: s.value})
	}
}

// another is one that nobody ever had.
func (s *secret) another() *secret {
	if s.cookie == "" {
		return &secret{value: room.NewToolToken()}
	}
	return &secret{cookie: s.cookie, value: room.NewToken()}
}

// answer is one to a request, whole but for its time.
type wholeAnswer struct {
	status int
	body   []byte
	whole  string
	err    error
}

func (b *browserOf) ask(by *secret, method, path, body string) (a wholeAnswer) {
	var in io.Reader
	if method != "GET" {
		in = strings.NewReader(body)
	}
	q, err := http.NewRequest(method, b.base+path, in)
	if err != nil {
		return wholeAnswer{err: err}
	}
	q.Header.Set("Origin", b.base)
	q.Header.Set("Content-Type", "application/json")
	by.show(q)
	got, err := b.client.Do(q)
	if err != nil {
		return wholeAnswer{err: err}
	}
	defer got.Body.Close()
	a.status = got.StatusCode
	if a.body, a.err = io.ReadAll(got.Body); a.err != nil {
		return a
	}
	var all bytes.Buffer
	fmt.Fprintf(&all, "%s %s\n", got.Proto, got.Status)
	header := maps.Clone(got.Header)
	header.Del("Date")
	header.Write(&all)
	all.Write(a.body)
	a.whole = all.String()
	return a
}

func (r *revocation) ask(b *browserOf, method, path, body string) wholeAnswer {
	r.t.Helper()
	a := b.ask(b.secret, method, path, body)
	if a.err != nil {
		r.t.Fatalf("%s %s: %v", method, path, a.err)
	}
	return a
}

func (r *revocation) expect(a wholeAnswer, status int) wholeAnswer {
	r.t.Helper()
	if a.status != status {
		r.t.Fatalf("the answer is %s, want status %d", a.whole, status)
	}
	return a
}

// program is the reader's, by a token, which may do what the reader may.
func (r *revocation) program(protocol string) *browserOf {
	r.t.Helper()
	client, base := (&walls{house: &house{Room: r.Room}}).clientOver(r.t, protocol)
	var made struct{ ID, Token string }
	r.anna.Must(r.t, "POST", "/api/users/"+r.name+"/tokens", map[string]any{
		"label": "Feed", "role": "member", "expires": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	}, &made, 201)
	r.tool = made.ID
	return &browserOf{client: client, base: base, secret: &secret{value: made.Token}}
}

// signIn signs the reader in by one HTTP.
func (r *revocation) signIn(protocol string) *browserOf {
	r.t.Helper()
	client, base := (&walls{house: &house{Room: r.Room}}).clientOver(r.t, protocol)
	b := &browserOf{client: client, base: base}
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	client.Jar = jar
	r.expect(b.ask(nil, "POST", "/api/session", fmt.Sprintf(`{"name":%q,"password":%q}`, r.name, r.password)), 200)
	client.Jar = nil
	at, err := url.Parse(base)
	if err != nil {
		r.t.Fatal(err)
	}
	cookies := jar.Cookies(at)
	if len(cookies) != 1 {
		r.t.Fatalf("the cookies are %v", cookies)
	}
	b.secret = &secret{cookies[0].Name, cookies[0].Value}
	return b
}

// token fetches one that opens a connection.
func (r *revocation) token() string {
	r.t.Helper()
	if r.browser.secret.cookie == "" {
		return r.browser.secret.value
	}
	var answer struct{ Token string }
	if err := json.Unmarshal(r.expect(r.ask(r.browser, "POST", "/api/session/token", "{}"), 200).body, &answer); err != nil {
		r.t.Fatal(err)
	}
	return answer.Token
}
