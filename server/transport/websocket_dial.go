package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/coder/websocket"
)

// DialWebSocket opens a session with the server at url, wss://HOST:PORT/rrp, or
// ws:// where that is a loopback address. origin is told if it isn't empty, as
// a browser would. A proxy of the environment (HTTPS_PROXY) is gone through.
func DialWebSocket(ctx context.Context, url, origin string, trust *tls.Config) (Session, error) {
	d := &wsDialer{url: url, header: http.Header{}, trust: trust.Clone()}
	if d.trust == nil {
		d.trust = new(tls.Config)
	}
	d.trust.NextProtos = []string{"http/1.1"}
	if origin != "" {
		d.header.Set("Origin", origin)
	}
	control, err := d.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening a WebSocket session at %s: %w", url, err)
	}
	s := newWSSession(control, netip.AddrPort{})
	s.dial = d.dial
	return s, nil
}

type wsDialer struct {
	url    string
	header http.Header
	trust  *tls.Config
}

func (d *wsDialer) dial(ctx context.Context) (*wsChannel, error) {
	var tcp lastConn
	via := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		DialContext:       tcp.dial,
		TLSClientConfig:   d.trust,
		DisableKeepAlives: true,
	}
	gate := make(writeGate, 1)
	conn, answer, err := websocket.Dial(ctx, d.url, &websocket.DialOptions{
		OnPingReceived: gate.mayAnswer,
		HTTPClient:     &http.Client{Transport: via, CheckRedirect: noRedirect},
		HTTPHeader:     d.header,
		Subprotocols:   []string{Protocol},
	})
	if err != nil {
		if answer != nil {
			err = fmt.Errorf("%w (status %d)", err, answer.StatusCode)
		}
		return nil, err
	}
	c := newWSChannel(conn, tcp.get(), gate)
	if conn.Subprotocol() != Protocol {
		c.Reset(0)
		return nil, fmt.Errorf("the server does not speak %s", Protocol)
	}
	return c, nil
}

// noRedirect keeps a token from following one elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// lastConn remembers the connection that was made last: Go tries addresses side
// by side, but hands on one.
type lastConn struct {
	mu   sync.Mutex
	conn net.Conn
}

func (l *lastConn) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.conn = conn
	}
	return conn, err
}

func (l *lastConn) get() net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn
}
