// Package certs says which certificate this server shows, and what a client
// may trust.
//
// A CA is the store's own and lasts: tools trust it by its pin, or because its
// certificate was given to them. ShortLived is the certificate that the CA
// signs for browsers, which take one of unknown origin for WebTransport only
// by its hash, and only if it is ECDSA on P-256 and valid for at most 14 days
// (W3C WebTransport, "custom certificate requirements"). Files are
// certificates that somebody else made and renews. Each of the last two is a
// Source, and a Chooser shows one or the other by the ALPN of the handshake.
//
// A local CA is no server's, but somebody's who tries TLS without a public one: it
// signs Pairs, which are written to such files.
//
// A Source's Certificate is called in each handshake, by many goroutines, and
// waits for no network. The only goroutine is the caller's, in ShortLived.Run,
// which ends with its context. Nothing else needs to be shut down.
package certs

import (
	"crypto/tls"
	"errors"
	"io"
	"slices"
)

// Source gives the certificate to show in a handshake that begins now.
type Source interface {
	Certificate() *tls.Certificate
}

// Chooser shows one certificate to those who speak HTTP/3, which is how
// browsers open WebTransport, and another to everyone else. They may be the
// same.
type Chooser struct {
	H3    Source // ALPN h3 on UDP
	Other Source // everything on TCP, and every other ALPN on UDP

	KeyLog io.Writer // gets the secrets of each connection (SSLKEYLOGFILE); nil: nobody does
}

const alpnH3 = "h3"

// TCP is the configuration of HTTPS: HTTP/2 and HTTP/1.1 on TLS 1.2 and newer.
func (c Chooser) TCP() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
		KeyLogWriter: c.KeyLog,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return show(c.Other)
		},
	}
}

// QUIC is the configuration of the UDP port, which speaks the given protocols,
// the most wanted one first, on TLS 1.3.
//
// One configuration for all of them, with a choice in it, keeps one set of
// session ticket keys, so that sessions resume.
func (c Chooser) QUIC(protos ...string) *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		NextProtos:   slices.Clone(protos),
		KeyLogWriter: c.KeyLog,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if negotiated(protos, hello.SupportedProtos) == alpnH3 {
				return show(c.H3)
			}
			return show(c.Other)
		},
	}
}

// negotiated is the protocol that crypto/tls will agree on: the server's first
// that the client offers too, "" if there is none.
func negotiated(ours, theirs []string) string {
	for _, proto := range ours {
		if slices.Contains(theirs, proto) {
			return proto
		}
	}
	return ""
}

func show(source Source) (*tls.Certificate, error) {
	if certificate := source.Certificate(); certificate != nil {
		return certificate, nil
	}
	return nil, errors.New("there is no certificate to show")
}
