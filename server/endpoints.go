package server

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
)

// Endpoints are the requests that are answered by more than "no such thing", as
// "METHOD /path/{parameter}", in order.
func (s *Server) Endpoints() ([]string, error) {
	var all []string
	err := chi.Walk(s.page.(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		all = append(all, method+" "+route)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("going through the endpoints: %w", err)
	}
	slices.Sort(all)
	return all, nil
}
