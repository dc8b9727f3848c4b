package servertest

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Secure is the room as it is seen by HTTPS, on the port of WebTransport.
func (r *Room) Secure(t testing.TB) *Room {
	t.Helper()
	address, err := url.Parse(r.Rrp)
	if err != nil {
		t.Fatal(err)
	}
	return &Room{Data: r.Data, Plain: "https://" + address.Host, Rrp: r.Rrp, Server: r.Server}
}

// OpenSecurePage is OpenPage for a room seen by HTTPS: over HTTP/3 ("h3") or
// HTTP/2 ("h2").
func OpenSecurePage(t testing.TB, r *Room, protocol string, flags ...string) *Page {
	t.Helper()
	address, err := url.Parse(r.Plain)
	if err != nil {
		t.Fatal(err)
	}
	flags = append(flags, "ignore-certificate-errors-spki-list="+authorityHash(t, r.Data))
	if protocol == "h3" {
		flags = append(flags, "origin-to-force-quic-on="+address.Host)
	}
	return OpenPage(t, flags...)
}

// Traffic counts what a tab is sent from then on.
type Traffic struct {
	mu       sync.Mutex
	requests map[network.RequestID]*Received
}

// Received is what came for one request: the octets of head and body as they
// were sent, none if it came from a cache.
type Received struct {
	URL, Protocol string
	Octets        float64
	Whole         bool // nothing more comes
	Kept          bool // the service worker had it
}

// Traffic begins to count.
func (p *Page) Traffic() *Traffic {
	p.t.Helper()
	t := &Traffic{requests: make(map[network.RequestID]*Received)}
	if err := chromedp.Listen(p.ctx, t.hear); err != nil {
		p.t.Fatal(err)
	}
	call(p, network.Enable, network.EnableParams{})
	return t
}

func (t *Traffic) hear(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		t.requests[e.RequestID] = &Received{URL: e.Request.URL}
	case *network.EventResponseReceived:
		if r := t.requests[e.RequestID]; r != nil {
			r.Protocol, r.Octets, r.Kept = e.Response.Protocol, e.Response.EncodedDataLength, e.Response.FromServiceWorker
		}
	case *network.EventDataReceived:
		if r := t.requests[e.RequestID]; r != nil {
			r.Octets += float64(e.EncodedDataLength)
		}
	case *network.EventLoadingFinished:
		if r := t.requests[e.RequestID]; r != nil {
			r.Octets, r.Whole = e.EncodedDataLength, true
		}
	case *network.EventLoadingFailed:
		if r := t.requests[e.RequestID]; r != nil {
			r.Whole = true
		}
	}
}

// Received is all so far, the largest first.
func (t *Traffic) Received() (all []Received) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for r := range maps.Values(t.requests) {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b Received) int { return cmp.Compare(b.Octets, a.Octets) })
	return all
}

// SlowPhone makes the browser as slow as Chromium's DevTools make it for a phone
// of low price on "Slow 4G": a sixth of the processor, 1.44 Mbit/s down, 675 kbit/s
// up, and 562.5 ms from a request to its answer's head.
func (p *Page) SlowPhone() {
	p.t.Helper()
	call(p, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 6})
	call(p, network.Enable, network.EnableParams{})
	const kbit = 1000.0 / 8
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{
		Latency: 562.5, DownloadThroughput: 1440 * kbit, UploadThroughput: 675 * kbit, ConnectionType: network.ConnectionTypeCellular4g,
	}}})
}

// Manifest is what the browser read of the page's manifest, as JSON, from where,
// and what keeps the page from being installed.
func (p *Page) Manifest() (address, content string, problems []string) {
	p.t.Helper()
	manifest := call(p, page.GetAppManifest, page.GetAppManifestParams{})
	for _, e := range manifest.Errors {
		problems = append(problems, e.Message)
	}
	for _, e := range call(p, page.GetInstallabilityErrors, cdp.Empty{}).InstallabilityErrors {
		problems = append(problems, e.ErrorID)
	}
	return manifest.URL, manifest.Data, problems
}
