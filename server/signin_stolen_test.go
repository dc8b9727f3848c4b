package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// robbery is a room of whose every secret there is a witness.
type robbery struct {
	*siege
	*witness
	dir      string
	log      *notebook
	stop     func()
	password map[string]string // by name
	thieves  netip.Addr        // from where somebody came last
	company  *mockoidc.MockOIDC

	// What opens something still.
	cookie, tool, invitation, recovery string
	passkey                            *key
}

// sneaks has a request come from an address of which nobody was heard yet, by a
// proxy that the server trusts.
func (b *robbery) sneaks() (from func(*http.Request)) {
	b.thieves = b.thieves.Next()
	return withHeader("X-Forwarded-For", b.thieves.String())
}

func newRobbery(t *testing.T) *robbery {
	t.Helper()
	b := &robbery{log: new(notebook), password: make(map[string]string), thieves: netip.MustParseAddr("198.18.0.1")}
	c := unhurried(t)
	c.Log = slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	r, stop := servertest.StartWith(t, c)
	b.stop, b.dir = stop, c.Data
	b.siege = newSiegeOf(t, &house{Room: r})
	b.witness = &witness{next: b.client.Transport, seen: make(map[string]string), kinds: make(map[string]struct{})}
	b.client.Transport = b.witness
	return b
}

// live goes once through all by which one signs in, or may.
func (b *robbery) live(t *testing.T) {
	t.Helper()
	for _, name := range []string{"anna", "bert", "carl", "dora"} {
		b.password[name] = "the password of " + name + " " + room.NewID()
	}
	b.note("the setup's token", b.Setup)
	anna := b.send("POST", "/api/setup", object("token", b.Setup, "name", "anna", "password", b.password["anna"])).want(201).session()
	b.anna = b.Anonymous(t)
	b.anna.Name = "anna"
	b.anna.HTTP.Jar.SetCookies(parsed(t, b.Plain), []*http.Cookie{{Name: b.siege.cookie, Value: anna}})
	b.deal = b.anna.Deal(t, "House", "all")
	b.topic = b.anna.Topic(t, b.deal, "Parlor", 1)
	invite := func() string {
		var i struct{ Token string }
		b.send("POST", "/api/invitations", object("deals", []string{b.deal}, "role", "member"), b.shows(anna)).want(201).into(&i)
		return i.Token
	}
	cookies := make(map[string]string)
	for _, name := range []string{"bert", "carl", "dora"} {
		cookies[name] = b.send("POST", "/api/invitations/accept", object("token", invite(), "name", name, "password", b.password[name])).want(201).session()
	}
	b.invitation = invite()
	b.send("POST", "/api/users/carl/invitation", "", b.shows(anna)).want(201)

	codes, recovery := b.enroll(cookies["bert"])
	b.enters("bert", codes.next()).want(200)
	b.enters("bert", recovery[0]).want(200)
	b.enters("bert", recovery[0]).refused(401)
	var more struct{ Recovery []string }
	b.send("POST", "/api/account/recovery", "", b.shows(cookies["bert"])).want(200).into(&more)
	b.recovery = more.Recovery[0]

	b.passkey = b.newKey()
	b.passkey.register(cookies["carl"])
	b.passkey.signsIn().want(200)

	// People type passwords into the field for names.
	b.send("POST", "/api/session", object("name", b.password["dora"], "password", "dora")).refused(401)
	before := b.password["dora"]
	b.password["dora"] = "another password of dora " + room.NewID()
	b.send("POST", "/api/session/password", object("old", before, "new", b.password["dora"]), b.shows(cookies["dora"])).want(204)
	b.send("POST", "/api/session/proof", object("password", b.password["dora"]), b.shows(cookies["dora"])).want(204)
	b.cookie = b.enters("dora", "").want(200).session()
	b.send("POST", "/api/account/totp", "", b.shows(b.cookie)).want(201) // a secret that waits for its code
	b.newKey().begin("/api/account/passkeys/options", b.shows(b.cookie))

	tool := func() (id, token string) {
		var made struct{ ID, Token string }
		b.send("POST", "/api/users/dora/tokens", object("label", "Feed", "role", "member"), b.shows(b.cookie)).want(201).into(&made)
		return made.ID, made.Token
	}
	revoked, _ := tool()
	b.send("DELETE", "/api/users/dora/tokens/"+revoked, "", b.shows(b.cookie)).want(204)
	_, b.tool = tool()
	b.send("GET", "/api/deals", "", bearing(b.tool)).want(200)

	b.company = b.withCompany(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&copying{ResponseWriter: w, say: func(octets []byte) { b.heardText("the provider's", octets) }}, r)
		})
	})
	b.note("the provider's client secret", b.company.ClientSecret)
	done := b.begins(b.company, "erik", "/")
	if b.returns(done.back, done.kept).session() == "" {
		t.Fatal("the company's sign-in lets nobody in")
	}
	b.begins(b.company, "erik", "/")

	ended := b.enters("dora", "").want(200).session()
	b.send("POST", "/api/session/token", "", b.shows(ended)).want(200)
	b.send("DELETE", "/api/session", "", b.shows(ended)).want(204)
	b.note("a WebSocket's key", b.attachable())
	b.ticket()

	for name, content := range contents(t, filepath.Join(b.dir, "keys")) {
		for line := range strings.Lines(string(content)) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") && !strings.HasSuffix(name, "ca.pem") {
				b.note("a private key", line)
			}
		}
	}
}

func (b *robbery) enters(name, code string, with ...func(*http.Request)) reply {
	b.t.Helper()
	return b.send("POST", "/api/session", object("name", name, "password", b.password[name], "code", code), with...)
}

func (b *robbery) ticket() string {
	b.t.Helper()
	var got struct{ Token string }
	b.send("POST", "/api/session/token", "", b.shows(b.cookie)).want(200).into(&got)
	return got.Token
}

// attachable is the key of a session on WebSockets that is there.
func (b *robbery) attachable() string {
	b.t.Helper()
	in := b.socket(b.t)
	in.Control = in.Channel(b.t)
	in.Control.Say(b.t, "TOKEN 0 "+b.ticket()+"\n")
	key := in.Control.Hear(b.t).Fields()[2]
	in.Session.(transport.Keyed).UseKey(key)
	talks(b.t, in.Join(b.t, b.topic, 0))
	return key
}

// socket opens a session by a WebSocket on the plain port.
func (b *robbery) socket(t *testing.T) *servertest.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	in, err := transport.DialWebSocket(ctx, "ws"+strings.TrimPrefix(b.Plain, "http")+transport.Path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(0, "") })
	return &servertest.Session{Session: in}
}

// TestAStolenDatabaseOpensNothing copies a room's files while it runs, backs it
// up, and stops it, when everything by which one signs in was used once: of no
// secret that was ever sent or shown there is a trace in an octet of them, or of
// the log, and no value that is there opens anything.
func TestAStolenDatabaseOpensNothing(t *testing.T) {
	leavesNoGoroutine(t)
	b := newRobbery(t)
	beforeSetup := steal(t, b.dir)
	b.live(t)
	b.sawAll(t)
	b.client.Transport = b.witness.next // what is tried is no secret
	stolen := map[string]string{"the files of a server that runs": steal(t, b.dir)}
	if wal, err := os.Stat(filepath.Join(stolen["the files of a server that runs"], "redroom.db-wal")); err != nil || wal.Size() == 0 {
		t.Errorf("there is no write-ahead log among what was stolen: %v", err)
	}
	backup := t.TempDir()
	run(t, "backup", filepath.Join(backup, "room.backup"), "--data", b.dir)
	if err := os.Rename(filepath.Join(backup, "room.backup"), filepath.Join(backup, "redroom.db")); err != nil {
		t.Fatal(err)
	}
	stolen["a backup"] = backup

	for what, dir := range stolen {
		t.Run(what, func(t *testing.T) {
			b.findsNothing(t, contents(t, dir), b.cookie, b.tool, b.invitation, strings.ReplaceAll(b.recovery, "-", ""))
		})
	}
	b.opensNothing(t, valuesIn(t, backup), codesOf(t, backup))
	t.Run("a passkey's row", func(t *testing.T) { b.forgesNoPasskey(t, backup) })
	t.Run("the files from before the set-up", func(t *testing.T) {
		r, _ := servertest.StartWith(t, servertest.Config(t))
		fresh := newSiegeOf(t, &house{Room: r})
		for value := range valuesIn(t, steal(t, r.Data)) {
			fresh.send("POST", "/api/setup", object("token", value, "name", "eve", "password", servertest.Password)).refused(401)
		}
		for _, octets := range contents(t, beforeSetup) {
			if bytes.Contains(octets, []byte(b.Setup)) {
				t.Error("the setup's token is in it")
			}
		}
	})
	t.Run("the log", func(t *testing.T) {
		b.absent(t, map[string][]byte{"the log": []byte(b.log.String())})
	})
	b.stop()
	t.Run("the files of a server that was stopped", func(t *testing.T) { b.findsNothing(t, contents(t, steal(t, b.dir)), b.cookie, b.tool, b.invitation) })
}

// steal copies what lies in a data directory but for its keys, as `cp` does.
func steal(t *testing.T, data string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	files, err := filepath.Glob(filepath.Join(data, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
			continue // keys, and the operator's socket
		}
		content, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sawAll shows that the witness has heard of every kind of secret.
func (b *robbery) sawAll(t *testing.T) {
	t.Helper()
	for _, kind := range []string{
		"the setup's token", "POST /api/setup cookie", "POST /api/setup password",
		"POST /api/invitations token", "POST /api/invitations/accept cookie", "POST /api/invitations/accept password", "POST /api/users/carl/invitation token",
		"POST /api/session cookie", "POST /api/session password", "POST /api/session code",
		"POST /api/session/password old", "POST /api/session/password new", "POST /api/session/proof password", "POST /api/session/token token",
		"POST /api/session/passkey cookie", "POST /api/session/passkey/options challenge",
		"POST /api/account/totp secret", "POST /api/account/totp/confirm recovery", "POST /api/account/recovery recovery",
		"POST /api/users/dora/tokens token",
		"GET /api/session/company cookie", "GET /api/session/company/callback cookie", "the address's state", "the address's nonce", "the address's code",
		"the provider's access_token", "the provider's id_token", "the provider's client secret",
		"a WebSocket's key", "a private key",
	} {
		if _, ok := b.kinds[kind]; !ok {
			t.Errorf("no secret %q was seen; there are only %q", kind, slices.Sorted(maps.Keys(b.kinds)))
		}
	}
}

// findsNothing looks for all secrets, and for what is rightly there: the hashes of
// those that are good still.
func (b *robbery) findsNothing(t *testing.T, files map[string][]byte, good ...string) {
	t.Helper()
	b.absent(t, files)
	for i, secret := range good {
		hash := sha256.Sum256([]byte(secret))
		found := false
		for _, octets := range files {
			found = found || bytes.Contains(octets, hash[:])
		}
		if !found {
			t.Errorf("the hash of the secret number %d isn't there: these are not the room's files", i)
		}
	}
}

func (b *robbery) absent(t *testing.T, files map[string][]byte) {
	t.Helper()
	if len(b.seen) < 40 {
		t.Errorf("only %d secrets were seen", len(b.seen))
	}
	for secret, what := range b.seen {
		needles := writtenAs(secret)
		if strings.HasSuffix(what, "password") || strings.HasSuffix(what, "old") || strings.HasSuffix(what, "new") {
			maps.Copy(needles, fastHashes(secret))
		}
		for file, octets := range files {
			for how, needle := range needles {
				if at := bytes.Index(octets, needle); at >= 0 {
					t.Errorf("%s is in %s, %s, at %d: …%q…", what, filepath.Base(file), how, at, octets[max(0, at-60):min(len(octets), at+20)])
				}
			}
		}
	}
}
