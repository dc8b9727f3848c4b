package room_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"testing"

	"redroom/server/room"
)

// FuzzTicket reads strangers' tickets, and what a server might have signed:
// what is read is written to the same octets again.
func FuzzTicket(f *testing.F) {
	key := ticketKey()
	pub := key.Public().(ed25519.PublicKey)
	good := someTicket().Sign(key)
	f.Add(good, `{"from":"anna","to":"bert","key":"","exp":1,"nonce":""}`)
	f.Add(good+".", "{}")
	f.Add(".", `{"from":"anna","to":"bert","key":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","exp":-9223372036854775808,"nonce":"8PHy8_T19vf4-fr7_P3-_w"}`)
	f.Add("", "null")
	f.Fuzz(func(t *testing.T, ticket, signed string) {
		if read, err := room.ReadPeerTicket(pub, ticket); err == nil && read.Sign(key) != ticket {
			t.Errorf("%q is read as %+v", ticket, read)
		}
		signed = base64.RawURLEncoding.EncodeToString([]byte(signed))
		ticket = signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(signed)))
		if read, err := room.ReadPeerTicket(pub, ticket); err == nil && read.Sign(key) != ticket {
			t.Errorf("%q is read as %+v", ticket, read)
		}
	})
}
