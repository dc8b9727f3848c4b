package signin

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"redroom/server/room"
)

const (
	failuresEvery = time.Minute // failed sign-ins become a row each
	// maxFailures are how many accounts and addresses of a minute are told apart.
	// Beyond that the address is not kept, and beyond twice that nor the account.
	maxFailures = 100
)

// Run recalls from where people have signed in. Then it hands on, each time a
// minute is over, the sign-ins that have failed in it, and when ctx ends those that
// there are. After that the provider isn't asked any more.
func (d *Desk) Run(ctx context.Context) error {
	defer d.providers.requests.stop()
	d.recall(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			now := d.now()
			this := now.Truncate(failuresEvery)
			d.keepFailures(this)
			timer.Reset(this.Add(failuresEvery).Sub(now))
		case <-ctx.Done():
			d.keepFailures(d.now().Add(failuresEvery))
			return nil
		}
	}
}

// keepFailures notes what was counted in the minutes that had begun before then.
func (d *Desk) keepFailures(then time.Time) {
	for _, f := range d.failures.take(then.UnixMilli()) {
		d.journal.Keep(room.Noted{
			Stamp:  room.Stamp{At: f.minute, Address: f.address},
			Action: room.ActionSignInFailed,
			User:   f.user,
			Count:  f.count,
		})
	}
}

// failed counts a sign-in that has failed, or that was refused unseen.
func (d *Desk) failed(name string, from netip.Addr, unseen bool) {
	d.failures.add(failure{
		minute:  d.now().Truncate(failuresEvery).UnixMilli(),
		user:    d.account(name),
		address: address(from),
	}, unseen)
}

// failures are the failed sign-ins that the audit trail doesn't have yet.
type failures struct {
	mu     sync.Mutex
	counts map[failure]int64
	kinds  map[int64]int // by minute, how many of the counts are its
}

// failure is what failed sign-ins are counted by.
type failure struct {
	minute  int64  // its beginning, unix-ms
	user    string // "": a name that no account has
	address string
}

type countedFailure struct {
	failure
	count int64
}

func newFailures() *failures {
	return &failures{counts: make(map[failure]int64), kinds: make(map[int64]int)}
}

// add counts one. What was refused unseen costs whoever tries nothing, and so
// makes no row for each address that he may have.
func (f *failures) add(one failure, unseen bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts[one] == 0 && (unseen || f.kinds[one.minute] >= maxFailures) {
		one.address = ""
	}
	if f.counts[one] == 0 && f.kinds[one.minute] >= 2*maxFailures {
		one.user, one.address = "", ""
	}
	if f.counts[one]++; f.counts[one] == 1 {
		f.kinds[one.minute]++
	}
}

// take takes out what was counted in minutes before one, in order.
func (f *failures) take(before int64) (all []countedFailure) {
	f.mu.Lock()
	for one, n := range f.counts {
		if one.minute < before {
			all = append(all, countedFailure{one, n})
		}
	}
	maps.DeleteFunc(f.counts, func(one failure, _ int64) bool { return one.minute < before })
	maps.DeleteFunc(f.kinds, func(minute int64, _ int) bool { return minute < before })
	f.mu.Unlock()
	slices.SortFunc(all, func(a, b countedFailure) int {
		return cmp.Or(cmp.Compare(a.minute, b.minute), cmp.Compare(a.user, b.user), cmp.Compare(a.address, b.address))
	})
	return all
}
