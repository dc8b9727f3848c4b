package servertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// API is the HTTP interface as one user, whose cookie it keeps.
type API struct {
	Name string
	HTTP *http.Client
	base string
}

// Anonymous is the HTTP interface as nobody yet.
func (r *Room) Anonymous(t testing.TB) *API {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: r.Dial}
	if strings.HasPrefix(r.Plain, "https:") {
		transport.TLSClientConfig = r.Trust(t)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &API{HTTP: &http.Client{Jar: jar, Transport: transport}, base: r.Plain}
}

// Do sends a request and gives the answer's status and body.
func (a *API) Do(t testing.TB, method, path string, body any) (status int, answer []byte) {
	t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, a.base+path, in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", a.base) // as the page's, which a browser names with every write
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := a.HTTP.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer got.Body.Close()
	answer, err = io.ReadAll(got.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return got.StatusCode, answer
}

// Must sends a request that has to be answered with status, and decodes the
// answer into out, unless that is nil.
func (a *API) Must(t testing.TB, method, path string, body, out any, status int) {
	t.Helper()
	got, answer := a.Do(t, method, path, body)
	if got != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, answer)
		}
	}
}

// Deal makes a deal and gives its id.
func (a *API) Deal(t testing.TB, name, history string) string {
	t.Helper()
	var d struct{ ID string }
	a.Must(t, "POST", "/api/deals", map[string]any{"name": name, "history": history}, &d, 201)
	return d.ID
}

// Topic makes a topic in a deal and gives its id.
func (a *API) Topic(t testing.TB, deal, title string, number int) string {
	t.Helper()
	var topic struct{ ID string }
	a.Must(t, "POST", "/api/deals/"+deal+"/topics", map[string]any{"title": title, "number": number}, &topic, 201)
	return topic.ID
}

// Invite makes a link to deals, as an admin, and gives its token.
func (a *API) Invite(t testing.TB, role string, deals ...string) string {
	t.Helper()
	var i struct{ Token string }
	a.Must(t, "POST", "/api/invitations", map[string]any{"deals": deals, "role": role}, &i, 201)
	return i.Token
}

// Join makes an account by an invitation to deals that admin makes.
func (r *Room) Join(t testing.TB, admin *API, name, role string, deals ...string) *API {
	t.Helper()
	token := admin.Invite(t, role, deals...)
	a := r.Anonymous(t)
	display := strings.ToUpper(name[:1]) + name[1:]
	a.Must(t, "POST", "/api/invitations/accept", map[string]any{"token": token, "name": name, "display": display, "password": Password}, nil, 201)
	a.Name = name
	return a
}

// Token fetches a token that opens one session.
func (a *API) Token(t testing.TB) string {
	t.Helper()
	var answer struct{ Token string }
	a.Must(t, "POST", "/api/session/token", map[string]any{}, &answer, 200)
	return answer.Token
}
