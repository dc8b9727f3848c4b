package httpd_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/descope/virtualwebauthn"

	"redroom/server/room"
)

// authenticator is one with a passkey of the room as it is opened on loopback.
type authenticator struct {
	w  *world
	at virtualwebauthn.RelyingParty
	virtualwebauthn.Authenticator
	key virtualwebauthn.Credential
}

func (w *world) authenticator() *authenticator {
	const whole = 77 // octets of a key whose coordinates begin with no zero; others are made wrong
	key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(key.Key.AttestationData()) != whole {
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &authenticator{w, virtualwebauthn.RelyingParty{ID: "localhost", Origin: "http://" + loopback}, virtualwebauthn.NewAuthenticator(), key}
}

// begin asks for a challenge.
func (k *authenticator) begin(path, cookie string) (id, options string) {
	k.w.t.Helper()
	var body struct {
		ID      string
		Options json.RawMessage
	}
	k.w.ask("POST", path, cookie, "").want(200).into(&body)
	return body.ID, string(body.Options)
}

func (k *authenticator) register(cookie, label string) answer {
	k.w.t.Helper()
	id, options := k.begin("/api/account/passkeys/options", cookie)
	parsed, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		k.w.t.Fatal(err)
	}
	k.Options.UserHandle = []byte(parsed.UserID)
	made := virtualwebauthn.CreateAttestationResponse(k.at, k.Authenticator, k.key, *parsed)
	return k.w.ask("POST", "/api/account/passkeys", cookie, `{"id":"`+id+`","label":"`+label+`","credential":`+made+`}`)
}

// shown is the body that shows it for a challenge.
func (k *authenticator) shown(id, options string) string {
	k.w.t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		k.w.t.Fatal(err)
	}
	k.key.Counter++
	return `{"id":"` + id + `","credential":` + virtualwebauthn.CreateAssertionResponse(k.at, k.Authenticator, k.key, *parsed) + `}`
}

func (k *authenticator) signIn() answer {
	k.w.t.Helper()
	return k.w.ask("POST", "/api/session/passkey", "", k.shown(k.begin("/api/session/passkey/options", "")))
}

func TestAPasskeyIsAddedSignsInAndIsRemoved(t *testing.T) {
	w := newWorld(t)
	bert, k := w.cookieOf("bert"), w.authenticator()
	var first struct{ Recovery []string }
	k.register(bert, "Laptop").want(201).into(&first)
	if len(first.Recovery) != room.RecoveryCodes {
		t.Errorf("%d recovery codes", len(first.Recovery))
	}
	w.authenticator().register(bert, "Phone").want(201).is(`{"recovery":[]}`)

	in := k.signIn().want(200)
	in.is(`{"name":"bert","display":"Bert","role":"member"}`)
	if c := in.cookie(); c == nil || c.SameSite != http.SameSiteStrictMode || !c.HttpOnly {
		t.Errorf("the cookie is %v", c)
	}

	gone := "/api/account/passkeys/" + base64.RawURLEncoding.EncodeToString(k.key.ID)
	w.ask("DELETE", gone, w.cookieOf("carl"), "").want(404)
	w.ask("DELETE", gone, bert, "").want(204)
	w.ask("DELETE", gone, bert, "").want(404)
	k.signIn().want(401)
}

func TestPasskeysAreOfTheServersOwnOrigins(t *testing.T) {
	w := newWorld(t)
	bert := w.cookieOf("bert")
	mapped := func(r *http.Request) {
		r.Host = "localhost:9090"
		r.Header.Set("Origin", "http://localhost:9090")
		r.AddCookie(&http.Cookie{Name: "redroom-9090", Value: bert})
	}
	for _, path := range []string{"/api/session/passkey/options", "/api/account/passkeys/options"} {
		w.ask("POST", path, bert, "").want(200)
		w.ask("POST", path, bert, "", header("Origin", "https://proxy.example")).want(200)
		w.ask("POST", path, bert, "", header("Origin", "https://evil.example")).want(403)
		w.ask("POST", path, bert, "", mapped).want(403)
	}
}

func TestAPasskeyOfAnotherOriginDoesNotSignIn(t *testing.T) {
	w := newWorld(t)
	k := w.authenticator()
	k.register(w.cookieOf("bert"), "Laptop").want(201)
	k.at = virtualwebauthn.RelyingParty{ID: "evil.example", Origin: "https://evil.example"}
	if a := k.signIn().want(401); a.cookie() != nil {
		t.Error("a cookie was set")
	}
}

func TestAPasskeyProvesWhoOneIs(t *testing.T) {
	w := newWorld(t)
	bert, carl, k := w.cookieOf("bert"), w.cookieOf("carl"), w.authenticator()
	k.register(bert, "Laptop").want(201)
	w.pass(room.ProofLife)
	gone := "/api/account/passkeys/x"
	w.ask("DELETE", gone, bert, "").want(403)
	shown := k.shown(k.begin("/api/session/proof/options", bert))
	w.ask("POST", "/api/session/proof", carl, shown).want(403)
	w.ask("POST", "/api/session/proof", bert, shown).want(403) // it was tried already
	w.ask("POST", "/api/session/proof", bert, k.shown(k.begin("/api/session/proof/options", bert))).want(204)
	w.ask("DELETE", gone, bert, "").want(404)
}

func TestChangingPasskeysWantsAProof(t *testing.T) {
	w := newWorld(t)
	bert, k := w.cookieOf("bert"), w.authenticator()
	k.register(bert, "Laptop").want(201)
	w.pass(room.ProofLife)
	for _, q := range []request{
		{"POST", "/api/account/passkeys/options", ""},
		{"POST", "/api/account/passkeys", `{}`},
		{"DELETE", "/api/account/passkeys/x", ""},
	} {
		var p struct{ Prove bool }
		w.ask(q.method, q.path, bert, q.body).want(403).into(&p)
		if !p.Prove {
			t.Errorf("%v does not ask for a proof", q)
		}
	}
}
