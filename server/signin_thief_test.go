package server_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
)

// opensNothing tries values in the place of every secret. Each try is shown to go
// well with what is really one.
func (b *robbery) opensNothing(t *testing.T, whole map[string]bool, codes []string) {
	s := b.in(t)
	values := append(codes, slices.Sorted(maps.Keys(whole))...) // codes are good for a moment
	status := func(method, path, body string, with ...func(*http.Request)) int {
		return s.send(method, path, body, with...).StatusCode
	}
	visible := func(value string) bool {
		return strings.IndexFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
	}
	frame := func(octets, want string) bool {
		in := b.socket(t)
		defer in.Close(0, "")
		c := in.Channel(t)
		c.Say(t, octets)
		f, err := c.Next()
		return err == nil && f.Is(want) == nil
	}
	familiar := func(name string, code func() string) func(*http.Request) {
		from := b.sneaks()
		if a := s.send("POST", "/api/session", object("name", name, "password", b.password[name], "code", code()), from); a.StatusCode != 200 {
			t.Fatalf("%s isn't signed in: %d %s", name, a.StatusCode, a.body)
		}
		return from
	}
	// An address from which somebody has signed in may fail some times.
	const some = 8
	guesses := func(name string, code func() string, fields func(value string) string) func(value string) bool {
		tried, from := 0, func(*http.Request) {}
		return func(value string) bool {
			if tried%some == 0 {
				from = familiar(name, code)
			}
			tried++
			a := s.send("POST", "/api/session", fields(value), from)
			if a.StatusCode != 200 && a.StatusCode != 401 {
				t.Fatalf("%q isn't looked at: %d %s", value, a.StatusCode, a.body)
			}
			return a.StatusCode == 200
		}
	}
	var left []string
	bert := b.enters("bert", b.recovery, b.sneaks()).want(200).session()
	recoveryCode := func() string {
		if len(left) == 0 {
			var made struct{ Recovery []string }
			s.send("POST", "/api/account/recovery", "", b.shows(bert)).want(200).into(&made)
			left = made.Recovery
		}
		code := left[0]
		left = left[1:]
		return code
	}
	none := func() string { return "" }
	longEnough := func(value string) bool {
		return whole[value] && len(value) >= room.MinPassword && len(value) <= room.MaxPassword
	}
	codeLike := func(value string) bool { // six digits, or sixteen in groups
		n := len(strings.NewReplacer("-", "", " ", "").Replace(value))
		return n == 6 || n == 16
	}
	passwordOf := func(name string) func(value string) bool {
		return guesses(name, none, func(value string) string { return object("name", name, "password", value) })
	}
	is := func(secret string) func() string { return func() string { return secret } }
	way := b.begins(b.company, "erik", "/")
	for _, try := range []struct {
		what  string
		opens func(value string) bool
		fits  func(value string) bool
		right func() string
	}{
		{"bert's second code", guesses("bert", recoveryCode, func(v string) string { return object("name", "bert", "password", b.password["bert"], "code", v) }), codeLike, recoveryCode},
		{"a cookie", func(v string) bool { return status("GET", "/api/session", "", b.shows(v)) != 401 }, visible, is(b.cookie)},
		{"a program's token", func(v string) bool { return status("GET", "/api/deals", "", bearing(v)) != 401 }, visible, is(b.tool)},
		{"its secret part", func(v string) bool { return status("GET", "/api/deals", "", bearing("rr_"+v)) != 401 }, visible, is(strings.TrimPrefix(b.tool, "rr_"))},
		{"a link's token", func(v string) bool { return status("POST", "/api/invitations/open", object("token", v)) != 404 }, nil, is(b.invitation)},
		{"a connection's", func(v string) bool { return frame("TOKEN 0 "+v+"\n", "ACK TOKEN dora *") }, visible, b.ticket},
		{"a WebSocket's key", func(v string) bool { return frame("ATTACH 0 "+v+"\nJOIN 0 "+b.topic+" 0\n", "ACK "+b.topic+" * * * *") }, visible, b.attachable},
		{"dora's password", passwordOf("dora"), longEnough, is(b.password["dora"])},
		{"a way's cookie", func(v string) bool {
			a := s.send("GET", way.back, "", sends(way.kept.Name, v))
			return a.session() != "" || a.Header.Get("Location") != "/?company=failed"
		}, visible, is(way.kept.Value)},
	} {
		t.Run("as "+try.what, func(t *testing.T) {
			tried := 0
			for _, value := range values {
				if try.fits != nil && !try.fits(value) || strings.ContainsAny(value, "%") {
					continue
				}
				tried++
				if try.opens(value) {
					t.Errorf("%q opens the room", value)
				}
			}
			if !try.opens(try.right()) {
				t.Errorf("not even what is %s opens it", try.what)
			}
			t.Logf("%d of %d values were tried", tried, len(values))
		})
	}
}

// forgesNoPasskey signs with a key of the thief's for a passkey whose row was
// stolen, with all that the row has.
func (b *robbery) forgesNoPasskey(t *testing.T, dir string) {
	db, err := sql.Open("sqlite", filepath.Join(dir, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows := columnsOf(t, db, "SELECT id, credential FROM passkeys")
	if len(rows) != 1 {
		t.Fatalf("there are %d passkeys", len(rows))
	}
	s := b.in(t)
	b.passkey.s = s
	forged := s.newKey()
	forged.Credential.ID = rows[0][0]
	forged.Credential.Counter = 1 << 20
	forged.Authenticator.Options.UserHandle = b.passkey.Authenticator.Options.UserHandle
	if !bytes.Contains(rows[0][1], []byte(base64url(forged.Authenticator.Options.UserHandle))) && !bytes.Contains(rows[0][1], []byte(base64.StdEncoding.EncodeToString(forged.Authenticator.Options.UserHandle))) {
		t.Errorf("the row does not have the user's handle: %s", rows[0][1])
	}
	forged.signsIn().refused(401)
	b.passkey.signsIn().want(200)
}
