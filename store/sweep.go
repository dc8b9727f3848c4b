package store

import (
	"context"
	"time"
)

const (
	// sweepWait is how long the commit of a redaction waits for readers of what was
	// before: longer than one of ours reads on a machine that stands still for a
	// moment. sweepAgain is how long each later try does, which holds up the commits
	// of others.
	sweepWait  = time.Second
	sweepAgain = 250 * time.Millisecond
	// sweepPause is between tries, when somebody has read for longer; it grows to
	// sweepMaxPause, as each try holds others up.
	sweepPause    = time.Second
	sweepMaxPause = 8 * time.Second
)

// sweep follows a transaction that has removed words: the database has zeros
// in their place by secure_delete, but the write-ahead log still has the pages
// as they were. The log is brought into the database and cut to nothing. If a
// reader is in the way (none of ours is for longer than a page takes: searches make
// way), that is tried again until it is done. The caller holds writing.
func (s *Store) sweep(ctx context.Context) {
	if s.swept(ctx, sweepWait) || s.sweeping {
		return
	}
	s.sweeping = true
	s.sweeper.Go(s.sweepLater)
}

func (s *Store) sweepLater() {
	pause := sweepPause
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-s.closing:
			return // Close cuts the log
		}
		s.writing.Lock()
		done := s.swept(context.Background(), sweepAgain)
		s.sweeping = !done
		s.writing.Unlock()
		if done {
			return
		}
		pause = min(2*pause, sweepMaxPause)
		timer.Reset(pause)
	}
}

// swept tells whether the log could be cut. That it could not, by a full disk
// for instance, takes nothing back from what was committed.
func (s *Store) swept(ctx context.Context, wait time.Duration) bool {
	w, err := s.ready(ctx)
	if err != nil {
		return false
	}
	if err := w.waitFor(ctx, wait); err != nil {
		return false
	}
	resume := s.searches.halt()
	defer resume()
	done, err := w.checkpoint(ctx)
	return w.waitFor(ctx, writerWait) == nil && err == nil && done
}
