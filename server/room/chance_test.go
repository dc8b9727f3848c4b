package room_test

import (
	"math/rand/v2"
	"slices"

	"redroom/server/room"
)

// chance makes events about few users, deals and topics, so that they meet.
type chance struct{ *rand.Rand }

var (
	someUsers  = []string{"anna", "bert", "carla", "dora", "emil"}
	someDeals  = []string{"d1", "d2"}
	someTopics = []string{"t1", "t2", "t3", "t4"}
	roles      = []room.Role{room.Admin, room.Member, room.Member, room.Member, room.Observer, room.Observer, room.Bot}
	histories  = []room.History{room.HistoryAll, room.HistoryJoined, room.HistoryJoined}
)

func pick[T any](c chance, of []T) T { return of[c.IntN(len(of))] }

// maybe is a value, or none.
func maybe[T any](c chance, of ...T) *T {
	if c.IntN(3) > 0 {
		return nil
	}
	return ptr(pick(c, of))
}

func (c chance) users() []string {
	names := slices.Clone(someUsers)
	c.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names[:c.IntN(4)]
}

// event is one of an admin's, of somebody's who says so, or a post.
func (c chance) event(n int) room.Event {
	stamp := room.Stamp{At: int64(n), By: "anna"}
	switch c.IntN(8) {
	case 0, 1, 2, 3:
		stamp.By = ""
	case 4:
		stamp.By = pick(c, someUsers)
	}
	user, deal, topic := pick(c, someUsers), pick(c, someDeals), pick(c, someTopics)
	switch c.IntN(28) {
	case 0:
		return room.UserAdded{Stamp: stamp, Name: user, Display: user, Role: pick(c, roles)}
	case 1:
		ev := room.UserChanged{Stamp: stamp, Name: user, Role: maybe(c, roles...)}
		if c.IntN(2) == 0 {
			ev.Active = ptr(c.IntN(6) > 0)
		}
		return ev
	case 2:
		return room.InvitationAccepted{Stamp: stamp, Name: user, Display: user}
	case 3:
		return room.DealCreated{Stamp: stamp, ID: deal, Name: deal, History: pick(c, histories)}
	case 4:
		ev := room.DealChanged{Stamp: stamp, ID: deal, History: maybe(c, histories...)}
		if c.IntN(2) == 0 {
			ev.Open = ptr(c.IntN(5) > 0)
		}
		return ev
	case 5, 6, 7:
		return room.MemberAdded{Stamp: stamp, Deal: deal, User: user}
	case 8:
		return room.MemberRemoved{Stamp: stamp, Deal: deal, User: user}
	case 9:
		return room.MemberMoved{Stamp: stamp, Deal: deal, User: user, History: pick(c, histories)}
	case 10:
		ev := room.TopicCreated{Stamp: stamp, ID: topic, Deal: deal, Title: topic}
		if ev.Narrowed = c.IntN(3) == 0; ev.Narrowed {
			ev.Members = c.users()
		}
		return ev
	case 11, 12:
		ev := room.TopicChanged{Stamp: stamp, ID: topic, Narrowed: maybe(c, true, false)}
		if c.IntN(4) == 0 {
			ev.Open, ev.Archived = ptr(c.IntN(5) > 0), ptr(c.IntN(5) == 0)
		}
		if c.IntN(3) == 0 {
			ev.Members = c.users()
		}
		return ev
	case 13, 14:
		return room.TopicMemberAdded{Stamp: stamp, Topic: topic, User: user}
	case 15:
		return room.TopicMemberRemoved{Stamp: stamp, Topic: topic, User: user}
	case 16:
		return room.ReaderMoved{Stamp: stamp, Topic: topic, User: user, Seq: int64(c.IntN(9))}
	case 17:
		stamp.By = pick(c, someUsers)
		return room.DirectCreated{Stamp: stamp, ID: topic, Deal: deal, With: user}
	}
	stamp.By = user
	return room.MessagePosted{Stamp: stamp, Topic: topic, Kind: room.Text, Ref: max(0, int64(c.IntN(12)-6))}
}
