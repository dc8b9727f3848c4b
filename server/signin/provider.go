package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

// What a provider may take of us.
const (
	askTime      = 10 * time.Second // of one request
	maxProvided  = 1 << 20          // octets of an answer
	providerLife = time.Hour        // after which it is asked anew what it is
	providerRest = 5 * time.Second  // after it could not be reached
	maxAsking    = 4                // connections to one
)

// providers is what the company's provider has said of itself (OpenID Connect
// Discovery 1.0), and its keys. It is asked by one request at a time, for which
// others that need it wait; nobody else does.
type providers struct {
	client   *http.Client
	requests *requests
	asking   singleflight.Group

	mu    sync.Mutex
	known *provider
	// Of the issuer that could not be reached:
	down  string
	since time.Time
	why   error
}

// provider is one, as it was at a time.
type provider struct {
	*oidc.Provider
	issuer string
	asked  time.Time
	says   struct {
		Scopes  []string `json:"scopes_supported"`
		Clients []string `json:"token_endpoint_auth_methods_supported"`
	}
}

func newProviders() *providers {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = maxAsking
	transport.DisableKeepAlives = true // nothing is left of a request
	transport.MaxResponseHeaderBytes = maxProvided
	requests := newRequests()
	return &providers{requests: requests, client: &http.Client{
		Transport: bounded{transport, requests},
		Timeout:   askTime,
		// What is asked for has one place; another one could be anywhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// bounded asks only where nobody listens in, and while the Desk runs, and reads so
// much of an answer and no more.
type bounded struct {
	next     http.RoundTripper
	requests *requests
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !isPrivate(r.URL) {
		return nil, fmt.Errorf("%s is not https", r.URL.Redacted())
	}
	ctx, over, err := b.requests.begin(r.Context())
	if err != nil {
		return nil, err
	}
	answer, err := b.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		over()
		return nil, err
	}
	answer.Body = &body{http.MaxBytesReader(nil, answer.Body, maxProvided), over}
	return answer, nil
}

// body tells when it was read.
type body struct {
	io.ReadCloser
	over func()
}

func (b *body) Close() error {
	defer b.over()
	return b.ReadCloser.Close()
}

var errStopped = errors.New("the server is being stopped")

// requests are those under way, until their answers were read. The library asks
// for keys in a goroutine of its own, which ends with its request.
type requests struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	stopped bool
	running sync.WaitGroup
}

func newRequests() *requests {
	r := new(requests)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// begin is ctx for one that ends when all do, and what has to be called once it is
// over.
func (r *requests) begin(ctx context.Context) (_ context.Context, over func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return nil, nil, errStopped
	}
	r.running.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	forget := context.AfterFunc(r.ctx, cancel)
	return ctx, sync.OnceFunc(func() {
		forget()
		cancel()
		r.running.Done()
	}), nil
}

// stop ends them, and waits for that.
func (r *requests) stop() {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.cancel()
	r.running.Wait()
}

// isPrivate tells whether what goes to a URL can be read on the way.
func isPrivate(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && addr.IsLoopback())
}

// context is one in which the libraries ask through our client.
func (p *providers) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

// get is the provider of an issuer. One that can't be reached is still known for
// as long as it was once.
func (p *providers) get(ctx context.Context, issuer string, now time.Time) (*provider, error) {
	p.mu.Lock()
	known, resting, why := p.known, p.down == issuer && now.Sub(p.since) < providerRest, p.why
	p.mu.Unlock()
	if known != nil && known.issuer != issuer {
		known = nil
	}
	switch {
	case known != nil && (resting || now.Sub(known.asked) < providerLife):
		return known, nil
	case resting:
		return nil, why
	}
	// Who asks may go away, while others wait for the same.
	asked, err, _ := p.asking.Do(issuer, func() (any, error) { return p.ask(context.WithoutCancel(ctx), issuer, now) })
	switch {
	case err == nil:
		return asked.(*provider), nil
	case known != nil:
		return known, nil
	}
	return nil, err
}

func (p *providers) ask(ctx context.Context, issuer string, now time.Time) (*provider, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	asked := &provider{issuer: issuer, asked: now}
	var err error
	if asked.Provider, err = oidc.NewProvider(p.context(ctx), issuer); err == nil {
		err = asked.check()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("asking the provider %s what it is: %w", issuer, shortened(err))
		p.down, p.since, p.why = issuer, now, err
		return nil, err
	}
	p.known, p.down = asked, ""
	return asked, nil
}

func (p *provider) check() error {
	if err := p.Claims(&p.says); err != nil {
		return err
	}
	u, err := url.Parse(p.Endpoint().AuthURL)
	if err != nil || u.Host == "" || !isPrivate(u) {
		return errors.New("it has no authorization endpoint that is https")
	}
	return nil
}

// scopes are what to ask of it: who somebody is, and the groups where there is a
// scope for them.
func (p *provider) scopes() []string {
	all := []string{oidc.ScopeOpenID}
	for _, scope := range []string{"profile", "email", "groups"} {
		if slices.Contains(p.says.Scopes, scope) || len(p.says.Scopes) == 0 && scope != "groups" {
			all = append(all, scope)
		}
	}
	return all
}

// client is the room as the provider knows it (RFC 6749 section 2.3.1).
func (p *provider) client(id, secret, redirect string) *oauth2.Config {
	endpoint := p.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if secret == "" || slices.Contains(p.says.Clients, "client_secret_post") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: endpoint, RedirectURL: redirect, Scopes: p.scopes()}
}

// shortened is an error without most of the page that a provider answered with.
func shortened(err error) error {
	const most = 200
	if text := err.Error(); len(text) > most {
		return errors.New(strings.ToValidUTF8(text[:most], "") + "…")
	}
	return err
}
