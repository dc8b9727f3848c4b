package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"redroom/server/servertest"
)

// Chromium takes a page over HTTP/3 from a certificate that no public CA
// signed only where it is told that key, and goes there only if it's forced.
func TestPageLoadsOverHTTP3(t *testing.T) {
	t.Parallel()
	servertest.Chromium(t)
	diary := servertest.NewDiary(t)
	c := servertest.Config(t)
	c.Log = diary.Log()
	room, _ := servertest.StartWith(t, c)
	anna := room.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "GeldGeldGeld AG", "all"), "Over UDP alone", 1)

	rrp, err := url.Parse(room.Rrp)
	if err != nil {
		t.Fatal(err)
	}
	p := servertest.OpenPage(t, "origin-to-force-quic-on="+rrp.Host, "ignore-certificate-errors-spki-list="+publicKeyHash(t, room, rrp.Host))
	signIn(p, "https://"+rrp.Host+"/t/"+topic, anna.Name, servertest.Password)
	connected(p)
	say(p, "Grüße über HTTP/3")
	reads(t, p, "Grüße über HTTP/3")

	if protocol := servertest.Evaluate[string](p, `performance.getEntriesByType("navigation")[0].nextHopProtocol`); protocol != "h3" {
		t.Errorf("Chromium says that the page came over %q", protocol)
	}
	// What was asked for and given up before there was an answer came over nothing.
	files := servertest.Evaluate[[]string](p, `performance.getEntriesByType("resource").filter((e) => e.responseStatus !== 0 && e.nextHopProtocol !== "h3").map((e) => e.nextHopProtocol + " " + e.name)`)
	if len(files) > 0 {
		t.Errorf("these did not come over HTTP/3: %q", files)
	}
	if diary.Count("request", "path", "/t/"+topic, "proto", "HTTP/3.0") == 0 {
		t.Error("the server saw no request for the page over HTTP/3")
	}
	if diary.Count("signed in", "transport", "WebTransport", "user", anna.Name) == 0 {
		t.Error("the server saw no WebTransport session")
	}
	cookies := p.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-redroom" || !cookies[0].Secure || !cookies[0].HTTPOnly || cookies[0].SameSite != "Strict" {
		t.Errorf("the sign-in's cookies are %+v", cookies)
	}
}

// publicKeyHash is that of the certificate that a room shows on ALPN h3, as
// Chromium's flag takes it: SHA-256 over the SubjectPublicKeyInfo, in base64.
func publicKeyHash(t *testing.T, room *servertest.Room, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	trust := room.Trust(t)
	trust.NextProtos = []string{http3.NextProtoH3}
	conn, err := quic.DialAddr(ctx, address, trust, nil)
	if err != nil {
		t.Fatalf("looking at the certificate: %v", err)
	}
	defer conn.CloseWithError(0, "")
	leaf := conn.ConnectionState().TLS.PeerCertificates[0]
	hash := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(hash[:])
}
