package room_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"redroom/server/room"
)

// from is where somebody reads topicOne; 0: nowhere.
func from(s *room.State, user string) int64 {
	at, ok := s.ReadsFrom(user, topicOne)
	if !ok {
		return 0
	}
	return at
}

// joined is the furnished room whose deal lets newcomers read from now on.
func joined(t *testing.T) *room.State {
	t.Helper()
	return after(t, furnished(t), room.DealChanged{Stamp: by("anna"), ID: one, History: ptr(room.HistoryJoined)})
}

// A topic that is opened to the whole deal, or narrowed anew, doesn't tell those
// who were outside what was said without them, where newcomers read from now on.
func TestWideningTellsNothingOfThePastWhereNewcomersReadFromNowOn(t *testing.T) {
	s := after(t, joined(t),
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"bert"}},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(false)},
	)
	if want := head(topicOne) + 1; from(s, "olga") != want || from(s, "bert") != 1 {
		t.Errorf("olga, who was outside, reads from %d, want %d; bert from %d", from(s, "olga"), want, from(s, "bert"))
	}
	s = after(t, s, room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"olga"}})
	if want := head(topicOne) + 1; from(s, "olga") != want {
		t.Errorf("narrowed to olga again, she reads from %d, want %d", from(s, "olga"), want)
	}
}

// Whoever comes back reads no more than before.
func TestFromWhereOneReadsOutlastsLeaving(t *testing.T) {
	s := after(t, furnished(t),
		room.ReaderMoved{Stamp: by("anna"), Topic: topicOne, User: "bert", Seq: 4},
		room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"},
		room.MemberAdded{Stamp: by("anna"), Deal: one, User: "bert"},
	)
	if from(s, "bert") != 4 {
		t.Errorf("bert reads from %d, want 4", from(s, "bert"))
	}
}

// A place in a narrowed topic is a member's of the deal, so that nobody has one
// who comes into the deal later.
func TestNoPlaceInANarrowedTopicWaitsForSomebody(t *testing.T) {
	s := after(t, furnished(t),
		room.UserAdded{Stamp: by("anna"), Name: "zoe", Display: "Zoe", Role: room.Admin},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"bert"}},
	)
	refused(t, s, room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "zoe"}, room.ErrUnprocessable)
	refused(t, s, room.TopicChanged{Stamp: by("anna"), ID: topicOne, Members: []string{"bert", "zoe"}}, room.ErrUnprocessable)
	s = after(t, s,
		room.UserChanged{Stamp: by("anna"), Name: "zoe", Role: ptr(room.Member)},
		room.MemberAdded{Stamp: by("anna"), Deal: one, User: "zoe"},
	)
	if from(s, "zoe") != 0 {
		t.Errorf("zoe reads from %d", from(s, "zoe"))
	}
}

// A list of members can be sent back with somebody in it who was deactivated.
func TestMembersThatAreInAreNotAskedForAgain(t *testing.T) {
	s := after(t, furnished(t),
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"bert", "olga"}},
		room.UserChanged{Stamp: by("anna"), Name: "bert", Active: ptr(false)},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Members: []string{"bert", "olga", "robo"}},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Members: []string{"olga"}},
	)
	refused(t, s, room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "bert"}, room.ErrUnprocessable)
}

// What two say to each other is nobody else's to take away from them.
func TestConversationsAreReadFromTheirBeginning(t *testing.T) {
	const between = "direct0000000001"
	s := after(t, joined(t), room.DirectCreated{Stamp: by("bert"), ID: between, Deal: one, With: "olga"})
	long := func(string) int64 { return 40 }
	for _, ev := range []room.Event{
		room.MemberMoved{Stamp: by("anna"), Deal: one, User: "bert", History: room.HistoryJoined},
		room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"},
		room.MemberAdded{Stamp: by("anna"), Deal: one, User: "bert"},
	} {
		next, err := s.Apply(ev, long)
		if err != nil {
			t.Fatal(err)
		}
		s = next
	}
	if at, ok := s.ReadsFrom("bert", between); !ok || at != 1 {
		t.Errorf("bert reads his conversation from %d, %t", at, ok)
	}
	if from(s, "bert") != 41 {
		t.Errorf("bert reads the topic from %d, want 41", from(s, "bert"))
	}
}

// Less to read and no posting are two things, and both are told.
func TestAnEffectHidesNoOther(t *testing.T) {
	s := after(t, joined(t),
		room.UserAdded{Stamp: by("anna"), Name: "max", Display: "Max", Role: room.Member},
		room.MemberAdded{Stamp: by("anna"), Deal: one, User: "max"},
		room.UserChanged{Stamp: by("anna"), Name: "max", Role: ptr(room.Admin)},
	)
	next := after(t, s, room.UserChanged{Stamp: by("anna"), Name: "max", Role: ptr(room.Observer)})
	for _, e := range s.Effects(next, "anna") {
		if e.User == "max" {
			if !slices.Contains(e.Less, topicOne) || !slices.Contains(e.Mute, topicOne) {
				t.Errorf("max is told %+v", e)
			}
			return
		}
	}
	t.Error("nothing is told of max")
}

// One event about a member of a large deal takes time in proportion to its
// topics, since everybody waits for it: it used to clone all topics for each.
func TestAMemberOfALargeDealIsAddedSwiftly(t *testing.T) {
	const topics = 10_000
	d := room.Deal{ID: one, Name: "One", Open: true, History: room.HistoryJoined, Version: 1}
	all := make([]room.Topic, topics)
	for i := range all {
		all[i] = room.Topic{ID: fmt.Sprintf("many%012d", i), Deal: one, Title: fmt.Sprint(i), Open: true, Version: 1}
		d.Topics = append(d.Topics, all[i].ID)
	}
	users := []room.User{{Name: "anna", Display: "Anna", Role: room.Admin, Active: true}, {Name: "bert", Display: "Bert", Role: room.Member, Active: true}}
	s := room.NewState(users, []room.Deal{d}, all, nil)
	began := time.Now()
	if _, err := s.Apply(room.MemberAdded{Stamp: by("anna"), Deal: one, User: "bert"}, func(string) int64 { return 40 }); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Second { // 4.4 s before, a few ms now
		t.Errorf("it took %v", took)
	}
}

// refused shows that an event is refused.
func refused(t *testing.T, s *room.State, ev room.Event, want *room.Error) {
	t.Helper()
	if _, err := s.Apply(ev, head); !errors.Is(err, want) {
		t.Errorf("%T: got %v, want %v", ev, err, want)
	}
}
