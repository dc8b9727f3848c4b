package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
	"redroom/web"
)

// TestSigningInByKeysAlone does without a mouse all that there is to signing in,
// in both languages: an app for codes is set up and signed in with, then a
// recovery code, then a passkey; sign-ins end, a token is made and revoked, the
// password is another one, and an admin changes the rules. One always sees where
// the keyboard is, and it is where one goes on.
func TestSigningInByKeysAlone(t *testing.T) {
	t.Parallel()
	servertest.Chromium(t)
	for _, lang := range []string{"en", "de"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s := &stage{t: t, lang: lang, p: servertest.OpenPage(t, "accept-lang="+lang)}
			s.words = s.dictionary(web.Files)
			r := servertest.Start(t)
			r.Admin(t)
			anna := &typist{stage: s, room: r, password: servertest.Password}
			s.p.Authenticator()
			s.p.Open(r.Plain + "/")

			anna.enterPassword()
			anna.isIn("")
			app, recovery := anna.setUpApp()
			anna.signOut()

			anna.enterPassword()
			anna.at("textbox", "codes.code")
			s.p.Write(app.Code(t))
			s.p.Press(kb.Enter)
			anna.isIn("totp")
			anna.signOut()

			anna.enterPassword()
			anna.at("textbox", "codes.code")
			anna.press("button", "entering.useRecovery")
			anna.at("textbox", "entering.recovery")
			s.p.Write(strings.ToLower(recovery[0]))
			s.p.Press(kb.Enter)
			anna.isIn("recovery")
			anna.addPasskey()
			anna.signOut()

			anna.press("button", "signIn.passkey")
			anna.isIn("passkey")
			anna.endOthers(recovery[1:4])
			anna.makeToken()
			anna.changePassword()
			anna.changeRules()
		})
	}
}

// typist is somebody who has a keyboard and no mouse.
type typist struct {
	*stage
	room     *servertest.Room
	password string
}

// press goes to what is called so in the dictionary, and presses it.
func (y *typist) press(role, way string) {
	y.t.Helper()
	y.p.Walk(role, y.word(way))
	y.p.Press(kb.Enter)
}

// at waits until the keyboard is there.
func (y *typist) at(role, way string) {
	y.t.Helper()
	focused(y.p, role, y.word(way))
}

func (y *typist) enterPassword() {
	y.t.Helper()
	y.at("textbox", "form.userName")
	y.p.Insert("anna")
	y.p.Walk("textbox", y.word("form.password"))
	y.p.Insert(y.password)
	y.p.Press(kb.Enter)
}

// isIn waits until the room is there, in a sign-in with that second factor.
func (y *typist) isIn(factor string) {
	y.t.Helper()
	y.p.UntilText("status", y.word("connection.label"), "WebTransport")
	const current = `fetch("/api/sessions").then((answer) => answer.json()).then(({ sessions }) => sessions.find(({ current }) => current).factor)`
	if got := servertest.Evaluate[string](y.p, current); got != factor {
		y.t.Errorf("the sign-in has the second factor %q, want %q", got, factor)
	}
}

func (y *typist) signOut() {
	y.t.Helper()
	y.press("button", "topics.signOut")
	y.at("textbox", "form.userName")
}

// openAccount begins at the room.
func (y *typist) openAccount() {
	y.t.Helper()
	y.press("button", "topics.settings")
	y.p.Find("dialog", y.word("settings.title"))
	y.press("button", "ownAccount.open")
	y.p.Find("heading", y.word("tools.title"))
	y.at("heading", "own.title")
}

// leaveAccount goes back to the room.
func (y *typist) leaveAccount() {
	y.t.Helper()
	y.p.Press(kb.Escape)
	y.p.Gone("dialog", "…")
	y.at("button", "topics.settings")
}

func (y *typist) setUpApp() (app *servertest.App, recovery []string) {
	y.t.Helper()
	y.openAccount()
	y.press("button", "codes.setUp")
	y.at("textbox", "codes.code")
	app = y.p.App()
	y.p.Write("12345")
	y.p.Press(kb.Enter)
	y.p.UntilText("alert", "", y.word("codes.needCode"))
	y.at("textbox", "codes.code")
	y.p.SelectAll()
	y.p.Write(app.Code(y.t))
	y.p.Press(kb.Enter)

	y.p.Find("dialog", y.word("recovery.title"))
	y.at("heading", "recovery.title")
	recovery = recoveryShown(y.p)
	for range 3 {
		y.p.Press(kb.Escape) // they would be lost
	}
	y.press("button", "recovery.go")
	y.p.UntilText("alert", "", y.word("recovery.needKept"))
	y.at("checkbox", "recovery.kept")
	y.p.Press(" ")
	y.press("button", "recovery.go")
	y.p.Gone("dialog", y.word("recovery.title"))
	y.at("button", "codes.renew")
	y.leaveAccount()
	return app, recovery
}

func (y *typist) addPasskey() {
	y.t.Helper()
	y.openAccount()
	y.press("button", "passkeys.add")
	y.at("textbox", "own.label")
	y.p.SelectAll()
	y.p.Write("Notebook")
	y.p.Press(kb.Enter)
	y.p.Find("button", "…Notebook…")
	y.at("button", "passkeys.add")
	y.leaveAccount()
}

// endOthers ends one sign-in, then all the others, which are opened with these
// recovery codes.
func (y *typist) endOthers(recovery []string) {
	y.t.Helper()
	var others []*servertest.API
	for _, code := range recovery {
		other := y.room.Anonymous(y.t)
		other.Must(y.t, "POST", "/api/session", map[string]any{"name": "anna", "password": y.password, "code": code}, nil, http.StatusOK)
		others = append(others, other)
	}
	ended := func() (count int) {
		for _, other := range others {
			if status, _ := other.Do(y.t, "GET", "/api/session", nil); status == http.StatusUnauthorized {
				count++
			}
		}
		return count
	}
	y.openAccount()
	y.p.Walk("button", "…Go-http-client…")
	y.p.Press(kb.Enter)
	y.p.UntilText("status", "", y.word("signIns.ended"))
	y.at("heading", "signIns.title")
	if n := ended(); n != 1 {
		y.t.Errorf("%d sign-ins have ended, want the one that was chosen", n)
	}
	y.press("button", "signIns.others")
	y.p.Find("dialog", y.word("signIns.others"))
	y.press("button", "signIns.others")
	y.p.Find("StaticText", y.word("signIns.alone"))
	y.at("heading", "signIns.title")
	if n := ended(); n != len(others) {
		y.t.Errorf("%d sign-ins have ended, want all %d", n, len(others))
	}
	y.leaveAccount()
}

func (y *typist) makeToken() {
	y.t.Helper()
	y.openAccount()
	y.press("button", "tools.add")
	y.at("textbox", "own.label")
	y.p.Write("Bericht der Nacht")
	y.p.Press(kb.Enter)
	y.at("textbox", "tools.token")
	token := y.p.Find("textbox", y.word("tools.token")).Value
	if got := y.bears(token); got != http.StatusOK {
		y.t.Errorf("who comes with the new token %.3s… is answered with %d", token, got)
	}
	y.press("button", "dialog.done")
	y.at("button", "tools.add")
	if places := y.p.Mentions(token); len(places) > 0 {
		y.t.Errorf("the token is still there: %q", places)
	}
	y.p.Walk("button", "…Bericht der Nacht…")
	y.p.Press(kb.Enter)
	y.p.Find("dialog", y.word("tools.revokeTitle"))
	y.press("button", "tools.revoke")
	y.p.Gone("button", "…Bericht der Nacht…")
	y.at("heading", "tools.title")
	if got := y.bears(token); got != http.StatusUnauthorized {
		y.t.Errorf("who comes with a token that is revoked is answered with %d", got)
	}
	y.leaveAccount()
}

// bears is how a program is answered that comes with a token.
func (y *typist) bears(token string) int {
	y.t.Helper()
	request, err := http.NewRequestWithContext(y.t.Context(), "GET", y.room.Plain+"/api/deals", nil)
	if err != nil {
		y.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := y.room.Anonymous(y.t).HTTP.Do(request)
	if err != nil {
		y.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func (y *typist) changePassword() {
	y.t.Helper()
	const other = "six geese fly over the quiet harbor"
	y.openAccount()
	y.press("button", "password.change")
	y.at("textbox", "password.old")
	y.p.Insert("not the password at all")
	y.p.Walk("textbox", y.word("password.new"))
	y.p.Insert(other)
	y.p.Press(kb.Enter)
	y.p.UntilText("alert", "", y.word("password.wrong"))
	y.at("textbox", "password.old")
	y.p.SelectAll()
	y.p.Insert(y.password)
	y.p.Press(kb.Enter)
	y.p.UntilText("status", "", y.word("password.changed"))
	y.at("button", "password.change")
	y.leaveAccount()
	status, answer := y.room.Anonymous(y.t).Do(y.t, "POST", "/api/session", map[string]any{"name": "anna", "password": other})
	if status != http.StatusUnauthorized || !strings.Contains(string(answer), `"code":true`) {
		y.t.Errorf("the new password is answered with %d %s, want to be asked for a code", status, answer)
	}
	y.password = other
}

// changeRules demands a second factor of admins.
func (y *typist) changeRules() {
	y.t.Helper()
	y.press("link", "topics.administration")
	y.p.Find("heading", y.word("admin.sections.users")+"…")
	y.press("link", "admin.sections.signin")
	y.at("heading", "admin.sections.signin")
	y.p.Walk("checkbox", y.word("admin.signIn.roles.admin"))
	y.p.Press(" ")
	y.press("button", "admin.signIn.saveRules")
	y.p.Find("dialog", y.word("admin.signIn.change"))
	y.press("button", "admin.signIn.change")
	y.p.Gone("dialog", "…")
	y.at("button", "admin.signIn.saveRules")
	y.p.Find("StaticText", y.word("admin.saved"))
	demanded := servertest.Evaluate[[]string](y.p, `fetch("/api/signin/rules").then((answer) => answer.json()).then(({ demand }) => demand)`)
	if !slices.Equal(demanded, []string{"admin"}) {
		y.t.Errorf("a second factor is demanded of %q, want of admins", demanded)
	}
}
