package httpd

import (
	"fmt"
	"net/http"

	"redroom/server/room"
)

// Health is asked by programs that know no host name: any will do.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

type health struct {
	Status string `json:"status"`
}

// healthz is 200 while the store can be read.
func (s *site) healthz(c *call) error {
	c.w.Header().Set("Cache-Control", "no-store")
	if err := s.Store.Ping(c.ctx()); err != nil {
		return fmt.Errorf("asking the store: %w", err)
	}
	return c.answer(http.StatusOK, health{"ok"})
}

// readyz is 200 while it can be written, too.
func (s *site) readyz(c *call) error {
	c.w.Header().Set("Cache-Control", "no-store")
	if err := s.Store.Ping(c.ctx()); err != nil {
		return fmt.Errorf("asking the store: %w", err)
	}
	if s.Ready() != nil { // whoever isn't ready says so in the log
		return room.Refuse(room.ErrUnavailable, "The server is not ready.")
	}
	return c.answer(http.StatusOK, health{"ready"})
}
