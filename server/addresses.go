package server

import (
	"net"
	"strconv"

	"redroom/server/transport"
)

// SetupLinks are those with which the first admin is made, one for each
// address that the room can be opened on; none once there is an admin.
func (s *Server) SetupLinks() []string {
	if s.setup == "" || s.store.State().HasAdmin() {
		return nil
	}
	links := []string{s.PlainURL() + "/setup#" + s.setup}
	if s.config.Host != "localhost" {
		links = append(links, s.PublicURL()+"/setup#"+s.setup)
	}
	return links
}

// PlainURL is where the room opens on this machine, such as
// http://localhost:8080.
func (s *Server) PlainURL() string {
	return "http://" + net.JoinHostPort("localhost", strconv.Itoa(int(s.plain.Port)))
}

// PublicURL is where the room opens by HTTPS.
func (s *Server) PublicURL() string {
	if s.public.Port == 443 {
		return "https://" + s.config.Host
	}
	return "https://" + s.QUICAddress()
}

// WebTransportURL is where WebTransport sessions are opened.
func (s *Server) WebTransportURL() string { return s.PublicURL() + transport.Path }

// QUICAddress is where raw QUIC sessions are opened, HOST:PORT.
func (s *Server) QUICAddress() string {
	return net.JoinHostPort(s.config.Host, strconv.Itoa(int(s.public.Port)))
}
