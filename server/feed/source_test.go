package feed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// patience is for what should come at once.
const patience = 60 * time.Second

// newSource is a source at a URL that has all the time.
func newSource(t *testing.T, url, authorization string) *Source {
	t.Helper()
	s, err := NewSource(url, authorization, nil, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.http.CloseIdleConnections)
	return s
}

// serve is a source that answers so.
func serve(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s
}

// say answers with this content as JSON.
func say(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, content)
	}
}

func TestAReadingIsFetchedAsItWasWritten(t *testing.T) {
	for _, reading := range []string{`{"a": 1.10, "b":12345678901234567890123,"c": 1e400}`, " [1,\n2]\n", `"Grüße \u00fc <&>"`, "0", "null"} {
		got, err := newSource(t, serve(t, say(reading)).URL, "").Fetch(t.Context())
		if err != nil || string(got) != reading {
			t.Errorf("%s was fetched as %s, %v", reading, got, err)
		}
	}
	for _, kind := range []string{"application/json; charset=utf-8", "text/json", "application/senml+json", "Application/JSON", "text/plain; charset=utf-8", ""} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{kind}
			fmt.Fprint(w, "1")
		})
		if _, err := newSource(t, s.URL, "").Fetch(t.Context()); err != nil {
			t.Errorf("of type %s: %v", kind, err)
		}
	}
}

// TestWhatIsNoReadingIsSaidInOneLine has a source fail in each way.
func TestWhatIsNoReadingIsSaidInOneLine(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect to another host was followed") })
	typed := func(kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{kind}
			fmt.Fprint(w, "<p>1</p>")
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   string
		words  string
	}{
		"a broken object": {say(`{"a":`), "json", "not one value of JSON"},
		"two values":      {say(`1 2`), "json", "not one value of JSON"},
		"nothing":         {say(""), "json", "not one value of JSON"},
		"no UTF-8":        {say("\"\xff\""), "json", "not UTF-8"},
		"a page":          {typed("text/html"), "type", `"text/html"`},
		"no type":         {typed(""), "type", "not one value of JSON"},
		"a hostile type":  {typed("x\u202e/" + strings.Repeat("y", 1000)), "type", `x\u202e`},
		"5 MiB":           {say("[" + strings.Repeat(" ", 5<<20) + "]"), "size", "more than 1048576 octets"},
		"an error":        {http.NotFound, "status 404", "404 Not Found"},
		"no content":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "status 204", "204"},
		"a redirect away": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/secret", http.StatusFound)
		}, "redirect", elsewhere.URL},
		"a redirect in ring": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/?", http.StatusFound) }, "redirects", "more than 3 times"},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			say("[1,")(w, nil)
		}, "cut", "cut off"},
		"a closed connection": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "network", "can not be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.answer)
			expectFailure(t, newSource(t, s.URL+"/path?key=secret", "Bearer secret"), c.kind, c.words)
		})
	}
	t.Run("nobody", func(t *testing.T) {
		s := serve(t, say("1"))
		s.Close()
		expectFailure(t, newSource(t, s.URL+"/?key=secret", ""), "network", "connection refused")
	})
	t.Run("a hanging source", func(t *testing.T) {
		for _, begun := range []bool{false, true} {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if begun {
					say("[1,")(w, nil)
					http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			source := newSource(t, s.URL+"/?key=secret", "")
			source.timeout = 50 * time.Millisecond
			expectFailure(t, source, "timeout", "within 50ms")
		}
	})
	t.Run("an untrusted certificate", func(t *testing.T) {
		s := httptest.NewUnstartedServer(say("1"))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		defer s.Close()
		expectFailure(t, newSource(t, s.URL+"/?key=secret", "Bearer secret"), "certificate", "--source-ca")

		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		trusting, err := NewSource(s.URL, "Bearer secret", &tls.Config{RootCAs: roots}, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer trusting.http.CloseIdleConnections()
		if got, err := trusting.Fetch(t.Context()); err != nil || string(got) != "1" {
			t.Errorf("by its CA: %s, %v", got, err)
		}
	})
	t.Run("no TLS", func(t *testing.T) {
		s := serve(t, say("1"))
		expectFailure(t, newSource(t, strings.Replace(s.URL, "http:", "https:", 1), "Bearer secret"), "network", "HTTPS")
	})
}

// expectFailure fails the test unless there is no reading for a reason that is
// said in one line without a secret.
func expectFailure(t *testing.T, s *Source, kind, words string) {
	t.Helper()
	reading, err := s.Fetch(t.Context())
	if err == nil {
		t.Fatalf("there was a reading of %d octets", len(reading))
	}
	if got := kindOf(err); got != kind {
		t.Errorf("it is of kind %q, want %q", got, kind)
	}
	if line := err.Error(); !strings.Contains(line, words) || strings.ContainsAny(line, "\n\u202e") || strings.Contains(line, "secret") || len(line) > 400 {
		t.Errorf("it says %q, want something of %q", line, words)
	}
}

func TestARedirectWithinTheHostIsFollowed(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			http.Redirect(w, r, "/there", http.StatusTemporaryRedirect)
			return
		}
		say(fmt.Sprintf("%q", r.Header.Get("Authorization")))(w, r)
	})
	if got, err := newSource(t, s.URL, "Bearer key").Fetch(t.Context()); err != nil || string(got) != `"Bearer key"` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestAFetchEndsWithItsContext(t *testing.T) {
	arrived := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := newSource(t, s.URL, "").Fetch(ctx); err != context.Canceled {
		t.Errorf("it ended with %v", err)
	}
}

func TestASourceThatWouldTellASecretIsNone(t *testing.T) {
	for name, c := range map[string]struct{ url, authorization, words string }{
		"no URL":                  {"https://host/%zz-secret", "", "no URL"},
		"another scheme":          {"file:///etc/passwd", "", "http or https"},
		"a word":                  {"secret", "", "http or https"},
		"a password":              {"https://anna:secret@host/", "", "REDROOM_FEED_AUTHORIZATION"},
		"in clear over a network": {"http://example.com/", "Bearer secret", "https"},
		"two headers":             {"https://host/", "secret\r\nHost: x", "no header's value"},
	} {
		if _, err := NewSource(c.url, c.authorization, nil, patience); err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, loopback := range []string{"http://localhost:1/", "http://127.0.0.1/", "http://[::1]:80/"} {
		newSource(t, loopback, "Bearer key")
	}
	if s := newSource(t, "https://host:8443/a%2Fb/?key=secret#secret", ""); s.Name() != "https://host:8443/a%2Fb/" {
		t.Errorf("it is called %s", s.Name())
	}
}

func TestASourceIsAskedForJSONOnly(t *testing.T) {
	asked := make(chan http.Header, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header
		say("1")(w, r)
	})
	if _, err := newSource(t, s.URL, "").Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	head := <-asked
	if _, ok := head["Authorization"]; ok || head.Get("Accept") != "application/json" {
		t.Errorf("it was asked with %v", head)
	}
}

func TestKindsOfNetworkFailures(t *testing.T) {
	for kind, err := range map[string]error{
		"name":        &net.OpError{Op: "dial", Err: &net.DNSError{Name: "nowhere"}},
		"certificate": fmt.Errorf("dialing: %w", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}),
		"timeout":     context.DeadlineExceeded,
		"network":     net.ErrClosed,
	} {
		if got := kindOfNetwork(err); got != kind {
			t.Errorf("%v is of kind %q, want %q", err, got, kind)
		}
	}
}
