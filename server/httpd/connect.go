package httpd

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
)

// ConnectInfo is what a page needs to open a session by WebTransport, and a tool
// by raw QUIC.
type ConnectInfo struct {
	WebTransport string // its URL
	QUIC         string // HOST:PORT
	// CertificateHashes are SHA-256 over the certificates that may be shown
	// there, as DER; none where a public CA has signed them.
	CertificateHashes [][32]byte
	// HTTP3 tells whether pages are offered over HTTP/3 too.
	HTTP3 bool
}

// ways are those to open a session by.
type ways struct {
	WebTransport webTransport `json:"webtransport"`
	QUIC         rawQUIC      `json:"quic"`
	WebSocket    webSocket    `json:"websocket"`
}

type webTransport struct {
	URL               string   `json:"url"`
	CertificateHashes []string `json:"certificateHashes"` // base64
}

type rawQUIC struct {
	Address string `json:"address"`
}

type webSocket struct {
	URL string `json:"url"`
}

// ways are those from where a request came: the WebSocket goes where the page
// came from, through whatever stands between.
func (s *site) ways(by *arrival) ways {
	connect := s.Connect()
	w := ways{
		WebTransport: webTransport{URL: connect.WebTransport, CertificateHashes: []string{}},
		QUIC:         rawQUIC{Address: connect.QUIC},
		WebSocket:    webSocket{URL: socketOrigin(by) + transport.Path},
	}
	for _, hash := range connect.CertificateHashes {
		w.WebTransport.CertificateHashes = append(w.WebTransport.CertificateHashes, base64.StdEncoding.EncodeToString(hash[:]))
	}
	return w
}

// socketOrigin is the origin with a WebSocket's scheme.
func socketOrigin(by *arrival) string {
	return "ws" + strings.TrimPrefix(by.origin(), "http")
}

// token is what a page opens a session with. Page is the hash of the page's
// files as this server has them.
type token struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
	Page    string    `json:"page"`
	ways
}

func (s *site) issueToken(c *call) error {
	secret, expires := c.cookie, time.UnixMilli(c.session.Expires) // a program's, which opens any number
	if c.session.Role == "" {
		secret, expires = s.Desk.IssueToken(c.cookie, c.session)
	}
	return c.answer(http.StatusOK, token{Token: secret, Expires: expires.UTC(), Page: s.Page.Hash, ways: s.ways(arrivalOf(c.r))})
}

// check is what the server sees of a connection, and the ways to try from its
// other end. Nobody needs to sign in for it: who can't connect can't.
type check struct {
	Address  string `json:"address"`
	Protocol string `json:"protocol"`
	HTTP3    bool   `json:"http3"`
	Page     string `json:"page"` // as a token's
	ways
}

func (s *site) check(c *call) error {
	by := arrivalOf(c.r)
	return c.answer(http.StatusOK, check{
		Address:  by.client.String(),
		Protocol: c.r.Proto,
		HTTP3:    s.Connect().HTTP3,
		Page:     s.Page.Hash,
		ways:     s.ways(by),
	})
}

// openSocket opens a WebSocket. Its origin is checked as a write's is, since a
// browser opens one from any page.
func (s *site) openSocket(c *call) error {
	if !strings.EqualFold(c.r.Header.Get("Upgrade"), "websocket") {
		return room.Refuse(room.ErrUnprocessable, "This is where a WebSocket is opened.")
	}
	if err := s.originProblem(c.r); err != nil {
		return err
	}
	by := arrivalOf(c.r)
	remote := netip.AddrPortFrom(by.client, 0)
	if peer, err := netip.ParseAddrPort(c.r.RemoteAddr); err == nil && !by.proxied {
		remote = netip.AddrPortFrom(by.client, peer.Port())
	}
	s.WebSocket(c.w, c.r, remote)
	return nil
}
