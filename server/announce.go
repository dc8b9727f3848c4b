package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"redroom/server/discover"
)

// checkAnnounce finds what would be announced in vain.
func (c Config) checkAnnounce() error {
	if !c.Announce {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("--addr %q is not an address such as :4433: %w", c.Addr, err)
	}
	ip, _ := netip.ParseAddr(host)
	switch {
	case host == "localhost" || ip.IsLoopback():
		return fmt.Errorf("--announce tells other machines, and --addr %s is for this one only: give --addr :4433", c.Addr)
	case c.TLSCert != "" && c.publicHost() == "":
		return errors.New("--announce with --tls-cert needs --host: the name that the certificate is for")
	}
	return nil
}

// publicHost is the public name; "": there is none but localhost, or it is an
// address.
func (c Config) publicHost() string {
	if _, err := netip.ParseAddr(strings.Trim(c.Host, "[]")); err == nil || c.Host == "localhost" {
		return ""
	}
	return strings.ToLower(c.Host)
}

// findReached finds the addresses that are announced.
func (s *Server) findReached(ctx context.Context) (err error) {
	if !s.config.Announce {
		return nil
	}
	if s.reached, err = discover.Addresses(ctx, s.config.Addr); err != nil {
		return fmt.Errorf("telling the network of this server (--announce): %w", err)
	}
	if len(s.reached) == 0 {
		s.logOf("discover").Warn("this machine is on no network that could be told of the server (--announce); start it again when it is", "addr", s.config.Addr)
	}
	return nil
}

// reachedBy is what the server is called by who has found it, beside its name: by
// its addresses, since a name is one more thing that may not be known there. With a
// certificate of a public CA it's called by its name only.
func (s *Server) reachedBy() (names []string) {
	if s.config.TLSCert != "" {
		return nil
	}
	for _, a := range s.reached {
		names = append(names, a.String())
	}
	return names
}

func (s *Server) reachedOrigins() (origins []string) {
	for _, name := range s.reachedBy() {
		origins = append(origins, "https://"+net.JoinHostPort(name, strconv.Itoa(int(s.public.Port))))
	}
	return origins
}

// announce tells the network that a server is here, if that is asked for and there is
// one, until ctx ends. If it can't be told, there is still a server.
func (s *Server) announce(ctx context.Context) {
	if len(s.reached) == 0 {
		return
	}
	log := s.logOf("discover")
	a := discover.Server{ID: discover.NewID(s.ca.Pin()), Host: s.config.publicHost(), Port: s.public.Port, Addresses: s.reached}
	if s.config.TLSCert == "" {
		a.Pin = s.ca.Pin()
	}
	if err := discover.Announce(ctx, a, log); err != nil {
		log.Error("the network can't be told of this server", "error", err)
	}
}
