package session_test

import (
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
)

// TestTopicsAreToldWithTheirReaders shows what TOPIC says of narrowed and direct
// ones, and when it is said anew.
func TestTopicsAreToldWithTheirReaders(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		p.append(t, room.UserAdded{Stamp: stamp("anna"), Name: "carl", Display: "Carl", Role: room.Member})
		p.append(t, room.MemberAdded{Stamp: stamp("anna"), Deal: deal, User: "carl"})
		_, control := p.signIn(t, "bert")
		control.say(t, "WATCH 0\n")
		said, _ := frames(t, control, "ACK 0 WATCH")
		i := slices.IndexFunc(said, func(f told) bool { return strings.HasPrefix(f.header, "TOPIC ") })
		const open = `{"id":"` + topic + `","deal":"` + deal + `","title":"Topic","number":1,"open":true,"archived":false,"narrowed":false,"head":0}`
		if got := said[i].payload; got != open {
			t.Errorf("TOPIC says %s, want %s", got, open)
		}
		for _, c := range []struct {
			ev   room.Event
			want []string // with "narrowed" and what follows it, or gone
		}{
			{room.TopicChanged{Stamp: stamp("anna"), ID: topic, Narrowed: ptr(true), Members: []string{"carl", "bert"}}, []string{`true,"members":["bert","carl"],"head":0}`}},
			{room.TopicMemberRemoved{Stamp: stamp("anna"), Topic: topic, User: "carl"}, []string{`true,"members":["bert"],"head":0}`}},
			{room.TopicMemberAdded{Stamp: stamp("anna"), Topic: topic, User: "carl"}, []string{`true,"members":["bert","carl"],"head":0}`}},
			{room.TopicChanged{Stamp: stamp("anna"), ID: topic, Archived: ptr(true)}, []string{`true,"members":["bert","carl"],"head":0}`}},
			{room.TopicMemberRemoved{Stamp: stamp("anna"), Topic: topic, User: "bert"}, []string{"gone"}},
			{widen(topic), []string{`false,"head":0}`}},
			{room.TopicChanged{Stamp: stamp("anna"), ID: topic, Archived: ptr(false)}, []string{`false,"head":0}`}},
			{room.MessagePosted{Stamp: stamp("anna"), Topic: topic, ID: "one", Kind: room.Text, Body: []byte("hi")}, nil},
			{room.ReaderMoved{Stamp: stamp("anna"), Topic: topic, User: "bert", Seq: 2}, []string{"gone", `false,"head":1}`}},
			{room.ReaderMoved{Stamp: stamp("anna"), Topic: topic, User: "bert", Seq: 1}, []string{`false,"head":1}`}},
			{room.DirectCreated{Stamp: stamp("carl"), ID: "direct0000000001", Deal: deal, With: "bert"}, []string{`false,"direct":true,"members":["bert","carl"],"head":0}`}},
			{room.DirectCreated{Stamp: stamp("carl"), ID: "direct0000000002", Deal: deal, With: "anna"}, nil},
		} {
			p.append(t, c.ev)
			var got []string
			for _, f := range toldNext(t, control) {
				if strings.HasPrefix(f.header, "TOPIC ") {
					_, rest, narrowed := strings.Cut(f.payload, `"narrowed":`)
					if !narrowed {
						rest = f.fields()[1]
					}
					got = append(got, rest)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("after %+v TOPIC says %q, want %q", c.ev, got, c.want)
			}
		}
	})
}
