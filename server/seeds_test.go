package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"
	_ "modernc.org/sqlite"

	"redroom/certs"
	"redroom/server/client"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// TestCount0To8ComesBackInOrder sends nine messages in a row, none waiting for
// another, and has them back in order.
func TestCount0To8ComesBackInOrder(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	reader := h.Enter(t, h.olga).Join(t, h.topic, 0)
	c := h.Enter(t, h.bert).Join(t, h.topic, 0)
	var all strings.Builder
	for i := range 9 {
		all.WriteString(servertest.Post(fmt.Sprintf("Count %d", i), fmt.Sprintf("count-%d", i)))
	}
	c.Say(t, all.String())
	for i := range 9 {
		if f := reader.Hear(t); f.Is(fmt.Sprintf("MESSAGE %d bert * text - *", i+1)) != nil || f.Payload != fmt.Sprintf("Count %d", i) {
			t.Errorf("message %d is %q", i+1, f)
		}
		c.Answer(t, fmt.Sprintf("ACK count-%d %d", i, i+1))
	}
}

// TestUmlautsComeBackByteIdentical posts and reads with the Go client.
func TestUmlautsComeBackByteIdentical(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	seen := newProgress()
	reader := join(t, h.Connect(t, h.olga), h.topic, 0, seen.saw)
	posts := join(t, h.Connect(t, h.bert), h.topic, 0, nil)
	for i, text := range []string{"Hallo, wie läuft's?", "A\u0308 is not Ä", "a\r\n\tb\x00c", "👩‍👩‍👧 你好 \u202e", " "} {
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		_, err := posts.Post(ctx, fmt.Sprintf("umlaut-%d", i), text, 0)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		seen.wait(t, int64(i+1), reader.Done())
		if got := seen.all()[i]; string(got.Body) != text || got.Author != "bert" {
			t.Errorf("%q came back as %q of %s", text, got.Body, got.Author)
		}
	}
}

// TestClientTrustsTheGivenCAOnly connects with the room's own CA, with another,
// and with those of the system.
func TestClientTrustsTheGivenCAOnly(t *testing.T) {
	leavesNoGoroutine(t)
	r := servertest.Start(t)
	c, err := client.Dial(t.Context(), r.Rrp, r.Trust(t))
	if err != nil {
		t.Fatalf("with the room's CA: %v", err)
	}
	c.Close()

	other, err := certs.OpenCA(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	strangers := x509.NewCertPool()
	strangers.AddCert(other.Certificate())
	for name, trust := range map[string]*tls.Config{"another CA": {RootCAs: strangers}, "the system's CAs": {}} {
		if c, err := client.Dial(t.Context(), r.Rrp, trust); err == nil {
			c.Close()
			t.Errorf("%s: connected", name)
		} else if unknown := new(x509.UnknownAuthorityError); !strings.Contains(err.Error(), unknown.Error()[:20]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestALPNIsH3AndTheSecondConnectResumes looks at the TLS of the UDP port.
func TestALPNIsH3AndTheSecondConnectResumes(t *testing.T) {
	leavesNoGoroutine(t)
	r := servertest.Start(t)
	trust := r.Trust(t)
	trust.NextProtos = []string{"h3"}
	trust.ClientSessionCache = newTickets()
	for _, resumed := range []bool{false, true} {
		conn, err := quic.DialAddr(t.Context(), address(r), trust, &quic.Config{EnableDatagrams: true})
		if err != nil {
			t.Fatal(err)
		}
		state := conn.ConnectionState().TLS
		if state.NegotiatedProtocol != "h3" {
			t.Errorf("ALPN is %q, want h3", state.NegotiatedProtocol)
		}
		if state.DidResume != resumed {
			t.Errorf("resumed: %v, want %v", state.DidResume, resumed)
		}
		if !resumed {
			trust.ClientSessionCache.(*tickets).wait(t)
		}
		conn.CloseWithError(0, "")
	}

	trust.NextProtos = []string{"http/0.9"}
	if conn, err := quic.DialAddr(t.Context(), address(r), trust, nil); err == nil {
		conn.CloseWithError(0, "")
		t.Error("a protocol that nobody speaks was negotiated")
	}
}

// tickets is a cache that tells when it has one.
type tickets struct {
	tls.ClientSessionCache
	came chan struct{}
}

func newTickets() *tickets {
	return &tickets{tls.NewLRUClientSessionCache(4), make(chan struct{}, 16)}
}

func (c *tickets) Put(key string, s *tls.ClientSessionState) {
	c.ClientSessionCache.Put(key, s)
	if s != nil {
		c.came <- struct{}{}
	}
}

func (c *tickets) wait(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	select {
	case <-c.came:
	case <-ctx.Done():
		t.Fatal("no session ticket came")
	}
}

// address is where a room's QUIC is.
func address(r *servertest.Room) string {
	return strings.TrimSuffix(strings.TrimPrefix(r.Rrp, "https://"), transport.Path)
}

// TestStoreIsOneFileThatWorksElsewhere stops the server, takes the one file to
// another directory, and goes on there; what is in it can be read without a
// manual.
func TestStoreIsOneFileThatWorksElsewhere(t *testing.T) {
	leavesNoGoroutine(t)
	r, stop := servertest.StartWith(t, servertest.Config(t))
	anna := r.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "GeldGeldGeld AG", "all"), "Vermögensübertragung: Share Deal Szenario", 1)
	talks(t, r.Enter(t, anna).Join(t, topic, 0))
	before := readLog(t, r, anna, topic)
	stop()

	if names := files(t, r.Data); !slices.Equal(names, []string{"keys", "lock", "redroom.db"}) {
		t.Errorf("after the stop there are %v", names)
	}
	elsewhere := servertest.Config(t)
	content, err := os.ReadFile(filepath.Join(r.Data, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(elsewhere.Data, "redroom.db"), content, 0o600); err != nil {
		t.Fatal(err)
	}

	db, err := sql.Open("sqlite", filepath.Join(elsewhere.Data, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	var title string
	var number int
	if err := db.QueryRowContext(t.Context(), "SELECT title, number FROM topics").Scan(&title, &number); err != nil {
		t.Error(err)
	}
	if title != "Vermögensübertragung: Share Deal Szenario" || number != 1 {
		t.Errorf("the topic is %q (%d)", title, number)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	r, _ = servertest.StartWith(t, elsewhere)
	after := readLog(t, r, r.SignIn(t, "anna"), topic)
	if !slices.Equal(before, after) {
		t.Errorf("the topic was %q and is %q", before, after)
	}
	talks(t, r.Enter(t, r.SignIn(t, "anna")).Join(t, topic, -1))
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestNoMessageTextInClearOnTheUDPPort passes a session through a relay that
// keeps every datagram, both ways.
func TestNoMessageTextInClearOnTheUDPPort(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	relay := newRelay(t, address(h.Room))
	behind := *h.Room
	behind.Rrp = "https://localhost:" + relay.port() + transport.Path
	const words = "Niemand sonst liest dies."
	c := behind.Enter(t, h.bert).Join(t, h.topic, 0)
	c.Say(t, servertest.Post(words, "secret-client-id"))
	c.Await(t, "MESSAGE 1 bert * text - *")

	kept := relay.stop()
	if len(kept) < 1000 {
		t.Errorf("the relay kept %d octets only", len(kept))
	}
	for _, clear := range []string{words, "secret-client-id", "MESSAGE", "bert", h.topic} {
		if bytes.Contains(kept, []byte(clear)) {
			t.Errorf("%q is to be seen on the wire", clear)
		}
	}
}

// relay stands between one client and the server.
type relay struct {
	front, back *net.UDPConn
	running     sync.WaitGroup
	mu          sync.Mutex
	kept        []byte
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	server, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{}
	if r.front, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	if r.back, err = net.DialUDP("udp4", nil, server); err != nil {
		t.Fatal(err)
	}
	client := make(chan *net.UDPAddr, 1)
	r.running.Go(func() {
		b := make([]byte, 64<<10)
		for known := false; ; known = true {
			n, from, err := r.front.ReadFromUDP(b)
			if err != nil {
				return
			}
			if !known {
				client <- from
			}
			r.keep(b[:n])
			r.back.Write(b[:n])
		}
	})
	r.running.Go(func() {
		b := make([]byte, 64<<10)
		var to *net.UDPAddr
		for {
			n, err := r.back.Read(b)
			if err != nil {
				return
			}
			if to == nil {
				to = <-client
			}
			r.keep(b[:n])
			r.front.WriteToUDP(b[:n], to)
		}
	})
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *relay) port() string { return strconv.Itoa(r.front.LocalAddr().(*net.UDPAddr).Port) }

func (r *relay) keep(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, b...)
}

// stop ends the relay and gives what went through it.
func (r *relay) stop() []byte {
	r.front.Close()
	r.back.Close()
	r.running.Wait()
	return r.kept
}
