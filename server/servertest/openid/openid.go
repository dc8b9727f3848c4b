// Package openid is a company's OpenID provider for tests: a real one, that is
// as strict with who asks it as it may be. What the library that it is made of
// lets pass fails the test here: a redirect URI that wasn't registered or changes
// on the way (RFC 6749 sections 3.1.2.3 and 4.1.3), no challenge or verifier (RFC
// 7636 section 4), no state or nonce or one that can be guessed (OpenID Connect Core
// 1.0 section 3.1.2.1), and a secret in a URL.
//
// It ends with its test.
package openid

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/oauth2-proxy/mockoidc"
)

// Callback is where every room has people come back to.
const Callback = "/api/session/company/callback"

// Start is one that knows rooms at some origins, and tells t of what they do
// wrong. before is what sees each request first; it may be nil.
func Start(t testing.TB, before func(http.Handler) http.Handler, origins ...string) *mockoidc.MockOIDC {
	t.Helper()
	m, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &strict{wrong: func(format string, args ...any) {
		t.Helper()
		t.Errorf("the provider refuses: "+format, args...)
	}, codes: make(map[string]grant)}
	for _, origin := range origins {
		s.redirects = append(s.redirects, origin+Callback)
	}
	if before == nil {
		before = func(next http.Handler) http.Handler { return next }
	}
	if err := m.AddMiddleware(func(next http.Handler) http.Handler { return before(s.handler(next)) }); err != nil {
		t.Fatal(err)
	}
	if err := m.Start(httptest.NewUnstartedServer(nil).Listener, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// strict remembers what each code was given for.
type strict struct {
	redirects []string
	wrong     func(format string, args ...any)

	mu    sync.Mutex
	codes map[string]grant
}

type grant struct {
	redirect string
	used     bool
}

func (s *strict) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check := map[string]func(*http.Request) error{
			mockoidc.AuthorizationEndpoint: s.authorize,
			mockoidc.TokenEndpoint:         s.token,
		}[r.URL.Path]
		if check != nil {
			if err := check(r); err != nil {
				s.wrong("%s: %v", r.URL.Path, err)
				http.Error(w, `{"error":"invalid_request"}`, http.StatusBadRequest)
				return
			}
		}
		if r.URL.Path != mockoidc.AuthorizationEndpoint {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		s.grant(r.URL.Query(), answer.Header().Get("Location"))
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	})
}

func (s *strict) authorize(r *http.Request) error {
	if r.Method != http.MethodGet {
		return fmt.Errorf("the method is %s", r.Method)
	}
	q := r.URL.Query()
	for _, name := range []string{"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method"} {
		if len(q[name]) != 1 {
			return fmt.Errorf("%s comes %d times", name, len(q[name]))
		}
	}
	const unguessable = 22 // characters of base64 for 128 bits
	switch {
	case !slices.Contains(s.redirects, q.Get("redirect_uri")):
		return fmt.Errorf("the redirect URI %q is not registered", q.Get("redirect_uri"))
	case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != base64.RawURLEncoding.EncodedLen(sha256.Size):
		return fmt.Errorf("the challenge %q is none by S256", q.Get("code_challenge"))
	case len(q.Get("state")) < unguessable || len(q.Get("nonce")) < unguessable || q.Get("state") == q.Get("nonce"):
		return fmt.Errorf("the state %q or the nonce %q can be guessed", q.Get("state"), q.Get("nonce"))
	case q.Has("client_secret") || q.Has("code_verifier"):
		return fmt.Errorf("a secret is in the URL")
	}
	return nil
}

// grant keeps what a code is for.
func (s *strict) grant(asked url.Values, location string) {
	back, err := url.Parse(location)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[back.Query().Get("code")] = grant{redirect: asked.Get("redirect_uri")}
}

// token leaves it to the library to refuse a code that is none, was used, or goes
// with another verifier: who comes back may bring any.
func (s *strict) token(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	switch {
	case r.Method != http.MethodPost:
		return fmt.Errorf("the method is %s", r.Method)
	case r.URL.RawQuery != "":
		return fmt.Errorf("something is in the URL")
	case len(r.PostForm["code_verifier"]) != 1 || len(r.PostForm.Get("code_verifier")) < 43 || len(r.PostForm.Get("code_verifier")) > 128:
		return fmt.Errorf("there is no verifier of 43 to 128 characters")
	case !slices.Contains(s.redirects, r.PostForm.Get("redirect_uri")):
		return fmt.Errorf("the redirect URI %q is not registered", r.PostForm.Get("redirect_uri"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := r.PostForm.Get("code")
	given, ok := s.codes[code]
	if !ok || given.used {
		return nil
	}
	given.used = true
	s.codes[code] = given
	if given.redirect != r.PostForm.Get("redirect_uri") {
		return fmt.Errorf("the redirect URI %q was %q", r.PostForm.Get("redirect_uri"), given.redirect)
	}
	return nil
}
