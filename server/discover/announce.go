package discover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"

	"github.com/koron/go-ssdp"
	"github.com/pion/logging"
	"github.com/pion/mdns/v2"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Announce answers whoever asks for servers until ctx ends. It fails if it can
// answer nobody; what of it can't be done is logged.
func Announce(ctx context.Context, s Server, log *slog.Logger) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("announcing %+v: %w", s, err)
	}
	var (
		answering []io.Closer
		failed    error
	)
	add := func(way string, c io.Closer, err error) {
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("announcing by %s: %w", way, err))
			return
		}
		answering = append(answering, c)
	}
	where, err := interfaces()
	if err != nil {
		return err
	}
	for _, i := range where {
		for _, a := range i.addresses {
			if slices.Contains(s.Addresses, a) {
				c, err := answerMDNS(s, i.Interface, a)
				add(MDNS, c, err)
			}
		}
	}
	if s.Addresses[0].Is4() {
		c, err := ssdp.Advertise(searchType, s.ID+"::"+searchType, ssdp.LocationProviderFunc(s.location), "", maxAge)
		add(SSDP, c, err)
	}
	switch {
	case len(answering) == 0:
		return errors.Join(errors.New("nobody is told that the server is here"), failed)
	case failed != nil:
		log.Warn("some who look for servers may not find this one", "error", failed)
	}
	log.Info("the server tells the local network that it is here", "name", s.Name(), "addresses", s.Addresses, "port", s.Port)
	<-ctx.Done()
	err = nil
	for _, c := range answering {
		err = errors.Join(err, c.Close())
	}
	return err
}

// maxAge is for how many seconds an answer holds.
const maxAge = 120

// answerMDNS answers by mDNS on one interface with one address. The library has an
// interface's first address in its answers, which need not be one that we listen on;
// so it is told of one at a time.
func answerMDNS(s Server, i net.Interface, a netip.Addr) (io.Closer, error) {
	text := []mdns.TXTEntry{mdns.NewTXTString("txtvers", "1")}
	if s.Host != "" {
		text = append(text, mdns.NewTXTString("host", s.Host))
	}
	if s.Pin != "" {
		text = append(text, mdns.NewTXTString("pin", s.Pin))
	}
	var (
		four *ipv4.PacketConn
		six  *ipv6.PacketConn
	)
	if a.Is4() {
		conn, err := net.ListenUDP("udp4", group4) // a group's port can be had by many
		if err != nil {
			return nil, err
		}
		four = ipv4.NewPacketConn(conn)
	} else {
		conn, err := net.ListenUDP("udp6", group6)
		if err != nil {
			return nil, err
		}
		six = ipv6.NewPacketConn(conn)
	}
	answering, err := mdns.NewServer(four, six,
		mdns.WithInterfaces(i), mdns.WithLocalAddress(a.AsSlice()), mdns.WithLocalNames(s.ID+".local"), mdns.WithCacheRefresh(false),
		mdns.WithService(mdns.ServiceInstance{Instance: s.ID, Service: service, Port: s.Port, Text: text}),
		mdns.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}))
	if err == nil {
		return answering, nil
	}
	if four != nil {
		err = errors.Join(err, four.Close())
	}
	if six != nil {
		err = errors.Join(err, six.Close())
	}
	return nil, fmt.Errorf("at %s on %s: %w", a, i.Name, err)
}

// location is what is told by SSDP: the address that who asks can reach.
func (s Server) location(from net.Addr, _ *net.Interface) string {
	conn, err := net.Dial("udp4", from.String()) // nothing is sent
	if err != nil {
		return ""
	}
	defer conn.Close()
	at := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if !slices.Contains(s.Addresses, at) {
		return ""
	}
	return locationOf(s, at)
}
