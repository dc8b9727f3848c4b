//go:build unix

package main_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// caller is a peer of another program, which says to a real one what it likes.
type caller struct {
	sockets *transport.PeerSockets
	at      client.Reachable
	shows   *tls.Certificate
}

// call says HELLO as a name with a ticket, a message after it, and gives the first
// answer. Whoever is refused has to be told BYE, and the connection has to be closed.
func (c caller) call(t *testing.T, name, ticket, text string) string {
	t.Helper()
	net, err := c.sockets.Dial(t.Context(), c.at.At, c.at.Fingerprint, c.shows)
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close(0, "")
	stream, err := net.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stream.SetReadDeadline(time.Now().Add(time.Minute))
	var said []byte
	if name != "" {
		said = wire.AppendFrame(said, wire.TypeHello, []byte(ticket), name)
	}
	said = wire.AppendFrame(said, wire.TypeMessage, []byte(text), "1", name, "1767225600000", "text", "", "")
	if _, err := stream.Write(said); err != nil {
		t.Fatal(err)
	}
	in := wire.NewReader(stream)
	next := func() string {
		h, err := in.Next()
		if err != nil {
			return err.Error()
		}
		return h.Type + " " + h.String(0) + " " + h.String(1)
	}
	first, second := next(), next()
	stream.CloseWrite()
	if strings.HasPrefix(first, "ERR") {
		if second != "BYE 401 " {
			t.Errorf("after %q it says %q", first, second)
		}
		select {
		case <-net.Context().Done():
		case <-time.After(time.Minute):
			t.Error("the connection is not closed")
		}
	}
	return first
}

// TestAPeerTakesTheServersTicketsOnly shows a redroom peer what is no good ticket.
func TestAPeerTakesTheServersTicketsOnly(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	bert := d.as(t, "bert").peer(t)
	carl := d.Connect(t, d.Join(t, d.anna, "carl", "member", d.deal))
	anna := d.Connect(t, d.anna)
	listed, err := anna.Query(t.Context(), "bert")
	if err != nil || len(listed) != 1 {
		t.Fatalf("bert is listed as %v, %v", listed, err)
	}
	sockets, err := transport.OpenPeerSockets(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sockets.Close()
	mine, fingerprint, err := transport.NewPeerCertificate()
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := transport.NewPeerCertificate()
	if err != nil {
		t.Fatal(err)
	}
	ticketOf := func(s *client.Session) string {
		t.Helper()
		ticket, err := s.PeerTicket(t.Context(), "bert", fingerprint)
		if err != nil {
			t.Fatal(err)
		}
		return ticket
	}
	// What the server gives nobody, but has a key for.
	seed, err := os.ReadFile(filepath.Join(d.Data, "keys", "peers.key"))
	if err != nil {
		t.Fatal(err)
	}
	octets, err := hex.DecodeString(strings.TrimSpace(string(seed)))
	if err != nil {
		t.Fatal(err)
	}
	servers := ed25519.NewKeyFromSeed(octets)
	_, another, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(key ed25519.PrivateKey, to string, left time.Duration, nonce byte) string {
		return room.PeerTicket{From: "anna", To: to, Key: fingerprint, Expires: time.Now().Add(left), Nonce: [16]byte{nonce}}.Sign(key)
	}

	called := caller{sockets, listed[0], &mine}
	used := ticketOf(anna)
	if got := called.call(t, "anna", used, "a good one"); got != "ACK HELLO bert" {
		t.Fatalf("the server's ticket: %s", got)
	}
	if got := called.call(t, "anna", sign(servers, "bert", time.Minute, 1), "as good"); got != "ACK HELLO bert" {
		t.Fatalf("a ticket by the server's key: %s", got) // so that what follows is refused for its own fault
	}
	bert.await(t, " anna: a good one\n")
	bert.await(t, " anna: as good\n")
	for what, c := range map[string]struct {
		shows        *tls.Certificate
		name, ticket string
	}{
		"somebody else's":                 {&mine, "anna", ticketOf(carl)},
		"an old one":                      {&mine, "anna", sign(servers, "bert", -time.Second, 2)},
		"one used twice":                  {&mine, "anna", used},
		"one for another name":            {&mine, "anna", sign(servers, "carl", time.Minute, 3)},
		"another certificate than its":    {&other, "anna", ticketOf(anna)},
		"no certificate":                  {nil, "anna", ticketOf(anna)},
		"no ticket":                       {&mine, "anna", ""},
		"no HELLO":                        {&mine, "", ""},
		"garbage":                         {&mine, "anna", "\xff\n.garbage"},
		"another server's":                {&mine, "anna", sign(another, "bert", time.Minute, 4)},
		"one under somebody else's name":  {&mine, "carl", ticketOf(anna)},
		"one that is good for a day long": {&mine, "anna", sign(servers, "bert", 24*time.Hour, 5)},
	} {
		called.shows = c.shows
		if got := called.call(t, c.name, c.ticket, "a bad one"); got != "ERR 401 HELLO" {
			t.Errorf("%s: %s, want ERR 401 HELLO", what, got)
		}
	}
	called.shows = &mine
	if got := called.call(t, "anna", ticketOf(anna), "and good again"); got != "ACK HELLO bert" {
		t.Errorf("the server's ticket again: %s", got)
	}
	bert.await(t, " anna: and good again\n")
	if strings.Contains(bert.said.String(), "a bad one") {
		t.Errorf("bert has heard %q", bert.said.String())
	}
}
