package client

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"redroom/server/room"
	"redroom/server/wire"
)

// parseMessage reads MESSAGE n seq author unix-ms kind ref salt, or what stands
// for one whose words were removed.
func parseMessage(h *wire.Header, body []byte) (room.Message, error) {
	senseless := fmt.Errorf("%w: a MESSAGE has senseless fields", ErrBroken)
	m := room.Message{Author: h.String(1), Kind: room.Kind(h.String(3))}
	var ok, ok2 bool
	m.Seq, ok = h.Number(0)
	m.At, ok2 = h.Number(2)
	if !ok || !ok2 {
		return m, senseless
	}
	if len(h.Field(4)) > 0 {
		m.Ref, _ = h.Number(4)
	}
	if length, redacted := h.Option("redacted"); redacted {
		digest, _ := h.Option("digest")
		n, err := strconv.Atoi(length)
		if m.Digest, ok = room.ParseHash(digest); !ok || err != nil || n < 0 || len(body) > 0 {
			return m, senseless
		}
		m.Redacted, m.Length = true, n
		return m, nil
	}
	salt, err := base64.RawURLEncoding.DecodeString(h.String(5))
	if err != nil || copy(m.Salt[:], salt) != len(m.Salt) {
		return m, senseless
	}
	m.Body, m.Length, m.Digest = bytes.Clone(body), len(body), room.Digest(m.Salt, body)
	return m, nil
}
