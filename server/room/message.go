package room

// Kind is what a message is.
type Kind string

const (
	Text   Kind = "text"
	System Kind = "system" // the server's only
)

// Message is one entry of a topic's log.
type Message struct {
	Seq    int64
	Author string
	At     int64 // unix-ms, the clock of the node that took the post
	Kind   Kind
	Ref    int64 // the seq that it speaks of; 0: none
	Salt   Salt
	Body   []byte
}

// Head is the end of a topic's log: the newest seq (0: empty) and the chain's
// value there.
type Head struct {
	Seq  int64
	Hash Hash
}
