package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/quic-go/quic-go/http3"

	"redroom/server/transport"
)

// listenQUIC listens on every UDP socket, or on none.
func (s *Server) listenQUIC() (quics []*transport.QUIC, err error) {
	for _, socket := range s.public.UDP {
		q, err := transport.ListenQUIC(socket, s.certs.QUIC(http3.NextProtoH3))
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

// httpServer bounds what a client may take its time with.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
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
