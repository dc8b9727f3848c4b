package load

import "time"

// Rate is so many a second in the long run, and so many at once after a pause.
// The zero Rate is no limit.
type Rate struct {
	PerSecond float64
	Burst     float64
}

func (r Rate) times(n float64) Rate { return Rate{r.PerSecond * n, r.Burst * n} }

// lasts is how long n take at the rate. It is rounded down, lest the parts of a
// burst be more than the burst; more than a year is a year.
func (r Rate) lasts(n float64) time.Duration {
	return time.Duration(min(n/r.PerSecond*float64(time.Second), float64(year)))
}

const year = 365 * 24 * time.Hour

// meter is the time that what was taken reaches to: each moves it forward by
// what it lasts, and it is over the limit where it would lie more than a burst
// ahead (the generic cell rate algorithm).
type meter struct{ until time.Time }

// wait is how long it is until n more have room. More than a burst have room
// when nothing is taken.
func (m *meter) wait(r Rate, n float64, now time.Time) time.Duration {
	if r.PerSecond == 0 {
		return 0
	}
	ahead := max(0, m.until.Sub(now))
	return max(0, ahead+r.lasts(min(n, r.Burst))-r.lasts(r.Burst))
}

func (m *meter) add(r Rate, n float64, now time.Time) {
	if r.PerSecond == 0 {
		return
	}
	if m.until.Before(now) {
		m.until = now
	}
	m.until = m.until.Add(r.lasts(n))
}

// How long at most it takes until what is paced has room again. Whoever waits as
// he should doesn't owe so much; what those owe who were not waited for, or have
// left, is forgotten, for an address sooner, since others wait for it.
const (
	mostOwed        = time.Minute
	mostAddressOwes = 5 * time.Second
)

// owe is add for what is paced: it was taken, whether there is room or not.
func (m *meter) owe(r Rate, n float64, now time.Time, atMost time.Duration) {
	if r.PerSecond == 0 {
		return
	}
	m.add(r, n, now)
	if most := now.Add(r.lasts(r.Burst) + atMost); m.until.After(most) {
		m.until = most
	}
}
