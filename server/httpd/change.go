package httpd

import (
	"net/http"
	"slices"

	"redroom/server/room"
)

// change makes an event happen, and then answers. Where the query asks for a dry
// run, nothing happens, and the answer is what the event would mean.
func (s *site) change(c *call, ev room.Event, answer func() error) error {
	dry, err := c.isDryRun()
	switch {
	case err != nil:
		return err
	case dry:
		return s.foretell(c, ev)
	}
	if _, err := s.Journal.Append(c.ctx(), ev); err != nil {
		return err
	}
	return answer()
}

// append makes an event happen of which there is no dry run.
func (s *site) append(c *call, ev room.Event) error {
	dry, err := c.isDryRun()
	switch {
	case err != nil:
		return err
	case dry:
		return room.Refuse(room.ErrMalformed, "There is no dry run of this.")
	}
	_, err = s.Journal.Append(c.ctx(), ev)
	return err
}

// isDryRun refuses what might be meant as one: a slip must not change anything.
func (c *call) isDryRun() (bool, error) {
	switch q := c.r.URL.Query()["dry-run"]; {
	case len(q) == 0, slices.Equal(q, []string{"false"}):
		return false, nil
	case slices.Equal(q, []string{"true"}):
		return true, nil
	}
	return false, room.Refuse(room.ErrMalformed, "dry-run is true or false.")
}

// meaning is what a change would mean.
type meaning struct {
	Effects []effect `json:"effects"`
	Ends    bool     `json:"ends"` // all sign-ins of the user
}

// effect is what would be different for one user; see room.Effect.
type effect struct {
	User    string     `json:"user"`
	Display string     `json:"display"`
	Gains   []affected `json:"gains"`
	Loses   []affected `json:"loses"`
	Less    []affected `json:"less"`
	More    []affected `json:"more"`
	Mute    []affected `json:"mute"`
	Speaks  []affected `json:"speaks"`
}

// affected is a topic that a change is about.
type affected struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Deal  string `json:"deal"`
}

// foretell answers with what an event would mean now, or refuses it as it would
// be refused.
func (s *site) foretell(c *call, ev room.Event) error {
	before := c.now()
	after, err := before.Apply(ev, func(topic string) int64 { return s.Store.Head(topic).Seq })
	if err != nil {
		return err
	}
	answer := meaning{Effects: []effect{}, Ends: endsSignIns(before, ev)}
	for _, e := range before.Effects(after, c.user.Name) {
		topics := func(ids []string) []affected { return affectedOf(after, ids) }
		answer.Effects = append(answer.Effects, effect{
			User: e.User, Display: after.User(e.User).Display,
			Gains: topics(e.Gains), Loses: topics(e.Loses),
			Less: topics(e.Less), More: topics(e.More),
			Mute: topics(e.Mute), Speaks: topics(e.Speaks),
		})
	}
	return c.answer(http.StatusOK, answer)
}

func affectedOf(state *room.State, ids []string) []affected {
	topics := make([]affected, 0, len(ids))
	for _, id := range ids {
		t := state.Topic(id)
		topics = append(topics, affected{ID: t.ID, Title: t.Title, Deal: t.Deal})
	}
	return topics
}

// endsSignIns tells whether an event, applied to a room, ends all sign-ins of a
// user.
func endsSignIns(before *room.State, ev room.Event) bool {
	switch ev := ev.(type) {
	case room.SessionsEnded:
		return true
	case room.UserChanged:
		return ev.Active != nil && !*ev.Active && before.User(ev.Name).Active
	}
	return false
}
