package httpd

import (
	"net/http"

	"redroom/server/room"
)

// listMembers are those who read the deal as its members. Admins who aren't
// read it as well, but don't belong to it.
func (s *site) listMembers(c *call) error {
	d, err := c.deal()
	if err != nil {
		return err
	}
	members := []person{}
	for _, u := range c.state.Users() {
		if m, ok := d.Members[u.Name]; ok && !m.Left && u.Active {
			members = append(members, personOf(u))
		}
	}
	return c.answer(http.StatusOK, map[string]any{"members": members})
}

func (s *site) addMember(c *call) error {
	d, err := c.changeableDeal()
	if err != nil {
		return err
	}
	return s.change(c, room.MemberAdded{Stamp: s.stamp(c), Deal: d.ID, User: c.param("name")}, c.done)
}

func (s *site) removeMember(c *call) error {
	d, err := c.changeableDeal()
	if err != nil {
		return err
	}
	return s.change(c, room.MemberRemoved{Stamp: s.stamp(c), Deal: d.ID, User: c.param("name")}, c.done)
}

// moveMember moves from where a member reads all topics of the deal.
func (s *site) moveMember(c *call) error {
	d, err := c.changeableDeal()
	if err != nil {
		return err
	}
	var body struct {
		History room.History `json:"history"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	return s.change(c, room.MemberMoved{Stamp: s.stamp(c), Deal: d.ID, User: c.param("name"), History: body.History}, c.done)
}

// reader is one who may read a topic.
type reader struct {
	person
	From int64 `json:"from,omitempty"` // the first seq; admins are told
}

// listReaders are all who may read the topic.
func (s *site) listReaders(c *call) error {
	t, err := c.topic()
	if err != nil {
		return err
	}
	readers := []reader{}
	for _, u := range c.state.Readers(t.ID) {
		r := reader{person: personOf(u)}
		if c.isAdmin() {
			r.From, _ = c.state.ReadsFrom(u.Name, t.ID)
		}
		readers = append(readers, r)
	}
	return c.answer(http.StatusOK, map[string]any{"members": readers})
}

func (s *site) addReader(c *call) error {
	t, err := c.changeableTopic()
	if err != nil {
		return err
	}
	return s.change(c, room.TopicMemberAdded{Stamp: s.stamp(c), Topic: t.ID, User: c.param("name")}, c.done)
}

func (s *site) removeReader(c *call) error {
	t, err := c.changeableTopic()
	if err != nil {
		return err
	}
	return s.change(c, room.TopicMemberRemoved{Stamp: s.stamp(c), Topic: t.ID, User: c.param("name")}, c.done)
}

// moveReader moves from where somebody reads the topic.
func (s *site) moveReader(c *call) error {
	t, err := c.changeableTopic()
	if err != nil {
		return err
	}
	var body struct {
		From int64 `json:"from"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	return s.change(c, room.ReaderMoved{Stamp: s.stamp(c), Topic: t.ID, User: c.param("name"), Seq: body.From}, c.done)
}
