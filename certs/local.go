package certs

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// localLife is how long a local certificate is good from now on: Apple's systems
// take none of more than 825 days, whoever has signed it.
const localLife = 365 * 24 * time.Hour

// ErrNoLocalCA means that there is none in the directory.
var ErrNoLocalCA = errors.New("there is no local CA")

// localCA has files of other names than a store's CA, which it can't be taken for
// in any directory; and a name that tells it from others in a list of authorities.
func localCA(dir string) caFiles {
	return caFiles{LocalCAFile(dir), filepath.Join(dir, "local-ca-key.pem"), "Red Room local CA " + rand.Text()[:6]}
}

// LocalCAFile is the file of the local CA's certificate in dir.
func LocalCAFile(dir string) string { return filepath.Join(dir, "local-ca.pem") }

// MakeLocalCA loads the local CA in dir, and makes it if there is none, as OpenCA
// does a store's.
func MakeLocalCA(dir string) (*CA, error) {
	ca, _, err := localCA(dir).open()
	return ca, err
}

// OpenLocalCA loads the local CA in dir, which MakeLocalCA has made; else it is an
// ErrNoLocalCA.
func OpenLocalCA(dir string) (*CA, error) {
	files := localCA(dir)
	for _, path := range []string{files.cert, files.key} {
		there, err := exists(path)
		if err != nil {
			return nil, err
		}
		if there {
			return MakeLocalCA(dir) // what a crash has left of it included
		}
	}
	return nil, fmt.Errorf("%w in %s", ErrNoLocalCA, dir)
}

// Pair is a server's certificate and its key, to be kept in files.
type Pair struct {
	ca   *CA
	made *tls.Certificate
}

// Pair makes a certificate of a year for names, each of which ServerName has given.
func (ca *CA) Pair(names []string) (*Pair, error) {
	now := time.Now()
	until := now.Add(localLife)
	if end := ca.certificate.NotAfter; end.Before(until) {
		until = end
	}
	made, err := ca.sign(names, now.Add(-backdate), until)
	if err != nil {
		return nil, err
	}
	return &Pair{ca, made}, nil
}

// Certificate is the server's.
func (p *Pair) Certificate() *x509.Certificate { return p.made.Leaf }

// Write writes the certificate, with its CA's behind it, and the key, 0600, each in
// a file of its own. Of files that are there it replaces none but such a pair of the
// same CA.
func (p *Pair) Write(certFile, keyFile string) error {
	if err := p.mayReplace(certFile, keyFile); err != nil {
		return err
	}
	if err := writeKey(keyFile, p.made.PrivateKey); err != nil {
		return fmt.Errorf("writing the certificate's key: %w", err)
	}
	if err := writeCertificates(certFile, p.made.Certificate...); err != nil {
		return fmt.Errorf("writing the certificate: %w", err)
	}
	return nil
}

func (p *Pair) mayReplace(certFile, keyFile string) error {
	cert, err := filepath.Abs(certFile)
	if err != nil {
		return err
	}
	key, err := filepath.Abs(keyFile)
	if err != nil {
		return err
	}
	if cert == key {
		return fmt.Errorf("the certificate and its key want a file each, not both %s", certFile)
	}
	hasCert, err := exists(certFile)
	if err != nil {
		return err
	}
	hasKey, err := exists(keyFile)
	if err != nil {
		return err
	}
	if !hasCert && !hasKey {
		return nil
	}
	old, err := tls.LoadX509KeyPair(certFile, keyFile)
	switch {
	case err == nil && old.Leaf.IsCA: // its own, which it has signed as well
		err = errors.New("they are an authority's")
	case err == nil:
		err = old.Leaf.CheckSignatureFrom(p.ca.certificate)
	}
	if err != nil {
		return fmt.Errorf("%s and %s are not a pair that this CA has made, and stay as they are: move them away, or name other files (%w)", certFile, keyFile, err)
	}
	return nil
}

// ServerName is how a host name or an IP address stands in a certificate: a name in
// lower case and in ASCII (xn--…), which may begin with "*." for all names one level
// below.
func ServerName(given string) (string, error) {
	wrong := func(why string) (string, error) {
		return "", fmt.Errorf("%q is no name or address of a server, such as room.example.com or 10.0.0.7: %s", given, why)
	}
	if at, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(given, "["), "]")); err == nil {
		if at.Zone() != "" {
			return wrong("a certificate can't name a zone")
		}
		return at.Unmap().String(), nil
	}
	host, wild := strings.CutPrefix(given, "*.")
	host, err := hostNames.ToASCII(host)
	if err == nil {
		// Of what isn't UTF-8 it makes names that are none.
		_, err = hostNames.ToASCII(host)
	}
	if err != nil {
		return wrong(err.Error())
	}
	labels := strings.Split(host, ".")
	switch last := labels[len(labels)-1]; {
	case last == "":
		return wrong("it ends in a dot")
	case strings.Trim(last, "0123456789") == "":
		return wrong("it ends in a number")
	}
	if wild {
		if len(labels) < 2 {
			return wrong("browsers take no * right below " + host)
		}
		return "*." + host, nil
	}
	return host, nil
}

var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// PairFiles are the names of files for a certificate of these names, and its key:
// room.example.com.pem, or localhost+2.pem where two further ones are in it.
func PairFiles(names []string) (certFile, keyFile string) {
	base := strings.NewReplacer(":", "_", "*", "_wildcard").Replace(names[0])
	if more := len(names) - 1; more > 0 {
		base += fmt.Sprintf("+%d", more)
	}
	return base + ".pem", base + "-key.pem"
}

// NamesOf are the host names and addresses that a certificate is for.
func NamesOf(certificate *x509.Certificate) []string {
	names := slices.Clone(certificate.DNSNames)
	for _, ip := range certificate.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}
