package server_test

import (
	"fmt"
	"testing"
	"time"

	"redroom/server/servertest"
)

// A laptop is closed: nothing runs there any more and nothing gets through, so
// that it isn't told that the server has given it up. Then it is opened again.
func TestNetworkPageOnAComputerThatSleptIsComplete(t *testing.T) {
	t.Parallel()
	slept := lasting(32*time.Second, 32*time.Second, 32*time.Second, 10*time.Minute)
	s := newStreet(t, nil)
	s.open()
	s.via("WebTransport")
	s.write(s.anna)
	s.read()

	resume := s.anna.page.Suspend()
	s.anna.DropAll()
	over := time.After(slept)
	for range 10 {
		s.write(s.bert)
	}
	solidMessages(s.bert.page, len(s.written))
	<-over

	s.anna.PassAll()
	began := time.Now()
	resume()
	s.anna.page.Until("all that was said", func() bool {
		via, ok := servertest.Look[string](s.anna.page, fmt.Sprintf(complete, len(s.written)))
		return ok && via != ""
	})
	took := time.Since(began)
	t.Logf("after %v of sleep, from waking up to complete: %v", slept, took.Round(time.Millisecond))
	if took > awake {
		t.Errorf("it took %v from waking up until it was complete, want at most %v", took, awake)
	}
	s.verify(t)
}
