package httpd_test

import "testing"

func TestAdminsSeeWhoHasWhichSecondFactor(t *testing.T) {
	w := newWorld(t)
	bert := w.cookieOf("bert")
	type user struct {
		Name     string
		TOTP     bool
		Passkeys int
	}
	see := func() map[string]user {
		var list struct{ Users []user }
		w.ask("GET", "/api/users", w.cookieOf("anna"), "").want(200).into(&list)
		by := make(map[string]user)
		for _, u := range list.Users {
			by[u.Name] = u
		}
		return by
	}
	if u := see()["bert"]; u.TOTP || u.Passkeys != 0 {
		t.Errorf("who has none has %+v", u)
	}
	w.enroll(bert)
	w.authenticator().register(bert, "Laptop").want(201)
	w.authenticator().register(bert, "Phone").want(201)
	all := see()
	if u := all["bert"]; !u.TOTP || u.Passkeys != 2 {
		t.Errorf("who has codes and two passkeys has %+v", u)
	}
	if u := all["carl"]; u.TOTP || u.Passkeys != 0 {
		t.Errorf("another one has %+v", u)
	}
	w.ask("DELETE", "/api/users/bert/factors", w.cookieOf("anna"), "").want(204)
	if u := see()["bert"]; u.TOTP || u.Passkeys != 0 {
		t.Errorf("whose were taken has %+v", u)
	}
}
