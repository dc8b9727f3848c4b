package hub

import (
	"container/heap"
	"maps"
	"slices"
	"time"
)

// signIn is one by which sessions attend.
type signIn struct {
	id       string
	watchers map[*Watcher]struct{}
	ends     func() time.Time
	look     time.Time // when to look whether it has reached its end
	place    int       // in the line; -1: in none
}

// signIns are those of all who attend. Each waits in the line, a heap, until it
// may have reached its end. One that was used meanwhile ends later: it is put
// back then.
type signIns struct {
	byID map[string]*signIn
	line line
}

// enter counts a watcher, and tells when to look at its sign-in.
func (s *signIns) enter(w *Watcher) {
	of := s.byID[w.SignIn]
	if of == nil {
		of = &signIn{id: w.SignIn, watchers: make(map[*Watcher]struct{}), place: -1}
		s.byID[of.id] = of
	}
	of.watchers[w] = struct{}{}
	of.ends = w.Ends
	of.look = of.ends()
	if of.place < 0 {
		heap.Push(&s.line, of)
	} else {
		heap.Fix(&s.line, of.place)
	}
}

func (s *signIns) leave(w *Watcher) {
	of := s.byID[w.SignIn]
	if of == nil {
		return
	}
	delete(of.watchers, w)
	if len(of.watchers) > 0 {
		return
	}
	delete(s.byID, of.id)
	if of.place >= 0 {
		heap.Remove(&s.line, of.place)
	}
}

// end ends a sign-in's sessions.
func (s *signIns) end(id string) {
	if of := s.byID[id]; of != nil {
		for w := range of.watchers {
			w.OnEnd()
		}
	}
}

// ruled has all of them end by other rules.
func (s *signIns) ruled() {
	for _, of := range s.line {
		of.look = of.ends()
	}
	heap.Init(&s.line)
}

// due ends those that have reached their end, and tells when to look again;
// zero: never.
func (s *signIns) due(now time.Time) (next time.Time) {
	for len(s.line) > 0 {
		first := s.line[0]
		if first.look.After(now) {
			return first.look
		}
		first.look = first.ends()
		if first.look.After(now) {
			heap.Fix(&s.line, 0)
			continue
		}
		heap.Pop(&s.line)
		s.end(first.id)
	}
	return time.Time{}
}

// line is a heap of sign-ins, by when to look at them.
type line []*signIn

func (l line) Len() int           { return len(l) }
func (l line) Less(i, j int) bool { return l[i].look.Before(l[j].look) }

func (l line) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = i, j
}

func (l *line) Push(one any) {
	of := one.(*signIn)
	of.place = len(*l)
	*l = append(*l, of)
}

func (l *line) Pop() any {
	last := len(*l) - 1
	of := (*l)[last]
	of.place = -1
	(*l)[last] = nil
	*l = (*l)[:last]
	return of
}

// Transports are those of the sessions that attend by a sign-in, each once, in
// order.
func (h *Hub) Transports(signIn string) []string {
	h.lobby.mu.Lock()
	defer h.lobby.mu.Unlock()
	of := h.lobby.signIns.byID[signIn]
	if of == nil {
		return nil
	}
	names := make(map[string]struct{})
	for w := range of.watchers {
		names[w.Transport] = struct{}{}
	}
	return slices.Sorted(maps.Keys(names))
}
