package server_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// timing has the answers' times compared, which needs a quiet machine:
//
//	go test ./server -run TestWallInTime -timing -timeout 60m
var timing = flag.Bool("timing", false, "compare the times of answers at a wall")

// What two medians may differ by: either of these, since what is less can't be
// told from what else goes on.
const (
	samePart = 0.02
	sameTime = 20 * time.Microsecond
	trials   = 3 // of which one has to agree
)

// TestWallInTime compares how long answers take for what is hidden from whoever
// asks and for what doesn't exist: medians of pairs that are asked in turns.
func TestWallInTime(t *testing.T) {
	if !*timing {
		t.Skip("it takes minutes and a machine that does nothing else: add -timing")
	}
	const pairs = 10_000
	w := newWalls(t)
	endpoints, err := w.Server.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range w.outsiders {
		ask := w.timer(t, o.as.Name)
		for _, e := range endpoints {
			if o.hidden.fill(e) == o.other.fill(e) || !strings.Contains(e, " /api/") { // the page is the same for all
				continue
			}
			method, path, _ := strings.Cut(e, " ")
			body := ""
			if method != "GET" {
				body = "{}"
			}
			compareTimes(t, e+": "+o.what, pairs, func(hidden bool) time.Duration {
				n := o.other
				if hidden {
					n = o.hidden
				}
				return ask(method, n.fill(path), body)
			})
		}
		s := w.Enter(t, o.as)
		if o.hidden.topic == o.other.topic {
			continue
		}
		compareTimes(t, "JOIN: "+o.what, pairs, func(hidden bool) time.Duration {
			n := o.other
			if hidden {
				n = o.hidden
			}
			c := s.Channel(t)
			began := time.Now()
			c.Say(t, n.fill("JOIN 0 {topic} 0\n"))
			c.Expect(t, "ERR 404 "+n.topic)
			took := time.Since(began)
			c.Finish(t)
			return took
		})
	}
}

// compareTimes asks in turns, which of a pair comes first by turns too.
func compareTimes(t *testing.T, what string, pairs int, ask func(hidden bool) time.Duration) {
	t.Helper()
	for trial := 1; ; trial++ {
		hidden, other := medians(pairs, ask)
		told := fmt.Sprintf("%s: %v for what is hidden, %v for what doesn't exist", what, hidden, other)
		if alike(hidden, other) {
			t.Log(told)
			return
		}
		if trial == trials {
			t.Error(told)
			return
		}
		t.Logf("once more: %s", told)
	}
}

func medians(pairs int, ask func(hidden bool) time.Duration) (hidden, other time.Duration) {
	took := make(map[bool][]time.Duration)
	for i := range pairs {
		for _, hidden := range []bool{i%2 == 0, i%2 != 0} {
			took[hidden] = append(took[hidden], ask(hidden))
		}
	}
	return middle(took[true]), middle(took[false])
}

// alike tells whether two medians tell nothing.
func alike(a, b time.Duration) bool {
	apart := (a - b).Abs()
	return apart < sameTime || float64(apart) < samePart*float64(b)
}

// TestTimesThatDifferAreTold is of the measure itself.
func TestTimesThatDifferAreTold(t *testing.T) {
	for _, c := range []struct {
		hidden, other time.Duration
		alike         bool
	}{
		{100 * time.Microsecond, 119 * time.Microsecond, true},
		{100 * time.Microsecond, 121 * time.Microsecond, false},
		{10 * time.Millisecond, 10*time.Millisecond + 199*time.Microsecond, true},
		{10*time.Millisecond + 201*time.Microsecond, 10 * time.Millisecond, false},
	} {
		hidden, other := medians(100, func(hidden bool) time.Duration {
			if hidden {
				return c.hidden
			}
			return c.other
		})
		if got := alike(hidden, other); got != c.alike {
			t.Errorf("%v and %v are alike: %t", hidden, other, got)
		}
	}
}

func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// timer asks as somebody and tells how long the answer took.
func (w *walls) timer(t *testing.T, name string) func(method, path, body string) time.Duration {
	t.Helper()
	client := w.SignIn(t, name).HTTP
	return func(method, path, body string) time.Duration {
		r, err := http.NewRequestWithContext(t.Context(), method, w.Plain+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		a, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		_, err = io.Copy(io.Discard, a.Body)
		took := time.Since(began)
		a.Body.Close()
		if err != nil || a.StatusCode < 400 {
			t.Fatalf("%s %s: %s, %v", method, path, a.Status, err)
		}
		return took
	}
}
