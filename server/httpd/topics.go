package httpd

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"redroom/server/room"
)

type topic struct {
	ID       string   `json:"id"`
	Deal     string   `json:"deal"`
	Title    string   `json:"title"`
	Number   int      `json:"number"`
	Open     bool     `json:"open"`
	Head     int64    `json:"head"`
	Archived bool     `json:"archived"`
	Strict   bool     `json:"strict"`
	Narrowed bool     `json:"narrowed"`
	Version  int64    `json:"version"`
	Direct   []string `json:"direct,omitempty"` // the two of a direct one
}

func (s *site) topicOf(t *room.Topic) topic {
	shown := topic{
		ID: t.ID, Deal: t.Deal, Title: t.Title, Number: t.Number, Open: t.Open, Head: s.Store.Head(t.ID).Seq,
		Archived: t.Archived, Strict: t.Strict, Narrowed: t.Narrowed, Version: t.Version,
	}
	if t.Direct {
		shown.Direct = slices.Sorted(maps.Keys(t.Members))
	}
	return shown
}

// knowsTopic tells whether who calls may know of a topic of a room; nil: no.
func (c *call) knowsTopic(state *room.State, t *room.Topic) bool {
	if t == nil {
		return false
	}
	_, reads := state.ReadsFrom(c.user.Name, t.ID)
	return reads || state.AdministersTopic(c.user.Name, t)
}

// topic is the one of the path, if who calls may know of it.
func (c *call) topic() (*room.Topic, error) {
	t := c.state.Topic(c.param("topic"))
	if !c.knowsTopic(c.state, t) {
		return nil, room.ErrNotFound
	}
	return t, nil
}

// changeableTopic is the one of the path, if who calls may change topics.
func (c *call) changeableTopic() (*room.Topic, error) {
	t, err := c.topic()
	if err == nil && !c.isAdmin() {
		return nil, room.ErrNotAdmin
	}
	return t, err
}

func (s *site) listTopics(c *call) error {
	d, err := c.deal()
	if err != nil {
		return err
	}
	topics := []topic{}
	for _, t := range c.state.TopicsOf(d) {
		topics = append(topics, s.topicOf(t))
	}
	// The right to them is asked for after their heads were read.
	now := c.now()
	if !c.knowsDeal(now, now.Deal(d.ID)) {
		return room.ErrNotFound
	}
	topics = slices.DeleteFunc(topics, func(t topic) bool { return !c.knowsTopic(now, now.Topic(t.ID)) })
	return c.answer(http.StatusOK, map[string]any{"topics": topics})
}

func (s *site) createTopic(c *call) error {
	d, err := c.changeableDeal()
	if err != nil {
		return err
	}
	var body struct {
		Title    string   `json:"title"`
		Number   int      `json:"number"`
		Strict   bool     `json:"strict"`
		Narrowed bool     `json:"narrowed"`
		Members  []string `json:"members"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	ev := room.TopicCreated{
		Stamp:    s.stamp(c),
		ID:       room.NewID(),
		Deal:     d.ID,
		Title:    nfc(body.Title),
		Number:   body.Number,
		Strict:   body.Strict,
		Narrowed: body.Narrowed,
		Members:  inOrder(body.Members),
	}
	return s.change(c, ev, func() error { return s.answerTopic(c, ev.ID, http.StatusCreated) })
}

func (s *site) getTopic(c *call) error {
	t, err := c.topic()
	if err != nil {
		return err
	}
	return s.answerTopic(c, t.ID, http.StatusOK)
}

func (s *site) changeTopic(c *call) error {
	t, err := c.changeableTopic()
	if err != nil {
		return err
	}
	var body struct {
		Version  int64    `json:"version"`
		Title    *string  `json:"title"`
		Number   *int     `json:"number"`
		Open     *bool    `json:"open"`
		Archived *bool    `json:"archived"`
		Strict   *bool    `json:"strict"`
		Narrowed *bool    `json:"narrowed"`
		Members  []string `json:"members"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	ev := room.TopicChanged{
		Stamp:    s.stamp(c),
		ID:       t.ID,
		Version:  body.Version,
		Title:    nfcOf(body.Title),
		Number:   body.Number,
		Open:     body.Open,
		Archived: body.Archived,
		Strict:   body.Strict,
		Narrowed: body.Narrowed,
		Members:  inOrder(body.Members),
	}
	return s.change(c, ev, func() error { return s.answerTopic(c, t.ID, http.StatusOK) })
}

// createDirect gives the conversation of who calls with somebody else, and makes
// it if there is none.
func (s *site) createDirect(c *call) error {
	d, err := c.deal()
	if err != nil {
		return err
	}
	var body struct {
		With string `json:"with"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if t := c.state.Direct(d.ID, c.user.Name, body.With); t != nil {
		return s.answerTopic(c, t.ID, http.StatusOK)
	}
	ev := room.DirectCreated{Stamp: s.stamp(c), ID: room.NewID(), Deal: d.ID, With: body.With}
	err = s.append(c, ev)
	if errors.Is(err, room.ErrExists) { // the other one was faster
		if t := c.now().Direct(d.ID, c.user.Name, body.With); t != nil {
			return s.answerTopic(c, t.ID, http.StatusOK)
		}
	}
	if err != nil {
		return err
	}
	return s.answerTopic(c, ev.ID, http.StatusCreated)
}

// answerTopic answers with a topic as it is now, if who calls may know of it now.
func (s *site) answerTopic(c *call, id string, status int) error {
	t := c.now().Topic(id)
	if t == nil {
		return room.ErrNotFound
	}
	shown := s.topicOf(t)
	if now := c.now(); !c.knowsTopic(now, now.Topic(id)) {
		return room.ErrNotFound
	}
	return c.answer(status, shown)
}

// inOrder are names, each once; nil stays nil.
func inOrder(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
