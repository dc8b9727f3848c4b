package room

import (
	"sync/atomic"
	"time"
)

// Actor is who acts in the room: a user, or a program for one, which may do
// less. Many goroutines may use it.
type Actor struct {
	user string
	role Role
	last atomic.Pointer[sight]
}

// sight is a room, and how an Actor sees it.
type sight struct{ room, seen *State }

// NewActor is a user, or with a role a program that acts for one in that role.
func NewActor(user string, role Role) *Actor { return &Actor{user: user, role: role} }

// Name is the user's.
func (a *Actor) Name() string { return a.user }

// In is the room as the actor sees it. The same room looks the same.
func (a *Actor) In(s *State) *State {
	if a.role == "" {
		return s
	}
	if last := a.last.Load(); last != nil && last.room == s {
		return last.seen
	}
	seen := s.Acting(a.user, a.role)
	a.last.Store(&sight{s, seen})
	return seen
}

// Stamp is what an event of the actor's bears.
func (a *Actor) Stamp(at int64) Stamp { return Stamp{At: at, By: a.user, Role: a.role} }

// Acting is the room as a program sees it that acts for a user in a role: as it
// would be if the user had that role. It is s itself where the user has it, or may
// do less than it by now: a token gives no more than its user has.
func (s *State) Acting(user string, role Role) *State {
	u := s.users[user]
	if u == nil || role == "" || role == u.Role || !u.Role.Covers(role) {
		return s
	}
	as := *u
	as.Role = role
	return s.withUser(&as)
}

// Attendance is that of one session: by whom, how, and until when.
type Attendance struct {
	As        *Actor
	SignIn    string           // its id, or that of a program's token
	Ends      func() time.Time // when the sign-in ends if it isn't used again
	Transport string           // over which the session is
	// OnEnd is called when the sign-in ends, or has reached its end. Neither it
	// nor Ends may block.
	OnEnd func()
}
