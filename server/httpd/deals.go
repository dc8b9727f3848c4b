package httpd

import (
	"cmp"
	"net/http"

	"redroom/server/room"
)

type deal struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Open     bool         `json:"open"`
	History  room.History `json:"history"`
	Receipts bool         `json:"receipts"`
	Version  int64        `json:"version"`
}

func dealOf(d *room.Deal) deal {
	return deal{ID: d.ID, Name: d.Name, Open: d.Open, History: d.History, Receipts: d.Receipts, Version: d.Version}
}

// knowsDeal tells whether who calls may know of a deal of a room; nil: no.
func (c *call) knowsDeal(state *room.State, d *room.Deal) bool {
	return state.SeesDeal(c.user.Name, d) || state.Administers(c.user.Name, d)
}

// deal is the one of the path, if who calls may know of it.
func (c *call) deal() (*room.Deal, error) {
	d := c.state.Deal(c.param("deal"))
	if !c.knowsDeal(c.state, d) {
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
		if c.knowsDeal(c.state, d) {
			deals = append(deals, dealOf(d))
		}
	}
	return c.answer(http.StatusOK, map[string]any{"deals": deals})
}

func (s *site) createDeal(c *call) error {
	var body struct {
		Name     string       `json:"name"`
		History  room.History `json:"history"`
		Receipts bool         `json:"receipts"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	ev := room.DealCreated{
		Stamp:    s.stamp(c),
		ID:       room.NewID(),
		Name:     nfc(body.Name),
		History:  cmp.Or(body.History, room.HistoryAll),
		Receipts: body.Receipts,
	}
	return s.change(c, ev, func() error { return s.answerDeal(c, ev.ID, http.StatusCreated) })
}

func (s *site) changeDeal(c *call) error {
	d, err := c.changeableDeal()
	if err != nil {
		return err
	}
	var body struct {
		Version  int64         `json:"version"`
		Name     *string       `json:"name"`
		Open     *bool         `json:"open"`
		History  *room.History `json:"history"`
		Receipts *bool         `json:"receipts"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	ev := room.DealChanged{
		Stamp:    s.stamp(c),
		ID:       d.ID,
		Version:  body.Version,
		Name:     nfcOf(body.Name),
		Open:     body.Open,
		History:  body.History,
		Receipts: body.Receipts,
	}
	return s.change(c, ev, func() error { return s.answerDeal(c, d.ID, http.StatusOK) })
}

// answerDeal answers with a deal as it is now, if who calls may know of it now.
func (s *site) answerDeal(c *call, id string, status int) error {
	now := c.now()
	d := now.Deal(id)
	if !c.knowsDeal(now, d) {
		return room.ErrNotFound
	}
	return c.answer(status, dealOf(d))
}
