package room_test

import (
	"fmt"
	"slices"

	"redroom/server/room"
)

// A model of the rights that knows nothing but what has happened: it goes
// through all that was accepted, from the beginning, each time that it is asked.

// fact is an event that was accepted; of an accepted invitation also what it
// was for.
type fact struct {
	ev    room.Event
	role  room.Role
	deals []string
}

type facts []fact

// right is what somebody may do in a topic.
type right struct {
	reads bool
	from  int64
	posts bool
}

func (r right) String() string {
	if !r.reads {
		return "nothing"
	}
	return fmt.Sprintf("reading from %d, posting: %t", r.from, r.posts)
}

// in is what somebody may do in a topic, as of the last fact.
func (all facts) in(user, topic string) right {
	var (
		deal                                       string
		dealClosed, dealJoined                     bool
		exists, closed, archived, narrowed, direct bool
		invited                                    []string // the topic's own members
		role                                       room.Role
		active, member                             bool // of the deal
		head                                       int64
		from                                       int64 = 1
	)
	// Which deal it's about is known to whoever looks ahead.
	for _, f := range all {
		switch ev := f.ev.(type) {
		case room.TopicCreated:
			if ev.ID == topic {
				deal = ev.Deal
			}
		case room.DirectCreated:
			if ev.ID == topic {
				deal = ev.Deal
			}
		}
	}
	if deal == "" {
		return right{}
	}
	enter := func() {
		if !member && exists && dealJoined && !direct {
			from = head + 1
		}
		member = true
	}
	letIn := func(name string) {
		if slices.Contains(invited, name) {
			return
		}
		invited = append(invited, name)
		if name == user && dealJoined {
			from = head + 1
		}
	}
	for _, f := range all {
		switch ev := f.ev.(type) {
		case room.UserAdded:
			if ev.Name == user {
				role, active = ev.Role, true
			}
		case room.UserChanged:
			if ev.Name == user && ev.Role != nil {
				role = *ev.Role
			}
			if ev.Name == user && ev.Active != nil {
				active = *ev.Active
			}
		case room.InvitationAccepted:
			if ev.Name != user {
				continue
			}
			role, active = f.role, true
			if slices.Contains(f.deals, deal) {
				enter()
			}
		case room.DealCreated:
			if ev.ID == deal {
				dealJoined = ev.History == room.HistoryJoined
				if ev.By == user {
					member = true
				}
			}
		case room.DealChanged:
			if ev.ID == deal && ev.Open != nil {
				dealClosed = !*ev.Open
			}
			if ev.ID == deal && ev.History != nil {
				dealJoined = *ev.History == room.HistoryJoined
			}
		case room.MemberAdded:
			if ev.Deal == deal && ev.User == user {
				enter()
			}
		case room.MemberRemoved:
			if ev.Deal != deal {
				continue
			}
			if !direct {
				invited = slices.DeleteFunc(invited, func(name string) bool { return name == ev.User })
			}
			if ev.User == user {
				member = false
			}
		case room.MemberMoved:
			if ev.Deal == deal && ev.User == user && exists && !direct {
				from = 1
				if ev.History == room.HistoryJoined {
					from = head + 1
				}
			}
		case room.TopicCreated:
			if ev.ID == topic {
				exists, narrowed, invited = true, ev.Narrowed, slices.Clone(ev.Members)
			}
		case room.DirectCreated:
			if ev.ID == topic {
				exists, direct, invited = true, true, []string{ev.By, ev.With}
			}
		case room.TopicChanged:
			if ev.ID != topic {
				continue
			}
			if ev.Open != nil {
				closed = !*ev.Open
			}
			if ev.Archived != nil {
				archived = *ev.Archived
			}
			was := narrowed
			if ev.Narrowed != nil {
				narrowed = *ev.Narrowed
			}
			if was && !narrowed && dealJoined && member && !slices.Contains(invited, user) {
				from = head + 1
			}
			if ev.Members == nil {
				continue
			}
			if was {
				for _, name := range ev.Members {
					letIn(name)
				}
			}
			invited = slices.Clone(ev.Members)
		case room.TopicMemberAdded:
			if ev.Topic == topic {
				letIn(ev.User)
			}
		case room.TopicMemberRemoved:
			if ev.Topic == topic {
				invited = slices.DeleteFunc(invited, func(name string) bool { return name == ev.User })
			}
		case room.ReaderMoved:
			if ev.Topic == topic && ev.User == user {
				from = ev.Seq
			}
		case room.MessagePosted:
			if ev.Topic == topic {
				head++
			}
		}
	}
	var r right
	isInvited := slices.Contains(invited, user)
	switch {
	case !active:
		return right{}
	case role == room.Admin:
		r.reads, r.from = isInvited || !direct, 1
	case direct || narrowed:
		r.reads, r.from = member && isInvited, from
	default:
		r.reads, r.from = member, from
	}
	if !r.reads {
		return right{}
	}
	r.posts = role != room.Observer && !closed && !archived && !dealClosed
	return r
}

// head is how many messages a topic has.
func (all facts) head(topic string) (n int64) {
	for _, f := range all {
		if ev, ok := f.ev.(room.MessagePosted); ok && ev.Topic == topic {
			n++
		}
	}
	return n
}

// admin tells whether somebody is an active admin.
func (all facts) admin(user string) bool {
	var role room.Role
	active := false
	for _, f := range all {
		switch ev := f.ev.(type) {
		case room.UserAdded:
			if ev.Name == user {
				role, active = ev.Role, true
			}
		case room.InvitationAccepted:
			if ev.Name == user {
				role, active = f.role, true
			}
		case room.UserChanged:
			if ev.Name == user && ev.Role != nil {
				role = *ev.Role
			}
			if ev.Name == user && ev.Active != nil {
				active = *ev.Active
			}
		}
	}
	return user == "" || active && role == room.Admin
}
