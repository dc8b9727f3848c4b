package httpd_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

const signInBert = `{"name":"bert","password":"correct horse"}`

// overHTTPS makes a request one that came by TLS for this host.
func overHTTPS(host string) func(*http.Request) {
	return func(r *http.Request) {
		r.TLS = &tls.ConnectionState{}
		r.Host = host
		r.Header.Set("Origin", "https://"+host)
	}
}

func TestSetUpIsDoneOnceWithTheToken(t *testing.T) {
	w := emptyWorld(t)
	if a := w.ask("GET", "/api/session", "", "").want(401); !a.problem().Setup {
		t.Error("a room without an admin doesn't ask to be set up")
	}
	w.append(room.SetupOffered{Token: room.HashToken("the token")})

	body := func(token string) string {
		return `{"token":"` + token + `","name":"anna","password":"` + password + `"}`
	}
	w.ask("POST", "/api/setup", "", body("another token")).want(401)
	w.ask("POST", "/api/setup", "", `{"token":"the token","name":"anna","password":"too short"}`).want(422)
	w.ask("POST", "/api/setup", "", `{"token":"the token","name":"Anna A.","password":"`+password+`"}`).want(422)

	a := w.ask("POST", "/api/setup", "", body("the token")).want(201)
	a.is(`{"name":"anna","display":"anna","role":"admin"}`)
	w.ask("GET", "/api/session", a.cookie().Value, "").want(200).is(`{"name":"anna","display":"anna","role":"admin"}`)

	w.ask("POST", "/api/setup", "", body("the token")).want(410)
	if a := w.ask("GET", "/api/session", "", "").want(401); strings.Contains(a.Body.String(), "setup") {
		t.Errorf("a room with an admin asks to be set up: %s", a.Body)
	}
}

func TestSigningIn(t *testing.T) {
	w := newWorld(t)
	a := w.ask("POST", "/api/session", "", signInBert).want(200)
	a.is(`{"name":"bert","display":"Bert","role":"member"}`)
	w.ask("GET", "/api/session", a.cookie().Value, "").want(200).is(`{"name":"bert","display":"Bert","role":"member"}`)
}

// TestARefusedSignInDoesNotTellWhy compares whole answers. How long they take,
// signin.TestTimeDoesNotTellWhoHasAnAccount compares.
func TestARefusedSignInDoesNotTellWhy(t *testing.T) {
	w := newWorld(t)
	no := false
	add := func(name, password string) {
		w.append(room.UserAdded{Name: name, Display: name, Role: room.Member, PasswordHashed: password})
	}
	add("gone", hashed())
	w.append(room.UserChanged{Name: "gone", Active: &no})
	add("passkeys", "")
	w.append(room.PasskeyAdded{Stamp: room.Stamp{By: "passkeys"}, User: "passkeys", ID: []byte("a credential"), Label: "Key", Credential: []byte("{}")})
	add("codes", hashed())
	w.append(room.TOTPSet{Stamp: room.Stamp{By: "codes"}, User: "codes", Sealed: []byte("a secret"), Step: 1})
	wrong := w.ask("POST", "/api/session", "", `{"name":"bert","password":"wrong"}`).want(401)
	for what, body := range map[string]string{
		"an unknown name":             `{"name":"nobody","password":"` + password + `"}`,
		"a deactivated account":       `{"name":"gone","password":"` + password + `"}`,
		"one with passkeys only":      `{"name":"passkeys","password":"` + password + `"}`,
		"one with codes":              `{"name":"codes","password":"wrong"}`,
		"one with codes, and one":     `{"name":"codes","password":"wrong","code":"123456"}`,
		"an unknown name with a code": `{"name":"nobody","password":"wrong","code":"123456"}`,
		"nothing":                     `{}`,
	} {
		if a := w.ask("POST", "/api/session", "", body); !same(a, wrong) {
			t.Errorf("%s:\n%s\n%s", what, dump(a), dump(wrong))
		}
	}

	// Nor does one that isn't looked at any more.
	late := func(name string) answer {
		for {
			if a := w.ask("POST", "/api/session", "", `{"name":"`+name+`","password":"wrong"}`); a.Code != 401 {
				return a
			}
		}
	}
	w.pass(time.Hour)
	tooMany := late("bert").want(429)
	for _, name := range []string{"nobody", "gone", "passkeys", "codes"} {
		w.pass(time.Hour)
		if a := late(name); !same(a, tooMany) {
			t.Errorf("%s, too often:\n%s\n%s", name, dump(a), dump(tooMany))
		}
	}
}

func TestTooManyFailuresAreToldHowLongToWait(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		w.ask("POST", "/api/session", "", `{"name":"bert","password":"wrong"}`).want(401)
	}
	a := w.ask("POST", "/api/session", "", signInBert).want(429)
	if got := a.Header().Get("Retry-After"); got != "30" {
		t.Errorf("Retry-After is %q", got)
	}
	w.pass(30 * time.Second)
	w.ask("POST", "/api/session", "", signInBert).want(200)
}

func TestTheCookieIsForThisServerAndItsScriptsOnlyByRequest(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		how    string
		option func(*http.Request)
		name   string
		secure bool
	}{
		{"loopback", func(*http.Request) {}, "redroom-8080", false},
		{"loopback, another port", func(r *http.Request) { r.Host = "127.0.0.1:9000"; r.Header.Set("Origin", "http://127.0.0.1:9000") }, "redroom-9000", false},
		{"loopback, IPv6, no port", func(r *http.Request) { r.Host = "[::1]"; r.Header.Set("Origin", "http://[::1]") }, "redroom-80", false},
		{"HTTPS", overHTTPS("room.example:4433"), "__Host-redroom", true},
		{"HTTPS on localhost", overHTTPS("localhost:4433"), "__Host-redroom", true},
		{"a proxy's HTTPS", func(r *http.Request) {
			r.Host, r.RemoteAddr = "room.example", "10.0.0.1:50000"
			r.Header.Set("Origin", "https://room.example")
			r.Header.Set("X-Forwarded-For", "192.0.2.1")
			r.Header.Set("X-Forwarded-Proto", "https")
		}, "__Host-redroom", true},
	} {
		cookie := w.ask("POST", "/api/session", "", signInBert, c.option).want(200).cookie()
		if cookie.Name != c.name || cookie.Secure != c.secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode ||
			cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != int(room.SessionLife/time.Second) {
			t.Errorf("%s: %s", c.how, cookie.Raw)
		}
	}
}

func TestACookieOfAnotherNameIsNone(t *testing.T) {
	w := newWorld(t)
	cookie := w.cookieOf("bert")
	for _, name := range []string{"redroom", "redroom-8081", "__Host-redroom"} {
		w.ask("GET", "/api/session", "", "", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: cookie}) }).want(401)
	}
}

func TestSigningOut(t *testing.T) {
	w := newWorld(t)
	cookie, other := w.cookieOf("bert"), w.cookieOf("bert")
	a := w.ask("DELETE", "/api/session", cookie, "").want(204)
	if c := a.cookie(); c.Name != "redroom-8080" || c.Value != "" || c.MaxAge >= 0 {
		t.Errorf("the cookie isn't taken away: %s", c.Raw)
	}
	w.ask("GET", "/api/session", cookie, "").want(401)
	w.ask("GET", "/api/session", other, "").want(200)
}

func TestASignInEndsTheBrowsersOneBefore(t *testing.T) {
	w := newWorld(t)
	before := w.cookieOf("carl")
	a := w.ask("POST", "/api/session", before, signInBert).want(200)
	w.ask("GET", "/api/session", before, "").want(401)
	w.ask("GET", "/api/session", a.cookie().Value, "").want(200)
}

func TestASignInExpires(t *testing.T) {
	w := newWorld(t)
	cookie := w.cookieOf("bert")
	w.pass(room.SessionLife)
	w.ask("GET", "/api/session", cookie, "").want(401)
}

func TestChangingThePasswordEndsTheOtherSignIns(t *testing.T) {
	w := newWorld(t)
	cookie, other := w.cookieOf("bert"), w.cookieOf("bert")
	body := func(old, new string) string { return `{"old":"` + old + `","new":"` + new + `"}` }
	w.ask("POST", "/api/session/password", cookie, body("wrong", newPassword)).want(403)
	w.ask("POST", "/api/session/password", cookie, body(password, "too short")).want(422)
	w.ask("GET", "/api/session", other, "").want(200)

	w.ask("POST", "/api/session/password", cookie, body(password, newPassword)).want(204)
	w.ask("GET", "/api/session", cookie, "").want(200)
	w.ask("GET", "/api/session", other, "").want(401)
	w.ask("POST", "/api/session", "", signInBert).want(401)
	w.ask("POST", "/api/session", "", `{"name":"bert","password":"`+newPassword+`"}`).want(200)
}

func TestATokenOpensAConnection(t *testing.T) {
	w := newWorld(t)
	a := w.ask("POST", "/api/session/token", w.cookieOf("bert"), "").want(200)
	var got struct {
		Token, Expires string
		WebTransport   struct {
			URL               string
			CertificateHashes []string
		}
	}
	a.into(&got)
	if want := w.clock().Add(time.Minute).UTC().Format(time.RFC3339); got.Expires != want {
		t.Errorf("expires %s, want %s", got.Expires, want)
	}
	if got.WebTransport.URL != "https://room.example:4433/rrp" || len(got.WebTransport.CertificateHashes) != len(hashes) {
		t.Errorf("got %+v", got.WebTransport)
	}
	for i, h := range got.WebTransport.CertificateHashes {
		if h != base64.StdEncoding.EncodeToString(hashes[i][:]) {
			t.Errorf("hash %d is %s", i, h)
		}
	}
	if _, u, err := w.desk.SpendToken(t.Context(), got.Token); err != nil || u.Name != "bert" {
		t.Errorf("spending it: %v, %v", u, err)
	}
	if _, _, err := w.desk.SpendToken(t.Context(), got.Token); err == nil {
		t.Error("it could be spent twice")
	}

	a = w.ask("POST", "/api/session/token", w.cookieOf("bert"), "").want(200)
	a.into(&got)
	w.pass(time.Minute)
	if _, _, err := w.desk.SpendToken(t.Context(), got.Token); err == nil {
		t.Error("it could be spent after 60 seconds")
	}
}

func TestAccounts(t *testing.T) {
	w := newWorld(t)
	admin := w.cookieOf("anna")
	w.ask("POST", "/api/users", admin, `{"name":"dora","display":"Do\u0308rte","role":"observer","password":"`+password+`"}`).want(201).
		is(`{"name":"dora","display":"Dörte","role":"observer","active":true,"version":1}`)
	w.ask("POST", "/api/users", admin, `{"name":"dora"}`).want(409)
	w.ask("POST", "/api/users", admin, `{"name":"emil"}`).want(201).is(`{"name":"emil","display":"emil","role":"member","active":true,"version":1}`)
	w.ask("POST", "/api/users", admin, `{"name":"fritz","password":"short"}`).want(422)
	w.ask("POST", "/api/users", admin, `{"name":"fritz","role":"king"}`).want(422)

	a := w.ask("POST", "/api/session", "", `{"name":"dora","password":"`+password+`"}`).want(200)
	w.ask("PATCH", "/api/users/dora", admin, `{"role":"member","active":false}`).want(200).
		is(`{"name":"dora","display":"Dörte","role":"member","active":false,"version":2}`)
	w.ask("GET", "/api/session", a.cookie().Value, "").want(401)
	w.ask("POST", "/api/users/dora/invitation", admin, "").want(422)
	w.ask("PATCH", "/api/users/anna", admin, `{"active":false}`).want(409)
	w.ask("PATCH", "/api/users/anna", admin, `{"name":"queen"}`).want(400)
	w.ask("PATCH", "/api/users/nobody", admin, `{"active":false}`).want(404)

	var list struct{ Users []json.RawMessage }
	w.ask("GET", "/api/users", admin, "").want(200).into(&list)
	if len(list.Users) != 5 || string(list.Users[0]) != `{"name":"anna","display":"Anna Anders","role":"admin","active":true,"version":1}` {
		t.Errorf("got %s", list.Users)
	}
}
