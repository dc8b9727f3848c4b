package httpd

import (
	"net/http"
	"net/netip"
	"strings"

	"redroom/server/pack"
	"redroom/server/transport"
)

// limit refuses what an address asks beyond what it may. Health is never
// refused, and the page's files cost too little.
func (s *site) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isCounted(r.URL.Path) {
			if err := s.Load.Arrival(transport.Network(arrivalOf(r).client)); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func isCounted(path string) bool {
	return path != healthPath && path != readyPath && path != workerPath && !strings.HasPrefix(path, pack.Path)
}

// noLimits is a Load without any.
type noLimits struct{}

func (noLimits) Arrival(netip.Prefix) error         { return nil }
func (noLimits) Request(string, netip.Prefix) error { return nil }
