package client

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"redroom/server/transport"
)

// Dialer opens a connection by one transport to where a ticket says.
type Dialer func(ctx context.Context, t Ticket) (transport.Session, error)

// WebTransport dials by WebTransport. Where the ticket names certificates, as
// it does for those that a server makes itself, it has to be one of them, as
// in a browser; else trust decides.
func WebTransport(trust *tls.Config) Dialer {
	return func(ctx context.Context, t Ticket) (transport.Session, error) {
		return transport.DialWebTransport(ctx, t.WebTransport.URL, "", pinned(trust, t.WebTransport.CertificateHashes))
	}
}

// QUIC dials by raw QUIC.
func QUIC(trust *tls.Config) Dialer {
	return func(ctx context.Context, t Ticket) (transport.Session, error) {
		return transport.DialQUIC(ctx, t.QUIC.Address, trust)
	}
}

// WebSocket dials by WebSocket.
func WebSocket(trust *tls.Config) Dialer {
	return func(ctx context.Context, t Ticket) (transport.Session, error) {
		return transport.DialWebSocket(ctx, t.WebSocket.URL, "", trust)
	}
}

var errOtherCertificate = errors.New("the server's certificate is none of those that its ticket names")

// pinned is trust that takes only the certificates of these hashes, if there
// are any, while they are valid.
func pinned(trust *tls.Config, hashes [][]byte) *tls.Config {
	if len(hashes) == 0 {
		return trust
	}
	trust = trust.Clone()
	if trust == nil {
		trust = &tls.Config{}
	}
	trust.InsecureSkipVerify = true // VerifyConnection is what verifies
	trust.VerifyConnection = func(state tls.ConnectionState) error {
		leaf := state.PeerCertificates[0]
		hash := sha256.Sum256(leaf.Raw)
		if !slices.ContainsFunc(hashes, func(known []byte) bool { return slices.Equal(known, hash[:]) }) {
			return errOtherCertificate
		}
		if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
			return x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}
		}
		return nil
	}
	return trust
}
