package server_test

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"
)

// withCompany gives the room a provider that knows bert, and makes accounts of
// others. What it is asked goes through what it is behind.
func (s *siege) withCompany(behind ...func(http.Handler) http.Handler) *mockoidc.MockOIDC {
	s.t.Helper()
	m, err := mockoidc.NewServer(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, what := range behind {
		if err := m.AddMiddleware(what); err != nil {
			s.t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	if err := m.Start(listener, nil); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := m.Shutdown(); err != nil {
			s.t.Error(err)
		}
	})
	s.anna.Must(s.t, "PATCH", "/api/signin/rules", map[string]any{"provider": map[string]any{
		"label": "Example Corp", "issuer": m.Issuer(), "clientID": m.ClientID, "secret": m.ClientSecret,
		"nameClaim": "preferred_username", "match": true, "create": true,
	}}, nil, 200)
	return m
}

// errand is a browser's way to the provider: what it comes back with, and the
// cookie that it keeps meanwhile.
type errand struct {
	back string
	kept *http.Cookie
}

// begins goes to the provider as who wants to be at a place afterwards.
func (s *siege) begins(m *mockoidc.MockOIDC, user, to string, with ...func(*http.Request)) (e errand) {
	s.t.Helper()
	return s.beginsAs(m, &mockoidc.MockUser{Subject: "subject-of-" + user, PreferredUsername: user}, to, with...)
}

// beginsAs is begins as somebody of whom the provider says more.
func (s *siege) beginsAs(m *mockoidc.MockOIDC, user mockoidc.User, to string, with ...func(*http.Request)) (e errand) {
	s.t.Helper()
	m.QueueUser(user)
	a := s.send("GET", "/api/session/company?to="+url.QueryEscape(to), "", with...).want(303)
	for _, c := range a.Cookies() {
		e.kept = c
	}
	if e.kept == nil || !strings.HasPrefix(a.Header.Get("Location"), m.Issuer()) {
		s.t.Fatalf("it goes to %s with the cookie %v", a.Header.Get("Location"), e.kept)
	}
	there, err := s.client.Get(a.Header.Get("Location"))
	if err != nil {
		s.t.Fatal(err)
	}
	there.Body.Close()
	back, ok := strings.CutPrefix(there.Header.Get("Location"), s.Plain)
	if !ok {
		s.t.Fatalf("the provider sends it to %s", there.Header.Get("Location"))
	}
	e.back = back
	return e
}

// returns comes back to a place with a cookie, or none.
func (s *siege) returns(back string, kept *http.Cookie, with ...func(*http.Request)) reply {
	s.t.Helper()
	with = append(with, withHeader("Sec-Fetch-Site", "cross-site"))
	if kept != nil {
		with = append(with, sends(kept.Name, kept.Value))
	}
	return s.send("GET", back, "", with...).want(303)
}

// TestSigningInRefusesAnOpenIDStateOfAnotherBrowser has one browser end what
// another one has begun: neither is an attacker signed in as the victim, nor the
// victim as the attacker.
func TestSigningInRefusesAnOpenIDStateOfAnotherBrowser(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	m := s.withCompany()
	letsNobodyIn := func(what string, a reply) {
		t.Helper()
		if a.session() != "" || a.Header.Get("Location") != "/?company=failed" {
			t.Errorf("%s: it goes to %s, signed in: %v", what, a.Header.Get("Location"), a.session() != "")
		}
	}
	bert := s.signsIn("bert", "")
	with := func(back, name, value string) string {
		u := parsed(t, back)
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.RequestURI()
	}
	query := func(e errand, name string) string { return parsed(t, e.back).Query().Get(name) }
	cookie := func(e errand, value string) *http.Cookie { return &http.Cookie{Name: e.kept.Name, Value: value} }
	for what, comes := range map[string]func() reply{
		"without a cookie": func() reply {
			return s.returns(s.begins(m, "otto", "/").back, nil)
		},
		"with the cookie of another's way": func() reply {
			attackers, victims := s.begins(m, "otto", "/"), s.begins(m, "bert", "/")
			return s.returns(attackers.back, victims.kept)
		},
		"with another's code": func() reply {
			attackers, victims := s.begins(m, "otto", "/"), s.begins(m, "bert", "/")
			return s.returns(with(victims.back, "code", query(attackers, "code")), victims.kept)
		},
		"with another's state and code, signed in": func() reply {
			attackers, victims := s.begins(m, "otto", "/"), s.begins(m, "bert", "/", s.shows(bert))
			return s.returns(attackers.back, victims.kept, s.shows(bert))
		},
		"with what was seen of the victim's": func() reply {
			victims, attackers := s.begins(m, "bert", "/"), s.begins(m, "otto", "/")
			return s.returns(with(attackers.back, "code", query(victims, "code")), attackers.kept)
		},
		"without a state": func() reply {
			e := s.begins(m, "bert", "/")
			return s.returns(with(e.back, "state", ""), e.kept)
		},
		"a second time": func() reply {
			e := s.begins(m, "bert", "/")
			if a := s.returns(e.back, e.kept); a.session() == "" {
				t.Errorf("who has begun it isn't signed in: %v", a.Header)
			}
			return s.returns(e.back, e.kept)
		},
		"with a cookie that was changed": func() reply {
			e := s.begins(m, "bert", "/")
			return s.returns(e.back, cookie(e, "A"+e.kept.Value[1:]+"A"))
		},
		"with a cookie that is a sign-in's": func() reply {
			e := s.begins(m, "bert", "/")
			return s.returns(e.back, cookie(e, bert))
		},
		"at another name of the server": func() reply {
			e := s.begins(m, "bert", "/")
			return s.returns(e.back, e.kept, func(r *http.Request) { r.Host = "127.0.0.1:" + r.URL.Port() })
		},
		"after the provider was changed": func() reply {
			e := s.begins(m, "bert", "/")
			s.withCompany()
			a := s.returns(e.back, e.kept)
			s.anna.Must(t, "PATCH", "/api/signin/rules", map[string]any{"provider": map[string]any{
				"label": "Example Corp", "issuer": m.Issuer(), "clientID": m.ClientID, "secret": m.ClientSecret,
				"nameClaim": "preferred_username", "match": true, "create": true,
			}}, nil, 200)
			return a
		},
		"as the provider's word of somebody else": func() reply {
			e := s.begins(m, "bert", "/")
			return s.returns(with(e.back, "iss", "https://evil.example"), e.kept)
		},
	} {
		a := comes()
		letsNobodyIn(what, a)
		s.is(bert, "bert")
		for len(m.UserQueue.Queue) > 0 {
			m.UserQueue.Pop()
		}
	}
	// What is kept on the way is nobody's sign-in, and another site begins none.
	e := s.begins(m, "bert", "/")
	s.isNobody("the cookie of a way to the provider", e.kept.Value)
	for _, site := range []string{"cross-site", "same-site"} {
		if a := s.send("GET", "/api/session/company", "", withHeader("Sec-Fetch-Site", site)).want(303); len(a.Cookies()) > 0 || a.Header.Get("Location") != "/" {
			t.Errorf("%s begins it: %v", site, a.Header)
		}
	}
	// And who has begun it ends it.
	s.is(s.returns(e.back, e.kept).session(), "bert")
}

// TestSigningInRefusesToSendOneElsewhere asks to be somewhere else after the
// sign-in, in every way in which links are made to look like the room's.
func TestSigningInRefusesToSendOneElsewhere(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	m := s.withCompany()
	place := "/t/" + s.topic
	here := parsed(t, s.Plain)
	for _, to := range []string{
		"https://evil.example", "HTTPS://evil.example/", "//evil.example", "///evil.example", "////evil.example/" + s.topic, `/\evil.example`, `\\evil.example`,
		"/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/%2f/evil.example", "/%5cevil.example", "/.//evil.example", "/t/..//evil.example",
		"//evil.example" + place, place + "@evil.example", place + ".evil.example", place + "//evil.example", place + "/../../..//evil.example", place + "#//evil.example",
		place + "?to=//evil.example", place + "#1@evil.example", place + "#1\r\nLocation: https://evil.example", place + "\r\nSet-Cookie: redroom-company=evil", "/\r\n\r\n<script>",
		"javascript:alert(1)", "data:text/html,evil", "evil.example", "http:evil.example", "http:/evil.example", "//localhost:1/", s.Plain + "@evil.example", "/api/session", "/admin",
		"/t/" + strings.ToUpper(s.topic), "/t/" + s.topic + "\x00", "/t/" + s.topic + "\u2028", "?//evil.example", "#//evil.example", strings.Repeat("/", 5000),
	} {
		e := s.begins(m, "bert", to)
		for _, back := range []string{e.back + "&to=" + url.QueryEscape(to), e.back} {
			a := s.returns(back, e.kept)
			at, err := here.Parse(a.Header.Get("Location"))
			if err != nil || len(a.Header.Values("Location")) != 1 {
				t.Fatalf("to %q: the answer bears %q, %v", to, a.Header.Values("Location"), err)
			}
			if at.Scheme != here.Scheme || at.Host != here.Host || at.User != nil || at.Path != "/" && at.Path != place || strings.ContainsAny(a.Header.Get("Location"), "\\\r\n\t @") {
				t.Errorf("to %q it goes to %q", to, a.Header.Get("Location"))
			}
			for _, c := range a.Cookies() {
				if c.Value == "evil" {
					t.Errorf("%q sets a cookie", to)
				}
			}
		}
	}
	if e := s.begins(m, "bert", place+"#7"); s.returns(e.back, e.kept).Header.Get("Location") != place+"#7" {
		t.Error("a place in the room isn't gone to")
	}

	// What the provider says is shown to nobody, nor followed.
	for _, said := range []string{"https://evil.example", "//evil.example", "evil\r\nLocation: //evil.example", "access_denied"} {
		e := s.begins(m, "bert", "/")
		u := parsed(t, e.back)
		q := url.Values{"state": u.Query()["state"], "error": {said}, "error_uri": {"https://evil.example"}, "error_description": {"evil"}}
		a := s.returns(u.Path+"?"+q.Encode(), e.kept)
		if to := a.Header.Get("Location"); to != "/?company=refused" || strings.Contains(string(a.body), "evil") {
			t.Errorf("a provider that says %q sends one to %q: %s", said, to, a.body)
		}
	}
	// The provider sends nobody back to where the room isn't.
	for _, host := range []string{"localhost:1", "127.0.0.1:1", "[::1]:1", "localhost"} {
		a := s.send("GET", "/api/session/company", "", func(r *http.Request) { r.Host = host }).want(303)
		if a.Header.Get("Location") != "/?company=failed" || len(a.Cookies()) > 0 {
			t.Errorf("by the name %s it goes to %s", host, a.Header.Get("Location"))
		}
	}
	// No path makes the server itself send a browser on.
	for _, path := range []string{
		"//evil.example", "//evil.example/", "//evil.example/%2e%2e", "/%2f%2fevil.example", `/%5cevil.example`, "/t//evil.example/..", "/assets//evil.example/..", "/index.html",
		"/t", "/t/" + s.topic + "/", "/admin/", "/api/", "/api/session/", "/setup//evil.example", "/.//evil.example", "/assets", "/rrp/", "/invite?to=//evil.example",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.Plain, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Opaque = "//" + r.URL.Host + path
		a, err := s.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if to := a.Header.Get("Location"); to != "" || a.StatusCode >= 300 && a.StatusCode < 400 {
			t.Errorf("%s is answered %d, to %q", path, a.StatusCode, to)
		}
	}
}
