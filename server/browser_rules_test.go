package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"
	"github.com/pquerna/otp/totp"

	"redroom/server/servertest"
	"redroom/server/servertest/openid"
)

// enrolled sets codes up for somebody; code gives one that was not given before.
func enrolled(t *testing.T, as *servertest.API) (code func() string) {
	t.Helper()
	var begun struct{ ID, Secret string }
	as.Must(t, "POST", "/api/account/totp", nil, &begun, 201)
	at := time.Now().Add(-30 * time.Second)
	code = func() string {
		t.Helper()
		c, err := totp.GenerateCode(begun.Secret, at)
		if err != nil {
			t.Fatal(err)
		}
		at = at.Add(30 * time.Second)
		return c
	}
	as.Must(t, "POST", "/api/account/totp/confirm", map[string]any{"id": begun.ID, "code": code()}, nil, 200)
	return code
}

// An admin sets the company's sign-in up by a form, and says which of its groups
// gives which role. Who is known to it comes in by it, in that role; who isn't
// doesn't. Once it is removed, nobody does.
func TestAnAdminSetsTheCompanysSignInUp(t *testing.T) {
	t.Parallel()
	anna, bert := servertest.OpenPage(t), servertest.OpenPage(t)
	r := servertest.Start(t)
	m := openid.Start(t, nil, r.Plain)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	topic := admin.Topic(t, deal, "Price", 1)
	r.Join(t, admin, "bert", "member", deal)
	change := "Change the company’s sign-in"
	anna.Be(admin)
	anna.Open(r.Plain + "/admin#users")
	anna.Click("link", "Signing in")
	anna.Find("heading", "Signing in")
	if url := anna.Find("textbox", "Redirect URL for the provider").Value; url != r.Plain+"/api/session/company/callback" {
		t.Errorf("the provider is to send browsers back to %s", url)
	}
	fill := func(field, text string) { anna.Type("textbox", field, text) }

	// What can't be is refused at its field, before anything is sent.
	fill("Name on the button", "Example Corp")
	fill("Issuer", "login.example.com")
	anna.Click("button", "Save the company’s sign-in")
	shown(anna, "An issuer is a URL such as https://login.example.com/realm.")
	focused(anna, "textbox", "Issuer")
	fill("Issuer", m.Issuer())
	fill("Client ID", m.ClientID)
	fill("Client secret", m.ClientSecret)
	fill("Claim for groups", "groups")
	anna.Click("checkbox", "Give whoever has that name the account of that name")
	anna.Click("button", "Save the company’s sign-in")
	told(anna, change, "Whoever the provider gives the name of an account here gets that account, an admin’s, too.")
	anna.Click("button", change)
	anna.Find("StaticText", "Saved.")
	anna.Find("button", "Remove the company’s sign-in")
	if secret := anna.Find("textbox", "Client secret").Value; secret != "" {
		t.Errorf("the secret stands in its field: %q", secret)
	}

	// The first of the groups that somebody is in gives the role.
	add := func(group, role string) {
		t.Helper()
		fill("Group", group)
		chooses(t, anna, "Role", role)
		anna.Click("button", "Add")
		anna.Find("button", "Remove "+group)
	}
	add("partners", "Observer")
	add("deals", "Member")
	fill("Group", "deals")
	anna.Click("button", "Add")
	shown(anna, "That group is there already.")
	anna.Click("button", "Move deals up")
	anna.Find("button", "Move partners up")

	comes := func(user *mockoidc.MockUser) {
		t.Helper()
		m.QueueUser(user)
		bert.Open(r.Plain + "/t/" + topic)
		bert.Click("link", "Sign in with Example Corp")
	}
	role := func() (role string) {
		t.Helper()
		var all struct{ Users []struct{ Name, Role string } }
		admin.Must(t, "GET", "/api/users", nil, &all, 200)
		for _, u := range all.Users {
			if u.Name == "bert" {
				role = u.Role
			}
		}
		return role
	}
	comes(&mockoidc.MockUser{Subject: "4711", PreferredUsername: "dora", Groups: []string{"deals"}})
	bert.Find("StaticText", "You were signed in there, but have no account here…")
	comes(&mockoidc.MockUser{Subject: "4712", PreferredUsername: "bert", Groups: []string{"canteen"}})
	bert.Find("StaticText", "You were signed in there, but may not come in here…")
	comes(&mockoidc.MockUser{Subject: "4712", PreferredUsername: "bert", Groups: []string{"partners"}})
	connected(bert)
	bert.Find("heading", "Price")
	if got := role(); got != "observer" {
		t.Errorf("a partner is %s", got)
	}
	bert.BeNobody()
	comes(&mockoidc.MockUser{Subject: "4712", PreferredUsername: "berta", Groups: []string{"partners", "deals"}})
	connected(bert)
	bert.Find("heading", "Price")
	if got := role(); got != "member" {
		t.Errorf("who is in both groups is %s, which the second gives", got)
	}

	anna.Click("link", "Audit")
	shown(anna, "Bert signed in with the company’s sign-in.")
	shown(anna, "The company’s sign-in gave Bert the role Member.")
	shown(anna, "anna set the company’s sign-in: "+m.Issuer()+".")

	// The secret alone can be taken back, and the rest stays.
	anna.Click("link", "Signing in")
	anna.Click("button", "Forget the secret")
	told(anna, "Forget the secret", "None is sent to the provider any more.")
	anna.Click("button", "Forget the secret")
	anna.Gone("button", "Forget the secret")
	var kept struct {
		Provider       struct{ Issuer string }
		ProviderSecret bool
	}
	if admin.Must(t, "GET", "/api/signin/rules", nil, &kept, 200); kept.ProviderSecret || kept.Provider.Issuer != m.Issuer() {
		t.Errorf("without a secret the rules are %+v", kept)
	}

	anna.Click("button", "Remove the company’s sign-in")
	told(anna, "Remove the company’s sign-in", "Nobody can sign in by it any more.")
	anna.Click("button", "Remove the company’s sign-in")
	anna.Gone("button", "Remove the company’s sign-in")
	bert.BeNobody()
	bert.Open(r.Plain + "/")
	bert.Find("textbox", "User name")
	if bert.Count("link", "Sign in with Example Corp") > 0 {
		t.Error("the company's sign-in is offered though it is removed")
	}
}

// An admin says of whom a second factor is demanded and when sign-ins end. What
// it means for whom is said before, and holds at once.
func TestAnAdminSetsWhatEverySignInHasToKeepTo(t *testing.T) {
	t.Parallel()
	anna, bert := servertest.OpenPage(t), servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	topic := admin.Topic(t, deal, "Price", 1)
	bert.Be(r.Join(t, admin, "bert", "member", deal))
	carla := r.Join(t, admin, "carla", "member", deal)
	enrolled(t, carla)
	bert.Open(r.Plain + "/t/" + topic)
	connected(bert)
	anna.Be(admin)
	anna.Open(r.Plain + "/admin#signin")
	anna.Find("heading", "Signing in")
	var rules struct {
		Demand     []string
		Idle, Life int
		Version    int64
	}
	now := func() { admin.Must(t, "GET", "/api/signin/rules", nil, &rules, 200) }
	save := func() { anna.Click("button", "Save the rules") }

	// Whoever has none is named; nothing happens unless that is wanted.
	anna.Click("checkbox", "Members")
	save()
	told(anna, "Change the rules", "A second factor is demanded of Members.")
	told(anna, "Change the rules", "Bert has no second factor yet, and sets one up first.")
	anna.Click("button", "Cancel")
	anna.Gone("dialog", "…")
	if now(); len(rules.Demand) != 0 {
		t.Errorf("demanded of %q without having been wanted", rules.Demand)
	}
	save()
	anna.Find("dialog", "Change the rules")
	anna.Click("button", "Change the rules")
	anna.Find("StaticText", "Saved.")
	bert.Find("textbox", "User name")
	carla.Must(t, "GET", "/api/deals", nil, nil, 200)
	anna.Click("link", "Users")
	anna.Find("link", "Bert bert no second factor")
	anna.Find("link", "Carla carla") // who has one

	// Of one's own role only with one of one's own.
	anna.Click("link", "Signing in")
	anna.Click("checkbox", "Admins")
	save()
	anna.Find("dialog", "Change the rules")
	anna.Click("button", "Change the rules")
	shown(anna, "To demand a second factor of one’s own role")
	anna.Click("checkbox", "Admins")

	// Times: none that can't be; shorter ones are said to end sign-ins.
	chooses(t, anna, "A sign-in that isn’t used ends after", "30 days")
	save()
	shown(anna, "This can’t be longer than any sign-in lasts.")
	chooses(t, anna, "A sign-in that isn’t used ends after", "15 minutes")
	chooses(t, anna, "Any sign-in ends after", "8 hours")
	save()
	told(anna, "Change the rules", "Sign-ins that are older than that end at once.")
	anna.Click("button", "Change the rules")
	anna.Gone("dialog", "…")
	anna.Find("StaticText", "Saved.")
	anna.Until("what was chosen to be the rules", func() bool {
		now()
		return rules.Idle == 15*60 && rules.Life == 8*60*60 && len(rules.Demand) == 1
	})

	// Somebody was faster: what is so stands beside what was typed.
	admin.Must(t, "PATCH", "/api/signin/rules", map[string]any{"idle": 3600}, nil, 200)
	chooses(t, anna, "A sign-in that isn’t used ends after", "5 minutes")
	save()
	shown(anna, "Somebody has changed this meanwhile.")
	shown(anna, "Now: 1 hour")
}

// An admin takes a second factor from who has lost it, and makes a token for a
// program, which is shown once, works, and works no more once it is revoked.
func TestAnAdminHelpsWhoHasLostAFactorAndProgramsToSignIn(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	deal := admin.Deal(t, "Alpha", "all")
	bert := r.Join(t, admin, "bert", "member", deal)
	r.Join(t, admin, "robot", "bot", deal)
	enrolled(t, bert)
	p.Be(admin)
	p.Open(r.Plain + "/admin#users/bert")
	shown(p, "Set up: codes from an app.")
	p.Click("button", "Take the second factor away")
	told(p, "Take the second factor away", "All sign-ins of Bert end.")
	told(p, "Take the second factor away", "Then a password alone signs in, until one is set up again.")
	p.Click("button", "Cancel")
	p.Gone("dialog", "…")
	bert.Must(t, "GET", "/api/session", nil, nil, 200)
	p.Click("button", "Take the second factor away")
	p.Find("dialog", "Take the second factor away")
	p.Click("button", "Take the second factor away")
	shown(p, "None is set up.")
	bert.Must(t, "GET", "/api/session", nil, nil, 401)
	r.SignIn(t, "bert") // with the password alone

	p.Open(r.Plain + "/admin#users/robot")
	p.Click("button", "Make a token")
	p.Type("textbox", "Name", "Nightly report")
	p.Click("button", "Make a token")
	token := p.Find("textbox", "Token").Value
	if !strings.HasPrefix(token, "rr_") {
		t.Fatalf("the token is %q", token)
	}
	p.Click("button", "Done")
	p.Find("button", "Revoke the token Nightly report")
	if strings.Contains(p.Outline(), token) {
		t.Error("the token is shown again")
	}
	program := func() int {
		t.Helper()
		ask, err := http.NewRequestWithContext(t.Context(), "GET", r.Plain+"/api/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		ask.Header.Set("Authorization", "Bearer "+token)
		answer, err := r.Anonymous(t).HTTP.Do(ask)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if got := program(); got != 200 {
		t.Errorf("the token is answered %d", got)
	}
	p.Click("button", "Revoke the token Nightly report")
	told(p, "Revoke the token", "Nightly report")
	p.Click("button", "Revoke")
	p.Find("StaticText", "The token is revoked.")
	p.Gone("button", "Revoke the token Nightly report")
	if got := program(); got != 401 {
		t.Errorf("once revoked, it is answered %d", got)
	}
	p.Click("link", "What happened")
	shown(p, "anna made the token Nightly report for Robot, in the role Bot.")
	shown(p, "anna revoked a token of Robot.")
}
