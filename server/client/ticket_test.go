package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

func TestTicketsAreAskedForAsWhoOneIs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.URL.Path != "/api/session/token" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer mine" {
			t.Errorf("asked was %s %s, %v", r.Method, r.URL, r.Header)
		}
		fmt.Fprint(w, `{"token":"T","expires":"2026-11-21T12:00:00Z","webtransport":{"url":"https://room/rrp","certificateHashes":["AAEC"]},"quic":{"address":"room:4433"},"websocket":{"url":"wss://room/rrp"},"later":1}`)
	}))
	defer server.Close()
	got, err := HTTPTickets(server.Client(), server.URL, "mine")(t.Context())
	if err != nil || got.Token != "T" || got.WebTransport.URL != "https://room/rrp" || got.WebSocket.URL != "wss://room/rrp" || got.QUIC.Address != "room:4433" || string(got.WebTransport.CertificateHashes[0]) != "\x00\x01\x02" {
		t.Errorf("the ticket is %v, %v", got, err)
	}
}

func TestWhatIsNoTicketSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		code   int // of the *room.Error; 0: there is none
		wait   time.Duration
		says   string
	}{
		"nobody is signed in": {401, `{"status":401,"detail":"Sign in first."}`, 401, 0, "Sign in first."},
		"not now":             {503, `{"status":503,"detail":"Not now."}`, 503, 7 * time.Second, "Not now."},
		"too often":           {429, `{"status":429,"detail":"Wait."}`, 429, 7 * time.Second, "Wait."},
		"a proxy's words":     {502, `<h1>Bad Gateway</h1>`, 502, 0, "502 Bad Gateway"},
		"no JSON":             {200, `<h1>Welcome</h1>`, 0, 0, "no ticket"},
		"endless":             {200, `{"token":"` + strings.Repeat("x", 1<<20), 0, 0, "no ticket"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}))
			defer server.Close()
			_, err := HTTPTickets(server.Client(), server.URL, "")(t.Context())
			if err == nil || codeOf(err) != test.code || waitFor(err) != test.wait || !strings.Contains(err.Error(), test.says) {
				t.Errorf("it says %v, with code %d and %v to wait", err, codeOf(err), waitFor(err))
			}
			if reason := new(room.Error); test.code != 0 && !errors.As(err, &reason) {
				t.Error("there is no *room.Error in it")
			}
		})
	}
}

// TestPinnedCertificatesAreTheOnlyOnesTaken shakes hands with a certificate that
// no authority vouches for.
func TestPinnedCertificatesAreTheOnlyOnesTaken(t *testing.T) {
	now := time.Now()
	good, expired := selfSigned(t, now.Add(time.Hour)), selfSigned(t, now.Add(-time.Hour))
	pin := func(c tls.Certificate) []byte {
		hash := sha256.Sum256(c.Certificate[0])
		return hash[:]
	}
	for name, test := range map[string]struct {
		shown tls.Certificate
		pins  [][]byte
		taken bool
	}{
		"one of two":     {good, [][]byte{pin(expired), pin(good)}, true},
		"another":        {good, [][]byte{pin(expired)}, false},
		"an expired one": {expired, [][]byte{pin(expired)}, false},
		"none is pinned": {good, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{test.shown}})
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					conn.(*tls.Conn).HandshakeContext(context.Background())
					conn.Close()
				}
			}()
			trust := pinned(&tls.Config{RootCAs: x509.NewCertPool(), ServerName: "room.example"}, test.pins)
			conn, err := tls.Dial("tcp", listener.Addr().String(), trust)
			if err == nil {
				conn.Close()
			}
			if (err == nil) != test.taken {
				t.Errorf("the handshake: %v", err)
			}
		})
	}
}

func selfSigned(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-24 * time.Hour), NotAfter: until, DNSNames: []string{"room.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
