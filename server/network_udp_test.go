package server_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"redroom/server/servertest"
)

// meetings are how long it took two people to meet, in browsers that have nothing
// of the page yet, and in ones that have: from the moment before the first browser is told to go to the
// topic's address until both pages have shown what the other's person wrote
// there. In between, each page is loaded, connects, and has somebody type into it
// and press Enter.
type meetings struct{ first, later []time.Duration }

// pair adds those of two new browsers; change is what happens to the server's
// cable before.
func (m *meetings) pair(t *testing.T, transport string, change func(*servertest.Machine)) {
	s := newStreet(t, nil)
	change(s.Server())
	meet := func() time.Duration {
		began := time.Now()
		s.open()
		s.writeAtOnce()
		took := time.Since(began)
		s.via(transport)
		return took
	}
	m.first = append(m.first, meet())
	m.later = append(m.later, meet(), meet())
	s.verify(t)
}

// areAtOnce tells whether they are so: within atOnce, or, where the machine is
// busy with other things, no slower than those with UDP at the same time but for
// what nobody notices. The quickest of each kind counts: what else goes on in the
// machine makes some slower and none faster.
func (m *meetings) areAtOnce(withUDP *meetings) bool {
	within := func(took, other []time.Duration) bool {
		most := atOnce
		if len(other) > 0 {
			most = max(most, slices.Min(other)+unnoticed)
		}
		return len(took) > 0 && slices.Min(took) <= most
	}
	return within(m.first, withUDP.first) && within(m.later, withUDP.later)
}

// UDP is silently dropped before anybody opens a page, or refused.
func TestNetworkPagesTalkAtOnceWithoutUDP(t *testing.T) {
	for how, end := range map[string]func(*servertest.Machine){
		"dropped": (*servertest.Machine).DropUDP,
		"refused": (*servertest.Machine).RejectUDP,
	} {
		t.Run(how, func(t *testing.T) {
			var without, with meetings
			for n := 1; n <= 3 || n <= 8 && !without.areAtOnce(&with) && !t.Failed(); n++ {
				t.Run(fmt.Sprintf("pair %d", n), func(t *testing.T) { without.pair(t, "WebSocket", end) })
				if n >= 3 && !without.areAtOnce(&with) {
					t.Run(fmt.Sprintf("pair %d with UDP", n), func(t *testing.T) {
						with.pair(t, "WebTransport", (*servertest.Machine).PassAll)
					})
				}
			}
			if len(without.first) == 0 {
				t.Skip("nobody could meet: the pairs say why")
			}
			t.Logf("from opening two pages to each reading the other: first visits %v, later ones %v", without.first, without.later)
			if !without.areAtOnce(&with) {
				t.Errorf("two pages could talk after %v and, on later visits, %v; with UDP after %v and %v", without.first, without.later, with.first, with.later)
			}
		})
	}
}

// A firewall is opened after people have worked behind it for a while. Nobody
// needs to do anything, and nobody notices.
func TestNetworkPagesComeBackToWebTransport(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := newStreet(t, nil)
	s.Server().DropUDP()
	blocked := time.Now()
	s.open()
	s.via("WebSocket")
	long := lasting(5*time.Second, 20*time.Second, time.Minute, 10*time.Minute)
	again := time.NewTicker(long / 10)
	defer again.Stop()
	for time.Since(blocked) < long {
		s.write(s.anna)
		s.write(s.bert)
		s.read()
		<-again.C
	}
	s.via("WebSocket")

	began := time.Now()
	s.Server().PassAll()
	for _, n := range s.both() {
		within(t, n, "WebTransport", comesBack-time.Since(began), func() { s.write(n) })
		t.Logf("%s is on WebTransport %v after UDP was back", n.name, time.Since(began).Round(time.Millisecond))
	}
	s.write(s.bert)
	s.verify(t)
	s.via("WebTransport")
}

// within waits until a page says that it is connected so, and has something done
// again and again meanwhile.
func within(t *testing.T, n *neighbor, transport string, d time.Duration, meanwhile func()) {
	t.Helper()
	deadline := time.After(d)
	again := time.NewTicker(2 * time.Second)
	defer again.Stop()
	for says, _ := n.page.Text("status", "Connection"); says != transport; says, _ = n.page.Text("status", "Connection") {
		select {
		case <-deadline:
			t.Fatalf("%s is not on %s after %v; the page shows:\n%s", n.name, transport, d, n.page.Outline())
		case <-again.C:
			meanwhile()
		}
	}
}

// UDP ends in the middle of everything, for one of the two and for both.
func TestNetworkPagesGoOnWhenUDPEnds(t *testing.T) {
	t.Parallel()
	s := newStreet(t, nil)
	s.open()
	s.via("WebTransport")
	s.write(s.anna)
	s.write(s.bert)
	s.read()

	for _, end := range []struct {
		what  string
		cable *servertest.Machine
	}{{"of one", s.anna.Machine}, {"of both", s.Server()}} {
		s.via("WebTransport")
		s.write(s.anna) // it may be on its way, or its ACK
		began := time.Now()
		end.cable.DropUDP()
		s.write(s.anna)
		s.write(s.bert)
		s.read()
		took := time.Since(began)
		t.Logf("from the end of UDP %s to each reading the other: %v", end.what, took.Round(time.Millisecond))
		if took > goesOn {
			t.Errorf("it took %v from the end of UDP %s to each reading the other, want at most %v", took, end.what, goesOn)
		}
		s.anna.page.UntilText("status", "Connection", "WebSocket")
		s.write(s.anna)
		s.write(s.bert)
		s.read()

		began = time.Now()
		end.cable.PassAll()
		for _, n := range s.both() {
			within(t, n, "WebTransport", comesBack-time.Since(began), func() { s.write(n) })
		}
		t.Logf("from UDP's return to WebTransport: %v", time.Since(began).Round(time.Millisecond))
	}
	s.verify(t)
}

// A fifth of all packets is lost by chance, of whatever kind.
func TestNetworkPagesTalkWhereAFifthIsLost(t *testing.T) {
	s := newStreet(t, nil)
	s.open()
	s.via("WebTransport")
	s.Server().DropSome(20)
	var worst time.Duration
	for range 15 {
		began := time.Now()
		s.write(s.anna)
		s.write(s.bert)
		s.read()
		worst = max(worst, time.Since(began))
	}
	t.Logf("at worst it took %v until each had read the other", worst.Round(time.Millisecond))
	for range 20 { // at once
		s.write(s.anna)
		s.write(s.bert)
	}
	s.read()
	s.Server().PassAll()
	s.verify(t)
}
