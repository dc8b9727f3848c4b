package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"
	"go.uber.org/goleak"

	"redroom/server/room"
	"redroom/server/servertest/openid"
)

const (
	companyRedirect = "https://room.example:4433/api/session/company/callback"
	clientID        = "red-room"
	clientSecret    = "known to the company and the room"
)

// company is a Desk with a provider that knows it, and vouches for whom users
// queue.
type company struct {
	desk
	*mockoidc.MockOIDC

	mu     sync.Mutex
	asked  []string                    // paths
	change func(jwt.MapClaims)         // what an id token says
	sign   func(jwt.MapClaims) string  // how; nil: as the provider does
	extra  func(answer map[string]any) // what comes with it
	down   bool
	hangs  string // the path that is never answered
}

var keypair = sync.OnceValue(func() *mockoidc.Keypair {
	k, err := mockoidc.RandomKeypair(2048)
	if err != nil {
		panic(err)
	}
	return k
})

func newCompany(t *testing.T, change func(*room.Provider)) *company {
	t.Helper()
	c := &company{desk: newDesk(t)}
	c.MockOIDC = openid.Start(t, c.tamper, "https://room.example:4433")
	m := c.MockOIDC
	m.ClientID, m.ClientSecret = clientID, clientSecret
	m.FastForward(time.Until(c.clock.Now()))
	p := &room.Provider{
		Label: "Example Corp", Issuer: m.Issuer(), ClientID: clientID, Secret: c.SealProviderSecret(clientSecret),
		NameClaim: "preferred_username", Match: true, Create: true,
	}
	if change != nil {
		change(p)
	}
	c.rule(p)
	return c
}

func (c *company) rule(p *room.Provider) {
	c.t.Helper()
	c.append(room.SignInRulesChanged{Provider: &p})
}

// tamper notes what is asked, and changes what is answered as the test wants.
func (c *company) tamper(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked = append(c.asked, r.URL.Path)
		switch {
		case r.URL.Path == c.hangs:
			c.mu.Unlock()
			defer c.mu.Lock()
			<-r.Context().Done()
		case c.down:
			http.Error(w, "away", http.StatusServiceUnavailable)
		case r.URL.Path == mockoidc.TokenEndpoint && c.change != nil:
			real := httptest.NewRecorder()
			next.ServeHTTP(real, r)
			c.answer(w, real)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (c *company) answer(w http.ResponseWriter, real *httptest.ResponseRecorder) {
	var answer map[string]any
	if real.Code != http.StatusOK || json.Unmarshal(real.Body.Bytes(), &answer) != nil {
		w.WriteHeader(real.Code)
		io.Copy(w, real.Body)
		return
	}
	said := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(answer["id_token"].(string), said); err != nil {
		panic(err)
	}
	c.change(said)
	if c.sign != nil {
		answer["id_token"] = c.sign(said)
	} else if signed, err := c.Keypair.SignJWT(said); err == nil {
		answer["id_token"] = signed
	}
	if c.extra != nil {
		c.extra(answer)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func (c *company) count(path string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.asked {
		if p == path {
			n++
		}
	}
	return n
}

// comes queues whom the provider finds next.
func (c *company) comes(subject, name string, groups ...string) *company {
	c.QueueUser(&mockoidc.MockUser{Subject: subject, PreferredUsername: name, Groups: groups})
	return c
}

// goes is a browser's way to the provider: its cookie, and what it comes back
// with.
func (c *company) goes() (kept string, answer url.Values) {
	c.t.Helper()
	to, kept, err := c.CompanyBegin(c.t.Context(), companyRedirect, "/t/0123456789abcdef", room.Session{})
	if err != nil {
		c.t.Fatal(err)
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	there, err := browser.Get(to)
	if err != nil {
		c.t.Fatal(err)
	}
	defer there.Body.Close()
	back, err := there.Location()
	if err != nil {
		body, _ := io.ReadAll(there.Body)
		c.t.Fatalf("%v: %s", err, body)
	}
	return kept, back.Query()
}

func (c *company) returns(kept string, answer url.Values) (room.Session, error) {
	_, s, _, err := c.CompanyEnd(c.t.Context(), kept, companyRedirect, answer, visitor)
	return s, err
}

func (c *company) signsIn() (room.Session, error) {
	c.t.Helper()
	return c.returns(c.goes())
}

// failed tells whether err is neither a no nor about somebody unknown.
func failed(err error) bool {
	return err != nil && !errors.Is(err, room.ErrForbidden) && !errors.Is(err, room.ErrNotFound)
}

func TestTheCompanySignsInWhoHasAnAccount(t *testing.T) {
	c := newCompany(t, nil)
	kept, answer := c.comes("4711", "anna").goes()
	cookie, s, to, err := c.CompanyEnd(t.Context(), kept, companyRedirect, answer, visitor)
	if err != nil {
		t.Fatal(err)
	}
	if s.User != "anna" || s.Factor != room.FactorProvider || to != "/t/0123456789abcdef" {
		t.Errorf("got %+v, to %q", s, to)
	}
	if _, u, err := c.Session(t.Context(), cookie); err != nil || u.Role != room.Admin {
		t.Errorf("got %+v, %v", u, err)
	}
}

func TestWhoSomebodyIsToTheCompanyStays(t *testing.T) {
	c := newCompany(t, nil)
	for _, name := range []string{"anna", "anna.married", "carl"} {
		if s, err := c.comes("4711", name).signsIn(); err != nil || s.User != "anna" {
			t.Errorf("as %s: %+v, %v", name, s, err)
		}
	}
	_, err := c.comes("4712", "anna").signsIn()
	wantError(t, err, errCompanyStranger)
}

func TestWhomTheRulesLetIn(t *testing.T) {
	for what, test := range map[string]struct {
		match, create bool
		name          string
		user          string // "": nobody
	}{
		"one who is matched":                     {true, false, "anna", "anna"},
		"one who isn't":                          {true, false, "carl", ""},
		"one who would be matched":               {false, true, "anna", ""},
		"one who is new":                         {false, true, "carl", "carl"},
		"one who is new, in capitals":            {false, true, "Carl.Cole", "carl.cole"},
		"an address that is new":                 {true, true, "carl@example.com", "carl"},
		"an address that begins like an account": {true, true, "anna@example.com", ""},
		"one in capitals":                        {true, false, "ANNA", "anna"},
		"a letter whose small form is ASCII":     {true, true, "\u212Aarl", ""}, // the sign of the kelvin
		"another one":                            {true, true, "N\u0130na", ""}, // I with a dot
		"a name that is none":                    {true, true, "Jürgen Ölmann", ""},
		"no name":                                {true, true, "", ""},
		"nobody, since nothing was allowed":      {false, false, "anna", ""},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCompany(t, func(p *room.Provider) { p.Match, p.Create = test.match, test.create })
			s, err := c.comes("4711", test.name).signsIn()
			if test.user == "" {
				wantError(t, err, errCompanyStranger)
				if len(c.store.State().Users()) != 1 {
					t.Error("there is an account more")
				}
				return
			}
			if err != nil || s.User != test.user {
				t.Fatalf("got %+v, %v", s, err)
			}
		})
	}
}

func TestGroupsGiveTheRoleAtEachSignIn(t *testing.T) {
	c := newCompany(t, func(p *room.Provider) {
		p.GroupsClaim = "groups"
		p.Groups = []room.GroupRole{{Group: "board", Role: room.Admin}, {Group: "deals", Role: room.Member}, {Group: "audit", Role: room.Observer}}
	})
	for _, step := range []struct {
		groups []string
		role   room.Role
	}{
		{[]string{"audit"}, room.Observer},
		{[]string{"audit", "deals"}, room.Member},
		{[]string{"deals", "board"}, room.Admin},
		{[]string{"deals"}, room.Member},
	} {
		if _, err := c.comes("4711", "carl", step.groups...).signsIn(); err != nil {
			t.Fatal(err)
		}
		if role := c.store.State().User("carl").Role; role != step.role {
			t.Errorf("in %v: %s, want %s", step.groups, role, step.role)
		}
	}
	for _, groups := range [][]string{nil, {"canteen"}} {
		_, err := c.comes("4711", "carl", groups...).signsIn()
		wantError(t, err, errCompanyNo)
	}
	if _, err := c.comes("4713", "dora", "canteen").signsIn(); !errors.Is(err, errCompanyNo) || c.store.State().User("dora") != nil {
		t.Errorf("got %v", err)
	}
	// The last admin stays one.
	if s, err := c.comes("4714", "anna", "audit").signsIn(); err != nil || s.User != "anna" || !c.store.State().IsAdmin("anna") {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestWhoIsDeactivatedIsNotLetInByTheCompany(t *testing.T) {
	c := newCompany(t, nil)
	c.add("berta", room.Admin, "")
	if _, err := c.comes("4711", "berta").signsIn(); err != nil {
		t.Fatal(err)
	}
	c.deactivate("berta")
	_, err := c.comes("4711", "berta").signsIn()
	wantError(t, err, errCompanyNo)
}

func TestAnIDTokenIsRefused(t *testing.T) {
	for what, test := range map[string]struct {
		change func(jwt.MapClaims)
		sign   func(jwt.MapClaims) string
	}{
		"with another nonce":      {change: func(said jwt.MapClaims) { said["nonce"] = "another one" }},
		"without a nonce":         {change: func(said jwt.MapClaims) { delete(said, "nonce") }},
		"of another issuer":       {change: func(said jwt.MapClaims) { said["iss"] = "https://evil.example" }},
		"for another client":      {change: func(said jwt.MapClaims) { said["aud"] = "another" }},
		"for several clients":     {change: func(said jwt.MapClaims) { said["aud"] = []string{clientID, "another"} }},
		"made for another client": {change: func(said jwt.MapClaims) { said["azp"] = "another" }},
		"that has expired":        {change: func(said jwt.MapClaims) { said["exp"] = said["iat"].(float64) - 1 }},
		"that is of tomorrow":     {change: func(said jwt.MapClaims) { said["nbf"] = said["iat"].(float64) + 86400 }},
		"that names nobody":       {change: func(said jwt.MapClaims) { delete(said, "sub") }},
		"that nobody signed": {sign: func(said jwt.MapClaims) string {
			s, err := jwt.NewWithClaims(jwt.SigningMethodNone, said).SignedString(jwt.UnsafeAllowNoneSignatureType)
			if err != nil {
				panic(err)
			}
			return s
		}},
		"that another signed": {sign: func(said jwt.MapClaims) string {
			s, err := keypair().SignJWT(said)
			if err != nil {
				panic(err)
			}
			return s
		}},
		"that the client's secret signed": {sign: func(said jwt.MapClaims) string {
			s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, said).SignedString([]byte(clientSecret))
			if err != nil {
				panic(err)
			}
			return s
		}},
		"that is none": {sign: func(jwt.MapClaims) string { return "word of honor" }},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCompany(t, nil)
			c.change, c.sign = func(jwt.MapClaims) {}, nil
			if _, err := c.comes("4711", "anna").signsIn(); err != nil {
				t.Fatalf("the right one: %v", err)
			}
			if test.change != nil {
				c.change = test.change
			}
			c.sign = test.sign
			if s, err := c.comes("4711", "anna").signsIn(); !failed(err) {
				t.Errorf("got %+v, %v", s, err)
			}
		})
	}
}

func TestComingBackInAWrongWayIsRefused(t *testing.T) {
	for what, test := range map[string]func(c *company) error{
		"in another browser": func(c *company) error {
			_, answer := c.comes("4711", "anna").goes()
			kept, _ := c.goes()
			_, err := c.returns(kept, answer)
			return err
		},
		"without a cookie": func(c *company) error {
			_, answer := c.goes()
			_, err := c.returns("", answer)
			return err
		},
		"with a cookie that isn't ours": func(c *company) error {
			kept, answer := c.goes()
			_, err := c.returns(flip(kept), answer)
			return err
		},
		"without a state": func(c *company) error {
			kept, answer := c.goes()
			answer.Del("state")
			_, err := c.returns(kept, answer)
			return err
		},
		"twice": func(c *company) error {
			kept, answer := c.comes("4711", "anna").goes()
			if _, err := c.returns(kept, answer); err != nil {
				c.t.Fatal(err)
			}
			_, err := c.returns(kept, answer)
			return err
		},
		"after a no": func(c *company) error {
			kept, answer := c.comes("4711", "anna").goes()
			_, err := c.returns(kept, url.Values{"state": answer["state"], "error": {"access_denied"}})
			wantError(c.t, err, errCompanyNo)
			_, err = c.returns(kept, answer)
			return err
		},
		"with a code that was used": func(c *company) error {
			kept, answer := c.comes("4711", "anna").goes()
			code := answer.Get("code")
			if _, err := c.returns(kept, answer); err != nil {
				c.t.Fatal(err)
			}
			kept, answer = c.comes("4711", "anna").goes()
			answer.Set("code", code)
			_, err := c.returns(kept, answer)
			return err
		},
		"with another's code": func(c *company) error {
			_, others := c.comes("4712", "bert").goes()
			kept, answer := c.comes("4711", "anna").goes()
			answer.Set("code", others.Get("code"))
			_, err := c.returns(kept, answer)
			return err
		},
		"without a code": func(c *company) error {
			kept, answer := c.goes()
			answer.Del("code")
			_, err := c.returns(kept, answer)
			return err
		},
		"from another issuer": func(c *company) error {
			kept, answer := c.goes()
			answer.Set("iss", "https://evil.example")
			_, err := c.returns(kept, answer)
			return err
		},
		"to another origin": func(c *company) error {
			kept, answer := c.goes()
			_, _, _, err := c.CompanyEnd(c.t.Context(), kept, "https://proxy.example/api/session/company/callback", answer, visitor)
			return err
		},
		"after ten minutes": func(c *company) error {
			kept, answer := c.goes()
			c.clock.pass(errandLife)
			_, err := c.returns(kept, answer)
			return err
		},
		"after the rules were changed": func(c *company) error {
			kept, answer := c.comes("4711", "anna").goes()
			p := *c.store.State().SignInRules().Provider
			p.Label = "Other"
			c.rule(&p)
			_, err := c.returns(kept, answer)
			return err
		},
		"after the provider was taken away": func(c *company) error {
			kept, answer := c.comes("4711", "anna").goes()
			c.rule(nil)
			_, err := c.returns(kept, answer)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCompany(t, nil)
			if err := test(c); !failed(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// flip changes one character of what was sealed.
func flip(sealed string) string {
	b := []byte(sealed)
	if b[20]++; b[20] == 'z'+1 || b[20] == 'Z'+1 || b[20] == '9'+1 {
		b[20] = 'b'
	}
	return string(b)
}

func TestAProvidersNoIsANo(t *testing.T) {
	c := newCompany(t, nil)
	kept, answer := c.goes()
	_, err := c.returns(kept, url.Values{"state": answer["state"], "error": {"access_denied"}, "error_description": {"<b>no</b>"}})
	wantError(t, err, errCompanyNo)
	if strings.Contains(err.Error(), "<b>") {
		t.Errorf("what the provider says is told: %v", err)
	}
}

func TestTheWayToTheProvider(t *testing.T) {
	c := newCompany(t, nil)
	to, kept, err := c.CompanyBegin(t.Context(), companyRedirect, "/", room.Session{})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Scheme+"://"+u.Host+u.Path != c.AuthorizationEndpoint() || q.Get("response_type") != "code" || q.Get("client_id") != clientID ||
		q.Get("redirect_uri") != companyRedirect || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 ||
		len(q.Get("state")) < 43 || len(q.Get("nonce")) < 43 || !strings.HasPrefix(q.Get("scope"), "openid ") {
		t.Errorf("it leads to %s", to)
	}
	if len(kept) > 2048 || strings.Contains(to, clientSecret) {
		t.Errorf("the cookie has %d octets; it leads to %s", len(kept), to)
	}
	sealed := []byte(kept)
	if bytes.Contains(sealed, []byte(q.Get("state"))) {
		t.Error("the cookie is not sealed")
	}
}

func TestTheCompanysSignInEndsTheOneThatTheBrowserHad(t *testing.T) {
	c := newCompany(t, nil)
	old, was := c.desk.open("anna")
	to, kept, err := c.CompanyBegin(t.Context(), companyRedirect, "/", was)
	if err != nil {
		t.Fatal(err)
	}
	c.comes("4711", "anna")
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	there, err := browser.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	there.Body.Close()
	back, err := there.Location()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.returns(kept, back.Query()); err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Session(t.Context(), old)
	wantError(t, err, room.ErrSessionEnded)
}

func TestAProviderIsAskedOnceWhatItIs(t *testing.T) {
	c := newCompany(t, nil)
	for range 3 {
		if _, err := c.comes("4711", "anna").signsIn(); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.count(mockoidc.DiscoveryEndpoint); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	if n := c.count(mockoidc.JWKSEndpoint); n != 1 {
		t.Errorf("it was asked for its keys %d times", n)
	}
	c.clock.pass(providerLife)
	c.goes()
	if n := c.count(mockoidc.DiscoveryEndpoint); n != 2 {
		t.Errorf("it was asked %d times in two hours", n)
	}
}

func TestAProviderThatIsAwayIsAskedNowAndThen(t *testing.T) {
	c := newCompany(t, nil)
	c.down = true
	begin := func() error {
		_, _, err := c.CompanyBegin(t.Context(), companyRedirect, "/", room.Session{})
		return err
	}
	for range 3 {
		if err := begin(); !failed(err) {
			t.Fatalf("got %v", err)
		}
	}
	if n := c.count(mockoidc.DiscoveryEndpoint); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	c.mu.Lock()
	c.down = false
	c.mu.Unlock()
	c.clock.pass(providerRest)
	if err := begin(); err != nil {
		t.Errorf("it is back, but: %v", err)
	}
}

func TestAProviderThatIsAwayIsKnownAsItWas(t *testing.T) {
	c := newCompany(t, nil)
	c.goes()
	c.mu.Lock()
	c.down = true
	c.mu.Unlock()
	c.clock.pass(providerLife)
	if _, _, err := c.CompanyBegin(t.Context(), companyRedirect, "/", room.Session{}); err != nil {
		t.Error(err)
	}
}

// hanging is a provider that takes what it is asked and never answers.
func hanging(t *testing.T) (issuer string, asked <-chan struct{}) {
	t.Helper()
	came, gone := make(chan struct{}, 16), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	}))
	t.Cleanup(func() { close(gone); server.Close() })
	return server.URL, came
}

func TestAProviderThatHangsKeepsNobodyElseWaiting(t *testing.T) {
	d := newDesk(t)
	issuer, asked := hanging(t)
	p := &room.Provider{Label: "Corp", Issuer: issuer, ClientID: clientID, NameClaim: "sub"}
	d.append(room.SignInRulesChanged{Provider: &p})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if limit := d.providers.client.Timeout; limit <= 0 || limit > askTime {
		t.Errorf("a request may take %v, want %v", limit, askTime)
	}
	d.providers.client.Timeout = 2 * time.Second
	began := make(chan error, 1)
	go func() {
		_, _, err := d.CompanyBegin(ctx, companyRedirect, "/", room.Session{})
		began <- err
	}()
	<-asked
	if _, _, err := d.SignIn(t.Context(), "anna", goodPassword, "", visitor); err != nil {
		t.Error(err)
	}
	select {
	case err := <-began:
		t.Errorf("it did not hang: %v", err)
	default:
	}
	if err := <-began; !failed(err) {
		t.Errorf("got %v", err)
	}
}

// TestNothingIsLeftOfAProviderThatHangs stops a Desk while somebody waits for the
// provider's keys, which are asked for beside the request that wants them.
func TestNothingIsLeftOfAProviderThatHangs(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	c := newCompany(t, nil)
	running, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- c.Run(running) }()
	kept, answer := c.comes("4711", "anna").goes()
	c.mu.Lock()
	c.hangs = mockoidc.JWKSEndpoint
	c.mu.Unlock()
	came := make(chan error, 1)
	go func() {
		_, err := c.returns(kept, answer)
		came <- err
	}()
	for c.count(mockoidc.JWKSEndpoint) == 0 {
		select {
		case err := <-came:
			t.Fatalf("nobody waits: %v", err)
		default:
			runtime.Gosched()
		}
	}
	stopped := time.Now()
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if err := <-came; !failed(err) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(stopped); took > askTime/2 {
		t.Errorf("it ended after %v", took)
	}
	if _, _, err := c.CompanyBegin(t.Context(), companyRedirect, "/", room.Session{}); err != nil {
		t.Errorf("what it is was known: %v", err)
	}
	c.clock.pass(2 * providerLife)
	c.providers.known = nil
	if _, _, err := c.CompanyBegin(t.Context(), companyRedirect, "/", room.Session{}); !errors.Is(err, errStopped) {
		t.Errorf("a stopped Desk asks: %v", err)
	}
}

func TestAProviderIsNotReadWithoutEnd(t *testing.T) {
	sent := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n, chunk := 0, bytes.Repeat([]byte(" "), 64<<10)
		for {
			m, err := w.Write(chunk)
			if n += m; err != nil || n > 1<<30 {
				sent <- n
				return
			}
		}
	}))
	defer server.Close()
	p := newProviders()
	if _, err := p.get(t.Context(), server.URL, time.Now()); err == nil {
		t.Error("it was taken for a provider")
	}
	if n := <-sent; n > 64<<20 {
		t.Errorf("it could send %d octets", n)
	}
}

func TestAProviderIsAskedWhereNobodyListensIn(t *testing.T) {
	for to, want := range map[string]bool{
		"https://login.example.com/keys":    true,
		"http://login.example.com/keys":     false,
		"http://localhost:8080/keys":        true,
		"http://127.0.0.1:8080/keys":        true,
		"http://[::1]:8080/keys":            true,
		"http://127.0.0.1.example.com/keys": false,
		"http://localhost.example.com/keys": false,
		"file:///etc/passwd":                false,
	} {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if got := isPrivate(u); got != want {
			t.Errorf("%s: %v", to, got)
		}
	}
}

func TestAProviderIsNotFollowedElsewhere(t *testing.T) {
	var followed bool
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		followed = followed || r.URL.Path == "/elsewhere"
		http.Redirect(w, r, server.URL+"/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	if _, err := newProviders().get(t.Context(), server.URL, time.Now()); err == nil || followed {
		t.Errorf("got %v, followed: %v", err, followed)
	}
}

func TestCodesThatAreMadeUpAreFailedSignIns(t *testing.T) {
	c := newCompany(t, nil)
	comes := func(code string) error {
		kept, answer := c.comes("4711", "anna").goes()
		if code != "" {
			answer.Set("code", code)
		}
		_, err := c.returns(kept, answer)
		return err
	}
	for range addressBurst { // what is right counts for nothing
		if err := comes(""); err != nil {
			t.Fatal(err)
		}
	}
	for range addressBurst {
		if err := comes("made up"); !failed(err) {
			t.Fatalf("got %v", err)
		}
	}
	asked := c.count(mockoidc.TokenEndpoint)
	wantError(t, comes("made up"), room.ErrTooManyTries)
	if now := c.count(mockoidc.TokenEndpoint); now != asked {
		t.Error("the provider was asked")
	}
	c.clock.pass(addressPause)
	if err := comes(""); err != nil {
		t.Error(err)
	}
}

func TestErrorsOfAProviderAreTakenAsCodesOnly(t *testing.T) {
	got := []string{refusalCode("access_denied"), refusalCode(""), refusalCode("<script>"), refusalCode(strings.Repeat("a", 65))}
	if want := []string{"access_denied", "an unnamed error", "an unknown error", "an unknown error"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
