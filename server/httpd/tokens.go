package httpd

import (
	"cmp"
	"net/http"
	"time"

	"redroom/server/room"
)

// toolTokenLife is that of a token of which nobody says when it ends.
const toolTokenLife = 90 * 24 * time.Hour

// toolToken is what a program signs in with. Token is there once: when it is made.
type toolToken struct {
	ID      string     `json:"id"`
	Token   string     `json:"token,omitempty"`
	Label   string     `json:"label"`
	Role    room.Role  `json:"role"`
	Made    time.Time  `json:"made"`
	Expires time.Time  `json:"expires"`
	Used    *time.Time `json:"used,omitempty"`
}

// tokenHolder is the user of the path, whose tokens are that user's and admins' to
// see and to change.
func (c *call) tokenHolder() (*room.User, error) {
	if name := c.param("name"); name == c.user.Name {
		return c.user, nil
	}
	return c.changeableUser()
}

func (s *site) listToolTokens(c *call) error {
	u, err := c.tokenHolder()
	if err != nil {
		return err
	}
	tokens, err := s.Store.ToolTokens(c.ctx(), u.Name)
	if err != nil {
		return err
	}
	all, now := []toolToken{}, s.Now().UnixMilli()
	for _, t := range tokens {
		if t.Expires <= now {
			continue
		}
		all = append(all, toolToken{ID: t.ID, Label: t.Label, Role: t.Role, Made: timeOf(t.Made), Expires: timeOf(t.Expires), Used: usedAt(t.Used)})
	}
	return c.answer(http.StatusOK, map[string]any{"tokens": all})
}

func (s *site) makeToolToken(c *call) error {
	u, err := c.tokenHolder()
	if err != nil {
		return err
	}
	var body struct {
		Label   string    `json:"label"`
		Role    room.Role `json:"role"`
		Expires time.Time `json:"expires"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if err := c.mustBeProved(); err != nil {
		return err
	}
	if body.Expires.IsZero() {
		body.Expires = s.Now().Add(toolTokenLife)
	}
	secret := room.NewToolToken()
	ev := room.ToolTokenMade{
		Stamp:   s.stamp(c),
		ID:      room.NewID(),
		Token:   room.HashToken(secret),
		User:    u.Name,
		Label:   nfc(body.Label),
		Role:    cmp.Or(body.Role, u.Role),
		Expires: body.Expires.UnixMilli(),
	}
	return s.change(c, ev, func() error {
		return c.answer(http.StatusCreated, toolToken{ID: ev.ID, Token: secret, Label: ev.Label, Role: ev.Role, Made: timeOf(ev.At), Expires: timeOf(ev.Expires)})
	})
}

func (s *site) revokeToolToken(c *call) error {
	u, err := c.tokenHolder()
	if err != nil {
		return err
	}
	if err := c.mustBeProved(); err != nil {
		return err
	}
	return s.change(c, room.ToolTokenRevoked{Stamp: s.stamp(c), ID: c.param("token"), User: u.Name}, c.done)
}
