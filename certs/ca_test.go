package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	caFile    = "ca.pem"
	caKeyFile = "ca-key.pem"
)

func openCA(t *testing.T, dir string) *CA {
	t.Helper()
	ca, err := OpenCA(dir, discard)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func TestTheCALasts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "keys")
	made := openCA(t, dir)
	loaded := openCA(t, dir)

	if made.Pin() != loaded.Pin() || !made.key.Equal(loaded.key) {
		t.Error("opened again, the CA is another one")
	}
	sum := sha256.Sum256(made.Certificate().Raw)
	if want := hex.EncodeToString(sum[:]); made.Pin() != want {
		t.Errorf("the pin is %s, want %s", made.Pin(), want)
	}
	if block, rest := pem.Decode(made.PEM()); block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 ||
		string(block.Bytes) != string(made.Certificate().Raw) {
		t.Errorf("PEM gives %q", made.PEM())
	}
	x := made.Certificate()
	if key, ok := x.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() || !x.IsCA {
		t.Errorf("not a CA on P-256: %v", x)
	}
	if left := time.Until(x.NotAfter); left < 9*365*24*time.Hour {
		t.Errorf("it ends in %v, want ten years", left)
	}
	if err := x.CheckSignatureFrom(x); err != nil {
		t.Errorf("not signed by itself: %v", err)
	}
	if openCA(t, t.TempDir()).Pin() == made.Pin() {
		t.Error("another directory has the same CA")
	}
}

func TestTheCAsFilesAreItsOwn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has access lists in place of modes")
	}
	dir := filepath.Join(t.TempDir(), "keys")
	openCA(t, dir)
	for path, want := range map[string]os.FileMode{
		dir:                           0o700,
		filepath.Join(dir, caKeyFile): 0o600,
		filepath.Join(dir, caFile):    0o644,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", path, got, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("in the directory: %v, %v; want two files", entries, err)
	}

	for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
		if err := os.Chmod(filepath.Join(dir, caKeyFile), mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCA(dir, discard); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a key of mode %04o: got %v", mode, err)
		}
	}
}

func TestAKeyWithoutCertificateIsGoneOnWith(t *testing.T) {
	dir := t.TempDir()
	before := openCA(t, dir)
	if err := os.Remove(filepath.Join(dir, caFile)); err != nil {
		t.Fatal(err)
	}
	after := openCA(t, dir)
	if !after.key.Equal(before.key) {
		t.Error("the key was made anew")
	}
	if openCA(t, dir).Pin() != after.Pin() {
		t.Error("the new certificate wasn't kept")
	}
}

func TestAnUnusableCAIsRefused(t *testing.T) {
	other := t.TempDir()
	openCA(t, other)
	otherKey, err := os.ReadFile(filepath.Join(other, caKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384DER, err := x509.MarshalPKCS8PrivateKey(p384)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	leafDER, err := x509.CreateCertificate(rand.Reader, template, template, p384.Public(), p384)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}

	tests := []struct {
		name, file, content, want string
	}{
		{"an empty key", caKeyFile, "", "no PEM block"},
		{"a key that isn't PEM", caKeyFile, "secret", "no PEM block"},
		{"a certificate in place of the key", caKeyFile, encode("CERTIFICATE", leafDER), "no PEM block"},
		{"a key of nonsense", caKeyFile, encode("PRIVATE KEY", []byte("nonsense")), "can't be used"},
		{"a key of another kind", caKeyFile, encode("PRIVATE KEY", p384DER), "P-256"},
		{"another CA's key", caKeyFile, string(otherKey), "doesn't belong"},
		{"an empty certificate", caFile, "", "no PEM block"},
		{"a certificate of nonsense", caFile, encode("CERTIFICATE", []byte("nonsense")), "can't be used"},
		{"a certificate that isn't a CA's", caFile, encode("CERTIFICATE", leafDER), "isn't a CA's"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			openCA(t, dir)
			path := filepath.Join(dir, test.file)
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := OpenCA(dir, discard)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) ||
				!strings.Contains(err.Error(), "to have a new CA made") {
				t.Errorf("got %v; want one that names %s, says %q and what to do", err, path, test.want)
			}
			if content, _ := os.ReadFile(path); string(content) != test.content {
				t.Error("the file was overwritten")
			}
		})
	}

	t.Run("a missing key", func(t *testing.T) {
		dir := t.TempDir()
		openCA(t, dir)
		if err := os.Remove(filepath.Join(dir, caKeyFile)); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCA(dir, discard); err == nil || !strings.Contains(err.Error(), "is missing") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a directory that is a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCA(path, discard); err == nil {
			t.Error("no error")
		}
	})
}

func TestACAThatHasEndedIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		openCA(t, dir)
		time.Sleep(9 * 365 * 24 * time.Hour)
		openCA(t, dir)
		time.Sleep(2 * 365 * 24 * time.Hour)
		if _, err := OpenCA(dir, discard); err == nil || !strings.Contains(err.Error(), "it ended on 2010-01-01") {
			t.Errorf("got %v", err)
		}
	})
}
