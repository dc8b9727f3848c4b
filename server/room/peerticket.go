package room

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// PeerTicketTime is how long a PeerTicket is good.
const PeerTicketTime = 60 * time.Second

// PeerTicket is the server's word that From may talk to To directly, if it shows
// the certificate whose DER has the SHA-256 Key. It is good once: the Nonce tells
// one from another.
type PeerTicket struct {
	From, To string
	Key      [32]byte
	Expires  time.Time // in milliseconds
	Nonce    [16]byte
}

// ErrPeerTicket is a ticket that is none of the server's.
var ErrPeerTicket = errors.New("the ticket is not one of the server's")

// ticketOctets is how long a ticket can be: HELLO's payload.
const ticketOctets = 1 << 10

// writtenTicket is what is signed of a PeerTicket.
type writtenTicket struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Key     string `json:"key"`   // hex
	Expires int64  `json:"exp"`   // unix-ms
	Nonce   string `json:"nonce"` // base64url
}

// Sign writes the ticket, as PROTOCOL.md section 6 has it.
func (t PeerTicket) Sign(key ed25519.PrivateKey) string {
	signed := t.written()
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(signed)))
}

func (t PeerTicket) written() string {
	text, err := json.Marshal(writtenTicket{
		From: t.From, To: t.To, Key: hex.EncodeToString(t.Key[:]),
		Expires: t.Expires.UnixMilli(), Nonce: base64.RawURLEncoding.EncodeToString(t.Nonce[:]),
	})
	if err != nil {
		panic(err) // of plain values it can't fail
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// ReadPeerTicket reads a ticket that the server of this public key has signed, and
// fails with ErrPeerTicket where it hasn't, or would have written it otherwise.
// Whether the ticket is good here and now isn't looked at.
func ReadPeerTicket(pub ed25519.PublicKey, ticket string) (PeerTicket, error) {
	if len(ticket) > ticketOctets {
		return PeerTicket{}, fmt.Errorf("%w: it is too long", ErrPeerTicket)
	}
	signed, text, _ := strings.Cut(ticket, ".")
	signature, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(pub) != ed25519.PublicKeySize || !ed25519.Verify(pub, []byte(signed), signature) {
		return PeerTicket{}, fmt.Errorf("%w: it isn't signed by it", ErrPeerTicket)
	}
	t, err := readTicket(signed)
	if err != nil {
		return PeerTicket{}, fmt.Errorf("%w: %w", ErrPeerTicket, err)
	}
	if ticket != t.written()+"."+base64.RawURLEncoding.EncodeToString(signature) {
		return PeerTicket{}, fmt.Errorf("%w: it isn't written as it should be", ErrPeerTicket)
	}
	return t, nil
}

func readTicket(signed string) (PeerTicket, error) {
	octets, err := base64.RawURLEncoding.DecodeString(signed)
	if err != nil {
		return PeerTicket{}, fmt.Errorf("reading its base64url: %w", err)
	}
	var w writtenTicket
	if err := json.Unmarshal(octets, &w); err != nil {
		return PeerTicket{}, fmt.Errorf("reading its JSON: %w", err)
	}
	t := PeerTicket{From: w.From, To: w.To, Expires: time.UnixMilli(w.Expires)}
	if !ValidUserName(t.From) || !ValidUserName(t.To) {
		return PeerTicket{}, errors.New("it names no users")
	}
	key, err := hex.DecodeString(w.Key)
	if err != nil || copy(t.Key[:], key) != len(t.Key) {
		return PeerTicket{}, errors.New("its key is no SHA-256")
	}
	nonce, err := base64.RawURLEncoding.DecodeString(w.Nonce)
	if err != nil || copy(t.Nonce[:], nonce) != len(t.Nonce) {
		return PeerTicket{}, errors.New("its nonce isn't 16 octets")
	}
	return t, nil
}
