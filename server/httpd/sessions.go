package httpd

import (
	"net/http"
	"slices"
	"time"

	"redroom/server/room"
)

// session is one of somebody's own sign-ins.
type session struct {
	ID         string      `json:"id"`
	Device     string      `json:"device"` // what it was opened with, in its own words
	Address    string      `json:"address"`
	Transports []string    `json:"transports"` // of its live connections
	Opened     time.Time   `json:"opened"`
	Used       time.Time   `json:"used"`
	Ends       time.Time   `json:"ends"` // if it isn't used again
	Factor     room.Factor `json:"factor"`
	Current    bool        `json:"current"`
}

func (s *site) listSessions(c *call) error {
	own, err := s.Desk.Sessions(c.ctx(), c.user.Name)
	if err != nil {
		return err
	}
	all := []session{}
	for _, one := range own {
		transports := s.Transports(one.ID)
		if transports == nil {
			transports = []string{}
		}
		all = append(all, session{
			ID: one.ID, Device: one.Device, Address: one.Address,
			Transports: transports,
			Opened:     timeOf(one.Opened),
			Used:       timeOf(one.Used),
			Ends:       s.Desk.Ends(one).UTC(),
			Factor:     one.Factor,
			Current:    one.ID == c.session.ID,
		})
	}
	return c.answer(http.StatusOK, map[string]any{"sessions": all})
}

// endSession ends one of one's own sign-ins; this very one is signed out.
func (s *site) endSession(c *call) error {
	id := c.param("session")
	if id == c.session.ID {
		return s.signOut(c)
	}
	own, err := s.Desk.Sessions(c.ctx(), c.user.Name)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(own, func(one room.Session) bool { return one.ID == id })
	if i < 0 {
		return room.ErrNotFound
	}
	if err := c.mustBeProved(); err != nil {
		return err
	}
	if err := s.Desk.End(c.ctx(), own[i], c.user.Name, c.by.client); err != nil {
		return err
	}
	return c.done()
}

// endOtherSessions ends all of one's own sign-ins but this one.
func (s *site) endOtherSessions(c *call) error {
	own, err := s.Desk.Sessions(c.ctx(), c.user.Name)
	if err != nil {
		return err
	}
	for _, one := range own {
		if one.ID == c.session.ID {
			continue
		}
		if err := s.Desk.End(c.ctx(), one, c.user.Name, c.by.client); err != nil {
			return err
		}
	}
	return c.done()
}
