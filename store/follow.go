package store

import (
	"context"
	"fmt"
	"time"
)

const (
	followPause    = 50 * time.Millisecond // between a post and when it is looked for
	followRetry    = time.Second           // after a failure; twice as long after each further one
	followMaxRetry = time.Minute
)

// pace is how much is done at once, while all others who write wait.
type pace struct {
	octets int // of words that come into the index
	pages  int // of the index that are merged
	pause  int // afterwards, in times of what it took
}

// While others write, the writer is theirs most of the time.
var (
	whileBusy = pace{octets: 4 << 10, pages: 16, pause: 9}
	whileIdle = pace{octets: 32 << 10, pages: 128}
)

// Follow keeps the index behind the log until ctx ends, and then returns. One at
// a time may run. What goes wrong, such as a full disk, is told and tried again,
// after pauses that grow. An index that is found damaged, here or by a commit, is
// told too, and made anew.
func (s *Store) Follow(ctx context.Context, failed func(error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	at, retry := &place{}, followRetry
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		case <-timer.C:
		}
		wait, more, err := s.followStep(ctx, at)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failed(err)
			*at = place{}
			timer.Reset(retry)
			retry = min(2*retry, followMaxRetry)
			continue
		}
		retry = followRetry
		if more {
			timer.Reset(wait)
			continue
		}
		// All is done: until there is something new.
		select {
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		case <-s.added:
			timer.Reset(followPause)
		}
	}
}

// wake has Follow look for what there is to do.
func (s *Store) wake() {
	select {
	case s.added <- struct{}{}:
	default: // it will look already
	}
}

// place is how far the index has come, as its follower remembers.
type place struct {
	known   bool
	row     int64 // of messages
	commits int64 // that there were when it came here
	merging bool  // the index may be made smaller
}

// followStep does a part of what is to be done, and tells whether there is more,
// and after what time to go on.
func (s *Store) followStep(ctx context.Context, at *place) (wait time.Duration, more bool, err error) {
	commits := s.commits.Load()
	p := whileIdle
	if commits != at.commits {
		p = whileBusy
	}
	took, more, err := s.step(ctx, at, p)
	at.commits = commits
	return time.Duration(p.pause) * took, more, err
}

// CatchUp brings all that is committed into the index.
func (s *Store) CatchUp(ctx context.Context) error {
	at := &place{}
	for {
		if _, more, err := s.step(ctx, at, whileIdle); err != nil || !more {
			return err
		}
	}
}

// step brings a part of the log into the index, and makes that smaller. It tells
// for how long it kept others from writing, and whether there is more to do.
func (s *Store) step(ctx context.Context, at *place, p pace) (took time.Duration, more bool, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	began := time.Now()
	more, err = s.takeStep(ctx, at, p)
	return time.Since(began), more, err
}

func (s *Store) takeStep(ctx context.Context, at *place, p pace) (more bool, err error) {
	ctx = context.WithoutCancel(ctx)
	select {
	case err := <-s.damaged:
		return false, s.mendIndex(ctx, err)
	default:
	}
	w, err := s.ready(ctx)
	if err != nil {
		return false, fmt.Errorf("store: getting ready to index: %w", err)
	}
	if !at.known {
		if err := w.conn.QueryRowContext(ctx, indexedRowSQL).Scan(&at.row); err != nil {
			return false, fmt.Errorf("store: finding the end of the index: %w", err)
		}
		at.known, at.merging = true, true
	}
	row, merged, err := w.indexStep(ctx, at, p)
	if err != nil {
		s.writer = nil
		w.rollback.ExecContext(ctx) // may be over already; discard sees to it
		w.discard()
		if isDamaged(err) {
			return false, s.mendIndex(ctx, err)
		}
		return false, fmt.Errorf("store: indexing: %w", err)
	}
	if row > 0 {
		at.row, at.merging = row, true
		return true, nil
	}
	at.merging = merged
	return merged, nil
}

// indexStep is one transaction.
func (w *writer) indexStep(ctx context.Context, at *place, p pace) (row int64, merged bool, err error) {
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return 0, false, fmt.Errorf("beginning a transaction: %w", err)
	}
	if row, err = index(ctx, w.conn, at.row, p.octets); err != nil {
		return 0, false, err
	}
	if at.merging {
		if merged, err = w.merge(ctx, p.pages); err != nil {
			return 0, false, err
		}
	}
	if _, err := w.commit.ExecContext(ctx); err != nil {
		return 0, false, fmt.Errorf("committing: %w", err)
	}
	return row, merged, nil
}

// merge makes one of parts of the index, a bit at a time, and tells whether there
// was anything to do (https://www.sqlite.org/fts5.html section 6.8).
func (w *writer) merge(ctx context.Context, pages int) (merged bool, err error) {
	const changesSQL = `SELECT total_changes()`
	var before, after int64
	if err := w.conn.QueryRowContext(ctx, changesSQL).Scan(&before); err != nil {
		return false, fmt.Errorf("counting changes: %w", err)
	}
	if _, err := w.conn.ExecContext(ctx, mergeWordsSQL, pages); err != nil {
		return false, fmt.Errorf("merging: %w", err)
	}
	if err := w.conn.QueryRowContext(ctx, changesSQL).Scan(&after); err != nil {
		return false, fmt.Errorf("counting changes: %w", err)
	}
	return after-before >= 2, nil
}
