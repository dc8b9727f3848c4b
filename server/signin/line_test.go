package signin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
)

// busy is a line whose only core is in use, and in which these wait, in order.
func busy(t *testing.T, places ...place) (l *line, turns chan int) {
	l = newLine(1)
	if err := l.wait(t.Context(), place{key: "first"}); err != nil {
		t.Fatal(err)
	}
	turns = make(chan int, len(places))
	for i, at := range places {
		go func() {
			if l.wait(t.Context(), at) != nil {
				turns <- -1
				return
			}
			turns <- i
		}()
		synctest.Wait()
	}
	return l, turns
}

func TestWhoIsFamiliarGoesFirstAndNetworksTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := place{key: "192.0.2.0/24"}, place{key: "198.51.100.0/24"}
		anna, bert := place{true, "anna"}, place{true, "bert"}
		l, turns := busy(t, a, a, a, b, anna, anna, bert)
		for _, want := range []int{4, 6, 5, 0, 3, 1, 2} {
			l.leave(place{}, 0)
			if got := <-turns; got != want {
				t.Errorf("the turn of %d, want %d", got, want)
			}
		}
		l.leave(place{}, 0)
		if l.free != 1 || len(l.strangers.of)+len(l.familiar.of) != 0 {
			t.Errorf("left is %+v", l)
		}
	})
}

func TestStrangersGetEveryFourthTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, turns := busy(t, place{key: "x"}, place{true, "a"}, place{true, "b"}, place{true, "c"}, place{true, "d"}, place{true, "e"})
		var got []int
		for range 6 {
			l.leave(place{}, 0)
			got = append(got, <-turns)
		}
		if fmt.Sprint(got) != "[1 2 3 0 4 5]" {
			t.Errorf("the turns are %v", got)
		}
	})
}

// TestStrangersRestWhenTheyHaveHadTheirShare has more strangers come than there is
// time for. In the long run they have a quarter of the cores, whoever is familiar
// doesn't wait for them, and who comes later finds it as if nobody had been there.
func TestStrangersRestWhenTheyHaveHadTheirShare(t *testing.T) {
	const hash, long = 25 * time.Millisecond, time.Minute
	for _, cores := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			l := newLine(cores)
			work := func(at place) bool {
				if l.wait(t.Context(), at) != nil {
					return false
				}
				time.Sleep(hash)
				l.leave(at, hash)
				return true
			}
			var worked atomic.Int64
			var all sync.WaitGroup
			began := time.Now()
			for i := range 4 * cores {
				all.Go(func() {
					for time.Since(began) < long {
						if work(place{key: fmt.Sprint(i)}) {
							worked.Add(int64(hash))
						}
					}
				})
			}
			time.Sleep(long / 2)
			came := time.Now()
			for range 100 {
				work(place{true, "anna"})
			}
			if took := time.Since(came); took > 200*hash {
				t.Errorf("of %d cores: a hundred of somebody familiar took %v", cores, took)
			}
			all.Wait()
			last := 5 * strangersShare * hash // of those who still waited
			share := time.Duration(worked.Load()) * strangersShare / time.Duration(cores)
			if share > long+strangersAhead+last || share < long*9/10 {
				t.Errorf("of %d cores: strangers have worked %v of %v", cores, time.Duration(worked.Load()), long)
			}

			time.Sleep(long)
			came = time.Now()
			for range 10 {
				work(place{key: "x"})
			}
			if took := time.Since(came); took > 10*hash {
				t.Errorf("of %d cores: ten strangers took %v afterwards", cores, took)
			}
			if l.free != cores {
				t.Errorf("left is %+v", l)
			}
		})
	}
}

func TestAFullLineTurnsAwayThoseOfWhomThereAreMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []place
		for range maxStrangers {
			all = append(all, place{key: "flood"})
		}
		l, turns := busy(t, append(all, place{key: "flood"}, place{key: "a stranger"})...)
		for range 2 {
			if got := <-turns; got != -1 {
				t.Errorf("the turn of %d", got)
			}
		}
		l.leave(place{}, 0)
		one := <-turns
		l.leave(place{}, 0)
		two := <-turns
		if one != 0 || two != maxStrangers+1 {
			t.Errorf("the turns of %d and %d", one, two)
		}
		if l.strangers.count != maxStrangers-2 {
			t.Errorf("%d wait", l.strangers.count)
		}
		for range maxStrangers - 2 {
			l.leave(place{}, 0)
			<-turns
		}
	})
}

func TestWhoGoesAwayLeavesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := busy(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.wait(ctx, place{key: "x"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		l.leave(place{}, 0)
		if l.free != 1 || l.strangers.count != 0 {
			t.Errorf("left is %+v", l)
		}
	})
}

// TestTheOwnerGetsInThroughAFlood has 500 guesses a second come from as many
// networks, while a password takes 25 ms and one core. Who is at home gets in
// soon; whoever comes from elsewhere gets in after some tries.
func TestTheOwnerGetsInThroughAFlood(t *testing.T) {
	d := newDesk(t).cheaply()
	d.open("anna") // from home; the Desk itself has no memory of it
	synctest.Test(t, func(t *testing.T) {
		d := New(Config{Store: d.store, Journal: new(notebook)})
		d.recall(t.Context())
		d.line = newLine(1)
		d.derive = func(password string, salt []byte, p parameters) []byte {
			time.Sleep(25 * time.Millisecond)
			key := make([]byte, keyLength)
			copy(key, password)
			return key
		}
		ctx, stop := context.WithCancel(t.Context())
		var guesses atomic.Int64
		var all sync.WaitGroup
		all.Go(func() {
			for i := uint32(0); ctx.Err() == nil; i++ {
				all.Go(func() {
					n := i * 2654435761
					from := netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
					d.Password(ctx, fmt.Sprint("user", i%997), badPassword, from)
					guesses.Add(1)
				})
				time.Sleep(2 * time.Millisecond)
			}
		})
		time.Sleep(20 * time.Second)

		began := time.Now()
		if err := d.Password(t.Context(), "anna", goodPassword, home); err != nil {
			t.Errorf("from home: %v", err)
		}
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("from home it took %v", took)
		}
		began, tries := time.Now(), 0
		for elsewhere := netip.MustParseAddr("203.0.113.9"); ; tries++ {
			err := d.Password(t.Context(), "anna", goodPassword, elsewhere)
			if err == nil {
				break
			}
			if !errors.Is(err, room.ErrCrowded) || tries > 1000 {
				t.Fatalf("from elsewhere: %v", err)
			}
			time.Sleep(time.Second)
		}
		t.Logf("from elsewhere it took %v, %d tries", time.Since(began), tries+1)
		stop()
		all.Wait()
		if n := guesses.Load(); n < 9000 {
			t.Errorf("there were %d guesses", n)
		}
		if d.line.free != 1 || d.line.strangers.count != 0 {
			t.Errorf("left in line: %+v", d.line)
		}
	})
}
