package signin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// parameters are argon2id's (RFC 9106 section 3.1).
type parameters struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// current are OWASP's (Password Storage Cheat Sheet): 19 MiB, two passes, one
// lane.
var current = parameters{memory: 19 << 10, time: 2, threads: 1}

const (
	saltLength = 16
	keyLength  = 32
	maxMemory  = 1 << 20 // KiB that a stored hash may ask for
	maxTime    = 64
)

func argon2id(password string, salt []byte, p parameters) []byte {
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, keyLength)
}

// hash is a password's, with what it takes to make it again.
type hash struct {
	parameters
	salt, key []byte
}

type deriver func(password string, salt []byte, p parameters) []byte

func newHash(password string, derive deriver) hash {
	salt := random(saltLength)
	return hash{parameters: current, salt: salt, key: derive(password, salt, current)}
}

// unknownHash is that of no password; it costs as much to compare.
func unknownHash() hash {
	return hash{parameters: current, salt: random(saltLength), key: random(keyLength)}
}

func (h hash) matches(password string, derive deriver) bool {
	return subtle.ConstantTimeCompare(derive(password, h.salt, h.parameters), h.key) == 1
}

// String is the hash in PHC format.
func (h hash) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.memory, h.time, h.threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

var errHash = errors.New("not an argon2id hash in PHC format")

// parseHash reads what String writes, with whatever parameters.
func parseHash(s string) (h hash, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return hash{}, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return hash{}, errHash
	}
	if h.memory == 0 || h.memory > maxMemory || h.time == 0 || h.time > maxTime || h.threads == 0 {
		return hash{}, errHash
	}
	b64 := base64.RawStdEncoding.Strict()
	if h.salt, err = b64.DecodeString(parts[4]); err != nil || len(h.salt) < 8 {
		return hash{}, errHash
	}
	if h.key, err = b64.DecodeString(parts[5]); err != nil || len(h.key) != keyLength {
		return hash{}, errHash
	}
	if h.String() != s {
		return hash{}, errHash
	}
	return h, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}
