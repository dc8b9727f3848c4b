package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAPinIsOfTheCAThatHasSigned: for the host, in time, and by nothing less than
// a signature of the pinned CA.
func TestAPinIsOfTheCAThatHasSigned(t *testing.T) {
	ca, other := openCA(t, t.TempDir()), openCA(t, t.TempDir())
	of := func(ca *CA, now time.Time) *tls.Certificate {
		made, err := NewShortLived(ca, []string{"room.example"}, func() time.Time { return now }, discard)
		if err != nil {
			t.Fatal(err)
		}
		return made.Certificate()
	}
	good := of(ca, time.Now())
	parse := func(c *tls.Certificate, chain ...*x509.Certificate) []*x509.Certificate {
		return append([]*x509.Certificate{c.Leaf}, chain...)
	}
	for _, c := range []struct {
		name, pin, host string
		chain           []*x509.Certificate
		good            bool
	}{
		{"the right one", ca.Pin(), "room.example", parse(good, ca.Certificate()), true},
		{"in capitals", strings.ToUpper(ca.Pin()), "room.example", parse(good, ca.Certificate()), true},
		{"by number", ca.Pin(), "127.0.0.1", parse(good, ca.Certificate()), true},
		{"for another name", ca.Pin(), "other.example", parse(good, ca.Certificate()), false},
		{"for another number", ca.Pin(), "127.0.0.2", parse(good, ca.Certificate()), false},
		{"another CA", other.Pin(), "room.example", parse(good, ca.Certificate()), false},
		{"the pinned CA beside another's leaf", ca.Pin(), "room.example", parse(of(other, time.Now()), ca.Certificate()), false},
		{"without the CA's certificate", ca.Pin(), "room.example", parse(good), false},
		{"the CA's certificate alone", ca.Pin(), "room.example", []*x509.Certificate{ca.Certificate()}, false},
		{"expired", ca.Pin(), "room.example", parse(of(ca, time.Now().Add(-2*leafLife)), ca.Certificate()), false},
		{"not yet valid", ca.Pin(), "room.example", parse(of(ca, time.Now().Add(2*leafLife)), ca.Certificate()), false},
	} {
		trust, err := TrustPin(c.pin, c.host)
		if err != nil {
			t.Fatal(err)
		}
		err = trust.VerifyConnection(tls.ConnectionState{PeerCertificates: c.chain})
		if c.good != (err == nil) || !c.good && !Refused(err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, malformed := range []string{"", "abc", ca.Pin()[:63], ca.Pin() + "00", strings.Repeat("z", 64)} {
		if _, err := TrustPin(malformed, "room.example"); err == nil {
			t.Errorf("%q is taken for a pin", malformed)
		}
	}
}

func TestAFilesCAsAreTrustedAndNoOthers(t *testing.T) {
	ca, other := openCA(t, t.TempDir()), openCA(t, t.TempDir())
	s, err := NewShortLived(ca, nil, time.Now, discard)
	if err != nil {
		t.Fatal(err)
	}
	address := serveTCP(t, "127.0.0.1", Chooser{H3: s, Other: s}.TCP())
	file := filepath.Join(t.TempDir(), "ca.pem")
	connects := func(octets []byte) error {
		if err := os.WriteFile(file, octets, 0o600); err != nil {
			t.Fatal(err)
		}
		trust, err := TrustFile(file)
		if err == nil {
			_, err = dialTCP(t, address, trust)
		}
		return err
	}
	if err := connects(ca.PEM()); err != nil {
		t.Errorf("the right one: %v", err)
	}
	if err := connects(append(other.PEM(), ca.PEM()...)); err != nil {
		t.Errorf("two of them: %v", err)
	}
	if err := connects(other.PEM()); !Refused(err) {
		t.Errorf("another one: %v", err)
	}
	if err := connects([]byte("no certificate")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("none: %v", err)
	}
	if _, err := TrustFile(filepath.Join(t.TempDir(), "none.pem")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := dialTCP(t, address, TrustSystem()); !Refused(err) {
		t.Errorf("the system's alone: %v", err)
	}
}

// TestAFoundCAIsLookedForInEachHandshake: while it isn't there, or is another one,
// the server isn't trusted; then it is.
func TestAFoundCAIsLookedForInEachHandshake(t *testing.T) {
	ca, other := openCA(t, t.TempDir()), openCA(t, t.TempDir())
	s, err := NewShortLived(ca, nil, time.Now, discard)
	if err != nil {
		t.Fatal(err)
	}
	address := serveTCP(t, "127.0.0.1", Chooser{H3: s, Other: s}.TCP())
	var found []byte
	trust := TrustFound("127.0.0.1", func() []byte { return found })
	for _, c := range []struct {
		name  string
		found []byte
		good  bool
	}{{"none", nil, false}, {"another", other.PEM(), false}, {"none that can be read", []byte("CA"), false}, {"the server's", ca.PEM(), true}, {"none any more", nil, false}} {
		found = c.found
		if _, err := dialTCP(t, address, trust); c.good != (err == nil) || !c.good && !Refused(err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	found = ca.PEM()
	if _, err := dialTCP(t, address, TrustFound("room.example", func() []byte { return found })); !Refused(err) {
		t.Errorf("for another name: %v", err)
	}
}
