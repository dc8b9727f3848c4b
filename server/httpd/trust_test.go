package httpd_test

import (
	"net/http"
	"testing"

	"redroom/server/httpd"
)

// TestThisMachineIsToldWhomToTrust: by plain HTTP, from here; nobody else is.
func TestThisMachineIsToldWhomToTrust(t *testing.T) {
	w := newWorld(t, func(c *httpd.Config) { c.CA, c.Port = []byte("of our own"), 4433 })
	remote := func(address string) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = address }
	}
	for _, from := range []string{"127.0.0.1:50000", "127.0.0.7:50000", "[::1]:50000"} {
		var told struct {
			CA   string
			Port int
		}
		w.ask("GET", "/api/trust", "", "", remote(from)).want(200).into(&told)
		if told.CA != "of our own" || told.Port != 4433 {
			t.Errorf("from %s: %+v", from, told)
		}
	}
	for name, option := range map[string]func(*http.Request){
		"another machine":       remote("192.0.2.1:50000"),
		"a container's host":    remote("172.17.0.1:50000"),
		"over HTTPS":            overHTTPS("localhost:4433"),
		"through a proxy":       proxied("room.example"),
		"a proxy's own machine": func(r *http.Request) { r.RemoteAddr = "10.0.0.1:50000" },
	} {
		if a := w.ask("GET", "/api/trust", "", "", option, header("Origin", "")); a.Code != 404 {
			t.Errorf("%s: status %d: %s", name, a.Code, a.Body)
		}
	}
}
