package httpd

import (
	"cmp"
	"net/http"

	"redroom/server/room"
)

// account is a user as admins see it.
type account struct {
	person
	Active bool `json:"active"`
}

func accountOf(u *room.User) account {
	return account{person: personOf(u), Active: u.Active}
}

func (s *site) listUsers(c *call) error {
	accounts := []account{}
	for _, u := range c.state.Users() {
		accounts = append(accounts, accountOf(u))
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
	var hashed string
	if body.Password != "" {
		var err error
		if hashed, err = s.Desk.HashPassword(c.ctx(), body.Password); err != nil {
			return err
		}
	}
	err := s.append(c, room.UserAdded{
		Stamp:          s.stamp(c.user.Name),
		Name:           body.Name,
		Display:        nfc(cmp.Or(body.Display, body.Name)),
		Role:           cmp.Or(body.Role, room.Member),
		PasswordHashed: hashed,
	})
	if err != nil {
		return err
	}
	return s.answerUser(c, body.Name, http.StatusCreated)
}

func (s *site) changeUser(c *call) error {
	u, err := c.changeableUser()
	if err != nil {
		return err
	}
	var body struct {
		Display *string    `json:"display"`
		Role    *room.Role `json:"role"`
		Active  *bool      `json:"active"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	err = s.append(c, room.UserChanged{
		Stamp:   s.stamp(c.user.Name),
		Name:    u.Name,
		Display: nfcOf(body.Display),
		Role:    body.Role,
		Active:  body.Active,
	})
	if err != nil {
		return err
	}
	return s.answerUser(c, u.Name, http.StatusOK)
}

// changeableUser is the user of the path. To an admin everybody is known, to
// others those of their own deals.
func (c *call) changeableUser() (*room.User, error) {
	u := c.state.User(c.param("name"))
	switch {
	case u == nil, !c.isAdmin() && !c.state.ShareDeal(c.user.Name, u.Name):
		return nil, room.ErrNotFound
	case !c.isAdmin():
		return nil, room.ErrNotAdmin
	}
	return u, nil
}

func (s *site) answerUser(c *call, name string, status int) error {
	u := s.Store.State().User(name)
	if u == nil {
		return room.ErrNotFound
	}
	return c.answer(status, accountOf(u))
}
