package room

import (
	"fmt"
	"reflect"
)

// Apply is the room after ev, which is s itself if ev changes nothing that a
// State shows; or the refusal that leaves it as it is. head gives a topic's
// newest seq, for those who join a deal and may not read what was before.
// Events that a State does not show (sign-ins, messages, read marks) are the
// store's to check and leave the State as it is.
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
	case MemberMoved:
		return s.moveMember(ev, head)
	case TopicCreated:
		return s.createTopic(ev)
	case TopicChanged:
		return s.changeTopic(ev, head)
	case TopicMemberAdded:
		return s.addTopicMember(ev, head)
	case TopicMemberRemoved:
		return s.removeTopicMember(ev)
	case ReaderMoved:
		return s.moveReader(ev, head)
	case DirectCreated:
		return s.createDirect(ev)
	case SessionsEnded:
		return s, s.checkSessionsEnded(ev)
	case PeerIntroduced:
		return s, s.checkIntroduced(ev)
	case Noted:
		return s, ev.check()
	case InvitationMade:
		return s, s.checkInvitation(ev)
	case SignInRulesChanged:
		return s.changeRules(ev)
	case Vouched:
		return s.vouch(ev)
	case ToolTokenMade:
		return s, s.checkToolToken(ev)
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
		return s, Refuse(ErrUnprocessable, "A display name is 1 to 64 characters on one line, none of which is a control character or turns the direction of text.")
	case !role.Valid():
		return s, Refuse(ErrUnprocessable, "A role is admin, member, observer or bot.")
	case s.users[name] != nil:
		return s, ErrNameTaken
	}
	return s.withUser(&User{Name: name, Display: display, Role: role, Active: true, Created: at, Version: 1}), nil
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
	if ev.Version != 0 && ev.Version != u.Version {
		return s, ErrChanged
	}
	set(&u.Display, ev.Display)
	set(&u.Role, ev.Role)
	set(&u.Active, ev.Active)
	if !ValidLabel(u.Display, MaxDisplayLength) {
		return s, Refuse(ErrUnprocessable, "A display name is 1 to 64 characters on one line, none of which is a control character or turns the direction of text.")
	}
	if !u.Role.Valid() {
		return s, Refuse(ErrUnprocessable, "A role is admin, member, observer or bot.")
	}
	if !renew(old, &u, &u.Version) {
		return s, nil
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
	d := &Deal{ID: ev.ID, Name: ev.Name, Open: true, History: ev.History, Receipts: ev.Receipts, Created: ev.At, Version: 1}
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
	if ev.Version != 0 && ev.Version != d.Version {
		return s, ErrChanged
	}
	set(&d.Name, ev.Name)
	set(&d.Open, ev.Open)
	set(&d.History, ev.History)
	set(&d.Receipts, ev.Receipts)
	if !renew(old, &d, &d.Version) {
		return s, nil
	}
	return s.putDeal(&d)
}

func (s *State) putDeal(d *Deal) (*State, error) {
	if !ValidLabel(d.Name, MaxDealNameLength) {
		return s, Refuse(ErrUnprocessable, fmt.Sprintf("A deal's name is 1 to %d characters on one line, none of which is a control character or turns the direction of text.", MaxDealNameLength))
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
	if d.History != HistoryJoined {
		return next, nil
	}
	return next.withTopics(s.startAll(d, user, func(topic string) int64 { return head(topic) + 1 })), nil
}

// startAll are a deal's topics as they are once a user reads them from some seq
// on; those where nothing changes are left out. What two say to each other is
// theirs from its beginning.
func (s *State) startAll(d *Deal, user string, from func(topic string) int64) (changed []*Topic) {
	for _, id := range d.Topics {
		t := s.topics[id]
		if t.Direct {
			continue
		}
		if started := t.startingAt(user, from(id)); started != t {
			changed = append(changed, started)
		}
	}
	return changed
}

// removeMember leaves from where the user reads as it is, for when there is a
// next time.
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
	var left []*Topic
	for _, id := range d.Topics {
		t := *s.topics[id]
		if _, in := t.Members[ev.User]; !in || t.Direct { // a conversation stays that of its two
			continue
		}
		t.Members = without(t.Members, ev.User)
		t.Version++
		left = append(left, &t)
	}
	return s.withDeal(&nd).withTopics(left), nil
}

// moveMember is for those who read no more than they are shown; admins read
// everything.
func (s *State) moveMember(ev MemberMoved, head func(topic string) int64) (*State, error) {
	if !s.IsAdmin(ev.By) {
		return s, ErrNotAdmin
	}
	d := s.deals[ev.Deal]
	if d == nil {
		return s, ErrNotFound
	}
	switch m, ok := d.Members[ev.User]; {
	case !ok || m.Left:
		return s, ErrNotFound
	case s.users[ev.User].Role == Admin:
		return s, errAdminReads
	case !ev.History.Valid():
		return s, Refuse(ErrUnprocessable, "A member's history is all or joined.")
	}
	return s.withTopics(s.startAll(d, ev.User, func(topic string) int64 {
		if ev.History == HistoryJoined {
			return head(topic) + 1
		}
		return 1
	})), nil
}

// errAdminReads refuses to keep an admin from reading.
var errAdminReads = Refuse(ErrUnprocessable, "An admin reads everything; change the role first.")

// startingAt is the topic once a user reads it from seq from on.
func (t *Topic) startingAt(user string, from int64) *Topic {
	started := *t
	switch now, ok := t.Starts[user]; {
	case ok && now == from, !ok && from == 1:
		return t
	case from == 1:
		started.Starts = without(t.Starts, user)
	default:
		started.Starts = put(t.Starts, user, from)
	}
	return &started
}

// checkSessionsEnded is for the user and for admins.
func (s *State) checkSessionsEnded(ev SessionsEnded) error {
	switch {
	case ev.By != ev.User && !s.IsAdmin(ev.By):
		return ErrNotAdmin
	case s.users[ev.User] == nil:
		return ErrNotFound
	}
	return nil
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

// renew gives what was changed its next version; false: nothing was.
func renew[T any](old, changed *T, version *int64) bool {
	if reflect.DeepEqual(old, changed) {
		return false
	}
	*version++
	return true
}

// set changes what is to be changed.
func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}
