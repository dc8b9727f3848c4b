// Package signin decides who somebody is: by a password, by the token in a
// cookie, by the token that a page fetches to open a connection. One Desk
// decides for HTTP and for frames alike.
//
// # Secrets
//
// A password is kept as an argon2id hash with its parameters, a cookie's token
// as its SHA-256 in the store, a connection token as its SHA-256 in memory.
// None of them is ever logged.
//
// # Who may block
//
// Hashing a password takes a core for some tens of milliseconds and 19 MiB;
// half the cores do that at a time, and who comes later waits in line. Opening
// and ending a sign-in wait for the journal. Everything else waits at most for
// a read of the store. All methods may be called by many goroutines.
//
// # Failed sign-ins
//
// They are counted, and become a row of the audit trail for each account, address
// and minute when that is over. Tries that were not even looked at, because there
// were too many, count too. A name that no account has is never kept: people type
// passwords into that field.
//
// # Shutdown
//
// A Desk has no goroutine but its owner's in Run, which hands on what was counted
// and ends with its context. What else it remembers (tries, connection tokens) is
// bounded and is forgotten with it: after a restart a page fetches a new token
// with its cookie.
package signin

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"

	"redroom/server/room"
)

// Store is what the Desk reads.
type Store interface {
	State() *room.State
	// PasswordHashed is what was stored for a user, or room.ErrNotFound.
	PasswordHashed(ctx context.Context, user string) (string, error)
	// Session is the sign-in of a cookie, expired or not, or
	// room.ErrSessionEnded.
	Session(ctx context.Context, token room.TokenHash) (room.Session, error)
}

// Journal orders events and waits until they are committed; a refusal comes as
// the error, a *room.Error. What is kept is written as soon as that is possible;
// nobody waits for it.
type Journal interface {
	Append(ctx context.Context, ev room.Event) (room.Outcome, error)
	Keep(ev room.Event)
}

// Config is what a Desk works with. Log and Now may be nil.
type Config struct {
	Store   Store
	Journal Journal
	Log     *slog.Logger
	Now     func() time.Time
}

// Desk is where one signs in.
type Desk struct {
	store   Store
	journal Journal
	log     *slog.Logger
	now     func() time.Time

	derive   func(password string, salt []byte, p parameters) []byte
	hashing  *semaphore.Weighted
	tries    *tries
	failures *failures
	tokens   *tokens
}

// New is a Desk that remembers nothing yet.
func New(c Config) *Desk {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Desk{
		store:    c.Store,
		journal:  c.Journal,
		log:      c.Log,
		now:      c.Now,
		derive:   argon2id,
		hashing:  semaphore.NewWeighted(int64(concurrency())),
		tries:    newTries(),
		failures: newFailures(),
		tokens:   newTokens(),
	}
}

// concurrency is how many passwords are hashed at a time: half the cores'
// worth, so that guessing leaves the others to everybody else.
func concurrency() int { return max(1, runtime.GOMAXPROCS(0)/2) }
