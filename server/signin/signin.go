// Package signin decides who somebody is: by a password and, where there is one,
// a second factor; by the token in a cookie; by the token that a page fetches to
// open a connection. One Desk decides for HTTP and for frames alike.
//
// # Secrets
//
// A password is kept as an argon2id hash with its parameters, a cookie's token
// and a recovery code as their SHA-256 in the store, a connection token as its
// SHA-256 in memory. The secret that codes are made of has to be known: the store
// has it sealed with a key that it doesn't have (AES-256-GCM, NIST SP 800-38D).
// None of them is ever logged.
//
// # Second factors
//
// What a sign-in was opened with, or proved by, is spent by the event that says
// so, so that it is good once even if two come at the same time. Who has a second
// factor doesn't get in by a password alone. Of whom one is demanded and who has
// none gets a sign-in that is limited to setting one up; see room.State.Limited.
//
// A passkey takes the place of name, password and code. It verifies its user, and
// is one of the origin of the page that asks; its challenge is in memory, is good
// once and for five minutes.
//
// # The company's own sign-in
//
// An OpenID provider says who somebody is, to the rules that admins have set.
// What belongs to a way there and back is with the browser, sealed; nothing but
// that it was used is in memory. The provider is asked with bounds of time and
// size, and again after an hour; nobody waits for it but who signs in by it.
//
// # Proof
//
// What changes how somebody signs in wants a sign-in that was opened within
// room.ProofLife, or in which its user has shown within it once more who it is.
//
// # Who may block
//
// Hashing a password takes a core for some tens of milliseconds and 19 MiB;
// half the cores do that at a time, and who comes later waits in line, for ten
// seconds at most: whoever has signed in from there before goes first, and the
// others take turns by the network that they come from, and rest when they have had
// a quarter of those cores, so that many guesses from many places keep neither out,
// and slow nobody who is signed in. Those that find the line full are turned away,
// which is room.ErrCrowded. Opening and ending a sign-in wait for the journal.
// Everything else waits at most for a read of the store, or for the provider. All
// methods may be called by many goroutines.
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
// and ends with its context, and with it what the provider is asked. What else it
// remembers (tries, connection tokens) is bounded and is forgotten with it: after a
// restart a page fetches a new token with its cookie.
package signin

import (
	"context"
	"log/slog"
	"runtime"
	"time"

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
	// BoundSessions are the sign-ins of all users that end with their connection.
	BoundSessions(ctx context.Context) ([]room.Session, error)
	// Sessions are a user's sign-ins, the newest first; some may have ended.
	Sessions(ctx context.Context, user string) ([]room.Session, error)
	// NewestSessions are so many of all users at most, those first that were used
	// last; some may have ended.
	NewestSessions(ctx context.Context, most int) ([]room.Session, error)
	Factors(ctx context.Context, user string) (room.Factors, error)
	// ToolToken is a program's, ended or not, or room.ErrTokenUnknown; ToolTokens
	// are a user's.
	ToolToken(ctx context.Context, token room.TokenHash) (room.ToolToken, error)
	ToolTokens(ctx context.Context, user string) ([]room.ToolToken, error)
	// RecoveryCode tells whether a code of that hash is a user's, and unused.
	RecoveryCode(ctx context.Context, user string, code room.TokenHash) (bool, error)
	// Passkey is the one of that id, or room.ErrNotFound.
	Passkey(ctx context.Context, id []byte) (room.PasskeyInfo, error)
	// Identity is whose account somebody of a provider has, or room.ErrNotFound.
	Identity(ctx context.Context, issuer, subject string) (user string, err error)
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
	// Key seals what the store keeps and can't be a hash: the secrets of codes,
	// and the provider's. The zero value: one that is made, and forgotten with
	// the Desk.
	Key Key
	Log *slog.Logger
	Now func() time.Time
}

// Desk is where one signs in.
type Desk struct {
	store   Store
	journal Journal
	log     *slog.Logger
	now     func() time.Time

	derive   func(password string, salt []byte, p parameters) []byte
	line     *line
	sealer   sealer
	tries    *tries
	failures *failures
	tokens   *tokens
	uses     *uses
	proofs   *proofs
	setups   *setups

	ceremonies *ceremonies
	providers  *providers
	errands    *errands
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
		line:     newLine(concurrency()),
		sealer:   newSealer(c.Key),
		tries:    newTries(),
		failures: newFailures(),
		tokens:   newTokens(),
		uses:     newUses(),
		proofs:   newProofs(),
		setups:   newSetups(),

		ceremonies: newCeremonies(),
		providers:  newProviders(),
		errands:    newErrands(),
	}
}

// concurrency is how many passwords are hashed at a time: half the cores'
// worth, so that guessing leaves the others to everybody else.
func concurrency() int { return max(1, runtime.GOMAXPROCS(0)/2) }
