package httpd_test

import (
	"strings"
	"testing"

	"redroom/server/room"
)

const company = `"label":"Example Corp","issuer":"https://login.example","clientID":"room","nameClaim":"preferred_username","match":true,"create":false,"groupsClaim":"groups","groups":[{"group":"deals","role":"member"}]`

func TestAnAdminSetsTheRulesOfSigningIn(t *testing.T) {
	w := newWorld(t)
	anna := w.cookieOf("anna")
	w.ask("GET", "/api/signin/rules", anna, "").want(200).is(`{"demand":[],"idle":259200,"life":1209600,"provider":null,"version":1}`)
	w.ask("PATCH", "/api/signin/rules", anna, `{"demand":["observer"],"version":1}`).want(200)
	w.ask("PATCH", "/api/signin/rules", anna, `{"demand":[],"version":1}`).want(409)
	w.ask("PATCH", "/api/signin/rules", anna, `{"idle":1}`).want(422)
	w.ask("PATCH", "/api/signin/rules", anna, `{"demand":["admin"]}`).want(403) // whose own sign-in shows none
	w.ask("PATCH", "/api/signin/rules", anna, `{"provider":{"surprise":1}}`).want(400)
	w.ask("PATCH", "/api/signin/rules", anna, `{"provider":7}`).want(400)

	w.ask("GET", "/api/signin", "", "").want(200).is(`{}`)
	a := w.ask("PATCH", "/api/signin/rules", anna, `{"provider":{`+company+`,"secret":"the client's secret"}}`).want(200)
	a.is(`{"demand":["observer"],"idle":259200,"life":1209600,"provider":{` + company + `},"providerSecret":true,"version":3}`)
	w.ask("GET", "/api/signin", "", "").want(200).is(`{"provider":{"label":"Example Corp"}}`)
	if told := w.ask("GET", "/api/session", "", "").want(401).Body.String(); !strings.Contains(told, `"provider":{"label":"Example Corp"}`) {
		t.Errorf("who isn't signed in isn't told of the company's sign-in: %s", told)
	}

	secret := func() string { return string(w.store.State().SignInRules().Provider.Secret) }
	sealed := secret()
	if sealed == "" || strings.Contains(sealed, "secret") {
		t.Errorf("the secret is kept as %q", sealed)
	}
	w.ask("PATCH", "/api/signin/rules", anna, `{"provider":{`+strings.Replace(company, "Example", "Sample", 1)+`}}`).want(200)
	if secret() != sealed {
		t.Error("the secret is lost when only the label changes")
	}
	a = w.ask("PATCH", "/api/signin/rules", anna, `{"provider":{`+company+`,"secret":""}}`).want(200)
	if strings.Contains(a.Body.String(), "providerSecret") {
		t.Error("a secret that was emptied is said to be kept")
	}
	if secret() != "" {
		t.Error("a secret that was emptied stays")
	}
	w.ask("PATCH", "/api/signin/rules", anna, `{"provider":{`+company+`,"secret":"the client's secret"}}`).want(200)
	w.ask("PATCH", "/api/signin/rules", anna, `{"provider":{`+strings.Replace(company, "login.example", "evil.example", 1)+`}}`).want(200)
	if secret() != "" {
		t.Error("the secret goes to another provider")
	}
	w.ask("PATCH", "/api/signin/rules", anna, `{"provider":null}`).want(200)
	if w.store.State().SignInRules().Provider != nil {
		t.Error("the provider stays")
	}
	for _, r := range w.trail() {
		if r.Action == room.ActionRulesChanged && strings.Contains(r.Detail, "client's") {
			t.Errorf("the trail has the secret: %s", r.Detail)
		}
	}
}
