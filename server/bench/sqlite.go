package bench

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"redroom/server/room"
	"redroom/store" // and with it the driver "sqlite"
)

// Rows is how fast rows were committed.
type Rows struct {
	PerSecond    float64 `json:"rowsPerSecond"`
	PerCPUSecond float64 `json:"rowsPerCPUSecond"`
}

// committer makes rows durable, a whole batch or nothing.
type committer interface {
	commit(ctx context.Context, batch []room.Event) error
	close() error
}

// measureRows commits batches of so many for a while.
func measureRows(ctx context.Context, c committer, size int, d time.Duration) (Rows, error) {
	text := posting{number: 1}.appendText(nil, 128)
	batch := make([]room.Event, size)
	var rows int
	cpu, err := readCPU()
	if err != nil {
		return Rows{}, err
	}
	began := time.Now()
	for time.Since(began) < d {
		for i := range batch {
			batch[i] = room.MessagePosted{
				Stamp: room.Stamp{At: began.UnixMilli(), By: benchUser},
				Topic: benchTopic,
				ID:    room.NewClientID(time.Now()),
				Kind:  room.Text,
				Salt:  room.NewSalt(),
				Body:  text,
			}
		}
		if err := c.commit(ctx, batch); err != nil {
			return Rows{}, err
		}
		rows += size
	}
	took := time.Since(began)
	used, err := readCPU()
	if err != nil {
		return Rows{}, err
	}
	return Rows{PerSecond: per(float64(rows), took.Seconds()), PerCPUSecond: per(float64(rows), (used - cpu).Seconds())}, nil
}

// Who posts where.
const (
	benchUser  = "bench"
	benchDeal  = "deal000000000000"
	benchTopic = "t0p1c00000000000"
)

// bareSQLite is a table with the columns of the store's messages, without
// keys, indexes and references, and one prepared INSERT.
type bareSQLite struct {
	db                    *sql.DB
	conn                  *sql.Conn
	begin, insert, finish *sql.Stmt
	seq                   int64
}

// barePragmas are those of the store's writer, as far as they say how rows are
// written and kept.
var barePragmas = []string{
	"journal_mode(WAL)",
	"synchronous(FULL)",
	"secure_delete(ON)",
	"temp_store(MEMORY)",
	"cache_size(-16384)",
	"wal_autocheckpoint(4096)",
}

func openBareSQLite(ctx context.Context, dir string) (_ *bareSQLite, err error) {
	path := filepath.Join(dir, "bare.db")
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: url.Values{"_pragma": barePragmas}.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("opening bare SQLite: %w", err)
	}
	b := &bareSQLite{db: db}
	defer func() {
		if err != nil {
			b.close()
			err = fmt.Errorf("opening bare SQLite: %w", err)
		}
	}()
	if b.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err = b.conn.ExecContext(ctx, `CREATE TABLE messages (
    topic INTEGER, seq INTEGER, author TEXT, time INTEGER, kind TEXT, ref INTEGER,
    length INTEGER, salt BLOB, digest BLOB, hash BLOB, client_id TEXT, body TEXT
) STRICT`); err != nil {
		return nil, err
	}
	for stmt, query := range map[**sql.Stmt]string{
		&b.begin:  `BEGIN IMMEDIATE`,
		&b.insert: `INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		&b.finish: `COMMIT`,
	} {
		if *stmt, err = b.conn.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *bareSQLite) commit(ctx context.Context, batch []room.Event) error {
	if _, err := b.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("beginning a transaction of bare SQLite: %w", err)
	}
	var hash room.Hash // no chain: the same octets for all
	for _, ev := range batch {
		m := ev.(room.MessagePosted)
		b.seq++
		_, err := b.insert.ExecContext(ctx, 1, b.seq, m.By, m.At, string(m.Kind), nil,
			len(m.Body), m.Salt[:], hash[:], hash[:], m.ID, string(m.Body))
		if err != nil {
			return fmt.Errorf("adding a row to bare SQLite: %w", err)
		}
	}
	if _, err := b.finish.ExecContext(ctx); err != nil {
		return fmt.Errorf("committing to bare SQLite: %w", err)
	}
	return nil
}

func (b *bareSQLite) close() error {
	for _, stmt := range []*sql.Stmt{b.begin, b.insert, b.finish} {
		if stmt != nil {
			stmt.Close()
		}
	}
	if b.conn != nil {
		b.conn.Close()
	}
	return b.db.Close()
}

// realStore is the store with a room in it.
type realStore struct{ store *store.Store }

func openRealStore(ctx context.Context, dir string) (*realStore, error) {
	st, err := store.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	s := &realStore{st}
	at := room.Stamp{At: time.Now().UnixMilli()}
	err = s.commit(ctx, []room.Event{
		room.UserAdded{Stamp: at, Name: benchUser, Display: "Bench", Role: room.Bot},
		room.DealCreated{Stamp: at, ID: benchDeal, Name: "Bench", History: room.HistoryAll},
		room.MemberAdded{Stamp: at, Deal: benchDeal, User: benchUser},
		room.TopicCreated{Stamp: at, ID: benchTopic, Deal: benchDeal, Title: "Bench"},
	})
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *realStore) commit(ctx context.Context, batch []room.Event) error {
	outcomes, err := s.store.Commit(ctx, batch, s.store.Position()+int64(len(batch)))
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.Err != nil {
			return fmt.Errorf("committing to the store: %w", o.Err)
		}
	}
	return nil
}

func (s *realStore) close() error { return s.store.Close() }
