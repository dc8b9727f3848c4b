package signin

import (
	"context"
	"slices"
	"sync"
	"time"

	"redroom/server/room"
)

const (
	maxStrangers = 60 // in line; more would wait in vain
	maxRegulars  = 400
	strangerTurn = 4 // of so many turns, one is a stranger's while some wait

	// strangersShare is a part of the time of the cores: one in so many. That is
	// what strangers' work may take in the long run. A hash takes 19 MiB, too, and
	// without a rest the garbage collector would have no end of it.
	strangersShare = 4
	// strangersAhead is how far they may be ahead of that, so that who comes when
	// few come doesn't wait; and so far that one address alone, which may fail
	// addressBurst times, doesn't see others wait whom it isn't home to.
	strangersAhead = 5 * time.Second
)

// place is where somebody stands in line: key is whose turns are counted together.
type place struct {
	familiar bool
	key      string
}

// line is who waits for a core. Those who are familiar go before strangers, who
// get every fourth turn, and rest when they have had their share of the cores.
// Within each of the two, keys take turns, and each key's go one after the other.
// Both are bounded: who comes to a full line takes the last place of the key that
// has most, or is turned away.
type line struct {
	cores int

	mu        sync.Mutex
	free      int // cores that nobody uses
	turns     int
	familiar  queue
	strangers queue
	had       time.Time // when strangers will not have had more than their share
	rested    *time.Timer
}

func newLine(cores int) *line {
	return &line{cores: cores, free: cores, familiar: newQueue(maxRegulars), strangers: newQueue(maxStrangers)}
}

// waiter is one in line. Its answer is true if it is its turn, and false if it was
// turned away.
type waiter struct {
	place
	answer chan bool
}

func (l *line) queueOf(at place) *queue {
	if at.familiar {
		return &l.familiar
	}
	return &l.strangers
}

// strangersRest is how long strangers have to wait even if nobody else is there;
// if it isn't more than 0, not at all.
func (l *line) strangersRest() time.Duration { return time.Until(l.had.Add(-strangersAhead)) }

// wait ends with its turn, after which leave is due; or with ctx; or with a
// room.ErrCrowded.
func (l *line) wait(ctx context.Context, at place) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{place: at, answer: make(chan bool, 1)}
	l.mu.Lock()
	l.queueOf(at).join(w)
	l.serve()
	l.mu.Unlock()
	select {
	case turn := <-w.answer:
		if !turn {
			return room.ErrCrowded
		}
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	left := l.queueOf(at).remove(w)
	l.mu.Unlock()
	if !left && <-w.answer { // its turn came at the same moment
		l.leave(at, 0)
	}
	return ctx.Err()
}

// leave gives the core on which somebody has worked so long to whose turn it is.
func (l *line) leave(at place, worked time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !at.familiar {
		if now := time.Now(); l.had.Before(now) {
			l.had = now
		}
		l.had = l.had.Add(worked * strangersShare / time.Duration(l.cores))
	}
	l.turns++
	l.free++
	l.serve()
}

// serve gives the free cores to whose turn it is.
func (l *line) serve() {
	for l.free > 0 {
		w := l.next()
		if w == nil {
			return
		}
		l.free--
		w.answer <- true
	}
}

// next takes out whose turn it is; nil: nobody's. If strangers wait who rest,
// they are served when they have rested.
func (l *line) next() *waiter {
	rest := l.strangersRest()
	if rest <= 0 && l.turns%strangerTurn == 0 {
		if w := l.strangers.next(); w != nil {
			return w
		}
	}
	if w := l.familiar.next(); w != nil {
		return w
	}
	if rest <= 0 {
		return l.strangers.next()
	}
	if l.strangers.count > 0 {
		l.serveAfter(rest)
	}
	return nil
}

func (l *line) serveAfter(rest time.Duration) {
	if l.rested == nil {
		l.rested = time.AfterFunc(rest, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.serve()
		})
		return
	}
	l.rested.Reset(rest)
}

// queue is fair between keys, and bounded.
type queue struct {
	limit, count int
	of           map[string][]*waiter
	order        []string // of keys with waiters; whose turn is next first
}

func newQueue(limit int) queue { return queue{limit: limit, of: make(map[string][]*waiter)} }

// join puts one at the end of its key's, or turns one away.
func (q *queue) join(w *waiter) {
	if q.count >= q.limit {
		most := q.most()
		if len(q.of[most]) <= len(q.of[w.key])+1 {
			w.answer <- false
			return
		}
		last := q.of[most][len(q.of[most])-1]
		q.remove(last)
		last.answer <- false
	}
	if len(q.of[w.key]) == 0 {
		q.order = append(q.order, w.key)
	}
	q.of[w.key] = append(q.of[w.key], w)
	q.count++
}

func (q *queue) most() (key string) {
	for _, k := range q.order {
		if len(q.of[k]) > len(q.of[key]) {
			key = k
		}
	}
	return key
}

// next takes out whose turn it is; nil: nobody waits.
func (q *queue) next() *waiter {
	if len(q.order) == 0 {
		return nil
	}
	key := q.order[0]
	w := q.of[key][0]
	q.remove(w)
	if len(q.of[key]) > 0 { // to the end of the line
		q.order = append(q.order[1:], key)
	}
	return w
}

// remove is false if w doesn't wait any more.
func (q *queue) remove(w *waiter) bool {
	i := slices.Index(q.of[w.key], w)
	if i < 0 {
		return false
	}
	q.count--
	if q.of[w.key] = slices.Delete(q.of[w.key], i, i+1); len(q.of[w.key]) == 0 {
		delete(q.of, w.key)
		q.order = slices.DeleteFunc(q.order, func(k string) bool { return k == w.key })
	}
	return true
}
