package httpd

import (
	"net/http"

	"redroom/server/room"
)

// read is up to where somebody has read a topic.
type read struct {
	Name string `json:"name"`
	Seq  int64  `json:"seq"`
}

var errNoReceipts = room.Refuse(room.ErrForbidden, "This deal doesn't show who has read what; an admin can change that.")

// listReads tells who has read a topic up to where, of those who may read it, if
// its deal shows that. What was read before what who asks may read is left out.
func (s *site) listReads(c *call) error {
	t := c.state.Topic(c.param("topic"))
	if _, ok := c.state.ReadsFrom(c.user.Name, c.param("topic")); !ok {
		return room.ErrNotFound
	}
	marks, err := s.Store.TopicReadMarks(c.ctx(), t.ID)
	if err != nil {
		return err
	}
	head := s.Store.Head(t.ID).Seq
	from, err := s.stillReads(c, t)
	if err != nil {
		return err
	}
	now := c.now()
	if !now.Deal(t.Deal).Receipts {
		return errNoReceipts
	}
	reads := []read{}
	for _, u := range now.Readers(t.ID) {
		if seq := min(marks[u.Name], head); seq >= from {
			reads = append(reads, read{Name: u.Name, Seq: seq})
		}
	}
	return c.answer(http.StatusOK, map[string]any{"reads": reads})
}
