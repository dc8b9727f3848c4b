//go:build unix

package main_test

import (
	"math"
	"strings"
	"sync"
	"testing"
)

var calculations = []struct {
	name, request string
	answer        string
}{
	{"a sum", "+,1,1", "200 2\n"},
	{"a difference, which begins as a flag does", "-,1,2", "200 -1\n"},
	{"a product of decimals", "*,1250000,7.5", "200 9375000\n"},
	{"a quotient without an end", "/,2,3", "200 0." + strings.Repeat("6", 29) + "7\n"},
	{"thirty digits", "+," + strings.Repeat("9", 30) + ",1", "200 1" + strings.Repeat("0", 30) + "\n"},
	{"a division by zero", "/,1,0", "300 -1\n"},
	{"an empty line", "", "300 -1\n"},
	{"a number missing", "+,1", "300 -1\n"},
	{"an unknown operation", "^,1,1", "300 -1\n"},
	{"an exponent", "+,1e9,1", "300 -1\n"},
	{"thirty-one digits", "+," + strings.Repeat("9", 31) + ",1", "300 -1\n"},
	{"words", "Grüße, 100 %", "300 -1\n"},
}

// TestCalcPrintsWhatTheServerSays has the server asked for all of it, and after
// that still there.
func TestCalcPrintsWhatTheServerSays(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	for _, way := range [][]string{{}, {"--unreliable", "--timeout", "60s"}} {
		for _, c := range calculations {
			t.Run(strings.Join(append(way, c.name), " "), func(t *testing.T) {
				status := 0
				if !strings.HasPrefix(c.answer, "200 ") {
					status = 1
				}
				r := d.run(t, "", append([]string{"calc", c.request}, way...)...)
				if r.status != status || r.out != c.answer || r.errors != "" {
					t.Errorf("status %d, it printed %q and said %q; want status %d and %q", r.status, r.out, r.errors, status, c.answer)
				}
			})
		}
	}
	for name, request := range map[string]string{"an end of line": "+,1\n,1", "no UTF-8": "+,1,\xff", "more than a header": strings.Repeat("1", 1024)} {
		t.Run(name, func(t *testing.T) { d.run(t, "", "calc", request).expectOneLine(t, 1, "can't be sent") })
	}
	d.run(t, "", "calc", "--json", "+,1,1").prints(t, `{"code":200,"result":"2"}`+"\n")
}

// TestCalcOverALossyPath loses half of the datagrams, and all of them.
func TestCalcOverALossyPath(t *testing.T) {
	t.Parallel()
	half := newWorkbench(t, "--datagram-success", "0.5")
	t.Run("half of the plain tries fail", func(t *testing.T) {
		// Of connections 32 may wait to be accepted; QUIC refuses the others.
		const tries, atOnce = 400, 30
		failed := countFailures(t, tries, atOnce, func() result {
			return half.run(t, "", "calc", "--unreliable", "--timeout", "2s", "+,1,1")
		})
		p := binomial(failed, tries)
		t.Logf("of %d tries %d failed, p = %.3f", tries, failed, p)
		if p <= 0.001 {
			t.Errorf("of %d tries %d failed, which is not half of them: p = %g", tries, failed, p)
		}
	})
	t.Run("backoff gets through", func(t *testing.T) {
		// Of 2^17 runs all tries of one are lost.
		half.run(t, "", "calc", "--unreliable", "--timeout", "1ms", "--expb", "--max-timeout", "60s", "+,1,1").prints(t, "200 2\n")
	})
	t.Run("a channel loses nothing", func(t *testing.T) {
		for range 20 {
			half.run(t, "", "calc", "--timeout", "60s", "+,1,1").prints(t, "200 2\n")
		}
	})
	t.Run("backoff ends at its ceiling", func(t *testing.T) {
		none := newWorkbench(t, "--datagram-success", "0")
		none.run(t, "", "calc", "--unreliable", "--timeout", "10ms", "--expb", "--max-timeout", "80ms", "+,1,1").expectOneLine(t, 1, "no answer", "any of 4 tries", "10ms", "80ms")
		none.run(t, "", "calc", "--unreliable", "--timeout", "10ms", "+,1,1").expectOneLine(t, 1, "no answer came within 10ms")
	})
}

// countFailures counts of so many tries those to which no answer came.
func countFailures(t *testing.T, tries, atOnce int, try func() result) (failed int) {
	t.Helper()
	var counting sync.Mutex
	var running sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for range tries {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			r := try()
			counting.Lock()
			defer counting.Unlock()
			switch {
			case r.status == 1 && strings.Contains(r.errors, "no answer came within 2s"):
				failed++
			case r.status != 0 || r.out != "200 2\n":
				t.Errorf("status %d, it printed %q and said %q", r.status, r.out, r.errors)
			}
		})
	}
	running.Wait()
	return failed
}

// binomial is how likely it is, where half fail, that k of n do, or something that
// is as unlikely.
func binomial(k, n int) (p float64) {
	likely := func(k int) float64 {
		all, _ := math.Lgamma(float64(n + 1))
		some, _ := math.Lgamma(float64(k + 1))
		others, _ := math.Lgamma(float64(n - k + 1))
		return math.Exp(all - some - others - float64(n)*math.Ln2)
	}
	for i := range n + 1 {
		if abs(2*i-n) >= abs(2*k-n) {
			p += likely(i)
		}
	}
	return p
}

func abs(n int) int { return max(n, -n) }
