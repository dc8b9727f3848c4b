package httpd

import (
	"cmp"
	"context"
	"net/http"
	"strings"

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
	cookie  string       // or a program's token
	session room.Session // a program's has a Role
	as      *room.Actor
	user    *room.User  // the operator has no name
	state   *room.State // the room as it was when the request came; see now
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
	return s.enrolling(func(c *call) error {
		if c.state.Limited(c.session) {
			return room.ErrEnroll
		}
		return handle(c)
	})
}

// enrolling is signedIn also for those who have to set up a second factor first.
func (s *site) enrolling(handle func(*call) error) http.HandlerFunc {
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

// proved is a handler of what changes how one signs in.
func (s *site) proved(handle func(*call) error) func(*call) error {
	return s.person(func(c *call) error {
		if err := c.mustBeProved(); err != nil {
			return err
		}
		return handle(c)
	})
}

// mustBeProved refuses who may not be the one any more who has signed in. The
// operator is.
func (c *call) mustBeProved() error {
	switch {
	case c.session.Role != "":
		return errNotForTokens
	case !c.site.Operator && !c.site.Desk.Proved(c.session):
		return room.ErrProve
	}
	return nil
}

// mayGive refuses to make an admin to who may not be the one any more: that
// admin would stay when the sign-in has ended, or the token.
func (c *call) mayGive(role room.Role) error {
	if role != room.Admin {
		return nil
	}
	return c.mustBeProved()
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
		c.as, c.user = room.NewActor("", ""), &room.User{Role: room.Admin, Active: true}
		c.state = c.now()
		return nil
	}
	bearer, program := bearerOf(c.r)
	if c.cookie = bearer; !program {
		c.cookie = c.by.readCookie(c.r)
	}
	err = room.ErrNotSignedIn
	if c.cookie != "" || program {
		c.session, err = c.signIn(c.ctx(), program)
	}
	name := ""
	if err == nil {
		name = c.session.User
	}
	if over := s.Load.Request(name, transport.Network(c.by.client)); over != nil {
		return over
	}
	if err != nil {
		return err
	}
	c.by.user = name
	s.Desk.Use(c.session)
	c.as = room.NewActor(name, c.session.Role)
	c.state = c.now()
	c.user = c.state.User(name)
	return nil
}

// bearerOf is the token that a program sends (RFC 6750 section 2.1), in place of
// a cookie.
func bearerOf(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// signIn is what the cookie, or the program's token, stands for now.
func (c *call) signIn(ctx context.Context, program bool) (in room.Session, err error) {
	if program {
		in, _, err = c.site.Desk.Bearer(ctx, c.cookie)
	} else {
		in, _, err = c.site.Desk.Session(ctx, c.cookie)
	}
	return in, err
}

// now is the room at this moment, as who calls sees it.
func (c *call) now() *room.State { return c.as.In(c.site.Store.State()) }

// errNotForTokens is for what one does oneself.
var errNotForTokens = room.Refuse(room.ErrForbidden, "A program's token may not do this; sign in yourself.")

// person is a handler of what only people do, and no programs for them: what says
// how one signs in, and what shows it.
func (s *site) person(handle func(*call) error) func(*call) error {
	return func(c *call) error {
		if c.session.Role != "" {
			return errNotForTokens
		}
		return handle(c)
	}
}

// visitor is from where the request comes, and what with.
func (c *call) visitor() room.Visitor {
	return room.Visitor{Address: c.by.client, Device: c.r.UserAgent()}
}

// stillSignedIn asks once more, after something was read for who is signed in.
// Who took too long hears the answer, too, though the request is given up.
func (c *call) stillSignedIn() error {
	if c.session.ID == "" {
		return nil
	}
	_, err := c.signIn(context.WithoutCancel(c.ctx()), c.session.Role != "")
	return err
}

// stamp is that of an event that who calls makes now, and that comes too late
// once the sign-in has ended.
func (s *site) stamp(c *call) room.Stamp {
	st := s.stampOf(c, c.user.Name)
	st.Session, st.Role = c.session.ID, c.session.Role
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
