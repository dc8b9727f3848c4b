package load

import (
	"fmt"
	"math/rand/v2"
	"time"

	"redroom/server/room"
)

// Refusal is why something is over a limit, and how long to wait.
type Refusal struct {
	Reason *room.Error
	After  time.Duration // whole seconds, one at least
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s (%v)", r.Reason.Text, r.After) }

// Unwrap makes it its reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// RetryAfter is how long to wait.
func (r *Refusal) RetryAfter() time.Duration { return r.After }

// Seconds is RetryAfter in seconds.
func (r *Refusal) Seconds() int64 { return int64(r.After / time.Second) }

// refuse rounds the time to wait up to whole seconds.
func refuse(why *room.Error, wait time.Duration) *Refusal {
	return &Refusal{Reason: why, After: max(time.Second, (wait + time.Second - 1).Truncate(time.Second))}
}

// noPlace spreads those who wait for a place over some seconds.
func noPlace(why *room.Error, upTo int) *Refusal {
	return &Refusal{Reason: why, After: time.Duration(1+rand.IntN(upTo)) * time.Second}
}

// Seconds at most until somebody who found no place tries again.
const (
	placeOfAddress = 3
	placeOfUser    = 8 // his own sessions must end first
)
