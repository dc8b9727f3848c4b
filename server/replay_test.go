package server_test

import (
	"fmt"
	"testing"

	limits "redroom/server/load"
	"redroom/server/servertest"
)

// TestARunsEventsGiveTheSameRoomAgain has people do in a room whatever can be
// done there, and applies the events of that to two empty stores in other
// batches: all tables are the same. With -replay, it is done with every room that
// any test starts.
func TestARunsEventsGiveTheSameRoomAgain(t *testing.T) {
	c := servertest.Config(t)
	c.Limits = limits.Defaults().WithPosts(0)
	recording := servertest.Record(&c)
	r, stop := servertest.StartWith(t, c)
	anna := r.Admin(t)
	chance := servertest.Rand(t)

	// People come, and talk.
	deal, later := anna.Deal(t, "Everything", "all"), anna.Deal(t, "Later", "joined")
	var topics []string
	for i := range 4 {
		topics = append(topics, anna.Topic(t, []string{deal, later}[i%2], fmt.Sprintf("Topic %d", i), i))
	}
	people := []*servertest.API{anna}
	for i, role := range []string{"member", "member", "observer", "bot", "member", "member"} {
		people = append(people, r.Join(t, anna, fmt.Sprintf("person%d", i), role, deal, later))
	}
	talk := func() {
		for range 60 {
			by := people[chance.IntN(len(people))]
			s := r.Enter(t, by)
			for _, topic := range topics {
				channel := s.Channel(t)
				channel.Say(t, "JOIN 0 "+topic+" 0\n")
				if f := channel.Hear(t); f.Type() != "ACK" {
					continue
				}
				n := chance.IntN(4)
				id := fmt.Sprintf("id-%d", clientIDs.Add(1))
				switch seq := 1 + chance.IntN(40); n {
				case 0:
					channel.Say(t, servertest.Post("edited", id, "edit", fmt.Sprint(seq)))
				case 1:
					channel.Say(t, servertest.Post("", id, "redact", fmt.Sprint(seq)))
				default:
					channel.Say(t, servertest.Post("Grüße "+id, id))
					channel.Say(t, servertest.Post("Grüße "+id, id)) // once more
				}
				channel.Say(t, fmt.Sprintf("READ 0 %d\nPING 0 end\n", 1+chance.IntN(60)))
				for f := channel.Hear(t); f.Type() != "PONG"; f = channel.Hear(t) {
				}
				channel.CloseWrite()
			}
			s.Close(0, "")
		}
	}
	talk()

	// Rights come and go; some of it is refused.
	for i, change := range []struct {
		method, path string
		body         map[string]any
	}{
		{"PATCH", "/api/topics/" + topics[0], map[string]any{"narrowed": true, "members": []string{"person0", "person2"}}},
		{"PUT", "/api/topics/" + topics[0] + "/members/person1", nil},
		{"DELETE", "/api/topics/" + topics[0] + "/members/person2", nil},
		{"PATCH", "/api/topics/" + topics[2] + "/members/person0", map[string]any{"from": 5}},
		{"PATCH", "/api/deals/" + deal + "/members/person1", map[string]any{"history": "joined"}},
		{"DELETE", "/api/deals/" + deal + "/members/person4", nil},
		{"PUT", "/api/deals/" + deal + "/members/person4", nil},
		{"DELETE", "/api/deals/" + later + "/members/person0", nil},
		{"PUT", "/api/deals/" + later + "/members/person0", nil},
		{"PATCH", "/api/deals/" + later, map[string]any{"name": "Much later", "history": "all"}},
		{"PATCH", "/api/topics/" + topics[1], map[string]any{"open": false, "strict": true}},
		{"PATCH", "/api/topics/" + topics[3], map[string]any{"archived": true, "title": "Topic 1"}}, // taken
		{"PATCH", "/api/users/person5", map[string]any{"role": "admin"}},
		{"PATCH", "/api/users/person5", map[string]any{"role": "observer", "display": "Fünf"}},
		{"PATCH", "/api/users/person4", map[string]any{"active": false}},
		{"DELETE", "/api/users/person3/sessions", nil},
		{"POST", "/api/users/person3/invitation", map[string]any{}},
	} {
		status, answer := anna.Do(t, change.method, change.path, change.body)
		if refused := i == 11; (status >= 400) != refused {
			t.Fatalf("%v: %d %s", change, status, answer)
		}
	}
	people[1].Must(t, "POST", "/api/deals/"+deal+"/direct", map[string]any{"with": "person1"}, nil, 201)
	people[2].Must(t, "POST", "/api/session/password", map[string]any{"old": servertest.Password, "new": servertest.Password + "!"}, nil, 204)
	people[3].Must(t, "DELETE", "/api/session", nil, nil, 204)
	r.Anonymous(t).Must(t, "POST", "/api/session", map[string]any{"name": "person1", "password": "a wrong password"}, nil, 401)
	people = people[:3]
	talk()

	stop()
	recording.Verify(t, c.Data)
}
