package room_test

import (
	"fmt"
	"testing"

	"redroom/server/room"
)

// BenchmarkReadsFrom is what each post and each delivery asks: of a topic of the
// whole deal, which has 200 members more, and of one narrowed to 50 of them.
func BenchmarkReadsFrom(b *testing.B) {
	events := append(furniture[:len(furniture):len(furniture)],
		room.TopicCreated{Stamp: by("anna"), ID: topicNew, Deal: one, Title: "Narrowed", Narrowed: true})
	for i := range 200 {
		name := fmt.Sprint("user-", i)
		events = append(events,
			room.UserAdded{Stamp: by("anna"), Name: name, Display: name, Role: room.Member},
			room.MemberAdded{Stamp: by("anna"), Deal: one, User: name})
		if i < 50 {
			events = append(events, room.TopicMemberAdded{Stamp: by("anna"), Topic: topicNew, User: name})
		}
	}
	s := after(b, new(room.State), events...)
	for _, c := range []struct {
		name, user, topic string
		reads             bool
	}{
		{"deal", "user-7", topicOne, true},
		{"narrowed", "user-7", topicNew, true},
		{"outside", "user-70", topicNew, false},
		{"admin", "anna", topicNew, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, reads := s.ReadsFrom(c.user, c.topic); reads != c.reads {
					b.Fatal(reads)
				}
			}
		})
	}
}
