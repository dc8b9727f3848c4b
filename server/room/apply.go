package room

import (
	"fmt"
	"slices"
)

// Apply is the room after ev, or the refusal that leaves it as it is. head
// gives a topic's newest seq, for those who join a deal and may not read what
// was before. Events that a State does not show (sign-ins, messages, read
// marks) are the store's to check and leave the State as it is.
func (s *State) Apply(ev Event, head func(topic string) int64) (*State, error) {
	switch ev := ev.(type) {
	case AdminClaimed:
		if s.HasAdmin() {
			return s, ErrSetupDone
		}
		return s.addUser(ev.Name, ev.Display, Admin, ev.At)
	case UserAdded:
		if !s.IsAdmin(ev.By) {
			return s, ErrNotAdmin
		}
		return s.addUser(ev.Name, ev.Display, ev.Role, ev.At)
	case UserChanged:
		return s.changeUser(ev)
	case DealCreated:
		return s.createDeal(ev)
	case DealChanged:
		return s.changeDeal(ev)
	case MemberAdded:
		if !s.IsAdmin(ev.By) {
			return s, ErrNotAdmin
		}
		return s.addMember(ev.Deal, ev.User, ev.At, head)
	case MemberRemoved:
		return s.removeMember(ev)
	case TopicCreated:
		return s.createTopic(ev)
	case TopicChanged:
		return s.changeTopic(ev)
	case InvitationMade:
		return s, s.checkInvitation(ev)
	case SetupOffered:
		if s.HasAdmin() {
			return s, ErrSetupDone
		}
	}
	return s, nil
}

// AcceptInvitation is the room after somebody took an invitation for a new
// account. Deals that no longer exist are passed over.
func (s *State) AcceptInvitation(ev InvitationAccepted, role Role, deals []string, head func(topic string) int64) (*State, error) {
	next, err := s.addUser(ev.Name, ev.Display, role, ev.At)
	if err != nil {
		return s, err
	}
	for _, deal := range deals {
		if next.deals[deal] == nil {
			continue
		}
		if next, err = next.addMember(deal, ev.Name, ev.At, head); err != nil {
			return s, err
		}
	}
	return next, nil
}

func (s *State) addUser(name, display string, role Role, at int64) (*State, error) {
	switch {
	case !ValidUserName(name):
		return s, Refuse(ErrUnprocessable, "A user name is 1 to 32 of a-z 0-9 . _ - and begins with a letter or digit.")
	case !ValidLabel(display, MaxDisplayLength):
		return s, Refuse(ErrUnprocessable, "A display name is 1 to 64 characters on one line.")
	case !role.Valid():
		return s, Refuse(ErrUnprocessable, "A role is admin, member, observer or bot.")
	case s.users[name] != nil:
		return s, ErrNameTaken
	}
	return s.withUser(&User{Name: name, Display: display, Role: role, Active: true, Created: at}), nil
}

func (s *State) changeUser(ev UserChanged) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	old := s.users[ev.Name]
	if old == nil {
		return s, ErrNotFound
	}
	u := *old
	set(&u.Display, ev.Display)
	set(&u.Role, ev.Role)
	set(&u.Active, ev.Active)
	if !ValidLabel(u.Display, MaxDisplayLength) {
		return s, Refuse(ErrUnprocessable, "A display name is 1 to 64 characters on one line.")
	}
	if !u.Role.Valid() {
		return s, Refuse(ErrUnprocessable, "A role is admin, member, observer or bot.")
	}
	next := s.withUser(&u)
	if s.HasAdmin() && !next.HasAdmin() {
		return s, ErrLastAdmin
	}
	return next, nil
}

func (s *State) createDeal(ev DealCreated) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	if s.deals[ev.ID] != nil {
		return s, ErrExists
	}
	d := &Deal{ID: ev.ID, Name: ev.Name, Open: true, History: ev.History, Created: ev.At}
	if ev.By != "" {
		d.Members = map[string]Membership{ev.By: {Joined: ev.At}}
	}
	return s.putDeal(d)
}

func (s *State) changeDeal(ev DealChanged) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	old := s.deals[ev.ID]
	if old == nil {
		return s, ErrNotFound
	}
	d := *old
	set(&d.Name, ev.Name)
	set(&d.Open, ev.Open)
	set(&d.History, ev.History)
	return s.putDeal(&d)
}

func (s *State) putDeal(d *Deal) (*State, error) {
	if !ValidLabel(d.Name, MaxDealNameLength) {
		return s, Refuse(ErrUnprocessable, fmt.Sprintf("A deal's name is 1 to %d characters on one line.", MaxDealNameLength))
	}
	if !d.History.Valid() {
		return s, Refuse(ErrUnprocessable, "A deal's history is all or joined.")
	}
	for _, other := range s.deals {
		if other.ID != d.ID && other.Name == d.Name {
			return s, ErrDealTaken
		}
	}
	return s.withDeal(d), nil
}

func (s *State) addMember(deal, user string, at int64, head func(topic string) int64) (*State, error) {
	d, u := s.deals[deal], s.users[user]
	if d == nil || u == nil {
		return s, ErrNotFound
	}
	if !u.Active {
		return s, Refuse(ErrUnprocessable, "The account is deactivated.")
	}
	if m, ok := d.Members[user]; ok && !m.Left {
		return s, nil
	}
	nd := *d
	nd.Members = put(d.Members, user, Membership{Joined: at})
	next := s.withDeal(&nd)
	for _, id := range d.Topics {
		if from := head(id) + 1; d.History == HistoryJoined && from > 1 {
			t := *next.topics[id]
			t.Starts = put(t.Starts, user, from)
			next = next.withTopic(&t)
		}
	}
	return next, nil
}

func (s *State) removeMember(ev MemberRemoved) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	d := s.deals[ev.Deal]
	if d == nil {
		return s, ErrNotFound
	}
	m, ok := d.Members[ev.User]
	if !ok || m.Left {
		return s, ErrNotFound
	}
	m.Left = true
	nd := *d
	nd.Members = put(d.Members, ev.User, m)
	next := s.withDeal(&nd)
	for _, id := range d.Topics {
		if _, ok := next.topics[id].Starts[ev.User]; ok {
			t := *next.topics[id]
			t.Starts = put(t.Starts, ev.User, 1)
			delete(t.Starts, ev.User)
			next = next.withTopic(&t)
		}
	}
	return next, nil
}

func (s *State) createTopic(ev TopicCreated) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	d := s.deals[ev.Deal]
	if d == nil {
		return s, ErrNotFound
	}
	if s.topics[ev.ID] != nil {
		return s, ErrExists
	}
	next, err := s.putTopic(&Topic{ID: ev.ID, Deal: ev.Deal, Title: ev.Title, Number: ev.Number, Open: true, Created: ev.At})
	if err != nil {
		return s, err
	}
	nd := *d
	nd.Topics = append(slices.Clip(d.Topics), ev.ID)
	return next.withDeal(&nd), nil
}

func (s *State) changeTopic(ev TopicChanged) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	old := s.topics[ev.ID]
	if old == nil {
		return s, ErrNotFound
	}
	t := *old
	set(&t.Title, ev.Title)
	set(&t.Number, ev.Number)
	set(&t.Open, ev.Open)
	return s.putTopic(&t)
}

func (s *State) putTopic(t *Topic) (*State, error) {
	if !ValidLabel(t.Title, MaxTitleLength) {
		return s, Refuse(ErrUnprocessable, fmt.Sprintf("A title is 1 to %d characters on one line.", MaxTitleLength))
	}
	if t.Number < 0 || t.Number > MaxTopicNumber {
		return s, Refuse(ErrUnprocessable, fmt.Sprintf("A topic's number is 0 to %d.", MaxTopicNumber))
	}
	for _, id := range s.deals[t.Deal].Topics {
		if id != t.ID && s.topics[id].Title == t.Title {
			return s, ErrTitleTaken
		}
	}
	return s.withTopic(t), nil
}

func (s *State) checkInvitation(ev InvitationMade) error {
	if !s.IsAdmin(ev.By) {
		return ErrNotAdmin
	}
	if ev.User != "" {
		if s.users[ev.User] == nil {
			return ErrNotFound
		}
		return nil
	}
	if !ev.Role.Valid() {
		return Refuse(ErrUnprocessable, "A role is admin, member, observer or bot.")
	}
	for _, deal := range ev.Deals {
		if s.deals[deal] == nil {
			return ErrNotFound
		}
	}
	return nil
}

// set changes what is to be changed.
func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}
