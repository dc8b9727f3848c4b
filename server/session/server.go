// Package session serves sessions: it authenticates them, answers their
// frames, and writes what their cursors and watchers give (PROTOCOL.md
// sections 2 to 5). It knows transports by their interface only, and of the
// log, the hub and the sign-in desk what it declares here.
//
// # Goroutines
//
// A session has one that accepts channels, and one that reads datagrams where
// there are any; each channel has one that reads and, once its purpose is
// known, one that writes. A channel's writer is the only one that writes it:
// answers wait in a bounded list, and are written between frames. When the list
// is full, the channel's input isn't read.
//
// # Who may block
//
// A reader waits for the journal's queue (the back-pressure) and for room in
// the session's buffer of unfinished payloads. A writer waits for the
// transport. Neither holds up another channel.
//
// # Shutdown
//
// Serve returns when the session is over and all its goroutines have ended.
// An end that the server makes is said before it happens: ERR if there is one,
// BYE, FIN, a second for the other side's FIN, and the transport's close.
package session

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
)

// Journal orders events; see package journal.
type Journal interface {
	Submit(ctx context.Context, ev room.Event, done func(room.Outcome, error)) error
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

// Desk tells who bears a token; each is good once.
type Desk interface {
	SpendToken(ctx context.Context, token string) (room.Session, *room.User, error)
	// Lives tells whether a sign-in hasn't ended yet.
	Lives(ctx context.Context, s room.Session) error
}

// Hub brings what is new.
type Hub interface {
	Open(user, topic string, from, seq int64) Cursor
	Watch(user, session string, onEnd func()) Watcher
	Online(user string) bool
	Types(user, topic string)
}

// Cursor is one reader's place in a topic; see hub.Cursor.
type Cursor interface {
	Next(ctx context.Context) (octets []byte, wake <-chan struct{}, err error)
	// WhenStale and Took take back what Next gave; see hub.Cursor.
	WhenStale(tell func())
	Took(n int) (rest []byte, err error)
	Close()
}

// Watcher tells what changes beside messages; see hub.Watcher.
type Watcher interface {
	Start() bool
	Wake() <-chan struct{}
	Take() room.Changes
	Close()
}

// Config is what sessions need.
type Config struct {
	Journal Journal
	Store   Store
	Desk    Desk
	Hub     Hub
	Log     *slog.Logger
}

// Server serves all sessions of a node.
type Server struct {
	Config

	mu       sync.Mutex
	closed   bool
	live     map[*session]struct{}
	unsigned map[netip.Prefix]int
	serving  sync.WaitGroup
}

// New makes a server without sessions.
func New(c Config) *Server {
	return &Server{Config: c, live: make(map[*session]struct{}), unsigned: make(map[netip.Prefix]int)}
}

// Serve serves one session until it is over.
func (srv *Server) Serve(conn transport.Session) {
	from := transport.Network(conn.Remote().Addr())
	s := newSession(srv, conn)
	if refusal, counted := srv.admit(s, from); refusal != nil {
		turnAway(conn, refusal)
		if counted {
			srv.serving.Done()
		}
		return
	}
	defer srv.serving.Done()
	s.signedOff = sync.OnceFunc(func() { srv.signed(from) })
	s.serve()
	s.signedOff()
	srv.mu.Lock()
	delete(srv.live, s)
	srv.mu.Unlock()
}

// Close says BYE 503 to every session, and waits until they are over.
func (srv *Server) Close() {
	srv.mu.Lock()
	srv.closed = true
	for s := range srv.live {
		s.end(stopping())
	}
	srv.mu.Unlock()
	srv.serving.Wait()
}

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

// admit counts s in, unless its network has too many sessions that have not
// signed in. Close waits for those that are turned away too, if it hasn't begun.
func (srv *Server) admit(s *session, from netip.Prefix) (refusal *ending, counted bool) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.closed {
		return stopping(), false
	}
	srv.serving.Add(1)
	if srv.unsigned[from] >= room.MaxUnsigned {
		return &ending{code: 503, seconds: 10, sentence: "Too many sessions from this address are not signed in."}, true
	}
	srv.unsigned[from]++
	srv.live[s] = struct{}{}
	return nil, true
}

func stopping() *ending {
	return &ending{code: 503, seconds: 1, sentence: room.ErrStopping.Text}
}

// signed counts one session less that has not signed in.
func (srv *Server) signed(from netip.Prefix) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.unsigned[from]--; srv.unsigned[from] == 0 {
		delete(srv.unsigned, from)
	}
}

// now is the clock of stamps, unix-ms.
func now() int64 { return time.Now().UnixMilli() }
