package httpd

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"redroom/server/room"
)

// invitation is a link to hand on.
type invitation struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
	URL     string    `json:"url"`
}

func (s *site) makeInvitation(c *call) error {
	var body struct {
		Deals []string  `json:"deals"`
		Role  room.Role `json:"role"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if err := c.mayGive(body.Role); err != nil {
		return err
	}
	slices.Sort(body.Deals)
	return s.invite(c, room.InvitationMade{
		Deals: slices.Compact(body.Deals),
		Role:  cmp.Or(body.Role, room.Member),
	}, room.InvitationLife)
}

func (s *site) makePasswordLink(c *call) error {
	u, err := c.changeableUser()
	if err != nil {
		return err
	}
	if !u.Active {
		return room.Refuse(room.ErrUnprocessable, "The account is deactivated.")
	}
	if err := c.mustBeProved(); err != nil {
		return err
	}
	return s.invite(c, room.InvitationMade{User: u.Name}, room.PasswordLink)
}

// invite makes a link. Its token stands in the fragment, which browsers don't
// send, so that no log on the way has it.
func (s *site) invite(c *call, ev room.InvitationMade, life time.Duration) error {
	secret := room.NewToken()
	expires := s.Now().Add(life).UTC().Truncate(time.Second)
	ev.Stamp = s.stamp(c)
	ev.Token = room.HashToken(secret)
	ev.Expires = expires.UnixMilli()
	return s.change(c, ev, func() error {
		return c.answer(http.StatusCreated, invitation{
			Token:   secret,
			Expires: expires,
			URL:     cmp.Or(s.PublicURL, c.by.origin()) + "/invite#" + secret,
		})
	})
}

// invited is what somebody is told who opens an invitation.
type invited struct {
	Deals   []string  `json:"deals"` // their names
	Role    room.Role `json:"role"`
	Expires time.Time `json:"expires"`
	By      string    `json:"by"` // a display name
}

// linked is the same for a password link.
type linked struct {
	Name    string    `json:"name"`
	Expires time.Time `json:"expires"`
}

func (s *site) openInvitation(c *call) error {
	var body struct {
		Token string `json:"token"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	inv, err := s.liveInvitation(c, body.Token)
	if err != nil {
		return err
	}
	expires := time.UnixMilli(inv.Expires).UTC()
	if inv.User != "" {
		return c.answer(http.StatusOK, linked{Name: inv.User, Expires: expires})
	}
	state := s.Store.State()
	answer := invited{Deals: []string{}, Role: inv.Role, Expires: expires}
	for _, id := range inv.Deals {
		if d := state.Deal(id); d != nil {
			answer.Deals = append(answer.Deals, d.Name)
		}
	}
	if u := state.User(inv.By); u != nil {
		answer.By = u.Display
	}
	return c.answer(http.StatusOK, answer)
}

// acceptInvitation makes the account, or sets its password, and signs in.
func (s *site) acceptInvitation(c *call) error {
	var body newAccount
	if err := c.read(&body); err != nil {
		return err
	}
	inv, err := s.liveInvitation(c, body.Token)
	if err != nil {
		return err
	}
	name := cmp.Or(body.Name, inv.User)
	hashed, err := s.Desk.HashPassword(c.ctx(), body.Password, name)
	if err != nil {
		return err
	}
	err = s.append(c, room.InvitationAccepted{
		Stamp:          s.stampOf(c, name),
		Token:          room.HashToken(body.Token),
		Name:           name,
		Display:        nfc(cmp.Or(body.Display, name)),
		PasswordHashed: hashed,
	})
	if err != nil {
		return err
	}
	return s.open(c, name)
}

// liveInvitation is the one of this token, if it may still be taken.
func (s *site) liveInvitation(c *call, secret string) (room.Invitation, error) {
	inv, err := s.Store.Invitation(c.ctx(), room.HashToken(secret))
	switch {
	case errors.Is(err, room.ErrNotFound):
		return inv, room.Refuse(room.ErrNotFound, "There is no such invitation; check that the link is complete.")
	case err != nil:
		return inv, err
	case inv.Used, inv.Expires <= s.Now().UnixMilli(), !s.Store.State().IsAdmin(inv.By):
		return inv, room.ErrInvitationEnded
	}
	return inv, nil
}
