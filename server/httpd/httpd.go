// Package httpd is the server's HTTP: the interface of JSON under /api, the
// page's files, and health. One Handler serves the loopback port, HTTPS and
// HTTP/3; how a request came decides what its cookie is called, which hosts
// it may name and which headers the answer bears. Another one may be the
// operator's (Config.Operator), who has the part of it that administers.
//
// # Walls
//
// What one may not see is answered by the same octets as what doesn't exist.
// Who may do what is asked of room.State, once a request, and asked again when
// the event is applied, or when something was read and is about to be answered.
// A sign-in that ends meanwhile is asked of in the same two places.
//
// # Errors
//
// Handlers return errors; problem.go alone turns them into answers
// (application/problem+json, RFC 9457). What isn't a refusal of package room is
// logged and told as a 503.
//
// # Who may block
//
// A request to open a WebSocket is served until that is over. Any other waits
// for the store, for its event's commit, for a password's turn to be hashed, and
// what looks through the store for its user's turn; see turns. Nothing else is
// shared between requests but the Config, and which topics were opened already;
// nothing has to be shut down. Timeouts, but for that of a body,
// and shutdown are the listeners'.
package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"redroom/server/pack"
	"redroom/server/room"
	"redroom/server/transport"
)

// Store is what requests read.
type Store interface {
	State() *room.State
	Head(topic string) room.Head
	Epoch() string
	// Messages are those after a seq, MessagesBefore the last ones before
	// it; both ascending, one at least if there is one.
	Messages(ctx context.Context, topic string, after int64, maxCount, maxBytes int) ([]room.Message, error)
	MessagesBefore(ctx context.Context, topic string, before int64, maxCount, maxBytes int) ([]room.Message, error)
	// Edits are those of messages, in the order of seqs, of each the newest first:
	// without the newest skip, at most maxCount. They end with the one by which
	// there are maxBytes.
	Edits(ctx context.Context, topic string, seqs []int64, skip, maxCount, maxBytes int) ([]room.Message, error)
	// Since is the smallest seq of a topic, from one on, that is of a time or
	// later; 0: there is none.
	Since(ctx context.Context, topic string, from, time int64) (int64, error)
	// TopicReadMarks are up to where users have read a topic, by name.
	TopicReadMarks(ctx context.Context, topic string) (map[string]int64, error)
	// Search finds messages by their words; see room.Search.
	Search(ctx context.Context, q room.Search) (room.Found, error)
	// Invitation is used or unused, expired or not, or room.ErrNotFound.
	Invitation(ctx context.Context, token room.TokenHash) (room.Invitation, error)
	// Audit are rows of the audit trail, ascending; AuditHead is its end.
	Audit(ctx context.Context, q room.AuditQuery) ([]room.AuditRow, error)
	AuditHead() room.Head
	Ping(ctx context.Context) error
	// PasswordHashed is what was stored for a user, "" if there is no password.
	PasswordHashed(ctx context.Context, user string) (string, error)
	Factors(ctx context.Context, user string) (room.Factors, error)
	// FactorCounts are those of everybody who has a second factor, by name.
	FactorCounts(ctx context.Context) (map[string]room.FactorCount, error)
	// Linked tells whether an account is that of somebody of a provider.
	Linked(ctx context.Context, user, issuer string) (bool, error)
	// ToolTokens are a user's, the newest first; some may have expired.
	ToolTokens(ctx context.Context, user string) ([]room.ToolToken, error)
}

// Journal orders events. Append waits until they are committed; a refusal comes
// as the error, a *room.Error. Keep waits for nothing and never fails: what can't
// be written now is written before whatever comes later.
type Journal interface {
	Append(ctx context.Context, ev room.Event) (room.Outcome, error)
	Keep(ev room.Event)
}

// Desk decides who somebody is; see package signin. An error that has a method
// RetryAfter() time.Duration says how long to wait.
type Desk interface {
	Password(ctx context.Context, name, password string, from netip.Addr) error
	HashPassword(ctx context.Context, password, user string) (string, error)
	SignIn(ctx context.Context, name, password, code string, from room.Visitor) (cookie string, s room.Session, err error)
	Open(ctx context.Context, user string, from room.Visitor) (cookie string, s room.Session, err error)
	// Proved tells whether who is signed in may change how one signs in; Prove
	// sees to it.
	Proved(s room.Session) bool
	Prove(ctx context.Context, s room.Session, password, code string, from room.Visitor) error
	Passkeys
	Company
	// Use notes that somebody does something in a sign-in; Ends is when it ends if
	// nobody does; Sessions are those that a user has.
	Use(s room.Session)
	Ends(s room.Session) time.Time
	Sessions(ctx context.Context, user string) ([]room.Session, error)
	// BeginTOTP and ConfirmTOTP set up codes; MakeRecoveryCodes are new ones.
	BeginTOTP(s room.Session) (id, secret, uri string)
	ConfirmTOTP(ctx context.Context, s room.Session, id, code string, from room.Visitor) (recovery []string, err error)
	MakeRecoveryCodes(ctx context.Context, s room.Session, from room.Visitor) ([]string, error)
	// SealProviderSecret makes a room.Provider's Secret.
	SealProviderSecret(secret string) []byte
	Session(ctx context.Context, cookie string) (room.Session, *room.User, error)
	// Bearer is what a program's token stands for: a Session with a Role.
	Bearer(ctx context.Context, token string) (room.Session, *room.User, error)
	End(ctx context.Context, s room.Session, by string, from netip.Addr) error
	IssueToken(cookie string, s room.Session) (token string, expires time.Time)
}

// Load says what users and addresses may take; see package load. An error that
// has a method RetryAfter() time.Duration says how long to wait.
type Load interface {
	// Arrival counts a request of an address, Request one of a user, or if that
	// is "" of those at an address who are not signed in.
	Arrival(from netip.Prefix) error
	Request(user string, from netip.Prefix) error
}

// Config is what a Handler works with. Load, Log and Now may be nil.
//
// With Operator all requests are the operator's, by a way that only the operator
// has: there is no sign-in, and nothing of what is somebody's own. Of the rest
// Desk, Store, Journal, Log, Now, PublicURL and Draining count then.
type Config struct {
	Operator bool

	Desk    Desk
	Store   Store
	Journal Journal
	Load    Load // nil: there are no limits
	// Page is what browsers load; see package pack.
	Page *pack.Page
	Log  *slog.Logger
	Now  func() time.Time

	// Origins may write and connect; Host is the public name (--host).
	Origins Origins
	Host    string
	// PublicURL begins the links that are handed out, without a slash at its
	// end. "": the origin that the request came by.
	PublicURL string
	// TrustedProxies are those whose X-Forwarded-For and -Proto count.
	TrustedProxies []netip.Prefix

	// CA is the certificate of the server's own CA, in PEM, and Port that of HTTPS
	// and UDP, of which tools on this machine are told.
	CA   []byte
	Port int
	// Connect says how a page connects at this moment.
	Connect func() ConnectInfo
	// WebSocket serves one that a client opens, until it is over.
	WebSocket func(w http.ResponseWriter, r *http.Request, client netip.AddrPort)
	// Transports are those of a sign-in's live connections, by its id; nil: it has
	// none.
	Transports func(session string) []string
	// Ready is nil while events can be committed.
	Ready func() error
	// Draining tells whether the server is about to stop, and after how many
	// seconds to come back. It may be nil.
	Draining func() (seconds int64, draining bool)
}

// site is a Handler's state: the Config is fixed when it is made.
type site struct {
	Config
	openings openings
	turns    turns
}

// New makes the handler of all requests but the opening of connections.
func New(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Load == nil {
		c.Load = noLimits{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Transports == nil {
		c.Transports = func(string) []string { return nil }
	}
	if c.Draining == nil {
		c.Draining = func() (int64, bool) { return 0, false }
	}
	s := &site{Config: c}
	r := chi.NewMux()
	if c.Operator {
		s.routeOperator(r)
		return r
	}
	r.Use(s.arrive, s.watch, s.setHeaders, s.refuseDraining, s.limit, s.checkHost, s.checkOrigin, middleware.GetHead)
	s.routeNothing(r)

	r.Get(healthPath, s.do(s.healthz))
	r.Get(readyPath, s.do(s.readyz))
	r.Get(transport.Path, s.do(s.openSocket))
	r.Route("/api", func(r chi.Router) {
		s.routeSignIn(r)
		s.routeRoom(r)
	})
	for _, place := range places {
		r.Get(place, s.do(s.page))
	}
	r.Get(workerPath, s.do(s.worker))
	r.Get(pack.Path+"{hash}/*", s.do(s.asset))
	return r
}

// routeOperator is everything that the operator may ask.
func (s *site) routeOperator(r *chi.Mux) {
	r.Use(s.arrive, s.watch, s.refuseDraining)
	s.routeNothing(r)
	r.Route("/api", s.routeRoom)
}

// routeNothing is what isn't there.
func (s *site) routeNothing(r *chi.Mux) {
	r.NotFound(s.do(func(*call) error { return room.ErrNotFound }))
	r.MethodNotAllowed(s.do(func(c *call) error { return wrongMethod(r, c) }))
}

// routeSignIn is who one is, and how one becomes somebody.
func (s *site) routeSignIn(r chi.Router) {
	r.Post("/setup", s.stranger(s.setUp))
	s.routePasskeys(r)
	s.routeCompany(r)
	r.Get("/session", s.do(s.whoAmI))
	r.Post("/session", s.stranger(s.signIn))
	r.Delete("/session", s.enrolling(s.person(s.signOut)))
	r.Post("/session/password", s.signedIn(s.person(s.changePassword)))
	r.Post("/session/proof", s.enrolling(s.person(s.prove)))
	r.Post("/session/token", s.signedIn(s.issueToken))
	r.Post("/invitations/open", s.stranger(s.openInvitation))
	r.Post("/invitations/accept", s.stranger(s.acceptInvitation))
	r.Get("/check", s.stranger(s.check))
	r.Get("/trust", s.stranger(s.tellTrust))
	r.Get("/signin", s.stranger(s.waysToSignIn))

	r.Get("/account", s.enrolling(s.person(s.getAccount)))
	r.Post("/account/totp", s.enrolling(s.proved(s.beginTOTP)))
	r.Post("/account/totp/confirm", s.enrolling(s.proved(s.confirmTOTP)))
	r.Delete("/account/totp", s.signedIn(s.proved(s.removeTOTP)))
	r.Post("/account/recovery", s.signedIn(s.proved(s.makeRecoveryCodes)))

	r.Get("/sessions", s.signedIn(s.person(s.listSessions)))
	r.Delete("/sessions", s.signedIn(s.proved(s.endOtherSessions)))
	r.Delete("/sessions/{session}", s.signedIn(s.person(s.endSession)))
}

// routeRoom is what there is in the room.
func (s *site) routeRoom(r chi.Router) {
	r.Get("/users", s.admin(s.listUsers))
	r.Post("/users", s.admin(s.addUser))
	r.Patch("/users/{name}", s.signedIn(s.changeUser))
	r.Delete("/users/{name}/sessions", s.signedIn(s.endSessions))
	r.Post("/users/{name}/invitation", s.signedIn(s.person(s.makePasswordLink)))
	r.Delete("/users/{name}/factors", s.signedIn(s.person(s.removeFactors)))
	r.Get("/users/{name}/tokens", s.signedIn(s.person(s.listToolTokens)))
	r.Post("/users/{name}/tokens", s.signedIn(s.person(s.makeToolToken)))
	r.Delete("/users/{name}/tokens/{token}", s.signedIn(s.person(s.revokeToolToken)))

	r.Get("/signin/rules", s.admin(s.getRules))
	r.Patch("/signin/rules", s.admin(s.proved(s.changeRules)))

	r.Post("/invitations", s.admin(s.makeInvitation))

	r.Get("/deals", s.signedIn(s.listDeals))
	r.Post("/deals", s.admin(s.createDeal))
	r.Patch("/deals/{deal}", s.signedIn(s.changeDeal))
	r.Get("/deals/{deal}/members", s.signedIn(s.listMembers))
	r.Put("/deals/{deal}/members/{name}", s.signedIn(s.addMember))
	r.Patch("/deals/{deal}/members/{name}", s.signedIn(s.moveMember))
	r.Delete("/deals/{deal}/members/{name}", s.signedIn(s.removeMember))
	r.Get("/deals/{deal}/topics", s.signedIn(s.listTopics))
	r.Post("/deals/{deal}/topics", s.signedIn(s.createTopic))
	r.Post("/deals/{deal}/direct", s.signedIn(s.createDirect))

	r.Get("/topics/{topic}", s.signedIn(s.getTopic))
	r.Patch("/topics/{topic}", s.signedIn(s.changeTopic))
	r.Get("/topics/{topic}/messages", s.signedIn(s.listMessages))
	r.Get("/topics/{topic}/reads", s.signedIn(s.listReads))
	r.Get("/topics/{topic}/members", s.signedIn(s.listReaders))
	r.Put("/topics/{topic}/members/{name}", s.signedIn(s.addReader))
	r.Patch("/topics/{topic}/members/{name}", s.signedIn(s.moveReader))
	r.Delete("/topics/{topic}/members/{name}", s.signedIn(s.removeReader))

	r.Get("/search", s.signedIn(s.search))

	r.Get("/audit", s.admin(s.listAudit))
}
