//go:build linux

package discover_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"redroom/server/discover"
	"redroom/server/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	pin   = strings.Repeat("5f", 32)
	group = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}
)

// announce announces a server at a machine until the test ends.
func announce(t *testing.T, at *servertest.Station) discover.Server {
	t.Helper()
	s := discover.Server{ID: discover.NewID(pin), Host: "room.example", Port: 4433, Pin: pin, Addresses: []netip.Addr{netip.MustParseAddr(at.V4)}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- at.Within(func() error { return discover.Announce(ctx, s, slog.New(slog.DiscardHandler)) })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("announcing: %v", err)
		}
	})
	return s
}

// find looks for servers from a machine, for so long.
func find(t *testing.T, at *servertest.Station, wait time.Duration) (found []discover.Server, whole bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	if err := at.Within(func() (err error) { found, whole, err = discover.Find(ctx); return err }); err != nil {
		t.Fatalf("looking for servers: %v", err)
	}
	return found, whole
}

// TestAnnouncingTellsWhatIsAskedAndNothingElse compares all that is answered with
// what a server may tell, and sees that nothing is said unasked.
func TestAnnouncingTellsWhatIsAskedAndNothingElse(t *testing.T) {
	bridge := servertest.NewBridge(t)
	room, guest := bridge.Station(false), bridge.Station(false)
	overheard := guest.Hear(t, group.String())
	var asking *net.UDPConn
	err := guest.Within(func() (err error) {
		asking, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(guest.V4)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer overheard.Close()
	defer asking.Close()
	s := announce(t, room)

	const service = "_redroom._udp.local."
	instance, host := s.ID+"."+service, s.ID+".local."
	srv, txt, a := instance+" SRV "+host+" 4433", instance+" TXT txtvers=1 host=room.example pin="+pin, host+" A "+room.V4
	for _, c := range []struct {
		name string
		kind dnsmessage.Type
		want string
	}{
		{service, dnsmessage.TypePTR, strings.Join([]string{service + " PTR " + instance, srv, txt, a}, "\n")},
		{"_services._dns-sd._udp.local.", dnsmessage.TypePTR, "_services._dns-sd._udp.local. PTR " + service},
		{instance, dnsmessage.TypeSRV, srv + "\n" + a},
		{instance, dnsmessage.TypeTXT, txt},
		{host, dnsmessage.TypeA, a},
	} {
		if got := ask(t, asking, c.name, c.kind); got != c.want {
			t.Errorf("asked for %s of %s, it tells\n%s\nwant\n%s", c.kind, c.name, got, c.want)
		}
	}
	overheard.SetReadDeadline(time.Now().Add(time.Second))
	packet := make([]byte, 9000)
	for {
		n, from, err := overheard.ReadFromUDP(packet)
		if err != nil {
			break
		}
		if !from.IP.Equal(net.ParseIP(guest.V4)) { // who has asked everybody
			t.Errorf("%s said unasked %q", from, packet[:n])
		}
	}
}

// ask asks until it's answered, and gives all records that come, a line each.
func ask(t *testing.T, conn *net.UDPConn, name string, kind dnsmessage.Type) string {
	t.Helper()
	q := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}}}
	octets, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, 9000)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if _, err := conn.WriteTo(octets, group); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		for {
			n, err := conn.Read(packet)
			if err != nil {
				break
			}
			var m dnsmessage.Message
			if err := m.Unpack(packet[:n]); err != nil {
				t.Fatalf("it answers %q: %v", packet[:n], err)
			}
			if m.Questions[0].Name.String() == name && m.Questions[0].Type == kind { // else it's late
				return lines(append(append(m.Answers, m.Authorities...), m.Additionals...))
			}
		}
	}
	t.Fatalf("no answer to %s of %s", kind, name)
	return ""
}

func lines(records []dnsmessage.Resource) string {
	var all []string
	for _, r := range records {
		line := r.Header.Name.String() + " "
		switch body := r.Body.(type) {
		case *dnsmessage.PTRResource:
			line += "PTR " + body.PTR.String()
		case *dnsmessage.SRVResource:
			line += fmt.Sprintf("SRV %s %d", body.Target, body.Port)
		case *dnsmessage.TXTResource:
			line += "TXT " + strings.Join(body.TXT, " ")
		case *dnsmessage.AResource:
			line += "A " + netip.AddrFrom4(body.A).String()
		default:
			line += body.GoString()
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

// TestWhoFloodsTheAnswersIsBounded has a stranger answer for a hundred thousand
// servers: some are listed, it is said that those aren't all, and it ends in time.
func TestWhoFloodsTheAnswersIsBounded(t *testing.T) {
	bridge := servertest.NewBridge(t)
	liar, guest := bridge.Station(false), bridge.Station(false)
	conn := liar.Hear(t, "239.255.255.250:1900")
	var lying sync.WaitGroup
	lying.Go(func() {
		question := make([]byte, 1500)
		for n := 0; ; {
			_, from, err := conn.ReadFromUDP(question)
			if err != nil {
				return
			}
			for range 25_000 {
				n++
				pin := fmt.Sprintf("%012x%052x", n, 0)
				answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nST: urn:redroom:server:1\r\nLOCATION: redroom://10.1.2.3:4433?id=%s&pin=%s\r\nX: %s\r\n\r\n", discover.NewID(pin), pin, strings.Repeat("x", 1000))
				if _, err := conn.WriteTo(answer, from); err != nil {
					return
				}
			}
		}
	})
	defer lying.Wait()
	defer conn.Close()
	began := time.Now()
	if found, whole := find(t, guest, 2*time.Second); len(found) != 64 || whole {
		t.Errorf("%d servers are listed; as all: %v", len(found), whole)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestWhereThereIsNoNetworkItIsSaid(t *testing.T) {
	alone := servertest.NewBridge(t).Station(false)
	if found, whole := find(t, alone, 100*time.Millisecond); len(found) != 0 || !whole {
		t.Errorf("found %+v; all: %v", found, whole)
	}
	nobody := discover.Server{ID: discover.NewID(pin), Port: 1, Pin: pin, Addresses: []netip.Addr{netip.MustParseAddr("2001:db8::1")}}
	if err := alone.Within(func() error { return discover.Announce(t.Context(), nobody, slog.New(slog.DiscardHandler)) }); err == nil {
		t.Error("an address that isn't this machine's is announced")
	}
}
