package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"redroom/certs"
	"redroom/server/transport"
)

func (s *Server) openCertificates() (err error) {
	if s.ca, err = certs.OpenCA(filepath.Join(s.config.Data, "keys"), s.logOf("certs")); err != nil {
		return err
	}
	if s.own, err = certs.NewShortLived(s.ca, append([]string{s.config.Host}, s.reachedBy()...), time.Now, s.logOf("certs")); err != nil {
		return err
	}
	s.certs = certs.Chooser{H3: s.own, Other: s.own, KeyLog: s.config.KeyLog}
	if s.config.TLSCert == "" {
		return nil
	}
	files, err := certs.NewFiles(s.config.TLSCert, s.config.TLSKey, s.logOf("certs"))
	if err != nil {
		return err
	}
	s.certs.Other = files
	if s.config.H3Cert == "same" {
		s.certs.H3 = files
	}
	return nil
}

// openQlog has what happens on each connection written, if that is asked for.
func (s *Server) openQlog() (err error) {
	if s.config.Qlog == "" {
		return nil
	}
	log := s.logOf("transport.quic")
	s.qlog, err = transport.OpenQlog(s.config.Qlog, log)
	if err == nil {
		log.Warn("who talks to this server and when is written to a file for each connection (--qlog)", "directory", s.config.Qlog)
	}
	return err
}

// listenQUIC listens on every UDP socket, or on none.
func (s *Server) listenQUIC() (quics []*transport.QUIC, err error) {
	names := []string{http3.NextProtoH3, transport.Protocol}
	if s.config.Echo {
		names = append(names, transport.EchoProtocol)
	}
	for _, socket := range s.public.UDP {
		q, err := transport.ListenQUIC(socket, s.certs.QUIC(names...), s.qlog)
		if err != nil {
			for _, q := range quics {
				err = errors.Join(err, q.Close())
			}
			return nil, err
		}
		quics = append(quics, q)
	}
	return quics, nil
}

// protocols are those of the UDP port, bounded by the connections that an address may
// have; but for echoes, of which there are few in all: they begin before it is known
// whether a client is where it says, and would take the places of others.
func (s *Server) protocols(wt *transport.WebTransport) transport.Protocols {
	ofHTTP, ofQUIC := s.logOf("transport.http"), s.logOf("transport.quic")
	return transport.Protocols{
		http3.NextProtoH3: s.counted(quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad), func(conn *quic.Conn) {
			if err := wt.ServeConn(conn); err != nil {
				ofHTTP.Debug("an HTTP/3 connection ended", "remote", conn.RemoteAddr(), "error", err)
			}
		}),
		transport.Protocol: s.counted(503, func(conn *quic.Conn) {
			transport.ServeQUIC(conn, s.sessions.Serve)
			end := transport.EndOf(conn)
			ofQUIC.Info("QUIC connection ended", "remote", conn.RemoteAddr(), "connection", transport.ConnectionID(conn), "code", end.Code, "reason", end.Reason, "byClient", end.Remote)
		}),
		transport.EchoProtocol: s.opened(transport.NewEcho().Serve),
	}
}

// counted serves a connection unless its address has too many, which the code says.
func (s *Server) counted(tooMany quic.ApplicationErrorCode, serve func(*quic.Conn)) func(*quic.Conn) {
	serve = s.opened(serve)
	return func(conn *quic.Conn) {
		release, err := s.connect(conn.RemoteAddr())
		if err != nil {
			transport.Refuse(conn, tooMany, "too many connections")
			return
		}
		defer release()
		serve(conn)
	}
}

// opened serves a connection that is logged.
func (s *Server) opened(serve func(*quic.Conn)) func(*quic.Conn) {
	log := s.logOf("transport.quic")
	return func(conn *quic.Conn) {
		tls := conn.ConnectionState().TLS
		log.Debug("QUIC connection opened", "remote", conn.RemoteAddr(), "connection", transport.ConnectionID(conn), "alpn", tls.NegotiatedProtocol, "resumed", tls.DidResume)
		serve(conn)
	}
}

// httpServer bounds what a client may take its time with.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.logOf("transport.http").Handler(), slog.LevelDebug),
	}
}

// altSvc tells browsers of HTTP/3 (RFC 7838), where its certificate is one
// that they take for pages.
func (s *Server) altSvc(h http.Handler) http.Handler {
	if s.config.H3Cert != "same" {
		return h
	}
	value := fmt.Sprintf(`h3=":%d"; ma=86400`, s.public.Port)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Alt-Svc", value)
		h.ServeHTTP(w, r)
	})
}

func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
