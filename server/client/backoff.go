package client

import (
	"context"
	"time"
)

const (
	firstPause = 500 * time.Millisecond
	maxPause   = 8 * time.Second // so that everybody is back within 10 s of a server's return
)

// backoff is how long to wait after so many failures in a row, 0 for the first:
// full jitter, which is 0 to 1, over a span that doubles up to a ceiling.
func backoff(failures int, ceiling time.Duration, jitter func() float64) time.Duration {
	span := firstPause
	for ; failures > 0 && span < ceiling; failures-- {
		span *= 2
	}
	return time.Duration(jitter() * float64(min(span, ceiling)))
}

// pause waits for so long, or until it is cut short, or ctx is over.
func pause(ctx context.Context, d time.Duration, cut <-chan struct{}) (wasCut bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-cut:
		return true
	case <-ctx.Done():
	}
	return false
}
