package servertest

import (
	"context"
	"crypto/tls"
	"flag"
	"slices"
	"strings"
	"testing"

	"redroom/server/transport"
)

// carrier is what carries the sessions that tests speak by hand. All of the
// protocol's tests hold on every one.
var carrier = flag.String("carrier", "WebTransport", "what carries sessions: WebTransport, QUIC, WebSocket, or a WebSocket through nginx or HAProxy")

// OverWebSocket tells whether sessions are carried by WebSockets, whose FIN ends
// both directions.
func OverWebSocket() bool { return !OverQUIC() && *carrier != "WebTransport" }

// OverQUIC tells whether sessions are carried by raw QUIC.
func OverQUIC() bool { return *carrier == "QUIC" }

// carriedBy is the proxy that sessions go through; nil: none.
func carriedBy(t testing.TB) *Proxy {
	t.Helper()
	if *carrier == "WebSocket" || !OverWebSocket() {
		return nil
	}
	i := slices.IndexFunc(Proxies, func(k ProxyKind) bool { return k.Name == *carrier })
	if i < 0 {
		t.Fatalf("-carrier %s: there is no such one", *carrier)
	}
	return Proxies[i].New(t, nil)
}

// OpenOther opens a session by another transport than Open does.
func (r *Room) OpenOther(t testing.TB) *Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	dial := r.dialWebSocket
	if OverWebSocket() {
		dial = r.dialWebTransport
	}
	s, err := dial(ctx, r.Trust(t))
	if err != nil {
		t.Fatalf("opening a session: %v", err)
	}
	t.Cleanup(func() { s.Close(0, "") })
	return &Session{Session: s}
}

// dial opens a session by whatever carries them.
func (r *Room) dial(ctx context.Context, trust *tls.Config) (transport.Session, error) {
	switch {
	case OverWebSocket():
		return r.dialWebSocket(ctx, trust)
	case OverQUIC():
		return r.dialQUIC(ctx, trust)
	}
	return r.dialWebTransport(ctx, trust)
}

// QUIC is where raw QUIC sessions are opened, HOST:PORT.
func (r *Room) QUIC() string {
	return strings.TrimSuffix(strings.TrimPrefix(r.Rrp, "https://"), transport.Path)
}

func (r *Room) dialQUIC(ctx context.Context, trust *tls.Config) (transport.Session, error) {
	return transport.DialQUIC(ctx, r.QUIC(), trust)
}

func (r *Room) dialWebTransport(ctx context.Context, trust *tls.Config) (transport.Session, error) {
	return transport.DialWebTransport(ctx, r.Rrp, "", trust)
}

func (r *Room) dialWebSocket(ctx context.Context, trust *tls.Config) (transport.Session, error) {
	at := r.Rrp
	if r.proxied != nil {
		at = r.proxied.Rrp
	}
	return transport.DialWebSocket(ctx, "wss"+strings.TrimPrefix(at, "https"), "", trust)
}
