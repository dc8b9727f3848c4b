package httpd_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"redroom/server/httpd"
	"redroom/server/room"
	"redroom/server/servertest/openid"
)

// withCompany gives the room a provider that makes and matches accounts.
func (w *world) withCompany() *mockoidc.MockOIDC {
	w.t.Helper()
	m := openid.Start(w.t, nil, "http://"+loopback)
	m.FastForward(time.Until(w.clock()))
	w.provider(&room.Provider{
		Label: "Example Corp", Issuer: m.Issuer(), ClientID: m.ClientID, Secret: w.desk.SealProviderSecret(m.ClientSecret),
		NameClaim: "preferred_username", Match: true, GroupsClaim: "groups", Groups: []room.GroupRole{{Group: "deals", Role: room.Member}},
	})
	return m
}

func (w *world) provider(p *room.Provider) {
	w.t.Helper()
	w.append(room.SignInRulesChanged{Provider: &p})
}

// navigates is a request as a browser sends it that follows a link.
func navigates(r *http.Request) { r.Header.Del("Origin") }

// begins goes to the provider, and comes back to the path and with the cookie that
// this gives.
func (w *world) begins(to, cookie string) (back string, kept *http.Cookie) {
	w.t.Helper()
	a := w.ask("GET", "/api/session/company?to="+url.QueryEscape(to), cookie, "", navigates).want(303)
	kept = a.cookie()
	if kept == nil {
		w.t.Fatalf("no cookie; it goes to %s", a.Header().Get("Location"))
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	there, err := browser.Get(a.Header().Get("Location"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer there.Body.Close()
	u, err := there.Location()
	if err != nil {
		w.t.Fatal(err)
	}
	if u.Scheme+"://"+u.Host != "http://"+loopback {
		w.t.Fatalf("the provider sends it to %s", u)
	}
	return u.RequestURI(), kept
}

func (w *world) comesBack(back string, kept *http.Cookie) answer {
	w.t.Helper()
	return w.ask("GET", back, "", "", navigates, header("Sec-Fetch-Site", "cross-site"), func(r *http.Request) {
		if kept != nil {
			r.AddCookie(&http.Cookie{Name: kept.Name, Value: kept.Value})
		}
	}).want(303)
}

// session is the cookie of the sign-in that an answer sets, beside the one that it
// clears.
func (a answer) session() *http.Cookie {
	for _, c := range a.Result().Cookies() {
		if c.Name == "redroom-8080" || c.Name == "__Host-redroom" {
			return c
		}
	}
	return nil
}

func (a answer) goesTo(want string) {
	a.t.Helper()
	if got := a.Header().Get("Location"); got != want {
		a.t.Errorf("it goes to %q, want %q", got, want)
	}
}

func TestTheCompanySignsIn(t *testing.T) {
	w := newWorld(t)
	m := w.withCompany()
	m.QueueUser(&mockoidc.MockUser{Subject: "4711", PreferredUsername: "bert", Groups: []string{"deals"}})
	back, kept := w.begins("/t/"+w.alphaTopic+"#7", "")
	if kept.Name != "redroom-company-8080" || kept.SameSite != http.SameSiteLaxMode || !kept.HttpOnly || kept.MaxAge != 600 || kept.Path != "/" {
		t.Errorf("the cookie on the way is %v", kept)
	}
	in := w.comesBack(back, kept)
	in.goesTo("/t/" + w.alphaTopic + "#7")
	c := in.session()
	if c == nil || c.SameSite != http.SameSiteStrictMode || !c.HttpOnly {
		t.Fatalf("the session's cookie is %v", c)
	}
	for _, other := range in.Result().Cookies() {
		if other.Name == kept.Name && other.MaxAge >= 0 {
			t.Errorf("the cookie of the way stays: %v", other)
		}
	}
	w.ask("GET", "/api/session", c.Value, "").want(200).is(`{"name":"bert","display":"Bert","role":"member"}`)

	var own struct{ Company string }
	w.ask("GET", "/api/account", c.Value, "").want(200).into(&own)
	if own.Company != "Example Corp" {
		t.Errorf("the account is linked to %q", own.Company)
	}
	if other := w.ask("GET", "/api/account", w.cookieOf("carl"), "").want(200); strings.Contains(other.Body.String(), "Example Corp") {
		t.Error("so is another's")
	}

	again := w.comesBack(back, kept)
	again.goesTo("/?company=failed")
	if again.session() != nil {
		t.Error("it signs in twice")
	}
}

func TestTheCompanysCookieOverHTTPSIsTheHostsOwn(t *testing.T) {
	w := newWorld(t)
	w.withCompany()
	a := w.ask("GET", "/api/session/company", "", "", navigates, func(r *http.Request) {
		r.Host = "proxy.example"
		r.RemoteAddr = "10.0.0.1:1"
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		r.Header.Set("X-Forwarded-Proto", "https")
	}).want(303)
	if c := a.cookie(); c == nil || c.Name != "__Host-redroom-company" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is %v", c)
	}
	u, err := url.Parse(a.Header().Get("Location"))
	if err != nil || u.Query().Get("redirect_uri") != "https://proxy.example/api/session/company/callback" {
		t.Errorf("it goes to %s", u)
	}
}

func TestTheCompanyLetsNobodyIn(t *testing.T) {
	for what, test := range map[string]struct {
		user *mockoidc.MockUser
		edit func(url.Values)
		lost bool // the cookie
		want string
	}{
		"who has no account":        {user: &mockoidc.MockUser{Subject: "4711", PreferredUsername: "dora", Groups: []string{"deals"}}, want: "unknown"},
		"who is in no group":        {user: &mockoidc.MockUser{Subject: "4711", PreferredUsername: "bert"}, want: "refused"},
		"whom the provider refuses": {edit: func(q url.Values) { q.Del("code"); q.Set("error", "access_denied"); q.Set("error_description", "evil") }, want: "refused"},
		"with a wrong code":         {edit: func(q url.Values) { q.Set("code", "x") }, want: "failed"},
		"with a wrong state":        {edit: func(q url.Values) { q.Set("state", "x") }, want: "failed"},
		"in another browser":        {lost: true, want: "failed"},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			m := w.withCompany()
			if test.user != nil {
				m.QueueUser(test.user)
			}
			back, kept := w.begins("/", "")
			if test.edit != nil {
				u, err := url.Parse(back)
				if err != nil {
					t.Fatal(err)
				}
				q := u.Query()
				test.edit(q)
				u.RawQuery = q.Encode()
				back = u.RequestURI()
			}
			if test.lost {
				kept = nil
			}
			a := w.comesBack(back, kept)
			a.goesTo("/?company=" + test.want)
			if a.session() != nil {
				t.Error("it signs in")
			}
		})
	}
}

func TestTheCompanySendsNobodyElsewhere(t *testing.T) {
	w := newWorld(t)
	m := w.withCompany()
	for to, want := range map[string]string{
		"":                                "/",
		"/":                               "/",
		"/t/" + w.alphaTopic:              "/t/" + w.alphaTopic,
		"/t/" + w.alphaTopic + "#12":      "/t/" + w.alphaTopic + "#12",
		"/t/" + w.alphaTopic + "#x":       "/t/" + w.alphaTopic,
		"/t/" + w.alphaTopic + "#-1":      "/t/" + w.alphaTopic,
		"/t/" + w.alphaTopic + "/../../x": "/",
		"/t/" + w.alphaTopic + "?x=1":     "/",
		"/t/":                             "/",
		"/admin":                          "/",
		"https://evil.example":            "/",
		"//evil.example":                  "/",
		"/\\evil.example":                 "/",
		"/t//evil.example/aaaa":           "/",
		"javascript:alert(1)":             "/",
		"/\r\nSet-Cookie: a=b":            "/",
	} {
		m.QueueUser(&mockoidc.MockUser{Subject: "4711", PreferredUsername: "bert", Groups: []string{"deals"}})
		w.comesBack(w.begins(to, "")).goesTo(want)
	}
}

// TestTheCompanyNeedsToldAddresses is what happens behind a port that is mapped.
func TestTheCompanyNeedsToldAddresses(t *testing.T) {
	var log strings.Builder
	w := newWorld(t, func(c *httpd.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	w.withCompany()
	a := w.ask("GET", "/api/session/company", "", "", navigates, func(r *http.Request) { r.Host = "localhost:9999" }).want(303)
	a.goesTo("/?company=failed")
	if a.cookie() != nil {
		t.Error("a cookie was set")
	}
	if got := log.String(); !strings.Contains(got, "--origin") || !strings.Contains(got, "http://localhost:9999") {
		t.Errorf("the log says %q", got)
	}
}

func TestAnotherSiteSignsNobodyIn(t *testing.T) {
	w := newWorld(t)
	w.withCompany()
	for _, from := range []string{"cross-site", "same-site"} {
		a := w.ask("GET", "/api/session/company", "", "", navigates, header("Sec-Fetch-Site", from)).want(303)
		a.goesTo("/")
		if a.cookie() != nil {
			t.Error("a cookie was set")
		}
	}
}

func TestTheCompanysSignInReplacesTheOneThatThereWas(t *testing.T) {
	w := newWorld(t)
	m := w.withCompany()
	m.QueueUser(&mockoidc.MockUser{Subject: "4711", PreferredUsername: "bert", Groups: []string{"deals"}})
	before := w.cookieOf("carl")
	w.comesBack(w.begins("/", before)).goesTo("/")
	w.ask("GET", "/api/session", before, "").want(401)
}

func TestACompanyThatIsAwayIsSaidSo(t *testing.T) {
	w := newWorld(t)
	for what, p := range map[string]*room.Provider{
		"none": nil,
		"away": {Label: "Corp", Issuer: "http://127.0.0.1:1", ClientID: "x", NameClaim: "sub"},
	} {
		if p != nil {
			w.provider(p)
		}
		a := w.ask("GET", "/api/session/company", "", "", navigates).want(303)
		a.goesTo("/?company=failed")
		if a.cookie() != nil {
			t.Errorf("%s: a cookie was set", what)
		}
	}
	w.ask("POST", "/api/session", "", `{"name":"bert","password":"`+password+`"}`).want(200)
}

func TestTheProvidersWordsAreNotShown(t *testing.T) {
	w := newWorld(t)
	w.withCompany()
	back, kept := w.begins("/", "")
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("error", "evil")
	q.Set("error_description", "evil")
	u.RawQuery = q.Encode()
	a := w.comesBack(u.RequestURI(), kept)
	if strings.Contains(a.Header().Get("Location")+a.Body.String(), "evil") {
		t.Errorf("it goes to %s: %s", a.Header().Get("Location"), a.Body)
	}
}
