package server_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"redroom/server/servertest"
)

// smuggled begin something new wherever text is put into lines: in a header, in
// the log, on a terminal. The room takes none of them as a name.
var smuggled = []string{
	"Bert\r\nSet-Cookie: redroom=evil", "Bert\nX-Evil: evil", "Bert\rX-Evil: evil", "Bert\r\n\r\n<script>evil</script>", "\r\nX-Evil: evil", "Bert\r\n",
	"Bert\x00evil", "Bert\x1b[2Jevil", "Bert\x07", "Bert\x7f", "Bert\u0085X-Evil: evil", "Bert\u2028X-Evil: evil", "Bert\u2029X-Evil: evil", "Bert\u202etreB", "Bert\u2066", "\ufeffBert",
	"Bert\tevil", "Bert\vevil", " ", "\u200b",
}

// harmless look like it, and are text like any other.
var harmless = []string{
	`Bert%0d%0aX-Evil:%20evil`, `Bert\r\nX-Evil: evil`, "X-Evil: evil", `"; X-Evil="evil`, "=?UTF-8?B?DQpYLUV2aWw6IGV2aWw=?=", "Bert; Path=/; X-Evil", "Bert\u560a\u560dX-Evil: evil",
	"level=ERROR msg=evil", `Bert" level=ERROR msg="evil`, `<b>Bert</b>`, "Bert\u00e4\u0301",
}

// guest is somebody whom a provider calls as it likes.
type guest struct{ name, display string }

func (g guest) ID() string { return "subject-of-" + g.name }

func (g guest) Userinfo([]string) ([]byte, error) { return json.Marshal(g.says(nil)) }

func (g guest) Claims(_ []string, c *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	return g.says(c), nil
}

func (g guest) says(c *mockoidc.IDTokenClaims) *guestClaims {
	return &guestClaims{IDTokenClaims: c, PreferredUsername: g.name, Name: g.display}
}

type guestClaims struct {
	*mockoidc.IDTokenClaims
	PreferredUsername string `json:"preferred_username"`
	Name              string `json:"name"`
}

// TestSigningInRefusesHeadersInDisplayNames puts line ends, and what looks like
// them, into names and labels, by every way in: no answer bears a header more, and
// the log has no line that somebody else has written.
func TestSigningInRefusesHeadersInDisplayNames(t *testing.T) {
	leavesNoGoroutine(t)
	said := new(notebook)
	c := unhurried(t)
	c.Log = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r, _ := servertest.StartWith(t, c)
	for _, display := range smuggled {
		status, answer := r.Anonymous(t).Do(t, "POST", "/api/setup", map[string]any{"token": r.Setup, "name": "anna", "display": display, "password": servertest.Password})
		if status != 422 {
			t.Errorf("a first admin %q is answered %d: %s", display, status, answer)
		}
	}
	s := newSiegeOf(t, &house{Room: r})
	s.anna = r.Admin(t)
	s.deal = s.anna.Deal(t, "House", "all")
	s.topic = s.anna.Topic(t, s.deal, "Parlor", 1)
	s.bert = s.Join(t, s.anna, "bert", "member", s.deal)
	m := s.withCompany()
	anna := s.signsIn("anna", "")
	key := s.newKey()
	invitation := s.anna.Invite(t, "member", s.deal)

	ways := map[string]func(text string) reply{
		"an account that is made": func(text string) reply {
			return s.send("POST", "/api/users", object("name", "evil", "display", text), s.shows(anna))
		},
		"an account that is changed": func(text string) reply {
			return s.send("PATCH", "/api/users/bert", object("display", text), s.shows(anna))
		},
		"an account of who is invited": func(text string) reply {
			return s.send("POST", "/api/invitations/accept", object("token", invitation, "name", "evil", "display", text, "password", servertest.Password))
		},
		"a user's name": func(text string) reply {
			return s.send("POST", "/api/users", object("name", text, "display", "Evil"), s.shows(anna))
		},
		"a deal": func(text string) reply {
			return s.send("PATCH", "/api/deals/"+s.deal, object("name", text), s.shows(anna))
		},
		"a topic": func(text string) reply {
			return s.send("PATCH", "/api/topics/"+s.topic, object("title", text), s.shows(anna))
		},
		"a program's token": func(text string) reply {
			return s.send("POST", "/api/users/anna/tokens", object("label", text, "role", "observer"), s.shows(anna))
		},
		"a passkey": func(text string) reply {
			made := key.made(key.begin("/api/account/passkeys/options", s.shows(anna)), text)
			return s.send("POST", "/api/account/passkeys", made, s.shows(anna))
		},
		"the company": func(text string) reply {
			return s.send("PATCH", "/api/signin/rules", object("provider", map[string]any{
				"label": text, "issuer": m.Issuer(), "clientID": m.ClientID, "nameClaim": "preferred_username", "match": true, "create": true,
			}), s.shows(anna))
		},
	}
	for what, way := range ways {
		for _, text := range smuggled {
			way(text).refused(422)
		}
		if what == "a user's name" {
			continue
		}
		s.bearsNothingOf("evil", "X-Evil", "level=ERROR")
	}
	// Whom the company calls so is called by the name of the account.
	for i, text := range smuggled {
		name := "guest" + string(rune('a'+i))
		e := s.beginsAs(m, guest{name, text}, "/")
		a := s.returns(e.back, e.kept)
		var who struct{ Display string }
		s.send("GET", "/api/session", "", s.shows(a.session())).want(200).into(&who)
		if strings.ContainsAny(who.Display, "\r\n\x00\x1b\x07\x7f\t\v\u0085\u2028\u2029\u202e\u2066\ufeff\u200b") {
			t.Errorf("who is %q to the company is %q here", text, who.Display)
		}
		e = s.beginsAs(m, guest{"evil" + text, "Evil"}, "/")
		if a := s.returns(e.back, e.kept); a.Header.Get("Location") != "/?company=unknown" && a.Header.Get("Location") != "/" || strings.Contains(a.Header.Get("Location"), "evil") {
			t.Errorf("whom the company calls %q goes to %q", "evil"+text, a.Header.Get("Location"))
		}
	}
	for what, way := range ways {
		if what == "a user's name" || what == "an account of who is invited" || what == "an account that is made" || what == "a passkey" {
			continue // which would be there already
		}
		for _, text := range harmless {
			if a := way(text); a.StatusCode != 200 && a.StatusCode != 201 {
				t.Errorf("%s %q is answered %d: %s", what, text, a.StatusCode, a.body)
			}
			s.bearsNothingOf(text, "X-Evil", "level=ERROR")
		}
	}

	// What a device says of itself is kept as far as it can be read.
	fresh := s.send("POST", "/api/session", object("name", "bert", "password", servertest.Password), withHeader("User-Agent", "Evil\u202e\u2028\u0085 <b>browser</b>")).want(200).session()
	var own struct {
		Sessions []struct {
			Device  string
			Current bool
		}
	}
	s.send("GET", "/api/sessions", "", s.shows(fresh)).want(200).into(&own)
	for _, one := range own.Sessions {
		if one.Current && one.Device != "Evil <b>browser</b>" {
			t.Errorf("the device is %q", one.Device)
		}
	}

	// Nor does what comes before the sign-in write lines.
	for _, text := range slices.Concat(smuggled[:4], smuggled[6:14], harmless[:3]) {
		a := s.send("POST", "/api/session", object("name", text+"evil-name", "password", servertest.Password))
		if a.StatusCode != 401 && a.StatusCode != 429 {
			t.Errorf("signing in as %q is answered %d", text, a.StatusCode)
		}
		s.send("GET", "/api/users/"+url.PathEscape(text)+"/tokens", "", s.shows(anna)).refused(404)
		s.send("GET", "/t/"+url.PathEscape(text), "")
	}
	for line := range strings.Lines(said.String()) {
		if !strings.HasPrefix(line, "time=") || strings.Contains(line, "evil-name") || strings.ContainsAny(line, "\x00\x1b\x07\r\u2028\u0085\u202e") {
			t.Errorf("the log has the line %q", line)
		}
	}
}

// bearsNothingOf asks for whatever names somebody or something, and looks at the
// headers of what is answered.
func (s *siege) bearsNothingOf(texts ...string) {
	s.t.Helper()
	anna := s.cookieOf(s.anna)
	for _, path := range []string{"/api/session", "/api/account", "/api/users", "/api/deals", "/api/deals/" + s.deal + "/members", "/api/topics/" + s.topic, "/api/audit", "/api/signin", "/", "/t/" + s.topic} {
		a := s.send("GET", path, "", s.shows(anna)).want(200)
		for name, values := range a.Header {
			all := name + ": " + strings.Join(values, "; ")
			for _, text := range texts {
				if strings.Contains(all, text) {
					s.t.Errorf("%s bears the header %q", a.what, all)
				}
			}
		}
		if extra := unusual(a.Header); len(extra) > 0 {
			s.t.Errorf("%s bears %q", a.what, extra)
		}
	}
}

// unusual are the headers that no answer has.
func unusual(h http.Header) (names []string) {
	for name := range maps.Keys(h) {
		if !slices.Contains([]string{
			"Cache-Control", "Content-Length", "Content-Security-Policy", "Content-Type", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Date", "Etag",
			"Accept-Ranges", "Permissions-Policy", "Referrer-Policy", "X-Content-Type-Options", "Vary", "Content-Encoding", "Link",
		}, name) {
			names = append(names, name)
		}
	}
	return names
}
