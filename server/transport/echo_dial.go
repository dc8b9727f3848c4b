package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/quic-go/quic-go"
)

// Why there is no echo.
var (
	ErrNoEcho    = errors.New("it echoes nothing: serve has to be given --echo there")
	ErrNoUDPBack = errors.New("nothing came back over UDP: is a server there, and does everything on the way let this UDP port through?")
)

// EchoConn is a connection with a server's Echo, on a UDP socket of its own. Only one
// goroutine may Migrate, ask for the Port, and Close.
type EchoConn struct {
	conn   *quic.Conn
	socket *quic.Transport
	moved  []*quic.Transport // to which the connection went after that
}

// DialEcho opens a connection with the Echo of the server at addr, HOST:PORT. All
// addresses of HOST are tried, as by DialQUIC. If trust has a cache of sessions in
// which the server is known, what is sent on the connection leaves before the server
// has answered (0-RTT); then it is not known yet whether there is one.
func DialEcho(ctx context.Context, addr string, trust *tls.Config) (*EchoConn, error) {
	var mu sync.Mutex
	sockets := make(map[*quic.Conn]*quic.Transport)
	won, err := dialAny(ctx, addr, trust, EchoProtocol, func(ctx context.Context, number string, trust *tls.Config) (*quic.Conn, error) {
		at, err := net.ResolveUDPAddr("udp", number)
		if err != nil {
			return nil, err
		}
		socket, err := openEchoSocket(at.AddrPort().Addr())
		if err != nil {
			return nil, err
		}
		conn, err := socket.DialEarly(ctx, at, trust, dialConfig())
		if err != nil {
			closeEchoSocket(socket)
			return nil, noEcho(err)
		}
		mu.Lock()
		defer mu.Unlock()
		sockets[conn] = socket
		return conn, nil
	})
	for conn, socket := range sockets {
		if conn != won {
			closeEchoSocket(socket)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("connecting for an echo at %s: %w", addr, err)
	}
	return &EchoConn{conn: won, socket: sockets[won]}, nil
}

// openEchoSocket binds any port of the family of an address.
func openEchoSocket(to netip.Addr) (*quic.Transport, error) {
	network := "udp4"
	if to.Unmap().Is6() {
		network = "udp6"
	}
	socket, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, fmt.Errorf("opening a UDP port: %w", err)
	}
	return &quic.Transport{Conn: socket}, nil
}

func closeEchoSocket(t *quic.Transport) error {
	return errors.Join(t.Close(), t.Conn.Close())
}

// noEcho is err, or the reason that it comes from.
func noEcho(err error) error {
	const noApplicationProtocol = quic.TransportErrorCode(0x100 + 120) // RFC 7301 section 3.2
	var (
		refused *quic.TransportError
		unheard *quic.IdleTimeoutError
		slow    *quic.HandshakeTimeoutError
	)
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == noApplicationProtocol:
		return ErrNoEcho
	case errors.As(err, &unheard), errors.As(err, &slow):
		return ErrNoUDPBack
	}
	return err
}

// Open opens a stream, and waits while the server has as many as it takes.
func (c *EchoConn) Open(ctx context.Context) (Channel, error) {
	stream, err := c.conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening a stream: %w", noEcho(err))
	}
	return quicChannel{stream}, nil
}

// Port is this side's UDP port.
func (c *EchoConn) Port() uint16 {
	sockets := append([]*quic.Transport{c.socket}, c.moved...)
	return addrPort(sockets[len(sockets)-1].Conn.LocalAddr()).Port()
}

// Remote is the server's address.
func (c *EchoConn) Remote() netip.AddrPort { return addrPort(c.conn.RemoteAddr()) }

// Established waits until the handshake is complete, and tells whether the session
// was resumed, and whether what was sent before was taken (0-RTT).
func (c *EchoConn) Established(ctx context.Context) (resumed, early bool, err error) {
	select {
	case <-c.conn.HandshakeComplete():
	case <-c.conn.Context().Done():
		return false, false, fmt.Errorf("connecting for an echo: %w", noEcho(context.Cause(c.conn.Context())))
	case <-ctx.Done():
		return false, false, fmt.Errorf("connecting for an echo: %w", ctx.Err())
	}
	state := c.conn.ConnectionState()
	return state.TLS.DidResume, state.Used0RTT, nil
}

// Refused tells whether an error means that the server has not taken what was sent
// before its answer. Then the connection goes on after Again.
func (c *EchoConn) Refused(err error) bool { return errors.Is(err, quic.Err0RTTRejected) }

// Again has the connection begin anew, without streams, on which nothing early was taken.
func (c *EchoConn) Again(ctx context.Context) error {
	if _, err := c.conn.NextConnection(ctx); err != nil {
		return fmt.Errorf("connecting for an echo: %w", noEcho(err))
	}
	return nil
}

// Migrate goes on with the connection from another UDP port (RFC 9000 section 9),
// once the server has answered there.
func (c *EchoConn) Migrate(ctx context.Context) error {
	socket, err := openEchoSocket(c.Remote().Addr())
	if err != nil {
		return fmt.Errorf("moving to another port: %w", err)
	}
	c.moved = append(c.moved, socket)
	path, err := c.conn.AddPath(socket)
	if err == nil {
		err = path.Probe(ctx)
	}
	if err == nil {
		err = path.Switch()
	}
	if err != nil {
		return fmt.Errorf("moving to another port: %w", err)
	}
	return nil
}

// Abort ends the connection, and everything that waits for it.
func (c *EchoConn) Abort() { c.conn.CloseWithError(0, "") }

// Close ends the connection and closes its sockets.
func (c *EchoConn) Close() error {
	err := c.conn.CloseWithError(0, "")
	for _, socket := range append(c.moved, c.socket) {
		err = errors.Join(err, closeEchoSocket(socket))
	}
	return err
}
