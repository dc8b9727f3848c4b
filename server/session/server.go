// Package session serves sessions: it authenticates them, answers their
// frames, and writes what their cursors and watchers give (PROTOCOL.md
// sections 2 to 5). It knows transports by their interface only, and of the
// log, the hub and the sign-in desk what it declares here.
//
// # Goroutines
//
// A session has one that accepts channels, and one that reads datagrams where
// there are any; one while BIND is looked at; each channel has one that reads and, once its purpose is
// known, one that writes. A channel's writer is the only one that writes it:
// answers wait in a bounded list, and are written between frames. When the list
// is full, the channel's input isn't read.
//
// # Who may block
//
// A reader waits for the journal's queue (the back-pressure), for room in the
// session's buffer of unfinished payloads, and where its user sends more than
// he may: see package load. A writer waits for the transport. Neither holds up
// another channel.
//
// # The end of a right
//
// When the end of a right was published, nothing follows that is of the topic:
// whatever a topic's channel writes asks its cursor for the right, and what is
// being written is interrupted, and so is what the control channel tells of the
// room, of which the frames that were not begun are made anew. A session whose
// sign-in has ended writes nothing more on its topics' channels.
//
// # Shutdown
//
// Serve returns when the session is over and all its goroutines have ended.
// An end that the server makes is said before it happens: ERR if there is one,
// BYE, FIN, a second for the other side's FIN, and the transport's close.
//
// Drain ends all sessions so that nothing that was read goes without its answer.
// Of each session: no channel is taken any more, and nothing further is read on
// those of its topics; what was read of them is answered, and FIN said; whoever
// doesn't take the answers is waited for a second. When all of them are over,
// BYE 503 follows on the control channel, which is served until then. The
// seconds are drawn at random, over a span that grows with the number of
// sessions, lest all come back at once.
package session

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"redroom/server/load"
	"redroom/server/room"
	"redroom/server/transport"
)

// Journal orders events; see package journal.
type Journal interface {
	Submit(ctx context.Context, ev room.Event, done func(room.Outcome, error)) error
	Append(ctx context.Context, ev room.Event) (room.Outcome, error)
	Keep(ev room.Event)
}

// Store answers what a session asks of the log beside its messages.
type Store interface {
	State() *room.State
	Head(topic string) room.Head
	HashAt(ctx context.Context, topic string, seq int64) (room.Hash, error)
	// Posted is the message that has an author's client id, 0 if none has, and
	// whether its words were removed.
	Posted(ctx context.Context, topic, author, id string) (seq int64, redacted bool, err error)
	ReadMarks(ctx context.Context, user string) (map[string]int64, error)
	Epoch() string
}

// Desk tells who somebody is; see package signin. An error that has a method
// RetryAfter() time.Duration says how long to wait.
type Desk interface {
	// SpendToken is who bears a token: a page's, which is good once, or a
	// program's, whose Session has a Role.
	SpendToken(ctx context.Context, token string) (room.Session, *room.User, error)
	// SignIn opens a sign-in; nobody but who asked has its cookie.
	SignIn(ctx context.Context, name, password, code string, from room.Visitor) (cookie string, s room.Session, err error)
	// Lives is nil unless a sign-in has ended.
	Lives(ctx context.Context, s room.Session) error
	// Use notes that a sign-in is used, and Ends is when it ends if it isn't used
	// again. They wait for nothing.
	Use(s room.Session)
	Ends(s room.Session) time.Time
}

// Hub brings what is new.
type Hub interface {
	Open(as *room.Actor, topic string, from, seq int64) Cursor
	Watch(room.Attendance) Watcher
	Online(user string) bool
	Types(user, topic string)
}

// Cursor is one reader's place in a topic; see hub.Cursor.
type Cursor interface {
	Next(ctx context.Context) (octets []byte, wake <-chan struct{}, err error)
	// WhenStale and Took take back what Next gave; see hub.Cursor.
	WhenStale(tell func())
	Took(n int) (rest []byte, err error)
	// Check is nil while the right is what it was; else room.ErrNotFound.
	Check() error
	Close()
}

// Watcher tells what changes beside messages; see hub.Watcher.
type Watcher interface {
	Start() bool
	Wake() <-chan struct{}
	Take() room.Changes
	WhenStale(tell func())
	Close()
}

// Directory knows who can be reached directly; see package directory.
type Directory interface {
	Enter(as *room.Actor) Entry
	Query(as *room.Actor, name string) []byte
	Reachable(user string) bool
}

// Entry is what one session has in the directory; see directory.Entry.
type Entry interface {
	Bind(ctx context.Context, from netip.Addr, address, port, fingerprint string) (look func() (ed25519.PublicKey, time.Time, error), err error)
	Leave()
	Ticket(to string, key [32]byte, introduce func() error) (string, error)
}

// Config is what sessions need.
type Config struct {
	Journal   Journal
	Store     Store
	Desk      Desk
	Hub       Hub
	Directory Directory
	Load      *load.Guard // nil: there are no limits
	// CalcLoss is the share of CALCs that are lost on their way here, of those that
	// come in datagrams: 0 to 1.
	CalcLoss float64
	Log      *slog.Logger
}

// doorTime is how long a session waits for a place to sign in from.
const doorTime = 2 * time.Second

// Server serves all sessions of a node.
type Server struct {
	Config

	mu      sync.Mutex
	span    int64 // of seconds after which to come back; 0: not draining
	live    map[*session]struct{}
	doors   map[netip.Prefix]*door
	serving sync.WaitGroup
}

// door is what the sessions of one network go through until they have signed
// in: so many at a time, the others after them.
type door struct {
	places *semaphore.Weighted
	users  int // that are in it or wait
}

// New makes a server without sessions.
func New(c Config) *Server {
	if c.Load == nil {
		c.Load = load.New(load.Limits{}, c.Log)
	}
	return &Server{Config: c, live: make(map[*session]struct{}), doors: make(map[netip.Prefix]*door)}
}

// Serve serves one session until it is over.
func (srv *Server) Serve(conn transport.Session) {
	from := transport.Network(conn.Remote().Addr())
	s := newSession(srv, conn)
	refusal, counted := srv.admit(s, from)
	if counted {
		defer srv.serving.Done()
	}
	if refusal != nil {
		turnAway(conn, refusal)
		return
	}
	defer srv.dismiss(s)
	leave, refusal := srv.enter(s, from)
	if refusal != nil {
		turnAway(conn, refusal)
		return
	}
	s.signedOff = sync.OnceFunc(leave)
	defer s.signedOff()
	s.serve()
}

// enter waits for one of the places that the sessions of a network have until
// they have signed in; leave gives it back.
func (srv *Server) enter(s *session, from netip.Prefix) (leave func(), refusal *ending) {
	srv.mu.Lock()
	d := srv.doors[from]
	if d == nil {
		d = &door{places: semaphore.NewWeighted(room.MaxUnsigned)}
		srv.doors[from] = d
	}
	d.users++
	srv.mu.Unlock()
	out := func() {
		srv.mu.Lock()
		defer srv.mu.Unlock()
		if d.users--; d.users == 0 {
			delete(srv.doors, from)
		}
	}
	defer func() {
		if leave == nil {
			out()
		}
	}()
	ctx, cancel := context.WithTimeout(s.taking, doorTime)
	defer cancel()
	if d.places.Acquire(ctx, 1) == nil {
		return func() {
			d.places.Release(1)
			out()
		}, nil
	}
	if errors.As(context.Cause(s.taking), &refusal) { // it is drained
		return nil, refusal
	}
	return nil, &ending{code: 503, seconds: draw(3), sentence: "Too many sessions from this address are not signed in."}
}

// dismiss counts a session out.
func (srv *Server) dismiss(s *session) {
	s.load.Close()
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.live, s)
}

// Drain takes no session any more, has each answer what was read of it, says
// BYE 503, and waits until all are over. Answers that aren't there when ctx ends
// are not waited for.
func (srv *Server) Drain(ctx context.Context) {
	srv.mu.Lock()
	if srv.span == 0 {
		srv.span = span(len(srv.live))
	}
	for s := range srv.live {
		s.drain(stopping(srv.span))
	}
	srv.mu.Unlock()
	stop := context.AfterFunc(ctx, srv.endAll)
	defer stop()
	srv.serving.Wait()
}

// Close is Drain without waiting for answers.
func (srv *Server) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	srv.Drain(ctx)
}

// Draining tells whether no session is taken any more, and after how many
// seconds whoever asks may come back.
func (srv *Server) Draining() (seconds int64, draining bool) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.span == 0 {
		return 0, false
	}
	return draw(srv.span), true
}

// endAll ends the sessions that are not over.
func (srv *Server) endAll() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for s := range srv.live {
		s.end(stopping(srv.span))
	}
}

// span is that of the seconds after which so many sessions may come back.
func span(sessions int) int64 {
	const aSecond, longest = 400, 8
	return int64(min(max((sessions+aSecond-1)/aSecond, 1), longest))
}

// stopping is the end of a session that is drained.
func stopping(span int64) *ending {
	return &ending{code: 503, seconds: draw(span), sentence: room.ErrStopping.Text}
}

func draw(span int64) int64 { return 1 + rand.Int64N(span) }

// turnAway ends a session that never was one, on its first channel, for which
// it waits a moment.
func turnAway(conn transport.Session, why *ending) {
	ctx, cancel := context.WithTimeout(conn.Context(), farewellTime)
	defer cancel()
	if c, err := conn.Accept(ctx); err == nil {
		until := time.Now().Add(farewellTime)
		c.SetReadDeadline(until)
		c.SetWriteDeadline(until)
		c.Write(byeFrame(why)) // that it may fail is what the deadline is for
		c.CloseSession(why.code, why.sentence)
		io.Copy(io.Discard, c)
	}
	conn.Close(why.code, why.sentence)
}

// admit counts s in, unless there is no place for it. Drain waits for those that
// are turned away too, if it hasn't begun.
func (srv *Server) admit(s *session, from netip.Prefix) (refusal *ending, counted bool) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.span > 0 {
		return stopping(srv.span), false
	}
	srv.serving.Add(1)
	var err error
	if s.load, err = srv.Load.Open(from); err != nil {
		return overLimit(err), true
	}
	srv.live[s] = struct{}{}
	return nil, true
}

// overLimit ends a session for which there is no place.
func overLimit(err error) *ending {
	return &ending{code: 503, seconds: secondsOf(err), sentence: room.AsError(err).Text}
}

// secondsOf is how long a refusal says to wait.
func secondsOf(err error) int64 {
	var waits interface{ RetryAfter() time.Duration }
	if errors.As(err, &waits) {
		return max(1, int64(waits.RetryAfter()/time.Second))
	}
	return 1
}

// now is the clock of stamps, unix-ms.
func now() int64 { return time.Now().UnixMilli() }
