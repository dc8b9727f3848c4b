package room

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Hash is a value of a topic's chain (PROTOCOL.md section 4.1): it depends on
// every message up to a seq, so that two logs that share it are the same.
type Hash [sha256.Size]byte

// String is the hash as the wire has it: lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what String writes.
func ParseHash(s string) (h Hash, ok bool) {
	if len(s) != hex.EncodedLen(len(h)) {
		return h, false
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil || h.String() != s {
		return Hash{}, false
	}
	return h, true
}

// ChainStart is hash(0), the value before a topic's first message.
func ChainStart(topic string) Hash {
	return sha256.Sum256([]byte("rrp1\n" + topic + "\n"))
}

// Digest is SHA-256(salt || body): what the chain keeps of the words, so that
// they can be removed and the chain still be checked.
func Digest(salt Salt, body []byte) Hash {
	d := sha256.New()
	d.Write(salt[:])
	d.Write(body)
	return Hash(d.Sum(nil))
}

// ChainNext is hash(n) of message m after hash(n-1): SHA-256 over the previous
// value, the message's header up to ref, and its digest. length is that of the
// body as first posted. Author and kind need no escaping in a header: both are
// of visible ASCII without '%'.
func ChainNext(prev Hash, m *Message, length int, digest Hash) Hash {
	var buf [512]byte
	b := append(buf[:0], prev[:]...)
	b = append(b, "MESSAGE "...)
	b = strconv.AppendInt(b, int64(length), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, m.Seq, 10)
	b = append(b, ' ')
	b = append(b, m.Author...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, m.At, 10)
	b = append(b, ' ')
	b = append(b, m.Kind...)
	b = append(b, ' ')
	if m.Ref == 0 {
		b = append(b, '-')
	} else {
		b = strconv.AppendInt(b, m.Ref, 10)
	}
	b = append(b, '\n')
	b = append(b, digest[:]...)
	return sha256.Sum256(b)
}
