package server_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// setUpCodes gives an account an app that shows codes, and its recovery codes.
func setUpCodes(t *testing.T, as *servertest.API) (*app, []string) {
	t.Helper()
	var begun struct{ ID, Secret string }
	as.Must(t, "POST", "/api/account/totp", nil, &begun, 201)
	a := &app{t: t, secret: begun.Secret}
	var got struct{ Recovery []string }
	as.Must(t, "POST", "/api/account/totp/confirm", map[string]any{"id": begun.ID, "code": a.next()}, &got, 200)
	return a, got.Recovery
}

// complains waits until the page complains in these words, with the focus where that
// can be mended.
func complains(p *servertest.Page, field, text string) {
	p.UntilText("alert", "", text)
	p.Until("the focus in "+field, func() bool { return p.Focus().Name == field })
}

// signOut leaves the room by its button.
func signOut(p *servertest.Page) {
	p.Click("button", "Sign out")
	p.Find("button", "Sign in")
}

// age has all sign-ins so far be opened that much earlier than they were.
func age(t *testing.T, r *servertest.Room, by time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(r.Data, "redroom.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "UPDATE sessions SET opened = opened - ?", by.Milliseconds()); err != nil {
		t.Fatal(err)
	}
}

const (
	appCode      = "Code that the app shows"
	recoveryCode = "Recovery code"
)

func TestWhoHasASecondFactorIsAskedForItOnThePage(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	topic := admin.Topic(t, admin.Deal(t, "GeldGeldGeld AG", "all"), "Forderungen", 1)
	a, recovery := setUpCodes(t, admin)

	signIn(p, r.Plain+"/t/"+topic, "anna", servertest.Password)
	p.Find("heading", "Second factor")
	p.Until("the focus where the code goes", func() bool { return p.Focus().Name == appCode })
	for _, wrong := range []string{"", "12345", "abcdef"} {
		p.Type("textbox", appCode, wrong)
		p.Press(kb.Enter)
		complains(p, appCode, "Enter the six digits that the app shows now.")
	}
	used := a.at(a.last)
	p.Type("textbox", appCode, used)
	p.Press(kb.Enter)
	complains(p, appCode, "That code isn’t right, or was used already. Enter the next one that the app shows.")
	code := a.next()
	p.Type("textbox", appCode, code[:3]+" "+code[3:])
	p.Press(kb.Enter)
	p.Find("heading", "Forderungen")
	connected(p)

	// A recovery code, however it is typed, once.
	signOut(p)
	for try, typed := range []string{strings.ToLower(strings.ReplaceAll(recovery[0], "-", " ")), recovery[0]} {
		signIn(p, r.Plain+"/t/"+topic, "anna", servertest.Password)
		p.Click("button", "Use a recovery code")
		p.Type("textbox", recoveryCode, "only this")
		p.Press(kb.Enter)
		complains(p, recoveryCode, "Enter all 24 letters and digits of a code.")
		p.Type("textbox", recoveryCode, typed)
		p.Press(kb.Enter)
		if try == 0 {
			connected(p)
			signOut(p)
		} else {
			complains(p, recoveryCode, "That recovery code isn’t right, or was used already.")
		}
	}

	// There is a way back to the app, and to the beginning.
	p.Click("button", "Use the app’s code")
	p.Find("textbox", appCode)
	p.Click("button", "Sign in as somebody else")
	p.Find("textbox", "User name")
	p.Gone("textbox", appCode)
}

func TestSigningInWithAPasskey(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	admin.Deal(t, "GeldGeldGeld AG", "all")
	key := p.Authenticator()

	// Without one, the browser shows none.
	p.Open(r.Plain)
	p.Click("button", "Sign in with a passkey")
	const noPasskey = "No passkey was shown: it was cancelled, or took too long. Try again, or sign in in another way."
	p.UntilText("alert", "", noPasskey)

	p.Be(admin)
	p.Open(r.Plain)
	connected(p)
	addPasskey(p)
	if n := len(key.Passkeys()); n != 1 {
		t.Fatalf("the authenticator has %d passkeys, want 1", n)
	}
	signOut(p)
	p.Click("button", "Sign in with a passkey")
	connected(p)

	// The password alone does no more; the passkey beside it does.
	signOut(p)
	signIn(p, r.Plain, "anna", servertest.Password)
	p.Find("heading", "Second factor")
	p.Click("button", "Use a passkey")
	connected(p)

	// One that the account has no more says nothing of whose it was.
	servertest.Evaluate[any](p, `(async () => {
		const { passkeys } = await (await fetch("/api/account")).json();
		const gone = await fetch("/api/account/passkeys/" + passkeys[0].id, { method: "DELETE" });
		if (!gone.ok) throw new Error(await gone.text());
	})()`)
	signOut(p)
	p.Click("button", "Sign in with a passkey")
	p.UntilText("alert", "", "That passkey doesn’t sign in here. Try another one, or another way.")

	// An authenticator that doesn't know who touches it isn't enough.
	p.Be(r.SignIn(t, "anna"))
	p.Open(r.Plain)
	connected(p)
	addPasskey(p)
	signOut(p)
	key.Know(false)
	p.Click("button", "Sign in with a passkey")
	p.UntilText("alert", "", noPasskey)
}

// addPasskey adds one to the account of who is signed in on the page.
func addPasskey(p *servertest.Page) {
	servertest.Evaluate[any](p, `(async () => {
		const send = async (path, body) => {
			const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
			if (!answer.ok) throw new Error(path + ": " + answer.status + " " + (await answer.text()));
			return answer.json();
		};
		const { id, options } = await send("/api/account/passkeys/options", {});
		const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
		await send("/api/account/passkeys", { id, label: "Laptop", credential: made.toJSON() });
	})()`)
}

func TestWhoLacksADemandedFactorSetsOneUpBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "GeldGeldGeld AG", "all")
	topic := admin.Topic(t, deal, "Forderungen", 1)
	r.Join(t, admin, "bert", "member", deal)
	admin.Must(t, "PATCH", "/api/signin/rules", map[string]any{"demand": []string{"member"}}, nil, 200)

	signIn(p, r.Plain+"/t/"+topic, "bert", servertest.Password)
	p.Find("heading", "Set up a second factor")
	p.Gone("navigation", "Topics")
	p.Reload()
	p.Find("heading", "Set up a second factor")
	p.Gone("heading", "Forderungen")
	p.Click("button", "Sign out")
	p.Find("textbox", "User name")

	signIn(p, r.Plain+"/t/"+topic, "bert", servertest.Password)
	p.Click("button", "Set up an app")
	p.Find("dialog", "Set up an app")
	a := &app{t: t, secret: servertest.Evaluate[string](p, `document.querySelector("dialog .key").textContent.replaceAll(" ", "")`)}
	p.Type("textbox", appCode, a.next())
	p.Press(kb.Enter)
	p.Find("dialog", "Recovery codes")
	p.Click("checkbox", "I have kept them")
	p.Click("button", "Done")
	p.Find("heading", "Forderungen")
	connected(p)

	// From then on it is asked for.
	signOut(p)
	signIn(p, r.Plain+"/t/"+topic, "bert", servertest.Password)
	p.Type("textbox", appCode, a.next())
	p.Press(kb.Enter)
	p.Find("heading", "Forderungen")
}

func TestWhatChangesSigningInWantsAProofFirst(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	admin.Deal(t, "GeldGeldGeld AG", "all")
	p.Be(admin)
	p.Open(r.Plain)
	connected(p)
	age(t, r, 11*time.Minute)

	// Who proves nothing changes nothing.
	const title = "Confirm that it’s you"
	begin := func() {
		p.Click("button", "Settings")
		p.Click("button", "Your account …")
		p.Click("button", "Set up an app")
		p.Find("dialog", title)
		p.Until("the focus in the password", func() bool { return p.Focus().Name == "Password" })
	}
	begin()
	p.Press(kb.Escape)
	p.Gone("dialog", title)
	p.Find("StaticText", "Nothing was changed, as it wasn’t confirmed that it’s you.")
	p.Click("button", "Set up an app")
	p.Find("dialog", title)
	p.Type("textbox", "Password", "not the password")
	p.Click("button", "Confirm")
	complains(p, "Password", "That wasn’t right. Try again.")
	p.Type("textbox", "Password", servertest.Password)
	p.Click("button", "Confirm")

	// What was asked for goes on by itself.
	p.Find("dialog", "Set up an app")
	a := &app{t: t, secret: servertest.Evaluate[string](p, `document.querySelector("dialog .key").textContent.replaceAll(" ", "")`)}
	p.Type("textbox", appCode, a.next())
	p.Press(kb.Enter)
	p.Click("checkbox", "I have kept them")
	p.Click("button", "Done")
	p.Gone("dialog", "Recovery codes")
}

func TestAPasskeyProvesWhoOneIs(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	admin.Deal(t, "GeldGeldGeld AG", "all")
	key := p.Authenticator()
	p.Be(admin)
	p.Open(r.Plain)
	connected(p)
	addPasskey(p)
	age(t, r, 11*time.Minute)
	p.Click("button", "Settings")
	p.Click("button", "Your account …")
	p.Click("button", "Set up an app")
	key.Know(false)
	p.Click("button", "Confirm with a passkey")
	p.UntilText("alert", "", "No passkey was shown: it was cancelled, or took too long. Try again, or sign in in another way.")
	p.Gone("textbox", "Password") // it wouldn't be enough
	key.Know(true)
	p.Click("button", "Confirm with a passkey")
	p.Find("dialog", "Set up an app")
}
