package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pair is a certificate of its own and its key, in PEM.
type pair struct{ cert, key []byte }

func makePair(t *testing.T, name string, notAfter time.Time) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		DNSNames:  []string{name},
		NotBefore: notAfter.AddDate(0, -3, 0),
		NotAfter:  notAfter,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}

func newPair(t *testing.T, name string) pair { return makePair(t, name, time.Now().AddDate(0, 1, 0)) }

// place is where a pair's files lie.
type place struct{ cert, key string }

func newPlace(t *testing.T) place {
	dir := t.TempDir()
	return place{filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem")}
}

func (p place) put(t *testing.T, files pair) {
	t.Helper()
	put(t, p.cert, files.cert)
	put(t, p.key, files.key)
}

func put(t *testing.T, path string, octets []byte) {
	t.Helper()
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
}

func nameOf(source Source) string { return source.Certificate().Leaf.Subject.CommonName }

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	synctest.Test(t, func(t *testing.T) {
		at := newPlace(t)
		at.put(t, newPair(t, "first"))
		files, err := NewFiles(at.cert, at.key, log)
		if err != nil {
			t.Fatal(err)
		}
		expect := func(when, want string) {
			t.Helper()
			time.Sleep(filesCheck)
			if got := nameOf(files); got != want {
				t.Errorf("%s: the certificate of %q is shown, want %q", when, got, want)
			}
		}
		expect("at first", "first")

		second := newPair(t, "second")
		at.put(t, second)
		if got := nameOf(files); got != "first" {
			t.Errorf("within a second: the files were looked at again")
		}
		expect("both written", "second")

		third := newPair(t, "third")
		put(t, at.cert, third.cert)
		out.Reset()
		expect("only the certificate is new", "second")
		expect("still so", "second")
		if n := strings.Count(out.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings of it, want one:\n%s", n, out.String())
		}
		put(t, at.key, third.key)
		expect("now the key too", "third")

		put(t, at.cert, third.cert[:100])
		expect("half written", "third")
		if err := os.Remove(at.cert); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		expect("removed", "third")
		expect("still removed", "third")
		if n := strings.Count(out.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings of it, want one:\n%s", n, out.String())
		}
		at.put(t, second)
		expect("back again", "second")

		// As a tool does that writes beside and renames.
		fourth := newPair(t, "fourth")
		put(t, at.cert+".new", fourth.cert)
		put(t, at.key+".new", fourth.key)
		if err := os.Rename(at.cert+".new", at.cert); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(at.key+".new", at.key); err != nil {
			t.Fatal(err)
		}
		expect("renamed", "fourth")
	})
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	good, other := newPair(t, "good"), newPair(t, "other")
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("sealed")})
	encryptedRSA := pem.EncodeToMemory(&pem.Block{
		Type:    "RSA PRIVATE KEY",
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"},
		Bytes:   []byte("sealed"),
	})
	nonsense := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("nonsense")})
	at := newPlace(t)
	tests := []struct {
		name      string
		cert, key []byte // nil: missing
		file      string
		want      string
	}{
		{"no certificate file", nil, good.key, at.cert, "reading the certificate file"},
		{"no key file", good.cert, nil, at.key, "reading the key file"},
		{"an empty certificate file", []byte{}, good.key, at.cert, "no certificate in PEM"},
		{"DER in place of PEM", []byte{0x30, 0x82}, good.key, at.cert, "no certificate in PEM"},
		{"the files the wrong way round", good.key, good.cert, at.cert, "no certificate in PEM"},
		{"a certificate of nonsense", nonsense, good.key, at.cert, "aren't a pair"},
		{"an empty key file", good.cert, []byte{}, at.key, "no private key in PEM"},
		{"a certificate in place of the key", good.cert, good.cert, at.key, "no private key in PEM"},
		{"an encrypted key", good.cert, encrypted, at.key, "is encrypted"},
		{"a key encrypted in the older form", good.cert, encryptedRSA, at.key, "is encrypted"},
		{"another certificate's key", good.cert, other.key, at.key, "aren't a pair"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			os.Remove(at.cert)
			os.Remove(at.key)
			if test.cert != nil {
				put(t, at.cert, test.cert)
			}
			if test.key != nil {
				put(t, at.key, test.key)
			}
			_, err := NewFiles(at.cert, at.key, discard)
			if err == nil || !strings.Contains(err.Error(), test.file) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want one that names %s and says %q", err, test.file, test.want)
			}
		})
	}
}

func TestAnExpiredCertificateIsWarnedOf(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	at := newPlace(t)
	at.put(t, makePair(t, "old", time.Now().AddDate(0, 0, -1)))
	files, err := NewFiles(at.cert, at.key, log)
	if err != nil {
		t.Fatal(err)
	}
	if nameOf(files) != "old" || !strings.Contains(out.String(), "has expired") || !strings.Contains(out.String(), at.cert) {
		t.Errorf("shown is %q, logged %q", nameOf(files), out.String())
	}
}
