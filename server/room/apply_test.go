package room_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
)

// The fixture: anna is the admin; bert is a member, olga an observer and robo
// a bot of the deal "one", whose history is all; bert is a member of "two",
// too, whose history begins with joining; otto is in no deal.
const (
	one, two           = "deal000000000001", "deal000000000002"
	topicOne, topicTwo = "topc000000000001", "topc000000000002"
	topicThree         = "topc000000000003" // the one of the deal "two"
)

// head is a topic's newest seq.
func head(topic string) int64 {
	return map[string]int64{topicOne: 5, topicThree: 7}[topic]
}

// later is the head after more was posted.
func later(string) int64 { return 20 }

func by(name string) room.Stamp { return room.Stamp{At: 1767225600000, By: name} }

func ptr[T any](v T) *T { return &v }

var furniture = []room.Event{
	room.AdminClaimed{Stamp: by(""), Name: "anna", Display: "Anna"},
	room.UserAdded{Stamp: by("anna"), Name: "bert", Display: "Bert", Role: room.Member},
	room.UserAdded{Stamp: by("anna"), Name: "olga", Display: "Olga", Role: room.Observer},
	room.UserAdded{Stamp: by("anna"), Name: "robo", Display: "Robo", Role: room.Bot},
	room.UserAdded{Stamp: by("anna"), Name: "otto", Display: "Otto", Role: room.Member},
	room.DealCreated{Stamp: by("anna"), ID: one, Name: "One", History: room.HistoryAll},
	room.DealCreated{Stamp: by("anna"), ID: two, Name: "Two", History: room.HistoryJoined},
	room.TopicCreated{Stamp: by("anna"), ID: topicTwo, Deal: one, Title: "B", Number: 1},
	room.TopicCreated{Stamp: by("anna"), ID: topicOne, Deal: one, Title: "A", Number: 1},
	room.TopicCreated{Stamp: by("anna"), ID: topicThree, Deal: two, Title: "A", Number: 9},
	room.MemberAdded{Stamp: by("anna"), Deal: one, User: "bert"},
	room.MemberAdded{Stamp: by("anna"), Deal: one, User: "olga"},
	room.MemberAdded{Stamp: by("anna"), Deal: one, User: "robo"},
	room.MemberAdded{Stamp: by("anna"), Deal: two, User: "bert"},
}

func furnished(t *testing.T) *room.State {
	t.Helper()
	return after(t, new(room.State), furniture...)
}

// after is the room after events that must not be refused.
func after(t testing.TB, s *room.State, events ...room.Event) *room.State {
	t.Helper()
	for _, ev := range events {
		var err error
		if s, err = s.Apply(ev, head); err != nil {
			t.Fatalf("%T %+v: %v", ev, ev, err)
		}
	}
	return s
}

// snapshot is all that a State shows, by value.
func snapshot(s *room.State) []any {
	var all []any
	for _, u := range s.Users() {
		all = append(all, *u)
	}
	for _, d := range s.Deals() {
		copied := *d
		copied.Members, copied.Topics = maps.Clone(d.Members), slices.Clone(d.Topics)
		all = append(all, copied)
		for _, topic := range s.TopicsOf(d) {
			copied := *topic
			copied.Starts = maps.Clone(topic.Starts)
			all = append(all, copied)
		}
	}
	return all
}

func TestRefusalsLeaveTheRoomAsItIs(t *testing.T) {
	cases := []struct {
		what string
		ev   room.Event
		want *room.Error
	}{
		{"a second setup", room.AdminClaimed{Name: "zoe", Display: "Zoe"}, room.ErrSetupDone},
		{"a setup offered after it", room.SetupOffered{Stamp: by("")}, room.ErrSetupDone},

		{"a user added by a member", room.UserAdded{Stamp: by("bert"), Name: "zoe", Display: "Zoe", Role: room.Member}, room.ErrNotAdmin},
		{"a user added by nobody known", room.UserAdded{Stamp: by("nobody"), Name: "zoe", Display: "Zoe", Role: room.Member}, room.ErrNotAdmin},
		{"a name that is taken", room.UserAdded{Stamp: by("anna"), Name: "bert", Display: "Bert", Role: room.Member}, room.ErrNameTaken},
		{"a user name in capitals", room.UserAdded{Stamp: by("anna"), Name: "Zoe", Display: "Zoe", Role: room.Member}, room.ErrUnprocessable},
		{"an empty display name", room.UserAdded{Stamp: by("anna"), Name: "zoe", Role: room.Member}, room.ErrUnprocessable},
		{"a display name of 65 characters", room.UserAdded{Stamp: by("anna"), Name: "zoe", Display: strings.Repeat("ä", 65), Role: room.Member}, room.ErrUnprocessable},
		{"no role", room.UserAdded{Stamp: by("anna"), Name: "zoe", Display: "Zoe"}, room.ErrUnprocessable},

		{"a user changed by a member", room.UserChanged{Stamp: by("bert"), Name: "olga", Display: ptr("O")}, room.ErrNotAdmin},
		{"an unknown user changed", room.UserChanged{Stamp: by("anna"), Name: "zoe", Display: ptr("Z")}, room.ErrNotFound},
		{"an unknown role", room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Role("king"))}, room.ErrUnprocessable},
		{"a display name emptied", room.UserChanged{Stamp: by("anna"), Name: "bert", Display: ptr("")}, room.ErrUnprocessable},
		{"the last admin demoted", room.UserChanged{Stamp: by("anna"), Name: "anna", Role: ptr(room.Member)}, room.ErrLastAdmin},
		{"the last admin deactivated", room.UserChanged{Stamp: by("anna"), Name: "anna", Active: ptr(false)}, room.ErrLastAdmin},

		{"a deal by a member", room.DealCreated{Stamp: by("bert"), ID: "deal000000000003", Name: "Three", History: room.HistoryAll}, room.ErrNotAdmin},
		{"a deal's id again", room.DealCreated{Stamp: by("anna"), ID: one, Name: "Three", History: room.HistoryAll}, room.ErrExists},
		{"a deal's name again", room.DealCreated{Stamp: by("anna"), ID: "deal000000000003", Name: "One", History: room.HistoryAll}, room.ErrDealTaken},
		{"a deal without a name", room.DealCreated{Stamp: by("anna"), ID: "deal000000000003", History: room.HistoryAll}, room.ErrUnprocessable},
		{"a deal without a history", room.DealCreated{Stamp: by("anna"), ID: "deal000000000003", Name: "Three"}, room.ErrUnprocessable},
		{"a deal changed by a member", room.DealChanged{Stamp: by("bert"), ID: one, Name: ptr("Eins")}, room.ErrNotAdmin},
		{"an unknown deal changed", room.DealChanged{Stamp: by("anna"), ID: "deal000000000003", Name: ptr("Drei")}, room.ErrNotFound},
		{"a deal renamed to another's name", room.DealChanged{Stamp: by("anna"), ID: one, Name: ptr("Two")}, room.ErrDealTaken},

		{"a member added by a member", room.MemberAdded{Stamp: by("bert"), Deal: one, User: "otto"}, room.ErrNotAdmin},
		{"a member of an unknown deal", room.MemberAdded{Stamp: by("anna"), Deal: "deal000000000003", User: "otto"}, room.ErrNotFound},
		{"an unknown member", room.MemberAdded{Stamp: by("anna"), Deal: one, User: "zoe"}, room.ErrNotFound},
		{"a member removed by a member", room.MemberRemoved{Stamp: by("bert"), Deal: one, User: "olga"}, room.ErrNotAdmin},
		{"a member removed from an unknown deal", room.MemberRemoved{Stamp: by("anna"), Deal: "deal000000000003", User: "bert"}, room.ErrNotFound},
		{"somebody removed who is no member", room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "otto"}, room.ErrNotFound},

		{"a topic by a member", room.TopicCreated{Stamp: by("bert"), ID: "topc000000000004", Deal: one, Title: "C"}, room.ErrNotAdmin},
		{"a topic of an unknown deal", room.TopicCreated{Stamp: by("anna"), ID: "topc000000000004", Deal: "deal000000000003", Title: "C"}, room.ErrNotFound},
		{"a topic's id again", room.TopicCreated{Stamp: by("anna"), ID: topicOne, Deal: one, Title: "C"}, room.ErrExists},
		{"a topic's id again in another deal", room.TopicCreated{Stamp: by("anna"), ID: topicOne, Deal: two, Title: "C"}, room.ErrExists},
		{"a title again in its deal", room.TopicCreated{Stamp: by("anna"), ID: "topc000000000004", Deal: one, Title: "A"}, room.ErrTitleTaken},
		{"an empty title", room.TopicCreated{Stamp: by("anna"), ID: "topc000000000004", Deal: one}, room.ErrUnprocessable},
		{"a title of 121 characters", room.TopicCreated{Stamp: by("anna"), ID: "topc000000000004", Deal: one, Title: strings.Repeat("ä", 121)}, room.ErrUnprocessable},
		{"a number below 0", room.TopicCreated{Stamp: by("anna"), ID: "topc000000000004", Deal: one, Title: "C", Number: -1}, room.ErrUnprocessable},
		{"a number above 32767", room.TopicCreated{Stamp: by("anna"), ID: "topc000000000004", Deal: one, Title: "C", Number: 32768}, room.ErrUnprocessable},
		{"a topic changed by a member", room.TopicChanged{Stamp: by("bert"), ID: topicOne, Open: ptr(false)}, room.ErrNotAdmin},
		{"an unknown topic changed", room.TopicChanged{Stamp: by("anna"), ID: "topc000000000004", Open: ptr(false)}, room.ErrNotFound},
		{"a topic renamed to another's title", room.TopicChanged{Stamp: by("anna"), ID: topicOne, Title: ptr("B")}, room.ErrTitleTaken},
		{"a topic given a wrong number", room.TopicChanged{Stamp: by("anna"), ID: topicOne, Number: ptr(40000)}, room.ErrUnprocessable},

		{"an invitation by a member", room.InvitationMade{Stamp: by("bert"), Role: room.Member}, room.ErrNotAdmin},
		{"an invitation to an unknown deal", room.InvitationMade{Stamp: by("anna"), Role: room.Member, Deals: []string{"deal000000000003"}}, room.ErrNotFound},
		{"an invitation without a role", room.InvitationMade{Stamp: by("anna"), Deals: []string{one}}, room.ErrUnprocessable},
		{"a password link for nobody known", room.InvitationMade{Stamp: by("anna"), User: "zoe"}, room.ErrNotFound},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			s := furnished(t)
			before := snapshot(s)
			next, err := s.Apply(c.ev, head)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if next != s || !reflect.DeepEqual(before, snapshot(s)) {
				t.Error("the refusal changed the room")
			}
		})
	}
}

func TestAnEventMakesAnotherRoomAndLeavesTheOneBefore(t *testing.T) {
	s := new(room.State)
	for _, ev := range append(slices.Clone(furniture),
		room.UserChanged{Stamp: by("anna"), Name: "bert", Display: ptr("Bertram"), Role: ptr(room.Admin)},
		room.UserChanged{Stamp: by("anna"), Name: "bert", Active: ptr(false)},
		room.DealChanged{Stamp: by("anna"), ID: one, Name: ptr("Eins"), Open: ptr(false), History: ptr(room.HistoryJoined), Receipts: ptr(true)},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Title: ptr("Z"), Number: ptr(3), Open: ptr(false)},
		room.MemberAdded{Stamp: by("anna"), Deal: two, User: "otto"},
		room.MemberRemoved{Stamp: by("anna"), Deal: two, User: "otto"},
	) {
		before := snapshot(s)
		next := after(t, s, ev)
		if !reflect.DeepEqual(before, snapshot(s)) {
			t.Fatalf("%T changed the room before it", ev)
		}
		if next == s || reflect.DeepEqual(before, snapshot(next)) {
			t.Fatalf("%T changed nothing", ev)
		}
		s = next
	}
}

func TestWhatIsNotGivenStaysAsItWas(t *testing.T) {
	s := furnished(t)
	before := snapshot(s)
	s = after(t, s, room.UserChanged{Stamp: by("anna"), Name: "bert"}, room.DealChanged{Stamp: by("anna"), ID: one}, room.TopicChanged{Stamp: by("anna"), ID: topicOne})
	if !reflect.DeepEqual(before, snapshot(s)) {
		t.Error("a change of nothing changed the room")
	}
}

func TestTheOperatorMayDoWhatAnAdminMay(t *testing.T) {
	s := after(t, furnished(t),
		room.UserAdded{Stamp: by(""), Name: "zoe", Display: "Zoe", Role: room.Admin},
		room.DealCreated{Stamp: by(""), ID: "deal000000000003", Name: "Three", History: room.HistoryAll},
	)
	if members := s.Deal("deal000000000003").Members; len(members) != 0 {
		t.Errorf("the operator's deal has the members %v", members)
	}
}

func TestADealBeginsWithWhoMadeIt(t *testing.T) {
	d := furnished(t).Deal(one)
	if m, ok := d.Members["anna"]; !ok || m.Left || m.Joined != by("anna").At {
		t.Errorf("anna's place in the deal that she made is %+v, %t", m, ok)
	}
	if !d.Open {
		t.Error("a new deal is closed")
	}
}

func TestTopicsAreInOrderOfNumberThenTitle(t *testing.T) {
	s := furnished(t)
	titles := func() (all []string) {
		for _, topic := range s.TopicsOf(s.Deal(one)) {
			all = append(all, topic.Title)
		}
		return all
	}
	if got := titles(); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("topics of one number: %v", got)
	}
	s = after(t, s, room.TopicChanged{Stamp: by("anna"), ID: topicTwo, Number: ptr(0)})
	if got := titles(); !slices.Equal(got, []string{"B", "A"}) {
		t.Errorf("topics of two numbers: %v", got)
	}
}

func TestHistoryJoinedBeginsAtTheHeadOfTheDay(t *testing.T) {
	s := furnished(t)
	if from, ok := s.ReadsFrom("bert", topicThree); from != 8 || !ok {
		t.Errorf("who joined after seq 7 reads from %d, %t", from, ok)
	}
	if from, ok := s.ReadsFrom("bert", topicOne); from != 1 || !ok {
		t.Errorf("who joined a deal whose history is for all reads from %d, %t", from, ok)
	}
	// What was empty on that day can be read whole.
	s = after(t, s, room.TopicCreated{Stamp: by("anna"), ID: "topc000000000004", Deal: two, Title: "New"})
	if from, ok := s.ReadsFrom("bert", "topc000000000004"); from != 1 || !ok {
		t.Errorf("a topic that was made later is read from %d, %t", from, ok)
	}
}

func TestAddingAMemberAgainChangesNothing(t *testing.T) {
	s := furnished(t)
	next, err := s.Apply(room.MemberAdded{Stamp: room.Stamp{At: 1, By: "anna"}, Deal: two, User: "bert"}, later)
	if err != nil || next != s {
		t.Errorf("adding who is in changed the room, or failed: %v", err)
	}
}

func TestWhoComesBackReadsFromTheNewDay(t *testing.T) {
	s := after(t, furnished(t), room.MemberRemoved{Stamp: by("anna"), Deal: two, User: "bert"})
	if from, ok := s.ReadsFrom("bert", topicThree); ok {
		t.Errorf("who was removed reads from %d", from)
	}
	if m := s.Deal(two).Members["bert"]; !m.Left {
		t.Error("who was removed is not remembered")
	}
	if _, err := s.Apply(room.MemberRemoved{Stamp: by("anna"), Deal: two, User: "bert"}, head); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("removing again: %v", err)
	}
	s, err := s.Apply(room.MemberAdded{Stamp: by("anna"), Deal: two, User: "bert"}, later)
	if err != nil {
		t.Fatal(err)
	}
	if from, ok := s.ReadsFrom("bert", topicThree); from != 21 || !ok {
		t.Errorf("who came back after seq 20 reads from %d, %t", from, ok)
	}
}

func TestADeactivatedAccountCanNotBeAdded(t *testing.T) {
	s := after(t, furnished(t), room.UserChanged{Stamp: by("anna"), Name: "otto", Active: ptr(false)})
	if _, err := s.Apply(room.MemberAdded{Stamp: by("anna"), Deal: one, User: "otto"}, head); !errors.Is(err, room.ErrUnprocessable) {
		t.Errorf("got %v", err)
	}
}

func TestAnAdminMayGoWhenThereIsAnother(t *testing.T) {
	s := after(t, furnished(t),
		room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Admin)},
		room.UserChanged{Stamp: by("anna"), Name: "anna", Active: ptr(false)},
	)
	if s.IsAdmin("anna") || !s.IsAdmin("bert") || !s.HasAdmin() {
		t.Error("bert should be the admin now")
	}
	if _, err := s.Apply(room.UserChanged{Stamp: by("bert"), Name: "bert", Role: ptr(room.Member)}, head); !errors.Is(err, room.ErrLastAdmin) {
		t.Errorf("the deactivated admin was counted: %v", err)
	}
}

func TestAcceptingAnInvitationMakesAMember(t *testing.T) {
	s := furnished(t)
	accepted := room.InvitationAccepted{Stamp: by("zoe"), Name: "zoe", Display: "Zoe"}
	next, err := s.AcceptInvitation(accepted, room.Observer, []string{one, "deal000000000009", two}, head)
	if err != nil {
		t.Fatal(err)
	}
	if u := next.User("zoe"); u == nil || u.Role != room.Observer || !u.Active {
		t.Errorf("the account is %+v", u)
	}
	for topic, want := range map[string]int64{topicOne: 1, topicThree: 8} {
		if from, ok := next.ReadsFrom("zoe", topic); !ok || from != want {
			t.Errorf("she reads %s from %d, %t; want %d", topic, from, ok, want)
		}
	}
	if s.User("zoe") != nil {
		t.Error("the room before was changed")
	}
	if next, err := s.AcceptInvitation(room.InvitationAccepted{Name: "bert", Display: "Bert"}, room.Member, []string{one}, head); !errors.Is(err, room.ErrNameTaken) || next != s {
		t.Errorf("a name that is taken: %v", err)
	}
}

// The store makes a State from its rows; it must be the one that the events
// made.
func TestNewStateIsWhatItIsGiven(t *testing.T) {
	s := furnished(t)
	var users []room.User
	for _, u := range s.Users() {
		users = append(users, *u)
	}
	var deals []room.Deal
	for _, d := range s.Deals() {
		deals = append(deals, *d)
	}
	var topics []room.Topic
	for topic := range s.Topics() {
		topics = append(topics, *topic)
	}
	if again := room.NewState(users, deals, topics, nil); !reflect.DeepEqual(snapshot(s), snapshot(again)) {
		t.Error("the two differ")
	}
}
