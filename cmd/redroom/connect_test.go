package main_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redroom/certs"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// desk is a user at a machine, in a directory, with a configuration of one's own.
type desk struct {
	t           *testing.T
	dir         string
	environment []string
}

func newDesk(t *testing.T, environment ...string) desk {
	home := t.TempDir()
	return desk{t, t.TempDir(), append([]string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "REDROOM_HTTP=localhost:1", "REDROOM_TOKEN=",
	}, environment...)}
}

// with is the same desk with other variables.
func (d desk) with(environment ...string) desk {
	d.environment = append(d.environment[:len(d.environment):len(d.environment)], environment...)
	return d
}

// file is that of the credentials.
func (d desk) file() string {
	_, home, _ := strings.Cut(d.environment[0], "=")
	return filepath.Join(home, "config", "redroom", "credentials.json")
}

// redroom runs a command line: of words that are given as such, or else of one
// line, in which a space is between two words.
func (d desk) redroom(in string, words ...string) result {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), servertest.Patience)
	defer cancel()
	if len(words) == 1 {
		words = strings.Fields(words[0])
	}
	cmd := d.command(ctx, words...)
	cmd.Stdin = strings.NewReader(in)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		d.t.Fatalf("running redroom %v: %v", words, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errors.String()}
}

func (d desk) command(ctx context.Context, words ...string) *exec.Cmd {
	d.t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		d.t.Fatalf("building the binary: %v", err)
	}
	cmd := exec.CommandContext(ctx, binary, words...)
	cmd.Env = append(os.Environ(), d.environment...)
	cmd.Dir = d.dir
	return cmd
}

// hosting is a server with anna, an admin, and her program's token.
type hosting struct {
	*servertest.Process
	at, plain string // HOST:PORT of HTTPS, and of plain HTTP
	port      string // of HTTPS
	token     string
}

func host(t *testing.T, flags ...string) hosting {
	t.Helper()
	data := filepath.Join(t.TempDir(), "redroom-data")
	redroom(t, servertest.Password, nil, "user", "add", "anna", "--admin", "--data", data).succeeds(t)
	h := hosting{Process: servertest.StartProcess(t, data, nil, flags...)}
	h.at, h.plain = hostOf(t, h.Rrp), hostOf(t, h.Plain)
	_, h.port, _ = net.SplitHostPort(h.at)
	h.token = strings.TrimSpace(redroom(t, "", nil, "user", "token", "anna", "--label", "test", "--data", data).succeeds(t))
	return h
}

func hostOf(t *testing.T, of string) string {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// whoever is what `user list` prints of it.
const whoever = "NAME  ROLE   STATE   DISPLAY\nanna  admin  active  anna\n"

// TestAToolTrustsTheServerOfItsOwnMachine without a flag that says whom: by the
// data directory where one stands, or by the loopback port.
func TestAToolTrustsTheServerOfItsOwnMachine(t *testing.T) {
	ours, theirs := host(t), host(t)
	list := func(d desk, line string) result {
		return d.with("REDROOM_TOKEN="+ours.token).redroom("", "user list "+line)
	}
	elsewhere, beside := newDesk(t), newDesk(t)
	beside.dir = filepath.Dir(ours.Data)
	asking := elsewhere.with("REDROOM_HTTP=" + ours.plain)
	for name, r := range map[string]result{
		"beside the data directory": list(beside, "--server "+ours.at),
		"with the data directory":   list(elsewhere, "--server "+ours.at+" --data "+ours.Data),
		"by the loopback port":      list(asking, "--server redroom://"+ours.at),
		"by number":                 list(asking, "--server 127.0.0.1:"+ours.port),
		"by the variable":           list(asking.with("REDROOM_SERVER="+ours.at), ""),
	} {
		if r.status != 0 || r.out != whoever {
			t.Errorf("%s: status %d, %q, %q", name, r.status, r.out, r.errors)
		}
	}

	// Whoever else listens where the server is looked for isn't it.
	for name, c := range map[string]struct {
		result
		words []string
	}{
		"another server than the directory's":   {list(beside, "--server "+theirs.at), []string{theirs.at, "not trusted", "--data", "--pin"}},
		"another server than the port tells of": {list(asking, "--server "+theirs.at), []string{theirs.at, "not trusted", "--data", "--pin"}},
		"a server of which nobody tells":        {list(elsewhere, "--server "+ours.at), []string{ours.at, "not trusted", "--data", "--pin"}},
		"a directory of no server":              {list(elsewhere, "--server "+ours.at+" --data "+t.TempDir()), []string{"no server's CA", "--data"}},
		"a port where nobody listens":           {list(asking, "--server localhost:1"), []string{"localhost:1", "no server can be reached"}},
	} {
		t.Run(name, func(t *testing.T) { c.expectOneLine(t, 1, c.words...) })
	}
}

// TestWhomToTrustCanBeSaid by pin and by file, to one server that is as good as it
// can be, one whose certificate has ended, and one at another address.
func TestWhomToTrustCanBeSaid(t *testing.T) {
	ca := certificateAuthority(t)
	good := secure(t, ca, "127.0.0.1", time.Now())
	expired := secure(t, ca, "127.0.0.1", time.Now().AddDate(0, -1, 0))
	other := secure(t, ca, "127.0.0.2", time.Now()) // its certificate is for 127.0.0.1
	stranger := certificateAuthority(t)

	file := func(name string, octets []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, octets, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pin, pem := " --pin "+ca.Pin(), " --ca "+file("ca.pem", ca.PEM())
	otherPEM, noPEM := " --ca "+file("other.pem", stranger.PEM()), " --ca "+file("none.pem", []byte("no certificate"))
	d := newDesk(t, "REDROOM_TOKEN=rr_x")
	for _, way := range []string{pin, pem, " --pin " + strings.ToUpper(ca.Pin())} {
		if r := d.redroom("", "user list --server "+good+way); r.status != 0 || r.out != whoever {
			t.Errorf("%s: status %d, %q, %q", way, r.status, r.out, r.errors)
		}
	}
	for _, c := range []struct {
		name, server, flags string
		status              int
		words               []string
	}{
		{"another pin", good, " --pin " + stranger.Pin(), 1, []string{"not trusted", "pin"}},
		{"another CA", good, otherPEM, 1, []string{"not trusted", "--ca"}},
		{"expired, by pin", expired, pin, 1, []string{"not trusted", "expired"}},
		{"expired, by CA", expired, pem, 1, []string{"not trusted", "expired"}},
		{"another name, by pin", other, pin, 1, []string{"not trusted", "127.0.0.2"}},
		{"another name, by CA", other, pem, 1, []string{"not trusted", "127.0.0.2"}},
		{"no pin", good, " --pin abc", 2, []string{"--pin", "64 hex digits"}},
		{"no PEM", good, noPEM, 1, []string{"--ca", "none.pem", "PEM"}},
		{"no file", good, " --ca nowhere.pem", 1, []string{"--ca", "nowhere.pem"}},
		{"both", good, pin + pem, 2, []string{"--pin", "--ca"}},
		{"no address", "room.example", pin, 2, []string{"--server", "room.example"}},
		{"a page's address", "https://room.example:4433/", pin, 2, []string{"--server"}},
		{"trust in anybody elsewhere", "room.example:4433", " --insecure-skip-verify", 2, []string{"--insecure-skip-verify", "room.example:4433"}},
		{"trust in anybody on a network", "192.0.2.1:4433", " --insecure-skip-verify", 2, []string{"--insecure-skip-verify", "192.0.2.1:4433"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.redroom("", "user list --server "+c.server+c.flags).expectOneLine(t, c.status, c.words...)
		})
	}
	r := d.redroom("", "user list --insecure-skip-verify --server "+expired)
	if r.status != 0 || r.out != whoever || !strings.HasPrefix(r.errors, "WARNING: ") || strings.Count(r.errors, "\n") != 1 {
		t.Errorf("without any trust: status %d, %q, %q", r.status, r.out, r.errors)
	}
}

func certificateAuthority(t *testing.T) *certs.CA {
	t.Helper()
	ca, err := certs.OpenCA(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// secure is an HTTPS server whose certificate was made at a time, and which answers
// with one account; it gives its HOST:PORT.
func secure(t *testing.T, ca *certs.CA, at string, made time.Time) string {
	t.Helper()
	return secureWith(t, ca, at, made, func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"users":[{"name":"anna","display":"anna","role":"admin","active":true}]}`))
	})
}

func secureWith(t *testing.T, ca *certs.CA, at string, made time.Time, answer http.HandlerFunc) string {
	t.Helper()
	source, err := certs.NewShortLived(ca, nil, func() time.Time { return made }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", at+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: answer, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.Serve(tls.NewListener(l, certs.Chooser{H3: source, Other: source}.TCP()))
	}()
	t.Cleanup(func() { s.Close(); <-served })
	return l.Addr().String()
}

// TestWhoeverIsBelievedIsWhereOneHasAsked: a server may have another name in the
// network, where somebody else may answer to it.
func TestWhoeverIsBelievedIsWhereOneHasAsked(t *testing.T) {
	ca := certificateAuthority(t)
	var elsewhere atomic.Int32
	other := secureWith(t, ca, "127.0.0.1", time.Now(), func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	at := secureWith(t, ca, "127.0.0.1", time.Now(), func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"token":"rr_x","quic":{"address":%q},"websocket":{"url":"wss://%s/rrp"}}`, other, other)
	})
	d := newDesk(t, "REDROOM_TOKEN=rr_x")
	const post = "post 0123456789abcdef Hello --timeout 3s --server "
	d.redroom("", post+at+" --pin "+ca.Pin())
	if elsewhere.Load() == 0 {
		t.Error("where the ticket says is not dialed though the server is known")
	}
	elsewhere.Store(0)
	d.redroom("", post+at+" --insecure-skip-verify")
	if elsewhere.Load() > 0 {
		t.Error("somebody else was shown the token")
	}
}

// TestAnAnswerWithoutEndIsGivenUp, before it has taken all of the memory.
func TestAnAnswerWithoutEndIsGivenUp(t *testing.T) {
	ca := certificateAuthority(t)
	at := secureWith(t, ca, "127.0.0.1", time.Now(), func(w http.ResponseWriter, r *http.Request) {
		some := bytes.Repeat([]byte(" "), 1<<20)
		for {
			if _, err := w.Write(some); err != nil {
				return
			}
		}
	})
	d := newDesk(t, "REDROOM_TOKEN=rr_x", "REDROOM_PIN="+ca.Pin(), "REDROOM_SERVER="+at)
	d.redroom("", "deal list").expectOneLine(t, 1, "more than 128 MiB")
}

// TestWhatAServerSaysIsFitForATerminal: its sentences as well as its names.
func TestWhatAServerSaysIsFitForATerminal(t *testing.T) {
	ca := certificateAuthority(t)
	at := secureWith(t, ca, "127.0.0.1", time.Now(), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/deals" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			w.Write([]byte(`{"detail":"Go \u001b]0;away\u0007\nnow."}`))
			return
		}
		w.Write([]byte(`{"users":[{"name":"anna","display":"\u001b[2Janna","role":"admin","active":true}]}`))
	})
	d := newDesk(t, "REDROOM_TOKEN=rr_x", "REDROOM_PIN="+ca.Pin(), "REDROOM_SERVER="+at)
	if r := d.redroom("", "user list"); r.status != 0 || !strings.HasSuffix(r.out, "␛[2Janna\n") {
		t.Errorf("status %d, %q, %q", r.status, r.out, r.errors)
	}
	if r := d.redroom("", "user list --json"); r.status != 0 || strings.ContainsAny(r.out, "\x1b\x07") || !strings.Contains(r.out, `\u001b[2Janna`) {
		t.Errorf("status %d, %q, %q", r.status, r.out, r.errors)
	}
	d.redroom("", "deal list").expectOneLine(t, 1, "Go ␛]0;away␇", "now.")
}

// TestAStrangersWordsInTheLogAreFitForATerminal, whatever its format: nobody has
// to sign in to have a connection's end be logged.
func TestAStrangersWordsInTheLogAreFitForATerminal(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		file := filepath.Join(t.TempDir(), "log")
		p := servertest.StartProcess(t, t.TempDir(), []string{"sh", "-c", `exec "$@" 2>"$0"`, file}, "--log-level", "info", "--log-format", format)
		conn, err := transport.DialQUIC(t.Context(), hostOf(t, p.Rrp), p.Trust(t))
		if err != nil {
			t.Fatal(err)
		}
		beServed(t, conn) // a connection that ends before that is nobody's
		conn.Close(0, "see\x1b[2J\u009b2J\u202ethis")
		var entry string
		for deadline := time.Now().Add(servertest.Patience); !strings.Contains(entry, "\n"); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the log doesn't tell of the connection's end")
			}
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, entry, _ = strings.Cut(string(log), "QUIC connection ended")
		}
		if strings.ContainsAny(entry, "\x1b\u009b\u202e") || !strings.Contains(entry, `\u009b2J\u202ethis`) {
			t.Errorf("%s: the log says %q", format, entry)
		}
	}
}

// beServed waits until the server answers.
func beServed(t *testing.T, conn transport.Session) {
	t.Helper()
	c, err := conn.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const ping, pong = "PING 0\n", "PONG 0\n"
	if _, err := io.WriteString(c, ping); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(servertest.Patience))
	if got, err := io.ReadAll(io.LimitReader(c, int64(len(pong)))); err != nil || string(got) != pong {
		t.Fatalf("the server answers %q, %v", got, err)
	}
}

// TestWhatNeedsAFreshSignInSaysSo, as the server does ten minutes after one.
func TestWhatNeedsAFreshSignInSaysSo(t *testing.T) {
	ca := certificateAuthority(t)
	var problem string
	at := secureWith(t, ca, "127.0.0.1", time.Now(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		w.Write([]byte(problem))
	})
	d := newDesk(t, "REDROOM_TOKEN=rr_x", "REDROOM_PIN="+ca.Pin(), "REDROOM_SERVER="+at)
	problem = `{"detail":"Show it.","prove":true}`
	d.redroom("", "user token anna --label x").expectOneLine(t, 1, "making a token for anna", "redroom signin", "ten minutes")
	problem = `{"detail":"Set it up.","enroll":true}`
	d.redroom("", "user list").expectOneLine(t, 1, "second factor", "https://"+at)
}
