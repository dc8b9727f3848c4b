package server_test

import (
	"testing"
	"time"
)

// notices is how long a page takes at most to know that nothing comes any more.
const notices = 5 * time.Second

// Nothing gets through any more, of whatever kind, and nobody says so.
func TestNetworkPageNoticesThatNothingComes(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"WebTransport", "WebSocket"} {
		t.Run(transport, func(t *testing.T) {
			s := newStreet(t, nil)
			pass := s.Server().PassAll
			if transport == "WebSocket" {
				pass = s.Server().DropUDP
			}
			pass()
			s.open()
			s.via(transport)
			s.write(s.anna)
			s.read()

			began := time.Now()
			s.anna.DropAll()
			s.anna.page.UntilText("status", "Connection", "Offline")
			took := time.Since(began)
			t.Logf("from the last packet to Offline: %v", took.Round(time.Millisecond))
			if took > notices {
				t.Errorf("it took %v from the last packet to Offline, want at most %v", took, notices)
			}
			s.write(s.anna)
			s.write(s.bert)

			began = time.Now()
			s.anna.PassAll()
			s.read()
			t.Logf("from the first packet to each reading the other: %v", time.Since(began).Round(time.Millisecond))
			s.via(transport)
			s.verify(t)
		})
	}
}

// The server is stopped, and started again.
func TestNetworkPagesComeBackToAServerThatWasAway(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"WebTransport", "WebSocket"} {
		t.Run(transport, func(t *testing.T) {
			s := newStreet(t, nil)
			if transport == "WebSocket" {
				s.Server().DropUDP()
			}
			s.open()
			s.via(transport)
			s.write(s.anna)
			s.read()

			if status := s.room.Stop(t); status != 0 {
				t.Errorf("the server ended with status %d", status)
			}
			s.via("Offline")
			s.write(s.anna)
			s.write(s.bert)

			began := time.Now()
			s.room = s.StartProcess(t, s.room.Data)
			t.Logf("the server was back after %v", time.Since(began).Round(time.Millisecond))
			began = time.Now()
			s.read()
			t.Logf("from its return to each reading the other: %v", time.Since(began).Round(time.Millisecond))
			s.via(transport)
			s.verify(t)
		})
	}
}
