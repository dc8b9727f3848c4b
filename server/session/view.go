package session

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

const unreadEvery = time.Second // a topic's UNREAD at most so often

// view is what one session was told of the room, so that it is told what is
// different, and nothing that its user may not see. It belongs to the control
// channel's writer.
//
// What it gives is taken for told. Of frames that were not written after all
// (takeBack), it is as if it had never given them.
type view struct {
	server *Server
	as     *room.Actor
	user   string

	deals    map[string]string              // id -> what its DEAL said
	topics   map[string]toldTopic           // by id
	shown    map[string]map[string]struct{} // a deal's id -> its topics that were told
	presence map[string]string              // name -> what its PRESENCE said
	marks    map[string]int64               // topic -> read up to
	unread   map[string]time.Time
	waiting  map[string]struct{} // topics whose UNREAD is to be sent
	pending  room.Changes

	given []givenFrame // what everything or changes gave last
}

// toldTopic is what a TOPIC said, but for the head.
type toldTopic struct {
	deal string
	said string
	from int64 // the first seq that could be read
}

// givenFrame is where a frame ends in what was given, and how to forget it.
type givenFrame struct {
	end  int
	undo func()
}

func newView(srv *Server, as *room.Actor, marks map[string]int64) *view {
	return &view{
		server:   srv,
		as:       as,
		user:     as.Name(),
		deals:    make(map[string]string),
		topics:   make(map[string]toldTopic),
		shown:    make(map[string]map[string]struct{}),
		presence: make(map[string]string),
		marks:    marks,
		unread:   make(map[string]time.Time),
		waiting:  make(map[string]struct{}),
	}
}

// state is the room as the user sees it.
func (v *view) state() *room.State { return v.as.In(v.server.Store.State()) }

// everything tells all that the user may see.
func (v *view) everything() (dst []byte, next time.Duration) {
	v.given = v.given[:0]
	state := v.state()
	for _, d := range state.Deals() {
		dst = v.deal(dst, state, d.ID)
	}
	dst = v.person(dst, state, v.user)
	return v.flushUnread(dst, time.Now())
}

// note remembers what has changed until changes tells it.
func (v *view) note(c room.Changes) {
	for id := range c.Deals {
		put(&v.pending.Deals, id)
	}
	for name := range c.Presence {
		put(&v.pending.Presence, name)
	}
	for topic, seq := range c.Topics {
		v.marks[topic] = max(seq, v.marks[topic])
		v.waiting[topic] = struct{}{}
	}
}

// changes tells what was noted. If something has to wait, next is how long.
func (v *view) changes() (dst []byte, next time.Duration) {
	v.given = v.given[:0]
	state := v.state()
	c := v.pending
	v.pending = room.Changes{}
	for id := range c.Deals {
		dst = v.deal(dst, state, id)
	}
	for name := range c.Presence {
		dst = v.person(dst, state, name)
	}
	return v.flushUnread(dst, time.Now())
}

// say adds a frame, and how to forget that it was told.
func (v *view) say(dst []byte, typ string, payload []byte, undo func(), fields ...string) []byte {
	dst = wire.AppendFrame(dst, typ, payload, fields...)
	v.given = append(v.given, givenFrame{len(dst), undo})
	return dst
}

// takeBack is for when only n octets of what was given were written. It forgets
// the frames that were not begun, which changes then tells if they are true
// still, and gives where the one ends that was begun.
func (v *view) takeBack(n int) (end int) {
	i := 0
	for end < n {
		end = v.given[i].end
		i++
	}
	for _, f := range slices.Backward(v.given[i:]) {
		f.undo()
	}
	v.given = v.given[:0]
	return end
}

// deal tells a deal with its topics and people as far as they differ from what
// was told.
func (v *view) deal(dst []byte, state *room.State, id string) []byte {
	d := state.Deal(id)
	if !state.SeesDeal(v.user, d) {
		return v.dealGone(dst, id)
	}
	people := state.People(d)
	f := dealFrame{ID: d.ID, Name: d.Name, Open: d.Open, History: d.History, Receipts: d.Receipts, People: make([]personFrame, len(people))}
	for i, p := range people {
		f.People[i] = personFrame{p.User.Name, p.User.Display, p.User.Role, p.Reads}
	}
	said := mustJSON(f)
	if before, told := v.deals[id]; before != said {
		v.deals[id] = said
		dst = v.say(dst, wire.TypeDeal, []byte(said), func() {
			restore(v.deals, id, before, told)
			put(&v.pending.Deals, id)
		}, id)
	}
	for topic := range v.shown[id] {
		if _, ok := state.ReadsFrom(v.user, topic); !ok {
			dst = v.topicGone(dst, topic)
		}
	}
	for _, t := range state.TopicsOf(d) {
		if from, ok := state.ReadsFrom(v.user, t.ID); ok {
			dst = v.topic(dst, t, from)
		}
	}
	for _, p := range people {
		if p.Reads {
			dst = v.person(dst, state, p.User.Name)
		}
	}
	return dst
}

// topic tells a topic. What the user may read less of than before is gone first.
func (v *view) topic(dst []byte, t *room.Topic, from int64) []byte {
	f := topicFrameOf(t)
	head := v.server.Store.Head(t.ID).Seq
	if newest, ok := v.state().ReadsFrom(v.user, t.ID); !ok || newest != from {
		return dst // that has changed before the head was read, and is noted soon
	}
	now := toldTopic{deal: t.Deal, said: mustJSON(f), from: from}
	before, told := v.topics[t.ID]
	if told && before == now {
		return dst
	}
	if told && before.from < from {
		dst = v.topicGone(dst, t.ID)
		before, told = v.topics[t.ID]
	}
	v.remember(t.ID, now)
	v.waiting[t.ID] = struct{}{}
	f.Head = head
	return v.say(dst, wire.TypeTopic, []byte(mustJSON(f)), func() {
		v.forget(t.ID)
		if told {
			v.remember(t.ID, before)
		}
		put(&v.pending.Deals, t.Deal)
	}, t.ID)
}

func (v *view) topicGone(dst []byte, id string) []byte {
	before := v.topics[id]
	v.forget(id)
	delete(v.waiting, id)
	delete(v.unread, id)
	return v.say(dst, wire.TypeTopic, nil, func() {
		v.remember(id, before)
		put(&v.pending.Deals, before.deal)
	}, id, "gone")
}

// remember and forget are what was told of a topic.
func (v *view) remember(id string, t toldTopic) {
	v.topics[id] = t
	if v.shown[t.deal] == nil {
		v.shown[t.deal] = make(map[string]struct{})
	}
	v.shown[t.deal][id] = struct{}{}
}

func (v *view) forget(id string) {
	deal := v.topics[id].deal
	delete(v.topics, id)
	if delete(v.shown[deal], id); len(v.shown[deal]) == 0 {
		delete(v.shown, deal)
	}
}

func (v *view) dealGone(dst []byte, id string) []byte {
	before, told := v.deals[id]
	if !told {
		return dst
	}
	for topic := range v.shown[id] {
		dst = v.topicGone(dst, topic)
	}
	delete(v.deals, id)
	return v.say(dst, wire.TypeDeal, nil, func() {
		v.deals[id] = before
		put(&v.pending.Deals, id)
	}, id, "gone")
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
	fields := []string{name, said}
	if v.server.Directory.Reachable(name) {
		fields = append(fields, "direct=1")
	}
	now := strings.Join(fields, " ")
	before, told := v.presence[name]
	if before == now {
		return dst
	}
	v.presence[name] = now
	return v.say(dst, wire.TypePresence, nil, func() {
		restore(v.presence, name, before, told)
		put(&v.pending.Presence, name)
	}, fields...)
}

// flushUnread tells the UNREADs that wait, but for those that were told less
// than a second ago; next is when they may be.
func (v *view) flushUnread(dst []byte, now time.Time) (_ []byte, next time.Duration) {
	for topic := range v.waiting {
		before, told := v.unread[topic]
		if wait := before.Add(unreadEvery).Sub(now); wait > 0 {
			if next == 0 || wait < next {
				next = wait
			}
			continue
		}
		delete(v.waiting, topic)
		// The right is looked at after the head was read.
		head, read := v.server.Store.Head(topic).Seq, v.marks[topic]
		from, ok := v.state().ReadsFrom(v.user, topic)
		if _, shown := v.topics[topic]; !ok || !shown {
			continue
		}
		v.unread[topic] = now
		dst = v.say(dst, wire.TypeUnread, nil, func() {
			restore(v.unread, topic, before, told)
			v.waiting[topic] = struct{}{}
		}, topic, number(max(0, head-max(read, from-1))), number(read), number(head))
	}
	return dst, next
}

// restore undoes a change of one entry.
func restore[V any](m map[string]V, key string, before V, was bool) {
	if was {
		m[key] = before
	} else {
		delete(m, key)
	}
}

func put(set *map[string]struct{}, key string) {
	if *set == nil {
		*set = make(map[string]struct{})
	}
	(*set)[key] = struct{}{}
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
