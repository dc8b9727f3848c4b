package room

import (
	"cmp"
	"iter"
	"maps"
	"slices"
)

// State is who and what there is: users, deals with their members, topics. It
// never changes; see the package comment. Its zero value is the empty room.
type State struct {
	users  map[string]*User
	deals  map[string]*Deal
	topics map[string]*Topic
	rules  *SignInRules // nil: those that there are without
}

// NewState is the room with these in it; the store makes it from what it
// keeps. Deals' Topics and members' users must be among the others; rules may
// be nil.
func NewState(users []User, deals []Deal, topics []Topic, rules *SignInRules) *State {
	s := &State{
		rules:  rules,
		users:  make(map[string]*User, len(users)),
		deals:  make(map[string]*Deal, len(deals)),
		topics: make(map[string]*Topic, len(topics)),
	}
	for i := range users {
		s.users[users[i].Name] = &users[i]
	}
	for i := range deals {
		s.deals[deals[i].ID] = &deals[i]
	}
	for i := range topics {
		s.topics[topics[i].ID] = &topics[i]
	}
	return s
}

// User is the account of that name, nil if there is none.
func (s *State) User(name string) *User { return s.users[name] }

// Users are all accounts, by name.
func (s *State) Users() []*User {
	return slices.SortedFunc(maps.Values(s.users), func(a, b *User) int { return cmp.Compare(a.Name, b.Name) })
}

// Deal is the deal of that id, nil if there is none.
func (s *State) Deal(id string) *Deal { return s.deals[id] }

// Deals are all deals, by name.
func (s *State) Deals() []*Deal {
	return slices.SortedFunc(maps.Values(s.deals), func(a, b *Deal) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// Topic is the topic of that id, nil if there is none.
func (s *State) Topic(id string) *Topic { return s.topics[id] }

// Topics are all topics, in no order.
func (s *State) Topics() iter.Seq[*Topic] { return maps.Values(s.topics) }

// TopicsOf are a deal's topics by number, then title.
func (s *State) TopicsOf(deal *Deal) []*Topic {
	topics := make([]*Topic, 0, len(deal.Topics))
	for _, id := range deal.Topics {
		topics = append(topics, s.topics[id])
	}
	slices.SortFunc(topics, func(a, b *Topic) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Title, b.Title))
	})
	return topics
}

// HasAdmin tells whether the room has been set up.
func (s *State) HasAdmin() bool { return s.activeAdmins() > 0 }

func (s *State) activeAdmins() (n int) {
	for _, u := range s.users {
		if u.Active && u.Role == Admin {
			n++
		}
	}
	return n
}

// withUser, withDeal and withTopic are s with one entry put in its place.
func (s *State) withUser(u *User) *State {
	next := *s
	next.users = put(s.users, u.Name, u)
	return &next
}

func (s *State) withDeal(d *Deal) *State {
	next := *s
	next.deals = put(s.deals, d.ID, d)
	return &next
}

func (s *State) withTopic(t *Topic) *State {
	next := *s
	next.topics = put(s.topics, t.ID, t)
	return &next
}

// withTopics is s with some of its topics put in their places; none: s.
func (s *State) withTopics(topics []*Topic) *State {
	if len(topics) == 0 {
		return s
	}
	next := *s
	next.topics = maps.Clone(s.topics)
	for _, t := range topics {
		next.topics[t.ID] = t
	}
	return &next
}

// put and without are m with an entry more or less. A map without entries is
// nil, so that two States that show the same are the same.
func without[V any](m map[string]V, key string) map[string]V {
	m = maps.Clone(m)
	delete(m, key)
	if len(m) == 0 {
		return nil
	}
	return m
}

func put[V any](m map[string]V, key string, v V) map[string]V {
	m = maps.Clone(m)
	if m == nil {
		m = make(map[string]V, 1)
	}
	m[key] = v
	return m
}
