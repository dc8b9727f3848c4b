// Package servertest is the one harness of the end-to-end tests: it starts the
// real server, in the test's own process (Start) or as a process of its own
// (StartProcess), and speaks to it as a browser or a tool would. Everything it
// starts is stopped when the test ends, and what can't be done fails the test.
package servertest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"redroom/server"
	"redroom/server/client"
)

// Password is that of every account that a test makes.
const Password = "correct horse battery"

// Patience is how long a test waits for something that is to come. Nothing
// takes so long when all is well.
const Patience = 30 * time.Second

// Room is a server that runs, however it was started.
type Room struct {
	Data  string // its data directory
	Plain string // http://localhost:PORT
	Rrp   string // https://localhost:PORT/rrp
	Setup string // the setup token; "" once there is an admin

	Server *server.Server // of Start; nil where it is another process

	proxied *Room // as it is seen through the carrier's proxy; nil: there is none

	// Dial connects to Plain where the test's own network doesn't reach it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Config is what tests begin with: free ports, to which a server that is started
// anew can come back, and t's own directory.
func Config(t testing.TB) server.Config {
	return server.Config{
		Data:   t.TempDir(),
		HTTP:   freeAddress(t, "localhost"),
		Addr:   freeAddress(t, "localhost"),
		Host:   "localhost",
		H3Cert: "own",
		Log:    slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// Start runs a server in this process until the test ends.
func Start(t testing.TB) *Room {
	t.Helper()
	r, _ := StartWith(t, Config(t))
	return r
}

// StartQuietly is Start for a test in which the server has something to
// complain of: it says so to nobody.
func StartQuietly(t testing.TB) *Room {
	t.Helper()
	c := Config(t)
	c.Log = nil
	r, _ := StartWith(t, c)
	return r
}

// StartWith runs a server as c says. stop stops it earlier, cleanly.
func StartWith(t testing.TB, c server.Config) (r *Room, stop func()) {
	t.Helper()
	proxy := carriedBy(t)
	if proxy != nil {
		c = proxy.Before(c)
	}
	var recording *Recording
	if *replaying && c.Applied == nil && isEmpty(t, c.Data) {
		recording = Record(&c)
	}
	s, err := server.New(t.Context(), c)
	if err != nil {
		t.Fatalf("opening the server: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("running the server: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		if recording != nil && !t.Failed() {
			recording.Verify(t, c.Data)
		}
	}
	t.Cleanup(stop)
	r = &Room{Data: c.Data, Plain: s.PlainURL(), Rrp: s.WebTransportURL(), Server: s}
	if links := s.SetupLinks(); len(links) > 0 {
		r.Setup = afterHash(links[0])
	}
	if proxy != nil {
		r.proxied = proxy.Start(t, r)
	}
	return r, stop
}

func isEmpty(t testing.TB, dir string) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(files) == 0
}

// Trust is a TLS configuration that trusts the room's own CA.
func (r *Room) Trust(t testing.TB) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(r.Data, "keys", "ca.pem"))
	if err != nil {
		t.Fatalf("reading the room's CA: %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("the room's CA is no certificate")
	}
	return &tls.Config{RootCAs: pool}
}

// Connect opens a session and signs in as whom the API is.
func (r *Room) Connect(t testing.TB, as *API) *client.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := r.dial(ctx, r.Trust(t))
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	c := client.New(conn)
	t.Cleanup(func() { c.Close() })
	if _, err := c.SignIn(ctx, as.Token(t)); err != nil {
		t.Fatalf("signing in: %v", err)
	}
	return c
}

// ClientConfig is what a client is made of that stays connected as whom the API
// is, and comes back soon.
func (r *Room) ClientConfig(t testing.TB, as *API) client.Config {
	t.Helper()
	return client.Config{
		Ticket:       client.HTTPTickets(as.HTTP, r.Plain, ""),
		WebTransport: client.WebTransport(r.Trust(t)),
		WebSocket:    client.WebSocket(r.Trust(t)),
		MaxPause:     time.Second,
	}
}

// Admin sets the room up and is its first admin, anna.
func (r *Room) Admin(t testing.TB) *API {
	t.Helper()
	a := r.Anonymous(t)
	a.Must(t, "POST", "/api/setup", map[string]any{"token": r.Setup, "name": "anna", "password": Password}, nil, 201)
	a.Name = "anna"
	return a
}

// SignIn is the room as an account that exists already.
func (r *Room) SignIn(t testing.TB, name string) *API {
	t.Helper()
	a := r.Anonymous(t)
	a.Must(t, "POST", "/api/session", map[string]any{"name": name, "password": Password}, nil, 200)
	a.Name = name
	return a
}

func afterHash(link string) string {
	for i := range len(link) {
		if link[i] == '#' {
			return link[i+1:]
		}
	}
	return ""
}

// testWriter gives a server's diagnostics to the test.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	defer func() { recover() }() // the test may be over already
	w.t.Logf("server: %s", p)
	return len(p), nil
}
