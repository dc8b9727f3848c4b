package room

// Event is one change of the room: a plain struct, complete, with its time,
// ids and salts in it, so that applying it on another machine gives the same
// result. Everything that the store keeps is changed by events and in no other
// way.
type Event interface {
	// Stamped is when and by whom the event was made.
	Stamped() Stamp
}

// Stamp is what all events bear.
type Stamp struct {
	At int64  // unix-ms
	By string // the user who did it; "": the operator, at the machine itself
}

// Stamped makes whatever embeds a Stamp an Event.
func (s Stamp) Stamped() Stamp { return s }

// Setup and accounts.
type (
	// SetupOffered replaces the setup token; only its hash is known. Refused
	// with ErrSetupDone once there is an admin.
	SetupOffered struct {
		Stamp
		Token TokenHash
	}
	// AdminClaimed makes the first admin for whoever holds the setup token.
	AdminClaimed struct {
		Stamp
		Token          TokenHash
		Name, Display  string
		PasswordHashed string
	}
	// UserAdded makes an account.
	UserAdded struct {
		Stamp
		Name, Display  string
		Role           Role
		PasswordHashed string
	}
	// UserChanged changes what is not nil. Deactivating ends the sessions.
	UserChanged struct {
		Stamp
		Name    string
		Display *string
		Role    *Role
		Active  *bool
	}
	// PasswordChanged ends all sessions of the user but Keep ("": all).
	PasswordChanged struct {
		Stamp
		Name           string
		PasswordHashed string
		Keep           string
	}
)

// Sign-ins.
type (
	// SessionOpened is a sign-in. ID is public (16 characters, as NewID
	// makes), Token the hash of what the cookie holds.
	SessionOpened struct {
		Stamp
		ID      string
		Token   TokenHash
		User    string
		Expires int64 // unix-ms
	}
	// SessionEnded ends a sign-in and whatever lives by it.
	SessionEnded struct {
		Stamp
		ID string
	}
)

// Invitations.
type (
	// InvitationMade is a link that is good once, until Expires. With User it
	// lets that user set a new password and Deals and Role don't count.
	InvitationMade struct {
		Stamp
		Token   TokenHash
		Deals   []string
		Role    Role
		User    string
		Expires int64 // unix-ms
	}
	// InvitationAccepted spends it. For one with a User, Name must be that
	// user, and all its sessions end.
	InvitationAccepted struct {
		Stamp
		Token          TokenHash
		Name, Display  string
		PasswordHashed string
	}
)

// Deals, members, topics.
type (
	// DealCreated makes a deal; By becomes its first member.
	DealCreated struct {
		Stamp
		ID, Name string
		History  History
	}
	// DealChanged changes what is not nil.
	DealChanged struct {
		Stamp
		ID      string
		Name    *string
		Open    *bool
		History *History
	}
	// MemberAdded lets a user into a deal; of one who is in, it changes
	// nothing.
	MemberAdded struct {
		Stamp
		Deal, User string
	}
	// MemberRemoved takes a user out of a deal.
	MemberRemoved struct {
		Stamp
		Deal, User string
	}
	// TopicCreated makes a topic.
	TopicCreated struct {
		Stamp
		ID, Deal, Title string
		Number          int
	}
	// TopicChanged changes what is not nil.
	TopicChanged struct {
		Stamp
		ID     string
		Title  *string
		Number *int
		Open   *bool
	}
)

// Messages.
type (
	// MessagePosted adds a message to a topic's log, once for each client id
	// of an author. By is the author.
	MessagePosted struct {
		Stamp
		Topic string
		ID    string // the client id
		Kind  Kind
		Ref   int64 // 0: none
		Salt  Salt
		Body  []byte
	}
	// TopicRead moves By's read mark forward, never back.
	TopicRead struct {
		Stamp
		Topic string
		Seq   int64
	}
)

// Outcome is what became of one event: applied, or refused with Err, which is
// then an *Error, changed nothing and will be the same wherever the event is
// applied.
type Outcome struct {
	Err error
	// Seq is that of the posted message, or of the one that has its client
	// id already; for a TopicRead how far it was
	// read, to the head at most.
	Seq int64
	// Message is what a MessagePosted added; nil if it added nothing. It is
	// shared: nobody may change it.
	Message *Message
	// Redacted tells that a MessagePosted removed the words of messages before
	// it.
	Redacted bool
	// Ended are the ids of the sessions that the event ended.
	Ended []string
}

// Changes are what looks different to a session since it last asked, as sets
// of ids and names.
type Changes struct {
	Deals    map[string]struct{} // changed, came, or went, with their topics
	Topics   map[string]int64    // have new messages; or were read up to a seq, if it isn't 0
	Presence map[string]struct{} // of these users
	Typing   map[Typing]struct{} // just now
}

// Typing is that somebody writes something that is to be posted in a topic.
type Typing struct{ User, Topic string }
