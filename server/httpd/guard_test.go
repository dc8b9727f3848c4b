package httpd_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"redroom/server/httpd"
	"redroom/server/room"
)

// proxied makes a request one that a trusted proxy handed on.
func proxied(host string) func(*http.Request) {
	return func(r *http.Request) {
		r.RemoteAddr = "10.0.0.1:50000"
		r.Host = host
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		r.Header.Set("X-Forwarded-Proto", "https")
	}
}

func plainly(host string) func(*http.Request) {
	return func(r *http.Request) { r.Host = host }
}

func TestAnswersAreForHostsOfOurs(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		how    string
		option func(*http.Request)
		want   int
	}{
		{"plain", plainly("localhost:8080"), 200},
		{"plain, upper case", plainly("LOCALHOST:8080"), 200},
		{"plain, any port", plainly("127.0.0.1:1"), 200},
		{"plain, no port", plainly("localhost"), 200},
		{"plain, IPv6", plainly("[::1]:8080"), 200},
		{"plain, IPv6, no port", plainly("[::1]"), 200},
		{"plain, the public name", plainly("room.example:8080"), 421},
		{"plain, another name", plainly("evil.example:8080"), 421},
		{"plain, a name that begins like ours", plainly("localhost.evil.example:8080"), 421},
		{"plain, another address", plainly("127.0.0.2:8080"), 421},
		{"plain, none", plainly(""), 421},
		{"HTTPS", overHTTPS("room.example:4433"), 200},
		{"HTTPS, a mapped port", overHTTPS("room.example"), 200},
		{"HTTPS, localhost", overHTTPS("localhost:4433"), 200},
		{"HTTPS, IPv6", overHTTPS("[::1]:4433"), 200},
		{"HTTPS, an origin's name", overHTTPS("proxy.example"), 200},
		{"HTTPS, another name", overHTTPS("evil.example:4433"), 421},
		{"a proxy, the public name", proxied("room.example"), 200},
		{"a proxy, an origin's name", proxied("proxy.example"), 200},
		{"a proxy, localhost", proxied("localhost:8080"), 421},
		{"a proxy, another name", proxied("evil.example"), 421},
		{"a stranger as a proxy", func(r *http.Request) { proxied("room.example")(r); r.RemoteAddr = "192.0.2.9:50000" }, 421},
	} {
		for _, path := range []string{"/", "/api/session"} {
			a := w.ask("GET", path, "", "", c.option)
			if a.Code == 401 {
				a.Code = 200 // not signed in, but answered
			}
			if a.Code != c.want {
				t.Errorf("%s, %s: %d, want %d", c.how, path, a.Code, c.want)
			}
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			w.ask("GET", path, "", "", c.option).want(200)
		}
	}
}

func TestOtherSitesPagesWriteNothing(t *testing.T) {
	w := newWorld(t)
	origin := func(o string) func(*http.Request) { return header("Origin", o) }
	fetchSite := func(s string) func(*http.Request) { return header("Sec-Fetch-Site", s) }
	for _, c := range []struct {
		how       string
		options   []func(*http.Request)
		anonymous int // signing in
		signedIn  int // with a cookie
	}{
		{"our page", []func(*http.Request){origin("http://localhost:8080"), fetchSite("same-origin")}, 200, 204},
		{"our page on a mapped port", []func(*http.Request){plainly("localhost:9000"), origin("http://localhost:9000")}, 200, 401},
		{"an origin of the list", []func(*http.Request){origin("https://proxy.example")}, 200, 204},
		{"another port of this machine", []func(*http.Request){origin("http://localhost:3000"), fetchSite("same-site")}, 403, 403},
		{"another port, without fetch metadata", []func(*http.Request){origin("http://localhost:3000")}, 403, 403},
		{"another scheme", []func(*http.Request){origin("https://localhost:8080")}, 403, 403},
		{"another site", []func(*http.Request){origin("https://evil.example"), fetchSite("cross-site")}, 403, 403},
		{"another site that hides its origin", []func(*http.Request){origin("null")}, 403, 403},
		{"another site, whatever its origin", []func(*http.Request){origin("http://localhost:8080"), fetchSite("cross-site")}, 403, 403},
		{"a tool", []func(*http.Request){origin("")}, 200, 204},
		{"a browser that leaves the origin out", []func(*http.Request){origin(""), fetchSite("same-origin")}, 200, 204},
	} {
		if got := w.ask("POST", "/api/session", "", signInBert, c.options...).Code; got != c.anonymous {
			t.Errorf("%s, signing in: %d, want %d", c.how, got, c.anonymous)
		}
		if got := w.ask("DELETE", "/api/session", w.cookieOf("bert"), "", c.options...).Code; got != c.signedIn {
			t.Errorf("%s, signing out: %d, want %d", c.how, got, c.signedIn)
		}
		if got := w.ask("GET", "/", "", "", c.options...).Code; got != 200 {
			t.Errorf("%s, following a link to the page: %d", c.how, got)
		}
	}
}

func TestOrigins(t *testing.T) {
	o, err := httpd.NewOrigins("Room.Example", 443, 8080, "https://proxy.example/", "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	want := "https://room.example https://localhost https://127.0.0.1 https://[::1] " +
		"http://localhost:8080 http://127.0.0.1:8080 http://[::1]:8080 https://proxy.example"
	if got := strings.Join(o, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, origin := range []string{"", "null", "https://room.example:4433", "http://room.example", "https://proxy.example.evil.example", "room.example"} {
		if o.Allowed(origin) {
			t.Errorf("%q is allowed", origin)
		}
	}
	for _, bad := range []string{"", "null", "room.example", "ftp://room.example", "https://", "https://room.example/path", "https://a@room.example", "https://room.example?x", "https://room.example#x", "https://room example"} {
		if got, err := httpd.ParseOrigin(bad); err == nil {
			t.Errorf("%q is taken for the origin %q", bad, got)
		}
	}
}

func TestEveryAnswerIsLockedDown(t *testing.T) {
	w := newWorld(t)
	const policyOfPages = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
		"connect-src 'self'{socket} https://room.example:4433; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	for _, path := range []string{"/", "/t/x", "/api/session", "/api/nothing", "/nothing", "/healthz", "/assets/x/app/main.js"} {
		for host, socket := range map[string]string{loopback: " ws://" + loopback, "[::1]:8080": "", "evil.example": ""} {
			policy := strings.Replace(policyOfPages, "{socket}", socket, 1)
			referrer, opener := "no-referrer", "same-origin"
			if strings.HasPrefix(path, "/api/") {
				policy, referrer, opener = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox", "", ""
			}
			h := w.ask("GET", path, "", "", plainly(host)).Header()
			for name, want := range map[string]string{
				"Content-Security-Policy":      policy,
				"X-Content-Type-Options":       "nosniff",
				"Referrer-Policy":              referrer,
				"Cross-Origin-Opener-Policy":   opener,
				"Cross-Origin-Resource-Policy": "same-origin",
				"Strict-Transport-Security":    "",
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s on %s: %s is %q, want %q", path, host, name, got, want)
				}
			}
			if strings.HasPrefix(path, "/api") && h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be cached: %q", path, h.Get("Cache-Control"))
			}
		}
	}
}

func TestOnlyAPublicNameIsBoundToHTTPS(t *testing.T) {
	w := newWorld(t)
	for host, want := range map[string]string{"room.example:4433": "max-age=31536000; includeSubDomains", "localhost:4433": "", "[::1]:4433": ""} {
		if got := w.ask("GET", "/", "", "", overHTTPS(host)).Header().Get("Strict-Transport-Security"); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

// Ten failures from one address leave it no more, whatever a client claims
// about where it comes from.
func TestTheAddressIsTheLastOneThatNoTrustedProxyHas(t *testing.T) {
	for _, c := range []struct {
		how       string
		remote    string
		forwarded []string
		limited   bool // the same as 192.0.2.1
	}{
		{"directly", "192.0.2.1:1", nil, true},
		{"from elsewhere", "192.0.2.2:1", nil, false},
		{"a claim without a proxy", "192.0.2.1:1", []string{"198.51.100.1"}, true},
		{"through a proxy", "10.0.0.1:1", []string{"192.0.2.1"}, true},
		{"through two", "10.0.0.1:1", []string{"192.0.2.1, 10.0.0.2"}, true},
		{"through two, on two lines", "10.0.0.1:1", []string{"192.0.2.1", "10.0.0.2"}, true},
		{"a claim before a proxy", "10.0.0.1:1", []string{"198.51.100.1, 192.0.2.1"}, true},
		{"somebody else through a proxy", "10.0.0.1:1", []string{"192.0.2.1, 198.51.100.1"}, false},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:1", []string{"::ffff:192.0.2.1"}, true},
	} {
		t.Run(c.how, func(t *testing.T) {
			w := newWorld(t, func(config *httpd.Config) { config.Desk = fromOne{config.Desk, "192.0.2.1"} })
			a := w.ask("POST", "/api/session", "", signInBert, func(r *http.Request) {
				if strings.Contains(c.remote, "10.0.0.1") {
					proxied("room.example")(r)
					r.Header.Set("Origin", "https://room.example")
				}
				r.RemoteAddr = c.remote
				r.Header.Del("X-Forwarded-For")
				for _, f := range c.forwarded {
					r.Header.Add("X-Forwarded-For", f)
				}
			})
			if limited := a.Code == 429; limited != c.limited {
				t.Errorf("status %d: %s", a.Code, a.Body)
			}
		})
	}
}

func TestHealthTellsTheTruthAndNothingElse(t *testing.T) {
	broken := errors.New("disk full on /secret/path")
	w := newWorld(t, func(config *httpd.Config) { config.Ready = func() error { return broken } })
	w.ask("GET", "/healthz", "", "").want(200)
	a := w.ask("GET", "/readyz", "", "").want(503)
	if strings.Contains(a.Body.String(), "secret") || a.Header().Get("Retry-After") == "" {
		t.Errorf("%v %s", a.Header(), a.Body)
	}
}

func TestAFailureIsA503WithoutItsInside(t *testing.T) {
	for name, change := range map[string]func(*httpd.Config){
		"an error": func(config *httpd.Config) { config.Journal = failing{errors.New("disk full on /secret/path")} },
		"a panic":  func(config *httpd.Config) { config.Journal = failing{} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, change)
			a := w.ask("POST", "/api/deals", w.cookieOf("anna"), `{"name":"Gamma"}`).want(503)
			if a.problem().Detail != room.ErrUnavailable.Text || a.Header().Get("Retry-After") == "" {
				t.Errorf("%v %s", a.Header(), a.Body)
			}
		})
	}
}

// A server that is about to stop takes no more requests, and is alive.
func TestHealthOfAServerThatIsDrained(t *testing.T) {
	w := newWorld(t, func(config *httpd.Config) { config.Draining = func() (int64, bool) { return 3, true } })
	w.ask("GET", "/healthz", "", "").want(200)
	for _, path := range []string{"/readyz", "/api/session", "/"} {
		a := w.ask("GET", path, "", "").want(503)
		if a.Header().Get("Retry-After") != "3" || a.Header().Get("Connection") != "close" {
			t.Errorf("%s: %v", path, a.Header())
		}
	}
}
