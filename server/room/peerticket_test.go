package room_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

// ticketKey is the same at each run, so that tickets can be compared.
func ticketKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))
}

func someTicket() room.PeerTicket {
	t := room.PeerTicket{From: "anna", To: "bert", Expires: time.UnixMilli(1767225660000)}
	for i := range t.Key {
		t.Key[i] = byte(i)
	}
	for i := range t.Nonce {
		t.Nonce[i] = byte(0xF0 + i)
	}
	return t
}

// What a ticket looks like is the contract with peers of other programs.
func TestAPeersTicketIsWrittenAsTheProtocolSays(t *testing.T) {
	ticket := someTicket().Sign(ticketKey())
	signed, signature, _ := strings.Cut(ticket, ".")
	text, err := base64.RawURLEncoding.DecodeString(signed)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"from":"anna","to":"bert","key":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","exp":1767225660000,"nonce":"8PHy8_T19vf4-fr7_P3-_w"}`
	if string(text) != want {
		t.Errorf("the ticket says %s, want %s", text, want)
	}
	octets, err := base64.RawURLEncoding.DecodeString(signature)
	pub := ticketKey().Public().(ed25519.PublicKey)
	if err != nil || !ed25519.Verify(pub, []byte(signed), octets) {
		t.Errorf("its signature is not over the first part as written: %v", err)
	}
	read, err := room.ReadPeerTicket(pub, ticket)
	if err != nil || read != someTicket() {
		t.Errorf("it reads as %+v, %v", read, err)
	}
}

func TestATicketThatIsNotTheServersIsNone(t *testing.T) {
	key := ticketKey()
	pub := key.Public().(ed25519.PublicKey)
	good := someTicket().Sign(key)
	signed, signature, _ := strings.Cut(good, ".")
	sign := func(text string) string {
		part := base64.RawURLEncoding.EncodeToString([]byte(text))
		return part + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(part)))
	}
	other := ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", ed25519.SeedSize)))
	nobody := someTicket()
	nobody.To = "Bert"
	const (
		hash  = `"key":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"`
		nonce = `"nonce":"8PHy8_T19vf4-fr7_P3-_w"`
	)
	for name, ticket := range map[string]string{
		"nothing":                       "",
		"a dot":                         ".",
		"no signature":                  signed,
		"an empty signature":            signed + ".",
		"another server's":              someTicket().Sign(other),
		"a signature cut short":         good[:len(good)-2],
		"a signature written otherwise": good[:len(good)-1] + string(good[len(good)-1]+1),
		"one more part":                 good + "." + signature,
		"padding":                       signed + "=." + signature,
		"a newline":                     good + "\n",
		"a name that is none":           nobody.Sign(key),
		"no JSON":                       sign("anna"),
		"another JSON":                  sign(`["anna"]`),
		"a field too many":              sign(`{"from":"anna","to":"bert",` + hash + `,"exp":1767225660000,` + nonce + `,"more":1}`),
		"a field twice":                 sign(`{"from":"carl","from":"anna","to":"bert",` + hash + `,"exp":1767225660000,` + nonce + `}`),
		"fields in another order":       sign(`{"to":"bert","from":"anna",` + hash + `,"exp":1767225660000,` + nonce + `}`),
		"a key in capitals":             sign(`{"from":"anna","to":"bert",` + strings.Replace(hash, "a0b0c", "A0B0C", 1) + `,"exp":1767225660000,` + nonce + `}`),
		"a key cut short":               sign(`{"from":"anna","to":"bert","key":"0001","exp":1767225660000,` + nonce + `}`),
		"a nonce cut short":             sign(`{"from":"anna","to":"bert",` + hash + `,"exp":1767225660000,"nonce":"8PHy"}`),
		"a time with a fraction":        sign(`{"from":"anna","to":"bert",` + hash + `,"exp":1767225660000.5,` + nonce + `}`),
		"far too long":                  good + strings.Repeat("A", 2000),
	} {
		if read, err := room.ReadPeerTicket(pub, ticket); !errors.Is(err, room.ErrPeerTicket) {
			t.Errorf("%s: it reads as %+v, %v", name, read, err)
		}
	}
	if read, err := room.ReadPeerTicket(nil, good); !errors.Is(err, room.ErrPeerTicket) {
		t.Errorf("without a key it reads as %+v, %v", read, err)
	}
}
