package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"redroom/server"
	limits "redroom/server/load"
	"redroom/server/servertest"
)

// siege is a house at whose door attacks are tried. Its cookie is called as on
// the plain port, and requests are as an attacker writes them: nothing is added.
type siege struct {
	*house
	t      *testing.T
	client *http.Client
	cookie string // its name
}

func newSiege(t *testing.T) *siege {
	t.Helper()
	return newSiegeOf(t, newHouseOf(t, unhurried(t)))
}

// unhurried is a server to which one may send as many requests as one likes, so
// that what is refused is refused for what it is.
func unhurried(t *testing.T) (c server.Config) {
	t.Helper()
	c = servertest.Config(t)
	c.Log = nil // attacks are what it complains of
	c.Limits = limits.Defaults().WithPosts(0)
	c.Limits.User.Requests, c.Limits.Address.Requests = limits.Rate{}, limits.Rate{}
	return c
}

func newSiegeOf(t *testing.T, h *house) *siege {
	t.Helper()
	over := new(http.Transport)
	t.Cleanup(over.CloseIdleConnections)
	at, err := url.Parse(h.Plain)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: over, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &siege{house: h, t: t, client: client, cookie: "redroom-" + at.Port()}
}

// in is the same for a part of the test.
func (s *siege) in(t *testing.T) *siege {
	part := *s
	part.t = t
	return &part
}

// reply is an answer, whole.
type reply struct {
	*http.Response
	t    *testing.T
	what string
	body []byte
}

// send asks the plain port. body is JSON, or "".
func (s *siege) send(method, path, body string, with ...func(*http.Request)) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.Plain+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, change := range with {
		change(r)
	}
	got, err := s.client.Do(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer got.Body.Close()
	octets, err := io.ReadAll(got.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{got, s.t, method + " " + path, octets}
}

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// shows sends a cookie of the session's along, whoever's it is.
func (s *siege) shows(value string) func(*http.Request) { return sends(s.cookie, value) }

func sends(cookie, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add("Cookie", cookie+"="+value) }
}

func bearing(token string) func(*http.Request) { return withHeader("Authorization", "Bearer "+token) }

func (a reply) want(status int) reply {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.StatusCode, status, a.body)
	}
	return a
}

// refused is want for an answer that gives nobody anything.
func (a reply) refused(status int) {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Errorf("%s: status %d, want %d: %s", a.what, a.StatusCode, status, a.body)
	}
	for _, c := range a.Cookies() {
		if c.MaxAge >= 0 {
			a.t.Errorf("%s is refused, and sets the cookie %s", a.what, c.Name)
		}
	}
}

func (a reply) into(value any) reply {
	a.t.Helper()
	if err := json.Unmarshal(a.body, value); err != nil {
		a.t.Fatalf("%s: %v in %s", a.what, err, a.body)
	}
	return a
}

// session is the cookie of a sign-in that the answer sets; "": none.
func (a reply) session() string {
	for _, c := range a.Cookies() {
		if (c.Name == "__Host-redroom" || strings.HasPrefix(c.Name, "redroom-") && !strings.Contains(c.Name, "company")) && c.MaxAge >= 0 {
			return c.Value
		}
	}
	return ""
}

// object is JSON of pairs of names and values.
func object(pairs ...any) string {
	all := make(map[string]any)
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i].(string)] = pairs[i+1]
	}
	b, err := json.Marshal(all)
	if err != nil {
		panic(err) // no test sends what JSON doesn't have
	}
	return string(b)
}

// cookieOf is what a browser of the house is known by.
func (s *siege) cookieOf(as *servertest.API) string {
	s.t.Helper()
	at, err := url.Parse(s.Plain)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range as.HTTP.Jar.Cookies(at) {
		if c.Name == s.cookie {
			return c.Value
		}
	}
	s.t.Fatalf("%s has no cookie", as.Name)
	return ""
}

// signsIn is a new sign-in's cookie.
func (s *siege) signsIn(name, code string) string {
	s.t.Helper()
	return s.tries(name, code).want(200).session()
}

func (s *siege) tries(name, code string) reply {
	s.t.Helper()
	return s.send("POST", "/api/session", object("name", name, "password", servertest.Password, "code", code))
}

// isNobody shows that a cookie stands for nobody.
func (s *siege) isNobody(what, cookie string) {
	s.t.Helper()
	if a := s.send("GET", "/api/session", "", s.shows(cookie)); a.StatusCode != 401 {
		s.t.Errorf("%s stands for somebody: %d %s", what, a.StatusCode, a.body)
	}
	if a := s.send("GET", "/api/deals", "", s.shows(cookie)); a.StatusCode != 401 {
		s.t.Errorf("%s opens the deals: %d %s", what, a.StatusCode, a.body)
	}
}

// is shows for whom a cookie stands.
func (s *siege) is(cookie, name string) {
	s.t.Helper()
	var who struct{ Name string }
	if s.send("GET", "/api/session", "", s.shows(cookie)).want(200).into(&who); who.Name != name {
		s.t.Errorf("the cookie stands for %q, want %s", who.Name, name)
	}
}

// opensNoConnection shows that TOKEN with a secret is refused.
func (s *siege) opensNoConnection(what, token string) {
	s.t.Helper()
	in := s.Open(s.t)
	defer in.Close(0, "")
	c := in.Channel(s.t)
	c.Say(s.t, "TOKEN 0 "+token+"\n")
	if f := c.Hear(s.t); f.Is("ERR 401 TOKEN") != nil {
		s.t.Errorf("%s, said as a token, is answered %q", what, f)
	}
}

// app makes codes as an authenticator's does.
type app struct {
	t      *testing.T
	secret string
	last   int64 // time step of the newest code
}

const codeStep = 30 // seconds (RFC 6238)

// next is a code that wasn't used yet. Of those that are good at a time (the one
// of now, the one before and the one after) it is the earliest that stays good for
// a moment.
func (a *app) next() string {
	a.t.Helper()
	const moment = 10 // seconds
	a.last = max(a.last+1, (time.Now().Unix()+moment)/codeStep-1)
	if ahead := time.Unix((a.last-1)*codeStep, 0); time.Now().Before(ahead) {
		<-time.After(time.Until(ahead)) // its time has to come
	}
	return a.at(a.last)
}

func (a *app) at(step int64) string {
	a.t.Helper()
	code, err := totp.GenerateCode(a.secret, time.Unix(step*codeStep, 0))
	if err != nil {
		a.t.Fatal(err)
	}
	return code
}

// enroll sets up codes in a sign-in, and gives the recovery codes.
func (s *siege) enroll(cookie string) (*app, []string) {
	s.t.Helper()
	var begun struct{ ID, Secret string }
	s.send("POST", "/api/account/totp", "", s.shows(cookie)).want(201).into(&begun)
	a := &app{t: s.t, secret: begun.Secret}
	var got struct{ Recovery []string }
	s.send("POST", "/api/account/totp/confirm", object("id", begun.ID, "code", a.next()), s.shows(cookie)).want(200).into(&got)
	return a, got.Recovery
}

// key is an authenticator that holds one passkey.
type key struct {
	s  *siege
	at virtualwebauthn.RelyingParty
	virtualwebauthn.Authenticator
	virtualwebauthn.Credential
	synced bool // so that it doesn't count
}

// newKey is one for the room as its page is opened here.
func (s *siege) newKey() *key {
	const whole = 77 // octets of a key whose coordinates begin with no zero; the library makes others wrong
	made := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(made.Key.AttestationData()) != whole {
		made = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &key{s: s, at: virtualwebauthn.RelyingParty{ID: "localhost", Origin: s.Plain}, Authenticator: virtualwebauthn.NewAuthenticator(), Credential: made}
}

type challenge struct {
	ID      string
	Options json.RawMessage
}

func (k *key) begin(path string, with ...func(*http.Request)) (c challenge) {
	k.s.t.Helper()
	k.s.send("POST", path, "", append(with, withHeader("Origin", k.s.Plain))...).want(200).into(&c)
	return c
}

// register adds it to the account of a sign-in.
func (k *key) register(cookie string) {
	k.s.t.Helper()
	c := k.begin("/api/account/passkeys/options", k.s.shows(cookie))
	k.s.send("POST", "/api/account/passkeys", k.made(c, "Key"), k.s.shows(cookie)).want(201)
}

// made is what adds it by a challenge.
func (k *key) made(c challenge, label string) string {
	k.s.t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(c.Options))
	if err != nil {
		k.s.t.Fatal(err)
	}
	k.Authenticator.Options.UserHandle = []byte(parsed.UserID)
	made := virtualwebauthn.CreateAttestationResponse(k.at, k.Authenticator, k.Credential, *parsed)
	return object("id", c.ID, "label", label, "credential", json.RawMessage(made))
}

// shown is what signs in with it, or proves who one is, by a challenge.
func (k *key) shown(c challenge) string {
	k.s.t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(string(c.Options))
	if err != nil {
		k.s.t.Fatal(err)
	}
	if !k.synced {
		k.Credential.Counter++
	}
	return object("id", c.ID, "credential", json.RawMessage(virtualwebauthn.CreateAssertionResponse(k.at, k.Authenticator, k.Credential, *parsed)))
}

func (k *key) signsIn() reply {
	k.s.t.Helper()
	return k.s.send("POST", "/api/session/passkey", k.shown(k.begin("/api/session/passkey/options")))
}

// toolToken makes one of somebody's own.
func (s *siege) toolToken(cookie, name, role string) (id, token string) {
	s.t.Helper()
	var made struct{ ID, Token string }
	s.send("POST", "/api/users/"+name+"/tokens", object("label", "Feed", "role", role), s.shows(cookie)).want(201).into(&made)
	return made.ID, made.Token
}

// unchanged gives what compares the whole audit trail, and everybody's rights,
// with what they are now. What it says is about the attack.
func (s *siege) unchanged() (check func(what string)) {
	s.t.Helper()
	look := func() string {
		var b bytes.Buffer
		for _, e := range readTrail(s.t, s.anna) {
			fmt.Fprintf(&b, "%s did %s to %s\n", e.By, e.Action, e.User+e.Deal+e.Topic)
		}
		for _, path := range []string{"/api/users", "/api/deals", "/api/signin/rules"} {
			_, answer := s.anna.Do(s.t, "GET", path, nil)
			b.Write(answer)
		}
		return b.String()
	}
	before := look()
	return func(what string) {
		s.t.Helper()
		if after := look(); after != before {
			s.t.Errorf("%s has changed something; before:\n%s\nafter:\n%s", what, before, after)
		}
	}
}

func base64url(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// field is a text as a frame's field has it.
func field(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func unmarshal(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}
