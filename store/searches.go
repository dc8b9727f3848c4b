package store

import (
	"context"
	"errors"
	"sync"
)

// searches are those that run. They may take seconds, and what they see is in the
// write-ahead log meanwhile: when that is to be cut, they make way, and begin again
// with what there is then.
type searches struct {
	mu      sync.Mutex
	running map[*int]context.CancelCauseFunc
	halted  chan struct{} // closed when they may go on; nil: they may
}

var errMadeWay = errors.New("words were removed meanwhile")

// run does a search, from the beginning as often as it has to make way.
func (r *searches) run(ctx context.Context, search func(context.Context) error) error {
	for {
		running, end, err := r.begin(ctx)
		if err != nil {
			return err
		}
		err = search(running)
		madeWay := errors.Is(context.Cause(running), errMadeWay)
		end()
		if !madeWay || ctx.Err() != nil {
			return err
		}
	}
}

// begin waits until searches may run.
func (r *searches) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	for {
		r.mu.Lock()
		halted := r.halted
		if halted == nil {
			break
		}
		r.mu.Unlock()
		select {
		case <-halted:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	defer r.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	key := new(int)
	if r.running == nil {
		r.running = make(map[*int]context.CancelCauseFunc)
	}
	r.running[key] = cancel
	return ctx, func() {
		cancel(nil)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.running, key)
	}, nil
}

// halt interrupts those that run, and lets none begin until resume is called. It
// is for one at a time, and doesn't wait for them to end.
func (r *searches) halt() (resume func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halted = make(chan struct{})
	for _, cancel := range r.running {
		cancel(errMadeWay)
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		close(r.halted)
		r.halted = nil
	}
}
