package httpd

import (
	"cmp"
	"net/http"

	"redroom/server/room"
)

type deal struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Open    bool         `json:"open"`
	History room.History `json:"history"`
}

func dealOf(d *room.Deal) deal {
	return deal{ID: d.ID, Name: d.Name, Open: d.Open, History: d.History}
}

// deal is the one of the path, if who calls may know of it.
func (c *call) deal() (*room.Deal, error) {
	d := c.state.Deal(c.param("deal"))
	if !c.state.SeesDeal(c.user.Name, d) {
		return nil, room.ErrNotFound
	}
	return d, nil
}

// changeableDeal is the one of the path, if who calls may change it.
func (c *call) changeableDeal() (*room.Deal, error) {
	d, err := c.deal()
	if err == nil && !c.isAdmin() {
		return nil, room.ErrNotAdmin
	}
	return d, err
}

func (s *site) listDeals(c *call) error {
	deals := []deal{}
	for _, d := range c.state.Deals() {
		if c.state.SeesDeal(c.user.Name, d) {
			deals = append(deals, dealOf(d))
		}
	}
	return c.answer(http.StatusOK, map[string]any{"deals": deals})
}

func (s *site) createDeal(c *call) error {
	var body struct {
		Name    string       `json:"name"`
		History room.History `json:"history"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	ev := room.DealCreated{
		Stamp:   s.stamp(c.user.Name),
		ID:      room.NewID(),
		Name:    nfc(body.Name),
		History: cmp.Or(body.History, room.HistoryAll),
	}
	if err := s.append(c, ev); err != nil {
		return err
	}
	return s.answerDeal(c, ev.ID, http.StatusCreated)
}

func (s *site) changeDeal(c *call) error {
	d, err := c.changeableDeal()
	if err != nil {
		return err
	}
	var body struct {
		Name    *string       `json:"name"`
		Open    *bool         `json:"open"`
		History *room.History `json:"history"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	err = s.append(c, room.DealChanged{
		Stamp:   s.stamp(c.user.Name),
		ID:      d.ID,
		Name:    nfcOf(body.Name),
		Open:    body.Open,
		History: body.History,
	})
	if err != nil {
		return err
	}
	return s.answerDeal(c, d.ID, http.StatusOK)
}

func (s *site) answerDeal(c *call, id string, status int) error {
	d := s.Store.State().Deal(id)
	if d == nil {
		return room.ErrNotFound
	}
	return c.answer(status, dealOf(d))
}

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
	err = s.append(c, room.MemberAdded{Stamp: s.stamp(c.user.Name), Deal: d.ID, User: c.param("name")})
	if err != nil {
		return err
	}
	return c.done()
}

func (s *site) removeMember(c *call) error {
	d, err := c.changeableDeal()
	if err != nil {
		return err
	}
	err = s.append(c, room.MemberRemoved{Stamp: s.stamp(c.user.Name), Deal: d.ID, User: c.param("name")})
	if err != nil {
		return err
	}
	return c.done()
}
