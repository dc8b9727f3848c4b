package room

import (
	"fmt"
	"net/url"
	"slices"
	"time"
)

// SignInRules are what admins say of everybody's sign-in. They are shared:
// nobody may change what they hold.
type SignInRules struct {
	// Demand are the roles of whom a second factor is demanded, in order.
	Demand []Role
	// A sign-in ends when it was not used for Idle, and Life after it was opened,
	// in seconds. Idle 0: not for being idle.
	Idle, Life int64
	// Provider is the company's own sign-in; nil: there is none.
	Provider *Provider
	Version  int64 // 1, and one more with each change
}

// Provider is an OpenID Connect provider whose word counts for whom it is that
// signs in (OpenID Connect Core 1.0).
type Provider struct {
	Label    string // on the button
	Issuer   string // its URL
	ClientID string
	Secret   []byte // the client's, sealed with a key that isn't in the store
	// NameClaim is the claim that a user name is made of at somebody's first
	// sign-in. After that the issuer's subject is who one is.
	NameClaim string
	// Match lets somebody have the account of that name that is there already;
	// Create makes one where there is none.
	Match, Create bool
	// GroupsClaim names the groups that somebody is in. The first of Groups that
	// is among them gives the role at each sign-in; with Groups, who is in none of
	// them may not sign in.
	GroupsClaim string
	Groups      []GroupRole
}

// GroupRole is the role of whoever is in a group of the provider's.
type GroupRole struct {
	Group string
	Role  Role
}

// What rules may say.
const (
	MinSessionLife  = 10 * time.Minute
	MaxSessionLife  = 90 * 24 * time.Hour
	MinSessionIdle  = 5 * time.Minute
	MaxLabelLength  = 64 // characters of a token's, a passkey's, a provider's label
	maxGroups       = 100
	maxProviderText = 512 // octets of a claim, a group, a client's id
)

// defaultRules are those until an admin changes them.
var defaultRules = &SignInRules{
	Idle:    int64(SessionIdle / time.Second),
	Life:    int64(SessionLife / time.Second),
	Version: 1,
}

// SignInRules are those that count now.
func (s *State) SignInRules() *SignInRules {
	if s.rules == nil {
		return defaultRules
	}
	return s.rules
}

// Demands tells whether a second factor is demanded of those of a role.
func (r *SignInRules) Demands(role Role) bool { return slices.Contains(r.Demand, role) }

// DemandsFactor tells whether a second factor is demanded of a user.
func (s *State) DemandsFactor(user string) bool {
	u := s.users[user]
	return u != nil && s.SignInRules().Demands(u.Role)
}

// End is when a sign-in ends, unix-ms, if it isn't used again. A program's ends
// with its token.
func (r *SignInRules) End(s Session) int64 {
	if s.Role != "" {
		return s.Expires
	}
	end := min(s.Expires, s.Opened+r.Life*1000)
	if r.Idle > 0 {
		end = min(end, s.Used+r.Idle*1000)
	}
	return end
}

// changeRules is for admins. Who demands a second factor of one's own role must
// have shown one, so as not to be the first to stand outside: the store sees to
// that.
func (s *State) changeRules(ev SignInRulesChanged) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	old := s.SignInRules()
	if ev.Version != 0 && ev.Version != old.Version {
		return s, ErrChanged
	}
	r := *old
	set(&r.Demand, ev.Demand)
	set(&r.Idle, ev.Idle)
	set(&r.Life, ev.Life)
	set(&r.Provider, ev.Provider)
	r.Demand = slices.Compact(slices.Sorted(slices.Values(r.Demand)))
	if err := r.check(); err != nil {
		return s, err
	}
	if !renew(old, &r, &r.Version) {
		return s, nil
	}
	next := *s
	next.rules = &r
	return &next, nil
}

func (r *SignInRules) check() error {
	for _, role := range r.Demand {
		if !role.Valid() {
			return Refuse(ErrUnprocessable, "A role is admin, member, observer or bot.")
		}
	}
	life, idle := time.Duration(r.Life)*time.Second, time.Duration(r.Idle)*time.Second
	switch {
	case r.Life < 0 || r.Life > int64(MaxSessionLife/time.Second) || life < MinSessionLife:
		return Refuse(ErrUnprocessable, fmt.Sprintf("A sign-in lasts at least %d minutes and at most %d days.", MinSessionLife/time.Minute, MaxSessionLife/(24*time.Hour)))
	case r.Idle < 0 || r.Idle > r.Life || r.Idle != 0 && idle < MinSessionIdle:
		return Refuse(ErrUnprocessable, fmt.Sprintf("A sign-in that isn't used ends after at least %d minutes, and not later than any; 0: not for that.", MinSessionIdle/time.Minute))
	}
	if r.Provider == nil {
		return nil
	}
	return r.Provider.check()
}

func (p *Provider) check() error {
	u, err := url.Parse(p.Issuer)
	switch {
	case !ValidLabel(p.Label, MaxLabelLength):
		return Refuse(ErrUnprocessable, "The label of the company's sign-in is 1 to 64 characters on one line.")
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(p.Issuer) > maxProviderText:
		return Refuse(ErrUnprocessable, "The issuer is a URL such as https://login.example.com/realm.")
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return Refuse(ErrUnprocessable, "The issuer's URL begins with https://.")
	case p.ClientID == "" || len(p.ClientID) > maxProviderText:
		return Refuse(ErrUnprocessable, "The client id is missing.")
	case p.NameClaim == "" || len(p.NameClaim) > maxProviderText || len(p.GroupsClaim) > maxProviderText:
		return Refuse(ErrUnprocessable, "The claim that a user name is made of is missing, or a claim's name is too long.")
	case len(p.Groups) > maxGroups, len(p.Groups) > 0 && p.GroupsClaim == "":
		return Refuse(ErrUnprocessable, "Groups need a claim that names them, and are 100 at most.")
	}
	for _, g := range p.Groups {
		if g.Group == "" || len(g.Group) > maxProviderText || !g.Role.Valid() {
			return Refuse(ErrUnprocessable, "Each group has a name, and a role: admin, member, observer or bot.")
		}
	}
	return nil
}

// told is what the audit trail has of it: nothing of the secret.
func (p *Provider) told() any {
	if p == nil {
		return nil
	}
	groups := make([]string, 0, len(p.Groups))
	for _, g := range p.Groups {
		groups = append(groups, g.Group+": "+string(g.Role))
	}
	return map[string]any{"issuer": p.Issuer, "client": p.ClientID, "name": p.NameClaim, "groupsClaim": p.GroupsClaim, "match": p.Match, "create": p.Create, "groups": groups}
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
