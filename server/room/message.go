package room

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Kind is what a message is.
type Kind string

const (
	Text   Kind = "text"
	Report Kind = "report" // JSON
	Edit   Kind = "edit"   // of a text or report: the whole new body
	Redact Kind = "redact" // of a message and all its edits; its body is the reason
	File   Kind = "file"
	System Kind = "system" // the server's only
)

// Postable tells whether clients may post messages of this kind.
func (k Kind) Postable() bool { return k == Text || k == Report || k == Edit || k == Redact }

// Editable tells whether messages of this kind may be edited.
func (k Kind) Editable() bool { return k == Text || k == Report }

// Redactable tells whether the words of messages of this kind may be removed.
// With an edit its original is meant.
func (k Kind) Redactable() bool { return k == Text || k == Report || k == Edit || k == File }

// Limit is how many octets a body of this kind may have at most. An edit has
// the limit of what it edits, so that this is only the largest one.
func (k Kind) Limit() int {
	switch k {
	case Report, Edit:
		return MaxReport
	case Redact:
		return MaxReason
	}
	return MaxText
}

// ValidBody tells why body can't be that of a message of this kind; nil: it
// can. An edit's is judged by the kind of what it edits.
func (k Kind) ValidBody(body []byte) error {
	switch {
	case len(body) > k.Limit():
		return Refuse(ErrTooLarge, fmt.Sprintf("A %s has at most %d octets.", k, k.Limit()))
	case !utf8.Valid(body):
		return Refuse(ErrUnprocessable, "A message is UTF-8.")
	case k == Redact:
		return nil
	case len(body) == 0:
		return Refuse(ErrUnprocessable, "A message is not empty.")
	case k == Report && !json.Valid(body):
		return Refuse(ErrUnprocessable, "A report is JSON.")
	}
	return nil
}

// Message is one entry of a topic's log.
type Message struct {
	Seq    int64
	Author string
	At     int64 // unix-ms, the clock of the node that took the post
	Kind   Kind
	Ref    int64 // the seq that it speaks of; 0: none
	Salt   Salt
	Body   []byte

	// Of a message whose words were removed Salt and Body are empty, and of
	// what it was there remains:
	Redacted bool
	Length   int  // octets of the body as first posted
	Digest   Hash // of the salt and the body as first posted
}

// WordsFor tells whether somebody who may read the topic from seq from on gets
// the message's words: those of an edit belong to its original, so that they
// aren't told to whoever may not read that.
func (m *Message) WordsFor(from int64) bool {
	return !m.Redacted && (m.Kind != Edit || m.Ref >= from)
}

// Head is the end of a topic's log: the newest seq (0: empty) and the chain's
// value there.
type Head struct {
	Seq  int64
	Hash Hash
}
