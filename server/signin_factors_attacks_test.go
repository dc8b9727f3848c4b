package server_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/descope/virtualwebauthn"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestSigningInRefusesACodeTwice uses codes of second factors again, wherever one
// may be used.
func TestSigningInRefusesACodeTwice(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	frames := func(t *testing.T, name, code string) servertest.Frame {
		c := s.Open(t).Channel(t)
		c.Say(t, "USER 0 "+name+"\nPASS 0 "+field(servertest.Password)+" "+code+"\n")
		c.Expect(t, "ACK USER")
		return c.Hear(t)
	}
	prove := func(cookie, code string) reply {
		return s.send("POST", "/api/session/proof", object("password", servertest.Password, "code", code), s.shows(cookie))
	}
	for what, try := range map[string]func(t *testing.T, s *siege, name, cookie string, codes *app, recovery []string){
		"that has set the factor up": func(t *testing.T, s *siege, name, cookie string, codes *app, _ []string) {
			s.tries(name, codes.at(codes.last)).refused(401)
		},
		"at two sign-ins": func(t *testing.T, s *siege, name, cookie string, codes *app, _ []string) {
			code := codes.next()
			s.tries(name, code).want(200)
			s.tries(name, code).refused(401)
			if f := frames(t, name, code); f.Is("ERR 401 PASS code") != nil {
				t.Errorf("on a connection it is answered %q", f)
			}
			prove(cookie, code).refused(403)
		},
		"on a connection and at a sign-in": func(t *testing.T, s *siege, name, cookie string, codes *app, _ []string) {
			code := codes.next()
			if f := frames(t, name, code); f.Type() != "ACK" {
				t.Fatalf("a right code is answered %q", f)
			}
			s.tries(name, code).refused(401)
			if f := frames(t, name, code); f.Is("ERR 401 PASS code") != nil {
				t.Errorf("on another connection it is answered %q", f)
			}
		},
		"for a proof and at a sign-in": func(t *testing.T, s *siege, name, cookie string, codes *app, _ []string) {
			code := codes.next()
			prove(cookie, code).want(204)
			prove(cookie, code).refused(403)
			s.tries(name, code).refused(401)
		},
		"after a later one": func(t *testing.T, s *siege, name, cookie string, codes *app, _ []string) {
			s.tries(name, codes.next()).want(200)
			s.tries(name, codes.at(codes.last-1)).refused(401)
		},
		"by many at once": func(t *testing.T, s *siege, name, cookie string, codes *app, _ []string) {
			code := codes.next()
			if in := howMany(func() bool { return s.tries(name, code).StatusCode == 200 }); in != 1 {
				t.Errorf("one code has let %d in", in)
			}
		},
		"for recovery": func(t *testing.T, s *siege, name, cookie string, codes *app, recovery []string) {
			s.tries(name, recovery[0]).want(200)
			s.tries(name, recovery[0]).refused(401)
			s.tries(name, strings.ToLower(strings.ReplaceAll(recovery[0], "-", ""))).refused(401)
			if in := howMany(func() bool { return s.tries(name, recovery[1]).StatusCode == 200 }); in != 1 {
				t.Errorf("one recovery code has let %d in", in)
			}
			prove(cookie, recovery[2]).refused(403) // it is no proof
			fresh := s.signsIn(name, recovery[2])
			s.send("POST", "/api/account/recovery", "", s.shows(fresh)).want(200)
			s.tries(name, recovery[3]).refused(401) // of a set that was replaced
		},
		"of somebody else": func(t *testing.T, s *siege, name, cookie string, codes *app, recovery []string) {
			other := s.signsIn("olga", "")
			olgas, theirs := s.enroll(other)
			s.tries(name, olgas.next()).refused(401)
			s.tries(name, theirs[0]).refused(401)
			s.tries("olga", recovery[0]).refused(401)
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := s.in(t)
			name := "user-" + room.NewID()
			s.Join(t, s.anna, name, "member", s.deal)
			cookie := s.signsIn(name, "")
			codes, recovery := s.enroll(cookie)
			try(t, s, name, cookie, codes, recovery)
			s.is(cookie, name)
		})
	}
}

// howMany tries the same side by side, and tells how often it went well.
func howMany(try func() bool) (well int) {
	const times = 4
	var trying sync.WaitGroup
	var mu sync.Mutex
	for range times {
		trying.Go(func() {
			if try() {
				mu.Lock()
				defer mu.Unlock()
				well++
			}
		})
	}
	trying.Wait()
	return well
}

// TestSigningInRefusesAPasskeyOfAnotherOrigin has a passkey shown to a page that
// only looks like the room's, and hands on what it answers.
func TestSigningInRefusesAPasskeyOfAnotherOrigin(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	bert := s.signsIn("bert", "")
	k := s.newKey()
	k.register(bert)
	s.is(k.signsIn().want(200).session(), "bert")
	ours := k.at
	for what, at := range map[string]virtualwebauthn.RelyingParty{
		"of another site":                     {ID: "evil.example", Origin: "https://evil.example"},
		"of another site, for ours":           {ID: ours.ID, Origin: "https://evil.example"},
		"of another port of this machine":     {ID: ours.ID, Origin: "http://localhost:1"},
		"of a name below ours":                {ID: ours.ID, Origin: strings.Replace(ours.Origin, "localhost", "evil.localhost", 1)},
		"of another scheme":                   {ID: ours.ID, Origin: strings.Replace(ours.Origin, "http:", "https:", 1)},
		"of an origin that begins like ours":  {ID: ours.ID, Origin: ours.Origin + ".evil.example"},
		"of an origin that isn't told":        {ID: ours.ID, Origin: "null"},
		"of our origin, for another's name":   {ID: "evil.example", Origin: ours.Origin},
		"of another name that the server has": {ID: "127.0.0.1", Origin: strings.Replace(ours.Origin, "localhost", "127.0.0.1", 1)},
	} {
		k.at = at
		k.signsIn().refused(401)
		if a := s.send("POST", "/api/session/proof", k.shown(k.begin("/api/session/proof/options", s.shows(bert))), s.shows(bert)); a.StatusCode != 403 {
			t.Errorf("a passkey %s is a proof: %d %s", what, a.StatusCode, a.body)
		}
		other := s.newKey()
		other.at = at
		c := other.begin("/api/account/passkeys/options", s.shows(bert))
		s.send("POST", "/api/account/passkeys", other.made(c, "Key"), s.shows(bert)).refused(422)
	}
	k.at = ours
	// Nor does another site get a challenge, which it could hand on.
	for _, path := range []string{"/api/session/passkey/options", "/api/account/passkeys/options", "/api/session/proof/options"} {
		s.send("POST", path, "", s.shows(bert), withHeader("Origin", "https://evil.example")).refused(403)
		s.send("POST", path, "", s.shows(bert), withHeader("Origin", "http://localhost:1")).refused(403)
	}
	// The counter of one that was copied stays behind.
	copied := *k
	s.is(k.signsIn().want(200).session(), "bert")
	copied.signsIn().refused(401)
	s.is(k.signsIn().want(200).session(), "bert")
}
