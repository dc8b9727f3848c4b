package signin

import (
	"slices"
	"strings"

	"redroom/server/room"
)

// claims are what a provider says of somebody.
type claims map[string]any

func (c claims) lacks(p *room.Provider) bool {
	_, name := c[p.NameClaim]
	_, groups := c[p.GroupsClaim]
	return !name || !groups && len(p.Groups) > 0
}

func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// texts are those of a list, or the one that isn't in a list.
func (c claims) texts(name string) (all []string) {
	switch value := c[name].(type) {
	case string:
		return []string{value}
	case []any:
		for _, v := range value {
			if s, ok := v.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// nameOf makes a user name of what a provider calls somebody: in lower case, and
// of an address what is before the @. Only the whole counts as the name of an
// account that is there: guests' addresses may begin like anybody's. Only A to Z
// are brought into lower case: other letters have forms that end there, too, such
// as the sign of the kelvin, with which one could be called like somebody else.
func nameOf(called string) (name string, whole bool) {
	name, _, address := strings.Cut(strings.Map(lower, called), "@")
	return name, !address
}

func lower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r
}

// roleOf is the role of the first of the rules' groups that somebody is in; "":
// the rules have none. Who is in none of them may not sign in.
func roleOf(p *room.Provider, said claims) (role room.Role, ok bool) {
	if len(p.Groups) == 0 {
		return "", true
	}
	in := said.texts(p.GroupsClaim)
	for _, g := range p.Groups {
		if slices.Contains(in, g.Group) {
			return g.Role, true
		}
	}
	return "", false
}
