package httpd

import (
	"bytes"
	"encoding/json"
	"net/http"

	"redroom/server/room"
)

// rules are those of everybody's sign-in; times are in seconds. ProviderSecret
// tells whether one is kept of the provider.
type rules struct {
	Demand         []room.Role `json:"demand"`
	Idle           int64       `json:"idle"`
	Life           int64       `json:"life"`
	Provider       *provider   `json:"provider"`
	ProviderSecret bool        `json:"providerSecret,omitempty"`
	Version        int64       `json:"version"`
}

// provider is the company's own sign-in. Its secret is written, never read.
type provider struct {
	Label       string      `json:"label"`
	Issuer      string      `json:"issuer"`
	ClientID    string      `json:"clientID"`
	Secret      *string     `json:"secret,omitempty"`
	NameClaim   string      `json:"nameClaim"`
	Match       bool        `json:"match"`
	Create      bool        `json:"create"`
	GroupsClaim string      `json:"groupsClaim"`
	Groups      []groupRole `json:"groups"`
}

type groupRole struct {
	Group string    `json:"group"`
	Role  room.Role `json:"role"`
}

func rulesOf(r *room.SignInRules) rules {
	answer := rules{Demand: append([]room.Role{}, r.Demand...), Idle: r.Idle, Life: r.Life, Version: r.Version}
	if p := r.Provider; p != nil {
		answer.ProviderSecret = len(p.Secret) > 0
		answer.Provider = &provider{
			Label: p.Label, Issuer: p.Issuer, ClientID: p.ClientID, NameClaim: p.NameClaim,
			Match: p.Match, Create: p.Create, GroupsClaim: p.GroupsClaim, Groups: []groupRole{},
		}
		for _, g := range p.Groups {
			answer.Provider.Groups = append(answer.Provider.Groups, groupRole(g))
		}
	}
	return answer
}

func (s *site) getRules(c *call) error {
	return c.answer(http.StatusOK, rulesOf(c.state.SignInRules()))
}

func (s *site) changeRules(c *call) error {
	var body struct {
		Demand   *[]room.Role    `json:"demand"`
		Idle     *int64          `json:"idle"`
		Life     *int64          `json:"life"`
		Provider json.RawMessage `json:"provider"`
		Version  int64           `json:"version"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	ev := room.SignInRulesChanged{Stamp: s.stamp(c), Version: body.Version, Demand: body.Demand, Idle: body.Idle, Life: body.Life}
	if body.Provider != nil {
		p, err := s.providerOf(body.Provider, c.state.SignInRules().Provider)
		if err != nil {
			return err
		}
		ev.Provider = &p
	}
	return s.change(c, ev, func() error {
		return c.answer(http.StatusOK, rulesOf(s.Store.State().SignInRules()))
	})
}

// providerOf is the one that was sent; nil: none. One without a secret keeps that
// of the provider and client that there is.
func (s *site) providerOf(sent json.RawMessage, now *room.Provider) (*room.Provider, error) {
	var p *provider
	d := json.NewDecoder(bytes.NewReader(sent))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, room.Refuse(room.ErrMalformed, "The provider is not as expected: "+jsonTrouble(err)+".")
	}
	if p == nil {
		return nil, nil
	}
	next := &room.Provider{
		Label: nfc(p.Label), Issuer: p.Issuer, ClientID: p.ClientID, NameClaim: p.NameClaim,
		Match: p.Match, Create: p.Create, GroupsClaim: p.GroupsClaim,
	}
	for _, g := range p.Groups {
		next.Groups = append(next.Groups, room.GroupRole(g))
	}
	switch {
	case p.Secret != nil && *p.Secret != "":
		next.Secret = s.Desk.SealProviderSecret(*p.Secret)
	case p.Secret == nil && now != nil && now.Issuer == p.Issuer && now.ClientID == p.ClientID:
		next.Secret = now.Secret
	}
	return next, nil
}
