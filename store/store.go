// Package store keeps the room in one SQLite file, redroom.db: accounts,
// sign-ins, deals, topics and their messages, the audit trail, and how far along
// the journal the file has come. It knows no clock and no chance, but for the epoch that a
// new store is given; the same events make the same rows, however they are cut
// into batches.
//
// # Order and durability
//
// The only way to change what is kept is [Store.Commit]: one batch of events,
// one transaction with the journal's position in it. It returns after the
// write-ahead log was synced (synchronous=FULL). Each event is applied or
// refused by itself; a refusal changes nothing but the position. Any other
// error is one of the disk or the database: then the whole batch is rolled
// back, what the store says about itself stays as it was, and the next Commit
// begins by opening the writer's connection and reading everything anew.
//
// # Audit trail
//
// An event that was applied and has changed something, or that is noted, gets
// its row in the very transaction, chained to the row before by hashes. Posts
// and read marks get none. Rows are only added, and are never removed.
//
// # Redaction
//
// When Commit returns, the words that a redaction removed are in none of the
// store's files any more: not in free pages (secure_delete), not in the
// write-ahead log, which is cut. Only a foreign reader in a long transaction,
// or a disk on which the file can't grow, can delay the latter; it is then done
// once that ends. Rows of messages are only added behind the last one, since
// SQLite may leave copies of rows that it moves.
//
// # Search
//
// The index is derived from the log and follows it, behind the commits: as long as
// [Store.Follow] runs, which is the caller's goroutine. A step of it is a
// transaction of its own, some milliseconds long, and while others commit it
// leaves the writer to them nine tenths of the time. It goes on where it was, also
// after a crash. What a redaction removes leaves the index in the redaction's
// transaction; what was redacted before is never in it. [Store.Search] sees
// the index as of one step.
//
// # Who may wait
//
// There is one writer. Commits exclude each other and wait for nothing else but
// a step of a backup, which is a MiB, or of the index.
// State, Head, AuditHead, Position and Epoch are answered from memory, change before
// Commit returns and after it is durable, and never wait for the disk. All
// other reads run on a small pool of connections of their own, see what was
// committed when they began, and have closed their rows before they return:
// nobody who holds a result holds a connection or a transaction, and no reader
// keeps the write-ahead log from being checkpointed. A search, which may take long,
// makes way for the sweep that follows a redaction, and begins again.
//
// # Backup
//
// [Store.Backup] copies pages between commits by the writer's connection, which
// keeps what was copied as new as the store. It holds no transaction open, and
// ends with that connection.
//
// # Shutdown
//
// [Store.Close] waits for the Commit that is under way and for the reads that
// have begun, brings everything into the one file and lets go of the directory.
// A store that was killed instead is as it was after its last Commit.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"redroom/server/room"
)

// Store is an open data directory. Any number of goroutines may use it; Commit
// is for one, the applier.
type Store struct {
	lock    *dirLock
	epoch   string
	readers *readers

	reading sync.RWMutex // held for reading by each read; by Close, to wait for them
	writing sync.Mutex   // held by whoever uses what follows
	db      *sql.DB      // has one connection, the writer's
	writer  *writer      // nil after a failure and after Close
	doubt   *doubt       // nil unless the last commit has failed
	closed  bool

	closing  chan struct{}  // closed by Close
	sweeping bool           // there is a sweeper
	sweeper  sync.WaitGroup // of the goroutine that cuts the write-ahead log

	added   chan struct{} // one slot; Follow waits for it
	damaged chan error    // one slot: what was found in the index
	commits atomic.Int64

	searches searches

	// What is committed, as seen without the database. Only changed by
	// publish, heads and state as one: who sees a new State sees heads at least
	// as new, and who sees a new head a State at least as new.
	logs     logs
	trail    atomic.Pointer[room.Head]
	state    atomic.Pointer[room.State]
	position atomic.Int64
}

var errClosed = errors.New("store: closed")

// Position is that of the newest committed event in the journal; 0 in a new
// store.
func (s *Store) Position() int64 { return s.position.Load() }

// Epoch is the name of this store's life, 64 bits in hex: two stores that bear
// the same have the same log.
func (s *Store) Epoch() string { return s.epoch }

// State is the room as of the newest Commit.
func (s *Store) State() *room.State { return s.state.Load() }

// Head is the end of a topic's log as of the newest Commit. A topic that does
// not exist is one that has no messages.
func (s *Store) Head(topic string) room.Head {
	if l, ok := s.logs.get(topic); ok {
		return l.head
	}
	return room.Head{Hash: room.ChainStart(topic)}
}

// AuditHead is the end of the audit trail as of the newest Commit.
func (s *Store) AuditHead() room.Head { return *s.trail.Load() }

// Ping tells whether the database can be read.
func (s *Store) Ping(ctx context.Context) error {
	var position int64
	if err := s.read(ctx, s.readers.ping, nil, &position); err != nil {
		return fmt.Errorf("store: reading the position: %w", err)
	}
	return nil
}

// publish makes what was committed seen.
func (s *Store) publish(state *room.State, changed map[string]topicLog, trail room.Head, position int64) {
	s.trail.Store(&trail)
	s.logs.put(changed, func() { s.state.Store(state) })
	s.position.Store(position)
}

// topicLog is where a topic's messages are in the database, and their end.
type topicLog struct {
	key  int64
	head room.Head
}

// logs are all topics' logs by topic id.
type logs struct {
	mu sync.RWMutex
	by map[string]topicLog
}

func (l *logs) get(topic string) (topicLog, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	log, ok := l.by[topic]
	return log, ok
}

// put does something else too before anybody sees a changed head.
func (l *logs) put(changed map[string]topicLog, also func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = make(map[string]topicLog, len(changed))
	}
	maps.Copy(l.by, changed)
	also()
}
