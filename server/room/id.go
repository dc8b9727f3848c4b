package room

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// alphabet is Crockford's base32 in lower case: no i, l, o, u.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var crockford = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

const idLength = 16

// NewID makes the id of a deal or topic: 16 characters, 80 random bits.
func NewID() string {
	return crockford.EncodeToString(random(10))
}

// ValidID tells whether id has the shape of one that NewID makes.
func ValidID(id string) bool {
	return len(id) == idLength && strings.Trim(id, alphabet) == ""
}

// NewClientID makes the id of a post: the time first, so that the ids of one
// author lie side by side in the store's index, then 80 random bits.
func NewClientID(at time.Time) string {
	return strconv.FormatInt(at.UnixMilli(), 36) + "-" + NewID()
}

// NewToken makes a secret of 256 random bits in base64url, for cookies,
// invitations and sign-in tokens. Only its HashToken is ever stored.
func NewToken() string {
	return base64.RawURLEncoding.EncodeToString(random(32))
}

// toolTokenPrefix lets people and scanners tell what has leaked.
const toolTokenPrefix = "rr_"

// NewToolToken makes a secret for a program, such as NewToken's.
func NewToolToken() string { return toolTokenPrefix + NewToken() }

// IsToolToken tells whether a token has the shape of a program's.
func IsToolToken(token string) bool { return strings.HasPrefix(token, toolTokenPrefix) }

// TokenHash is the SHA-256 of a token as its bearer writes it.
type TokenHash [sha256.Size]byte

// HashToken is what is stored in a token's place.
func HashToken(token string) TokenHash { return sha256.Sum256([]byte(token)) }

// NewEpoch makes the name of a store's life: 64 random bits in hex.
func NewEpoch() string { return hex.EncodeToString(random(8)) }

// Salt keeps a message's digest from telling its words.
type Salt [12]byte

// NewSalt makes a message's salt.
func NewSalt() (s Salt) {
	copy(s[:], random(len(s)))
	return s
}

// String is the salt as the wire has it: base64url without padding.
func (s Salt) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: it ends the program where the system has no randomness
	return b
}
