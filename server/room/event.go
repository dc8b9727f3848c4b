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
	// Role is that of a program which acts for By and may do less; "": By's own.
	Role Role
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
	// PasswordRehashed keeps the same password in another way, if Old is what
	// is stored still.
	PasswordRehashed struct {
		Stamp
		User     string
		Old, New string
	}
	// SignInRulesChanged changes what is not nil; *Provider nil: there is none
	// any more. It ends the sign-ins with a password alone of whom a second
	// factor is demanded then. Refused if that is so of By's own sign-in.
	SignInRulesChanged struct {
		Stamp
		Version    int64
		Demand     *[]Role
		Idle, Life *int64
		Provider   **Provider
	}
)

// Second factors. Only the user may set them up, in a sign-in: one with a
// password alone then counts as one with the factor, and the user's others of
// that kind end. Codes are hashes of recovery codes, which replace those that
// there were, if there are any.
type (
	// TOTPSet replaces the user's secret for time-based codes. Step is that of
	// the code that has shown it to work.
	TOTPSet struct {
		Stamp
		User   string
		Sealed []byte
		Step   int64
		Codes  []TokenHash
	}
	// TOTPRemoved is refused if it is the last factor and one is demanded; so
	// is PasskeyRemoved.
	TOTPRemoved struct {
		Stamp
		User string
	}
	// PasskeyAdded adds one; refused with ErrExists if it is anybody's already.
	PasskeyAdded struct {
		Stamp
		User       string
		ID         []byte
		Label      string
		Credential []byte
		Codes      []TokenHash
	}
	PasskeyRemoved struct {
		Stamp
		User string
		ID   []byte
	}
	// RecoveryCodesMade replaces the user's recovery codes.
	RecoveryCodesMade struct {
		Stamp
		User  string
		Codes []TokenHash
	}
	// FactorsRemoved takes all second factors of somebody who has lost them, and
	// ends the sign-ins. It is an admin's, not for oneself, or the operator's.
	FactorsRemoved struct {
		Stamp
		User string
	}
)

// Tokens of programs.
type (
	// ToolTokenMade is the user's, or an admin's. Token is the hash of what the
	// program holds; Role at most the user's.
	ToolTokenMade struct {
		Stamp
		ID      string
		Token   TokenHash
		User    string
		Label   string
		Role    Role
		Expires int64 // unix-ms
	}
	// ToolTokenRevoked ends one, and whatever lives by it.
	ToolTokenRevoked struct {
		Stamp
		ID   string
		User string // whose it is
	}
	// ToolTokenUsed moves forward when one was used last. One that was revoked
	// stays so.
	ToolTokenUsed struct {
		Stamp
		ID   string
		User string
	}
)

// Vouched is the word of the company's own sign-in: Subject is User there.
// Where they don't know each other yet, they are linked from then on: with the
// account that is there if Match, with a new one of Display if Create and there
// is none. Role "" leaves it as it is, and so it does with the last admin's.
// The provider's rules must be as they were at version Rules.
type Vouched struct {
	Stamp
	Rules           int64
	Issuer, Subject string
	User, Display   string
	Role            Role
	Match, Create   bool
}

// Shown is what somebody has shown to be who it is. PasswordHashed is what was
// stored for the password that was right; "": none was asked for. Factor is what
// was shown beside it, or in its place: of TOTP the code of Step, which must be
// later than all that were used; of recovery the code of hash Code; of a passkey
// Passkey, whose Credential was Was and is then as given; of a provider what
// Issuer and Subject are linked to. What isn't as it was any more, or isn't enough
// by then, is ErrWrongSignIn.
type Shown struct {
	PasswordHashed  string
	Factor          Factor
	Step            int64
	Code            TokenHash
	Passkey         []byte
	Was, Credential []byte
	Issuer, Subject string
}

// Sign-ins.
type (
	// SessionOpened is a sign-in. ID is public (16 characters, as NewID
	// makes), Token the hash of what the cookie holds. Bound is one that ends
	// with the connection that has opened it. What was Shown is spent by this.
	SessionOpened struct {
		Stamp
		ID      string
		Token   TokenHash
		User    string
		Expires int64 // unix-ms
		Device  string
		Bound   bool
		Shown
	}
	// Proved is that a user has shown once more, in a sign-in, who it is. What
	// was Shown is spent by this; a recovery code is no proof.
	Proved struct {
		Stamp
		User string
		Shown
	}
	// SessionUsed moves forward when a sign-in was used last. One that has ended
	// stays so.
	SessionUsed struct {
		Stamp
		ID   string
		User string
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
		Receipts bool
	}
	// DealChanged changes what is not nil.
	DealChanged struct {
		Stamp
		ID       string
		Version  int64
		Name     *string
		Open     *bool
		History  *History
		Receipts *bool
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

// PeerIntroduced is that By gets a PeerTicket to talk to To directly. It changes
// nothing, and is refused with ErrNotFound unless they share a deal then.
type PeerIntroduced struct {
	Stamp
	To string
}

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
	// Ended are the ids of the sessions, and of the tokens of programs, that the
	// event ended.
	Ended []string
	// Changed tells that a Vouched made the account, or changed its role.
	Changed bool
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
