// Package hub brings what was committed to those who read it: topics' messages
// to cursors, everything else to watchers. What it knows is in memory only.
//
// # Order
//
// Publish is called with batches in the order of the journal, after they were
// committed. A cursor gives a topic's messages in the order of seq, each once:
// history from the store and live ones from memory are the same log, and the
// place in it is one number.
//
// # Who may block
//
// Cursors and watchers wait for the hub, never the hub for them: there is no
// queue per reader. A live topic keeps its newest frames, encoded once, in
// chunks that all cursors share; a cursor that falls out of the chunks reads
// on from the store, a page at a time, and comes back in. A watcher holds the
// set of what has changed, not a list of changes. Publish takes locks for
// moments only.
//
// # Rights
//
// A cursor asks the State for its right each time, after it has read octets and
// before it gives them. The State is replaced before a batch is published, so
// nothing that was posted after a right ended is ever given. What was given but
// not yet handed to the transport can be taken back (WhenStale, Took). Whoever
// else is told of a topic asks for the right when it is told, and is told that
// rights have changed (Watcher.WhenStale).
//
// Rights are looked at anew after every event for which the State says that a
// deal looks different to somebody, in that deal's topics, before Publish returns.
//
// # Redaction
//
// A redaction drops all that is kept of its topic, and what cursors have read
// from the store, before Publish returns. Nothing given afterwards has the words.
//
// # Shutdown
//
// Close ends the hub's goroutines, after which cursors and watchers get
// nothing new; they are their sessions' to close.
package hub

import (
	"context"
	"maps"
	"sync"

	"redroom/server/room"
)

// Store is what the hub reads.
type Store interface {
	State() *room.State
	Head(topic string) room.Head
	Messages(ctx context.Context, topic string, after int64, maxCount, maxOctets int) ([]room.Message, error)
}

// Hub is the one of a server.
type Hub struct {
	store Store
	lobby *lobby
	pages sync.Pool // *chunk, pages read from the store

	mu     sync.RWMutex
	live   map[string]*liveTopic
	wakers sync.WaitGroup // one a live topic
}

// New starts a hub.
func New(store Store) *Hub {
	h := &Hub{store: store, live: make(map[string]*liveTopic)}
	h.pages.New = func() any { return &chunk{data: make([]byte, 0, pageOctets+pageOctets/4)} }
	h.lobby = newLobby(store)
	return h
}

// Publish hands on a committed batch: first what has ended, and then what is new.
func (h *Hub) Publish(batch []room.Event, outcomes []room.Outcome) {
	state := h.store.State()
	after := aftermathOf(state, batch, outcomes)
	h.checkRights(state, after.deals)
	if after.any() {
		h.lobby.changed(after)
	}

	posted := make(map[string][]*room.Message)
	redacted := make(map[string]bool)
	for i, ev := range batch {
		o := outcomes[i]
		if o.Err != nil {
			continue
		}
		switch ev := ev.(type) {
		case room.MessagePosted:
			if o.Message != nil {
				posted[ev.Topic] = append(posted[ev.Topic], o.Message)
				redacted[ev.Topic] = redacted[ev.Topic] || o.Redacted
			} else {
				h.known(ev.Topic, o.Seq)
			}
		case room.TopicRead:
			h.lobby.read(ev.By, ev.Topic, o.Seq)
		}
	}
	for topic, messages := range posted {
		h.publish(topic, messages, redacted[topic])
	}
}

// aftermath is what a batch has changed beside messages and read marks.
type aftermath struct {
	deals map[string]struct{} // look different to somebody, who may read more or less there
	ended map[string]struct{} // sign-ins, and tokens of programs
	ruled bool                // other rules of signing in count
}

func (a *aftermath) any() bool {
	return len(a.deals) > 0 || len(a.ended) > 0 || a.ruled
}

func aftermathOf(state *room.State, batch []room.Event, outcomes []room.Outcome) (a aftermath) {
	for i, ev := range batch {
		if outcomes[i].Err != nil {
			continue
		}
		if _, ok := ev.(room.Vouched); !ok || outcomes[i].Changed {
			for _, deal := range state.Affected(ev) {
				put(&a.deals, deal, struct{}{})
			}
		}
		for _, session := range outcomes[i].Ended {
			put(&a.ended, session, struct{}{})
		}
		if _, ok := ev.(room.SignInRulesChanged); ok {
			a.ruled = true
		}
	}
	return a
}

// publish hands on a topic's new messages. If they remove words, of each other
// perhaps, the store alone knows what they look like.
func (h *Hub) publish(topic string, messages []*room.Message, redacted bool) {
	if t := h.topic(topic); t != nil {
		if redacted {
			t.redact(messages[len(messages)-1].Seq)
		} else {
			t.add(messages)
		}
	}
	h.lobby.posted(topic)
}

// known is for a post whose client id the store had already. That its message
// exists is news only if the store kept it in a commit that it reported as
// failed; cursors then read it from the store.
func (h *Hub) known(topic string, seq int64) {
	if t := h.topic(topic); t != nil && t.atLeast(seq) {
		t.kick()
		h.lobby.posted(topic)
	}
}

// Close ends the hub's goroutines and waits for them.
func (h *Hub) Close() {
	h.mu.Lock()
	for id, t := range h.live {
		t.end()
		delete(h.live, id)
	}
	h.mu.Unlock()
	h.wakers.Wait()
	h.lobby.close()
}

func (h *Hub) topic(id string) *liveTopic {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.live[id]
}

// checkRights stops the cursors in some deals whose right has ended, and lets
// every one there look at its right again.
func (h *Hub) checkRights(state *room.State, deals map[string]struct{}) {
	if len(deals) == 0 {
		return
	}
	for id, t := range h.all() {
		if topic := state.Topic(id); topic != nil {
			if _, ok := deals[topic.Deal]; !ok {
				continue
			}
		}
		t.interrupt(func(c *Cursor) bool { return c.Check() != nil })
		t.kick()
	}
}

func (h *Hub) all() map[string]*liveTopic {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return maps.Clone(h.live)
}

// join counts one cursor more of a topic, which becomes live with its first.
func (h *Hub) join(id string) *liveTopic {
	h.mu.Lock()
	t := h.live[id]
	if t == nil {
		t = newLiveTopic()
		h.live[id] = t
		h.wakers.Go(t.wakeReaders)
	}
	t.cursors++
	h.mu.Unlock()
	// What is published from now on reaches t; what was before is in the head.
	t.atLeast(h.store.Head(id).Seq)
	return t
}

// leave counts one cursor less; a topic without cursors keeps nothing.
func (h *Hub) leave(id string, t *liveTopic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.cursors--; t.cursors == 0 && h.live[id] == t {
		t.end()
		delete(h.live, id)
	}
}
