package bench

import "testing"

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
	}{
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{3, 1}, Spread{2, 1, 3}},
		{[]float64{5, 1, 3}, Spread{3, 1, 5}},
		{[]float64{4, 1, 3, 2}, Spread{2.5, 1, 4}},
		{[]float64{0.9, 0.7, 0.8, 0.7, 9}, Spread{0.8, 0.7, 9}},
	} {
		if got := spread(c.values); got != c.want {
			t.Errorf("of %v it is %v, want %v", c.values, got, c.want)
		}
	}
}

func TestRatiosAreOfEachRound(t *testing.T) {
	// The second round ran on a machine twice as busy: the ratios are the same.
	round := func(busy float64) Round {
		rows := func(batch int) BatchRows {
			return BatchRows{batch, Rows{1000 / busy, 4000 / busy}, Rows{500 / busy, 3000 / busy}}
		}
		return Round{
			Loop:   &Result{DeliveriesPerCPUSecond: 800 / busy},
			Server: &Result{DeliveriesPerCPUSecond: 600 / busy},
			Posts:  &Result{PostsPerSecond: 250 / busy},
			Rows:   []BatchRows{rows(1), rows(64), rows(256)},
		}
	}
	got := ratios([]Round{round(1), round(2)})
	same := func(x float64) Spread { return Spread{x, x, x} }
	if got.Deliveries != same(0.75) || got.Posts != same(0.25) || len(got.Rows) != 3 {
		t.Errorf("the ratios are %+v", got)
	}
	for i, r := range got.Rows {
		if r.Batch != batchSizes[i] || r.PerSecond != same(0.5) || r.PerCPUSecond != same(0.75) {
			t.Errorf("of rows they are %+v", r)
		}
	}
}

func TestNothingIsDividedByZero(t *testing.T) {
	if got := per(3, 0); got != 0 {
		t.Errorf("3 per nothing is %v", got)
	}
	if got := per(3, 2); got != 1.5 {
		t.Errorf("3 per 2 is %v", got)
	}
}

func TestNumbersAreReadable(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 12345.6: "12,346", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%v is written %q, want %q", n, got, want)
		}
	}
}
