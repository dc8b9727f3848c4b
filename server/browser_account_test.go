package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// openAccount shows the account of who is signed in, from the room.
func openAccount(p *servertest.Page) {
	p.Click("button", "Settings")
	p.Click("button", "Your account …")
	p.Find("heading", "Tokens for programs")
}

// What is removed is gone at the server, too; what is made anew takes the place
// of what was there; and a second factor that is demanded and the last one stays.
func TestAccountGivesAndTakesSecondFactors(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	p.Be(anna)
	p.Authenticator()
	files := p.Downloads()
	p.Open(r.Plain + "/")
	connected(p)
	openAccount(p)
	own := func() (is struct {
		TOTP     *struct{}
		Passkeys []struct{ Label string }
		Recovery int
	}) {
		t.Helper()
		anna.Must(t, "GET", "/api/account", nil, &is, 200)
		return is
	}

	// A wrong code sets nothing up.
	p.Click("button", "Set up an app")
	p.Type("textbox", "Code that the app shows", "000000")
	p.Press(kb.Enter)
	p.UntilText("alert", "", "That code is wrong. Is the clock of that device right? After 10 minutes, begin again.")
	focused(p, "textbox", "Code that the app shows")
	if own().TOTP != nil {
		t.Error("a wrong code has set an app up")
	}
	app := p.App()
	p.Type("textbox", "Code that the app shows", app.Code(t))
	p.Press(kb.Enter)

	// The codes are saved as they are shown, each on a line.
	p.Find("dialog", "Recovery codes")
	shown := recoveryShown(p)
	p.Click("button", "Download")
	saved := p.Saved(files, "recovery-codes-anna.txt")
	if !strings.Contains(saved, "\n\n"+strings.Join(shown, "\n")+"\n") || !strings.HasPrefix(saved, "Recovery codes of anna at localhost") {
		t.Errorf("the file says %q, want these codes, and of whom and where they are: %q", saved, shown)
	}
	kept(p)
	p.Find("StaticText", "10 codes are left. …")

	// New codes take the place of those.
	p.Click("button", "Make new codes")
	p.Find("StaticText", "The codes that you have now are worth nothing from then on.")
	focused(p, "button", "Cancel")
	p.Click("button", "Make new codes")
	p.Find("list", "Recovery codes")
	anew := recoveryShown(p)
	kept(p)
	signIn := func(code string) int {
		status, _ := r.Anonymous(t).Do(t, "POST", "/api/session", map[string]any{"name": "anna", "password": servertest.Password, "code": code})
		return status
	}
	if got := signIn(shown[0]); got != http.StatusUnauthorized {
		t.Errorf("a code that was replaced is answered with %d", got)
	}
	if got := signIn(anew[0]); got != http.StatusOK {
		t.Errorf("a new code is answered with %d", got)
	}

	// The last one stays where one is demanded, with the reason.
	anna.Must(t, "PATCH", "/api/signin/rules", map[string]any{"demand": []string{"admin"}, "version": version(t, anna)}, nil, 200)
	p.Click("button", "Remove the app")
	p.Click("button", "Remove")
	p.UntilText("alert", "", "A second factor is demanded of you, and this is your last. Add another one before you remove it.")
	p.Click("button", "Cancel")
	if own().TOTP == nil {
		t.Fatal("the last second factor is gone although one is demanded")
	}

	// A passkey beside it, and it can go.
	p.Click("button", "Add a passkey")
	p.Type("textbox", "Name", "  Schlüssel am Bund ")
	p.Press(kb.Enter)
	p.Find("button", "Remove the passkey Schlüssel am Bund")
	if is := own(); len(is.Passkeys) != 1 || is.Passkeys[0].Label != "Schlüssel am Bund" {
		t.Errorf("the passkeys are %v", is.Passkeys)
	}
	p.Click("button", "Add a passkey")
	p.Press(kb.Enter)
	p.UntilText("alert", "", "This device has a passkey for your account already.")
	p.Click("button", "Cancel")
	p.Click("button", "Remove the app")
	p.Click("button", "Remove")
	p.UntilText("status", "", "The app is removed.")
	p.Find("button", "Set up an app")
	if own().TOTP != nil {
		t.Error("the app that was removed is still there")
	}

	// And the passkey, once none is demanded any more.
	anna.Must(t, "PATCH", "/api/signin/rules", map[string]any{"demand": []string{}, "version": version(t, anna)}, nil, 200)
	p.Click("button", "Remove the passkey Schlüssel am Bund")
	p.Find("StaticText", "Nobody can sign in with “Schlüssel am Bund” any more. Delete it where it is kept, too.")
	p.Click("button", "Remove")
	p.UntilText("status", "", "The passkey is removed.")
	if is := own(); len(is.Passkeys) != 0 {
		t.Errorf("the passkeys are %v, want none", is.Passkeys)
	}
	if p.Count("heading", "Recovery codes") > 0 {
		t.Error("there are recovery codes without a second factor")
	}
}

// What changes meanwhile, or can't be had, is said, and can be tried again.
func TestAccountSaysWhatIsSo(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	var made struct{ ID string }
	anna.Must(t, "POST", "/api/users/anna/tokens", map[string]any{"label": "Bericht", "role": "observer"}, &made, 201)
	p.Be(anna)
	p.Open(r.Plain + "/")
	connected(p)
	openAccount(p)

	// Revoked elsewhere meanwhile: that is said, and what is so now is shown.
	anna.Must(t, "DELETE", "/api/users/anna/tokens/"+made.ID, nil, nil, 204)
	p.Click("button", "Revoke the token Bericht")
	p.Click("button", "Revoke")
	p.UntilText("status", "", "That is gone already. This is what is there now.")
	p.Find("StaticText", "With a token, a program or script acts in your name, without your password.")

	// A sign-in that has ended elsewhere.
	other := r.SignIn(t, "anna")
	p.Click("button", "Close")
	openAccount(p)
	p.Find("button", "End the sign-in Go-http-client/1.1…")
	other.Must(t, "DELETE", "/api/session", nil, nil, 204)
	p.Click("button", "End the sign-in Go-http-client/1.1…")
	p.UntilText("status", "", "That is gone already. This is what is there now.")
	p.Find("StaticText", "You are signed in nowhere else.")
	focused(p, "heading", "Where you are signed in")
	p.Click("button", "Close")

	// A text that can't be a name or a password is refused before it is sent.
	openAccount(p)
	p.Click("button", "Make a token")
	p.Press(kb.Enter)
	p.UntilText("alert", "", "A name has 1 to 64 characters on one line.")
	focused(p, "textbox", "Name")
	p.Type("textbox", "Name", hostile[0])
	p.Press(kb.Enter)
	p.Find("textbox", "Token")
	p.Click("button", "Done")
	p.Find("button", "Revoke the token "+hostile[0])
	noElements(t, p)
	p.Click("button", "Change the password")
	p.Type("textbox", "Old password", servertest.Password)
	p.Type("textbox", "New password", "too short")
	p.Press(kb.Enter)
	p.UntilText("alert", "", "A password has at least 12 characters.")
	p.Type("textbox", "New password", "password1234")
	p.Press(kb.Enter)
	p.UntilText("alert", "", "That password won’t do: it is one of those that everybody tries, or has your name in it, or is too short. Choose another one.")
	focused(p, "textbox", "New password")
	p.Click("button", "Cancel")

	// Without an answer.
	p.Click("button", "Close")
	servertest.Evaluate[any](p, `window.reach = window.fetch, window.fetch = (path, how) => String(path).startsWith("/api/account") && window.away ? Promise.reject(new TypeError("away")) : window.reach(path, how), window.away = true`)
	p.Click("button", "Settings")
	p.Click("button", "Your account …")
	p.UntilText("alert", "", "The server doesn’t answer. Check the connection, then try again.")
	servertest.Evaluate[any](p, `window.away = false`)
	p.Click("button", "Try again")
	p.Find("heading", "Tokens for programs")
	p.Click("button", "Close")

	// A sign-in that ends takes what is shown of it along.
	openAccount(p)
	anna.Must(t, "DELETE", "/api/users/anna/sessions", nil, nil, 204)
	p.Find("textbox", "User name")
	p.Gone("dialog", "…")
}

// A passkey belongs to a host's name: at an IP address none is offered, and it is
// said why.
func TestAccountOffersNoPasskeyAtAnAddress(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	r.Admin(t)
	p.Open(strings.Replace(r.Plain, "localhost", "127.0.0.1", 1) + "/")
	p.Type("textbox", "User name", "anna")
	p.Type("textbox", "Password", servertest.Password)
	p.Press(kb.Enter)
	connected(p)
	openAccount(p)
	p.Find("StaticText", "Passkeys need a host with a name. Open the page by its name, or as localhost, not by an IP address.")
	if p.Count("button", "Add a passkey") > 0 {
		t.Error("a passkey is offered where there can be none")
	}
}

// recoveryShown are the codes that are shown.
func recoveryShown(p *servertest.Page) []string {
	return servertest.Evaluate[[]string](p, `[...document.querySelectorAll("dialog.recovery .codes li")].map((code) => code.textContent)`)
}

// kept says that the codes that are shown are kept.
func kept(p *servertest.Page) {
	p.Click("checkbox", "I have kept them")
	p.Click("button", "Done")
	p.Gone("dialog", "Recovery codes")
}

// version is that of the rules of signing in.
func version(t *testing.T, admin *servertest.API) int {
	t.Helper()
	var rules struct{ Version int }
	admin.Must(t, "GET", "/api/signin/rules", nil, &rules, 200)
	return rules.Version
}
