package room

import (
	"fmt"
	"slices"
)

func (s *State) createTopic(ev TopicCreated) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	if s.deals[ev.Deal] == nil {
		return s, ErrNotFound
	}
	t := &Topic{
		ID: ev.ID, Deal: ev.Deal, Title: ev.Title, Number: ev.Number, Open: true, Created: ev.At, Version: 1,
		Strict: ev.Strict, Narrowed: ev.Narrowed,
	}
	if err := s.narrow(t, ev.Members); err != nil {
		return s, err
	}
	if err := s.checkTopic(t); err != nil {
		return s, err
	}
	return s.addTopic(t)
}

// addTopic puts a new one at the end of its deal's.
func (s *State) addTopic(t *Topic) (*State, error) {
	if s.topics[t.ID] != nil {
		return s, ErrExists
	}
	d := *s.deals[t.Deal]
	d.Topics = append(slices.Clip(d.Topics), t.ID)
	return s.withTopic(t).withDeal(&d), nil
}

func (s *State) changeTopic(ev TopicChanged, head func(topic string) int64) (*State, error) {
	old, err := s.changeable(ev.By, ev.ID)
	if err != nil {
		return s, err
	}
	t := *old
	if ev.Version != 0 && ev.Version != t.Version {
		return s, ErrChanged
	}
	set(&t.Title, ev.Title)
	set(&t.Number, ev.Number)
	set(&t.Open, ev.Open)
	set(&t.Archived, ev.Archived)
	set(&t.Strict, ev.Strict)
	set(&t.Narrowed, ev.Narrowed)
	if err := s.narrow(&t, ev.Members); err != nil {
		return s, err
	}
	if err := s.checkTopic(&t); err != nil {
		return s, err
	}
	if !renew(old, &t, &t.Version) {
		return s, nil
	}
	return s.withTopic(s.letIn(old, &t, head)), nil
}

// letIn is the topic as it is about to be, in which who could not read the
// narrowed one that it was reads from where newcomers to its deal read.
func (s *State) letIn(was, is *Topic, head func(topic string) int64) *Topic {
	d := s.deals[is.Deal]
	if !was.Narrowed || d.History != HistoryJoined {
		return is
	}
	for name, m := range d.Members {
		_, before := was.Members[name]
		if _, now := is.Members[name]; !before && !m.Left && (now || !is.Narrowed) {
			is = is.startingAt(name, head(is.ID)+1)
		}
	}
	return is
}

// changeable is the topic of that id, if by may change it.
func (s *State) changeable(by, id string) (*Topic, error) {
	switch t := s.topics[id]; {
	case !s.IsAdmin(by):
		return nil, ErrNotAdmin
	case s.AdministersTopic(by, t):
		return t, nil
	case t != nil && t.Direct && s.knows(by, t):
		return nil, Refuse(ErrUnprocessable, "A direct conversation stays as it is.")
	}
	return nil, ErrNotFound
}

// knows tells whether name reads t.
func (s *State) knows(name string, t *Topic) bool {
	_, ok := s.ReadsFrom(name, t.ID)
	return ok
}

// narrow gives a topic its members; nil: those that it has.
func (s *State) narrow(t *Topic, members []string) error {
	if members == nil {
		return nil
	}
	if !t.Narrowed {
		return Refuse(ErrUnprocessable, "Only a narrowed topic has members of its own.")
	}
	before := t.Members
	t.Members = nil
	for _, name := range members {
		if _, in := before[name]; !in {
			if err := s.checkTopicMember(t, name); err != nil {
				return err
			}
		}
		if t.Members == nil {
			t.Members = make(map[string]struct{}, len(members))
		}
		t.Members[name] = struct{}{}
	}
	return nil
}

// checkTopicMember says why a topic can't be narrowed to somebody.
func (s *State) checkTopicMember(t *Topic, name string) error {
	u := s.users[name]
	if u == nil {
		return ErrNotFound
	}
	switch m, ok := s.deals[t.Deal].Members[name]; {
	case !ok || m.Left:
		return Refuse(ErrUnprocessable, fmt.Sprintf("%s is not in the deal; add %[1]s there first.", name))
	case !u.Active:
		return Refuse(ErrUnprocessable, fmt.Sprintf("The account of %s is deactivated.", name))
	}
	return nil
}

func (s *State) checkTopic(t *Topic) error {
	if !ValidLabel(t.Title, MaxTitleLength) {
		return Refuse(ErrUnprocessable, fmt.Sprintf("A title is 1 to %d characters on one line, none of which is a control character or turns the direction of text.", MaxTitleLength))
	}
	if t.Number < 0 || t.Number > MaxTopicNumber {
		return Refuse(ErrUnprocessable, fmt.Sprintf("A topic's number is 0 to %d.", MaxTopicNumber))
	}
	for _, id := range s.deals[t.Deal].Topics {
		if other := s.topics[id]; id != t.ID && other.Title == t.Title && !other.Direct {
			return ErrTitleTaken
		}
	}
	return nil
}

// addTopicMember lets one more in.
func (s *State) addTopicMember(ev TopicMemberAdded, head func(topic string) int64) (*State, error) {
	old, err := s.narrowed(ev.By, ev.Topic)
	if err != nil {
		return s, err
	}
	if err := s.checkTopicMember(old, ev.User); err != nil {
		return s, err
	}
	if _, ok := old.Members[ev.User]; ok {
		return s, nil
	}
	t := *old
	t.Members = put(t.Members, ev.User, struct{}{})
	t.Version++
	return s.withTopic(s.letIn(old, &t, head)), nil
}

func (s *State) removeTopicMember(ev TopicMemberRemoved) (*State, error) {
	old, err := s.narrowed(ev.By, ev.Topic)
	if err != nil {
		return s, err
	}
	if _, ok := old.Members[ev.User]; !ok {
		return s, ErrNotFound
	}
	t := *old
	t.Members = without(t.Members, ev.User)
	t.Version++
	return s.withTopic(&t), nil
}

// narrowed is the narrowed topic of that id, if by may change it.
func (s *State) narrowed(by, id string) (*Topic, error) {
	t, err := s.changeable(by, id)
	if err == nil && !t.Narrowed {
		return nil, Refuse(ErrUnprocessable, "The topic is open to the whole deal; narrow it first.")
	}
	return t, err
}

func (s *State) moveReader(ev ReaderMoved, head func(topic string) int64) (*State, error) {
	t, err := s.changeable(ev.By, ev.Topic)
	if err != nil {
		return s, err
	}
	u := s.users[ev.User]
	switch {
	case u == nil || !s.knows(ev.User, t):
		return s, ErrNotFound
	case u.Role == Admin:
		return s, errAdminReads
	case ev.Seq < 1 || ev.Seq > head(t.ID)+1:
		return s, Refuse(ErrUnprocessable, fmt.Sprintf("Reading begins at 1 to %d, which is the message after the newest.", head(t.ID)+1))
	}
	if started := t.startingAt(u.Name, ev.Seq); started != t {
		return s.withTopic(started), nil
	}
	return s, nil
}

// createDirect is for those who see the deal, with others who do.
func (s *State) createDirect(ev DirectCreated) (*State, error) {
	d := s.deals[ev.Deal]
	if !s.SeesDeal(ev.By, d) || !s.SeesDeal(ev.With, d) {
		return s, ErrNotFound
	}
	switch {
	case s.users[ev.By].Role == Observer:
		return s, ErrObserver
	case ev.By == ev.With:
		return s, Refuse(ErrUnprocessable, "A direct conversation is one with somebody else.")
	case s.Direct(ev.Deal, ev.By, ev.With) != nil:
		return s, ErrExists
	}
	return s.addTopic(&Topic{
		ID: ev.ID, Deal: ev.Deal, Title: min(ev.By, ev.With) + ", " + max(ev.By, ev.With), Open: true, Created: ev.At, Version: 1,
		Direct: true, Members: map[string]struct{}{ev.By: {}, ev.With: {}},
	})
}

// Direct is the conversation of two in a deal, nil if they have none.
func (s *State) Direct(deal, a, b string) *Topic {
	d := s.deals[deal]
	if d == nil {
		return nil
	}
	for _, id := range d.Topics {
		t := s.topics[id]
		if _, ok := t.Members[a]; !ok || !t.Direct {
			continue
		}
		if _, ok := t.Members[b]; ok && a != b {
			return t
		}
	}
	return nil
}
