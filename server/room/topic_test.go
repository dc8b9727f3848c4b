package room_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	"redroom/server/room"
)

const (
	topicNew    = "topc000000000009"
	topicDirect = "topc000000000008" // bert's and olga's in the deal one
)

// walled is the furnished room, in which topicOne is narrowed to bert, and bert
// and olga have a conversation; zoe is an admin in no deal.
func walled(t *testing.T) *room.State {
	t.Helper()
	return after(t, furnished(t),
		room.UserAdded{Stamp: by("anna"), Name: "zoe", Display: "Zoe", Role: room.Admin},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"bert"}},
		room.DirectCreated{Stamp: by("bert"), ID: topicDirect, Deal: one, With: "olga"},
	)
}

// readers are who reads a topic.
func readers(s *room.State, topic string) (names []string) {
	for _, u := range s.Readers(topic) {
		names = append(names, u.Name)
	}
	return names
}

func TestWhoReadsWhatIsWalled(t *testing.T) {
	s := walled(t)
	for _, c := range []struct {
		what   string
		events []room.Event
		topic  string
		want   []string
	}{
		{"a narrowed topic is its members' and the admins'", nil, topicOne, []string{"anna", "bert", "zoe"}},
		{"a direct one is of its two, admins or not", nil, topicDirect, []string{"bert", "olga"}},
		{"any other is the whole deal's", nil, topicTwo, []string{"anna", "bert", "olga", "robo", "zoe"}},
		{"a member is let in", []room.Event{room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "olga"}},
			topicOne, []string{"anna", "bert", "olga", "zoe"}},
		{"a member is taken out", []room.Event{room.TopicMemberRemoved{Stamp: by("anna"), Topic: topicOne, User: "bert"}},
			topicOne, []string{"anna", "zoe"}},
		{"members are exchanged", []room.Event{room.TopicChanged{Stamp: by("anna"), ID: topicOne, Members: []string{"robo", "olga"}}},
			topicOne, []string{"anna", "olga", "robo", "zoe"}},
		{"all are taken out", []room.Event{room.TopicChanged{Stamp: by("anna"), ID: topicOne, Members: []string{}}},
			topicOne, []string{"anna", "zoe"}},
		{"it is opened to the deal", []room.Event{room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(false)}},
			topicOne, []string{"anna", "bert", "olga", "robo", "zoe"}},
		{"it is narrowed again, to those before", []room.Event{
			room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(false)},
			room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true)}},
			topicOne, []string{"anna", "bert", "zoe"}},
		{"who left the deal is out", []room.Event{room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"}},
			topicOne, []string{"anna", "zoe"}},
		{"who left the deal and came back is out still", []room.Event{
			room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"},
			room.MemberAdded{Stamp: by("anna"), Deal: one, User: "bert"}},
			topicOne, []string{"anna", "zoe"}},
		{"who left the deal while it was open is out when it's narrowed again", []room.Event{
			room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(false)},
			room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"},
			room.MemberAdded{Stamp: by("anna"), Deal: one, User: "bert"},
			room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true)}},
			topicOne, []string{"anna", "zoe"}},
		{"a deactivated member is out", []room.Event{room.UserChanged{Stamp: by("anna"), Name: "bert", Active: ptr(false)}},
			topicOne, []string{"anna", "zoe"}},
		{"an admin who becomes a member reads by what a member has", []room.Event{room.UserChanged{Stamp: by("anna"), Name: "zoe", Role: ptr(room.Member)}},
			topicOne, []string{"anna", "bert"}},
		{"who left the deal leaves the conversation to the other", []room.Event{room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"}},
			topicDirect, []string{"olga"}},
		{"who came back has the conversation again", []room.Event{
			room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"},
			room.MemberAdded{Stamp: by("anna"), Deal: one, User: "bert"}},
			topicDirect, []string{"bert", "olga"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := readers(after(t, s, c.events...), c.topic); !slices.Equal(got, c.want) {
				t.Errorf("it is read by %v, want %v", got, c.want)
			}
		})
	}
}

func TestWhoMayPostWhatIsWalled(t *testing.T) {
	s := walled(t)
	archived := after(t, s, room.TopicChanged{Stamp: by("anna"), ID: topicTwo, Archived: ptr(true)})
	for _, c := range []struct {
		what        string
		state       *room.State
		user, topic string
		want        error
	}{
		{"a member of a narrowed topic", s, "bert", topicOne, nil},
		{"an admin in a narrowed topic", s, "zoe", topicOne, nil},
		{"a member of the deal only", s, "robo", topicOne, room.ErrNotFound},
		{"an observer of the deal only", s, "olga", topicOne, room.ErrNotFound},
		{"one of two", s, "bert", topicDirect, nil},
		{"the other, an observer", s, "olga", topicDirect, room.ErrObserver},
		{"an admin in a conversation of others", s, "anna", topicDirect, room.ErrNotFound},
		{"the operator", s, "", topicOne, room.ErrNotFound},
		{"a member in an archived topic", archived, "bert", topicTwo, room.ErrTopicClosed},
		{"an admin in an archived topic", archived, "anna", topicTwo, room.ErrTopicClosed},
		{"an observer in an archived topic", archived, "olga", topicTwo, room.ErrObserver},
	} {
		t.Run(c.what, func(t *testing.T) {
			err := c.state.CheckPost(room.MessagePosted{Stamp: by(c.user), Topic: c.topic, Kind: room.Text}, 0, entry)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.state.MayPost(c.user, c.topic) != (c.want == nil) {
				t.Error("MayPost says something else")
			}
		})
	}
}

func TestWallsAreChangedAsTheyMay(t *testing.T) {
	asAnna := by("anna")
	for _, c := range []struct {
		what string
		ev   room.Event
		want *room.Error
	}{
		{"a topic narrowed to nobody known", room.TopicCreated{Stamp: asAnna, ID: topicNew, Deal: one, Title: "C", Narrowed: true, Members: []string{"nobody"}}, room.ErrNotFound},
		{"a topic narrowed to somebody who isn't in the deal", room.TopicCreated{Stamp: asAnna, ID: topicNew, Deal: one, Title: "C", Narrowed: true, Members: []string{"bert", "otto"}}, room.ErrUnprocessable},
		{"members for a topic that isn't narrowed", room.TopicCreated{Stamp: asAnna, ID: topicNew, Deal: one, Title: "C", Members: []string{"bert"}}, room.ErrUnprocessable},
		{"members for a topic that is opened", room.TopicChanged{Stamp: asAnna, ID: topicOne, Narrowed: ptr(false), Members: []string{"bert"}}, room.ErrUnprocessable},
		{"a topic narrowed by a member", room.TopicChanged{Stamp: by("bert"), ID: topicOne, Members: []string{"bert"}}, room.ErrNotAdmin},
		{"a topic changed that somebody has changed", room.TopicChanged{Stamp: asAnna, ID: topicOne, Version: 1, Title: ptr("Z")}, room.ErrChanged},
		{"a deal changed that somebody has changed", room.DealChanged{Stamp: asAnna, ID: one, Version: 7, Name: ptr("Z")}, room.ErrChanged},
		{"a user changed whom somebody has changed", room.UserChanged{Stamp: asAnna, Name: "bert", Version: 7, Display: ptr("Z")}, room.ErrChanged},

		{"somebody let into an open topic", room.TopicMemberAdded{Stamp: asAnna, Topic: topicTwo, User: "bert"}, room.ErrUnprocessable},
		{"somebody unknown let in", room.TopicMemberAdded{Stamp: asAnna, Topic: topicOne, User: "nobody"}, room.ErrNotFound},
		{"somebody let in who isn't in the deal", room.TopicMemberAdded{Stamp: asAnna, Topic: topicOne, User: "otto"}, room.ErrUnprocessable},
		{"somebody let into no topic", room.TopicMemberAdded{Stamp: asAnna, Topic: topicNew, User: "bert"}, room.ErrNotFound},
		{"somebody let in by a member", room.TopicMemberAdded{Stamp: by("bert"), Topic: topicOne, User: "olga"}, room.ErrNotAdmin},
		{"somebody let in by a member who doesn't know of the topic", room.TopicMemberAdded{Stamp: by("robo"), Topic: topicOne, User: "olga"}, room.ErrNotAdmin},
		{"somebody let into no topic by a member", room.TopicMemberAdded{Stamp: by("robo"), Topic: topicNew, User: "olga"}, room.ErrNotAdmin},
		{"somebody taken out who isn't in", room.TopicMemberRemoved{Stamp: asAnna, Topic: topicOne, User: "olga"}, room.ErrNotFound},
		{"somebody taken out of an open topic", room.TopicMemberRemoved{Stamp: asAnna, Topic: topicTwo, User: "bert"}, room.ErrUnprocessable},
		{"somebody taken out by a member", room.TopicMemberRemoved{Stamp: by("bert"), Topic: topicOne, User: "bert"}, room.ErrNotAdmin},

		{"a member moved who isn't one", room.MemberMoved{Stamp: asAnna, Deal: one, User: "otto", History: room.HistoryAll}, room.ErrNotFound},
		{"a member of no deal moved", room.MemberMoved{Stamp: asAnna, Deal: "deal000000000009", User: "bert", History: room.HistoryAll}, room.ErrNotFound},
		{"an admin moved", room.MemberMoved{Stamp: asAnna, Deal: one, User: "anna", History: room.HistoryJoined}, room.ErrUnprocessable},
		{"a member moved to nowhere", room.MemberMoved{Stamp: asAnna, Deal: one, User: "bert", History: "then"}, room.ErrUnprocessable},
		{"a member moved by a member", room.MemberMoved{Stamp: by("bert"), Deal: one, User: "bert", History: room.HistoryAll}, room.ErrNotAdmin},
		{"a reader moved who doesn't read", room.ReaderMoved{Stamp: asAnna, Topic: topicOne, User: "olga", Seq: 1}, room.ErrNotFound},
		{"a reader moved who isn't there", room.ReaderMoved{Stamp: asAnna, Topic: topicOne, User: "nobody", Seq: 1}, room.ErrNotFound},
		{"an admin moved as a reader", room.ReaderMoved{Stamp: asAnna, Topic: topicOne, User: "zoe", Seq: 2}, room.ErrUnprocessable},
		{"a reader moved to 0", room.ReaderMoved{Stamp: asAnna, Topic: topicOne, User: "bert"}, room.ErrUnprocessable},
		{"a reader moved too far", room.ReaderMoved{Stamp: asAnna, Topic: topicOne, User: "bert", Seq: 7}, room.ErrUnprocessable},
		{"a reader moved by a member", room.ReaderMoved{Stamp: by("bert"), Topic: topicOne, User: "bert", Seq: 1}, room.ErrNotAdmin},

		{"a conversation that there is", room.DirectCreated{Stamp: by("bert"), ID: topicNew, Deal: one, With: "olga"}, room.ErrExists},
		{"a conversation that the other one has begun", room.DirectCreated{Stamp: by("zoe"), ID: topicDirect, Deal: one, With: "bert"}, room.ErrExists},
		{"a conversation in a deal that one isn't in", room.DirectCreated{Stamp: by("robo"), ID: topicNew, Deal: two, With: "bert"}, room.ErrNotFound},
		{"a conversation with somebody who isn't in the deal", room.DirectCreated{Stamp: by("bert"), ID: topicNew, Deal: one, With: "otto"}, room.ErrNotFound},
		{"a conversation with nobody", room.DirectCreated{Stamp: by("bert"), ID: topicNew, Deal: one, With: "nobody"}, room.ErrNotFound},
		{"a conversation in no deal", room.DirectCreated{Stamp: by("bert"), ID: topicNew, Deal: "deal000000000009", With: "olga"}, room.ErrNotFound},
		{"a conversation of the operator's", room.DirectCreated{Stamp: by(""), ID: topicNew, Deal: one, With: "olga"}, room.ErrNotFound},
		{"a conversation with oneself", room.DirectCreated{Stamp: by("bert"), ID: topicNew, Deal: one, With: "bert"}, room.ErrUnprocessable},
		{"an observer's conversation", room.DirectCreated{Stamp: by("olga"), ID: topicNew, Deal: one, With: "robo"}, room.ErrObserver},
		{"an observer's conversation with himself", room.DirectCreated{Stamp: by("olga"), ID: topicNew, Deal: one, With: "olga"}, room.ErrObserver},
		{"a conversation of others changed", room.TopicChanged{Stamp: asAnna, ID: topicDirect, Title: ptr("Z")}, room.ErrNotFound},
		{"a conversation of others given a member", room.TopicMemberAdded{Stamp: asAnna, Topic: topicDirect, User: "robo"}, room.ErrNotFound},
		{"a conversation of others taken a member", room.TopicMemberRemoved{Stamp: asAnna, Topic: topicDirect, User: "bert"}, room.ErrNotFound},
		{"a reader moved in a conversation of others", room.ReaderMoved{Stamp: by(""), Topic: topicDirect, User: "bert", Seq: 1}, room.ErrNotFound},
		{"a title that is taken, for a narrowed topic", room.TopicCreated{Stamp: asAnna, ID: topicNew, Deal: one, Title: "A", Narrowed: true}, room.ErrTitleTaken},

		{"somebody else's sign-ins ended", room.SessionsEnded{Stamp: by("bert"), User: "olga"}, room.ErrNotAdmin},
		{"the sign-ins of nobody ended by a member", room.SessionsEnded{Stamp: by("bert"), User: "nobody"}, room.ErrNotAdmin},
		{"the sign-ins of nobody ended", room.SessionsEnded{Stamp: asAnna, User: "nobody"}, room.ErrNotFound},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := walled(t)
			if next, err := s.Apply(c.ev, head); !errors.Is(err, c.want) || next != s {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAConversationOfOnesOwnStaysAsItIs(t *testing.T) {
	s := after(t, walled(t), room.DirectCreated{Stamp: by("anna"), ID: topicNew, Deal: one, With: "bert"})
	for _, ev := range []room.Event{
		room.TopicChanged{Stamp: by("anna"), ID: topicNew, Open: ptr(false)},
		room.TopicMemberAdded{Stamp: by("anna"), Topic: topicNew, User: "robo"},
		room.ReaderMoved{Stamp: by("anna"), Topic: topicNew, User: "bert", Seq: 1},
	} {
		if next, err := s.Apply(ev, head); !errors.Is(err, room.ErrUnprocessable) || next != s {
			t.Errorf("%T: %v", ev, err)
		}
	}
}

func TestAConversationTakesNoTitleFromOthers(t *testing.T) {
	s := walled(t)
	d := s.Topic(topicDirect)
	if d.Title != "bert, olga" || s.Direct(one, "olga", "bert") != d || s.Direct(two, "olga", "bert") != nil || s.Direct(one, "bert", "bert") != nil || s.Direct("", "bert", "olga") != nil {
		t.Errorf("the conversation is %+v", d)
	}
	s = after(t, s,
		room.TopicCreated{Stamp: by("anna"), ID: topicNew, Deal: one, Title: "bert, olga"},
		room.TopicCreated{Stamp: by("anna"), ID: "topc000000000007", Deal: one, Title: "bert, robo"},
		room.DirectCreated{Stamp: by("robo"), ID: "topc000000000006", Deal: one, With: "bert"},
		room.DirectCreated{Stamp: by("bert"), ID: "topc000000000005", Deal: one, With: "zoe"},
	)
	if title := s.Topic("topc000000000006").Title; title != "bert, robo" {
		t.Errorf("its title is %q", title)
	}
}

func TestWhereOneIsLetIn(t *testing.T) {
	const joined = two // topicThree has 7 messages
	start := after(t, furnished(t),
		room.MemberMoved{Stamp: by("anna"), Deal: two, User: "bert", History: room.HistoryAll},
		room.MemberAdded{Stamp: by("anna"), Deal: two, User: "olga"},
		room.MemberMoved{Stamp: by("anna"), Deal: two, User: "olga", History: room.HistoryAll},
	)
	narrowed := after(t, start, room.TopicChanged{Stamp: by("anna"), ID: topicThree, Narrowed: ptr(true), Members: []string{"bert"}})
	for _, c := range []struct {
		what   string
		state  *room.State
		events []room.Event
		user   string
		want   int64
	}{
		{"who was there when it was narrowed goes on", narrowed, nil, "bert", 1},
		{"who is let in later begins then", narrowed, []room.Event{room.TopicMemberAdded{Stamp: by("anna"), Topic: topicThree, User: "olga"}}, "olga", 21},
		{"who is let in by another list begins then", narrowed, []room.Event{room.TopicChanged{Stamp: by("anna"), ID: topicThree, Members: []string{"bert", "olga"}}}, "olga", 21},
		{"who stays on the list goes on", narrowed, []room.Event{room.TopicChanged{Stamp: by("anna"), ID: topicThree, Members: []string{"bert", "olga"}}}, "bert", 1},
		{"where the deal's history is for all, so is the topic's", narrowed, []room.Event{
			room.DealChanged{Stamp: by("anna"), ID: joined, History: ptr(room.HistoryAll)},
			room.TopicMemberAdded{Stamp: by("anna"), Topic: topicThree, User: "olga"}}, "olga", 1},
		{"who is in is not let in again", narrowed, []room.Event{room.TopicMemberAdded{Stamp: by("anna"), Topic: topicThree, User: "bert"}}, "bert", 1},
		{"a member moved to now", start, []room.Event{room.MemberMoved{Stamp: by("anna"), Deal: two, User: "bert", History: room.HistoryJoined}}, "bert", 21},
		{"a reader moved", start, []room.Event{room.ReaderMoved{Stamp: by("anna"), Topic: topicThree, User: "bert", Seq: 4}}, "bert", 4},
		{"a reader moved beyond the head", start, []room.Event{room.ReaderMoved{Stamp: by("anna"), Topic: topicThree, User: "bert", Seq: 21}}, "bert", 21},
		{"a reader moved and moved back", start, []room.Event{
			room.ReaderMoved{Stamp: by("anna"), Topic: topicThree, User: "bert", Seq: 4},
			room.ReaderMoved{Stamp: by("anna"), Topic: topicThree, User: "bert", Seq: 1}}, "bert", 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := c.state
			for _, ev := range c.events {
				var err error
				if s, err = s.Apply(ev, later); err != nil {
					t.Fatal(err)
				}
			}
			if from, ok := s.ReadsFrom(c.user, topicThree); !ok || from != c.want {
				t.Errorf("%s reads from %d, %t; want %d", c.user, from, ok, c.want)
			}
		})
	}
}

func TestVersionsCountChangesByHand(t *testing.T) {
	s := walled(t)
	s = after(t, s,
		room.UserChanged{Stamp: by("anna"), Name: "bert", Version: 1, Display: ptr("B")},
		room.UserChanged{Stamp: by("anna"), Name: "bert", Version: 2, Display: ptr("C")},
		room.DealChanged{Stamp: by("anna"), ID: one, Version: 1, Open: ptr(false)},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Version: 2, Strict: ptr(true)},
	)
	if u, d, topic := s.User("bert").Version, s.Deal(one).Version, s.Topic(topicOne).Version; u != 3 || d != 2 || topic != 3 {
		t.Errorf("versions %d, %d, %d", u, d, topic)
	}
}

// TestWhatChangesNothingIsTheSameRoom is how it's told whether an event has
// changed anything.
func TestWhatChangesNothingIsTheSameRoom(t *testing.T) {
	s := after(t, walled(t), room.TopicChanged{Stamp: by("anna"), ID: topicTwo, Narrowed: ptr(true)})
	for _, ev := range []room.Event{
		room.UserChanged{Stamp: by("anna"), Name: "bert", Display: ptr("Bert"), Role: ptr(room.Member), Active: ptr(true)},
		room.DealChanged{Stamp: by("anna"), ID: one, Name: ptr("One"), Open: ptr(true)},
		room.MemberAdded{Stamp: by("anna"), Deal: one, User: "bert"},
		room.MemberMoved{Stamp: by("anna"), Deal: one, User: "bert", History: room.HistoryAll},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Title: ptr("A"), Members: []string{"bert"}, Version: 2},
		room.TopicChanged{Stamp: by("anna"), ID: topicTwo, Members: []string{}},
		room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "bert"},
		room.ReaderMoved{Stamp: by("anna"), Topic: topicOne, User: "bert", Seq: 1},
		room.SessionsEnded{Stamp: by("bert"), User: "bert"},
		room.MessagePosted{Stamp: by("bert"), Topic: topicOne},
	} {
		if next := after(t, s, ev); next != s {
			t.Errorf("%T gives another room", ev)
		}
	}
}

// TestARoomIsTheSameByWhateverWayItCame compares with one that was made of what
// is in it, as the store does.
func TestARoomIsTheSameByWhateverWayItCame(t *testing.T) {
	s := after(t, walled(t),
		room.TopicMemberRemoved{Stamp: by("anna"), Topic: topicOne, User: "bert"},
		room.TopicCreated{Stamp: by("anna"), ID: topicNew, Deal: two, Title: "N", Narrowed: true, Members: []string{}},
		room.MemberRemoved{Stamp: by("anna"), Deal: two, User: "bert"}, // who had a start in topicThree
	)
	for topic := range s.Topics() {
		if topic.Members != nil && len(topic.Members) == 0 || topic.Starts != nil && len(topic.Starts) == 0 {
			t.Errorf("%s has an empty map, where one that is read from rows has none", topic.ID)
		}
	}
}

func TestANewTopicOrConversationLeavesTheRoomBefore(t *testing.T) {
	s := walled(t)
	for _, ev := range []room.Event{
		room.TopicCreated{Stamp: by("anna"), ID: topicNew, Deal: one, Title: "N", Narrowed: true, Members: []string{"bert"}},
		room.DirectCreated{Stamp: by("bert"), ID: topicNew, Deal: one, With: "robo"},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Members: []string{"olga"}},
		room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "olga"},
		room.TopicMemberRemoved{Stamp: by("anna"), Topic: topicOne, User: "bert"},
		room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"},
		room.ReaderMoved{Stamp: by("anna"), Topic: topicOne, User: "bert", Seq: 3},
		room.MemberMoved{Stamp: by("anna"), Deal: one, User: "bert", History: room.HistoryJoined},
	} {
		before, members := snapshot(s), maps.Clone(s.Topic(topicOne).Members)
		next := after(t, s, ev)
		if next == s || !reflect.DeepEqual(before, snapshot(s)) || !maps.Equal(members, s.Topic(topicOne).Members) {
			t.Errorf("%T has changed the room before it, or nothing", ev)
		}
	}
}

// Who has seen other members than there are must not put them back by a list.
func TestAChangeOfMembersMakesTheListOutdated(t *testing.T) {
	s := after(t, furnished(t), room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"bert"}})
	for what, ev := range map[string]room.Event{
		"somebody is let in":        room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "olga"},
		"somebody is taken out":     room.TopicMemberRemoved{Stamp: by("anna"), Topic: topicOne, User: "bert"},
		"a member leaves the deal":  room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"},
		"the topic is given others": room.TopicChanged{Stamp: by("anna"), ID: topicOne, Members: []string{"olga"}},
	} {
		t.Run(what, func(t *testing.T) {
			changed := after(t, s, ev)
			seen := s.Topic(topicOne).Version
			_, err := changed.Apply(room.TopicChanged{Stamp: by("anna"), ID: topicOne, Version: seen, Members: []string{"bert"}}, head)
			if !errors.Is(err, room.ErrChanged) {
				t.Errorf("got %v, want %v", err, room.ErrChanged)
			}
		})
	}
}
