package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// browserLimit is the longest validity that browsers take for a certificate
// that is trusted by its hash.
const browserLimit = 14 * 24 * time.Hour

func shortLived(t *testing.T, now func() time.Time, names ...string) *ShortLived {
	t.Helper()
	s, err := NewShortLived(openCA(t, t.TempDir()), names, now, discard)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hashOf(certificate *tls.Certificate) [32]byte { return sha256.Sum256(certificate.Certificate[0]) }

func TestAShortLivedCertificateIsWhatBrowsersTake(t *testing.T) {
	s := shortLived(t, time.Now, "room.example", "192.0.2.7", "[2001:db8::7]", "localhost")
	shown := s.Certificate()
	x := shown.Leaf

	if key, ok := x.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("the key isn't ECDSA on P-256: %T", x.PublicKey)
	}
	if life := x.NotAfter.Sub(x.NotBefore); life > browserLimit {
		t.Errorf("valid for %v, want at most %v", life, browserLimit)
	}
	if early := time.Since(x.NotBefore); early < time.Hour {
		t.Errorf("valid since %v only: a client's clock that is late refuses it", early)
	}
	if x.IsCA {
		t.Error("it is a CA's")
	}
	if len(shown.Certificate) != 2 || string(shown.Certificate[1]) != string(s.ca.Certificate().Raw) {
		t.Error("it isn't sent with the CA's certificate")
	}
	if got := s.Hashes(); !slices.Equal(got, [][32]byte{hashOf(shown)}) {
		t.Errorf("the hashes are %x, want that of the one leaf", got)
	}

	roots := x509.NewCertPool()
	roots.AddCert(s.ca.Certificate())
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "room.example", "192.0.2.7", "2001:db8::7"} {
		if _, err := x.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); err != nil {
			t.Errorf("who trusts the CA refuses it for %s: %v", name, err)
		}
	}
	if _, err := x.Verify(x509.VerifyOptions{DNSName: "other.example", Roots: roots}); err == nil {
		t.Error("it is good for a name that isn't its own")
	}
	if len(x.DNSNames) != 2 || len(x.IPAddresses) != 4 {
		t.Errorf("names %q and %v, want each once", x.DNSNames, x.IPAddresses)
	}
}

func TestNamesThatCannotBe(t *testing.T) {
	ca := openCA(t, t.TempDir())
	for _, name := range []string{"", "räume.example"} {
		if _, err := NewShortLived(ca, []string{name}, time.Now, discard); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}

// run runs s until the test has ended.
func run(t *testing.T, s *ShortLived) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRenewalOverWeeks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := shortLived(t, time.Now)
		run(t, s)

		const step = 5 * time.Minute
		var shown *tls.Certificate
		told := s.Hashes()                        // what a page fetched one step ago
		toldSince := make(map[[32]byte]time.Time) // by hash
		lastChange, changes := time.Now(), 0      // of the certificate shown
		for end := time.Now().Add(10 * 7 * 24 * time.Hour); time.Now().Before(end); time.Sleep(step) {
			synctest.Wait()
			now := time.Now()
			hashes := s.Hashes()
			for _, hash := range hashes {
				if _, ok := toldSince[hash]; !ok {
					toldSince[hash] = now
				}
			}
			if n := len(hashes); n < 1 || n > 2 {
				t.Fatalf("%v: %d hashes are told", now, n)
			}
			certificate := s.Certificate()
			hash := hashOf(certificate)
			if !slices.Contains(hashes, hash) {
				t.Fatalf("%v: a certificate is shown whose hash isn't told", now)
			}
			if !slices.Contains(told, hash) {
				t.Fatalf("%v: a page that fetched the hashes %v ago refuses the certificate", now, step)
			}
			if x := certificate.Leaf; now.Before(x.NotBefore) || now.Add(2*24*time.Hour).After(x.NotAfter) {
				t.Fatalf("%v: shown is a certificate of %v to %v", now, x.NotBefore, x.NotAfter)
			} else if life := x.NotAfter.Sub(x.NotBefore); life > browserLimit {
				t.Fatalf("%v: shown is a certificate valid for %v", now, life)
			}
			if shown != nil && certificate != shown {
				if notice := now.Sub(toldSince[hash]); notice < leafNotice {
					t.Fatalf("%v: shown after %v of notice, want %v", now, notice, leafNotice)
				}
				if !slices.Contains(hashes, hashOf(shown)) {
					t.Fatalf("%v: the old one's hash isn't told any more, though it's valid", now)
				}
				lastChange = now
				changes++
			}
			if since := now.Sub(lastChange); since > leafLife {
				t.Fatalf("%v: no other certificate for %v", now, since)
			}
			shown, told = certificate, hashes
		}
		if changes < 7 || changes > 10 {
			t.Errorf("%d certificates in ten weeks, want one in about eight days", changes+1)
		}
	})
}

func TestAfterALongSleepOfTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asleep atomic.Int64 // the wall clock went on, timers stood still
		now := func() time.Time { return time.Now().Add(time.Duration(asleep.Load())) }
		s := shortLived(t, now)
		run(t, s)
		before := s.Certificate()

		asleep.Store(int64(30 * 24 * time.Hour))
		time.Sleep(leafCheck)
		synctest.Wait()
		after := s.Certificate()
		if after == before || !(leaf{certificate: after}).validAt(now()) {
			t.Error("the certificate that has ended is still shown")
		}
		if got := s.Hashes(); !slices.Equal(got, [][32]byte{hashOf(after)}) {
			t.Error("the hash that is told isn't that of the one valid leaf")
		}
	})
}

func TestAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		ahead.Store(int64(365 * 24 * time.Hour))
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		s := shortLived(t, now)
		run(t, s)

		ahead.Store(0)
		time.Sleep(leafCheck)
		synctest.Wait()
		if !(leaf{certificate: s.Certificate()}).validAt(now()) {
			t.Error("the certificate shown isn't valid yet")
		}
	})
}
