package httpd

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// arrival is how a request came.
type arrival struct {
	client  netip.Addr // the invalid Addr if there is none
	secure  bool       // by HTTPS, as the browser sees it
	proxied bool       // through a trusted proxy
	host    string     // the Host header, in lower case
	user    string     // who has signed in, once that is known
}

type arrivalKey struct{}

func arrivalOf(r *http.Request) *arrival {
	return r.Context().Value(arrivalKey{}).(*arrival)
}

// arrive finds out how a request came.
func (s *site) arrive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by := &arrival{secure: r.TLS != nil, host: strings.ToLower(r.Host)}
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
			by.client = plain(peer.Addr())
		}
		// One's own browser may come from a trusted address, too; what tells
		// is that a proxy says for whom it asks.
		if forwarded := r.Header.Values("X-Forwarded-For"); len(forwarded) > 0 && s.trusts(by.client) {
			by.proxied = true
			by.client = s.lastStranger(by.client, forwarded)
			if proto := r.Header.Get("X-Forwarded-Proto"); proto != "" {
				by.secure = strings.EqualFold(proto, "https")
			}
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), arrivalKey{}, by)))
	})
}

func (s *site) trusts(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// lastStranger goes back along X-Forwarded-For as long as the hops are
// trusted. What stands before the first stranger may be the stranger's own
// invention.
func (s *site) lastStranger(peer netip.Addr, forwarded []string) netip.Addr {
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(peer); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = plain(hop)
	}
	return peer
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// origin is the one that the browser shows.
func (by *arrival) origin() string {
	scheme := "http"
	if by.secure {
		scheme = "https"
	}
	o, err := ParseOrigin(scheme + "://" + by.host)
	if err != nil {
		return ""
	}
	return o
}

// splitHost takes a Host header apart; the port is "" if it has none.
func splitHost(host string) (name, port string) {
	if name, port, err := net.SplitHostPort(host); err == nil {
		return name, port
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), ""
}

func isLoopbackName(name string) bool {
	return name == "localhost" || name == "127.0.0.1" || name == "::1"
}
