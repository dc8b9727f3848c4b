package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"redroom/server/servertest"
)

// What a server knows of a client, its address and that it came by HTTPS, a
// proxy has to say; and a client that says such things itself is not believed.
func TestProxiesSayForWhomTheyAsk(t *testing.T) {
	for _, kind := range servertest.Proxies {
		t.Run(kind.Name, func(t *testing.T) {
			n := servertest.NewNetwork(t)
			proxy := kind.New(t, n.Server())
			room := n.StartProcess(t, t.TempDir(), proxy.Flags()...)
			proxy.Start(t, room.Room)
			room.Admin(t)

			// Wrong passwords, each as if from another address, until the server
			// has enough of the one that they come from.
			wrong := n.Machine().Sees(room.Room, proxy.URL).Anonymous(t)
			lie := &liar{transport: wrong.HTTP.Transport}
			wrong.HTTP.Transport = lie
			const most = 50
			status := 0
			for i := 0; status != http.StatusTooManyRequests; i++ {
				if i == most {
					t.Fatalf("%d wrong passwords of one machine were let through", most)
				}
				lie.address = fmt.Sprintf("192.0.2.%d", i)
				status, _ = wrong.Do(t, "POST", "/api/session", map[string]any{"name": fmt.Sprint("nobody", i), "password": "wrong horse battery"})
			}

			// That is no other machine's trouble.
			seen := n.Machine().Sees(room.Room, proxy.URL)
			anna := seen.SignIn(t, "anna")

			// It came by HTTPS, says the proxy: the cookie is one that no page of
			// plain HTTP can set or see.
			at, err := url.Parse(proxy.URL)
			if err != nil {
				t.Fatal(err)
			}
			cookies := anna.HTTP.Jar.Cookies(at)
			if len(cookies) != 1 || cookies[0].Name != "__Host-redroom" {
				t.Errorf("the sign-in's cookies are %v", cookies)
			}
			got, err := anna.HTTP.Get(proxy.URL + "/")
			if err != nil {
				t.Fatal(err)
			}
			got.Body.Close()
			if got.Header.Get("Strict-Transport-Security") == "" {
				t.Errorf("the page's header does not keep browsers on HTTPS: %v", got.Header)
			}
		})
	}
}

// liar says for whom it asks, and that it came without HTTPS.
type liar struct {
	transport http.RoundTripper
	address   string
}

func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", l.address)
	r.Header.Set("X-Forwarded-Proto", "http")
	return l.transport.RoundTrip(r)
}
