package session_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"redroom/server/room"
)

// TestATopicIsOpenedOnceASession counts the rows of the trail.
func TestATopicIsOpenedOnceASession(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		openings := func() (n int) {
			t.Helper()
			synctest.Wait()
			rows, err := p.store.Audit(t.Context(), room.AuditQuery{Limit: 100, Action: room.ActionTopicOpened})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.By != "bert" || r.Topic != topic || r.Deal != deal || r.Address != home.String() || r.User != "" {
					t.Errorf("the row is %+v", r)
				}
			}
			return len(rows)
		}
		join := func(client *pipe, topic, answer string) {
			t.Helper()
			c := client.channel(t)
			c.say(t, "JOIN 0 "+topic+" 0\n")
			if got := c.hear(t); !strings.HasPrefix(got, answer) {
				t.Errorf("JOIN is answered %q", got)
			}
			c.CloseWrite()
		}
		for session := 1; session <= 2; session++ {
			client, _ := p.signIn(t, "bert")
			join(client, "nowhere", "ERR ")
			c := client.channel(t)
			c.say(t, "JOIN 0 "+topic+" 99\n") // is refused
			c.hear(t)
			if n := openings(); n != session-1 {
				t.Errorf("before: %d rows", n)
			}
			for range 3 {
				join(client, topic, "ACK ")
				if n := openings(); n != session {
					t.Errorf("in the %d. session: %d rows", session, n)
				}
			}
			client.Close(0, "")
		}
	})
}
