package httpd_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"redroom/server/httpd"
)

type connectAnswer struct {
	Address, Protocol string
	HTTP3             bool
	Page              string
	WebTransport      struct {
		URL               string
		CertificateHashes []string
	}
	QUIC      struct{ Address string }
	WebSocket struct{ URL string }
}

// TestAWebSocketGoesWhereThePageCameFrom shows the URL that a page is told, by
// whichever way it came.
func TestAWebSocketGoesWhereThePageCameFrom(t *testing.T) {
	w := newWorld(t)
	for want, option := range map[string]func(*http.Request){
		"ws://localhost:8080/rrp":      plainly("localhost:8080"),
		"ws://[::1]:8080/rrp":          plainly("[::1]:8080"),
		"wss://room.example:4433/rrp":  overHTTPS("room.example:4433"),
		"wss://proxy.example/rrp":      proxied("proxy.example"),
		"wss://proxy.example:8443/rrp": proxied("proxy.example:8443"),
	} {
		var got connectAnswer
		w.ask("GET", "/api/check", "", "", option, header("Origin", "")).want(200).into(&got)
		if got.WebSocket.URL != want {
			t.Errorf("got %s, want %s", got.WebSocket.URL, want)
		}
		policy := w.ask("GET", "/", "", "", option, header("Origin", "")).Header().Get("Content-Security-Policy")
		source := strings.TrimSuffix(want, "/rrp")
		if strings.Contains(source, "[") {
			source = "'self'" // an IPv6 address is no source
		}
		if !strings.Contains(policy, " "+source+" ") {
			t.Errorf("the page may not open %s: %s", want, policy)
		}
	}
	var got connectAnswer
	w.ask("POST", "/api/session/token", w.cookieOf("bert"), "").want(200).into(&got)
	if got.WebSocket.URL != "ws://localhost:8080/rrp" || got.QUIC.Address != "room.example:4433" {
		t.Errorf("with a token came %q and %q", got.WebSocket.URL, got.QUIC.Address)
	}
}

// TestAPageIsToldWhichOneTheServerHas: an older one sees that it is older.
func TestAPageIsToldWhichOneTheServerHas(t *testing.T) {
	w := newWorld(t)
	want := strings.TrimPrefix(w.assets(), "/assets/")
	var got connectAnswer
	w.ask("POST", "/api/session/token", w.cookieOf("bert"), "").want(200).into(&got)
	if got.Page != want {
		t.Errorf("with a token came %q, want %q", got.Page, want)
	}
	got.Page = ""
	w.ask("GET", "/api/check", "", "").want(200).into(&got)
	if got.Page != want {
		t.Errorf("the check says %q, want %q", got.Page, want)
	}
}

func TestWhoCannotSignInCanCheckTheConnection(t *testing.T) {
	w := newWorld(t, func(c *httpd.Config) {
		connect := c.Connect
		c.Connect = func() httpd.ConnectInfo {
			info := connect()
			info.HTTP3 = true
			return info
		}
	})
	var got connectAnswer
	w.ask("GET", "/api/check", "", "", proxied("room.example")).want(200).into(&got)
	if got.Address != "192.0.2.1" || got.Protocol != "HTTP/1.1" || !got.HTTP3 || got.WebTransport.URL != "https://room.example:4433/rrp" || len(got.WebTransport.CertificateHashes) != len(hashes) {
		t.Errorf("got %+v", got)
	}
	w.ask("GET", "/check", "", "").want(200)
}

func TestWebSocketsOfOtherOriginsAreRefused(t *testing.T) {
	var opened []netip.AddrPort
	w := newWorld(t, func(c *httpd.Config) {
		c.WebSocket = func(_ http.ResponseWriter, _ *http.Request, client netip.AddrPort) { opened = append(opened, client) }
	})
	upgrade := header("Upgrade", "websocket")
	for name, test := range map[string]struct {
		options []func(*http.Request)
		status  int
		client  string
	}{
		"its own":             {[]func(*http.Request){upgrade}, 200, "127.0.0.1:50000"},
		"a tool's":            {[]func(*http.Request){upgrade, header("Origin", "")}, 200, "127.0.0.1:50000"},
		"a further one":       {[]func(*http.Request){upgrade, header("Origin", "https://proxy.example")}, 200, "127.0.0.1:50000"},
		"through a proxy":     {[]func(*http.Request){upgrade, proxied("proxy.example"), header("Origin", "https://proxy.example")}, 200, "192.0.2.1:0"},
		"another":             {[]func(*http.Request){upgrade, header("Origin", "https://evil.example")}, 403, ""},
		"none that has one":   {[]func(*http.Request){upgrade, header("Origin", "null")}, 403, ""},
		"another of the site": {[]func(*http.Request){upgrade, header("Sec-Fetch-Site", "same-site")}, 403, ""},
		"another host":        {[]func(*http.Request){upgrade, plainly("evil.example")}, 421, ""},
		"no WebSocket at all": {nil, 422, ""},
	} {
		opened = nil
		a := w.ask("GET", "/rrp", "", "", test.options...)
		if a.Code != test.status {
			t.Errorf("%s: status %d, want %d", name, a.Code, test.status)
		}
		if (len(opened) == 1) != (test.status == 200) || len(opened) == 1 && opened[0].String() != test.client {
			t.Errorf("%s: opened for %v, want %s", name, opened, test.client)
		}
	}
}
