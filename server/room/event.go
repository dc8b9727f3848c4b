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
	At      int64  // unix-ms
	By      string // the user who did it; "": the operator, at the machine itself
	Address string // the IP address that it was done from; "": this machine, or not kept
	// Session is the id of By's sign-in that it was done in. Once that has ended,
	// the event is refused with ErrSessionEnded. "": it depends on none.
	Session string
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
	// Version is that of what whoever changes it has seen, here and below; 0:
	// any.
	UserChanged struct {
		Stamp
		Name    string
		Version int64
		Display *string
		Role    *Role
		Active  *bool
	}
	// PasswordChanged ends all sessions of the user but Keep ("": all), and
	// spends the links that would set the user's password.
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
	// makes), Token the hash of what the cookie holds. PasswordHashed is what
	// was stored for the password that was right; it is refused with
	// ErrWrongSignIn if the user has another one by then. "": no password was
	// asked for.
	SessionOpened struct {
		Stamp
		ID             string
		Token          TokenHash
		User           string
		PasswordHashed string
		Expires        int64 // unix-ms
	}
	// SessionEnded ends a sign-in and whatever lives by it.
	SessionEnded struct {
		Stamp
		ID   string
		User string // whose it is
	}
	// SessionsEnded ends all sign-ins of a user.
	SessionsEnded struct {
		Stamp
		User string
	}
)

// Invitations.
type (
	// InvitationMade is a link that is good once, until Expires, while By is an
	// admin. With User it lets that user set a new password and Deals and Role
	// don't count.
	InvitationMade struct {
		Stamp
		Token   TokenHash
		Deals   []string
		Role    Role
		User    string
		Expires int64 // unix-ms
	}
	// InvitationAccepted spends it. For one with a User, Name must be that
	// user; it then is as PasswordChanged.
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
		Version int64
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
	// MemberRemoved takes a user out of a deal, and of its narrowed topics.
	MemberRemoved struct {
		Stamp
		Deal, User string
	}
	// MemberMoved moves from where a member may read all topics of a deal: from
	// the beginning, or from now on, as if having joined just now.
	MemberMoved struct {
		Stamp
		Deal, User string
		History    History
	}
	// TopicCreated makes a topic. Members are whom it is narrowed to.
	TopicCreated struct {
		Stamp
		ID, Deal, Title  string
		Number           int
		Narrowed, Strict bool
		Members          []string
	}
	// TopicChanged changes what is not nil. Narrowing without Members leaves
	// nobody in but those whom the topic was narrowed to before.
	TopicChanged struct {
		Stamp
		ID                               string
		Version                          int64
		Title                            *string
		Number                           *int
		Open, Archived, Strict, Narrowed *bool
		Members                          []string
	}
	// TopicMemberAdded lets a member of the deal into a narrowed topic; of one
	// who is in, it changes nothing.
	TopicMemberAdded struct {
		Stamp
		Topic, User string
	}
	// TopicMemberRemoved takes a user out of a narrowed topic.
	TopicMemberRemoved struct {
		Stamp
		Topic, User string
	}
	// ReaderMoved sets the first seq of a topic that a user may read, to one
	// beyond the head at most.
	ReaderMoved struct {
		Stamp
		Topic, User string
		Seq         int64
	}
	// DirectCreated makes the topic of By and With in a deal, once: it is
	// refused with ErrExists if they have one.
	DirectCreated struct {
		Stamp
		ID, Deal, With string
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

// Noted is something that changes nothing, and that the audit trail keeps: of
// an Action of those in audit.go that are noted. What doesn't apply is empty.
type Noted struct {
	Stamp
	Action            Action
	User, Deal, Topic string
	Count             int64 // how often; 0: once
}

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
