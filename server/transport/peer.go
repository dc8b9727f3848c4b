package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// PeerProtocol is the ALPN of peers among themselves (PROTOCOL.md section 6).
const PeerProtocol = "rrp1-peer"

// What strangers may have of a peer's port before anybody knows who they are.
const (
	maxPeers        = 512 // connections that were dialed to it, in a handshake or after it
	maxPeersNetwork = 64  // of these, those of one Network
	verifyPeersFrom = 16  // so many, and the next one shows first that its address is its own
)

// How long nothing may be heard on a connection.
const (
	peerIdle    = 75 * time.Second // where the side that has dialed asks for no less, as the directory
	peerSilence = 15 * time.Second // of two peers
)

// ErrOtherPeer means that whoever was dialed has another certificate than the
// fingerprint says.
var ErrOtherPeer = errors.New("its certificate is not the one that the directory names")

// PeerConn is a connection of two peers, or of the directory and a peer. It
// has one channel, which the side that has dialed opens, and no datagrams.
type PeerConn struct {
	Session
	Fingerprint [32]byte // SHA-256 of the other side's certificate in DER; all zero: it has shown none
}

// PeerSockets are the UDP sockets on which a peer, or the directory, dials and
// may listen: one for each family that the machine has.
type PeerSockets struct {
	port    uint16
	four    *quic.Transport // nil: the machine lacks it
	six     *quic.Transport
	places  peerPlaces
	accepts sync.WaitGroup
	conns   chan *quic.Conn
	ended   context.Context
	end     context.CancelFunc
}

// NewPeerCertificate makes a key and a certificate for one run, with its
// fingerprint. It names nobody and is signed by itself: who dials knows it by its
// fingerprint alone, so that its time, which nobody looks at, is any.
func NewPeerCertificate() (tls.Certificate, [32]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, [32]byte{}, fmt.Errorf("making a peer's key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, [32]byte{}, fmt.Errorf("making a peer's certificate: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    now.AddDate(-1, 0, 0),
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, [32]byte{}, fmt.Errorf("making a peer's certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, sha256.Sum256(der), nil
}

// OpenPeerSockets opens port on every address of the machine, in both families,
// or in the one that the machine has; 0: any port that is free in both.
func OpenPeerSockets(ctx context.Context, port uint16) (*PeerSockets, error) {
	const tries = 20 // a port that is free in one family may be taken in the other
	for try := 0; ; try++ {
		s, err := openPeerSockets(ctx, port)
		if err == nil {
			return s, nil
		}
		if port != 0 || try == tries {
			return nil, fmt.Errorf("opening UDP port %d for peers: %w", port, err)
		}
	}
}

func openPeerSockets(ctx context.Context, port uint16) (*PeerSockets, error) {
	s := &PeerSockets{port: port, conns: make(chan *quic.Conn), places: peerPlaces{of: make(map[netip.Prefix]int)}}
	s.ended, s.end = context.WithCancel(context.Background())
	var lacking error
	for _, family := range []struct {
		network, address string
		transport        **quic.Transport
	}{{"udp4", "0.0.0.0", &s.four}, {"udp6", "[::]", &s.six}} {
		var lc net.ListenConfig
		socket, err := lc.ListenPacket(ctx, family.network, fmt.Sprintf("%s:%d", family.address, s.port))
		switch {
		case err == nil:
			s.port = uint16(socket.LocalAddr().(*net.UDPAddr).Port)
			*family.transport = &quic.Transport{
				Conn:                socket,
				ConnContext:         s.places.take,
				VerifySourceAddress: func(net.Addr) bool { return s.places.taken() >= verifyPeersFrom },
			}
		case lacksFamily(err):
			lacking = err
		default:
			s.Close()
			return nil, err
		}
	}
	if s.four == nil && s.six == nil {
		return nil, lacking
	}
	return s, nil
}

// Port is the UDP port, the same one in both families.
func (s *PeerSockets) Port() uint16 { return s.port }

// Listen begins to accept connections, for which cert is shown. The other side
// is asked for a certificate, and may have none; if it has one, TLS has seen that
// it has the key to it.
func (s *PeerSockets) Listen(cert tls.Certificate) error {
	trust := &tls.Config{
		Certificates:           []tls.Certificate{cert},
		NextProtos:             []string{PeerProtocol},
		ClientAuth:             tls.RequestClientCert,
		SessionTicketsDisabled: true, // a resumed connection would show no certificate anew
		MinVersion:             tls.VersionTLS13,
	}
	for _, t := range s.transports() {
		l, err := t.Listen(trust, peerConfig(1))
		if err != nil {
			return fmt.Errorf("listening for peers on %s: %w", t.Conn.LocalAddr(), err)
		}
		s.accepts.Go(func() { s.acceptAll(l) })
	}
	return nil
}

// acceptAll hands on what one socket's listener accepts until the sockets are closed.
func (s *PeerSockets) acceptAll(l *quic.Listener) {
	for {
		conn, err := l.Accept(s.ended)
		if err != nil {
			return // it is closed
		}
		select {
		case s.conns <- conn:
		case <-s.ended.Done():
			conn.CloseWithError(0, "")
			return
		}
	}
}

// Accept waits for the next connection. After Close it fails with net.ErrClosed.
func (s *PeerSockets) Accept(ctx context.Context) (PeerConn, error) {
	select {
	case conn := <-s.conns:
		return newPeerConn(conn), nil
	case <-s.ended.Done():
		return PeerConn{}, fmt.Errorf("accepting peers: %w", net.ErrClosed)
	case <-ctx.Done():
		return PeerConn{}, fmt.Errorf("accepting peers: %w", ctx.Err())
	}
}

// Dial opens a connection with whoever listens at an address and has the
// certificate of this fingerprint; with anybody else it fails with ErrOtherPeer.
// mine is the certificate that is shown there; nil: none. It waits as long as
// ctx lets it, and at most some 10 s for an answer.
func (s *PeerSockets) Dial(ctx context.Context, at netip.AddrPort, fingerprint [32]byte, mine *tls.Certificate) (PeerConn, error) {
	conn, err := s.dial(ctx, at, fingerprint, mine)
	if err != nil {
		return PeerConn{}, fmt.Errorf("connecting to the peer at %s: %w", at, err)
	}
	return newPeerConn(conn), nil
}

func (s *PeerSockets) dial(ctx context.Context, at netip.AddrPort, fingerprint [32]byte, mine *tls.Certificate) (*quic.Conn, error) {
	at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	t := s.four
	if at.Addr().Is6() {
		t = s.six
	}
	if t == nil || !at.IsValid() {
		return nil, errors.New("this machine has no addresses of that kind")
	}
	trust := &tls.Config{
		NextProtos: []string{PeerProtocol},
		MinVersion: tls.VersionTLS13,
		// Nobody signs a peer's certificate: it is compared with the fingerprint
		// instead, in every handshake, and TLS sees that the peer has its key.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if fingerprintOf(state) != fingerprint {
				return ErrOtherPeer
			}
			return nil
		},
	}
	config := peerConfig(0)
	if mine != nil {
		config.MaxIdleTimeout, config.KeepAlivePeriod = peerSilence, peerSilence/3
		trust.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return mine, nil }
	} else {
		// The directory dials very many, asks each now and then, and tells no secret
		// that somebody could keep until it can be broken.
		trust.CurvePreferences = []tls.CurveID{tls.X25519}
		config.DisablePathMTUDiscovery = true
	}
	return t.Dial(withID(ctx), net.UDPAddrFromAddrPort(at), trust, config)
}

// Close ends all connections and closes the sockets.
func (s *PeerSockets) Close() error {
	s.end()
	var err error
	for _, t := range s.transports() {
		err = errors.Join(err, t.Close(), t.Conn.Close())
	}
	s.accepts.Wait()
	return err
}

func (s *PeerSockets) transports() (all []*quic.Transport) {
	for _, t := range []*quic.Transport{s.four, s.six} {
		if t != nil {
			all = append(all, t)
		}
	}
	return all
}

func newPeerConn(conn *quic.Conn) PeerConn {
	return PeerConn{quicSession{conn: conn, id: ConnectionID(conn)}, fingerprintOf(conn.ConnectionState().TLS)}
}

// fingerprintOf is the SHA-256 of the certificate that the other side has shown.
func fingerprintOf(state tls.ConnectionState) [32]byte {
	if len(state.PeerCertificates) == 0 {
		return [32]byte{}
	}
	return sha256.Sum256(state.PeerCertificates[0].Raw)
}

// peerConfig lets the other side open so many channels, and send unread a
// message and a little more. Of the idle limits of both sides the smaller one
// counts: whoever dials to talk has peerSilence, and asks often enough to be heard.
func peerConfig(channels int64) *quic.Config {
	if channels == 0 {
		channels = -1 // quic-go's none
	}
	return &quic.Config{
		HandshakeIdleTimeout:           5 * time.Second,
		MaxIdleTimeout:                 peerIdle,
		MaxIncomingStreams:             channels,
		MaxIncomingUniStreams:          -1,
		InitialStreamReceiveWindow:     64 << 10,
		MaxStreamReceiveWindow:         128 << 10,
		InitialConnectionReceiveWindow: 64 << 10,
		MaxConnectionReceiveWindow:     192 << 10,
		Tracer:                         noteID,
	}
}

// peerPlaces bounds the connections that others have dialed, from their first
// packet to their end.
type peerPlaces struct {
	mu  sync.Mutex
	all int
	of  map[netip.Prefix]int
}

var errPeersFull = errors.New("there are as many connections as a peer takes")

// take is a quic.Transport's ConnContext: it refuses those that are too many.
func (p *peerPlaces) take(ctx context.Context, client *quic.ClientInfo) (context.Context, error) {
	network := Network(addrPort(client.RemoteAddr).Addr())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= maxPeers || p.of[network] >= maxPeersNetwork {
		return nil, errPeersFull
	}
	p.all++
	p.of[network]++
	context.AfterFunc(ctx, func() { p.free(network) })
	return withID(ctx), nil
}

func (p *peerPlaces) free(network netip.Prefix) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.of[network]--; p.of[network] == 0 {
		delete(p.of, network)
	}
}

func (p *peerPlaces) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}
