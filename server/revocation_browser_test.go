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
)

// browserOf is a browser's HTTP in one version, whose cookie can be shown by hand.
type browserOf struct {
	client *http.Client
	base   string
	cookie *http.Cookie
}

// answer is one to a request, whole but for its time.
type wholeAnswer struct {
	status int
	body   []byte
	whole  string
	err    error
}

func (b *browserOf) ask(cookie *http.Cookie, method, path, body string) (a wholeAnswer) {
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
	if cookie != nil {
		q.AddCookie(cookie)
	}
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
	a := b.ask(b.cookie, method, path, body)
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
	b.cookie = cookies[0]
	return b
}

// token fetches one that opens a connection.
func (r *revocation) token() string {
	r.t.Helper()
	var answer struct{ Token string }
	if err := json.Unmarshal(r.expect(r.ask(r.browser, "POST", "/api/session/token", "{}"), 200).body, &answer); err != nil {
		r.t.Fatal(err)
	}
	return answer.Token
}
