package server_test

import (
	"strings"
	"testing"

	"redroom/server/servertest"
	"redroom/server/transport"
)

// TestTheLogTellsOfConnectionsOfOtherSites opens sessions as a page of another site's
// would, by each way.
func TestTheLogTellsOfConnectionsOfOtherSites(t *testing.T) {
	leavesNoGoroutine(t)
	diary := servertest.NewDiary(t)
	c := servertest.Config(t)
	c.Log = diary.Log()
	r, _ := servertest.StartWith(t, c)
	const evil = "https://evil.example"
	if _, err := transport.DialWebTransport(t.Context(), r.Rrp, evil, r.Trust(t)); err == nil {
		t.Error("WebTransport is opened")
	}
	if n := diary.Count("a session of another site's page was refused", "level", "INFO", "origin", evil); n != 1 {
		t.Errorf("WebTransport's is told %d times", n)
	}
	if _, err := transport.DialWebSocket(t.Context(), "ws"+strings.TrimPrefix(r.Plain, "http")+transport.Path, evil, nil); err == nil {
		t.Error("a WebSocket is opened")
	}
	if n := diary.Count("a request was refused", "level", "INFO", "path", transport.Path); n != 1 {
		t.Errorf("a WebSocket's is told %d times", n)
	}
}
