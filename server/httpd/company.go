package httpd

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"redroom/server/room"
)

// Company is the part of the Desk that knows the company's own sign-in.
type Company interface {
	// CompanyBegin is where the browser goes, and what its cookie holds meanwhile;
	// was is the sign-in that it has, or nothing.
	CompanyBegin(ctx context.Context, redirect, to string, was room.Session) (provider, kept string, err error)
	// CompanyEnd signs in who comes back: room.ErrForbidden is who may not,
	// room.ErrNotFound who has no account.
	CompanyEnd(ctx context.Context, kept, redirect string, answer url.Values, from room.Visitor) (cookie string, s room.Session, to string, err error)
	CompanyLife() time.Duration
}

const (
	companyPath   = "/session/company"
	companyBack   = companyPath + "/callback"
	companyCookie = "-company"
)

func (s *site) routeCompany(r chi.Router) {
	r.Get(companyPath, s.stranger(s.companyBegin))
	r.Get(companyBack, s.stranger(s.companyEnd))
}

// companyBegin sends a browser to the company's sign-in. What goes wrong is told
// by the page: the browser has left it.
func (s *site) companyBegin(c *call) error {
	if from := c.r.Header.Get("Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		// Nobody is signed in because another site wants it.
		return c.goTo("/")
	}
	redirect, ok := s.companyRedirect(c)
	if !ok {
		return c.goTo(companyProblem(errOtherOrigin))
	}
	var was room.Session
	if cookie := c.by.readCookie(c.r); cookie != "" {
		if session, _, err := s.Desk.Session(c.ctx(), cookie); err == nil {
			was = session
		}
	}
	provider, kept, err := s.Desk.CompanyBegin(c.ctx(), redirect, place(c.r.URL.Query().Get("to")), was)
	if err != nil {
		return c.goTo(companyProblem(err))
	}
	c.by.writeCompanyCookie(c.w, kept, int(s.Desk.CompanyLife()/time.Second))
	return c.goTo(provider)
}

// companyEnd takes a browser back, and signs it in.
func (s *site) companyEnd(c *call) error {
	kept := ""
	if cookie, err := c.r.Cookie(c.by.nameCookie(companyCookie)); err == nil {
		kept = cookie.Value
	}
	c.by.writeCompanyCookie(c.w, "", -1)
	redirect, ok := s.companyRedirect(c)
	if !ok {
		return c.goTo(companyProblem(errOtherOrigin))
	}
	cookie, session, to, err := s.Desk.CompanyEnd(c.ctx(), kept, redirect, c.r.URL.Query(), c.visitor())
	if err != nil {
		return c.goTo(companyProblem(err))
	}
	c.by.setCookie(c.w, cookie, time.UnixMilli(session.Expires).Sub(s.Now()))
	return c.goTo(place(to))
}

// companyRedirect is where the provider sends browsers back to: the origin that
// they came by, since their cookie is that one's.
func (s *site) companyRedirect(c *call) (string, bool) {
	origin := c.by.origin()
	ok := s.Origins.Allowed(origin)
	if !ok {
		s.Log.Warn("the company's sign-in was refused, since the browser came by an address that the room is not told of; behind a proxy or a mapped port start the server with --origin", "origin", origin)
	}
	return origin + "/api" + companyBack, ok
}

// companyProblem is the page that says what went wrong, in one of three words.
func companyProblem(err error) string {
	switch {
	case errors.Is(err, room.ErrForbidden) && !errors.Is(err, errOtherOrigin):
		return "/?company=refused"
	case errors.Is(err, room.ErrNotFound):
		return "/?company=unknown"
	}
	return "/?company=failed"
}

// place is a place in the room, /t/ID or /t/ID#SEQ; anything else is "/".
func place(to string) string {
	topic, ok := strings.CutPrefix(to, "/t/")
	topic, seq, found := strings.Cut(topic, "#")
	if !ok || !room.ValidID(topic) {
		return "/"
	}
	if n, err := strconv.ParseUint(seq, 10, 63); found && (err != nil || strconv.FormatUint(n, 10) != seq) {
		return "/t/" + topic
	}
	return to
}

// goTo sends a browser on by GET.
func (c *call) goTo(to string) error {
	c.w.Header().Set("Location", to)
	c.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// writeCompanyCookie keeps what belongs to a way to the provider and back. It is
// Lax, since a Strict one doesn't come with the way back.
func (by *arrival) writeCompanyCookie(w http.ResponseWriter, kept string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name:     by.nameCookie(companyCookie),
		Value:    kept,
		Path:     "/",
		MaxAge:   maxAge,
		Secure:   by.secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
}
