// Package wire is the frame grammar of the Red Room Protocol (section 1): it
// turns octets into frames and frames into octets, and knows nothing of what a
// frame is for.
//
//	frame   = type SP length *( SP field ) LF payload
//	type    = 1*16 %x41-5A                       ; A-Z
//	length  = "0" / %x31-39 *DIGIT               ; octets of payload, at most 1 MiB
//	field   = 1*( %x21-24 / %x26-7E / "%" 2( DIGIT / %x41-46 ) )
//
// # Canonical
//
// There is one way to write a frame, so what parses encodes to the same
// octets. In a field exactly the octets outside %x21-7E, and "%", are encoded,
// as "%" and two upper-case hex digits. An empty field is written "-"; a field
// that is a lone "-" is written "%2D", which is legal nowhere else. A decoded
// field is valid UTF-8 without U+0000-001F and U+007F. Numbers are decimal,
// without leading zero, at most 2^53-1. One SP stands between fields, none
// before LF; there is no CR.
//
// # Limits
//
// A header has at most 1,024 octets, its LF included, and is malformed as soon
// as so many are there without one. A length above 1 MiB is malformed.
// Everything that breaks the grammar or these limits is ErrMalformed, and the
// stream is over: where a header can't be read, the next one can't be found.
// The limit of a type's own payload is its handler's matter.
//
// # Reading
//
// A Reader owns its side of a stream and is used by one goroutine. It blocks
// in the Read of the stream below it and nowhere else, starts no goroutine and
// needs no shutdown. It holds a read buffer of 4 KiB and, while a longer
// payload is being read, that payload as far as it has come: a length that is
// claimed costs nothing before its octets arrive. Parsing a frame of a known
// type whose payload fits the read buffer allocates nothing.
//
// # Writing
//
// The Append functions add to a slice and return it, as append does, and
// allocate nothing where there is room. They escape what must be escaped but
// don't refuse: whoever puts a stranger's words into a field asks ValidField
// first, and whoever fills a header without a bound compares it with
// MaxHeader.
package wire

import (
	"errors"
	"fmt"
)

// Limits of a frame.
const (
	MaxHeader = 1024    // octets of a header, its LF included
	MaxLength = 1 << 20 // octets of a payload
	MaxNumber = 1<<53 - 1
	maxType   = 16
)

// ErrMalformed is what a Reader returns for a header that breaks the grammar.
// The error's text goes on with a reason that is safe to show to the sender.
var ErrMalformed = errors.New("malformed header")

var (
	errHeaderSize = malformed("no LF within %d octets", MaxHeader)
	errType       = malformed("the type isn't 1 to %d letters A-Z", maxType)
	errLength     = malformed("the length isn't a decimal number without leading zero")
	errLengthSize = malformed("length above %d", MaxLength)
	errSpaces     = malformed("not exactly one space between fields and none at the end")
	errOctet      = malformed("a field has an octet outside %%x21-7E")
	errEscape     = malformed("a field has a %% without two upper-case hex digits")
	errCanonical  = malformed("a field encodes an octet that needs no encoding")
	errControl    = malformed("a field has a control character")
	errNotOne     = malformed("not as many octets follow as the length says")
	errUTF8       = malformed("a field isn't valid UTF-8")
)

func malformed(reason string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(reason, args...))
}
