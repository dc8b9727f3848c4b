//go:build unix

package main_test

import (
	"crypto/tls"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redroom/certs"
	"redroom/server/servertest"
)

// localCA has redroom certs make a CA at a desk, and says where its certificate is
// and what its pin is.
func (d desk) localCA(dir string) (file, pin string) {
	d.t.Helper()
	var told struct{ File, SHA256 string }
	out := d.redroom("", "certs ca --json --ca-dir "+dir).succeeds(d.t)
	if err := json.Unmarshal([]byte(out), &told); err != nil {
		d.t.Fatalf("%v in %q", err, out)
	}
	return told.File, told.SHA256
}

// TestALocalCertificateIsTrustedUnderItsNames by every way to a server that tools
// go, where its CA is the one that they trust; else it is said who has signed it.
func TestALocalCertificateIsTrustedUnderItsNames(t *testing.T) {
	d := newDesk(t)
	ca, pin := d.localCA("ours")
	other, otherPin := d.localCA("theirs")
	d.redroom("", "certs make localhost 127.0.0.1 ::1 --ca-dir ours").succeeds(t)
	h := host(t, "--tls-cert", filepath.Join(d.dir, "localhost+2.pem"), "--tls-key", filepath.Join(d.dir, "localhost+2-key.pem"))
	d = d.with("REDROOM_TOKEN=" + h.token)

	for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
		t.Run(name, func(t *testing.T) {
			server := " --server " + name + ":" + h.port
			for _, trust := range []string{" --ca " + ca, " --pin " + pin} {
				d.redroom("", "user list"+server+trust).prints(t, whoever)
				for _, way := range []string{"quic", "websocket"} {
					if r := d.redroom("PING 0 here\n", "raw --bare --transport "+way+server+trust); r.status != 0 || !strings.Contains(r.out, "PONG 0 here\n") {
						t.Errorf("%s: status %d, %q, %q", way, r.status, r.out, r.errors)
					}
				}
			}
			signer := certificateName(t, d, ca)
			for _, command := range []string{"user list", "raw --bare --transport quic", "raw --bare --transport websocket"} {
				d.redroom("PING 0\n", command+server+" --ca "+other).expectOneLine(t, 1, "not trusted", "unknown authority", signer, "--ca", "redroom certs show")
			}
			d.redroom("", "user list"+server+" --data "+h.Data).expectOneLine(t, 1, "not trusted", "--tls-cert", "--ca")
			d.redroom("", "user list"+server+" --pin "+otherPin).expectOneLine(t, 1, "not trusted", "not signed by the CA of this pin", signer, "--pin")
		})
	}
}

func TestACertificateMadeAnewIsShownWithoutARestart(t *testing.T) {
	d := newDesk(t)
	d.localCA("ca")
	renew := func() (sha256 string) {
		var told struct{ SHA256 string }
		if err := json.Unmarshal([]byte(d.redroom("", "certs make localhost --json --ca-dir ca").succeeds(t)), &told); err != nil {
			t.Fatal(err)
		}
		return told.SHA256
	}
	first := renew()
	h := host(t, "--tls-cert", filepath.Join(d.dir, "localhost.pem"), "--tls-key", filepath.Join(d.dir, "localhost-key.pem"))
	shown := func() string {
		conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", h.at)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return certs.Pin(conn.(*tls.Conn).ConnectionState().PeerCertificates[0])
	}
	if got := shown(); got != first {
		t.Fatalf("it shows %s, want %s", got, first)
	}
	second := renew()
	for deadline := time.Now().Add(servertest.Patience); shown() != second; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not show the new one")
		}
	}
}

// certificateName is what show says of the first certificate in a file.
func certificateName(t *testing.T, d desk, file string) string {
	t.Helper()
	var told struct{ Name string }
	line, _, _ := strings.Cut(d.redroom("", "certs", "show", file, "--json").succeeds(t), "\n")
	if err := json.Unmarshal([]byte(line), &told); err != nil || told.Name == "" {
		t.Fatalf("%v in %q", err, line)
	}
	return told.Name
}

func TestCertsSayWhatThereIs(t *testing.T) {
	d := newDesk(t)
	d.redroom("", "certs make localhost").expectOneLine(t, 1, "no local CA", "redroom certs ca", "--ca-dir")
	d.redroom("", "certs trust").expectOneLine(t, 1, "no local CA", "redroom certs ca")

	first := d.redroom("", "certs ca").succeeds(t, "local-ca.pem\n", "\npin ", "\nends ")
	d.redroom("", "certs ca").prints(t, first)

	d.redroom("", "certs make localhost 127.0.0.1 ::1").succeeds(t, "localhost+2.pem\n", "localhost+2-key.pem\n", "localhost, 127.0.0.1, ::1\n", "in 364 days\n")
	shown := strings.Split(d.redroom("", "certs show localhost+2.pem --json").succeeds(t), "\n")
	if len(shown) != 3 {
		t.Fatalf("in the file there are %q, want the certificate and its CA's", shown)
	}
	var leaf, ca struct {
		Name, Signed, SHA256 string
		CA                   bool
		Names                []string
		From, Ends           time.Time
	}
	for i, into := range []any{&leaf, &ca} {
		if err := json.Unmarshal([]byte(shown[i]), into); err != nil {
			t.Fatal(err)
		}
	}
	if left := time.Until(leaf.Ends); leaf.CA || leaf.Signed != ca.Name || strings.Join(leaf.Names, " ") != "localhost 127.0.0.1 ::1" || left < 364*24*time.Hour || left > 365*24*time.Hour || leaf.From.After(time.Now()) {
		t.Errorf("the certificate is %+v", leaf)
	}
	if !ca.CA || ca.Signed != ca.Name || !strings.Contains(first, ca.SHA256) {
		t.Errorf("its CA is %+v", ca)
	}

	d.redroom("", "certs make room.example --cert a.pem --key b.pem").succeeds(t, "a.pem\n", "b.pem\n")
	d.redroom("", "certs make room.example --cert a.pem --key b.pem").succeeds(t)
	d.redroom("", "certs make room.example --cert localhost+2.pem --key b.pem").expectOneLine(t, 1, "localhost+2.pem", "b.pem", "stay as they are")
	for _, key := range []string{filepath.Join(d.dir, "b.pem"), filepath.Join(filepath.Dir(d.file()), "ca", "local-ca-key.pem")} {
		if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key %s: %v, %v", key, info.Mode(), err)
		}
	}
	d.redroom("", "certs show b.pem").expectOneLine(t, 1, "b.pem", "no certificate")
	d.redroom("", "certs show c.pem").expectOneLine(t, 1, "c.pem")
	for _, bad := range []string{"https://localhost", "localhost localhost", "::1 [::1]", "127.0.0.256", "a --cert a.pem", ""} {
		d.redroom("", strings.TrimSpace("certs make "+bad)).expectOneLine(t, 2)
	}
	if help := d.redroom("", "certs trust").succeeds(t); strings.Contains(help, "local-ca-key") {
		t.Error("to have it trusted, its key is spoken of")
	}
}
