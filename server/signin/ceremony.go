package signin

import (
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"redroom/server/room"
)

const (
	ceremonyLife  = 5 * time.Minute // from a challenge to its answer
	maxCeremonies = 1 << 14         // challenges that wait for one
)

// ceremony is a challenge that waits for its answer (Web Authentication,
// sections 7.1 and 7.2). It was begun by a page of an origin, whose passkeys
// alone count. user and session are whose it is; "": whoever signs in.
type ceremony struct {
	data          webauthn.SessionData
	origin        string
	adds          bool
	user, session string
	ends          time.Time
}

// ceremonies are those that wait: the newest, where there are too many. Those of
// strangers, whom nothing keeps from beginning more, push out none of those who
// are signed in.
type ceremonies struct {
	mu               sync.Mutex
	strangers, users *recent[string, ceremony]
}

func newCeremonies() *ceremonies {
	return &ceremonies{
		strangers: newRecent[string, ceremony](maxCeremonies),
		users:     newRecent[string, ceremony](maxCeremonies),
	}
}

// add keeps one under an id that nobody can guess.
func (c *ceremonies) add(one ceremony, now time.Time) (id string) {
	id, one.ends = room.NewToken(), now.Add(ceremonyLife)
	c.mu.Lock()
	defer c.mu.Unlock()
	if one.session == "" {
		c.strangers.put(id, one)
	} else {
		c.users.put(id, one)
	}
	return id
}

// take gives one back, once and in time.
func (c *ceremonies) take(id string, now time.Time) (ceremony, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, ok := c.users.get(id)
	if !ok {
		one, ok = c.strangers.get(id)
	}
	c.users.remove(id)
	c.strangers.remove(id)
	return one, ok && now.Before(one.ends)
}
