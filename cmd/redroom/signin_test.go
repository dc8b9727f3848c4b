package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"redroom/server/servertest"
)

// desk is one whose tool knows the server.
func (h hosting) desk(t *testing.T) desk {
	return newDesk(t, "REDROOM_SERVER="+h.at, "REDROOM_DATA="+h.Data)
}

// kept is what is in the file of credentials.
func (d desk) kept() (all map[string]struct{ Name, Cookie, Token string }) {
	d.t.Helper()
	octets, err := os.ReadFile(d.file())
	if err != nil {
		d.t.Fatal(err)
	}
	if err := json.Unmarshal(octets, &all); err != nil {
		d.t.Fatal(err)
	}
	return all
}

// devices are what somebody's sign-ins were opened with.
func devices(t *testing.T, a *servertest.API) (all []string) {
	t.Helper()
	var list struct{ Sessions []struct{ Device string } }
	a.Must(t, "GET", "/api/sessions", nil, &list, 200)
	for _, s := range list.Sessions {
		all = append(all, s.Device)
	}
	return all
}

// TestASignInIsKeptUntilOneSignsOut and is one of the user's own all the while.
func TestASignInIsKeptUntilOneSignsOut(t *testing.T) {
	h := host(t)
	d := h.desk(t)
	anna := h.SignIn(t, "anna")
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	ours := "redroom on " + name
	signIn := func() result { return d.redroom(servertest.Password+"\n", "signin anna") }

	d.redroom("", "user list").expectOneLine(t, 1, "nobody is signed in at "+h.at, "redroom signin --server "+h.at, "REDROOM_TOKEN")
	d.redroom("", "signout").expectOneLine(t, 1, "nobody is signed in at "+h.at)
	if out, want := signIn().succeeds(t), "Signed in at "+h.at+" as anna (anna, admin)\n"; out != want {
		t.Errorf("it printed %q, want %q", out, want)
	}
	if out := d.redroom("", "user list").succeeds(t); out != whoever {
		t.Errorf("the users are %q", out)
	}
	if got := devices(t, anna); !slices.Contains(got, ours) || len(got) != 2 {
		t.Errorf("anna is signed in with %q, want %q once", got, ours)
	}

	// Another one takes its place, on the server too.
	before := d.kept()[h.at].Cookie
	signIn().succeeds(t)
	if now := d.kept()[h.at]; now.Cookie == before || now.Name != "anna" {
		t.Errorf("kept is the sign-in of %s, another one: %v", now.Name, now.Cookie != before)
	}
	if got := devices(t, anna); len(got) != 2 {
		t.Errorf("anna is signed in with %q, want %q once", got, ours)
	}

	cookie := d.kept()[h.at].Cookie
	if out := d.redroom("", "signout").succeeds(t); out != "" {
		t.Errorf("it printed %q", out)
	}
	if got := devices(t, anna); slices.Contains(got, ours) {
		t.Errorf("after the end anna is signed in with %q", got)
	}
	if len(d.kept()) != 0 || cookie == "" {
		t.Errorf("kept is %v", d.kept())
	}

	// One that was ended in the page says what to do, and can be forgotten.
	signIn().succeeds(t)
	anna.Must(t, "DELETE", "/api/sessions", nil, nil, 204)
	d.redroom("", "user list").expectOneLine(t, 1, "this sign-in has ended", "redroom signin")
	d.redroom("", "signout").succeeds(t)

	// Without the server it isn't forgotten, since it is good still.
	signIn().succeeds(t)
	h.Kill()
	d.redroom("", "signout").expectOneLine(t, 1, "ending the sign-in", h.at)
	if d.kept()[h.at].Cookie == "" {
		t.Error("it was forgotten")
	}
}

// TestCredentialsAreOnesOwn: in a file that nobody else can read, and that is there
// as a whole.
func TestCredentialsAreOnesOwn(t *testing.T) {
	h := host(t)
	d := h.desk(t)
	if err := os.MkdirAll(filepath.Dir(d.file()), 0o755); err != nil {
		t.Fatal(err)
	}
	put := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(d.file(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d.file(), mode); err != nil {
			t.Fatal(err)
		}
	}
	const elsewhere = `{"room.example:4433":{"name":"bert","cookie":"secret-of-bert"}}`
	put(elsewhere, 0o600)
	whole := filepath.Join(t.TempDir(), "whole")
	if err := os.Link(d.file(), whole); err != nil {
		t.Fatal(err)
	}
	d.redroom(servertest.Password, "signin anna").succeeds(t)
	for path, want := range map[string]os.FileMode{d.file(): 0o600, filepath.Dir(d.file()): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, want %v; %v", path, info.Mode(), want, err)
		}
	}
	if kept := d.kept(); kept["room.example:4433"].Cookie != "secret-of-bert" || kept[h.at].Cookie == "" {
		t.Error("another server's credentials were not left as they were")
	}
	if before, err := os.ReadFile(whole); err != nil || string(before) != elsewhere {
		t.Errorf("the file was written over, not replaced: %q, %v", before, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(d.file())); err != nil || len(entries) != 1 {
		t.Errorf("beside the file there is something: %v, %v", entries, err)
	}

	for _, line := range []string{"user list", "signin anna", "signin --token", "signout"} {
		put(elsewhere, 0o640)
		d.redroom(servertest.Password, line).expectOneLine(t, 1, d.file(), "0640", "chmod 600")
		put(`{"localhost:4433":`, 0o600)
		d.redroom(servertest.Password, line).expectOneLine(t, 1, d.file(), "remove the file")
	}
	// Whoever has a token in the environment needs no file.
	if out := d.with("REDROOM_TOKEN="+h.token).redroom("", "user list").succeeds(t); out != whoever {
		t.Errorf("the users are %q", out)
	}
}

// TestATokenIsKeptOrComesFromTheEnvironment, which beats what is kept.
func TestATokenIsKeptOrComesFromTheEnvironment(t *testing.T) {
	h := host(t)
	d := h.desk(t)
	d.redroom("rr_nonsense\n", "signin --token").expectOneLine(t, 1, "token is unknown")
	d.redroom("", "signin --token").expectOneLine(t, 1, "standard input")
	d.redroom(h.token+"\n", "signin --token").succeeds(t)
	if kept := d.kept()[h.at]; kept.Token != h.token || kept.Name != "anna" || kept.Cookie != "" {
		t.Errorf("kept is a token of %q", kept.Name)
	}
	if out := d.redroom("", "user list").succeeds(t); out != whoever {
		t.Errorf("the users are %q", out)
	}
	d.redroom("", "user token anna --label x").expectOneLine(t, 1, "A program's token may not do this")

	other := d.with("REDROOM_TOKEN=rr_nonsense")
	other.redroom("", "user list").expectOneLine(t, 1, "token is unknown")
	d.with("REDROOM_TOKEN=a b").redroom("", "user list").expectOneLine(t, 1, "REDROOM_TOKEN is no token")

	d.redroom("", "signout").succeeds(t) // it is only forgotten
	d.redroom("", "user list").expectOneLine(t, 1, "nobody is signed in")
	if out := d.with("REDROOM_TOKEN="+h.token).redroom("", "user list").succeeds(t); out != whoever {
		t.Errorf("the users are %q", out)
	}
	d.with("REDROOM_TOKEN=rr_nonsense").redroom("", "user revoke anna x --data "+h.Data+" --server "+h.at).expectOneLine(t, 1, "token is unknown")
}

// TestWhoCanNotSignInIsToldWhy in a line, in which there is no secret.
func TestWhoCanNotSignInIsToldWhy(t *testing.T) {
	h := host(t)
	d := h.desk(t)
	const secret = "Sesame-open-yourself"
	silent := func(t *testing.T, r result) result {
		if strings.Contains(r.errors+r.out, "Sesame") {
			t.Errorf("it says the secret: %q, %q", r.out, r.errors)
		}
		return r
	}
	for _, c := range []struct {
		name, in, line string
		status         int
		words          []string
	}{
		{"a wrong password", secret, "signin anna", 1, []string{"signing in", "User name or password is wrong."}},
		{"an unknown name", secret, "signin nobody", 1, []string{"User name or password is wrong."}},
		{"no password", "", "signin anna", 1, []string{"the password", "standard input"}},
		{"nobody", secret, "signin", 2, []string{"who signs in"}},
		{"a password as an argument", "", "signin anna " + secret, 2, []string{"the user's name"}},
		{"a token as a value", "", "signin --token=" + secret, 2, []string{"--token", "standard input"}},
		{"a name and a token", secret, "signin anna --token", 2, []string{"--token"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			silent(t, d.redroom(c.in+"\n", c.line)).expectOneLine(t, c.status, c.words...)
		})
	}
	if r := silent(t, d.with("REDROOM_TOKEN="+secret).redroom("", "user list")); r.status != 1 {
		t.Errorf("a wrong token: status %d, %q", r.status, r.errors)
	}

	t.Run("a second factor", func(t *testing.T) {
		anna := h.SignIn(t, "anna")
		var begun struct{ ID, Secret string }
		anna.Must(t, "POST", "/api/account/totp", nil, &begun, 201)
		code := func(at time.Time) string {
			c, err := totp.GenerateCode(begun.Secret, at)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		now := time.Now()
		var made struct{ Codes []string }
		anna.Must(t, "POST", "/api/account/totp/confirm", map[string]any{"id": begun.ID, "code": code(now)}, &made, 200)
		d.redroom(servertest.Password+"\n", "signin anna").expectOneLine(t, 1, "Enter the code of your second factor, too.", "standard input")
		d.redroom(servertest.Password+"\nwrong\n", "signin anna").expectOneLine(t, 1, "The code is wrong")
		d.redroom(servertest.Password+"\n"+code(now.Add(30*time.Second))+"\n", "signin anna").succeeds(t)
		d.redroom("", "user list").succeeds(t)
	})

	t.Run("too many tries", func(t *testing.T) {
		redroom(t, servertest.Password, nil, "user", "add", "bert", "--data", h.Data).succeeds(t)
		stranger := h.Anonymous(t)
		for range 20 {
			if status, _ := stranger.Do(t, "POST", "/api/session", map[string]any{"name": "bert", "password": secret}); status == http.StatusTooManyRequests {
				break
			}
		}
		r := silent(t, d.redroom(secret, "signin bert"))
		r.expectOneLine(t, 1, "signing in", "Try again in ")
		_, after, _ := strings.Cut(r.errors, "Try again in ")
		if seconds, err := strconv.Atoi(strings.TrimSuffix(after, " s.\n")); err != nil || seconds < 1 || seconds > 60 {
			t.Errorf("it says to wait %q", after)
		}
	})
}

// TestUDPAloneIsEnoughForAProgram: its token opens a session where nothing else
// gets through.
func TestUDPAloneIsEnoughForAProgram(t *testing.T) {
	f := newFed(t)
	_, proxy := f.p.Behind(t, servertest.Path{}) // where no TCP is listened for
	running := f.feedByID(t, "--server", proxy.Addr)
	f.awaitReports(t, 3)
	running.awaitSaid(t, "msg=connected by=QUIC")
	running.end(t, os.Interrupt)
}
