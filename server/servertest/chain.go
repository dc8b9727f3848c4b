package servertest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"redroom/server/room"
)

// chain is the chain's value after a MESSAGE, computed from the frame's octets
// as PROTOCOL.md section 4.1 says it, and by none of the server's code.
func chain(f Frame, before room.Hash) (room.Hash, error) {
	link, digest := f.Header[:strings.LastIndexByte(f.Header, ' ')], []byte(nil)
	if length, shown, redacted := f.redacted(); redacted {
		fields := strings.Split(f.Header, " ")
		if fields[1] != "0" || fields[7] != "-" {
			return room.Hash{}, fmt.Errorf("a redacted message has length %s and salt %s", fields[1], fields[7])
		}
		fields[1] = length
		link = strings.Join(fields[:7], " ")
		var err error
		if digest, err = hex.DecodeString(shown); err != nil || len(digest) != sha256.Size {
			return room.Hash{}, fmt.Errorf("the digest is not 32 octets in hex: %w", err)
		}
	} else {
		salt, err := f.salt()
		if err != nil {
			return room.Hash{}, err
		}
		sum := sha256.Sum256(append(salt, f.Payload...))
		digest = sum[:]
	}
	return sha256.Sum256(append(append(before[:], link+"\n"...), digest...)), nil
}

// Redacted tells whether a MESSAGE comes without its words.
func (f Frame) Redacted() bool {
	_, _, redacted := f.redacted()
	return redacted
}

// Digest is what a MESSAGE says, or what its salt and its body give.
func (f Frame) Digest() (string, error) {
	if _, digest, redacted := f.redacted(); redacted {
		return digest, nil
	}
	salt, err := f.salt()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(salt, f.Payload...))
	return hex.EncodeToString(sum[:]), nil
}

// redacted is what stands in place of the words.
func (f Frame) redacted() (length, digest string, ok bool) {
	fields := strings.Split(f.Header, " ")
	if len(fields) != 10 {
		return "", "", false
	}
	length, ok = strings.CutPrefix(fields[8], "redacted=")
	digest, ok2 := strings.CutPrefix(fields[9], "digest=")
	return length, digest, ok && ok2
}

func (f Frame) salt() ([]byte, error) {
	fields := strings.Split(f.Header, " ")
	salt, err := base64.RawURLEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(salt) != 12 {
		return nil, fmt.Errorf("the salt is not 12 octets in base64url: %w", err)
	}
	return salt, nil
}
