package server_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestSigningInRefusesAFixedSession plants cookies in a browser before its owner
// signs in: whoever knows them is nobody afterwards.
func TestSigningInRefusesAFixedSession(t *testing.T) {
	leavesNoGoroutine(t)
	r, _ := servertest.StartWith(t, unhurried(t))
	s := newSiegeOf(t, &house{Room: r})
	enters := func(what, path, body, planted string, status int) (cookie string) {
		t.Helper()
		cookie = s.send("POST", path, body, s.shows(planted)).want(status).session()
		if len(cookie) < 43 || cookie == planted {
			t.Errorf("%s with the cookie %q gives the cookie %q", what, planted, cookie)
		}
		s.isNobody("the cookie that was planted before "+what, planted)
		return cookie
	}
	invented := room.NewToken()
	s.anna = s.Anonymous(t)
	anna := enters("the setup", "/api/setup", object("token", r.Setup, "name", "anna", "password", servertest.Password), invented, 201)
	s.anna.HTTP.Jar.SetCookies(parsed(t, r.Plain), []*http.Cookie{{Name: s.cookie, Value: anna}})
	deal := s.anna.Deal(t, "House", "all")
	s.otto = s.Join(t, s.anna, "otto", "member", deal)

	bert := enters("an invitation", "/api/invitations/accept",
		object("token", s.anna.Invite(t, "member", deal), "name", "bert", "password", servertest.Password), s.signsIn("otto", ""), 201)
	s.is(bert, "bert")
	signIn := object("name", "bert", "password", servertest.Password)
	for what, planted := range map[string]string{"invented": invented, "the attacker's own": s.signsIn("otto", ""), "one's own": s.signsIn("bert", "")} {
		s.is(enters("a password, "+what, "/api/session", signIn, planted, 200), "bert")
	}
	var link struct{ Token string }
	s.send("POST", "/api/users/bert/invitation", "", s.shows(anna)).want(201).into(&link)
	bert = enters("a password link", "/api/invitations/accept", object("token", link.Token, "password", servertest.Password), s.signsIn("otto", ""), 201)
	codes, recovery := s.enroll(bert)
	enters("a code", "/api/session", object("name", "bert", "password", servertest.Password, "code", codes.next()), s.signsIn("otto", ""), 200)
	enters("a recovery code", "/api/session", object("name", "bert", "password", servertest.Password, "code", recovery[0]), s.signsIn("otto", ""), 200)
	k := s.newKey()
	k.register(bert)
	enters("a passkey", "/api/session/passkey", k.shown(k.begin("/api/session/passkey/options")), s.signsIn("otto", ""), 200)

	// Two cookies of one name: one of them was planted, and opens no more than it
	// did before.
	both := func(r *http.Request) { r.Header.Set("Cookie", s.cookie+"="+invented+"; "+s.cookie+"="+bert) }
	if a := s.send("GET", "/api/session", "", both); a.StatusCode != 401 {
		t.Errorf("a planted cookie before the real one is answered %d: %s", a.StatusCode, a.body)
	}
	s.send("GET", "/api/session", "", sends("__Host-redroom", bert)).refused(401)
}

// TestSigningInRefusesWhoIsDeactivated takes an account's access away and tries
// everything by which it came in before, then and when it is active again.
func TestSigningInRefusesWhoIsDeactivated(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	bert := s.signsIn("bert", "")
	codes, recovery := s.enroll(bert)
	k := s.newKey()
	k.register(bert)
	_, tool := s.toolToken(bert, "bert", "member")
	ticket := func(cookie string) string {
		var got struct{ Token string }
		s.send("POST", "/api/session/token", "", s.shows(cookie)).want(200).into(&got)
		return got.Token
	}
	spare := ticket(bert)
	live := s.Open(t)
	live.SignInBy(t, ticket(bert), "bert")
	program := s.Open(t)
	program.SignInBy(t, tool, "bert")
	var link struct{ Token string }
	s.anna.Must(t, "POST", "/api/users/bert/invitation", nil, &link, 201)

	code := codes.next()

	s.anna.Must(t, "PATCH", "/api/users/bert", map[string]any{"active": false}, nil, 200)
	live.Control.Farewell(t, "BYE 410")
	live.ExpectOver(t)
	program.Control.Farewell(t, "BYE 410")
	program.ExpectOver(t)
	for what, is := range map[string]func(s *siege){
		"its cookie":             func(s *siege) { s.isNobody("it", bert) },
		"its connection's token": func(s *siege) { s.opensNoConnection("it", spare) },
		"its program's token": func(s *siege) {
			s.send("GET", "/api/deals", "", bearing(tool)).refused(401)
			s.opensNoConnection("it", tool)
		},
		"its password":      func(s *siege) { s.tries("bert", "").refused(401) },
		"its code":          func(s *siege) { s.tries("bert", code).refused(401) },
		"its recovery code": func(s *siege) { s.tries("bert", recovery[0]).refused(401) },
		"its passkey":       func(s *siege) { k.signsIn().refused(401) },
		"its password's link": func(s *siege) {
			a := s.send("POST", "/api/invitations/accept", object("token", link.Token, "password", "another password of mine"))
			if a.StatusCode < 400 || a.session() != "" {
				s.t.Errorf("%d %s", a.StatusCode, a.body)
			}
		},
		"its password on a connection": func(s *siege) {
			in := s.Open(s.t)
			c := in.Channel(s.t)
			c.Say(s.t, "USER 0 bert\nPASS 0 "+field(servertest.Password)+" "+code+"\n")
			c.Expect(s.t, "ACK USER")
			c.Expect(s.t, "ERR 401 PASS")
			c.Farewell(s.t, "BYE 401")
		},
	} {
		t.Run(what, func(t *testing.T) { is(s.in(t)) })
	}

	s.anna.Must(t, "PATCH", "/api/users/bert", map[string]any{"active": true}, nil, 200)
	s.isNobody("a cookie from before", bert)
	s.opensNoConnection("a connection's token from before", spare)
	s.is(s.signsIn("bert", codes.next()), "bert") // nothing was spent by what was refused
}

// TestSigningInRefusesAReplayedToken spends, ends or revokes each kind of secret,
// and shows it again, here and in the places of the others.
func TestSigningInRefusesAReplayedToken(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	_, asAnna := s.toolToken(s.signsIn("anna", ""), "anna", "admin")
	account := func(name string) string { return s.signsIn(name, "") }

	t.Run("the setup's", func(t *testing.T) {
		s := s.in(t)
		s.send("POST", "/api/setup", object("token", s.Setup, "name", "eve", "password", servertest.Password)).refused(410)
	})
	t.Run("an invitation's", func(t *testing.T) {
		s := s.in(t)
		token := s.anna.Invite(t, "member", s.deal)
		accept := func(name string) reply {
			return s.send("POST", "/api/invitations/accept", object("token", token, "name", name, "password", servertest.Password))
		}
		accept("first").want(201)
		accept("second").refused(410)
		s.send("POST", "/api/invitations/open", object("token", token)).refused(410)
	})
	t.Run("a password link's", func(t *testing.T) {
		s := s.in(t)
		var link struct{ Token string }
		s.anna.Must(t, "POST", "/api/users/first/invitation", nil, &link, 201)
		accept := func(password string) reply {
			return s.send("POST", "/api/invitations/accept", object("token", link.Token, "password", password))
		}
		accept(servertest.Password).want(201)
		accept("what an attacker would like it to be").refused(410)
		s.is(account("first"), "first")
	})
	t.Run("a cookie", func(t *testing.T) {
		s := s.in(t)
		for what, end := range map[string]func(cookie string){
			"after signing out": func(c string) { s.send("DELETE", "/api/session", "", s.shows(c)).want(204) },
			"after it was ended elsewhere": func(string) {
				s.send("DELETE", "/api/sessions", "", s.shows(account("bert"))).want(204)
			},
			"after an admin ended all": func(string) { s.anna.Must(t, "DELETE", "/api/users/bert/sessions", nil, nil, 204) },
			"after the password was changed": func(string) {
				s.send("POST", "/api/session/password", object("old", servertest.Password, "new", servertest.Password), s.shows(account("bert"))).want(204)
			},
		} {
			cookie := account("bert")
			s.is(cookie, "bert")
			end(cookie)
			s.isNobody("a cookie "+what, cookie)
		}
	})
	t.Run("a connection's", func(t *testing.T) {
		s := s.in(t)
		cookie := account("bert")
		var got struct{ Token string }
		s.send("POST", "/api/session/token", "", s.shows(cookie)).want(200).into(&got)
		in := s.Open(t)
		in.SignInBy(t, got.Token, "bert")
		s.opensNoConnection("a token that was spent", got.Token)
		s.send("POST", "/api/session/token", "", s.shows(cookie)).want(200).into(&got)
		s.send("DELETE", "/api/session", "", s.shows(cookie)).want(204)
		s.opensNoConnection("a token of a sign-in that has ended", got.Token)
		s.isNobody("a connection's token", got.Token)
		s.send("GET", "/api/deals", "", bearing(got.Token)).refused(401)
	})
	t.Run("a program's", func(t *testing.T) {
		s := s.in(t)
		bert := account("bert")
		id, token := s.toolToken(bert, "bert", "member")
		s.send("GET", "/api/deals", "", bearing(token)).want(200)
		s.isNobody("a program's token", token)
		s.send("GET", "/api/deals", "", bearing(bert)).refused(401)
		s.opensNoConnection("a cookie", bert)
		s.send("DELETE", "/api/users/bert/tokens/"+id, "", s.shows(bert)).want(204)
		s.send("GET", "/api/deals", "", bearing(token)).refused(401)
		s.opensNoConnection("a token that was revoked", token)
		// Whose cookie comes along doesn't matter.
		s.send("GET", "/api/deals", "", bearing(token), s.shows(bert)).refused(401)
	})
	t.Run("a program's, to stay", func(t *testing.T) {
		s := s.in(t)
		for method, path := range map[string]string{
			"POST": "/api/users/anna/tokens", "DELETE": "/api/users/bert/factors", "PATCH": "/api/signin/rules", "GET": "/api/sessions",
		} {
			s.send(method, path, object(), bearing(asAnna)).refused(403)
		}
		for _, path := range []string{"/api/session/password", "/api/account/totp", "/api/account/passkeys/options", "/api/users/bert/invitation", "/api/session/proof"} {
			s.send("POST", path, object(), bearing(asAnna)).refused(403)
		}
	})
	t.Run("a passkey's answer", func(t *testing.T) {
		s := s.in(t)
		bert, k := account("otto"), s.newKey()
		k.synced = true // no counter tells that an answer is an old one
		k.register(bert)
		answer := k.shown(k.begin("/api/session/passkey/options"))
		s.is(s.send("POST", "/api/session/passkey", answer).want(200).session(), "otto")
		s.send("POST", "/api/session/passkey", answer).refused(401)
		// Nor for another challenge, nor as a proof.
		var a, b struct {
			ID         string          `json:"id"`
			Credential json.RawMessage `json:"credential"`
		}
		unmarshal(t, k.shown(k.begin("/api/session/passkey/options")), &a)
		unmarshal(t, k.shown(k.begin("/api/session/proof/options", s.shows(bert))), &b)
		s.send("POST", "/api/session/passkey", object("id", b.ID, "credential", b.Credential)).refused(401)
		s.send("POST", "/api/session/proof", object("id", a.ID, "credential", a.Credential), s.shows(bert)).refused(403)
		fresh := k.begin("/api/session/passkey/options")
		s.send("POST", "/api/session/passkey", object("id", fresh.ID, "credential", a.Credential)).refused(401)
	})
	t.Run("a WebSocket's key", func(t *testing.T) {
		s := s.in(t)
		over := s.Open
		if !servertest.OverWebSocket() {
			over = s.OpenOther
		}
		in := over(t)
		in.Control = in.Channel(t)
		cookie := account("olga")
		var got struct{ Token string }
		s.send("POST", "/api/session/token", "", s.shows(cookie)).want(200).into(&got)
		in.Control.Say(t, "TOKEN 0 "+got.Token+"\n")
		key := in.Control.Hear(t).Fields()[2]
		s.send("DELETE", "/api/session", "", s.shows(cookie)).want(204)
		in.Control.Farewell(t, "BYE 401")
		stranger := over(t).Channel(t)
		stranger.Say(t, "ATTACH 0 "+key+"\n")
		stranger.Expect(t, "ERR 401 ATTACH")
		s.isNobody("a WebSocket's key", key)
		s.opensNoConnection("a WebSocket's key", key)
	})
}
