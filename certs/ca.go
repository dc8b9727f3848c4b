package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

const (
	caFile    = "ca.pem"
	caKeyFile = "ca-key.pem"

	pemCertificate = "CERTIFICATE"
	pemKey         = "PRIVATE KEY" // PKCS #8

	// backdate is how long a certificate is valid before it was made, for
	// clients whose clocks are late.
	backdate = 24 * time.Hour
)

// CA is a store's own certificate authority: an ECDSA P-256 key and a
// certificate of ten years.
type CA struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// OpenCA loads the CA from the files ca.pem and ca-key.pem in dir, or makes
// both if neither is there. A directory that it makes is 0700; the key's file
// is 0600, and one that others can read is refused. Only one process may have
// dir open.
func OpenCA(dir string, log *slog.Logger) (*CA, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of keys: %w", err)
	}
	certPath, keyPath := filepath.Join(dir, caFile), filepath.Join(dir, caKeyFile)
	hasCert, err := exists(certPath)
	if err != nil {
		return nil, err
	}
	hasKey, err := exists(keyPath)
	if err != nil {
		return nil, err
	}

	ca := new(CA)
	switch {
	case hasKey:
		ca.key, err = loadKey(keyPath)
	case hasCert:
		return nil, unusable("certificate", certPath, fmt.Errorf("its key %s is missing", keyPath))
	default:
		ca.key, err = makeKey(keyPath)
	}
	if err != nil {
		return nil, err
	}

	// A key without certificate is what a crash leaves between the two.
	if !hasCert {
		ca.certificate, err = makeCACertificate(certPath, ca.key)
	} else {
		ca.certificate, err = loadCACertificate(certPath)
	}
	if err != nil {
		return nil, err
	}
	if !ca.key.PublicKey.Equal(ca.certificate.PublicKey) {
		return nil, unusable("key", keyPath, fmt.Errorf("it doesn't belong to %s", certPath))
	}
	if !hasCert {
		log.Info("a new CA was made", "file", certPath, "pin", ca.Pin())
	}
	return ca, nil
}

// Certificate is the CA's own, self-signed.
func (ca *CA) Certificate() *x509.Certificate { return ca.certificate }

// PEM is the CA's certificate as text, to be given to those who shall trust it.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: ca.certificate.Raw})
}

// Pin is the SHA-256 of the certificate's DER, in lower-case hex.
func (ca *CA) Pin() string {
	sum := sha256.Sum256(ca.certificate.Raw)
	return hex.EncodeToString(sum[:])
}

func makeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the CA's key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the CA's key: %w", err)
	}
	if err := writeWhole(path, pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), 0o600); err != nil {
		return nil, fmt.Errorf("writing the CA's key: %w", err)
	}
	return key, nil
}

func makeCACertificate(path string, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Red Room CA", Organization: []string{"Red Room"}},
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
	if err := writeWhole(path, pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der}), 0o644); err != nil {
		return nil, fmt.Errorf("writing the CA's certificate: %w", err)
	}
	return certificate, nil
}

func loadKey(path string) (*ecdsa.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the CA's key: %w", err)
	}
	// Windows has no such bits; there the directory's access list protects.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("the CA's key %s can be read by others (mode %04o), who can then pose as this server: close it with `chmod 600`, or remove it and %s to have a new CA made",
			path, mode, caFile)
	}
	der, err := readPEM(path, pemKey)
	if err != nil {
		return nil, unusable("key", path, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, unusable("key", path, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, unusable("key", path, errors.New("it isn't an ECDSA key on P-256"))
	}
	return key, nil
}

func loadCACertificate(path string) (*x509.Certificate, error) {
	der, err := readPEM(path, pemCertificate)
	if err != nil {
		return nil, unusable("certificate", path, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, unusable("certificate", path, err)
	}
	if !certificate.IsCA {
		return nil, unusable("certificate", path, errors.New("it isn't a CA's"))
	}
	if end := certificate.NotAfter; time.Now().After(end) {
		return nil, unusable("certificate", path, fmt.Errorf("it ended on %s", end.Format(time.DateOnly)))
	}
	return certificate, nil
}

// unusable says what is wrong with a file of the CA, and what to do.
func unusable(what, path string, err error) error {
	return fmt.Errorf("the CA's %s %s can't be used: %w; bring %s and %s back from a backup, or remove both to have a new CA made, which ends the old one's pin and the trust given to it",
		what, path, err, caFile, caKeyFile)
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
		return false, fmt.Errorf("looking for the CA: %w", err)
	}
	return true, nil
}

// writeWhole makes a file that is there with all its content, on stable
// storage, or not at all.
func writeWhole(path string, octets []byte, mode fs.FileMode) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
		}
	}()
	if _, err := file.Write(octets); err != nil {
		return err
	}
	if err := file.Chmod(mode); err != nil && runtime.GOOS != "windows" {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// syncDirectory makes a rename last. Windows does that by itself, and can't
// open a directory for it.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
