package room_test

import (
	"reflect"
	"testing"

	"redroom/server/room"
)

// TestEffects tells before a change what it means, to anna unless it's said
// otherwise.
func TestEffects(t *testing.T) {
	for _, c := range []struct {
		what   string
		viewer string
		before []room.Event
		ev     room.Event
		want   []room.Effect
	}{
		{what: "a new name", ev: room.UserChanged{Stamp: by("anna"), Name: "bert", Display: ptr("B")}},
		{what: "a member more", ev: room.MemberAdded{Stamp: by("anna"), Deal: one, User: "otto"},
			want: []room.Effect{{User: "otto", Gains: []string{topicTwo}}}},
		{what: "a member less", ev: room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"},
			want: []room.Effect{{User: "bert", Loses: []string{topicOne, topicTwo}}}},
		{what: "a member who becomes an observer", ev: room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Observer)},
			want: []room.Effect{{User: "bert", Mute: []string{topicOne, topicTwo, topicThree}}}},
		{what: "an observer who becomes a member", ev: room.UserChanged{Stamp: by("anna"), Name: "olga", Role: ptr(room.Member)},
			want: []room.Effect{{User: "olga", Speaks: []string{topicTwo}}}},
		{what: "a member who becomes an admin", ev: room.UserChanged{Stamp: by("anna"), Name: "robo", Role: ptr(room.Admin)},
			want: []room.Effect{{User: "robo", Gains: []string{topicOne, topicThree}}}},
		{what: "an admin who becomes a member", ev: room.UserChanged{Stamp: by("anna"), Name: "zoe", Role: ptr(room.Member)},
			want: []room.Effect{{User: "zoe", Loses: []string{topicOne, topicTwo, topicThree}}}},
		{what: "a user deactivated", ev: room.UserChanged{Stamp: by("anna"), Name: "olga", Active: ptr(false)},
			want: []room.Effect{{User: "olga", Loses: []string{topicTwo}}}},
		{what: "a topic narrowed", ev: room.TopicChanged{Stamp: by("anna"), ID: topicTwo, Narrowed: ptr(true), Members: []string{"olga"}},
			want: []room.Effect{{User: "bert", Loses: []string{topicTwo}}, {User: "robo", Loses: []string{topicTwo}}}},
		{what: "a topic opened to its deal", ev: room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(false)},
			want: []room.Effect{{User: "olga", Gains: []string{topicOne}}, {User: "robo", Gains: []string{topicOne}}}},
		{what: "a topic closed", ev: room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(false)},
			want: []room.Effect{{User: "anna", Mute: []string{topicOne}}, {User: "bert", Mute: []string{topicOne}}, {User: "zoe", Mute: []string{topicOne}}}},
		{what: "a reader moved ahead", ev: room.ReaderMoved{Stamp: by("anna"), Topic: topicOne, User: "bert", Seq: 3},
			want: []room.Effect{{User: "bert", Less: []string{topicOne}}}},
		{what: "a member moved back", ev: room.MemberMoved{Stamp: by("anna"), Deal: two, User: "bert", History: room.HistoryAll},
			want: []room.Effect{{User: "bert", More: []string{topicThree}}}},
		{what: "a new narrowed topic", ev: room.TopicCreated{Stamp: by("anna"), ID: topicNew, Deal: one, Title: "N", Narrowed: true, Members: []string{"robo"}},
			want: []room.Effect{{User: "anna", Gains: []string{topicNew}}, {User: "robo", Gains: []string{topicNew}}, {User: "zoe", Gains: []string{topicNew}}}},
		{what: "a new user", ev: room.UserAdded{Stamp: by("anna"), Name: "emil", Display: "Emil", Role: room.Admin},
			want: []room.Effect{{User: "emil", Gains: []string{topicOne, topicTwo, topicThree}}}},
		{what: "to the operator", viewer: "operator", ev: room.MemberRemoved{Stamp: by(""), Deal: one, User: "bert"},
			want: []room.Effect{{User: "bert", Loses: []string{topicOne, topicTwo}}}},
		// Of a conversation nobody is told, not even whoever has it.
		{what: "a conversation of anna's own", before: []room.Event{room.DirectCreated{Stamp: by("anna"), ID: topicNew, Deal: one, With: "robo"}},
			ev: room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "robo"}, want: []room.Effect{{User: "robo", Loses: []string{topicTwo}}}},
		{what: "to somebody who may know of nothing", viewer: "bert", ev: room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "olga"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := after(t, walled(t), c.before...)
			viewer := c.viewer
			switch viewer {
			case "":
				viewer = "anna"
			case "operator":
				viewer = ""
			}
			if got := s.Effects(after(t, s, c.ev), viewer); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}
