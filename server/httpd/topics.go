package httpd

import (
	"net/http"

	"redroom/server/room"
)

type topic struct {
	ID     string `json:"id"`
	Deal   string `json:"deal"`
	Title  string `json:"title"`
	Number int    `json:"number"`
	Open   bool   `json:"open"`
	Head   int64  `json:"head"`
}

func (s *site) topicOf(t *room.Topic) topic {
	return topic{ID: t.ID, Deal: t.Deal, Title: t.Title, Number: t.Number, Open: t.Open, Head: s.Store.Head(t.ID).Seq}
}

// topic is the one of the path, if who calls may know of it, and the first seq
// that is theirs to read.
func (c *call) topic() (t *room.Topic, from int64, err error) {
	id := c.param("topic")
	from, ok := c.state.ReadsFrom(c.user.Name, id)
	if !ok {
		return nil, 0, room.ErrNotFound
	}
	return c.state.Topic(id), from, nil
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
	return c.answer(http.StatusOK, map[string]any{"topics": topics})
}

func (s *site) createTopic(c *call) error {
	d, err := c.changeableDeal()
	if err != nil {
		return err
	}
	var body struct {
		Title  string `json:"title"`
		Number int    `json:"number"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	ev := room.TopicCreated{
		Stamp:  s.stamp(c.user.Name),
		ID:     room.NewID(),
		Deal:   d.ID,
		Title:  nfc(body.Title),
		Number: body.Number,
	}
	if err := s.append(c, ev); err != nil {
		return err
	}
	return s.answerTopic(c, ev.ID, http.StatusCreated)
}

func (s *site) getTopic(c *call) error {
	t, _, err := c.topic()
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, s.topicOf(t))
}

func (s *site) changeTopic(c *call) error {
	t, _, err := c.topic()
	switch {
	case err != nil:
		return err
	case !c.isAdmin():
		return room.ErrNotAdmin
	}
	var body struct {
		Title  *string `json:"title"`
		Number *int    `json:"number"`
		Open   *bool   `json:"open"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	err = s.append(c, room.TopicChanged{
		Stamp:  s.stamp(c.user.Name),
		ID:     t.ID,
		Title:  nfcOf(body.Title),
		Number: body.Number,
		Open:   body.Open,
	})
	if err != nil {
		return err
	}
	return s.answerTopic(c, t.ID, http.StatusOK)
}

func (s *site) answerTopic(c *call, id string, status int) error {
	t := s.Store.State().Topic(id)
	if t == nil {
		return room.ErrNotFound
	}
	return c.answer(status, s.topicOf(t))
}
