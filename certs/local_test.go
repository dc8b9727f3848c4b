package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func makeLocalCA(t *testing.T) *CA {
	t.Helper()
	ca, err := MakeLocalCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func localPair(t *testing.T, ca *CA, names ...string) *Pair {
	t.Helper()
	pair, err := ca.Pair(names)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestALocalCAIsMadeOnceAndToldFromOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "redroom", "ca")
	if _, err := OpenLocalCA(dir); !errors.Is(err, ErrNoLocalCA) {
		t.Errorf("before it is made: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("to look for it makes its directory")
	}
	first, err := MakeLocalCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := MakeLocalCA(dir)
	if err != nil || again.Pin() != first.Pin() {
		t.Errorf("once more: %v", err)
	}
	opened, err := OpenLocalCA(dir)
	if err != nil || opened.Pin() != first.Pin() {
		t.Errorf("opened: %v", err)
	}
	if one, other := first.Certificate().Subject.CommonName, makeLocalCA(t).Certificate().Subject.CommonName; one == other {
		t.Errorf("two are both called %q", one)
	}
}

// TestALocalCAIsNotTheStores, even in the same directory.
func TestALocalCAIsNotTheStores(t *testing.T) {
	dir := t.TempDir()
	store := openCA(t, dir)
	if _, err := OpenLocalCA(dir); !errors.Is(err, ErrNoLocalCA) {
		t.Errorf("the store's is taken for a local one: %v", err)
	}
	if local, err := MakeLocalCA(dir); err != nil || local.Pin() == store.Pin() {
		t.Errorf("made beside the store's: %v", err)
	}
	if after := openCA(t, dir); after.Pin() != store.Pin() || !after.key.Equal(store.key) {
		t.Error("the store's is another one now")
	}
}

// TestALocalCertificateIsGoodForItsNames to who trusts its CA, by its certificate or
// by its pin, and for nobody and nothing else.
func TestALocalCertificateIsGoodForItsNames(t *testing.T) {
	ca, other := makeLocalCA(t), makeLocalCA(t)
	at := newPlace(t)
	pair := localPair(t, ca, "localhost", "127.0.0.1", "::1", "*.room.example")
	if err := pair.Write(at.cert, at.key); err != nil {
		t.Fatal(err)
	}
	files, err := NewFiles(at.cert, at.key, discard) // as serve --tls-cert
	if err != nil {
		t.Fatal(err)
	}
	shown := files.Certificate()
	sent := x509.NewCertPool()
	chain := []*x509.Certificate{shown.Leaf}
	for _, der := range shown.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		sent.AddCert(c)
		chain = append(chain, c)
	}
	for _, c := range []struct {
		host  string
		roots *CA
		good  bool
	}{
		{"localhost", ca, true}, {"127.0.0.1", ca, true}, {"::1", ca, true}, {"alpha.room.example", ca, true},
		{"room.example", ca, false}, {"a.b.room.example", ca, false}, {"127.0.0.2", ca, false},
		{"localhost", other, false}, {"127.0.0.1", other, false}, {"::1", other, false},
	} {
		roots := x509.NewCertPool()
		roots.AddCert(c.roots.Certificate())
		_, err := shown.Leaf.Verify(x509.VerifyOptions{DNSName: c.host, Roots: roots, Intermediates: sent})
		if c.good != (err == nil) {
			t.Errorf("%s, by the CA's certificate: %v", c.host, err)
		}
		byPin, err := TrustPin(c.roots.Pin(), c.host)
		if err != nil {
			t.Fatal(err)
		}
		if err := byPin.VerifyConnection(tls.ConnectionState{PeerCertificates: chain}); c.good != (err == nil) {
			t.Errorf("%s, by its pin: %v", c.host, err)
		}
	}
	leaf := pair.Certificate()
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() || leaf.IsCA || leaf.KeyUsage != x509.KeyUsageDigitalSignature ||
		!slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Errorf("not a server's on P-256: %v", leaf)
	}
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life < 365*24*time.Hour || life > 825*24*time.Hour {
		t.Errorf("it is valid for %v", life)
	}
	if want := []string{"localhost", "*.room.example", "127.0.0.1", "::1"}; !slices.Equal(NamesOf(leaf), want) {
		t.Errorf("it is for %q, want %q", NamesOf(leaf), want)
	}
}

// TestALocalCertificateEndsNotAfterItsCA, which could not be seen in its own end.
func TestALocalCertificateEndsNotAfterItsCA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := makeLocalCA(t)
		time.Sleep(time.Until(ca.Certificate().NotAfter) - time.Hour)
		if end := localPair(t, ca, "localhost").Certificate().NotAfter; !end.Equal(ca.Certificate().NotAfter) {
			t.Errorf("it ends %v after its CA", end.Sub(ca.Certificate().NotAfter))
		}
	})
}

func TestALocalPairsKeyIsItsOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has access lists in place of modes")
	}
	dir := filepath.Join(t.TempDir(), "ca")
	ca, err := MakeLocalCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := newPlace(t)
	if err := localPair(t, ca, "localhost").Write(at.cert, at.key); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		dir: 0o700, filepath.Join(dir, "local-ca-key.pem"): 0o600, LocalCAFile(dir): 0o644, at.key: 0o600, at.cert: 0o644,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %04o", path, info.Mode(), err, want)
		}
	}
	key := filepath.Join(dir, "local-ca-key.pem")
	if err := os.Chmod(key, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLocalCA(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
}

func TestALocalPairReplacesNothingButOneOfItsCA(t *testing.T) {
	ca := makeLocalCA(t)
	public := newPair(t, "room.example")
	for _, c := range []struct {
		name      string
		cert, key []byte // nil: missing
	}{
		{"somebody else's pair", public.cert, public.key},
		{"a certificate alone", public.cert, nil},
		{"a key alone", nil, public.key},
		{"no certificate at all", []byte("notes"), []byte("more")},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := newPlace(t)
			for path, octets := range map[string][]byte{at.cert: c.cert, at.key: c.key} {
				if octets != nil {
					put(t, path, octets)
				}
			}
			if err := localPair(t, ca, "localhost").Write(at.cert, at.key); err == nil || !strings.Contains(err.Error(), at.cert) || !strings.Contains(err.Error(), at.key) {
				t.Errorf("got %v, want one that names both files", err)
			}
			for path, octets := range map[string][]byte{at.cert: c.cert, at.key: c.key} {
				if got, err := os.ReadFile(path); string(got) != string(octets) || (octets == nil) != (err != nil) {
					t.Errorf("%s is another one now", path)
				}
			}
		})
	}
	at := newPlace(t)
	for _, name := range []string{"localhost", "room.example"} {
		pair := localPair(t, ca, name)
		if err := pair.Write(at.cert, at.key); err != nil {
			t.Fatalf("its own: %v", err)
		}
		if got, err := ReadCertificates(at.cert); err != nil || !got[0].Equal(pair.Certificate()) || !got[1].Equal(ca.Certificate()) {
			t.Errorf("in the file: %v, %v", got, err)
		}
	}
	if err := localPair(t, ca, "localhost").Write(at.cert, at.cert); err == nil {
		t.Error("both are written to one file")
	}
	t.Chdir(filepath.Dir(at.cert))
	if err := localPair(t, ca, "localhost").Write("one.pem", filepath.Join(filepath.Dir(at.cert), "one.pem")); err == nil {
		t.Error("one file under two names is taken for both")
	}
}

// TestALocalPairIsNotWrittenOverItsCA: the CA's certificate is signed by the CA, too.
func TestALocalPairIsNotWrittenOverItsCA(t *testing.T) {
	dir := t.TempDir()
	ca, err := MakeLocalCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := localPair(t, ca, "localhost").Write(LocalCAFile(dir), filepath.Join(dir, "local-ca-key.pem")); err == nil {
		t.Error("the CA and its key are overwritten")
	}
	if again, err := OpenLocalCA(dir); err != nil || again.Pin() != ca.Pin() {
		t.Errorf("the CA is another one now: %v", err)
	}
}

// TestServerNames: what is taken for a name can be in a certificate, stays as it is
// when it is given again, and has files of its own.
func TestServerNames(t *testing.T) {
	ca := makeLocalCA(t)
	for given, want := range map[string]string{
		"localhost": "localhost", "Room.Example.COM": "room.example.com", "*.example.com": "*.example.com", "müller.de": "xn--mller-kva.de", "h2o": "h2o",
		"127.0.0.1": "127.0.0.1", "::1": "::1", "[::1]": "::1", "::ffff:10.0.0.7": "10.0.0.7", "FE80::1": "fe80::1",
	} {
		if got, err := ServerName(given); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", given, got, err, want)
			continue
		}
		if again, err := ServerName(want); again != want || err != nil {
			t.Errorf("%q given again is %q, %v", want, again, err)
		}
		if cert, key := PairFiles([]string{want}); strings.ContainsAny(cert+key, `/\:*`) {
			t.Errorf("%q has the files %q, %q", want, cert, key)
		}
		leaf := localPair(t, ca, want).Certificate()
		if err := leaf.VerifyHostname(strings.Replace(want, "*", "a", 1)); err != nil || !slices.Equal(NamesOf(leaf), []string{want}) {
			t.Errorf("a certificate of %q is for %q: %v", want, NamesOf(leaf), err)
		}
	}
	for _, given := range []string{
		"", ".", "localhost.", "a..b", "a b", "a_b", "-a", "a-", "a\nb", "a\x00b", "https://localhost", "localhost:4433", "anna@example.com", "a/b",
		"127.0.0.256", "10.0.0", "1", "fe80::1%eth0", "*", "*.com", "*.*.example.com", "a.*.com", "*a.example.com", "xn--a",
		strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a", "\xff", "\ufffd",
	} {
		if got, err := ServerName(given); err == nil {
			t.Errorf("%q is taken for %q", given, got)
		}
	}
}

func TestPairFiles(t *testing.T) {
	for _, c := range []struct {
		names     []string
		cert, key string
	}{
		{[]string{"localhost"}, "localhost.pem", "localhost-key.pem"},
		{[]string{"localhost", "127.0.0.1", "::1"}, "localhost+2.pem", "localhost+2-key.pem"},
		{[]string{"::1"}, "__1.pem", "__1-key.pem"},
		{[]string{"*.example.com"}, "_wildcard.example.com.pem", "_wildcard.example.com-key.pem"},
	} {
		if cert, key := PairFiles(c.names); cert != c.cert || key != c.key {
			t.Errorf("%q: %s, %s; want %s, %s", c.names, cert, key, c.cert, c.key)
		}
	}
}

func TestAFilesCertificatesAreRead(t *testing.T) {
	at := newPlace(t)
	good := newPair(t, "room.example")
	put(t, at.cert, append(append([]byte("notes\n"), good.key...), good.cert...)) // as some tools write them
	if found, err := ReadCertificates(at.cert); err != nil || len(found) != 1 || found[0].Subject.CommonName != "room.example" {
		t.Errorf("found %v, %v", found, err)
	}
	for name, octets := range map[string][]byte{
		"a key alone": good.key, "nothing": {}, "DER": {0x30, 0x82}, "half a certificate": good.cert[:100],
		"nonsense": []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
	} {
		put(t, at.cert, octets)
		if found, err := ReadCertificates(at.cert); err == nil || !strings.Contains(err.Error(), at.cert) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	if _, err := ReadCertificates(filepath.Join(t.TempDir(), "none.pem")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestWhoHasSignedIsNamedWhereThatIsNotTrusted, and where it is something else isn't.
func TestWhoHasSignedIsNamedWhereThatIsNotTrusted(t *testing.T) {
	ca, other := makeLocalCA(t), makeLocalCA(t)
	pair := localPair(t, ca, "127.0.0.1")
	at := newPlace(t)
	if err := pair.Write(at.cert, at.key); err != nil {
		t.Fatal(err)
	}
	files, err := NewFiles(at.cert, at.key, discard)
	if err != nil {
		t.Fatal(err)
	}
	address := serveTCP(t, "127.0.0.1", Chooser{H3: files, Other: files}.TCP())
	trusted := func(file string) error {
		trust, err := TrustFile(file)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
		_, err = client.Get("https://" + address)
		return err
	}
	root := filepath.Join(t.TempDir(), "root.pem")
	put(t, root, other.PEM())
	if err := trusted(root); !Refused(err) || Signer(err) != ca.Certificate().Subject.String() {
		t.Errorf("%v, signed by %q, want %q", err, Signer(err), ca.Certificate().Subject)
	}
	put(t, root, ca.PEM())
	if err := trusted(root); Refused(err) {
		t.Errorf("the right one: %v", err)
	}
	if signer := Signer(x509.HostnameError{}); signer != "" {
		t.Errorf("of another name it is said that it is signed by %q", signer)
	}
}
