package session

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

const unreadEvery = time.Second // a topic's UNREAD at most so often

// view is what one session was told of the room, so that it is told what is
// different, and nothing that its user may not see. It belongs to the control
// channel's writer.
type view struct {
	server *Server
	user   string

	deals    map[string]string   // id -> what its DEAL said
	topics   map[string]string   // id -> what its TOPIC said, but for the head
	shown    map[string][]string // a deal's id -> its topics that are shown
	presence map[string]string   // name -> what its PRESENCE said
	marks    map[string]int64    // topic -> read up to
	unread   map[string]time.Time
	waiting  map[string]struct{} // topics whose UNREAD is to be sent
	pending  room.Changes
}

func newView(srv *Server, user string, marks map[string]int64) *view {
	return &view{
		server:   srv,
		user:     user,
		deals:    make(map[string]string),
		topics:   make(map[string]string),
		shown:    make(map[string][]string),
		presence: make(map[string]string),
		marks:    marks,
		unread:   make(map[string]time.Time),
		waiting:  make(map[string]struct{}),
	}
}

// everything tells all that the user may see.
func (v *view) everything() []byte {
	state := v.server.Store.State()
	var dst []byte
	for _, d := range state.Deals() {
		dst = v.deal(dst, state, d.ID)
	}
	dst = v.person(dst, state, v.user)
	dst, _ = v.flushUnread(dst, state, time.Now())
	return dst
}

// note remembers what has changed until changes tells it.
func (v *view) note(c room.Changes) {
	v.pending = c
	for topic, seq := range c.Topics {
		if seq > v.marks[topic] {
			v.marks[topic] = seq
		}
		v.waiting[topic] = struct{}{}
	}
}

// changes tells what was noted. If something has to wait, next is how long.
func (v *view) changes(now time.Time) (dst []byte, next time.Duration) {
	state := v.server.Store.State()
	for id := range v.pending.Deals {
		dst = v.deal(dst, state, id)
	}
	for name := range v.pending.Presence {
		dst = v.person(dst, state, name)
	}
	v.pending = room.Changes{}
	return v.flushUnread(dst, state, now)
}

type dealFrame struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Open    bool          `json:"open"`
	History room.History  `json:"history"`
	People  []personFrame `json:"people"`
}

type personFrame struct {
	Name    string    `json:"name"`
	Display string    `json:"display"`
	Role    room.Role `json:"role"`
	Reads   bool      `json:"reads"`
}

type topicFrame struct {
	ID     string `json:"id"`
	Deal   string `json:"deal"`
	Title  string `json:"title"`
	Number int    `json:"number"`
	Open   bool   `json:"open"`
	Head   int64  `json:"head"`
}

// deal tells a deal with its topics and people as far as they differ from what
// was told.
func (v *view) deal(dst []byte, state *room.State, id string) []byte {
	d := state.Deal(id)
	if !state.SeesDeal(v.user, d) {
		return v.dealGone(dst, id)
	}
	people := state.People(d)
	f := dealFrame{ID: d.ID, Name: d.Name, Open: d.Open, History: d.History, People: make([]personFrame, len(people))}
	for i, p := range people {
		f.People[i] = personFrame{p.User.Name, p.User.Display, p.User.Role, p.Reads}
	}
	said := mustJSON(f)
	if v.deals[id] != said {
		v.deals[id] = said
		dst = wire.AppendFrame(dst, wire.TypeDeal, []byte(said), id)
	}
	var shown []string
	for _, t := range state.TopicsOf(d) {
		if from, ok := state.ReadsFrom(v.user, t.ID); ok {
			shown = append(shown, t.ID)
			dst = v.topic(dst, t, from)
		}
	}
	for _, topic := range v.shown[id] {
		if !slices.Contains(shown, topic) {
			dst = v.topicGone(dst, topic)
		}
	}
	v.shown[id] = shown
	for _, p := range people {
		if p.Reads {
			dst = v.person(dst, state, p.User.Name)
		}
	}
	return dst
}

func (v *view) topic(dst []byte, t *room.Topic, from int64) []byte {
	f := topicFrame{ID: t.ID, Deal: t.Deal, Title: t.Title, Number: t.Number, Open: t.Open}
	said := mustJSON(f) + strconv.FormatInt(from, 10)
	if v.topics[t.ID] == said {
		return dst
	}
	v.topics[t.ID] = said
	f.Head = v.server.Store.Head(t.ID).Seq
	v.waiting[t.ID] = struct{}{}
	return wire.AppendFrame(dst, wire.TypeTopic, []byte(mustJSON(f)), t.ID)
}

func (v *view) dealGone(dst []byte, id string) []byte {
	if _, ok := v.deals[id]; !ok {
		return dst
	}
	for _, topic := range v.shown[id] {
		dst = v.topicGone(dst, topic)
	}
	delete(v.deals, id)
	delete(v.shown, id)
	return wire.AppendFrame(dst, wire.TypeDeal, nil, id, "gone")
}

func (v *view) topicGone(dst []byte, id string) []byte {
	delete(v.topics, id)
	delete(v.waiting, id)
	delete(v.unread, id)
	return wire.AppendFrame(dst, wire.TypeTopic, nil, id, "gone")
}

// person tells whether somebody whom the user may know of is here.
func (v *view) person(dst []byte, state *room.State, name string) []byte {
	if !state.ShareDeal(v.user, name) {
		delete(v.presence, name)
		return dst
	}
	said := "offline"
	if v.server.Hub.Online(name) {
		said = "online"
	}
	if v.presence[name] == said {
		return dst
	}
	v.presence[name] = said
	return wire.AppendFrame(dst, wire.TypePresence, nil, name, said)
}

// flushUnread tells the UNREADs that wait, but for those that were told less
// than a second ago; next is when they may be.
func (v *view) flushUnread(dst []byte, state *room.State, now time.Time) (_ []byte, next time.Duration) {
	for topic := range v.waiting {
		if wait := v.unread[topic].Add(unreadEvery).Sub(now); wait > 0 {
			if next == 0 || wait < next {
				next = wait
			}
			continue
		}
		delete(v.waiting, topic)
		from, ok := state.ReadsFrom(v.user, topic)
		if _, shown := v.topics[topic]; !ok || !shown {
			continue
		}
		v.unread[topic] = now
		head, read := v.server.Store.Head(topic).Seq, v.marks[topic]
		dst = wire.AppendFrame(dst, wire.TypeUnread, nil, topic,
			number(max(0, head-max(read, from-1))), number(read), number(head))
	}
	return dst, next
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// mustJSON encodes a struct of plain fields, which can't fail.
func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
