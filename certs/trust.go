package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection is what verifies
		VerifyConnection: func(state tls.ConnectionState) error {
			return verifyPinned([sha256.Size]byte(want), host, state.PeerCertificates)
		},
	}, nil
}

func verifyPinned(pin [sha256.Size]byte, host string, chain []*x509.Certificate) error {
	o := x509.VerifyOptions{DNSName: host, Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
	found := false
	for _, c := range chain[1:] {
		if c.IsCA && sha256.Sum256(c.Raw) == pin {
			o.Roots.AddCert(c)
			found = true
		} else {
			o.Intermediates.AddCert(c)
		}
	}
	if !found {
		return ErrOtherCA
	}
	_, err := chain[0].Verify(o)
	return err
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
		return nil, fmt.Errorf("the file %s has no certificate in PEM (-----BEGIN CERTIFICATE-----)", path)
	}
	return trustRoots(roots), nil
}

// TrustAlso is what a client trusts who was given the certificate of a server's
// own CA, in PEM: that, and what the system trusts.
func TrustAlso(ca []byte) (*tls.Config, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a machine that has none
	}
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("there is no CA's certificate in PEM")
	}
	return trustRoots(roots), nil
}

// TrustSystem is what a client trusts who was told nothing.
func TrustSystem() *tls.Config { return trustRoots(nil) }

func trustRoots(roots *x509.CertPool) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
}

// ReadCA is the certificate of the CA that OpenCA has made in dir, in PEM.
func ReadCA(dir string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, caFile)) }

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
