package httpd

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"redroom/server/room"
)

// person is a user as others see it.
type person struct {
	Name    string    `json:"name"`
	Display string    `json:"display"`
	Role    room.Role `json:"role"`
}

func personOf(u *room.User) person {
	return person{Name: u.Name, Display: u.Display, Role: u.Role}
}

// newAccount is what somebody with a link, to set up or invited, picks.
type newAccount struct {
	Token    string `json:"token"`
	Name     string `json:"name"`
	Display  string `json:"display"`
	Password string `json:"password"`
}

// setUp makes the first admin.
func (s *site) setUp(c *call) error {
	var body newAccount
	if err := c.read(&body); err != nil {
		return err
	}
	if s.Store.State().HasAdmin() {
		return room.ErrSetupDone
	}
	hashed, err := s.Desk.HashPassword(c.ctx(), body.Password, body.Name)
	if err != nil {
		return err
	}
	err = s.append(c, room.AdminClaimed{
		Stamp:          s.stampOf(c, body.Name),
		Token:          room.HashToken(body.Token),
		Name:           body.Name,
		Display:        nfc(cmp.Or(body.Display, body.Name)),
		PasswordHashed: hashed,
	})
	if errors.Is(err, room.ErrTokenUnknown) {
		return room.Refuse(room.ErrTokenUnknown, "The setup link is wrong or outdated; open the one that the server printed at its last start.")
	}
	if err != nil {
		return err
	}
	return s.open(c, body.Name)
}

func (s *site) signIn(c *call) error {
	var body struct {
		Name     string `json:"name"`
		Password string `json:"password"`
		Code     string `json:"code"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	cookie, session, err := s.Desk.SignIn(c.ctx(), body.Name, body.Password, body.Code, c.visitor())
	if err != nil {
		return err
	}
	return s.enter(c, cookie, session, http.StatusOK)
}

// open signs a user in who has just got an account, or a password, by a link.
func (s *site) open(c *call, name string) error {
	cookie, session, err := s.Desk.Open(c.ctx(), name, c.visitor())
	if err != nil {
		return err
	}
	return s.enter(c, cookie, session, http.StatusCreated)
}

// enter hands a sign-in to a browser. That which it had before ends: nobody
// holds its token any more.
func (s *site) enter(c *call, cookie string, session room.Session, status int) error {
	if before := c.by.readCookie(c.r); before != "" {
		if old, _, err := s.Desk.Session(c.ctx(), before); err == nil {
			if err := s.Desk.End(c.ctx(), old, old.User, c.by.client); err != nil {
				s.Log.Warn("a replaced sign-in could not be ended", "user", old.User, "error", err)
			}
		}
	}
	u := s.Store.State().User(session.User)
	if u == nil {
		return room.ErrUnavailable
	}
	c.by.setCookie(c.w, cookie, time.UnixMilli(session.Expires).Sub(s.Now()))
	return c.answer(status, s.signedInAs(session, u))
}

// signedInAs is who has signed in. Enroll says that a second factor has to be set
// up before anything else.
func (s *site) signedInAs(session room.Session, u *room.User) any {
	return struct {
		person
		Enroll bool `json:"enroll,omitempty"`
	}{personOf(u), s.Store.State().Limited(session)}
}

func (s *site) whoAmI(c *call) error {
	if err := s.identify(c); err != nil {
		if room.AsError(err).Code == http.StatusUnauthorized {
			err = notYet{err, s.entrance()}
		}
		return err
	}
	return c.answer(http.StatusOK, s.signedInAs(c.session, c.user))
}

func (s *site) signOut(c *call) error {
	if err := s.Desk.End(c.ctx(), c.session, c.user.Name, c.by.client); err != nil {
		return err
	}
	c.by.clearCookie(c.w)
	return c.done()
}

func (s *site) changePassword(c *call) error {
	var body struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	// A new one that won't do costs no try.
	hashed, err := s.Desk.HashPassword(c.ctx(), body.New, c.user.Name)
	if err != nil {
		return err
	}
	// Who has a second factor shows that, too.
	switch f, err := s.Store.Factors(c.ctx(), c.user.Name); {
	case err != nil:
		return err
	case f.Any() && !s.Desk.Proved(c.session):
		return room.ErrProve
	}
	switch err := s.Desk.Password(c.ctx(), c.user.Name, body.Old, c.by.client); {
	case errors.Is(err, room.ErrWrongSignIn):
		return room.Refuse(room.ErrForbidden, "The old password is wrong.")
	case err != nil:
		return err
	}
	err = s.append(c, room.PasswordChanged{
		Stamp:          s.stamp(c),
		Name:           c.user.Name,
		PasswordHashed: hashed,
		Keep:           c.session.ID,
	})
	if err != nil {
		return err
	}
	return c.done()
}

// entrance is what there is to sign in with, beside passwords and passkeys.
type entrance struct {
	// Setup says that there is nobody yet who could sign in.
	Setup    bool     `json:"setup,omitempty"`
	Provider *company `json:"provider,omitempty"`
}

// company is the company's own sign-in.
type company struct {
	Label string `json:"label"`
}

// notYet is an error of somebody who isn't signed in, with how that can be done.
type notYet struct {
	error
	entrance entrance
}

func (e notYet) Unwrap() error { return e.error }

func (s *site) entrance() entrance {
	state := s.Store.State()
	e := entrance{Setup: !state.HasAdmin()}
	if p := state.SignInRules().Provider; p != nil {
		e.Provider = &company{Label: p.Label}
	}
	return e
}

// waysToSignIn is what a stranger is shown.
func (s *site) waysToSignIn(c *call) error { return c.answer(http.StatusOK, s.entrance()) }

// prove takes a password and its code, or a passkey, as proof of who is signed in.
func (s *site) prove(c *call) error {
	var body struct {
		Password   string          `json:"password"`
		Code       string          `json:"code"`
		ID         string          `json:"id"`
		Credential json.RawMessage `json:"credential"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if body.ID != "" {
		return c.proven(s.Desk.ProvePasskey(c.ctx(), c.session, body.ID, body.Credential, c.visitor()))
	}
	return c.proven(s.Desk.Prove(c.ctx(), c.session, body.Password, body.Code, c.visitor()))
}

// proven answers who has tried to prove who is signed in. What was wrong is a 403:
// the sign-in goes on.
func (c *call) proven(err error) error {
	var needs *room.NeedsCode
	switch {
	case errors.As(err, &needs):
		return errors.Join(room.Refuse(room.ErrForbidden, needs.Error()), needs)
	case errors.Is(err, room.ErrWrongSignIn):
		return room.Refuse(room.ErrForbidden, "That was not right; try again.")
	case err != nil:
		return err
	}
	c.site.Log.Info("who is signed in has shown it once more", "user", c.user.Name, "from", c.by.client)
	return c.done()
}
