package signin

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redroom/server/room"
)

// exhaust fails until no further try is let through.
func exhaust(t *testing.T, d desk, name, from string) (failures int) {
	t.Helper()
	for range 1000 {
		err := d.try(name, badPassword, from)
		if errors.Is(err, room.ErrTooManyTries) {
			return failures
		}
		wantError(t, err, room.ErrWrongSignIn)
		failures++
	}
	t.Fatal("there is no end to it")
	return 0
}

func TestTooManyFailuresOfAnAccountHaveToWait(t *testing.T) {
	d := newDesk(t).cheaply()
	if n := exhaust(t, d, "anna", "192.0.2.1"); n != accountBurst {
		t.Errorf("%d failures were let through, want %d", n, accountBurst)
	}
	// From everywhere, with whatever password, and it says how long.
	var wait *WaitError
	if err := d.try("anna", goodPassword, "198.51.100.7"); !errors.As(err, &wait) {
		t.Fatal(err)
	}
	if wait.RetryAfter() != accountPause {
		t.Errorf("wait %v, want %v", wait.RetryAfter(), accountPause)
	}
	if room.AsError(wait) != room.ErrTooManyTries {
		t.Errorf("it is told as %v", room.AsError(wait))
	}
	// To others it is nothing.
	wantError(t, d.try("bert", badPassword, "198.51.100.7"), room.ErrWrongSignIn)

	d.clock.pass(wait.RetryAfter())
	if err := d.try("anna", goodPassword, "198.51.100.7"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestAnUnknownNameIsLimitedLikeAnAccount(t *testing.T) {
	d := newDesk(t).cheaply()
	if n := exhaust(t, d, "nobody", "192.0.2.1"); n != accountBurst {
		t.Errorf("%d failures were let through, want %d", n, accountBurst)
	}
}

func TestTooManyFailuresFromAnAddressHaveToWait(t *testing.T) {
	for _, c := range []struct{ what, from, same, other string }{
		{"IPv4", "192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"IPv4 in IPv6", "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"IPv6, a /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := newDesk(t).cheaply()
			for i := range addressBurst {
				wantError(t, d.try(fmt.Sprint("name", i), badPassword, c.from), room.ErrWrongSignIn)
			}
			wantError(t, d.try("anna", goodPassword, c.same), room.ErrTooManyTries)
			if err := d.try("anna", goodPassword, c.other); err != nil {
				t.Errorf("from another address: %v", err)
			}
			d.clock.pass(addressPause)
			if err := d.try("anna", goodPassword, c.same); err != nil {
				t.Errorf("after the wait: %v", err)
			}
		})
	}
}

func TestStrangersDontKeepTheOwnerOut(t *testing.T) {
	d := newDesk(t).cheaply()
	if err := d.try("anna", goodPassword, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	exhaust(t, d, "anna", "198.51.100.7")
	if err := d.try("anna", goodPassword, "192.0.2.1"); err != nil {
		t.Errorf("from where the owner signed in before: %v", err)
	}
	// The owner's own address is no free pass.
	if n := exhaust(t, d, "anna", "192.0.2.1"); n != accountBurst {
		t.Errorf("%d failures from there, want %d", n, accountBurst)
	}
}

// TestTheOwnerIsAtHomeWhereverOneSignsIn however that is, and after a restart.
func TestTheOwnerIsAtHomeWhereverOneSignsIn(t *testing.T) {
	d := newDesk(t).cheaply()
	d.open("anna") // by a link
	exhaust(t, d, "anna", "198.51.100.7")
	if err := d.try("anna", goodPassword, home.String()); err != nil {
		t.Errorf("from where the owner has followed a link: %v", err)
	}

	after := d
	after.Desk = New(Config{Store: d.store, Journal: d.journal, Now: d.clock.Now})
	after.derive = d.derive
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- after.Run(ctx) }()
	for began := time.Now(); !after.tries.isFamiliar("anna", home); runtime.Gosched() {
		if time.Since(began) > 10*time.Second {
			t.Fatal("it isn't recalled where anna has signed in")
		}
	}
	exhaust(t, after, "anna", "198.51.100.7")
	if err := after.try("anna", goodPassword, home.String()); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	wantError(t, after.try("anna", goodPassword, "203.0.113.9"), room.ErrTooManyTries)
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}

func TestManyAtOnceFindNoMoreRoomThanOneAfterTheOther(t *testing.T) {
	d := newDesk(t).cheaply()
	var wrong, waiting atomic.Int32
	var all sync.WaitGroup
	for range 10 * accountBurst {
		all.Go(func() {
			switch err := d.try("anna", badPassword, "192.0.2.1"); {
			case errors.Is(err, room.ErrWrongSignIn):
				wrong.Add(1)
			case errors.Is(err, room.ErrTooManyTries):
				waiting.Add(1)
			}
		})
	}
	all.Wait()
	if wrong.Load() != accountBurst || waiting.Load() != 9*accountBurst {
		t.Errorf("%d were wrong, %d had to wait", wrong.Load(), waiting.Load())
	}
}

func TestSigningInCostsNoTry(t *testing.T) {
	d := newDesk(t).cheaply()
	for range 3 * addressBurst {
		if err := d.try("anna", goodPassword, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestATryThatTheStoreCouldNotAnswerIsNoFailure(t *testing.T) {
	d := newDesk(t).cheaply()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 * addressBurst {
		wantError(t, d.Password(ctx, "anna", badPassword, home), context.Canceled)
	}
}

func TestWhatIsRememberedOfTriesIsBoundedAndForgotten(t *testing.T) {
	tries := newTries()
	now := time.UnixMilli(1767225600000)
	put := func(i int) source { return source{name: fmt.Sprint("name", i)} }
	tries.move(put(0), 20*accountPause, now)
	for i := 1; i <= maxCounted+10; i++ {
		tries.move(put(i), accountPause, now)
	}
	if n := len(tries.counted); n != maxCounted {
		t.Errorf("%d sources are remembered, want %d", n, maxCounted)
	}
	if _, ok := tries.counted[put(0)]; !ok {
		t.Error("the one with most failures was forgotten first")
	}
	tries.move(put(0), -20*accountPause, now)
	if _, ok := tries.counted[put(0)]; ok {
		t.Error("one without failures is remembered")
	}
}
