package peer

import (
	"crypto/ed25519"
	"errors"
	"sync"
	"time"

	"redroom/server/client"
	"redroom/server/room"
)

const (
	// By so much ours may be behind the server's: what its answer took, drift, and a
	// sleep of this machine, in which the monotonic clock stands still, that was too
	// short for the session to be lost, and with it to have a new BIND.
	clockSlack = 50 * time.Second
	maxNonces  = 4096 // that are remembered
)

// tickets decides which ones are good. Its clock is the server's: it counts on
// from the time that came with the BIND, by the monotonic clock, whatever this
// machine takes the time to be.
type tickets struct {
	mu    sync.Mutex
	key   ed25519.PublicKey // nil: none is good yet
	time  time.Time         // the server's
	at    time.Time         // when that came, with its monotonic reading
	spent map[[16]byte]time.Time
}

var (
	errUntimely   = errors.New("the ticket is not of this time")
	errForAnother = errors.New("the ticket is for somebody else")
	errOtherKey   = errors.New("the certificate is not the one that the ticket is for")
	errUsed       = errors.New("the ticket was used before")
	errTooMany    = errors.New("too many tickets are being used")
)

// trust takes over what the directory has answered.
func (t *tickets) trust(bound client.Bound) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.key, t.time, t.at = bound.Key, bound.Time, time.Now()
}

// use takes the ticket by which from wants to talk to me and has shown the
// certificate of the fingerprint key. It is good once.
func (t *tickets) use(text, from, me string, key [32]byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	ticket, err := room.ReadPeerTicket(t.key, text)
	if err != nil {
		return err
	}
	now := t.time.Add(time.Since(t.at))
	switch _, used := t.spent[ticket.Nonce]; {
	case ticket.From != from || ticket.To != me:
		return errForAnother
	case ticket.Key != key || key == [32]byte{}:
		return errOtherKey
	case !ticket.Expires.After(now) || ticket.Expires.After(now.Add(room.PeerTicketTime+clockSlack)):
		return errUntimely
	case used:
		return errUsed
	}
	for nonce, ends := range t.spent {
		if !ends.After(now) {
			delete(t.spent, nonce)
		}
	}
	if len(t.spent) == maxNonces {
		return errTooMany
	}
	if t.spent == nil {
		t.spent = make(map[[16]byte]time.Time)
	}
	t.spent[ticket.Nonce] = ticket.Expires
	return nil
}
