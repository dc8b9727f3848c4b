package bench

import (
	"testing"
	"time"
)

func TestQuantilesAreWithinTwoPercent(t *testing.T) {
	const ms = time.Millisecond
	upTo := func(n int, unit time.Duration) (all []time.Duration) {
		for i := range n {
			all = append(all, time.Duration(i+1)*unit)
		}
		return all
	}
	for _, c := range []struct {
		name   string
		values []time.Duration
		q      float64
		want   time.Duration
	}{
		{"of nothing", nil, 0.5, 0},
		{"of one, the least", []time.Duration{7 * ms}, 0, 7 * ms},
		{"of one, the largest", []time.Duration{7 * ms}, 1, 7 * ms},
		{"of two, the median is the smaller", []time.Duration{ms, 9 * ms}, 0.5, ms},
		{"the median of a hundred", upTo(100, ms), 0.5, 50 * ms},
		{"99% of a hundred", upTo(100, ms), 0.99, 99 * ms},
		{"99.9% of a hundred is the largest", upTo(100, ms), 0.999, 100 * ms},
		{"99.9% of ten thousand", upTo(10_000, time.Microsecond), 0.999, 9990 * time.Microsecond},
		{"microseconds", upTo(60, time.Microsecond), 0.5, 30 * time.Microsecond},
		{"below a microsecond", []time.Duration{10, 20, 30}, 0.5, 0},
		{"before it began", []time.Duration{-ms}, 0.5, 0},
		{"half an hour", []time.Duration{30 * time.Minute}, 0.5, 30 * time.Minute},
		{"longer than is told apart", []time.Duration{100 * time.Hour}, 0.5, 100 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h histogram
			for _, v := range c.values {
				h.record(v)
			}
			got := h.quantile(c.q)
			if diff := (got - c.want).Abs(); diff > c.want/50 {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestEveryDurationIsInTheBucketThatEndsWithItOrAfter(t *testing.T) {
	last := -1
	for v := time.Duration(0); v < 2*time.Hour; v += 1 + v/100 {
		i := bucket(v)
		if i < last {
			t.Fatalf("%v is in bucket %d, and something shorter in %d", v, i, last)
		}
		last = i
		if us := v.Truncate(time.Microsecond); upper(i) < us || upper(i) > us+us/63 {
			t.Fatalf("%v is in bucket %d, which ends with %v", v, i, upper(i))
		}
		if i > 0 && upper(i-1) >= v {
			t.Fatalf("%v is in bucket %d, and the one before ends with %v", v, i, upper(i-1))
		}
	}
}

func TestHistogramsAddUp(t *testing.T) {
	var all, a, b histogram
	for i := range 1000 {
		v := time.Duration(i*i) * time.Microsecond
		all.record(v)
		[]*histogram{&a, &b}[i%2].record(v)
	}
	a.add(&b)
	if a != all {
		t.Error("two halves are not the whole")
	}
}
