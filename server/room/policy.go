package room

import "slices"

// IsAdmin tells whether name is an active admin. "" is the operator at the
// machine itself, who may do what an admin may.
func (s *State) IsAdmin(name string) bool {
	if name == "" {
		return true
	}
	u := s.users[name]
	return u != nil && u.Active && u.Role == Admin
}

// SeesDeal tells whether name may know of the deal: its members, and admins.
func (s *State) SeesDeal(name string, deal *Deal) bool {
	if deal == nil {
		return false
	}
	u := s.users[name]
	if u == nil || !u.Active {
		return false
	}
	if u.Role == Admin {
		return true
	}
	m, ok := deal.Members[name]
	return ok && !m.Left
}

// ReadsFrom is the first seq of the topic that name may read, and whether it
// may know of the topic at all. Admins read everything but other people's
// direct conversations.
func (s *State) ReadsFrom(name, topic string) (from int64, ok bool) {
	t := s.topics[topic]
	if t == nil || !s.SeesDeal(name, s.deals[t.Deal]) {
		return 0, false
	}
	admin := s.users[name].Role == Admin
	if t.Direct || t.Narrowed && !admin {
		if _, ok := t.Members[name]; !ok {
			return 0, false
		}
	}
	if start, ok := t.Starts[name]; ok && !admin {
		return start, true
	}
	return 1, true
}

// Administers tells whether name may change the deal.
func (s *State) Administers(name string, deal *Deal) bool {
	return deal != nil && s.IsAdmin(name)
}

// AdministersTopic tells whether name may change the topic, and so know of it.
// A direct one is nobody's to change.
func (s *State) AdministersTopic(name string, t *Topic) bool {
	return t != nil && !t.Direct && s.IsAdmin(name)
}

// Readers are those who may read the topic now, by name.
func (s *State) Readers(topic string) []*User {
	var readers []*User
	for _, u := range s.Users() {
		if _, ok := s.ReadsFrom(u.Name, topic); ok {
			readers = append(readers, u)
		}
	}
	return readers
}

// ShareDeal tells whether a and b are the same or see a deal in common, and so
// may know of each other.
func (s *State) ShareDeal(a, b string) bool { return s.SharingDeal(a)(b) }

// SharingDeal is ShareDeal for those who ask it of one user and many others.
func (s *State) SharingDeal(a string) (with func(b string) bool) {
	var deals []*Deal
	for _, d := range s.deals {
		if s.SeesDeal(a, d) {
			deals = append(deals, d)
		}
	}
	return func(b string) bool {
		return a == b || slices.ContainsFunc(deals, func(d *Deal) bool { return s.SeesDeal(b, d) })
	}
}

// checkIntroduced says why somebody may not talk to somebody directly.
func (s *State) checkIntroduced(ev PeerIntroduced) error {
	if ev.By == ev.To || !s.ShareDeal(ev.By, ev.To) {
		return ErrNotFound
	}
	return s.CheckTalks(ev.By)
}

// CheckTalks says why somebody may talk to nobody directly, nor be reached so: a
// program that may only read says nothing in its user's name, and hears nothing
// that is meant for him.
func (s *State) CheckTalks(user string) error {
	if u := s.users[user]; u == nil || u.Role == Observer {
		return ErrObserver
	}
	return nil
}

// Entry is what a post is judged by of the message that it refers to.
type Entry struct {
	Kind     Kind
	Author   string
	Ref      int64
	Redacted bool
}

// CheckPost says why this post would be refused, given the topic's head and
// its entries, which must be there up to the head; nil: it wouldn't. Whether
// its client id is known must be asked before; the right to the topic comes
// before both. Errors of entry are given back as they are.
func (s *State) CheckPost(p MessagePosted, head int64, entry func(seq int64) (Entry, error)) error {
	from, err := s.checkWriter(p.By, p.Topic)
	if err != nil {
		return err
	}
	if p.Ref != 0 && (p.Ref < from || p.Ref > head) {
		return Refuse(ErrUnprocessable, "The message that this one refers to does not exist.")
	}
	switch p.Kind {
	case Edit:
		return s.checkEdit(p, entry)
	case Redact:
		return s.checkRedact(p, entry)
	}
	return nil
}

// MayPost tells whether somebody may post in a topic at all.
func (s *State) MayPost(name, topic string) bool {
	_, err := s.checkWriter(name, topic)
	return err == nil
}

// checkWriter says why somebody may not post in a topic at all, or from where
// on one reads it.
func (s *State) checkWriter(name, topic string) (from int64, err error) {
	from, ok := s.ReadsFrom(name, topic)
	if !ok {
		return 0, ErrNotFound
	}
	if s.users[name].Role == Observer {
		return 0, ErrObserver
	}
	t := s.topics[topic]
	if t.Archived {
		return 0, Refuse(ErrTopicClosed, "The topic is archived.")
	}
	if !t.Open {
		return 0, ErrTopicClosed
	}
	if !s.deals[t.Deal].Open {
		return 0, Refuse(ErrTopicClosed, "The deal is closed.")
	}
	return from, nil
}

func (s *State) checkEdit(p MessagePosted, entry func(seq int64) (Entry, error)) error {
	if p.Ref == 0 {
		return Refuse(ErrUnprocessable, "An edit names the message that it edits.")
	}
	original, err := entry(p.Ref)
	switch {
	case err != nil:
		return err
	case !original.Kind.Editable():
		return Refuse(ErrUnprocessable, "Only texts and reports can be edited.")
	case original.Author != p.By:
		return ErrNotAuthor
	case original.Redacted:
		return ErrRedacted
	}
	return original.Kind.ValidBody(p.Body)
}

func (s *State) checkRedact(p MessagePosted, entry func(seq int64) (Entry, error)) error {
	if p.Ref == 0 {
		return Refuse(ErrUnprocessable, "A redaction names the message that it redacts.")
	}
	meant, err := entry(p.Ref)
	switch {
	case err != nil:
		return err
	case !meant.Kind.Redactable():
		return Refuse(ErrUnprocessable, "Only texts, reports, files and their edits can be redacted.")
	case meant.Author != p.By && !s.IsAdmin(p.By): // an edit's author is its original's
		return Refuse(ErrForbidden, "Only its author or an admin may redact a message.")
	}
	return nil
}

// Person is a user as others in a deal see it.
type Person struct {
	User  *User
	Reads bool // may read the deal now; else wrote in it once
}

// People are all that read the deal or were its members, by name.
func (s *State) People(deal *Deal) []Person {
	var people []Person
	for _, u := range s.Users() {
		reads := s.SeesDeal(u.Name, deal)
		if _, was := deal.Members[u.Name]; reads || was {
			people = append(people, Person{User: u, Reads: reads})
		}
	}
	return people
}

// Affected are the ids of the deals that look different to somebody after ev
// was applied to s.
func (s *State) Affected(ev Event) []string {
	switch ev := ev.(type) {
	case DealCreated:
		return []string{ev.ID}
	case DealChanged:
		return []string{ev.ID}
	case MemberAdded:
		return []string{ev.Deal}
	case MemberRemoved:
		return []string{ev.Deal}
	case TopicCreated:
		return []string{ev.Deal}
	case TopicChanged:
		return []string{s.topics[ev.ID].Deal}
	case TopicMemberAdded:
		return []string{s.topics[ev.Topic].Deal}
	case TopicMemberRemoved:
		return []string{s.topics[ev.Topic].Deal}
	case ReaderMoved:
		return []string{s.topics[ev.Topic].Deal}
	case MemberMoved:
		return []string{ev.Deal}
	case DirectCreated:
		return []string{ev.Deal}
	case UserChanged:
		return s.dealsWith(ev.Name, ev.Role != nil || ev.Active != nil)
	case Vouched: // most change nothing; see Outcome
		return s.dealsWith(ev.User, true)
	case UserAdded:
		return s.dealsWith(ev.Name, false)
	case AdminClaimed:
		return s.dealsWith(ev.Name, false)
	case InvitationAccepted:
		return s.dealsWith(ev.Name, false)
	}
	return nil
}

// dealsWith are the deals among whose people name is; or simply all, where
// name may have been an active admin.
func (s *State) dealsWith(name string, all bool) []string {
	var ids []string
	for id, d := range s.deals {
		if _, was := d.Members[name]; all || was || s.SeesDeal(name, d) {
			ids = append(ids, id)
		}
	}
	return ids
}
