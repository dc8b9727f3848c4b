package signin

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
)

// notebook is a journal that only remembers what is kept.
type notebook struct {
	mu   sync.Mutex
	kept []room.Noted
}

func (n *notebook) Append(context.Context, room.Event) (room.Outcome, error) {
	return room.Outcome{}, room.ErrUnavailable
}

func (n *notebook) Keep(ev room.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kept = append(n.kept, ev.(room.Noted))
}

// expect compares what was kept since it was called last: "minute user address
// count", minutes from the beginning of the test's clock, which is synctest's.
func (n *notebook) expect(t *testing.T, began time.Time, want ...string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	var got []string
	for _, ev := range n.kept {
		at := time.UnixMilli(ev.At)
		if ev.Action != room.ActionSignInFailed || ev.By != "" || ev.Deal != "" || ev.Topic != "" || !at.Equal(at.Truncate(time.Minute)) {
			t.Errorf("kept %+v", ev)
		}
		got = append(got, fmt.Sprintf("%d %s %s %d", int(at.Sub(began.Truncate(time.Minute)).Minutes()), ev.User, ev.Address, ev.Count))
	}
	n.kept = nil
	if !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

// accounts is a store of accounts whose passwords nobody knows.
type accounts struct{ state *room.State }

func (a accounts) State() *room.State { return a.state }

func (a accounts) PasswordHashed(context.Context, string) (string, error) {
	return "", room.ErrNotFound
}

func (a accounts) Session(context.Context, room.TokenHash) (room.Session, error) {
	return room.Session{}, room.ErrSessionEnded
}

func (a accounts) BoundSessions(context.Context) ([]room.Session, error) { return nil, nil }

func (a accounts) Sessions(context.Context, string) ([]room.Session, error) { return nil, nil }

func (a accounts) NewestSessions(context.Context, int) ([]room.Session, error) { return nil, nil }

func (a accounts) Factors(context.Context, string) (room.Factors, error) { return room.Factors{}, nil }

func (a accounts) ToolToken(context.Context, room.TokenHash) (room.ToolToken, error) {
	return room.ToolToken{}, room.ErrTokenUnknown
}

func (a accounts) ToolTokens(context.Context, string) ([]room.ToolToken, error) { return nil, nil }

func (a accounts) RecoveryCode(context.Context, string, room.TokenHash) (bool, error) {
	return false, nil
}

func (a accounts) Passkey(context.Context, []byte) (room.PasskeyInfo, error) {
	return room.PasskeyInfo{}, room.ErrNotFound
}

func (a accounts) Identity(context.Context, string, string) (string, error) {
	return "", room.ErrNotFound
}

// counting runs a test of a Desk that only fails, on synctest's clock.
func counting(t *testing.T, test func(t *testing.T, d *Desk, n *notebook, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		n := new(notebook)
		users := []room.User{{Name: "anna", Active: true}, {Name: "bert", Active: true}}
		d := New(Config{Store: accounts{room.NewState(users, nil, nil, nil)}, Journal: n})
		d.derive = func(string, []byte, parameters) []byte { return make([]byte, keyLength) }
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error)
		go func() { ran <- d.Run(ctx) }()
		stop := sync.OnceFunc(func() {
			cancel()
			if err := <-ran; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		test(t, d, n, stop)
		stop()
	})
}

func fail(t *testing.T, d *Desk, name, from string) {
	t.Helper()
	if err := d.Password(t.Context(), name, "a guess, and wrong", netip.MustParseAddr(from)); err == nil {
		t.Errorf("%s is signed in", name)
	}
}

func TestFailedSignInsAreARowAnAccountAddressAndMinute(t *testing.T) {
	counting(t, func(t *testing.T, d *Desk, n *notebook, stop func()) {
		began := time.Now()
		for range 5 {
			fail(t, d, "anna", "192.0.2.1")
		}
		fail(t, d, "anna", "192.0.2.2")
		fail(t, d, "bert", "::ffff:192.0.2.1")
		fail(t, d, "hunter2-hunter2", "192.0.2.1") // a password, in the wrong field
		fail(t, d, "nobody", "192.0.2.1")
		time.Sleep(59 * time.Second)
		n.expect(t, began)
		time.Sleep(2 * time.Second)
		fail(t, d, "anna", "192.0.2.1")
		synctest.Wait()
		n.expect(t, began, "0  192.0.2.1 2", "0 anna 192.0.2.1 5", "0 anna 192.0.2.2 1", "0 bert 192.0.2.1 1")
		time.Sleep(10 * time.Minute)
		n.expect(t, began, "1 anna 192.0.2.1 1")
	})
}

func TestFailedSignInsAreKeptAtTheEnd(t *testing.T) {
	counting(t, func(t *testing.T, d *Desk, n *notebook, stop func()) {
		began := time.Now()
		fail(t, d, "anna", "2001:db8::1")
		stop()
		n.expect(t, began, "0 anna 2001:db8::1 1")
	})
}

// TestTriesThatAreRefusedUnseenCountToo makes more tries than are looked at, the
// last ones each from an address of its own: that costs one row.
func TestTriesThatAreRefusedUnseenCountToo(t *testing.T) {
	counting(t, func(t *testing.T, d *Desk, n *notebook, stop func()) {
		began := time.Now()
		for range 100 {
			fail(t, d, "anna", "2001:db8::1")
		}
		for i := range 1000 {
			fail(t, d, "anna", fmt.Sprintf("2001:db8::1:%x", i+1))
		}
		stop()
		n.expect(t, began, "0 anna  1000", "0 anna 2001:db8::1 100")
	})
}

// TestAFloodOfFailuresIsAFewRows fails from many addresses with many names.
func TestAFloodOfFailuresIsAFewRows(t *testing.T) {
	f := newFailures()
	const minute = int64(60_000)
	for i := range 30_000 {
		f.add(failure{minute, fmt.Sprint("user", i%5000), fmt.Sprint(i)}, false)
	}
	all := f.take(2 * minute)
	if len(all) > 2*maxFailures+1 {
		t.Errorf("%d rows", len(all))
	}
	var sum int64
	for _, c := range all {
		sum += c.count
	}
	if sum != 30_000 {
		t.Errorf("%d of 30000 are counted", sum)
	}
}

func TestFailedSignInsAreBounded(t *testing.T) {
	f := newFailures()
	const minute = int64(60_000)
	for i := range 25_000 {
		f.add(failure{minute, []string{"anna", "bert"}[i%2], fmt.Sprint(i / 2)}, false)
	}
	f.add(failure{minute, "anna", "0"}, false)
	f.add(failure{2 * minute, "anna", "x"}, false)
	all := f.take(2 * minute)
	if len(all) != maxFailures+2 {
		t.Errorf("%d rows, want %d", len(all), maxFailures+2)
	}
	var sum int64
	for _, c := range all {
		sum += c.count
	}
	if first := all[0]; sum != 25_001 || first.address != "" || first.count != (25_000-maxFailures)/2 || all[1].count != 2 {
		t.Errorf("%d tries, of which %+v, %+v", sum, first, all[1])
	}
	if all := f.take(3 * minute); len(all) != 1 || len(f.counts)+len(f.kinds) != 0 {
		t.Errorf("afterwards: %+v; %d and %d are left", all, len(f.counts), len(f.kinds))
	}
}
