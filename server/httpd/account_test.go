package httpd_test

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"redroom/server/room"
)

// app makes codes as an authenticator's does.
type app struct {
	w      *world
	secret string
}

func (a app) code() string {
	a.w.t.Helper()
	code, err := totp.GenerateCode(a.secret, a.w.clock())
	if err != nil {
		a.w.t.Fatal(err)
	}
	return code
}

// enroll sets up codes in a sign-in, and gives the recovery codes.
func (w *world) enroll(cookie string) (app, []string) {
	w.t.Helper()
	var begun struct{ ID, Secret, URI string }
	w.ask("POST", "/api/account/totp", cookie, "").want(201).into(&begun)
	a := app{w, begun.Secret}
	var got struct{ Recovery []string }
	w.ask("POST", "/api/account/totp/confirm", cookie, fmt.Sprintf(`{"id":%q,"code":%q}`, begun.ID, a.code())).want(200).into(&got)
	return a, got.Recovery
}

func signInWith(name, code string) string {
	body, _ := json.Marshal(map[string]string{"name": name, "password": password, "code": code})
	return string(body)
}

func TestCodesAreSetUpByScanningAndShownToWork(t *testing.T) {
	w := newWorld(t)
	cookie := w.cookieOf("bert")
	var begun struct {
		ID, Secret, URI string
		QR              []string
	}
	w.ask("POST", "/api/account/totp", cookie, "").want(201).into(&begun)
	if want := "otpauth://totp/Red%20Room:bert?secret=" + begun.Secret + "&issuer=Red%20Room&algorithm=SHA1&digits=6&period=30"; begun.URI != want {
		t.Errorf("the URI is %s", begun.URI)
	}
	if octets, err := base32.StdEncoding.DecodeString(begun.Secret); err != nil || len(octets) != 20 {
		t.Errorf("the secret is %q", begun.Secret)
	}
	for _, row := range begun.QR {
		if len(row) != len(begun.QR) || strings.Trim(row, "01") != "" {
			t.Fatalf("the QR code has a row %q of %d", row, len(begun.QR))
		}
	}
	if len(begun.QR) < 21 || !strings.HasPrefix(begun.QR[0], "1111111") {
		t.Errorf("no QR code: %q", begun.QR)
	}

	w.ask("POST", "/api/account/totp/confirm", cookie, fmt.Sprintf(`{"id":%q,"code":"000000"}`, begun.ID)).want(422)
	code := app{w, begun.Secret}.code()
	confirm := fmt.Sprintf(`{"id":%q,"code":%q}`, begun.ID, code)
	w.ask("POST", "/api/account/totp/confirm", w.cookieOf("bert"), confirm).want(422) // another sign-in of the same user
	var got struct{ Recovery []string }
	w.ask("POST", "/api/account/totp/confirm", cookie, confirm).want(200).into(&got)
	if len(got.Recovery) != room.RecoveryCodes {
		t.Errorf("recovery codes: %q", got.Recovery)
	}
	var account struct {
		TOTP             *struct{ Made time.Time }
		Recovery         int
		Password, Proved bool
	}
	w.ask("GET", "/api/account", cookie, "").want(200).into(&account)
	if account.TOTP == nil || !account.TOTP.Made.Equal(w.clock()) || account.Recovery != room.RecoveryCodes || !account.Password || !account.Proved {
		t.Errorf("the account is %+v", account)
	}
	// The code that has shown it to work is spent.
	w.ask("POST", "/api/session", "", signInWith("bert", code)).want(401)
}

func TestASecretWaitsTenMinutesForItsCode(t *testing.T) {
	w := newWorld(t)
	cookie := w.cookieOf("bert")
	var begun struct{ ID, Secret string }
	w.ask("POST", "/api/account/totp", cookie, "").want(201).into(&begun)
	w.pass(10 * time.Minute)
	w.ask("POST", "/api/session/proof", cookie, `{"password":"`+password+`"}`).want(204)
	w.ask("POST", "/api/account/totp/confirm", cookie, fmt.Sprintf(`{"id":%q,"code":%q}`, begun.ID, app{w, begun.Secret}.code())).want(422)
}

func TestAPasswordAloneIsNotEnoughWhereThereIsASecondFactor(t *testing.T) {
	w := newWorld(t)
	app, recovery := w.enroll(w.cookieOf("bert"))
	w.pass(time.Minute)

	if p := w.ask("POST", "/api/session", "", signInBert).want(401).problem(); !p.Code || p.Passkey {
		t.Errorf("a right password without a code is answered %+v", p)
	}
	if p := w.ask("POST", "/api/session", "", signInWith("bert", "123456")).want(401).problem(); !p.Code {
		t.Errorf("a wrong code is answered %+v", p)
	}
	// Who doesn't know the password learns nothing of a second factor.
	wrong := w.ask("POST", "/api/session", "", `{"name":"bert","password":"wrong","code":"`+app.code()+`"}`).want(401)
	if p := wrong.problem(); p.Code || !same(wrong, w.ask("POST", "/api/session", "", `{"name":"nobody","password":"wrong","code":"123456"}`)) {
		t.Errorf("a wrong password is answered %s", dump(wrong))
	}
	code := app.code()
	w.ask("POST", "/api/session", "", signInWith("bert", code)).want(200)
	w.ask("POST", "/api/session", "", signInWith("bert", code)).want(401) // twice
	w.ask("POST", "/api/session", "", signInWith("bert", strings.ToLower(strings.ReplaceAll(recovery[3], "-", " ")))).want(200)
	w.ask("POST", "/api/session", "", signInWith("bert", recovery[3])).want(401) // twice
	w.ask("POST", "/api/session", "", signInWith("bert", recovery[4])).want(200)
}

func TestAPasswordLinkDoesNotTakeThePlaceOfASecondFactor(t *testing.T) {
	w := newWorld(t)
	w.enroll(w.cookieOf("bert"))
	var link struct{ Token string }
	w.ask("POST", "/api/users/bert/invitation", w.cookieOf("anna"), "").want(201).into(&link)
	a := w.ask("POST", "/api/invitations/accept", "", `{"token":"`+link.Token+`","password":"`+newPassword+`"}`).want(401)
	if !a.problem().Code || a.cookie() != nil {
		t.Errorf("it is answered %s", dump(a))
	}
}

func TestWhoHasNoDemandedFactorMaySetOneUpAndNothingElse(t *testing.T) {
	w := newWorld(t)
	app, _ := w.enroll(w.cookieOf("anna"))
	before := w.cookieOf("bert")
	w.pass(time.Minute)
	admin := w.ask("POST", "/api/session", "", signInWith("anna", app.code())).want(200).cookie().Value
	w.ask("PATCH", "/api/signin/rules", admin, `{"demand":["member","admin"]}`).want(200)
	w.ask("GET", "/api/session", before, "").want(401) // opened without one

	a := w.ask("POST", "/api/session", "", signInBert).want(200)
	a.is(`{"name":"bert","display":"Bert","role":"member","enroll":true}`)
	cookie := a.cookie().Value
	limited := map[string]bool{"GET /api/session": true, "DELETE /api/session": true, "GET /api/account": true, "POST /api/session/proof": true,
		"POST /api/account/totp": true, "POST /api/account/totp/confirm": true, "POST /api/account/passkeys/options": true, "POST /api/account/passkeys": true,
		"POST /api/session/proof/options": true, "POST /api/session/passkey": true}
	for _, e := range endpoints {
		if e.nobody != 401 || limited[e.String()] || e.path == "/api/session" {
			continue
		}
		q := names{w.alpha, w.alphaTopic, "bert"}.fill(e.request)
		if a := w.ask(q.method, q.path, cookie, q.body); a.Code != 403 || !a.problem().Enroll {
			t.Errorf("%s: %s", e.request, dump(a))
		}
	}
	w.pass(time.Minute)
	w.enroll(cookie)
	w.ask("GET", "/api/session", cookie, "").want(200).is(`{"name":"bert","display":"Bert","role":"member"}`)
	w.ask("GET", "/api/deals", cookie, "").want(200)
	w.ask("DELETE", "/api/account/totp", cookie, "").want(403) // it is demanded
}

// TestWhatChangesHowOneSignsInWantsAFreshProof asks for it all more than ten
// minutes after signing in.
func TestWhatChangesHowOneSignsInWantsAFreshProof(t *testing.T) {
	w := newWorld(t)
	cookie := w.cookieOf("anna")
	app, recovery := w.enroll(cookie)
	w.pass(room.ProofLife)
	other := w.cookieOfFactor("anna", recovery[9])
	w.pass(room.ProofLife)
	changes := []request{
		{"POST", "/api/account/totp", ""},
		{"POST", "/api/account/totp/confirm", `{"id":"x","code":"123456"}`},
		{"DELETE", "/api/account/totp", ""},
		{"POST", "/api/account/recovery", ""},
		{"POST", "/api/session/password", `{"old":"` + password + `","new":"` + newPassword + `"}`},
		{"DELETE", "/api/sessions", ""},
		{"DELETE", "/api/sessions/" + w.sessionOf(other), ""},
		{"POST", "/api/users/anna/tokens", `{"label":"a tool"}`},
		{"DELETE", "/api/users/anna/tokens/x", ""},
		{"DELETE", "/api/users/bert/sessions", ""},
		{"DELETE", "/api/users/bert/factors", ""},
		{"POST", "/api/users/bert/invitation", ""},
		{"POST", "/api/users", `{"name":"ines","role":"admin","password":"` + newPassword + `"}`},
		{"POST", "/api/invitations", `{"role":"admin"}`},
		{"PATCH", "/api/users/bert", `{"version":1,"role":"admin"}`},
		{"PATCH", "/api/signin/rules", `{"idle":3600}`},
		{"DELETE", "/api/users/anna/sessions", ""}, // the one that changes it, too
	}
	for _, q := range changes {
		if a := w.ask(q.method, q.path, cookie, q.body); a.Code != 403 || !a.problem().Prove {
			t.Errorf("%s: %s", q, dump(a))
		}
	}
	prove := func(password, code string) answer {
		return w.ask("POST", "/api/session/proof", cookie, fmt.Sprintf(`{"password":%q,"code":%q}`, password, code))
	}
	if p := prove(password, "").want(403).problem(); !p.Code {
		t.Errorf("a proof without a code is answered %+v", p)
	}
	prove("wrong", app.code()).want(403)
	prove(password, "123456").want(403)
	prove(password, recovery[0]).want(403) // which are for signing in
	code := app.code()
	prove(password, code).want(204)
	prove(password, code).want(403) // twice
	w.ask("POST", "/api/session", "", signInWith("anna", code)).want(401)
	for _, q := range changes {
		if a := w.ask(q.method, q.path, cookie, q.body); a.Code == 403 {
			t.Errorf("%s: %s", q, dump(a))
		}
	}
}
