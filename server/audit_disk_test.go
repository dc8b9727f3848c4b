//go:build linux

package server_test

import (
	"slices"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestOpeningsWhileTheDiskIsFull has the database not grow: a strict topic isn't
// opened, any other is, and when there is room that is written before anything
// else.
func TestOpeningsWhileTheDiskIsFull(t *testing.T) {
	r := servertest.StartQuietly(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "Disk", "all")
	plain, strict := anna.Topic(t, deal, "Plain", 1), anna.Topic(t, deal, "Strict", 2)
	anna.Must(t, "PATCH", "/api/topics/"+strict, map[string]any{"strict": true}, nil, 200)
	bert := r.Join(t, anna, "bert", "member", deal)
	carl := r.Join(t, anna, "carl", "member", deal)
	writer := r.Enter(t, anna).Join(t, plain, 0)
	sessions := []*servertest.Session{r.Enter(t, bert), r.Enter(t, carl)}
	// What was opened before goes on as it was.
	before := r.Enter(t, bert).Join(t, strict, 0)
	carl.Must(t, "GET", "/api/topics/"+strict+"/messages", nil, nil, 200)
	trail := readTrail(t, anna)

	limitFiles(t, 4<<10)
	writer.Say(t, servertest.Post("Noch etwas?", "full"))
	writer.Answer(t, "ERR 503 full 1")
	await(t, "the server is not ready", func() bool {
		status, _ := anna.Do(t, "GET", "/readyz", nil)
		return status == 503
	})
	for _, s := range sessions {
		for range 2 {
			s.Join(t, plain, 0)
			c := s.Channel(t)
			c.Say(t, "JOIN 0 "+strict+" 0\n")
			c.Expect(t, "ERR 503 "+strict+" 1")
			c.Finish(t)
		}
	}
	for range 2 {
		bert.Must(t, "GET", "/api/topics/"+plain+"/messages", nil, nil, 200)
		bert.Must(t, "GET", "/api/topics/"+strict+"/messages", nil, nil, 503)
		carl.Must(t, "GET", "/api/topics/"+strict+"/messages", nil, nil, 200)
	}
	before.Say(t, "HEAD 0\n")
	before.Answer(t, "HEAD 0 *")
	if now := readTrail(t, anna); len(now) != len(trail) {
		t.Errorf("the trail has grown by %+v", now[len(trail):])
	}

	limitFiles(t, 0)
	await(t, "the server is ready", func() bool {
		status, _ := anna.Do(t, "GET", "/readyz", nil)
		return status == 200
	})
	anna.Must(t, "PATCH", "/api/topics/"+strict, map[string]any{"number": 7}, nil, 200)
	sessions[1].Join(t, strict, 0)
	var got []string
	for _, e := range readTrail(t, anna)[len(trail):] {
		got = append(got, e.By+" "+e.Action+" "+e.Topic)
	}
	opened, changed := string(room.ActionTopicOpened), string(room.ActionTopicChanged)
	want := []string{
		"bert " + opened + " " + plain, "carl " + opened + " " + plain, // by their sessions
		"bert " + opened + " " + plain, // over HTTP
		"anna " + changed + " " + strict,
		"carl " + opened + " " + strict,
	}
	if !slices.Equal(got, want) {
		t.Errorf("written was %q, want %q", got, want)
	}
}
