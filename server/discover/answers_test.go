package discover

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

var pin = strings.Repeat("5f", 32)

// told is an answer by mDNS that tells of one server; each change makes it another.
func told(change ...func(*dnsmessage.Message)) []byte {
	const instance, host = "redroom-5f5f5f5f5f5f._redroom._udp.local.", "room.local."
	of := func(name string) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: 120}
	}
	m := dnsmessage.Message{
		Header:  dnsmessage.Header{Response: true, Authoritative: true},
		Answers: []dnsmessage.Resource{{Header: of(serviceName), Body: &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(instance)}}},
		Additionals: []dnsmessage.Resource{
			{Header: of(instance), Body: &dnsmessage.SRVResource{Port: 4433, Target: dnsmessage.MustNewName(host)}},
			{Header: of(instance), Body: &dnsmessage.TXTResource{TXT: []string{"txtvers=1", "host=room.example", "pin=" + pin}}},
			{Header: of(host), Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}},
			{Header: of(host), Body: &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("2001:db8::1").As16()}},
		},
	}
	for _, c := range change {
		c(&m)
	}
	return packed(m)
}

func texts(entries ...string) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) { m.Additionals[1].Body.(*dnsmessage.TXTResource).TXT = entries }
}

func port(n uint16) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) { m.Additionals[0].Body.(*dnsmessage.SRVResource).Port = n }
}

func addressed(addresses ...string) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) {
		m.Additionals = m.Additionals[:2]
		for _, a := range addresses {
			ip := netip.MustParseAddr(a)
			r := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("ROOM.local."), Class: dnsmessage.ClassINET}}
			if r.Body = (&dnsmessage.AAAAResource{AAAA: ip.As16()}); ip.Is4() {
				r.Body = &dnsmessage.AResource{A: ip.As4()}
			}
			m.Additionals = append(m.Additionals, r)
		}
	}
}

func ssdpAnswer(searchType, location string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nEXT: \r\nST: %s\r\nUSN: x\r\nLOCATION: %s\r\n\r\n", searchType, location)
}

func TestAnAnswerTellsOfAServer(t *testing.T) {
	at := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}
	want := Server{ID: "redroom-5f5f5f5f5f5f", Host: "room.example", Port: 4433, Pin: pin, Addresses: at, Ways: []string{MDNS}}
	if got := answers(told()); !reflect.DeepEqual(got, []Server{want}) {
		t.Errorf("by mDNS %+v, want %+v", got, want)
	}
	for _, a := range at {
		want := want
		want.Addresses, want.Ways = []netip.Addr{a}, []string{SSDP}
		if got := answers(ssdpAnswer(searchType, locationOf(want, a))); !reflect.DeepEqual(got, []Server{want}) {
			t.Errorf("by SSDP %+v, want %+v", got, want)
		}
	}
	for name, packet := range map[string][]byte{
		"without a name":    told(texts("pin=" + pin)),
		"without a pin":     told(texts("host=room.example")),
		"with other things": told(texts("pin="+pin, "users=12", "=", "", "host")),
		"at a link":         told(addressed("169.254.1.1")),
		"in other letters":  told(func(m *dnsmessage.Message) { m.Answers[0].Header.Name = dnsmessage.MustNewName("_RedRoom._UDP.Local.") }),
	} {
		if got := answers(packet); len(got) != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatNoServerTellsIsDropped(t *testing.T) {
	location := "redroom://192.0.2.1:4433?id=redroom-5f5f5f5f5f5f&pin=" + pin
	if len(answers(ssdpAnswer(searchType, location))) != 1 {
		t.Fatal("what is changed below is dropped as it is")
	}
	for name, packet := range map[string][]byte{
		"nothing":                   nil,
		"half an answer":            told()[:60],
		"a question":                questionMDNS,
		"an answer that is none":    told(func(m *dnsmessage.Message) { m.Response = false }),
		"another service":           told(func(m *dnsmessage.Message) { m.Answers[0].Header.Name = dnsmessage.MustNewName("_http._tcp.local.") }),
		"no one to know it by":      told(texts("txtvers=1")),
		"a pin too short":           told(texts("pin=" + pin[2:])),
		"a pin in capitals":         told(texts("pin=" + strings.ToUpper(pin))),
		"this machine by name":      told(texts("host=localhost")),
		"this machine by address":   told(texts("host=127.0.0.1")),
		"a name for the terminal":   told(texts("host=\x1b[2J", "pin="+pin)),
		"a name with a tab":         told(texts("host=a\tb", "pin="+pin)),
		"a name of a flag":          told(texts("host=--ca", "pin="+pin)),
		"a long name":               told(texts("host="+strings.Repeat("a", maxHost+1), "pin="+pin)),
		"no port":                   told(port(0)),
		"no address":                told(addressed()),
		"this machine":              told(addressed("127.0.0.1", "::1")),
		"everybody":                 told(addressed("255.255.255.255", "224.0.0.1", "0.0.0.0", "ff02::1", "::")),
		"a link without a zone":     told(addressed("fe80::1")),
		"IPv4 in IPv6":              told(addressed("::ffff:127.0.0.1")),
		"another search":            ssdpAnswer("ssdp:all", location),
		"no place":                  ssdpAnswer(searchType, ""),
		"a place of the web":        ssdpAnswer(searchType, strings.Replace(location, "redroom", "http", 1)),
		"a place by name":           ssdpAnswer(searchType, strings.Replace(location, "192.0.2.1", "room.example", 1)),
		"a place in a zone":         ssdpAnswer(searchType, strings.Replace(location, "192.0.2.1", "[fe80::1%25eth0]", 1)),
		"an ID of another pin":      ssdpAnswer(searchType, strings.Replace(location, "pin=5f", "pin=60", 1)),
		"an ID for the terminal":    ssdpAnswer(searchType, strings.Replace(location, "id=redroom-5f5f5f5f5f5f", "id=%1b[2J", 1)),
		"a refusal":                 []byte(strings.Replace(string(ssdpAnswer(searchType, location)), "200 OK", "404 Not Found", 1)),
		"a search for the searcher": questionSSDP,
	} {
		if got := answers(packet); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestOfManyClaimsSomeAreKept(t *testing.T) {
	many := []string{}
	for i := range 3 * maxAddresses {
		many = append(many, fmt.Sprintf("192.0.2.%d", i+1))
	}
	one := answers(told(addressed(many...)))[0]
	if len(one.Addresses) != maxAddresses {
		t.Errorf("it has %d addresses", len(one.Addresses))
	}
	var all []Server
	for i := range 3 * maxServers {
		s := one
		s.Addresses = []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})}
		var same, other bool
		all, same = merge(all, s) // elsewhere
		s.ID = fmt.Sprintf("room-%d", i)
		all, other = merge(all, s)
		if want := i < maxServers-1; !same || other != want {
			t.Errorf("after %d others the same one fits: %v, and another: %v, want %v", i, same, other, want)
		}
	}
	if len(all) != maxServers || slices.ContainsFunc(all, func(s Server) bool { return len(s.Addresses) > maxAddresses }) {
		t.Errorf("%d servers are kept", len(all))
	}
}

func TestAddressesAreThoseThatOthersReach(t *testing.T) {
	for listening, want := range map[string]string{
		"localhost:4433":      "[]",
		"127.0.0.1:4433":      "[]",
		"[::1]:4433":          "[]",
		"192.0.2.1:4433":      "[192.0.2.1]",
		"[2001:db8::1]:4433":  "[2001:db8::1]",
		"[fe80::1%eth0]:4433": "[]",
	} {
		got, err := Addresses(t.Context(), listening)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v, want %s", listening, got, err, want)
		}
	}
	if _, err := Addresses(t.Context(), "here"); err == nil {
		t.Error("here is an address")
	}
	for listening, wanted := range map[string]func(netip.Addr) bool{"0.0.0.0:1": netip.Addr.Is4, "[::]:1": netip.Addr.Is6} {
		got, err := Addresses(t.Context(), listening)
		if err != nil || slices.ContainsFunc(got, func(a netip.Addr) bool { return !wanted(a) || a.IsLoopback() }) {
			t.Errorf("%s: %v, %v", listening, got, err)
		}
	}
}

// FuzzAnswers has strangers send anything: what is taken can be printed, and is
// bounded.
func FuzzAnswers(f *testing.F) {
	f.Add(told())
	f.Add(told(texts("pin=" + pin)))
	f.Add(questionMDNS)
	f.Add(ssdpAnswer(searchType, "redroom://192.0.2.1:4433?id=room&host=room.example&pin="+pin))
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, s := range answers(packet) {
			if s.check() != nil || len(s.Addresses) > maxAddresses || len(s.Name()) > maxHost || strings.ContainsFunc(s.Name()+s.Pin, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("%+v is taken", s)
			}
		}
	})
}
