package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	pemCertificate = "CERTIFICATE"
	pemKey         = "PRIVATE KEY" // PKCS #8

	// backdate is how long a certificate is valid before it was made, for
	// clients whose clocks are late.
	backdate = 24 * time.Hour
)

// CA is a certificate authority, a store's own or a local one: an ECDSA P-256 key
// and a certificate of ten years.
type CA struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// OpenCA loads a store's CA from the files ca.pem and ca-key.pem in dir, or makes
// both if neither is there. A directory that it makes is 0700; the key's file
// is 0600, and one that others can read is refused. Only one process may have
// dir open.
func OpenCA(dir string, log *slog.Logger) (*CA, error) {
	ca, made, err := storeCA(dir).open()
	if err != nil {
		return nil, err
	}
	if made {
		log.Info("a new CA was made", "file", storeCA(dir).cert, "pin", ca.Pin())
	}
	return ca, nil
}

// caFiles are where a CA is kept, and the name of one that is made there.
type caFiles struct{ cert, key, name string }

func storeCA(dir string) caFiles {
	return caFiles{filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem"), "Red Room CA"}
}

// open loads the CA, or makes it if there is none.
func (f caFiles) open() (ca *CA, made bool, err error) {
	if err := os.MkdirAll(filepath.Dir(f.key), 0o700); err != nil {
		return nil, false, fmt.Errorf("making the directory of keys: %w", err)
	}
	hasCert, err := exists(f.cert)
	if err != nil {
		return nil, false, err
	}
	hasKey, err := exists(f.key)
	if err != nil {
		return nil, false, err
	}

	ca = new(CA)
	switch {
	case hasKey:
		ca.key, err = f.loadKey()
	case hasCert:
		err = f.unusable("certificate", f.cert, fmt.Errorf("its key %s is missing", f.key))
	default:
		ca.key, err = makeKey(f.key)
	}
	if err != nil {
		return nil, false, err
	}

	// A key without certificate is what a crash leaves between the two.
	if !hasCert {
		ca.certificate, err = makeCACertificate(f.cert, f.name, ca.key)
	} else {
		ca.certificate, err = f.loadCertificate()
	}
	if err != nil {
		return nil, false, err
	}
	if !ca.key.PublicKey.Equal(ca.certificate.PublicKey) {
		return nil, false, f.unusable("key", f.key, fmt.Errorf("it doesn't belong to %s", f.cert))
	}
	return ca, !hasCert, nil
}

// Certificate is the CA's own, self-signed.
func (ca *CA) Certificate() *x509.Certificate { return ca.certificate }

// PEM is the CA's certificate as text, to be given to those who shall trust it.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: ca.certificate.Raw})
}

// Pin is that of the CA's certificate.
func (ca *CA) Pin() string { return Pin(ca.certificate) }

// sign makes a server's certificate for host names, in their ASCII form, and IP
// addresses, and its key. The CA's own certificate is sent behind it, so that it is
// found by its pin.
func (ca *CA) sign(names []string, from, until time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of the server's certificate: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Red Room"},
		NotBefore:             from,
		NotAfter:              until,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, key.Public(), ca.key)
	if err != nil {
		return nil, fmt.Errorf("making the server's certificate for %s: %w", strings.Join(names, ", "), err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the server's certificate for %s back: %w", strings.Join(names, ", "), err)
	}
	return &tls.Certificate{
		Certificate: [][]byte{der, ca.certificate.Raw},
		PrivateKey:  key,
		Leaf:        leaf,
	}, nil
}

func makeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the CA's key: %w", err)
	}
	if err := writeKey(path, key); err != nil {
		return nil, fmt.Errorf("writing the CA's key: %w", err)
	}
	return key, nil
}

func makeCACertificate(path, name string, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Red Room"}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.AddDate(10, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the CA's certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the CA's certificate back: %w", err)
	}
	if err := writeCertificates(path, der); err != nil {
		return nil, fmt.Errorf("writing the CA's certificate: %w", err)
	}
	return certificate, nil
}

func (f caFiles) loadKey() (*ecdsa.PrivateKey, error) {
	info, err := os.Stat(f.key)
	if err != nil {
		return nil, fmt.Errorf("reading the CA's key: %w", err)
	}
	// Windows has no such bits; there the directory's access list protects.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("the CA's key %s can be read by others (mode %04o), who can then pose as any server to those who trust it: close it with `chmod 600`, or remove it and %s to have a new CA made",
			f.key, mode, filepath.Base(f.cert))
	}
	der, err := readPEM(f.key, pemKey)
	if err != nil {
		return nil, f.unusable("key", f.key, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, f.unusable("key", f.key, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, f.unusable("key", f.key, errors.New("it isn't an ECDSA key on P-256"))
	}
	return key, nil
}

func (f caFiles) loadCertificate() (*x509.Certificate, error) {
	der, err := readPEM(f.cert, pemCertificate)
	if err != nil {
		return nil, f.unusable("certificate", f.cert, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, f.unusable("certificate", f.cert, err)
	}
	if !certificate.IsCA {
		return nil, f.unusable("certificate", f.cert, errors.New("it isn't a CA's"))
	}
	if end := certificate.NotAfter; time.Now().After(end) {
		return nil, f.unusable("certificate", f.cert, fmt.Errorf("it ended on %s", end.Format(time.DateOnly)))
	}
	return certificate, nil
}

// unusable says what is wrong with a file of the CA, and what to do.
func (f caFiles) unusable(what, path string, err error) error {
	return fmt.Errorf("the CA's %s %s can't be used: %w; bring %s and %s back from a backup, or remove both to have a new CA made, which ends the old one's pin and the trust given to it",
		what, path, err, filepath.Base(f.cert), filepath.Base(f.key))
}

func readPEM(path, kind string) ([]byte, error) {
	octets, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(octets)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("no PEM block %q in it", kind)
	}
	return block.Bytes, nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking whether a file is there: %w", err)
	}
	return true, nil
}
