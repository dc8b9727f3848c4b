package server_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
	"redroom/server/wire"
)

// answerer is a peer that does nothing but answer, or not even that.
type answerer struct {
	port  uint16
	print string // its certificate's fingerprint
}

// frame is the BIND of the peer, whose fingerprint is perhaps another one's.
func (l answerer) frame(print string) string { return fmt.Sprintf("BIND 0 - %d %s\n", l.port, print) }

// listens is a real peer until the test ends.
func listens(t *testing.T, answers bool) answerer {
	t.Helper()
	cert, print, err := transport.NewPeerCertificate()
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := transport.OpenPeerSockets(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := sockets.Listen(cert); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { sockets.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			conn, err := sockets.Accept(t.Context())
			if err != nil {
				return
			}
			serving.Go(func() {
				c, err := conn.Accept(conn.Context())
				if err != nil {
					return
				}
				h, err := wire.NewReader(c).Next()
				if err == nil && answers && conn.Fingerprint == [32]byte{} {
					c.Write(wire.AppendFrame(nil, wire.TypePong, nil, h.String(0)))
				}
				<-conn.Context().Done()
			})
		}
	})
	return answerer{sockets.Port(), hex.EncodeToString(print[:])}
}

// udpPort is a port of 127.0.0.1 that is open and says nothing, or closed again.
func udpPort(t *testing.T, open bool) answerer {
	t.Helper()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	if !open {
		socket.Close()
	}
	return answerer{netip.MustParseAddrPort(socket.LocalAddr().String()).Port(), strings.Repeat("ab", 32)}
}

// TestDirectoryRefusesAllTheSame has a real server look at peers that are not where
// or who they say: each is answered by the same octets, after three seconds.
func TestDirectoryRefusesAllTheSame(t *testing.T) {
	t.Parallel()
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	good, mute := listens(t, true), listens(t, false)
	silent, closed := udpPort(t, true), udpPort(t, false)
	loopback := func(l answerer) string { return fmt.Sprintf("BIND 0 127.0.0.1 %d %s\n", l.port, l.print) }
	frames := map[string]string{
		"a foreign address":           fmt.Sprintf("BIND 0 192.0.2.1 %d %s\n", good.port, good.print),
		"a port below 1024":           fmt.Sprintf("BIND 0 - 1023 %s\n", good.print),
		"a closed port":               loopback(closed),
		"a socket that never answers": loopback(silent),
		"another certificate":         good.frame(mute.print),
		"a peer that never answers":   mute.frame(mute.print),
		"the server itself":           "BIND 0 - " + p.QUIC()[strings.LastIndexByte(p.QUIC(), ':')+1:] + " " + good.print + "\n",
		"no port":                     "BIND 0 -\n",
	}
	var mu sync.Mutex
	answers := make(map[string][]string)
	var looking sync.WaitGroup
	for what, frame := range frames {
		s := p.Enter(t, anna)
		looking.Go(func() {
			began := time.Now()
			s.Control.Say(t, frame)
			f, err := s.Control.Next()
			took := time.Since(began)
			if err != nil || took < 3*time.Second || took > 20*time.Second {
				t.Errorf("%s: it took %v: %v", what, took, err)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[f.String()] = append(answers[f.String()], what)
		})
	}
	looking.Wait()
	if len(answers) != 1 {
		t.Errorf("they are answered differently: %q", answers)
	}
	for answer := range answers {
		if !strings.HasPrefix(answer, "ERR ") || !strings.Contains(answer, " 422 BIND\n") {
			t.Errorf("the answer is %q", answer)
		}
	}
	s := p.Enter(t, anna)
	if lines := queried(t, s, "QUERY 0"); lines != "" {
		t.Errorf("listed: %q", lines)
	}
	s.Control.Say(t, good.frame(good.print)) // which was not what was wrong
	s.Control.Expect(t, "ACK BIND * *")
}

func queried(t *testing.T, s *servertest.Session, query string) string {
	t.Helper()
	s.Control.Say(t, query+"\n")
	return s.Control.Await(t, "RESULT 200 QUERY").Payload
}

// Nothing of the directory is answered to whom nobody has signed in.
func TestDirectoryIsForThoseWhoHaveSignedIn(t *testing.T) {
	leavesNoGoroutine(t)
	r := servertest.Start(t)
	r.Admin(t)
	print := strings.Repeat("ab", 32)
	for _, frame := range []string{"BIND 0 - 2000 " + print + "\n", "QUERY 0\n", "QUERY 0 anna\n", "LEAVE 0\n", "TICKET 0 anna " + print + "\n"} {
		typ := strings.Fields(frame)[0]
		for where, before := range map[string]string{"first": "", "after USER": "USER 0 anna\n"} {
			s := r.Open(t)
			c := s.Channel(t)
			if before != "" {
				c.Say(t, before)
				c.Expect(t, "ACK USER")
			}
			c.Say(t, frame)
			if f := c.Hear(t); f.Is("ERR 401 "+typ) != nil {
				t.Errorf("%s, %s: %q", typ, where, f)
			}
			c.Farewell(t, "BYE 401")
			s.ExpectOver(t)
		}
	}
}

// TestDirectoryTellsWhereToReachSomebody goes through what a directory is for: one
// says where it is, another one finds it, and gets a ticket that it can check.
func TestDirectoryTellsWhereToReachSomebody(t *testing.T) {
	leavesNoGoroutine(t)
	c := servertest.Config(t)
	ahead := func() time.Time { return time.Now().Add(time.Hour) }
	c.Clock = ahead
	r, _ := servertest.StartWith(t, c)
	anna := r.Admin(t)
	deal := anna.Deal(t, "House", "all")
	bert := r.Join(t, anna, "bert", "member", deal)
	peer := listens(t, true)

	watches, binds := r.Enter(t, anna), r.Enter(t, bert)
	watches.Control.Say(t, "WATCH 0\n")
	watches.Control.Await(t, "ACK WATCH")
	began := ahead().UnixMilli()
	binds.Control.Say(t, peer.frame(peer.print))
	ack := binds.Control.Expect(t, "ACK BIND * *")
	pub, err := base64.RawURLEncoding.DecodeString(ack.Fields()[1])
	if err != nil || len(pub) != ed25519.PublicKeySize {
		t.Fatalf("the key is %q: %v", ack.Fields()[1], err)
	}
	var told int64
	if _, err := fmt.Sscan(ack.Fields()[2], &told); err != nil || told < began || told > ahead().UnixMilli() {
		t.Errorf("the directory's clock, an hour ahead, is told as %d (%v)", told, err)
	}
	watches.Control.Await(t, "PRESENCE bert online direct=1")

	fields := strings.Split(strings.TrimSuffix(queried(t, watches, "QUERY 0 bert"), "\n"), ",")
	if len(fields) != 4 || fields[0] != "bert" || fields[2] != fmt.Sprint(peer.port) || fields[3] != peer.print {
		t.Fatalf("bert is found as %q", fields)
	}
	if at, err := netip.ParseAddr(fields[1]); err != nil || !at.IsLoopback() {
		t.Errorf("bert is at %q: %v", fields[1], err)
	}

	key := strings.Repeat("0123456789abcdef", 4)
	watches.Control.Say(t, "TICKET 0 bert "+key+"\n")
	ticket, err := room.ReadPeerTicket(pub, watches.Control.Await(t, "RESULT 200 TICKET").Payload)
	if err != nil || ticket.From != "anna" || ticket.To != "bert" || hex.EncodeToString(ticket.Key[:]) != key {
		t.Errorf("the ticket is %+v: %v", ticket, err)
	}
	if left := ticket.Expires.Sub(ahead()); left < 0 || left > room.PeerTicketTime {
		t.Errorf("it is good for %v", left)
	}

	// The one is taken out of the deal: nothing more is told, and no ticket given.
	anna.Must(t, "PATCH", "/api/users/bert", map[string]any{"display": "Bert B."}, nil, 200)
	carl := r.Join(t, anna, "carl", "member", deal)
	finds := r.Enter(t, carl)
	if lines := queried(t, finds, "QUERY 0 bert"); lines == "" {
		t.Error("carl, of the same deal, doesn't find bert")
	}
	anna.Must(t, "DELETE", "/api/deals/"+deal+"/members/carl", nil, nil, http.StatusNoContent)
	finds.Control.Say(t, "TICKET 0 bert "+key+"\nTICKET 0 nobody "+key+"\n")
	removed, nobody := finds.Control.Hear(t), finds.Control.Hear(t)
	if removed.Is("ERR 404 TICKET") != nil || removed.String() != nobody.String() {
		t.Errorf("who was removed is answered %q, and for nobody %q", removed, nobody)
	}
	if lines := queried(t, finds, "QUERY 0"); lines != "" {
		t.Errorf("who was removed is told %q", lines)
	}

	// The bind ends with its session.
	binds.Close(0, "")
	watches.Control.Await(t, "PRESENCE bert online")
	if lines := queried(t, watches, "QUERY 0"); lines != "" {
		t.Errorf("after the session there is %q", lines)
	}
}

// TestDirectoryBelievesTheProxyAndTheNetworksThatItIsTold has a session come
// through a proxy, from an address of another network: it is there that its peer
// would be looked for, and nowhere on the server's machine, unless --bind-from says
// that whoever comes from there may name any address.
func TestDirectoryBelievesTheProxyAndTheNetworksThatItIsTold(t *testing.T) {
	t.Parallel()
	peer := listens(t, true)
	for name, c := range map[string]struct {
		flags  []string
		answer string
	}{
		"not believed": {nil, "ERR 422 BIND"},
		"believed":     {[]string{"--bind-from", "198.51.100.0/24,192.0.2.0/24"}, "ACK BIND * *"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := servertest.StartProcess(t, t.TempDir(), nil, append(c.flags, "--trusted-proxies", "127.0.0.1/32,::1/128")...)
			anna := p.Admin(t)
			conn, err := transport.DialWebSocket(t.Context(), proxyFrom(t, p.Plain, "192.0.2.7"), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(0, "")
			s := &servertest.Session{Session: conn}
			s.SignIn(t, anna)
			s.Control.Say(t, fmt.Sprintf("BIND 0 127.0.0.1 %d %s\n", peer.port, peer.print))
			s.Control.Expect(t, c.answer)
		})
	}
}

// proxyFrom is a reverse proxy before a server's plain HTTP, which says that whoever
// comes is at an address. It gives where WebSockets are opened there.
func proxyFrom(t *testing.T, plain, address string) string {
	t.Helper()
	to, err := url.Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = "localhost"
		r.Out.Header.Set("X-Forwarded-For", address)
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}})
	t.Cleanup(proxy.Close)
	return "ws" + strings.TrimPrefix(proxy.URL, "http") + transport.Path
}
