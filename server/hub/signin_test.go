package hub

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"redroom/server/room"
)

// attending is what a test knows of a sign-in by which sessions attend.
type attending struct {
	ends     time.Time
	watchers map[*Watcher]int // how often each was told that it is over
	told     bool             // that it has reached its end
}

// TestEachSignInEndsOnceAtItsEnd has sign-ins come, go, be used, and be ruled
// otherwise, at random, and looks at what is due against a list of all.
func TestEachSignInEndsOnceAtItsEnd(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	start := time.UnixMilli(1767225600000)
	later := func(from time.Time) time.Time { return from.Add(time.Duration(1+chance.IntN(1000)) * time.Second) }

	now, all := start, make(map[string]*attending)
	signIns := signIns{byID: make(map[string]*signIn)}
	for range 20_000 {
		id := fmt.Sprint("s", chance.IntN(40))
		one := all[id]
		switch what := chance.IntN(10); {
		case what < 3 && (one == nil || len(one.watchers) < 4): // somebody comes by it
			if one == nil {
				one = &attending{watchers: make(map[*Watcher]int), told: true}
				all[id] = one
			}
			if one.told {
				one.ends = later(now)
			}
			w := new(Watcher)
			one.watchers[w] = 0
			w.Attendance = room.Attendance{SignIn: id, Ends: func() time.Time { return one.ends }, OnEnd: func() { one.watchers[w]++ }}
			signIns.enter(w)
			one.told = false
		case what < 5 && one != nil: // somebody goes
			for w := range one.watchers {
				signIns.leave(w)
				delete(one.watchers, w)
				break
			}
			if len(one.watchers) == 0 {
				delete(all, id)
			}
		case what < 8 && one != nil && !one.told: // it is used
			one.ends = later(one.ends)
		case what == 8 && chance.IntN(20) == 0: // by other rules all end at other times
			for _, one := range all {
				if !one.told {
					one.ends = later(now)
				}
			}
			signIns.ruled()
		default:
			now = now.Add(time.Duration(1+chance.IntN(30)) * time.Second)
			expectDue(t, &signIns, all, now)
		}
		expectLine(t, &signIns, all)
		if t.Failed() {
			return
		}
	}
}

// expectDue looks for what has reached its end.
func expectDue(t *testing.T, signIns *signIns, all map[string]*attending, now time.Time) {
	t.Helper()
	before := make(map[*Watcher]int)
	for _, one := range all {
		for w, times := range one.watchers {
			before[w] = times
		}
	}
	next := signIns.due(now)
	waiting := false
	for id, one := range all {
		want := 0
		if !one.told && !one.ends.After(now) {
			one.told, want = true, 1
		}
		for w, times := range one.watchers {
			if times-before[w] != want {
				t.Errorf("%s ends at %v: it was told %d times at %v, want %d", id, one.ends, times-before[w], now, want)
			}
		}
		if !one.told {
			waiting = true
			if next.After(one.ends) {
				t.Errorf("%s ends at %v, before the next look at %v", id, one.ends, next)
			}
		}
	}
	if next.IsZero() == waiting || waiting && !next.After(now) {
		t.Errorf("at %v the next look is at %v, and some wait: %t", now, next, waiting)
	}
}

// expectLine looks at the heap itself: everybody knows their place, and nobody is
// before whom they come after.
func expectLine(t *testing.T, signIns *signIns, all map[string]*attending) {
	t.Helper()
	for i, one := range signIns.line {
		if one.place != i {
			t.Errorf("%s is at place %d and thinks that it is at %d", one.id, i, one.place)
		}
		if i > 0 && one.look.Before(signIns.line[(i-1)/2].look) {
			t.Errorf("%s stands behind one that comes later", one.id)
		}
	}
	waiting := 0
	for id, one := range all {
		of := signIns.byID[id]
		if of == nil || len(of.watchers) != len(one.watchers) {
			t.Errorf("%s has other sessions than %d", id, len(one.watchers))
			continue
		}
		if of.place >= 0 {
			waiting++
		} else if !one.told {
			t.Errorf("%s stands in no line", id)
		}
	}
	if len(signIns.byID) != len(all) || len(signIns.line) != waiting {
		t.Errorf("%d sign-ins, %d in line; want %d, %d", len(signIns.byID), len(signIns.line), len(all), waiting)
	}
}
