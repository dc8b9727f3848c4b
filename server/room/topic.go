package room

// History says from where those who join a deal later may read.
type History string

const (
	HistoryAll    History = "all"    // from each topic's beginning
	HistoryJoined History = "joined" // from the day of joining
)

// Valid tells whether h is one of the two.
func (h History) Valid() bool { return h == HistoryAll || h == HistoryJoined }

// Deal is a wall: what is in it is known to its members and to admins only.
type Deal struct {
	ID      string
	Name    string
	Open    bool
	History History
	// Receipts tells whether its readers may see up to where each has read.
	Receipts bool
	Created  int64 // unix-ms
	Version  int64 // 1, and one more with each change by hand

	// Members are all that are or were members, by user name.
	Members map[string]Membership
	// Topics are the ids of the deal's topics, as they were created.
	Topics []string
}

// Membership is one user's place in a deal. It stays when the user is taken
// out, so that the authors of old messages keep their names.
type Membership struct {
	Joined int64 // unix-ms
	Left   bool
}

// Topic is an ordered log of messages in a deal. Its messages are the
// store's; here is what may be changed by hand.
type Topic struct {
	ID      string
	Deal    string
	Title   string
	Number  int // orders the list, 0 to MaxTopicNumber
	Open    bool
	Created int64 // unix-ms
	Version int64 // as a deal's

	Archived bool // closed, and out of the way
	Strict   bool // nobody opens it unless the audit trail has it
	Narrowed bool // to those of the deal's members that are Members
	Direct   bool // a conversation of its two Members, and of nobody else

	// Members are whom a narrowed topic, or a direct one, is for.
	Members map[string]struct{}

	// Starts has the first seq that a user may read, where that isn't 1.
	Starts map[string]int64
}
