package client

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// ear is a channel's reading side that knows how long nothing was heard.
type ear struct {
	from  io.Reader
	began time.Time
	since atomic.Int64  // when the Read under way began, after began; -1: none is
	times atomic.Uint64 // how often something was heard
}

func newEar(from io.Reader) *ear {
	e := &ear{from: from, began: time.Now()}
	e.since.Store(-1)
	return e
}

func (e *ear) Read(p []byte) (int, error) {
	e.since.Store(int64(time.Since(e.began)))
	n, err := e.from.Read(p)
	e.times.Add(1)
	e.since.Store(-1)
	return n, err
}

// quiet is for how long somebody has been listening in vain. Who is busy with
// what was heard does not listen.
func (e *ear) quiet() time.Duration {
	since := e.since.Load()
	if since < 0 {
		return 0
	}
	return time.Since(e.began) - time.Duration(since)
}

// keepalive finds out whether the other side is still there.
type keepalive struct {
	askAfter     time.Duration // of silence
	answerWithin time.Duration
}

// late is by how much a timer may come late; beyond, the computer was busy or
// asleep, and what was to be heard may still lie there.
const late = time.Second

// watch calls ask after silence, and after each doubt, and returns true when
// nothing was heard after that either; false when ctx is over.
func (k keepalive) watch(ctx context.Context, e *ear, ask func(), doubts <-chan struct{}) (dead bool) {
	var (
		asked time.Time // the zero time: there is no question that waits
		heard uint64    // before that
		doubt bool
		due   = time.Now().Add(k.askAfter)
		timer = time.NewTimer(k.askAfter)
	)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-doubts:
			doubt = true
		case <-timer.C:
		}
		quiet := e.quiet()
		if quiet == 0 || e.times.Load() != heard {
			asked = time.Time{}
		}
		wait := k.askAfter - quiet
		if !asked.IsZero() {
			wait = k.answerWithin - time.Since(asked)
			if wait <= 0 && time.Since(due) <= late {
				return true
			}
		}
		if wait <= 0 || doubt && asked.IsZero() {
			asked, heard = time.Now(), e.times.Load()
			ask()
			wait = min(k.askAfter, k.answerWithin) // an answer that came is seen then
		}
		doubt = false
		due = time.Now().Add(wait)
		timer.Reset(wait)
	}
}
