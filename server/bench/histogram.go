package bench

import (
	"math"
	"math/bits"
	"time"
)

// A histogram counts durations in buckets, each 1/64 as wide as its value: in
// whole microseconds up to 64 of them, then 64 buckets for every power of two,
// up to an hour and more. The mistake of a quantile is below 1.6%. It belongs
// to one goroutine. Its zero value is empty.
type histogram struct {
	counts [64 * (maxPower - 4)]uint64
	n      uint64
	max    time.Duration
}

// maxPower is the power of two above which durations are not told apart, 2^33
// microseconds.
const maxPower = 33

func (h *histogram) record(d time.Duration) {
	h.max = max(h.max, d)
	h.n++
	h.counts[bucket(d)]++
}

// bucket is where a duration is counted.
func bucket(d time.Duration) int {
	v := uint64(max(d, 0) / time.Microsecond)
	if v < 64 {
		return int(v)
	}
	power := bits.Len64(v) - 1 // v is 2^power to 2^(power+1)-1
	if power >= maxPower {
		return len(histogram{}.counts) - 1
	}
	return 64*(power-5) + int(v>>(power-6)) - 64
}

// upper is the largest duration that is counted in bucket i.
func upper(i int) time.Duration {
	if i < 64 {
		return time.Duration(i) * time.Microsecond
	}
	power := i/64 + 5
	v := uint64(i%64+64+1)<<(power-6) - 1
	return time.Duration(v) * time.Microsecond
}

// add counts what o has counted, too.
func (h *histogram) add(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// quantile is the duration that the share q of all, 0 to 1, did not exceed; 0
// where there are none.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	want := min(max(uint64(math.Ceil(q*float64(h.n))), 1), h.n)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= want && i < len(h.counts)-1 {
			return min(upper(i), h.max)
		}
	}
	return h.max
}

// Latency is how long things took, in milliseconds; all 0 where there was
// none.
type Latency struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

func (h *histogram) latency() Latency {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Latency{P50: ms(h.quantile(0.5)), P99: ms(h.quantile(0.99)), P999: ms(h.quantile(0.999)), Max: ms(h.max)}
}
