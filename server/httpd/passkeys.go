package httpd

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"redroom/server/room"
)

// Passkeys are the part of the Desk that knows them. Options are JSON as
// browsers take it (Web Authentication, sections 5.1.8 and 5.1.9), for a page of
// an origin; an answer is what the browser makes of them, and id what the
// challenge is known by. An origin is one of the server's.
type Passkeys interface {
	PasskeyOptions(origin string) (id string, options any, err error)
	PasskeySignIn(ctx context.Context, id string, answer []byte, from room.Visitor) (cookie string, s room.Session, err error)
	PasskeyProofOptions(ctx context.Context, origin string, s room.Session) (id string, options any, err error)
	ProvePasskey(ctx context.Context, s room.Session, id string, answer []byte, from room.Visitor) error
	NewPasskeyOptions(ctx context.Context, origin string, s room.Session) (id string, options any, err error)
	AddPasskey(ctx context.Context, by room.Stamp, id, label string, answer []byte) (recovery []string, err error)
}

var errPasskeyOrigin = room.Refuse(room.ErrForbidden, "Passkeys are for the server's own origins; see --host and --origin.")

func (s *site) routePasskeys(r chi.Router) {
	r.Post("/session/passkey/options", s.stranger(s.passkeyOptions))
	r.Post("/session/passkey", s.stranger(s.passkeySignIn))
	r.Post("/session/proof/options", s.signedIn(s.person(s.passkeyProofOptions)))
	r.Post("/account/passkeys/options", s.enrolling(s.proved(s.newPasskeyOptions)))
	r.Post("/account/passkeys", s.enrolling(s.proved(s.addPasskey)))
	r.Delete("/account/passkeys/{id}", s.signedIn(s.proved(s.removePasskey)))
}

// passkeyOrigin is that of the page that asks. It is one of the server's, also
// where another one would be let through, as behind a port that is mapped: a
// passkey stays with its origin.
func (s *site) passkeyOrigin(c *call) (string, error) {
	origin := c.r.Header.Get("Origin")
	if origin == "" {
		origin = c.by.origin()
	}
	if !s.Origins.Allowed(origin) {
		return "", errPasskeyOrigin
	}
	return origin, nil
}

// challenge is what a browser is asked for, and the id to send along with its
// answer.
type challenge struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

func (s *site) passkeyOptions(c *call) error {
	origin, err := s.passkeyOrigin(c)
	if err != nil {
		return err
	}
	id, options, err := s.Desk.PasskeyOptions(origin)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, challenge{id, options})
}

func (s *site) passkeySignIn(c *call) error {
	var body struct {
		ID         string          `json:"id"`
		Credential json.RawMessage `json:"credential"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	cookie, session, err := s.Desk.PasskeySignIn(c.ctx(), body.ID, body.Credential, c.visitor())
	if err != nil {
		return err
	}
	return s.enter(c, cookie, session, http.StatusOK)
}

func (s *site) passkeyProofOptions(c *call) error {
	origin, err := s.passkeyOrigin(c)
	if err != nil {
		return err
	}
	id, options, err := s.Desk.PasskeyProofOptions(c.ctx(), origin, c.session)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, challenge{id, options})
}

func (s *site) newPasskeyOptions(c *call) error {
	origin, err := s.passkeyOrigin(c)
	if err != nil {
		return err
	}
	id, options, err := s.Desk.NewPasskeyOptions(c.ctx(), origin, c.session)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, challenge{id, options})
}

func (s *site) addPasskey(c *call) error {
	var body struct {
		ID         string          `json:"id"`
		Label      string          `json:"label"`
		Credential json.RawMessage `json:"credential"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	codes, err := s.Desk.AddPasskey(c.ctx(), s.stamp(c), body.ID, nfc(body.Label), body.Credential)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, recoveryOf(codes))
}

func (s *site) removePasskey(c *call) error {
	id, err := base64.RawURLEncoding.DecodeString(c.param("id"))
	if err != nil {
		return room.ErrNotFound
	}
	if err := s.append(c, room.PasskeyRemoved{Stamp: s.stamp(c), User: c.user.Name, ID: id}); err != nil {
		return err
	}
	return c.done()
}
