package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"
)

// nextAddressAfter is how long one address of a name has before the next one is
// tried beside it (RFC 8305 section 5).
const nextAddressAfter = 250 * time.Millisecond

// DialQUIC opens a session with the server at addr, HOST:PORT, by raw QUIC. All
// addresses of HOST are tried, of both families in turn; the first that completes
// its handshake, which verifies the certificate for HOST, is taken.
func DialQUIC(ctx context.Context, addr string, trust *tls.Config) (Session, error) {
	conn, err := dialAny(ctx, addr, trust, Protocol, func(ctx context.Context, at string, trust *tls.Config) (*quic.Conn, error) {
		return quic.DialAddr(ctx, at, trust, dialConfig())
	})
	if err != nil {
		return nil, fmt.Errorf("opening a QUIC session at %s: %w", addr, err)
	}
	return quicSession{conn: conn, id: ConnectionID(conn)}, nil
}

// dialAny dials all addresses of addr, HOST:PORT, as one has to that negotiates a
// protocol there, and gives the first connection.
func dialAny(ctx context.Context, addr string, trust *tls.Config, protocol string, dial func(ctx context.Context, at string, trust *tls.Config) (*quic.Conn, error)) (*quic.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address such as localhost:4433: %w", addr, err)
	}
	if trust = trust.Clone(); trust == nil {
		trust = new(tls.Config)
	}
	trust.NextProtos = []string{protocol}
	if trust.ServerName == "" {
		trust.ServerName = host
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	return dialFirst(ctx, inTurn(found), func(ctx context.Context, ip netip.Addr) (*quic.Conn, error) {
		return dial(ctx, net.JoinHostPort(ip.String(), port), trust)
	})
}

// dialConfig is that of a program. Of both sides' idle limits the smaller one
// counts: a server that hears nothing more of a program lets it go then, and
// not after its own. Whoever has nothing to say stays.
func dialConfig() *quic.Config {
	c := clientConfig()
	c.MaxIdleTimeout = 10 * time.Second
	c.KeepAlivePeriod = 4 * time.Second
	return c
}

// inTurn orders addresses so that one family follows the other, beginning with
// the resolver's first, and that of which there are none left no longer.
func inTurn(found []netip.Addr) []netip.Addr {
	var first, other []netip.Addr
	for _, ip := range found {
		if ip = ip.Unmap(); ip.Is4() == found[0].Unmap().Is4() {
			first = append(first, ip)
		} else {
			other = append(other, ip)
		}
	}
	turn := make([]netip.Addr, 0, len(found))
	for i := range max(len(first), len(other)) {
		if i < len(first) {
			turn = append(turn, first[i])
		}
		if i < len(other) {
			turn = append(turn, other[i])
		}
	}
	return turn
}

// dialFirst dials one address after the other, each when the one before has
// failed or had its time, and gives the first connection that comes. It returns
// when none is being dialed any more.
func dialFirst(ctx context.Context, addresses []netip.Addr, dial func(context.Context, netip.Addr) (*quic.Conn, error)) (*quic.Conn, error) {
	if len(addresses) == 0 {
		return nil, errors.New("the name has no address")
	}
	type outcome struct {
		conn *quic.Conn
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		won      *quic.Conn
		failed   []error
		dialing  int
		outcomes = make(chan outcome)
		next     = time.NewTimer(0)
	)
	defer next.Stop()
	for len(addresses) > 0 || dialing > 0 {
		select {
		case <-next.C:
			if len(addresses) == 0 {
				continue
			}
			ip := addresses[0]
			addresses = addresses[1:]
			dialing++
			go func() {
				conn, err := dial(withID(ctx), ip)
				outcomes <- outcome{conn, err}
			}()
			next.Reset(nextAddressAfter)
		case o := <-outcomes:
			dialing--
			switch {
			case o.err != nil:
				failed = append(failed, o.err)
				next.Reset(0)
			case won != nil:
				o.conn.CloseWithError(0, "")
			default:
				won, addresses = o.conn, nil
				cancel()
			}
		}
	}
	if won == nil {
		return nil, errors.Join(failed...)
	}
	return won, nil
}
