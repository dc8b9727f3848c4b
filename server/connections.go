package server

import (
	"net"
	"net/http"
	"net/netip"
	"sync"

	"redroom/server/transport"
)

// connect counts a connection from an address until release is called. A
// trusted proxy's aren't its own.
func (s *Server) connect(from net.Addr) (release func(), err error) {
	at, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return func() {}, nil // no address
	}
	client := at.Addr().Unmap().WithZone("")
	for _, proxies := range s.config.TrustedProxies {
		if proxies.Contains(client) {
			return func() {}, nil
		}
	}
	return s.load.Connect(transport.Network(client))
}

// connections counts TCP connections from their beginning to their end, or until
// they are WebSockets, which are counted as sessions. Those that are too many
// are closed.
type connections struct {
	count func(from net.Addr) (release func(), err error)

	mu   sync.Mutex
	open map[net.Conn]func()
}

func newConnections(count func(net.Addr) (func(), error)) *connections {
	return &connections{count: count, open: make(map[net.Conn]func())}
}

// note is a http.Server's ConnState.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.opened(conn)
	case http.StateClosed, http.StateHijacked:
		c.over(conn)
	}
}

func (c *connections) opened(conn net.Conn) {
	release, err := c.count(conn.RemoteAddr())
	if err != nil {
		conn.Close()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[conn] = release
}

func (c *connections) over(conn net.Conn) {
	c.mu.Lock()
	release := c.open[conn]
	delete(c.open, conn)
	c.mu.Unlock()
	if release != nil {
		release()
	}
}

// mayConnect tells whether pages of an origin may open sessions by WebTransport. The
// log tells of those that may not, as httpd does of WebSockets.
func (s *Server) mayConnect(origin string) bool {
	const most = 200
	may := s.origins.Allowed(origin)
	if !may {
		s.logOf("httpd").Info("a session of another site's page was refused", "origin", origin[:min(len(origin), most)])
	}
	return may
}
