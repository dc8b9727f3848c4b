package peer_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"redroom/server/client"
	"redroom/server/peer"
	"redroom/server/room"
	"redroom/server/transport"
)

const patience = 60 * time.Second

// directory is a server's side of what peers ask: it lists and signs.
type directory struct {
	key    ed25519.PrivateKey
	offset time.Duration // of its clock

	mu     sync.Mutex
	listed map[string]client.Reachable
	binds  int
	left   []string
	fail   error // BIND's
}

func newDirectory(t *testing.T) *directory {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &directory{key: key, listed: make(map[string]client.Reachable)}
}

func (d *directory) now() time.Time { return time.Now().Add(d.offset) }

// seat is the directory as the user of that name has it.
type seat struct {
	*directory
	name    string
	address string // under which it lists; "": 127.0.0.1
}

func (s seat) Bind(_ context.Context, _ string, port uint16, fingerprint [32]byte) (client.Bound, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.binds++
	if s.fail != nil {
		return client.Bound{}, s.fail
	}
	at := "127.0.0.1"
	if s.address != "" {
		at = s.address
	}
	s.listed[s.name] = client.Reachable{Name: s.name, At: netip.AddrPortFrom(netip.MustParseAddr(at), port), Fingerprint: fingerprint}
	return client.Bound{Key: s.key.Public().(ed25519.PublicKey), Time: s.now()}, nil
}

func (s seat) Query(_ context.Context, name string) (all []client.Reachable, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.listed[name]; ok {
		all = append(all, r)
	}
	return all, nil
}

func (s seat) Leave(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = append(s.left, s.name)
	delete(s.listed, s.name)
	return nil
}

func (s seat) PeerTicket(_ context.Context, name string, key [32]byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.listed[name]; !ok {
		return "", &client.Refused{Reason: room.ErrNotFound}
	}
	return s.ticket(s.name, name, key).Sign(s.key), nil
}

func (d *directory) ticket(from, to string, key [32]byte) room.PeerTicket {
	t := room.PeerTicket{From: from, To: to, Key: key, Expires: d.now().Add(room.PeerTicketTime).Truncate(time.Millisecond)}
	rand.Read(t.Nonce[:])
	return t
}

// someone is a peer that runs, and what it has heard.
type someone struct {
	*peer.Peer
	name  string
	heard chan peer.Message
	here  chan string // "+name", "-name"
	leave func()      // ends it and waits
}

// join runs a peer until the test ends, and waits until it is listed.
func (d *directory) join(t *testing.T, name string, change ...func(*peer.Config)) *someone {
	t.Helper()
	s := &someone{name: name, heard: make(chan peer.Message, 10_000), here: make(chan string, 1000)}
	config := peer.Config{
		Name: name, Directory: seat{directory: d, name: name}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		OnMessage: func(m peer.Message) error {
			s.heard <- m
			return nil
		},
		OnPeer: func(name string, here bool) {
			if here {
				s.here <- "+" + name
			} else {
				s.here <- "-" + name
			}
		},
	}
	for _, c := range change {
		c(&config)
	}
	p, err := peer.Listen(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s.Peer = p
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	s.leave = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	t.Cleanup(s.leave)
	if !config.DialOnly && d.fail == nil {
		d.await(t, name)
	}
	return s
}

// await waits until somebody is listed.
func (d *directory) await(t *testing.T, name string) client.Reachable {
	t.Helper()
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if listed, _ := (seat{directory: d}).Query(t.Context(), name); len(listed) > 0 {
			return listed[0]
		}
	}
	t.Fatalf("%s is not listed", name)
	return client.Reachable{}
}

// leaksNothing says that nothing runs any more at the end of the test.
func leaksNothing(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

func receive[T any](t *testing.T, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return got
}

func TestTwoPeersTalkOnOneConnection(t *testing.T) {
	leaksNothing(t)
	d := newDirectory(t)
	anna, bert := d.join(t, "anna"), d.join(t, "bert")
	before := time.Now().Add(-time.Second)
	said := []string{"Hallo, wie läuft's?", "", "two\nlines  and \x00 octets %2D", strings.Repeat("ü", room.MaxText/2)}
	for i, text := range said {
		if err := anna.Send(t.Context(), "bert", text); err != nil {
			t.Fatal(err)
		}
		m := receive(t, bert.heard)
		if m.From != "anna" || m.Text != text || m.Seq != int64(i+1) || m.At.Before(before) {
			t.Errorf("bert has heard %d octets of %s, seq %d, %v", len(m.Text), m.From, m.Seq, m.At)
		}
		if err := bert.Send(t.Context(), "anna", "re: "+text[:min(len(text), 100)]); err != nil {
			t.Fatal(err)
		}
		if m := receive(t, anna.heard); m.From != "bert" || !strings.HasPrefix(m.Text, "re: ") || m.Seq != int64(i+1) {
			t.Errorf("anna has heard %q of %s, seq %d", m.Text, m.From, m.Seq)
		}
	}
	if got := receive(t, bert.here); got != "+anna" || len(bert.here) > 0 {
		t.Errorf("bert has seen %s, and %d more", got, len(bert.here))
	}
	bert.leave()
	if got := []string{receive(t, anna.here), receive(t, anna.here)}; !slices.Equal(got, []string{"+bert", "-bert"}) {
		t.Errorf("anna has seen %v", got)
	}
	if err := anna.Send(t.Context(), "bert", "gone"); !errors.Is(err, peer.ErrNotListed) {
		t.Errorf("bert has left: %v", err)
	}
	if !slices.Equal(d.left, []string{"bert"}) {
		t.Errorf("LEAVE was said by %v", d.left)
	}
}

func TestManySayMuchAtOnceAndEachMessageArrivesOnce(t *testing.T) {
	leaksNothing(t)
	d := newDirectory(t)
	bert := d.join(t, "bert")
	names := []string{"anna", "carl", "dora"}
	const each = 50
	var sending sync.WaitGroup
	for _, name := range names {
		s := d.join(t, name)
		for i := range each { // all at once, on one connection
			sending.Go(func() {
				if err := s.Send(t.Context(), "bert", name+string(rune('A'+i))); err != nil {
					t.Error(err)
				}
			})
		}
	}
	sending.Wait()
	seen, last := make(map[string]bool), make(map[string]int64)
	for range each * len(names) {
		m := receive(t, bert.heard)
		if !strings.HasPrefix(m.Text, m.From) || seen[m.Text] || m.Seq != last[m.From]+1 {
			t.Errorf("%q of %s, seq %d after %d", m.Text, m.From, m.Seq, last[m.From])
		}
		seen[m.Text], last[m.From] = true, m.Seq
	}
}

func TestPeersMeetOverIPv6(t *testing.T) {
	d := newDirectory(t)
	d.join(t, "anna")
	bert := d.join(t, "bert", func(c *peer.Config) {
		c.Directory = seat{directory: d, name: "bert", address: "::1"}
	})
	carl := d.join(t, "carl", func(c *peer.Config) { c.DialOnly = true })
	if err := carl.Send(t.Context(), "bert", "six"); err != nil {
		if strings.Contains(err.Error(), "no addresses of that kind") {
			t.Skip("this machine has no IPv6")
		}
		t.Fatal(err)
	}
	if m := receive(t, bert.heard); m.From != "carl" || m.Text != "six" {
		t.Errorf("%q of %s", m.Text, m.From)
	}
}

func TestSendSaysWhyItCanNot(t *testing.T) {
	leaksNothing(t)
	d := newDirectory(t)
	anna, bert := d.join(t, "anna"), d.join(t, "bert")
	d.join(t, "deaf", func(c *peer.Config) { c.OnMessage = func(peer.Message) error { return errors.New("the disk is full") } })
	other := d.await(t, "bert")
	other.Name, other.Fingerprint[0] = "mallory", other.Fingerprint[0]^1
	d.mu.Lock()
	d.listed["mallory"] = other // at bert's port
	d.mu.Unlock()
	for _, c := range []struct {
		to, text string
		want     error
		says     string
	}{
		{"carl", "hello", peer.ErrNotListed, "sending to carl: nobody of that name"},
		{"anna", "hello", nil, "yourself"},
		{"Bert!", "hello", nil, "no user name"},
		{"bert", "\xff", nil, "not UTF-8"},
		{"bert", strings.Repeat("x", room.MaxText+1), nil, "at most 65536"},
		{"mallory", "hello", transport.ErrOtherPeer, "not the one that the directory names"},
		{"deaf", "hello", nil, "refuses it (503)"},
	} {
		err := anna.Send(t.Context(), c.to, c.text)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("to %s: %v, want %q", c.to, err, c.says)
		}
	}
	if len(bert.heard) > 0 {
		t.Error("bert has heard something")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := anna.Send(ctx, "bert", "hello"); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	anna.leave()
	if err := anna.Send(t.Context(), "bert", "hello"); !errors.Is(err, peer.ErrClosed) {
		t.Errorf("after having left: %v", err)
	}
}
