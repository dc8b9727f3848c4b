package hub

import (
	"sync"
	"time"

	"redroom/server/room"
)

const (
	unreadEvery   = time.Second     // a topic's new messages are told at most so often
	presenceGrace = 3 * time.Second // a session that comes back within it was never away
)

// lobby knows who is here and tells watchers what has changed. Its goroutine
// does what waits for a time: new messages of a topic, at most once a second,
// users that did not come back, and sign-ins that reach their end.
type lobby struct {
	store Store
	stop  chan struct{}
	done  chan struct{}
	kick  chan struct{} // one slot: a time was set

	mu       sync.Mutex
	watchers map[*Watcher]struct{}
	signIns  signIns
	users    map[string]*attendance
	topics   map[string]*freshness
}

// attendance is a user's watchers; without any, the user is online until the
// grace ends.
type attendance struct {
	watchers map[*Watcher]struct{}
	gone     time.Time // when the grace ends; zero while there are watchers
}

// freshness is when a topic's new messages were last told, and whether there
// are some that were not.
type freshness struct {
	told time.Time
	more bool
}

func newLobby(store Store) *lobby {
	l := &lobby{
		store:    store,
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		kick:     make(chan struct{}, 1),
		watchers: make(map[*Watcher]struct{}),
		signIns:  signIns{byID: make(map[string]*signIn)},
		users:    make(map[string]*attendance),
		topics:   make(map[string]*freshness),
	}
	go l.run()
	return l
}

func (l *lobby) close() {
	close(l.stop)
	<-l.done
}

// run does what is due, and sleeps until the next thing is.
func (l *lobby) run() {
	defer close(l.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if next := l.due(time.Now()); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(next))
		}
		select {
		case <-timer.C:
		case <-l.kick:
		case <-l.stop:
			return
		}
	}
}

// due does what is due now, and tells when the next thing will be; zero: never.
func (l *lobby) due(now time.Time) (next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	soonest := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for id, f := range l.topics {
		switch at := f.told.Add(unreadEvery); {
		case now.Before(at):
			soonest(at)
		case f.more:
			l.tellUnread(id)
			f.told, f.more = now, false
			soonest(now.Add(unreadEvery))
		default:
			delete(l.topics, id)
		}
	}
	for name, a := range l.users {
		switch {
		case a.gone.IsZero():
		case now.Before(a.gone):
			soonest(a.gone)
		default:
			delete(l.users, name)
			l.tellPresence(name)
		}
	}
	if end := l.signIns.due(now); !end.IsZero() {
		soonest(end)
	}
	return next
}

// posted notes new messages: the first are told at once, the next when a
// second is over.
func (l *lobby) posted(topic string) {
	l.mu.Lock()
	f := l.topics[topic]
	if f != nil {
		f.more = true
		l.mu.Unlock()
		return
	}
	l.topics[topic] = &freshness{told: time.Now()}
	l.tellUnread(topic)
	l.mu.Unlock()
	l.wakeRun()
}

// read tells a user's sessions that its read mark of a topic has moved.
func (l *lobby) read(user, topic string, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.users[user]; a != nil {
		for w := range a.watchers {
			w.topic(topic, seq)
		}
	}
}

// changed ends the sessions whose sign-in a batch has ended, and tells the others
// which deals it has changed. By other rules sign-ins end at another time.
func (l *lobby) changed(a aftermath) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range a.ended {
		l.signIns.end(id)
	}
	if a.ruled {
		l.signIns.ruled()
		l.wakeRun()
	}
	if len(a.deals) == 0 {
		return
	}
	for w := range l.watchers {
		for deal := range a.deals {
			w.deal(deal)
		}
		w.isStale()
	}
}

func (l *lobby) enter(w *Watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[w] = struct{}{}
	l.signIns.enter(w)
	name := w.As.Name()
	a := l.users[name]
	if a == nil {
		a = &attendance{watchers: make(map[*Watcher]struct{})}
		l.users[name] = a
		l.tellPresence(name)
	}
	a.watchers[w] = struct{}{}
	a.gone = time.Time{}
	l.wakeRun()
}

func (l *lobby) leave(w *Watcher) {
	l.mu.Lock()
	delete(l.watchers, w)
	l.signIns.leave(w)
	if a := l.users[w.As.Name()]; a != nil {
		delete(a.watchers, w)
		if len(a.watchers) == 0 {
			a.gone = time.Now().Add(presenceGrace)
		}
	}
	l.mu.Unlock()
	l.wakeRun()
}

// tellUnread and tellPresence are called with the lock held.
func (l *lobby) tellUnread(topic string) {
	state := l.store.State()
	for w := range l.watchers {
		if w.reads(state, topic) {
			w.topic(topic, 0)
		}
	}
}

func (l *lobby) tellPresence(name string) {
	for w := range l.watchers {
		w.presence(name)
	}
}

// types tells those of the others here who may read the topic.
func (l *lobby) types(t room.Typing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := l.store.State()
	for w := range l.watchers {
		if w.As.Name() != t.User && w.reads(state, t.Topic) {
			w.types(t)
		}
	}
}

func (l *lobby) wakeRun() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// Types tells the others who are here and may read a topic that user is about
// to post there. Nothing of it is kept.
func (h *Hub) Types(user, topic string) { h.lobby.types(room.Typing{User: user, Topic: topic}) }

// TellPresence tells the others who are here that something about a user is
// different, such as whether it can be reached directly.
func (h *Hub) TellPresence(user string) {
	h.lobby.mu.Lock()
	defer h.lobby.mu.Unlock()
	h.lobby.tellPresence(user)
}

// Online tells whether user has a session, or had one a moment ago.
func (h *Hub) Online(user string) bool {
	h.lobby.mu.Lock()
	defer h.lobby.mu.Unlock()
	return h.lobby.users[user] != nil
}
