package httpd

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
)

// searcher takes turns of a second each until told otherwise, and tells of each.
func searcher(t *testing.T, turns *turns, user string, had func(user string)) {
	done, err := turns.take(t.Context(), user)
	if err != nil {
		t.Error(err)
		return
	}
	had(user)
	time.Sleep(time.Second)
	done()
}

// TestNobodyTakesTheTurnsOfOthers has one user ask a hundred times at once, and
// others once, behind it.
func TestNobodyTakesTheTurnsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns turns
		order := make(chan string, 200)
		ask := func(user string) {
			go searcher(t, &turns, user, func(user string) { order <- user })
			synctest.Wait()
		}
		for range 100 {
			ask("anna")
		}
		if len(order) != 1 {
			t.Errorf("one user has %d turns at a time", len(order))
		}
		for _, user := range []string{"bert", "carl", "dora", "bert"} {
			ask(user)
		}
		if len(order) != maxTurns {
			t.Errorf("there are %d turns at a time", len(order))
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		var had []string
		for len(order) > 0 {
			had = append(had, <-order)
		}
		if len(had) > maxTurns {
			slices.Sort(had[maxTurns:]) // these two begin at the same moment
		}
		if want := []string{"anna", "bert", "carl", "dora"}; !slices.Equal(had, want) {
			t.Errorf("the turns were %q, want %q", had, want)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if a, b := <-order, <-order; a == b || min(a, b) != "anna" || max(a, b) != "bert" {
			t.Errorf("afterwards it was %s's and %s's turn", a, b)
		}
		time.Sleep(200 * time.Second)
		synctest.Wait()
		if turns.taken != 0 || len(turns.line)+len(turns.waiting)+len(turns.has) != 0 {
			t.Errorf("after all there remains %+v", &turns)
		}
	})
}

func TestWhoWaitsForATurnMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns turns
		var ends []func()
		for _, user := range []string{"anna", "bert"} {
			done, err := turns.take(t.Context(), user)
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, done)
		}
		for _, user := range []string{"anna", "carl", "carl"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := turns.take(ctx, user); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s got %v", user, err)
			}
			cancel()
		}
		for _, end := range ends {
			end()
		}
		if turns.taken != 0 || len(turns.line)+len(turns.waiting)+len(turns.has) != 0 {
			t.Errorf("after all there remains %+v", &turns)
		}
	})
}

// TestATurnHasItsTimeFromWhenItCame has both turns taken nearly as long as one may
// wait: what waited still has all of its time, what came later is told to come
// again, and why.
func TestATurnHasItsTimeFromWhenItCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s site
		look := func(user string, takes time.Duration) error {
			c := &call{r: httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), user: &room.User{Name: user}}
			return s.inTurn(c, errSearchTooLong, func(ctx context.Context) error {
				select {
				case <-time.After(takes):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		}
		var ends []func()
		for _, user := range []string{"anna", "bert"} {
			done, err := s.turns.take(t.Context(), user)
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, done)
		}
		go func() {
			time.Sleep(turnWait - time.Second)
			ends[0]()
		}()
		if err := look("carl", turnTime-time.Second); err != nil {
			t.Errorf("what waited long got %v", err)
		}
		if err := look("carl", turnTime+time.Second); !errors.Is(err, errSearchTooLong) {
			t.Errorf("what took too long got %v", err)
		}
		if _, err := s.turns.take(t.Context(), "dora"); err != nil {
			t.Fatal(err)
		}
		if err := look("carl", 0); !errors.Is(err, errNotYourTurn) {
			t.Errorf("what waited too long got %v", err)
		}
	})
}
