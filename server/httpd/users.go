package httpd

import (
	"cmp"
	"net/http"

	"redroom/server/room"
)

// account is a user as admins see it.
type account struct {
	person
	Active  bool  `json:"active"`
	Version int64 `json:"version"`
}

func accountOf(u *room.User) account {
	return account{person: personOf(u), Active: u.Active, Version: u.Version}
}

// listed is one in the list of all: with what second factors it has.
type listed struct {
	account
	TOTP     bool `json:"totp,omitempty"`
	Passkeys int  `json:"passkeys,omitempty"`
}

func (s *site) listUsers(c *call) error {
	factors, err := s.Store.FactorCounts(c.ctx())
	if err != nil {
		return err
	}
	accounts := []listed{}
	for _, u := range c.state.Users() {
		count := factors[u.Name]
		accounts = append(accounts, listed{accountOf(u), count.TOTP, count.Passkeys})
	}
	return c.answer(http.StatusOK, map[string]any{"users": accounts})
}

// addUser makes an account; without a password, nobody can sign in to it
// before a password link was used.
func (s *site) addUser(c *call) error {
	var body struct {
		Name     string    `json:"name"`
		Display  string    `json:"display"`
		Role     room.Role `json:"role"`
		Password string    `json:"password"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if err := c.mayGive(body.Role); err != nil {
		return err
	}
	var hashed string
	if body.Password != "" {
		var err error
		if hashed, err = s.Desk.HashPassword(c.ctx(), body.Password, body.Name); err != nil {
			return err
		}
	}
	ev := room.UserAdded{
		Stamp:          s.stamp(c),
		Name:           body.Name,
		Display:        nfc(cmp.Or(body.Display, body.Name)),
		Role:           cmp.Or(body.Role, room.Member),
		PasswordHashed: hashed,
	}
	return s.change(c, ev, func() error { return s.answerUser(c, body.Name, http.StatusCreated) })
}

func (s *site) changeUser(c *call) error {
	u, err := c.changeableUser()
	if err != nil {
		return err
	}
	var body struct {
		Version int64      `json:"version"`
		Display *string    `json:"display"`
		Role    *room.Role `json:"role"`
		Active  *bool      `json:"active"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if body.Role != nil && *body.Role != u.Role {
		if err := c.mayGive(*body.Role); err != nil {
			return err
		}
	}
	ev := room.UserChanged{
		Stamp:   s.stamp(c),
		Name:    u.Name,
		Version: body.Version,
		Display: nfcOf(body.Display),
		Role:    body.Role,
		Active:  body.Active,
	}
	return s.change(c, ev, func() error { return s.answerUser(c, u.Name, http.StatusOK) })
}

// endSessions ends all sign-ins of a user, who may do it as an admin may.
func (s *site) endSessions(c *call) error {
	name := c.param("name")
	own := name == c.user.Name
	if !own {
		if _, err := c.changeableUser(); err != nil {
			return err
		}
	}
	if err := c.mustBeProved(); err != nil {
		return err
	}
	return s.change(c, room.SessionsEnded{Stamp: s.stamp(c), User: name}, func() error {
		if own {
			c.by.clearCookie(c.w)
		}
		return c.done()
	})
}

// changeableUser is the user of the path. To an admin everybody is known, to
// others those of their own deals; which are gone through for any name, so that
// the time tells nothing.
func (c *call) changeableUser() (*room.User, error) {
	name := c.param("name")
	u := c.state.User(name)
	switch known := c.isAdmin() || c.state.ShareDeal(c.user.Name, name); {
	case !known, u == nil:
		return nil, room.ErrNotFound
	case !c.isAdmin():
		return nil, room.ErrNotAdmin
	}
	return u, nil
}

// answerUser answers with a user as admins see it, and who is one no more by
// this very change.
func (s *site) answerUser(c *call, name string, status int) error {
	now := c.now()
	u := now.User(name)
	switch {
	case !now.IsAdmin(c.user.Name) && name != c.user.Name:
		return room.ErrNotAdmin
	case u == nil:
		return room.ErrNotFound
	}
	if name == c.user.Name && !u.Active {
		return c.tell(status, accountOf(u)) // whose own doing has ended the sign-in
	}
	return c.answer(status, accountOf(u))
}

// removeFactors takes the second factors of somebody who has lost them.
func (s *site) removeFactors(c *call) error {
	u, err := c.changeableUser()
	if err != nil {
		return err
	}
	if err := c.mustBeProved(); err != nil {
		return err
	}
	return s.change(c, room.FactorsRemoved{Stamp: s.stamp(c), User: u.Name}, c.done)
}
