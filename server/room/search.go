package room

// Searchable tells whether messages of this kind are found by their words, which
// are those of their newest edit: what somebody has said. The reason of a
// redaction is not.
func (k Kind) Searchable() bool { return k == Text || k == Report }

// TermKind is how a term must occur in a message. Case and diacritics never
// count, and neither does what stands between words.
type TermKind int

const (
	// TermPart is anywhere in it, also within a word. Of fewer than three letters
	// it is a whole word.
	TermPart TermKind = iota
	// TermTyped may not be finished: a TermPart that, of fewer than three
	// letters, is how a word begins.
	TermTyped
	// TermStart is how a word begins, after whole words if there are several.
	TermStart
	// TermPhrase are whole words, one after the other.
	TermPhrase
)

// Term is what a message's words are searched for. It has a letter or a digit.
type Term struct {
	Text string
	Kind TermKind
}

// SearchedTopic is one that is searched, from a seq on.
type SearchedTopic struct {
	ID   string
	From int64
}

// Place is a message in the room.
type Place struct {
	Topic string
	Seq   int64
}

// Search asks for messages, newest first: those in which each of Terms occurs.
// Of what isn't in Topics nothing counts, and of other topics nothing is looked at.
// Nor is what stands before From, unless thousands of messages follow it: then a
// bounded stretch before it may be, so that time may tell of that.
type Search struct {
	Topics []SearchedTopic
	Terms  []Term
	Author string // "": anybody
	Since  int64  // unix-ms, at or after which it was posted; 0: any time
	Before int64  // unix-ms, before which; 0: any time
	Older  *Place // only what is older than this message; nil: the newest
	Limit  int    // 1 at least
}

// Found is what a Search has found.
type Found struct {
	Hits []Hit
	More bool // there are older ones
	// Indexed is up to where each of the topics was in the index; those that
	// aren't in it yet are left out.
	Indexed map[string]int64
}

// Hit is one message that was found, as it was first posted, with an extract of
// its words as they are now.
type Hit struct {
	Place
	Author  string
	At      int64 // unix-ms
	Kind    Kind
	Extract []Piece
}

// Piece is a part of an extract. Where Hit is true, it is what was found.
type Piece struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit"`
}
