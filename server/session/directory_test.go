package session_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/transport"
)

// peers are those that can be dialed, by port.
type peers struct {
	key ed25519.PrivateKey

	mu     sync.Mutex
	behave map[uint16]behavior
	dialed []time.Time
}

// behavior is what a peer does once it is dialed, until ctx ends; nil: nobody is
// there, which is known at once.
type behavior func(ctx context.Context, c transport.Channel)

func newPeers() *peers {
	_, key, _ := ed25519.GenerateKey(nil)
	return &peers{key: key, behave: make(map[uint16]behavior)}
}

// at has the peer at a port behave so from now on.
func (p *peers) at(port uint16, b behavior) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behave[port] = b
}

// fingerprint is that of a peer at a port.
func fingerprint(port uint16) string {
	return strings.Repeat("0", 60) + hex.EncodeToString([]byte{byte(port >> 8), byte(port)})
}

func (p *peers) dial(ctx context.Context, at netip.AddrPort, print [32]byte) (transport.PeerConn, error) {
	p.mu.Lock()
	b := p.behave[at.Port()]
	p.dialed = append(p.dialed, time.Now())
	p.mu.Unlock()
	if b == nil || hex.EncodeToString(print[:]) != fingerprint(at.Port()) {
		return transport.PeerConn{}, errors.New("nobody is there")
	}
	ours, theirs := newPipe()
	go func() {
		defer theirs.Close(0, "")
		c, err := theirs.Accept(theirs.Context())
		if err != nil {
			return
		}
		b(theirs.Context(), c)
		<-theirs.Context().Done()
	}()
	return transport.PeerConn{Session: ours, Fingerprint: print}, nil
}

// answers is a peer as it should be.
func answers(_ context.Context, c transport.Channel) {
	header, err := bufio.NewReader(c).ReadString('\n')
	if err == nil {
		io.WriteString(c, strings.Replace(header, "PING", "PONG", 1))
	}
}

// says is one that answers something else.
func says(octets string) behavior {
	return func(_ context.Context, c transport.Channel) {
		bufio.NewReader(c).ReadString('\n')
		io.WriteString(c, octets)
	}
}

func bindAt(port uint16) string {
	return "BIND 0 - " + strconv.Itoa(int(port)) + " " + fingerprint(port) + "\n"
}

// hearAll is the next frame, header and payload.
func (w *wire) hearAll(t *testing.T) (header, payload string) {
	t.Helper()
	header, err := w.in.ReadString('\n')
	if err != nil {
		t.Fatalf("waiting for a frame: %v", err)
	}
	length, err := strconv.Atoi(strings.Fields(header)[1])
	if err != nil {
		t.Fatalf("%q is no header: %v", header, err)
	}
	octets := make([]byte, length)
	if _, err := io.ReadFull(w.in, octets); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(header, "\n"), string(octets)
}

// bound hears the ACK of a BIND.
func (w *wire) bound(t *testing.T, key ed25519.PrivateKey) {
	t.Helper()
	got := w.hear(t)
	want := "ACK 0 BIND " + base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey)) + " " + strconv.FormatInt(time.Now().UnixMilli(), 10)
	if got != want {
		t.Fatalf("heard %q, want %q", got, want)
	}
}

// listed is what QUERY tells.
func (w *wire) listed(t *testing.T, query string) string {
	t.Helper()
	w.say(t, query+"\n")
	header, payload := w.hearAll(t)
	if !strings.HasSuffix(header, " 200 QUERY") || !strings.HasPrefix(header, "RESULT ") {
		t.Fatalf("%s is answered %q", query, header)
	}
	return payload
}

func line(user string, port uint16) string {
	return user + ",127.0.0.1," + strconv.Itoa(int(port)) + "," + fingerprint(port) + "\n"
}

// Whatever is wrong with a BIND, the answer has the same octets and comes after
// three seconds, and nothing is listed by it.
func TestABindThatIsNotSoIsAlwaysTheSame(t *testing.T) {
	print := fingerprint(2000)
	var answer string
	for name, c := range map[string]struct {
		frame    string
		behavior behavior
	}{
		"nobody is there":                    {frame: bindAt(2000)},
		"it has another certificate":         {"BIND 0 - 2000 " + fingerprint(2001) + "\n", answers},
		"it never answers":                   {bindAt(2000), func(ctx context.Context, _ transport.Channel) { <-ctx.Done() }},
		"it hangs up":                        {bindAt(2000), func(_ context.Context, c transport.Channel) { c.Reset(0) }},
		"it says FIN":                        {bindAt(2000), func(_ context.Context, c transport.Channel) { c.CloseWrite() }},
		"it knows no cookie":                 {bindAt(2000), says("PONG 0\n")},
		"it has another cookie":              {bindAt(2000), says("PONG 0 cookie\n")},
		"it says something before":           {bindAt(2000), says("MESSAGE 1 1 anna 1 text - -\nhPONG 0\n")},
		"it sends a payload that never ends": {bindAt(2000), says("PONG 1048576 cookie\n" + strings.Repeat("x", 4000))},
		"it sends a header that never ends":  {bindAt(2000), says(strings.Repeat("PONG", 1000))},
		"it sends half a frame":              {bindAt(2000), says("PO")},
		"it sends garbage":                   {bindAt(2000), says("\x00\xFF\n\n\n")},
		"a foreign address":                  {"BIND 0 192.0.2.1 2000 " + print + "\n", answers},
		"a foreign address in IPv6":          {"BIND 0 2001:db8::1 2000 " + print + "\n", answers},
		"an address with a zone":             {"BIND 0 ::1%25lo 2000 " + print + "\n", answers},
		"an address in brackets":             {"BIND 0 [::1] 2000 " + print + "\n", answers},
		"a name":                             {"BIND 0 localhost 2000 " + print + "\n", answers},
		"every address":                      {"BIND 0 0.0.0.0 2000 " + print + "\n", answers},
		"a port below 1024":                  {"BIND 0 - 1023 " + fingerprint(1023) + "\n", answers},
		"port 0":                             {"BIND 0 - 0 " + print + "\n", answers},
		"a port that is none":                {"BIND 0 - 67536 " + print + "\n", answers},
		"a port in letters":                  {"BIND 0 - two " + print + "\n", answers},
		"a port with a zero before it":       {"BIND 0 - 02000 " + print + "\n", answers},
		"no port":                            {"BIND 0 -\n", answers},
		"nothing":                            {"BIND 0\n", answers},
		"a fingerprint in capitals":          {"BIND 0 - 2000 " + strings.ToUpper(fingerprint(0xABCD)) + "\n", answers},
		"a fingerprint that is too short":    {"BIND 0 - 2000 " + print[2:] + "\n", answers},
		"a fingerprint that is none":         {"BIND 0 - 2000 " + print[2:] + "xy\n", answers},
		"no fingerprint":                     {"BIND 0 - 2000\n", answers},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, p *parts) {
				for _, port := range []uint16{2000, 1023} {
					p.peers.at(port, c.behavior)
				}
				_, control := p.signIn(t, "bert")
				began := time.Now()
				control.say(t, c.frame)
				header, payload := control.hearAll(t)
				expectAfter(t, began, 3*time.Second)
				if answer == "" {
					answer = header + "\n" + payload
				}
				if got := header + "\n" + payload; got != answer || !strings.HasSuffix(header, " 422 BIND") {
					t.Errorf("the answer is %q, and another one was %q", got, answer)
				}
				if listed := control.listed(t, "QUERY 0"); listed != "" {
					t.Errorf("listed: %q", listed)
				}
			})
		})
	}
}

func TestABindIsListedOnceThePeerHasAnswered(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		p.peers.at(2000, func(ctx context.Context, c transport.Channel) {
			time.Sleep(2 * time.Second)
			answers(ctx, c)
		})
		_, anna := p.signIn(t, "anna")
		_, bert := p.signIn(t, "bert")
		began := time.Now()
		bert.say(t, bindAt(2000))
		// What comes after it waits for nothing.
		for range 3 {
			bert.say(t, "PING 0 x\n")
			bert.expect(t, "PONG 0 x")
			if listed := bert.listed(t, "QUERY 0"); listed != "" {
				t.Errorf("listed before the answer: %q", listed)
			}
		}
		expectAfter(t, began, 0)
		bert.bound(t, p.peers.key)
		expectAfter(t, began, 2*time.Second)
		for _, query := range []string{"QUERY 0", "QUERY 0 -", "QUERY 0 bert"} {
			if listed := anna.listed(t, query); listed != line("bert", 2000) {
				t.Errorf("%s tells anna %q", query, listed)
			}
			if listed := bert.listed(t, query); listed != line("bert", 2000) {
				t.Errorf("%s tells bert %q", query, listed)
			}
		}
		for _, query := range []string{"QUERY 0 anna", "QUERY 0 nobody", "QUERY 0 no%20name", "QUERY 0 %2D"} {
			if listed := anna.listed(t, query); listed != "" {
				t.Errorf("%s tells %q", query, listed)
			}
		}
		for range 2 { // of what isn't there any more
			bert.say(t, "LEAVE 0\n")
			bert.expect(t, "ACK 0 LEAVE")
			if listed := anna.listed(t, "QUERY 0"); listed != "" {
				t.Errorf("listed after LEAVE: %q", listed)
			}
		}
	})
}
