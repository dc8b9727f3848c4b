package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// Protocols says who serves a QUIC connection, by the ALPN that it
// negotiated. A server of a connection returns when the connection is over.
type Protocols map[string]func(*quic.Conn)

// verifyFrom is from how many handshakes under way on a client must show first that it
// is where its address says (RFC 9000 section 8.1.2), which takes one round trip more,
// and nothing here: what is kept of a handshake must not be to be had under addresses
// of others.
const verifyFrom = 256

// QUIC accepts QUIC connections on one UDP socket and hands them out by ALPN.
type QUIC struct {
	transport *quic.Transport
	listener  *quic.EarlyListener
	conns     sync.WaitGroup
}

// ListenQUIC begins to listen on socket, which it owns from then on. Nothing
// of a connection is read before its handshake is complete, but of one that has
// negotiated EchoProtocol: what came before may be somebody else's, who sends once
// more what was sent here before. What happens on each is written by qlog, which may
// be nil.
func ListenQUIC(socket net.PacketConn, trust *tls.Config, qlog *Qlog) (*QUIC, error) {
	opening := new(handshakes)
	t := &quic.Transport{
		Conn:                socket,
		ConnContext:         opening.begin,
		VerifySourceAddress: func(net.Addr) bool { return opening.under.Load() >= verifyFrom },
	}
	config := serverConfig()
	config.Tracer = qlog.trace
	config.Allow0RTT = slices.Contains(trust.NextProtos, EchoProtocol) // of all or none: the ALPN isn't known yet
	l, err := t.ListenEarly(trust, config)
	if err != nil {
		return nil, fmt.Errorf("listening for QUIC on %s: %w", socket.LocalAddr(), err)
	}
	return &QUIC{transport: t, listener: l}, nil
}

// Serve accepts connections until ctx ends or Close is called.
func (q *QUIC) Serve(ctx context.Context, protocols Protocols) error {
	for {
		conn, err := q.listener.Accept(ctx)
		if errors.Is(err, quic.ErrServerClosed) || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting QUIC connections: %w", err)
		}
		negotiated := conn.ConnectionState().TLS.NegotiatedProtocol
		serve := protocols[negotiated]
		if serve == nil { // the handshake has chosen one of ours; this is a gap between the two lists
			conn.CloseWithError(0, "no such protocol")
			continue
		}
		q.conns.Go(func() {
			if negotiated == EchoProtocol {
				q.conns.Go(func() { completed(conn) })
				serve(conn)
			} else if completed(conn) {
				serve(conn)
			}
		})
	}
}

// handshakes counts those that are under way.
type handshakes struct{ under atomic.Int64 }

type handshakeKey struct{}

// begin is a quic.Transport's ConnContext. The context ends with the connection; that
// the handshake is complete is said before, by completed.
func (h *handshakes) begin(ctx context.Context, _ *quic.ClientInfo) (context.Context, error) {
	h.under.Add(1)
	over := sync.OnceFunc(func() { h.under.Add(-1) })
	context.AfterFunc(ctx, over)
	return context.WithValue(withID(ctx), handshakeKey{}, over), nil
}

// completed waits for the end of the handshake, and tells whether it was completed.
func completed(conn *quic.Conn) bool {
	select {
	case <-conn.HandshakeComplete():
		if over, ok := conn.Context().Value(handshakeKey{}).(func()); ok {
			over()
		}
		return true
	case <-conn.Context().Done():
		return false
	}
}

// Refuse closes a connection with a code and a reason, of which the client hears no
// sooner than with the handshake complete (RFC 9000 section 10.2.3).
func Refuse(conn *quic.Conn, code quic.ApplicationErrorCode, reason string) {
	completed(conn)
	conn.CloseWithError(code, reason)
}

// Close ends the listener and all its connections, waits for those who serve
// them, and closes the socket.
func (q *QUIC) Close() error {
	err := q.listener.Close()
	err = errors.Join(err, q.transport.Close())
	q.conns.Wait()
	return errors.Join(err, q.transport.Conn.Close())
}

// serverConfig bounds what a client may send unread: a session's buffers are
// bounded, and the rest waits with the sender.
func serverConfig() *quic.Config {
	c := clientConfig()
	// The channels of a session, the CONNECT, and room for the one past the
	// limit to be told so by an ERR.
	c.MaxIncomingStreams = 270
	c.MaxIncomingUniStreams = 16 // HTTP/3's own
	c.InitialStreamReceiveWindow = 128 << 10
	c.MaxStreamReceiveWindow = 512 << 10
	c.InitialConnectionReceiveWindow = 256 << 10
	c.MaxConnectionReceiveWindow = 2 << 20
	return c
}

// clientConfig has what both sides must agree on.
func clientConfig() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout: 10 * time.Second,
		MaxIdleTimeout:       45 * time.Second,
		// WebTransport needs both, on both sides.
		EnableDatagrams:                  true,
		EnableStreamResetPartialDelivery: true,
		Tracer:                           noteID,
	}
}
