package server_test

import (
	"testing"
	"time"
)

// A machine is given another address, as by a router that hands out new ones,
// and its WebTransport session has to live on or be back at once.
func TestNetworkPageWhoseAddressChangesGoesOn(t *testing.T) {
	t.Parallel()
	s := newStreet(t, nil)
	s.open()
	s.via("WebTransport")
	s.write(s.anna)
	s.read()
	for range 3 {
		began := time.Now()
		s.anna.Renumber()
		s.write(s.anna)
		s.write(s.bert)
		s.read()
		took := time.Since(began)
		t.Logf("from the new address to what both wrote: %v", took.Round(time.Millisecond))
		if took > goesOn {
			t.Errorf("it took %v from the new address to what both wrote, want at most %v", took, goesOn)
		}
		s.via("WebTransport")
		t.Logf("and to WebTransport: %v", time.Since(began).Round(time.Millisecond))
	}
	s.verify(t)
}

// The router before a machine forgets its translations: for the server the
// machine is at another address all of a sudden, and nobody tells the machine.
func TestNetworkPageBehindAnotherAddressGoesOn(t *testing.T) {
	t.Parallel()
	s := newStreet(t, nil)
	s.open()
	s.via("WebTransport")
	s.write(s.anna)
	s.read()
	for range 3 {
		began := time.Now()
		s.anna.Rebind()
		s.write(s.anna)
		s.write(s.bert)
		s.read()
		took := time.Since(began)
		t.Logf("from the new translation to what both wrote: %v", took.Round(time.Millisecond))
		if took > goesOn {
			t.Errorf("it took %v from the new translation to what both wrote, want at most %v", took, goesOn)
		}
		s.via("WebTransport")
		t.Logf("and to WebTransport: %v", time.Since(began).Round(time.Millisecond))
	}
	s.verify(t)
}

// A cable is taken out, which the browser knows at once, and put in again.
func TestNetworkPageKnowsAtOnceThatItsCableIsOut(t *testing.T) {
	s := newStreet(t, nil)
	s.open()
	s.via("WebTransport")
	s.write(s.anna)
	s.read()

	began := time.Now()
	s.anna.Unplug()
	s.anna.page.UntilText("status", "Connection", "Offline")
	t.Logf("from the cable's end to Offline: %v", time.Since(began).Round(time.Millisecond))
	s.write(s.anna)
	s.write(s.bert)

	began = time.Now()
	s.anna.Plug()
	s.read()
	t.Logf("from the cable's return to what both wrote: %v", time.Since(began).Round(time.Millisecond))
	s.via("WebTransport")
	s.verify(t)
}
