package server_test

import (
	"testing"
	"time"

	"redroom/server/servertest"
)

// countWebSockets counts those that the page opens from now on.
const countWebSockets = `(() => {
	window.opened = 0;
	window.WebSocket = class extends WebSocket {
		constructor(...how) {
			super(...how);
			window.opened++;
		}
	};
	return true;
})()`

// Pages come through a reverse proxy, whose TLS they see. They talk past it by
// WebTransport where UDP reaches the server, and through it where it doesn't.
func TestNetworkPagesTalkThroughProxies(t *testing.T) {
	t.Parallel()
	for _, kind := range servertest.Proxies {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			s := newStreet(t, &kind)
			s.open()
			s.via("WebTransport")
			s.write(s.anna)
			s.read()

			s.Server().DropUDP()
			began := time.Now()
			s.open()
			s.write(s.anna)
			s.write(s.bert)
			s.read()
			t.Logf("from opening two pages to each reading the other: %v", time.Since(began).Round(time.Millisecond))
			s.via("WebSocket")

			// Longer than proxies leave connections open on which nothing is said.
			for _, n := range s.both() {
				servertest.Evaluate[bool](n.page, countWebSockets)
			}
			silent := lasting(5*time.Second, 5*time.Second, 70*time.Second, 150*time.Second)
			time.Sleep(silent)
			s.via("WebSocket")
			for _, n := range s.both() {
				if opened := servertest.Evaluate[int](n.page, "opened"); opened > 0 {
					t.Errorf("the page of %s opened %d WebSockets within %v of silence", n.name, opened, silent)
				}
			}
			began = time.Now()
			s.write(s.anna)
			s.write(s.bert)
			s.read()
			t.Logf("after %v of silence: %v", silent, time.Since(began).Round(time.Millisecond))
			s.verify(t)
		})
	}
}
