package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/webtransport-go"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// hostile are the origins of pages that somebody opens who is signed in, as
// browsers name them; and some that look like the room's.
func (s *siege) hostile() []string {
	port := parsed(s.t, s.Plain).Port()
	return []string{
		"https://evil.example", "null", "http://localhost:1", "http://localhost", "https://localhost", "http://127.0.0.1",
		"https://localhost:" + port, "http://evil.localhost:" + port, "http://localhost:" + port + ".evil.example",
		"http://localhost:" + port + "0", "http://localhost:" + port + "@evil.example", "http://evil.example:" + port,
		"http://127.0.0.2:" + port, "http://0.0.0.0:" + port, "http://localhost.:" + port, "file://", "chrome-extension://abcdefghijklmnop",
		s.Plain + " https://evil.example", s.Plain + "," + s.Plain,
	}
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// ask sends one request to an endpoint, with something in the place of what it
// names.
func (s *siege) ask(t *testing.T, client *http.Client, base, endpoint, body string, with ...func(*http.Request)) *http.Response {
	t.Helper()
	method, path, _ := strings.Cut(endpoint, " ")
	path = strings.NewReplacer("{deal}", s.deal, "{topic}", s.topic, "{name}", "bert", "*", "main.js").Replace(path)
	path = parameter.ReplaceAllString(path, room.NewID())
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range with {
		change(r)
	}
	a, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", endpoint, err)
	}
	a.Body.Close()
	return a
}

func (s *siege) endpoints() (all []string) {
	s.t.Helper()
	all, err := s.Server.Endpoints()
	if err != nil {
		s.t.Fatal(err)
	}
	if len(all) < 60 {
		s.t.Fatalf("there are only %q", all)
	}
	return all
}

// isAsked tells whether an endpoint is for the room's own page: whatever is
// written, or read by the interface, but the way to the company's sign-in.
func isAsked(endpoint string) bool {
	method, path, _ := strings.Cut(endpoint, " ")
	return method != "GET" && method != "HEAD" || strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/api/session/company")
}

// TestSigningInRefusesRequestsOfOtherSites sends whatever an admin may ask, or
// change, from the pages of others, with the admin's cookie (cross-site request forgery), over
// every HTTP.
func TestSigningInRefusesRequestsOfOtherSites(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	cookie := s.signsIn("anna", "")
	_, token := s.toolToken(cookie, "anna", "admin")
	unchanged := s.unchanged()
	as := map[string]func(*http.Request){
		"a cookie": func(r *http.Request) { r.Header.Set("Cookie", s.cookie+"="+cookie+"; __Host-redroom="+cookie) },
		"a token":  bearing(token),
		"nothing":  func(*http.Request) {},
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		client, base := (&walls{house: s.house}).clientOver(t, protocol)
		client.Jar = nil
		from := map[string]func(*http.Request){
			"a site that browsers call another one":    withHeader("Sec-Fetch-Site", "cross-site"),
			"another port, of which only that is told": withHeader("Sec-Fetch-Site", "same-site"),
			"a form that says it is of ours": func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", "cross-site")
				r.Header.Set("Origin", base)
			},
		}
		for _, origin := range s.hostile() {
			from[origin] = withHeader("Origin", origin)
		}
		for where, site := range from {
			for _, endpoint := range s.endpoints() {
				if !isAsked(endpoint) {
					continue
				}
				for what, shown := range as {
					if what != "a cookie" && where != "https://evil.example" {
						continue
					}
					// What a form can send, and what a script would.
					for _, kind := range []string{"text/plain", "application/json"} {
						a := s.ask(t, client, base, endpoint, `{"active":false,"name":"evil","title":"evil","new":"evil evil evil"}`, shown, site, withHeader("Content-Type", kind))
						if a.StatusCode != http.StatusForbidden || len(a.Cookies()) > 0 || a.Header.Get("Access-Control-Allow-Origin") != "" {
							t.Fatalf("%s from %s with %s over %s: status %d, %v", endpoint, where, what, protocol, a.StatusCode, a.Header)
						}
					}
				}
			}
		}
	}
	unchanged("a request of another site")
	s.is(cookie, "anna")

	// A form can't send JSON, wherever it stands.
	ours := withHeader("Origin", s.Plain)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		s.send("POST", "/api/deals", `{"name":"evil"}`, s.shows(cookie), ours, withHeader("Content-Type", kind)).refused(415)
	}
	unchanged("a form")
	s.send("POST", "/api/deals", `{"name":"Ours"}`, s.shows(cookie), ours).want(201)

	// Nor may another site ask whether it may, or read what is answered.
	for _, origin := range s.hostile() {
		a := s.send("OPTIONS", "/api/session", "", withHeader("Origin", origin), withHeader("Access-Control-Request-Method", "DELETE"))
		b := s.send("GET", "/api/session", "", withHeader("Origin", origin), s.shows(cookie))
		for _, a := range []reply{a, b} {
			for name := range a.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s for %s bears %s: %s", a.what, origin, name, a.Header.Get(name))
				}
			}
		}
		if b.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" || b.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("what is answered may be put into another's page: %v", b.Header)
		}
	}
}

// TestSigningInRefusesConnectionsOfOtherOrigins opens sessions as the pages of
// others would, by everything that a browser has.
func TestSigningInRefusesConnectionsOfOtherOrigins(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	ways := map[string]func(ctx context.Context, origin string) (transport.Session, error){
		"WebTransport": func(ctx context.Context, origin string) (transport.Session, error) {
			return transport.DialWebTransport(ctx, s.Rrp, origin, s.Trust(t))
		},
		"a WebSocket": func(ctx context.Context, origin string) (transport.Session, error) {
			return transport.DialWebSocket(ctx, "wss"+strings.TrimPrefix(s.Rrp, "https"), origin, s.Trust(t))
		},
		"a WebSocket on the plain port": func(ctx context.Context, origin string) (transport.Session, error) {
			return transport.DialWebSocket(ctx, "ws"+strings.TrimPrefix(s.Plain, "http")+transport.Path, origin, nil)
		},
	}
	for how, open := range ways {
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		for _, origin := range s.hostile() {
			if in, err := open(ctx, origin); err == nil {
				in.Close(0, "")
				t.Errorf("%s opens %s", origin, how)
			} else if !strings.Contains(err.Error(), "403") {
				t.Errorf("%s that opens %s is refused by %v", origin, how, err)
			}
		}
		for _, origin := range []string{s.Plain, strings.TrimSuffix(s.Rrp, transport.Path)} {
			in, err := open(ctx, origin)
			if err != nil {
				t.Errorf("%s, of ours, does not open %s: %v", origin, how, err)
				continue
			}
			in.Close(0, "")
		}
		cancel()
	}
	// A browser that tells only whose page it is.
	for _, site := range []string{"cross-site", "same-site"} {
		s.send("GET", transport.Path, "", opensSocket, withHeader("Sec-Fetch-Site", site)).refused(403)
	}
}

// opensSocket makes a request one that opens a WebSocket (RFC 6455 section 4.1).
func opensSocket(r *http.Request) {
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	r.Header.Set("Sec-WebSocket-Protocol", transport.Protocol)
}

// TestSigningInRefusesAReboundName has a name of somebody else's point to this
// machine: to the browser the page of that name then is of the same origin as the
// room's answers (DNS rebinding).
func TestSigningInRefusesAReboundName(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	cookie := s.signsIn("anna", "")
	unchanged := s.unchanged()
	names := []string{
		"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.localhost", "localhost.", "127.0.0.2", "0.0.0.0", "[::]",
		"[::ffff:127.0.0.1]", "2130706433", "127.1", "localhost%00", "xn--localhost-", "evil.example#localhost", "localhost@evil.example",
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		client, base := (&walls{house: s.house}).clientOver(t, protocol)
		client.Jar = nil
		scheme, address, _ := strings.Cut(base, "://")
		_, port, _ := net.SplitHostPort(address)
		for _, name := range names {
			if strings.ContainsAny(name, "#@%") && protocol != "HTTP/1.1" {
				continue // no browser's HTTP sends it, nor does this one's
			}
			rebound := func(r *http.Request) {
				r.Host = name + ":" + port
				r.Header.Set("Origin", scheme+"://"+r.Host)
				r.Header.Set("Sec-Fetch-Site", "same-origin")
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Cookie", s.cookie+"="+cookie+"; __Host-redroom="+cookie)
			}
			for _, endpoint := range s.endpoints() {
				if strings.HasSuffix(endpoint, "z") { // health is for whoever asks
					continue
				}
				a := s.ask(t, client, base, endpoint, "", rebound)
				if a.StatusCode != http.StatusMisdirectedRequest && a.StatusCode != http.StatusBadRequest || len(a.Cookies()) > 0 {
					t.Fatalf("%s of %s over %s is answered %d", endpoint, name, protocol, a.StatusCode)
				}
			}
			if protocol == "HTTP/1.1" {
				if a := s.ask(t, client, base, "GET "+transport.Path, "", rebound, opensSocket); a.StatusCode != http.StatusMisdirectedRequest && a.StatusCode != http.StatusBadRequest {
					t.Errorf("a WebSocket of %s is answered %d", name, a.StatusCode)
				}
			}
		}
		if a := s.ask(t, client, base, "GET /api/check", ""); a.StatusCode != 200 {
			t.Errorf("by its own name it is answered %d", a.StatusCode)
		}
	}

	// A certificate's hash is enough for WebTransport, whatever the name.
	_, port, _ := net.SplitHostPort(parsed(t, s.Rrp).Host)
	evil := "https://evil.example:" + port
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	trust := s.Trust(t)
	trust.ServerName = "localhost"
	trust.NextProtos = []string{"h3"}
	dialer := webtransport.Transport{
		TLSClientConfig:      trust,
		ApplicationProtocols: []string{transport.Protocol},
		DialAddr: func(ctx context.Context, _ string, tls *tls.Config, c *quic.Config) (*quic.Conn, error) {
			return quic.DialAddrEarly(ctx, "localhost:"+port, tls, c)
		},
	}
	if a, in, err := dialer.Dial(ctx, evil+transport.Path, http.Header{"Origin": {evil}}); err == nil {
		in.CloseWithError(0, "")
		t.Error("a rebound name opens WebTransport")
	} else if a == nil || a.StatusCode != http.StatusForbidden && a.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("WebTransport of a rebound name is refused by %v", err)
	}

	// Nor does it help to name the host in another place.
	address := parsed(t, s.Plain).Host
	for _, octets := range []string{
		"GET http://evil.example/api/session HTTP/1.1\r\nHost: " + address + "\r\n\r\n",
		"GET /api/session HTTP/1.1\r\nHost: evil.example\r\nHost: " + address + "\r\n\r\n",
		"GET /api/session HTTP/1.1\r\nHost: " + address + "\r\nHost: evil.example\r\n\r\n",
		"GET /api/session HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: " + address + "\r\nForwarded: host=" + address + "\r\n\r\n",
		"GET /api/session HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n\r\n",
		"GET /api/session HTTP/1.1\r\n\r\n",
		"GET /api/session HTTP/1.0\r\n\r\n",
		"GET /api/session HTTP/1.1\r\nHost: \r\n\r\n",
	} {
		if status := statusOf(t, address, strings.Replace(octets, "\r\n\r\n", "\r\nCookie: "+s.cookie+"="+cookie+"\r\n\r\n", 1)); status != 400 && status != 421 {
			t.Errorf("%q is answered %d", octets, status)
		}
	}
	if status := statusOf(t, address, "GET /api/session HTTP/1.1\r\nHost: "+address+"\r\nX-Forwarded-Host: evil.example\r\nCookie: "+s.cookie+"="+cookie+"\r\n\r\n"); status != 200 {
		t.Errorf("the room's own name is answered %d", status)
	}
	unchanged("a rebound name")
}

// statusOf is what octets are answered.
func statusOf(t *testing.T, address, octets string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, octets); err != nil {
		t.Fatal(err)
	}
	a, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", octets, err)
	}
	a.Body.Close()
	return a.StatusCode
}
