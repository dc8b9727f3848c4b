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
	"testing/synctest"
	"time"

	"redroom/server/room"
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

// A BIND that is called off, or asked for too often, is answered at once or after
// the same three seconds as any that fails, and leaves nothing behind.
func TestABindIsOneAtATimeAndTenAMinute(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		p.peers.at(2000, answers)
		p.peers.at(2001, func(ctx context.Context, _ transport.Channel) { <-ctx.Done() })
		_, control := p.signIn(t, "bert")
		began := time.Now()
		control.say(t, bindAt(2001)+bindAt(2000))
		control.expect(t, "ERR n 429 BIND 3")
		expectAfter(t, began, 0)
		control.expect(t, "ERR n 422 BIND")
		expectAfter(t, began, 3*time.Second)
		for range 9 {
			control.say(t, bindAt(2000))
			control.bound(t, p.peers.key)
		}
		control.say(t, bindAt(2000))
		control.expect(t, "ERR n 429 BIND 57") // the first was three seconds ago
		if listed := control.listed(t, "QUERY 0"); listed != line("bert", 2000) {
			t.Errorf("after the refusals there is %q", listed)
		}
		if n := len(p.peers.dialed); n != 10 {
			t.Errorf("peers were dialed %d times", n)
		}
		_, other := p.signIn(t, "bert") // has its own ten
		other.say(t, bindAt(2000))
		other.bound(t, p.peers.key)
		control.idle(t, 57*time.Second)
		control.say(t, bindAt(2000))
		control.bound(t, p.peers.key)
	})
}

// idle lets time pass, and the session live.
func (w *wire) idle(t *testing.T, while time.Duration) {
	t.Helper()
	for range 6 {
		time.Sleep(while / 6)
		w.say(t, "PING 0\n")
		w.expect(t, "PONG 0")
	}
}

func TestLeaveCallsOffTheBindBeforeIt(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		p.peers.at(2000, func(ctx context.Context, c transport.Channel) {
			time.Sleep(time.Second)
			answers(ctx, c)
		})
		_, control := p.signIn(t, "bert")
		began := time.Now()
		control.say(t, bindAt(2000)+"LEAVE 0\n")
		control.expect(t, "ACK 0 LEAVE")
		expectAfter(t, began, 0)
		control.expect(t, "ERR n 422 BIND")
		expectAfter(t, began, 3*time.Second)
		if listed := control.listed(t, "QUERY 0"); listed != "" {
			t.Errorf("listed after LEAVE: %q", listed)
		}
	})
}

// Of two sessions of a user the newest bind is shown, and the other one when that
// is gone, by LEAVE, by the session's end, or because its peer answers no more.
func TestTheNewestBindOfAUserIsShown(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		for port := uint16(2000); port < 2004; port++ {
			p.peers.at(port, answers)
		}
		_, anna := p.signIn(t, "anna")
		showsNow := func(when string, port uint16) {
			t.Helper()
			want := ""
			if port != 0 {
				want = line("bert", port)
			}
			if listed := anna.listed(t, "QUERY 0 bert"); listed != want {
				t.Errorf("%s: %q is shown, want %q", when, listed, want)
			}
		}
		var sessions []*pipe
		var controls []*wire
		for port := uint16(2000); port < 2003; port++ {
			client, control := p.signIn(t, "bert")
			control.say(t, bindAt(port))
			control.bound(t, p.peers.key)
			sessions, controls = append(sessions, client), append(controls, control)
			showsNow("bound", port)
		}
		controls[2].say(t, "LEAVE 0\n")
		controls[2].expect(t, "ACK 0 LEAVE")
		showsNow("the newest has left", 2001)
		controls[0].say(t, bindAt(2003))
		controls[0].bound(t, p.peers.key)
		showsNow("the oldest session has bound anew", 2003)
		controls[0].say(t, bindAt(1999))
		controls[0].expect(t, "ERR n 422 BIND")
		showsNow("and once more, where nobody is", 2003)
		sessions[0].Close(0, "")
		synctest.Wait()
		showsNow("its session has ended", 2001)
		sessions[1].Close(0, "")
		synctest.Wait()
		showsNow("there is no other one", 0)
	})
}

// A peer that stops answering is gone within one round, and back within one.
func TestWhatDoesNotAnswerIsNotListed(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		for name, stops := range map[string]behavior{
			"it is killed":  nil,
			"it is stopped": func(ctx context.Context, _ transport.Channel) { <-ctx.Done() },
		} {
			const round = 33 * time.Second
			p.peers.at(2000, answers)
			client, bert := p.signIn(t, "bert")
			watching, anna := p.signIn(t, "anna")
			go pongs(bert)
			bert.say(t, bindAt(2000))
			synctest.Wait()
			anna.say(t, "WATCH 0\n")
			anna.await(t, "PRESENCE 0 bert online direct=1")
			anna.await(t, "ACK 0 WATCH")

			p.peers.at(2000, stops)
			began := time.Now()
			anna.awaitPonging(t, "PRESENCE 0 bert online")
			if took := time.Since(began); took > round {
				t.Errorf("%s: it took %v", name, took)
			}
			if listed := anna.listed(t, "QUERY 0"); listed != "" {
				t.Errorf("%s: QUERY tells %q", name, listed)
			}
			anna.idle(t, time.Minute)
			p.peers.at(2000, answers)
			began = time.Now()
			anna.awaitPonging(t, "PRESENCE 0 bert online direct=1")
			if took := time.Since(began); took > round {
				t.Errorf("%s, and back: it took %v", name, took)
			}
			client.Close(0, "")
			anna.awaitPonging(t, "PRESENCE 0 bert online")
			anna.awaitPonging(t, "PRESENCE 0 bert offline")
			watching.Close(0, "")
		}
	})
}

// pongs answers whatever the server asks, so that a session lives.
func pongs(w *wire) {
	for {
		header, err := w.in.ReadString('\n')
		if err != nil {
			return
		}
		if strings.HasPrefix(header, "PING ") {
			io.WriteString(w, "PONG 0\n")
		}
	}
}

func (w *wire) awaitPonging(t *testing.T, want string) {
	t.Helper()
	for {
		switch header := w.hear(t); header {
		case want:
			return
		case "PING 0":
			w.say(t, "PONG 0\n")
		}
	}
}

func ticketFor(name string) string { return "TICKET 0 " + name + " " + strings.Repeat("ab", 32) + "\n" }

func TestATicketSaysWhoMayTalkToWhomUntilWhen(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		p.peers.at(2000, answers)
		_, anna := p.signIn(t, "anna")
		_, bert := p.signIn(t, "bert")
		bert.say(t, bindAt(2000))
		bert.bound(t, p.peers.key)
		nonces := make(map[[16]byte]bool)
		for range 2 {
			anna.say(t, ticketFor("bert"))
			header, payload := anna.hearAll(t)
			got, err := room.ReadPeerTicket(p.peers.key.Public().(ed25519.PublicKey), payload)
			if err != nil || !strings.HasSuffix(header, " 200 TICKET") {
				t.Fatalf("TICKET is answered %q %q: %v", header, payload, err)
			}
			nonces[got.Nonce] = true
			want := room.PeerTicket{From: "anna", To: "bert", Expires: time.UnixMilli(time.Now().Add(time.Minute).UnixMilli()), Nonce: got.Nonce}
			for i := range want.Key {
				want.Key[i] = 0xAB
			}
			if got != want {
				t.Errorf("the ticket says %+v, want %+v", got, want)
			}
		}
		if len(nonces) != 2 {
			t.Error("two tickets have one nonce")
		}
		rows, err := p.store.Audit(t.Context(), room.AuditQuery{Limit: 10, Action: room.ActionPeerIntroduced})
		if err != nil || len(rows) != 2 || rows[0].By != "anna" || rows[0].User != "bert" || rows[0].Address != "127.0.0.1" {
			t.Errorf("the trail has %+v, %v", rows, err)
		}
		for _, wrong := range []string{"TICKET 0\n", "TICKET 0 bert\n", "TICKET 0 bert abc\n", "TICKET 0 nobody abc\n", "TICKET 0 bert " + strings.Repeat("AB", 32) + "\n"} {
			anna.say(t, wrong)
			anna.expect(t, "ERR n 422 TICKET")
		}
		for range 58 {
			anna.say(t, ticketFor("nobody"))
			anna.expect(t, "ERR n 404 TICKET")
		}
		anna.say(t, ticketFor("bert"))
		anna.expect(t, "ERR n 429 TICKET 60")
	})
}

// Who can't be known of can't be told from who isn't there, whether reachable or
// not, and is found by nothing.
func TestWhoSharesNoDealIsFoundByNothing(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		for _, user := range []string{"emil", "frida"} { // in no deal
			p.append(t, room.UserAdded{Stamp: stamp(""), Name: user, Display: user, Role: room.Member, PasswordHashed: "none"})
		}
		p.peers.at(2000, answers)
		var controls []*wire
		for _, user := range []string{"emil", "bert"} {
			_, control := p.signIn(t, user)
			control.say(t, bindAt(2000))
			control.bound(t, p.peers.key)
			controls = append(controls, control)
		}
		emil, bert := controls[0], controls[1]
		hears := func(w *wire, frame string) string {
			w.say(t, frame)
			header, payload := w.hearAll(t)
			return header + "\n" + payload
		}
		for _, other := range []string{"emil", "frida", "anna", "bert"} { // hidden, hidden and not there, not there, oneself
			if got, want := hears(bert, ticketFor(other)), hears(bert, ticketFor("nobody")); got != want || !strings.Contains(got, " 404 TICKET\n") {
				t.Errorf("TICKET for %s: %q, and for nobody %q", other, got, want)
			}
		}
		if got, want := hears(bert, "QUERY 0 emil\n"), hears(bert, "QUERY 0 nobody\n"); got != want {
			t.Errorf("QUERY of somebody hidden: %q, and of nobody %q", got, want)
		}
		if listed := bert.listed(t, "QUERY 0"); listed != line("bert", 2000) {
			t.Errorf("bert is told %q", listed)
		}
		if listed := emil.listed(t, "QUERY 0"); listed != line("emil", 2000) {
			t.Errorf("emil is told %q", listed)
		}
		if rows, err := p.store.Audit(t.Context(), room.AuditQuery{Limit: 10, Action: room.ActionPeerIntroduced}); err != nil || len(rows) > 0 {
			t.Errorf("the trail has %+v, %v", rows, err)
		}
	})
}

// From the moment on at which one of two is taken out of the deal that they share,
// neither finds the other.
func TestWhoIsRemovedIsNotFoundAnyMore(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		p.append(t, room.UserAdded{Stamp: stamp(""), Name: "emil", Display: "Emil", Role: room.Member, PasswordHashed: "none"})
		p.append(t, room.MemberAdded{Stamp: stamp("anna"), Deal: deal, User: "emil"})
		controls := make(map[string]*wire)
		for i, user := range []string{"bert", "emil"} {
			port := uint16(2000 + i)
			p.peers.at(port, answers)
			_, c := p.signIn(t, user)
			c.say(t, bindAt(port))
			c.bound(t, p.peers.key)
			controls[user] = c
		}
		other := map[string]string{"bert": "emil", "emil": "bert"}
		for user, c := range controls {
			c.say(t, ticketFor(other[user]))
			if header := c.hear(t); !strings.HasSuffix(header, " 200 TICKET") {
				t.Errorf("%s is told %q while there is a deal", user, header)
			}
		}
		p.append(t, room.MemberRemoved{Stamp: stamp("anna"), Deal: deal, User: "emil"})
		for user, c := range controls {
			c.say(t, ticketFor(other[user]))
			c.expect(t, "ERR n 404 TICKET")
			if listed := c.listed(t, "QUERY 0 "+other[user]); listed != "" {
				t.Errorf("%s is told %q", user, listed)
			}
			c.say(t, "WATCH 0\n")
			for header := ""; header != "ACK 0 WATCH"; {
				if header = c.hear(t); strings.HasPrefix(header, "PRESENCE 0 "+other[user]+" ") {
					t.Errorf("%s is told %q", user, header)
				}
			}
		}
		p.append(t, room.MemberAdded{Stamp: stamp("anna"), Deal: deal, User: "emil"})
		controls["bert"].await(t, "PRESENCE 0 emil online direct=1")
	})
}

// A session that ends while its BIND is looked at waits for nothing.
func TestABindEndsWithItsSession(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		p.peers.at(2000, func(ctx context.Context, _ transport.Channel) { <-ctx.Done() })
		client, control := p.signIn(t, "bert")
		began := time.Now()
		control.say(t, bindAt(2000))
		synctest.Wait()
		client.Close(0, "")
		synctest.Wait()
		_, other := p.signIn(t, "bert")
		other.say(t, bindAt(2000))
		synctest.Wait()
		p.server.Close()
		if took := time.Since(began); took >= 3*time.Second { // but for the farewells
			t.Errorf("it took %v", took)
		}
	})
}
