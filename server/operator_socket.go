package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"redroom/server/httpd"
	"redroom/server/room"
)

// socketName is the Unix socket in the data directory on which a running
// server takes the operator's commands. Whoever may open it is the operator.
const socketName = "redroom.sock"

// openOperator makes the operator's commands ready, for those who come from then
// on. Without a socket the room is served all the same.
func (s *Server) openOperator(ctx context.Context) {
	s.commands = s.operatorCommands()
	var err error
	if s.operator, err = s.listenOperator(ctx); err != nil {
		s.log.Warn("commands with --data work only while this server is stopped", "error", err)
	}
}

// listenOperator opens the socket. One that an ended server left behind is
// replaced; the store's lock has shown that no other server runs.
func (s *Server) listenOperator(ctx context.Context) (net.Listener, error) {
	path := filepath.Join(s.config.Data, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing an old operator's socket: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path) // the directory is 0700, so nobody comes before the mode is set
	if err != nil {
		return nil, fmt.Errorf("opening the operator's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("closing the operator's socket to others: %w", err), l.Close())
	}
	return l, nil
}

// operatorCommands answers what comes by the socket: the room's administration
// under /api, and what is the machine's beside it.
func (s *Server) operatorCommands() http.Handler {
	api := httpd.New(httpd.Config{
		Operator:  true,
		Desk:      s.desk,
		Store:     s.store,
		Journal:   s.journal,
		Log:       s.logOf("httpd"),
		PublicURL: s.linksBegin(),
		Draining:  s.sessions.Draining,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /backup", s.sendBackup)
	s.benchCommands(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") { // which a ServeMux would clean first
			api.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// linksBegin is where whoever gets a link finds the room.
func (s *Server) linksBegin() string {
	if s.config.Host == "localhost" {
		return s.PlainURL()
	}
	return s.PublicURL()
}

// answerOperator does what was asked, once it is decoded into command; nil: there
// is nothing more to it.
func answerOperator(w http.ResponseWriter, r *http.Request, command any, do func() (any, error)) {
	var err error
	if command != nil && json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(command) != nil {
		err = room.ErrMalformed
	}
	var answer any
	if err == nil {
		answer, err = do()
	}
	if err != nil {
		refusal := room.AsError(err)
		http.Error(w, refusal.Text, refusal.Code)
		return
	}
	json.NewEncoder(w).Encode(answer) // who asked hears of a failure by himself
}
