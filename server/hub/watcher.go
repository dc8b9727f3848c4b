package hub

import (
	"sync"

	"redroom/server/room"
)

// Watcher is one signed-in session's view of everything but messages. What
// changes is collected as a set, so that a slow session costs no memory and
// misses no state.
type Watcher struct {
	room.Attendance
	hub *Hub

	wake chan struct{} // one slot

	mu      sync.Mutex
	stale   func()
	started bool
	pending room.Changes
}

// Watch lets a session attend: its user counts as online. Changes come only after
// Start.
func (h *Hub) Watch(a room.Attendance) *Watcher {
	w := &Watcher{hub: h, Attendance: a, wake: make(chan struct{}, 1)}
	h.lobby.enter(w)
	return w
}

// Close ends it.
func (w *Watcher) Close() { w.hub.lobby.leave(w) }

// Start begins with the changes: all that happen from now on are told. It is
// false if they had begun.
func (w *Watcher) Start() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started {
		return false
	}
	w.started = true
	return true
}

// WhenStale has tell called when somebody's rights may have changed, so that what
// is being written should be looked at again. It is called by whoever publishes,
// after the change was noted, and must not block.
func (w *Watcher) WhenStale(tell func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale = tell
}

func (w *Watcher) isStale() {
	w.mu.Lock()
	tell := w.stale
	w.mu.Unlock()
	if tell != nil {
		tell()
	}
}

// Wake has a value when Take would give something.
func (w *Watcher) Wake() <-chan struct{} { return w.wake }

// Take gives what has changed and begins anew.
func (w *Watcher) Take() room.Changes {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.pending
	w.pending = room.Changes{}
	return c
}

// reads tells whether who watches may know of a topic.
func (w *Watcher) reads(state *room.State, topic string) bool {
	_, ok := w.As.In(state).ReadsFrom(w.As.Name(), topic)
	return ok
}

func (w *Watcher) deal(id string) {
	w.note(func(c *room.Changes) { put(&c.Deals, id, struct{}{}) })
}

func (w *Watcher) presence(name string) {
	w.note(func(c *room.Changes) { put(&c.Presence, name, struct{}{}) })
}

func (w *Watcher) types(t room.Typing) {
	w.note(func(c *room.Changes) { put(&c.Typing, t, struct{}{}) })
}

// topic notes new messages; read is the read mark if it has moved, else 0.
func (w *Watcher) topic(id string, read int64) {
	w.note(func(c *room.Changes) { put(&c.Topics, id, max(read, c.Topics[id])) })
}

func (w *Watcher) note(change func(*room.Changes)) {
	w.mu.Lock()
	started := w.started
	if started {
		change(&w.pending)
	}
	w.mu.Unlock()
	if started {
		w.poke()
	}
}

func put[K comparable, V any](m *map[K]V, key K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = v
}

func (w *Watcher) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
