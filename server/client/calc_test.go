package client_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"redroom/server/client"
)

func TestTimeoutsDoubleUpToTheirCeiling(t *testing.T) {
	for _, c := range []struct {
		first, ceiling time.Duration
		want           []time.Duration
	}{
		{2, 2, []time.Duration{2}},
		{2, 3, []time.Duration{2, 3}},
		{1, 8, []time.Duration{1, 2, 4, 8}},
		{1, 9, []time.Duration{1, 2, 4, 8, 9}},
		{math.MaxInt64/2 + 1, math.MaxInt64, []time.Duration{math.MaxInt64/2 + 1, math.MaxInt64}},
	} {
		if got := slices.Collect(client.Doubling(c.first, c.ceiling)); !slices.Equal(got, c.want) {
			t.Errorf("from %d to %d they are %v, want %v", c.first, c.ceiling, got, c.want)
		}
	}
}
