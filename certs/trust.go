package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrOtherCA means that a server's certificate isn't one of the CA that was
// pinned.
var ErrOtherCA = errors.New("its certificate is not signed by the CA of this pin")

// TrustPin is what a client trusts who knows the server of a host by the pin of
// its CA: the chain that the server sends has the CA's certificate, and a leaf
// signed by it, for host, at this time.
func TrustPin(pin, host string) (*tls.Config, error) {
	want, err := hex.DecodeString(pin)
	if err != nil || len(want) != sha256.Size {
		return nil, errors.New("a pin is the SHA-256 of a CA's certificate, 64 hex digits, as redroom serve prints it")
	}
	return trustBy(host, func(sent []*x509.Certificate) (*x509.CertPool, error) {
		for _, c := range sent {
			if c.IsCA && sha256.Sum256(c.Raw) == [sha256.Size]byte(want) {
				roots := x509.NewCertPool()
				roots.AddCert(c)
				return roots, nil
			}
		}
		return nil, ErrOtherCA
	}), nil
}

// TrustFound is what a client trusts who can find the certificate of the CA that
// the server of a host has of its own, in PEM: that, and what the system trusts. It
// is looked for in each handshake, since it may change; nil: there is none.
func TrustFound(host string, find func() []byte) *tls.Config {
	return trustBy(host, func([]*x509.Certificate) (*x509.CertPool, error) {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool() // a machine that has none
		}
		roots.AppendCertsFromPEM(find())
		return roots, nil
	})
}

// trustBy is trust in roots that depend on the certificates that were sent after
// the leaf.
func trustBy(host string, roots func(sent []*x509.Certificate) (*x509.CertPool, error)) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection is what verifies
		VerifyConnection: func(state tls.ConnectionState) error {
			leaf, sent := state.PeerCertificates[0], state.PeerCertificates[1:]
			trusted, err := roots(sent)
			if err != nil {
				return fmt.Errorf("%w: %w", err, x509.UnknownAuthorityError{Cert: leaf})
			}
			between := x509.NewCertPool()
			for _, c := range sent {
				between.AddCert(c)
			}
			_, err = leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: trusted, Intermediates: between})
			return err
		},
	}
}

// TrustFile is what a client trusts who has the certificates of CAs in a PEM
// file: those, and no others.
func TrustFile(path string) (*tls.Config, error) {
	octets, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the CA's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(octets) {
		return nil, noCertificate(path)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, nil
}

// TrustSystem is what a client trusts who was told nothing.
func TrustSystem() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS12} }

// maxCertificates is how many octets of a file are read for certificates.
const maxCertificates = 1 << 20

// ReadCertificates are those in a PEM file, in their order; one at least.
func ReadCertificates(path string) (all []*x509.Certificate, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	defer file.Close()
	rest, err := io.ReadAll(io.LimitReader(file, maxCertificates))
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if !isCertificate(block) {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("the file %s has a certificate that can't be read: %w", path, err)
		}
		all = append(all, certificate)
	}
	if len(all) == 0 {
		return nil, noCertificate(path)
	}
	return all, nil
}

func noCertificate(path string) error {
	return fmt.Errorf("the file %s has no certificate in PEM (-----BEGIN CERTIFICATE-----)", path)
}

// Pin is the SHA-256 of a certificate's DER, in lower-case hex.
func Pin(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// ReadCA is the certificate of the CA that OpenCA has made in dir, in PEM.
func ReadCA(dir string) ([]byte, error) { return os.ReadFile(storeCA(dir).cert) }

// Signer names who has signed the certificate that an error is about, if it is about
// that; else it is "".
func Signer(err error) string {
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) || unknown.Cert == nil {
		return ""
	}
	return unknown.Cert.Issuer.String()
}

// Refused tells whether a connection failed because the server's certificate is
// not trusted, or not good.
func Refused(err error) bool {
	var verify *tls.CertificateVerificationError
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	return errors.Is(err, ErrOtherCA) || errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid)
}
