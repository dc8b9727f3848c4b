package server_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/servertest"
)

// household is a machine, to which one bad thing happens at a time.
type household struct {
	*servertest.Machine
	name string
	bad  bool
}

// event is what is to be done at some time.
type event struct {
	at time.Time
	do func()
}

// in has something done after a while, between least and most.
func (x *torture) in(least, most time.Duration, do func()) {
	at := time.Now().Add(least + time.Duration(x.chance.Int64N(int64(most-least))))
	i, _ := slices.BinarySearchFunc(x.later, at, func(e event, at time.Time) int { return e.at.Compare(at) })
	x.later = slices.Insert(x.later, i, event{at, do})
}

// suffer has bad things happen for a while, and then mends them all.
func (x *torture) suffer() {
	until := time.Now().Add(lasting(10*time.Second, 10*time.Second, time.Minute, 10*time.Minute))
	x.Server().DropSome(tortureLoss)
	x.in(0, time.Second, x.fault)
	for _, v := range x.surfers {
		go v.visit()
	}
	calm := sync.OnceFunc(func() {
		close(x.stop)
		for _, v := range x.surfers {
			<-v.ended
		}
	})
	x.t.Cleanup(calm)
	for time.Now().Before(until) && !x.t.Failed() {
		next := x.later[0]
		<-time.After(time.Until(next.at))
		x.later = x.later[1:]
		next.do()
	}
	x.well = true
	for len(x.later) > 0 {
		next := x.later[0]
		x.later = x.later[1:]
		next.do()
	}
	x.Server().PassAll()
	x.journal.note("all is well again")
	calm()
	if x.t.Failed() {
		x.t.FailNow()
	}
}

// fault has something bad happen, and then the next thing.
func (x *torture) fault() {
	if x.well {
		return
	}
	switch n := x.chance.IntN(100); {
	case n < 45:
		x.killBot()
	case n < 85:
		x.breakNetwork()
	default:
		x.stopServer()
	}
	x.in(200*time.Millisecond, 1200*time.Millisecond, x.fault)
}

// killBot kills a program, and has it started again a little later.
func (x *torture) killBot() {
	b := x.bots[x.chance.IntN(len(x.bots))]
	if b.killed {
		return
	}
	x.journal.note("the program of %s is killed", b.Name)
	b.kill()
	x.in(0, 3*time.Second, func() {
		x.journal.note("the program of %s starts again", b.Name)
		b.start(x.t)
	})
}

// breakNetwork does something bad to a home's cable, and mends it later.
func (x *torture) breakNetwork() {
	h := x.homes[x.chance.IntN(len(x.homes))]
	if h.bad {
		return
	}
	mend := func(what string, least, most time.Duration, do func()) {
		h.bad = true
		x.in(least, most, func() {
			x.journal.note("%s: %s", h.name, what)
			do()
			h.bad = false
		})
	}
	switch x.chance.IntN(4) {
	case 0:
		x.journal.note("%s: the cable is out", h.name)
		h.Unplug()
		mend("the cable is in", time.Second, 5*time.Second, h.Plug)
	case 1:
		x.journal.note("%s: nothing gets through", h.name)
		h.DropAll()
		mend("everything gets through", time.Second, 6*time.Second, h.PassAll)
	case 2:
		x.journal.note("%s: no UDP", h.name)
		h.DropUDP()
		mend("UDP again", 5*time.Second, 15*time.Second, h.PassAll)
	case 3:
		x.journal.note("%s: another address", h.name)
		h.Renumber()
	}
}

// stopServer ends the server, at times politely, and has it started again a
// little later.
func (x *torture) stopServer() {
	if time.Since(x.opened) < 8*time.Second {
		return
	}
	if x.chance.IntN(2) == 0 {
		x.journal.note("the server is killed")
		x.room.Kill()
	} else {
		x.journal.note("the server is stopped")
		if status := x.room.Stop(x.t); status != 0 {
			x.t.Errorf("the server ended with status %d", status)
		}
		x.journal.note("the server has ended")
	}
	x.opened = time.Now().Add(time.Minute) // there is none to be stopped
	x.in(0, 2*time.Second, func() {
		x.journal.note("the server starts again")
		x.start(x.room.Data)
	})
}

// faults is the journal of what a test did to everybody.
type faults struct {
	t     *testing.T
	began time.Time

	mu    sync.Mutex
	lines []string
}

func newFaults(t *testing.T) *faults {
	f := &faults{t: t, began: time.Now()}
	t.Cleanup(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if t.Failed() {
			t.Logf("what happened when:\n%s", strings.Join(f.lines, "\n"))
		}
	})
	return f
}

// stamp is the time since the beginning.
func (f *faults) stamp() string { return fmt.Sprintf("%7.3f s", time.Since(f.began).Seconds()) }

func (f *faults) note(format string, args ...any) {
	line := f.stamp() + "  " + fmt.Sprintf(format, args...)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, line)
}
