package server_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// TestPageOfALocalAuthority makes an authority and a certificate with the real
// command, serves with it, and has a Chromium trust it as the command says. While it
// trusts another one, the page isn't opened; then it is, under all its names, and
// talks over WebTransport.
func TestPageOfALocalAuthority(t *testing.T) {
	t.Parallel()
	servertest.Chromium(t)
	certutil(t)
	dir := t.TempDir()
	local := authority{t, dir, "ours"}
	local.redroom("certs", "ca", "--ca-dir", "ours")
	local.redroom("certs", "make", "localhost", "127.0.0.1", "::1", "--ca-dir", "ours")
	room := servertest.StartProcess(t, t.TempDir(), nil, "--tls-cert", filepath.Join(dir, "localhost+2.pem"), "--tls-key", filepath.Join(dir, "localhost+2-key.pem"))
	anna := room.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "GeldGeldGeld AG", "all"), "Over TLS of our own", 1)
	rrp, err := url.Parse(room.Rrp)
	if err != nil {
		t.Fatal(err)
	}
	at := "https://" + rrp.Host

	home := t.TempDir()
	stranger := authority{t, dir, "theirs"}
	stranger.redroom("certs", "ca", "--ca-dir", "theirs")
	undo := stranger.trust(home)
	if why := servertest.OpenPageOf(t, home).Refused(at); why != "net::ERR_CERT_AUTHORITY_INVALID" {
		t.Errorf("with another authority Chromium says %q", why)
	}
	undo()
	local.trust(home)
	p := servertest.OpenPageOf(t, home)
	plain, err := url.Parse(room.Plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"https://127.0.0.1:" + rrp.Port(), "https://[::1]:" + rrp.Port(), "http://[::1]:" + plain.Port()} {
		p.Open(name)
		p.Find("button", "Sign in")
		// That it is opened is enough: nobody has signed in.
		if !servertest.Evaluate[bool](p, `new Promise((done) => Object.assign(new WebSocket("/rrp"), { onopen: () => done(true), onerror: () => done(false) }))`) {
			t.Errorf("no WebSocket is opened at %s", name)
		}
	}
	signIn(p, at+"/t/"+topic, anna.Name, servertest.Password)
	connected(p)
	say(p, "Grüße aus dem eigenen Haus")
	reads(t, p, "Grüße aus dem eigenen Haus")
}

// authority is a local CA in a directory, in which somebody runs commands.
type authority struct {
	t       *testing.T
	dir, ca string
}

func (a authority) redroom(args ...string) string {
	a.t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		a.t.Fatal(err)
	}
	return a.run(exec.Command(binary, args...))
}

func (a authority) run(cmd *exec.Cmd) string {
	a.t.Helper()
	cmd.Dir = a.dir
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		a.t.Fatalf("%s: %v\n%s", cmd, err, errors.String())
	}
	return string(out)
}

// forChromium is what redroom certs trust says of it.
var forChromium = regexp.MustCompile(`(?m)^Chrome, Chromium.*:\n((?:  \S.*\n)+)  To undo it:\n((?:    \S.*\n)+)`)

// trust does in a home directory what the command says for Chromium, and gives what
// takes that back.
func (a authority) trust(home string) (undo func()) {
	a.t.Helper()
	said := a.redroom("certs", "trust", "--ca-dir", a.ca)
	lines := forChromium.FindStringSubmatch(said)
	if lines == nil {
		a.t.Fatalf("it says %q", said)
	}
	shell := func(script string) {
		cmd := exec.Command("sh", "-ec", script)
		cmd.Env = append(os.Environ(), "HOME="+home)
		a.run(cmd)
	}
	shell(lines[1])
	return func() { shell(lines[2]) }
}

// certutil skips the test where there is none, or fails it where a browser is
// demanded.
func certutil(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("certutil")
	switch {
	case err == nil:
	case os.Getenv("REDROOM_BROWSER") == "require":
		t.Fatalf("%v: apt-get install libnss3-tools", err)
	default:
		t.Skipf("%v: apt-get install libnss3-tools", err)
	}
}
