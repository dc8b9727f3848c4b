// Package discover is how a server is found on the local network by who hasn't been
// told where it is. Announce answers who asks, Find asks, both by mDNS with DNS-SD
// (RFC 6762, 6763: _redroom._udp.local) and by SSDP, over every interface at once.
//
// # What is told
//
// That a server is there: its address and port, its public name if it has one, and
// the pin of its CA. Nothing of who or what is in it. Whoever is on the network can
// answer in any words, so an answer is a claim: what is not of the form that Announce
// gives is dropped, what is kept is bounded and can be printed, and a pin that was
// found is worth no more than the network that it came over.
//
// # Who waits
//
// Announce and Find block until their context ends or they fail, and leave no
// goroutine behind. Announce sends nothing on its own, so that nothing has to be
// taken back when it ends. Neither keeps anything.
package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// The service by its names.
const (
	service    = "_redroom._udp"        // DNS-SD
	searchType = "urn:redroom:server:1" // SSDP
)

// The ways by which a server is found.
const (
	MDNS = "mdns"
	SSDP = "ssdp"
)

// Server is what is told of one.
type Server struct {
	ID        string       // what tells it from others: NewID of its Pin, or without one 1 to 63 of a-z 0-9 -
	Host      string       // the public name; "": it has none
	Port      uint16       // TCP and UDP
	Pin       string       // SHA-256 of its CA's certificate, in hex; "": its certificate is a public CA's
	Addresses []netip.Addr // at least one; IPv4 first
	Ways      []string     // by which it was found
}

// NewID makes the ID of a server that is known by a name, or the pin of its CA.
func NewID(of string) string { return "redroom-" + of[:min(len(of), idDigits)] }

const idDigits = 12

// Name is what people call it.
func (s Server) Name() string { return cmp.Or(s.Host, s.ID) }

const (
	maxAddresses = 8   // of one server that are kept
	maxHost      = 200 // octets; in a TXT record there are 255, with the key
)

// Nothing else is taken from strangers.
var (
	isID   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`).MatchString
	isHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`).MatchString // or an address, which is no name
	isPin  = regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString
)

var errNoServer = errors.New("this is not what a server tells of itself")

// check tells whether this can be a server, and brings its addresses in order.
func (s *Server) check() error {
	s.Addresses = slices.DeleteFunc(slices.Clone(s.Addresses), func(a netip.Addr) bool { return !isReachable(a) })
	slices.SortFunc(s.Addresses, netip.Addr.Compare)
	s.Addresses = slices.Compact(s.Addresses)
	_, noName := netip.ParseAddr(s.Host)
	switch {
	case !isID(s.ID), s.Host != "" && (!isHost(s.Host) || len(s.Host) > maxHost), s.Pin != "" && !isPin(s.Pin):
		return errNoServer
	case s.Pin != "" && s.ID != NewID(s.Pin): // another's, by which people may know that one
		return errNoServer
	case s.Host == "" && s.Pin == "", s.Host == "localhost", noName == nil: // nobody could know whom one has found
		return errNoServer
	case s.Port == 0, len(s.Addresses) == 0:
		return errNoServer
	}
	return nil
}

// isReachable tells whether others on the network can connect to it by nothing but
// its digits, which one with a zone can't.
func isReachable(a netip.Addr) bool {
	return a.IsGlobalUnicast() && a.Zone() == "" && !a.Is4In6() || a.Is4() && a.IsLinkLocalUnicast()
}

// Addresses are those at which others on the network reach what listens at
// HOST:PORT; none if that is for this machine only.
func Addresses(ctx context.Context, listening string) (all []netip.Addr, err error) {
	host, _, err := net.SplitHostPort(listening)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address such as :4433: %w", listening, err)
	}
	ip, _ := netip.ParseAddr(host)
	switch {
	case host == "localhost":
		return nil, nil
	case host == "", ip.IsValid() && ip.IsUnspecified():
		all, err = interfaceAddresses()
	case ip.IsValid():
		all = []netip.Addr{ip.Unmap()}
	default:
		all, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the addresses of %s: %w", listening, err)
	}
	for i, a := range all {
		all[i] = a.Unmap()
	}
	all = slices.DeleteFunc(all, func(a netip.Addr) bool {
		return !isReachable(a) || ip.IsValid() && a.Is4() != ip.Is4()
	})
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all), nil
}

func interfaceAddresses() (all []netip.Addr, err error) {
	on, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, a := range on {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, prefix.Addr())
		}
	}
	return all, nil
}

// interfaces are those that are up and carry multicast to others, with the
// addresses that they have.
func interfaces() (all []on, err error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("listing the network's interfaces: %w", err)
	}
	const wanted = net.FlagUp | net.FlagMulticast
	for _, i := range list {
		if i.Flags&wanted != wanted || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // it has gone
		}
		o := on{Interface: i}
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				o.addresses = append(o.addresses, prefix.Addr().Unmap())
			}
		}
		all = append(all, o)
	}
	return all, nil
}

// on is an interface of this machine.
type on struct {
	net.Interface
	addresses []netip.Addr
}

func (o on) has4() bool { return slices.ContainsFunc(o.addresses, netip.Addr.Is4) }
func (o on) has6() bool { return slices.ContainsFunc(o.addresses, netip.Addr.Is6) }

// merge adds a server to those that were found, if it fits. One that claims the same
// of itself but where it is, is the same one.
func merge(all []Server, s Server) (_ []Server, fits bool) {
	same := func(o Server) bool {
		return o.ID == s.ID && o.Host == s.Host && o.Port == s.Port && o.Pin == s.Pin
	}
	i := slices.IndexFunc(all, same)
	if i < 0 {
		if len(all) == maxServers {
			return all, false
		}
		return append(all, s), true
	}
	known := &all[i]
	for _, a := range s.Addresses {
		if len(known.Addresses) < maxAddresses && !slices.Contains(known.Addresses, a) {
			known.Addresses = append(known.Addresses, a)
		}
	}
	slices.SortFunc(known.Addresses, netip.Addr.Compare)
	for _, way := range s.Ways {
		if !slices.Contains(known.Ways, way) {
			known.Ways = append(known.Ways, way)
		}
	}
	slices.Sort(known.Ways)
	return all, true
}

// order is that of a list for people.
func order(a, b Server) int {
	return cmp.Or(strings.Compare(a.Name(), b.Name()), a.Addresses[0].Compare(b.Addresses[0]), cmp.Compare(a.Port, b.Port), strings.Compare(a.Pin, b.Pin))
}
