package servertest

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"redroom/server/transport"
)

// The ports that tests take: none that a system gives to sockets which ask for any
// (Linux has 32768 to 60999 for these, others RFC 6335's 49152 to 65535), so that
// nobody's socket has a server's port while that is started anew; and none to which
// browsers go to no server. Each is taken once, until there are no others.
const firstPort, ports = 20000, 32768 - 20000

var portsTaken atomic.Uint32

var beganAt = rand.Uint32N(ports) // several processes of tests run at a time

// freeAddress is this host with a port that is free in TCP and UDP, and that no
// other test is given.
func freeAddress(t testing.TB, host string) string {
	t.Helper()
	var err error
	for range ports {
		address := fmt.Sprintf("%s:%d", host, firstPort+(beganAt+portsTaken.Add(1))%ports)
		var sockets *transport.Sockets
		if sockets, err = transport.Listen(t.Context(), address, true, slog.New(slog.DiscardHandler)); err == nil {
			sockets.Close()
			return address
		}
	}
	t.Fatalf("no port from %d to %d is free: %v", firstPort, firstPort+ports-1, err)
	return ""
}
