package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"
)

// Protocol is the sub-protocol of WebTransport and the ALPN of raw QUIC.
const Protocol = "rrp1"

// Path is where WebTransport and WebSocket sessions are opened.
const Path = "/rrp"

// idleTime is how long an HTTP/3 connection may have neither a session nor a
// request.
const idleTime = 2 * time.Minute

// WebTransport answers HTTP/3 on QUIC connections: pages by Handler, and
// WebTransport sessions on Path.
type WebTransport struct {
	server  *webtransport.Server
	sending sync.WaitGroup // one a session, for its datagrams
}

// NewWebTransport serves pages by handler, and hands each session to serve,
// which must not return before the session is over. Origins that allowed does
// not know are refused; an absent one is a tool's and passes.
func NewWebTransport(handler http.Handler, allowed func(origin string) bool, serve func(Session)) *WebTransport {
	made := new(WebTransport)
	wt := &webtransport.Server{
		H3:                   &http3.Server{MaxHeaderBytes: 32 << 10, IdleTimeout: idleTime},
		ApplicationProtocols: []string{Protocol},
		CheckOrigin: func(r *http.Request) bool {
			origin := r.Header.Get("Origin")
			return origin == "" || allowed(origin)
		},
	}
	wt.H3.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			handler.ServeHTTP(w, r)
			return
		}
		if r.URL.Path != Path {
			http.Error(w, "WebTransport is at "+Path, http.StatusNotFound)
			return
		}
		if !wt.CheckOrigin(r) {
			http.Error(w, "this origin is not allowed; see --origin", http.StatusForbidden)
			return
		}
		s, err := wt.Upgrade(w, r)
		if err != nil {
			http.Error(w, "not a WebTransport request", http.StatusBadRequest)
			return
		}
		waiting := make(datagrams, datagramsWaiting)
		made.sending.Go(func() { waiting.sendAll(s) })
		serve(wtSession{s, waiting, r.UserAgent()})
	})
	webtransport.ConfigureHTTP3Server(wt.H3)
	made.server = wt
	return made
}

// ServeConn answers one connection that has negotiated h3, until it ends.
func (wt *WebTransport) ServeConn(conn *quic.Conn) error {
	return wt.server.ServeQUICConn(conn)
}

// Close ends all connections at once.
func (wt *WebTransport) Close() error { return wt.server.Close() }

// Wait waits, once the QUIC connections are closed, until nothing is being sent
// on them.
func (wt *WebTransport) Wait() { wt.sending.Wait() }

// DialWebTransport opens a session with the server at url, whose connection
// is the session's own. origin is told if it isn't empty, as a browser would.
func DialWebTransport(ctx context.Context, url, origin string, trust *tls.Config) (Session, error) {
	if trust = trust.Clone(); trust == nil {
		trust = new(tls.Config)
	}
	trust.NextProtos = []string{http3.NextProtoH3}
	inTime := func() bool { return true }
	d := webtransport.Transport{
		TLSClientConfig:      trust,
		QUICConfig:           clientConfig(),
		ApplicationProtocols: []string{Protocol},
		// The library waits for the answer to its request for as long as there is a
		// connection, whatever ctx says.
		DialAddr: func(ctx context.Context, addr string, trust *tls.Config, config *quic.Config) (*quic.Conn, error) {
			conn, err := quic.DialAddrEarly(ctx, addr, trust, config)
			if err == nil {
				inTime = context.AfterFunc(ctx, func() { conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "") })
			}
			return conn, err
		},
	}
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	answer, s, err := d.Dial(ctx, url, header)
	if !inTime() {
		answer, err = nil, context.Cause(ctx)
	}
	if err != nil {
		if answer != nil {
			err = fmt.Errorf("%w (status %d)", err, answer.StatusCode)
		}
		return nil, fmt.Errorf("opening a WebTransport session at %s: %w", url, err)
	}
	return wtSession{s: s}, nil
}

type wtSession struct {
	s       *webtransport.Session
	waiting datagrams // at the server; else nil
	agent   string    // at the server
}

func (s wtSession) Transport() string        { return "WebTransport" }
func (s wtSession) Agent() string            { return s.agent }
func (s wtSession) Remote() netip.AddrPort   { return addrPort(s.s.RemoteAddr()) }
func (s wtSession) Context() context.Context { return s.s.Context() }

func (s wtSession) Accept(ctx context.Context) (Channel, error) {
	stream, err := s.s.AcceptStream(ctx)
	if err != nil {
		return nil, fmt.Errorf("accepting a channel: %w", err)
	}
	return wtChannel{stream}, nil
}

func (s wtSession) Open(ctx context.Context) (Channel, error) {
	stream, err := s.s.OpenStreamSync(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	return wtChannel{stream}, nil
}

func (s wtSession) SendDatagram(octets []byte) error {
	if s.waiting == nil {
		return s.s.SendDatagram(octets)
	}
	s.waiting.add(octets)
	return nil
}

func (s wtSession) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	return s.s.ReceiveDatagram(ctx)
}

func (s wtSession) Close(code Code, sentence string) error {
	return s.s.CloseWithError(webtransport.SessionErrorCode(code), sentence)
}

type wtChannel struct{ *webtransport.Stream }

func (c wtChannel) CloseWrite() error { return c.Stream.Close() }

func (c wtChannel) CloseSession(Code, string) error { return c.Stream.Close() }

func (c wtChannel) Reset(code Code) {
	c.CancelRead(webtransport.StreamErrorCode(code))
	c.CancelWrite(webtransport.StreamErrorCode(code))
}

func addrPort(a net.Addr) netip.AddrPort {
	if udp, ok := a.(*net.UDPAddr); ok {
		ap := udp.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
