package httpd

import (
	"cmp"
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"redroom/server/room"
	"redroom/server/transport"
)

// call is one request on its way through a handler.
type call struct {
	site *site
	w    http.ResponseWriter
	r    *http.Request
	by   *arrival

	// Of requests that must be signed in:
	cookie  string
	session room.Session
	user    *room.User  // the operator has no name
	state   *room.State // the room as it was when the request came
}

func (c *call) ctx() context.Context     { return c.r.Context() }
func (c *call) param(name string) string { return chi.URLParam(c.r, name) }

// isAdmin tells whether who calls may change things.
func (c *call) isAdmin() bool { return c.state.IsAdmin(c.user.Name) }

// do answers with what a handler says.
func (s *site) do(handle func(*call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{site: s, w: w, r: r, by: arrivalOf(r)}
		if err := handle(c); err != nil {
			s.fail(w, r, err)
		}
	}
}

// stranger is do for what is asked by those who need not be signed in.
func (s *site) stranger(handle func(*call) error) http.HandlerFunc {
	return s.do(func(c *call) error {
		if err := s.Load.Request("", transport.Network(c.by.client)); err != nil {
			return err
		}
		return handle(c)
	})
}

// signedIn is do for those who are, also by the time of the answer: see
// call.answer.
func (s *site) signedIn(handle func(*call) error) http.HandlerFunc {
	return s.do(func(c *call) error {
		if err := s.identify(c); err != nil {
			return err
		}
		if err := handle(c); err != nil {
			return cmp.Or(c.stillSignedIn(), err)
		}
		return nil
	})
}

// admin is signedIn for what only an admin may do and everybody may know of.
func (s *site) admin(handle func(*call) error) http.HandlerFunc {
	return s.signedIn(func(c *call) error {
		if !c.isAdmin() {
			return room.ErrNotAdmin
		}
		return handle(c)
	})
}

// identify finds out who calls, and counts the request as theirs.
func (s *site) identify(c *call) (err error) {
	if s.Operator {
		c.user, c.state = &room.User{Role: room.Admin, Active: true}, s.Store.State()
		return nil
	}
	err = room.ErrNotSignedIn
	if c.cookie = c.by.readCookie(c.r); c.cookie != "" {
		c.session, c.user, err = s.Desk.Session(c.ctx(), c.cookie)
	}
	name := ""
	if err == nil {
		name = c.user.Name
	}
	if over := s.Load.Request(name, transport.Network(c.by.client)); over != nil {
		return over
	}
	if err != nil {
		return err
	}
	c.state = s.Store.State()
	return nil
}

// stillSignedIn asks once more, after something was read for who is signed in.
// Who took too long hears the answer, too, though the request is given up.
func (c *call) stillSignedIn() error {
	if c.session.ID == "" {
		return nil
	}
	_, _, err := c.site.Desk.Session(context.WithoutCancel(c.ctx()), c.cookie)
	return err
}

// stamp is that of an event that who calls makes now, and that comes too late
// once the sign-in has ended.
func (s *site) stamp(c *call) room.Stamp {
	st := s.stampOf(c, c.user.Name)
	st.Session = c.session.ID
	return st
}

// stampOf is that of an event that is made now by somebody who need not be
// signed in.
func (s *site) stampOf(c *call, by string) room.Stamp {
	st := room.Stamp{At: s.Now().UnixMilli(), By: by}
	if c.by.client.IsValid() {
		st.Address = c.by.client.String()
	}
	return st
}
