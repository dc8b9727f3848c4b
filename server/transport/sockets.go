package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
)

// Sockets are a server's: TCP and UDP on the same port, for each family of IP
// that the address has.
type Sockets struct {
	TCP  []net.Listener
	UDP  []net.PacketConn
	Port uint16
}

// Listen binds TCP and, if udp is asked for, UDP at addr, HOST:PORT. localhost
// is both loopback addresses, since browsers try ::1 first and do not fall
// back; an empty host is every address of both families; port 0 is any that is
// free. A family that the machine lacks is logged and passed over.
func Listen(ctx context.Context, addr string, udp bool, log *slog.Logger) (*Sockets, error) {
	hosts, port, err := resolve(ctx, addr)
	if err != nil {
		return nil, err
	}
	const tries = 20 // a port that is free in TCP may be taken in UDP, or in the other family
	for try := 0; ; try++ {
		s, err := bind(ctx, hosts, port, udp, log)
		if err == nil {
			return s, nil
		}
		if port != 0 || try == tries {
			return nil, fmt.Errorf("listening on %s: %w", addr, err)
		}
	}
}

// Close closes those that nothing else has closed.
func (s *Sockets) Close() error {
	var err error
	for _, l := range s.TCP {
		err = errors.Join(err, ignoreClosed(l.Close()))
	}
	for _, c := range s.UDP {
		err = errors.Join(err, ignoreClosed(c.Close()))
	}
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func resolve(ctx context.Context, addr string) (hosts []netip.Addr, port uint16, err error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, 0, fmt.Errorf("%q is not an address such as localhost:4433: %w", addr, err)
	}
	n, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, 0, fmt.Errorf("%q is not an address such as localhost:4433: the port is a number up to 65535", addr)
	}
	switch host {
	case "":
		hosts = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	case "localhost":
		hosts = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	default:
		if hosts, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
			return nil, 0, fmt.Errorf("looking up the address %q: %w", addr, err)
		}
	}
	return hosts, uint16(n), nil
}

// bind binds every host, or none. The first decides on the port.
func bind(ctx context.Context, hosts []netip.Addr, port uint16, udp bool, log *slog.Logger) (*Sockets, error) {
	s := &Sockets{Port: port}
	var lacking error
	for _, host := range hosts {
		err := s.bindHost(ctx, host.Unmap(), udp)
		switch {
		case err == nil:
		case len(hosts) > 1 && lacksFamily(err):
			log.Info("this machine lacks a family of addresses", "address", host, "error", err)
			lacking = err
		default:
			s.Close()
			return nil, err
		}
	}
	if len(s.TCP) == 0 {
		return nil, lacking
	}
	return s, nil
}

func (s *Sockets) bindHost(ctx context.Context, host netip.Addr, udp bool) error {
	family := "4"
	if host.Is6() {
		family = "6"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp"+family, netip.AddrPortFrom(host, s.Port).String())
	if err != nil {
		return err
	}
	s.TCP = append(s.TCP, l)
	s.Port = uint16(l.Addr().(*net.TCPAddr).Port)
	if !udp {
		return nil
	}
	c, err := lc.ListenPacket(ctx, "udp"+family, netip.AddrPortFrom(host, s.Port).String())
	if err != nil {
		return err
	}
	s.UDP = append(s.UDP, c)
	return nil
}
