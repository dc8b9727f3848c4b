package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// TestWatchTellsTheRoomOnceAndThenLive shows what WATCH gives before its ACK,
// that it is nothing that isn't the user's to see, and what changes after.
func TestWatchTellsTheRoomOnceAndThenLive(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	second := h.anna.Topic(t, h.deal, "Library", 2)
	anna := h.Enter(t, h.anna).Join(t, h.topic, 0)
	talks(t, anna)
	talks(t, anna)

	c := h.Enter(t, h.bert).Control
	c.Say(t, "WATCH 0\n")
	told := make(map[string]servertest.Frame)
	for {
		f := c.Hear(t)
		if f.Is("ACK WATCH") == nil {
			break
		}
		told[f.Type()+" "+strings.Join(f.Fields(), " ")] = f
	}
	var names []string
	for name := range told {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{
		"DEAL " + h.deal,
		"PRESENCE anna online",
		"PRESENCE bert online",
		"PRESENCE olga offline",
		"TOPIC " + h.topic,
		"TOPIC " + second,
		"UNREAD " + h.topic + " 2 0 2",
		"UNREAD " + second + " 0 0 0",
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("WATCH told\n%s\nwant\n%s", strings.Join(names, "\n"), strings.Join(want, "\n"))
	}
	var topic struct {
		ID, Deal, Title string
		Number          int
		Open            bool
		Head            int64
	}
	if err := json.Unmarshal([]byte(told["TOPIC "+h.topic].Payload), &topic); err != nil {
		t.Fatal(err)
	}
	if topic.ID != h.topic || topic.Deal != h.deal || topic.Title != "Parlor" || topic.Number != 1 || !topic.Open || topic.Head != 2 {
		t.Errorf("TOPIC says %+v", topic)
	}
	var deal struct {
		ID, Name string
		Open     bool
		People   []struct{ Name, Display, Role string }
	}
	if err := json.Unmarshal([]byte(told["DEAL "+h.deal].Payload), &deal); err != nil {
		t.Fatal(err)
	}
	if deal.ID != h.deal || deal.Name != "House" || !deal.Open || len(deal.People) != 3 {
		t.Errorf("DEAL says %+v", deal)
	}

	// And then live; each of these waits for the frame.
	third := h.anna.Topic(t, h.deal, "Attic", 3)
	c.Await(t, "TOPIC "+third)
	h.anna.Must(t, "PATCH", "/api/topics/"+third, map[string]any{"title": "Loft"}, nil, 200)
	if f := c.Await(t, "TOPIC "+third); !strings.Contains(f.Payload, `"Loft"`) {
		t.Errorf("a renamed topic is told as %q", f)
	}
	h.anna.Must(t, "PATCH", "/api/deals/"+h.deal, map[string]any{"name": "Home"}, nil, 200)
	if f := c.Await(t, "DEAL "+h.deal); !strings.Contains(f.Payload, `"Home"`) {
		t.Errorf("a renamed deal is told as %q", f)
	}
	talks(t, anna)
	c.Await(t, "UNREAD "+h.topic+" 3 0 3")
}

// TestReadMarkIsToldToTheUsersOtherSessions shows UNREAD after READ, and that
// the mark is there at the next sign-in.
func TestReadMarkIsToldToTheUsersOtherSessions(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	anna := h.Enter(t, h.anna).Join(t, h.topic, 0)
	for range 3 {
		talks(t, anna)
	}
	desk := h.Enter(t, h.bert)
	phone := h.Enter(t, h.bert).Control
	phone.Say(t, "WATCH 0\n")
	phone.Await(t, "UNREAD "+h.topic+" 3 0 3")
	phone.Await(t, "ACK WATCH")

	c := desk.Join(t, h.topic, 0)
	c.Say(t, "READ 0 2\n")
	phone.Await(t, "UNREAD "+h.topic+" 1 2 3")
	other := h.Enter(t, h.bert).Join(t, h.topic, 0)
	other.Say(t, "READ 0 1\n") // it never goes back
	talks(t, anna)
	phone.Await(t, "UNREAD "+h.topic+" 2 2 4")
	c.Say(t, "READ 0 1000000\n")
	phone.Await(t, "UNREAD "+h.topic+" 0 4 4")

	later := h.Enter(t, h.bert).Control
	later.Say(t, "WATCH 0\n")
	later.Await(t, "UNREAD "+h.topic+" 0 4 4")
	others := h.Enter(t, h.olga).Control
	others.Say(t, "WATCH 0\n")
	others.Await(t, "UNREAD "+h.topic+" 4 0 4")
}

// TestPresenceIsToldToThoseWhoShareADeal shows who comes and goes, to whom it
// is told.
func TestPresenceIsToldToThoseWhoShareADeal(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	c := h.Enter(t, h.bert).Control
	c.Say(t, "WATCH 0\n")
	c.Await(t, "ACK WATCH")

	h.Enter(t, h.otto) // a stranger to bert, of whom nothing may come
	first, second := h.Enter(t, h.olga), h.Enter(t, h.olga)
	c.Expect(t, "PRESENCE olga online")
	first.Close(0, "") // olga is here still
	h.Enter(t, h.anna)
	c.Expect(t, "PRESENCE anna online")
	second.Close(0, "")
	c.Expect(t, "PRESENCE olga offline")
	h.Enter(t, h.olga)
	c.Expect(t, "PRESENCE olga online")
}

// TestPINGIsAnsweredOnEveryChannel shows PONG with the cookie, and that a PONG
// which nobody asked for is nothing.
func TestPINGIsAnsweredOnEveryChannel(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	topic, first := s.Join(t, h.topic, 0), s.Channel(t)
	for i, c := range []*servertest.Channel{s.Control, topic, first} {
		c.Say(t, "PING 0\n")
		c.Expect(t, "PONG")
		c.Say(t, fmt.Sprintf("PING 0 cookie-%d\n", i))
		c.Expect(t, fmt.Sprintf("PONG cookie-%d", i))
	}
	for _, c := range []*servertest.Channel{s.Control, topic} {
		c.Say(t, "PONG 0 unasked\nPING 0\n")
		c.Expect(t, "PONG")
	}
}
