package servertest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"redroom/server/room"
)

// chain is the chain's value after a MESSAGE, computed from the frame's octets
// as PROTOCOL.md section 4.1 says it, and by none of the server's code.
func chain(f Frame, before room.Hash) (room.Hash, error) {
	last := strings.LastIndexByte(f.Header, ' ')
	salt, err := base64.RawURLEncoding.DecodeString(f.Header[last+1:])
	if err != nil || len(salt) != 12 {
		return room.Hash{}, fmt.Errorf("the salt is not 12 octets in base64url: %w", err)
	}
	digest := sha256.Sum256(append(salt, f.Payload...))
	link := append(before[:], f.Header[:last]+"\n"...)
	return sha256.Sum256(append(link, digest[:]...)), nil
}
