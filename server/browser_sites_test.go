package server_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"redroom/server/servertest"
	"redroom/server/transport"
)

// TestAnotherSitesPageDoesNothingInARealBrowser opens pages of others in the
// Chromium of an admin who is signed in. That of another port of this machine is of
// the same site, so that even Strict cookies come with what it asks.
func TestAnotherSitesPageDoesNothingInARealBrowser(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t, "host-resolver-rules=MAP evil.example 127.0.0.1")
	s := newSiege(t)
	p.Be(s.anna)
	p.Open(s.Plain + "/t/" + s.topic)
	say(p, "Here") // once it is there, so is what the trail has of the opening
	reads(t, p, "Here")
	unchanged := s.unchanged()

	var got struct {
		Webtransport struct{ CertificateHashes []string }
	}
	s.send("GET", "/api/check", "").want(200).into(&got)
	attack := fmt.Sprintf(attacks, s.Plain, s.Rrp, transport.Path, got.Webtransport.CertificateHashes[0], s.topic)
	for _, done := range servertest.Evaluate[[]string](p, fmt.Sprintf(own, s.Plain, s.Rrp, transport.Path, got.Webtransport.CertificateHashes[0])) {
		if !strings.HasSuffix(done, ": done") {
			t.Errorf("the room's own page: %s", done)
		}
	}

	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>Evil</title><link rel=icon href='data:,'><iframe name=frame></iframe>")
	}))
	defer evil.Close()
	_, port, err := net.SplitHostPort(evil.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tab := p.Tab()
	for what, at := range map[string]string{
		"another port":    "http://localhost:" + port,
		"another address": "http://127.0.0.1:" + port,
		"another site":    "http://evil.example:" + port,
	} {
		t.Run(what, func(t *testing.T) {
			tab.Open(at)
			for _, done := range servertest.Evaluate[[]string](tab, attack) {
				if !strings.HasSuffix(done, ": refused") {
					t.Error(done)
				}
			}
			s := s.in(t)
			unchanged(what)
			s.is(s.cookieOf(s.anna), "anna")
		})
	}
	for _, kind := range []string{"console", "exception", "policy"} {
		for tab.Forgive(kind, "") { // Chromium says what it refuses
		}
	}
	say(p, "Still here")
	reads(t, p, "Here", "Still here")
}

// attacks are what a page of somebody else's can try.
const attacks = `(async () => {
	const plain = %[1]q, rrp = %[2]q, path = %[3]q, hash = %[4]q, topic = %[5]q;
	const said = [];
	const tell = (what, done) => said.push(what + ": " + (done ? "done" : "refused"));
	const tries = async (what, f) => tell(what, await f().then((v) => v, () => false));
	const sent = (method, path, more) => fetch(plain + path, { method, credentials: "include", ...more });
	// What is answered can't be read.
	await tries("reads who it is", async () => (await sent("GET", "/api/session")).ok);
	await tries("reads the log", async () => (await sent("GET", "/api/topics/" + topic + "/messages")).ok);
	await tries("reads as a script", () => new Promise((resolve) => {
		const script = document.createElement("script");
		script.src = plain + "/api/session";
		script.onload = () => resolve(true);
		script.onerror = () => resolve(false);
		document.head.append(script);
	}));
	// Nothing is changed, in plain sight or blindly; what became of that the trail tells.
	for (const [method, path, body] of [["POST", "/api/deals", '{"name":"Evil"}'], ["DELETE", "/api/session"], ["DELETE", "/api/sessions"],
		["PATCH", "/api/users/bert", '{"active":false}'], ["POST", "/api/session/password", "{}"], ["POST", "/api/session", '{"name":"otto","password":"correct horse battery"}']]) {
		await tries(method + " " + path, async () => (await sent(method, path, { body, headers: body ? { "Content-Type": "application/json" } : {} })).ok);
		if (method === "POST") await sent(method, path, { body, mode: "no-cors", headers: { "Content-Type": "text/plain" } }).catch(() => {});
	}
	navigator.sendBeacon(plain + "/api/deals", '{"name":"Evil"}');
	for (const [path, kind] of [["/api/deals", "text/plain"], ["/api/session", "text/plain"], ["/api/deals", "application/x-www-form-urlencoded"]]) {
		await new Promise((resolve) => {
			const form = Object.assign(document.createElement("form"), { method: "post", action: plain + path, enctype: kind, target: "frame" });
			form.append(Object.assign(document.createElement("input"), { name: '{"name":"Evil","password":"', value: '"}' }));
			document.body.append(form);
			document.querySelector("iframe").onload = resolve;
			form.submit();
		});
	}
	// No connection is opened.
	for (const url of [plain.replace("http", "ws") + path, rrp.replace("https", "wss")]) {
		await tries("opens " + url, () => new Promise((resolve) => {
			const socket = new WebSocket(url, "rrp1");
			socket.onopen = () => resolve(true);
			socket.onerror = () => resolve(false);
		}));
	}
	if (globalThis.WebTransport) {
		const value = Uint8Array.from(atob(hash), (c) => c.charCodeAt(0));
		const session = new WebTransport(rrp, { serverCertificateHashes: [{ algorithm: "sha-256", value }] });
		session.closed.catch(() => {});
		await tries("opens WebTransport", async () => (await session.ready, true));
	}
	// The page is in nobody's frame.
	await tries("frames the page", () => new Promise((resolve) => {
		const frame = document.querySelector("iframe");
		frame.onload = () => {
			let seen = false;
			try { seen = frame.contentDocument !== null || frame.contentWindow.length > 0 } catch { /* as it should be */ }
			resolve(seen);
		};
		frame.src = plain + "/";
	}));
	return said;
})()`

// own is what the room's own page does, and others may not.
const own = `(async () => {
	const plain = %[1]q, rrp = %[2]q, path = %[3]q, hash = %[4]q;
	const said = [];
	const tries = async (what, f) => said.push(what + ": " + (await f().then((v) => v, () => false) ? "done" : "refused"));
	await tries("reads who it is", async () => (await fetch("/api/session")).ok);
	await tries("fetches a token", async () => (await fetch("/api/session/token", { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } })).ok);
	await tries("opens a WebSocket", () => new Promise((resolve) => {
		const socket = new WebSocket(plain.replace("http", "ws") + path, "rrp1");
		socket.onopen = () => (socket.close(), resolve(true));
		socket.onerror = () => resolve(false);
	}));
	const value = Uint8Array.from(atob(hash), (c) => c.charCodeAt(0));
	const session = new WebTransport(rrp, { serverCertificateHashes: [{ algorithm: "sha-256", value }], protocols: ["rrp1"] });
	session.closed.catch(() => {});
	await tries("opens WebTransport", async () => (await session.ready, session.close(), true));
	return said;
})()`
