package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"redroom/server/room"
)

// fileName is the store's one file in the data directory.
const fileName = "redroom.db"

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the store in dir and makes both if they don't exist. Another
// process that has it open is an error that says so.
func Open(ctx context.Context, dir string) (_ *Store, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store: %w", advised(err))
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	if err := removeTemporaries(dir); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	s := &Store{lock: lock, closing: make(chan struct{}), added: make(chan struct{}, 1), damaged: make(chan error, 1)}
	if err := s.open(ctx, filepath.Join(dir, fileName)); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	if err := createFile(path); err != nil {
		return err
	}
	fresh, err := isNew(ctx, path)
	if err != nil {
		return err
	}
	if s.db, err = openDB(path, 1, writerPragmas); err != nil {
		return err
	}
	if fresh {
		if _, err := s.db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
			return fmt.Errorf("marking the new database as ours: %w", err)
		}
	}
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	if err := adoptBackup(ctx, s.db); err != nil {
		return err
	}
	if s.epoch, err = loadEpoch(ctx, s.db); err != nil {
		return err
	}
	if s.readers, err = openReaders(ctx, path); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	w, err := s.ready(ctx)
	if err != nil {
		return err
	}
	if err := w.adoptIndex(ctx); err != nil {
		return err
	}
	s.sweep(ctx) // a crash may have come between a redaction and its own
	return nil
}

// createFile makes sure that nobody else may read the database, nor the files
// that SQLite puts beside it with the same rights.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	return f.Close()
}

// writerWait is how long the writer waits for other connections' locks.
const writerWait = 5 * time.Second

// Pragmas, in the order in which each new connection runs them. Without
// secure_delete, removed words would stay in the file's free pages. The file
// isn't mapped into memory: a read error would then end the process. It is
// never vacuumed: logs grow, and the room that removed words leave is used
// again.
var (
	writerPragmas = []string{
		fmt.Sprintf("busy_timeout(%d)", writerWait.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(ON)",
		"secure_delete(ON)",
		"temp_store(MEMORY)",
		"cache_size(-16384)",
		// Pages: 16 MiB of log. Under load a page that many commits change
		// is then copied into the database once instead of often; what it
		// costs is disk, and a second at the next start after a crash.
		"wal_autocheckpoint(4096)",
	}
	readerPragmas = []string{
		"busy_timeout(5000)",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(ON)",
		"secure_delete(ON)",
		"temp_store(MEMORY)",
		// A cache is emptied by each commit: it holds a page of history, and
		// more would only be memory.
		"cache_size(-1024)",
		"query_only(ON)",
	}
)

func openDB(path string, connections int, pragmas []string) (*sql.DB, error) {
	dsn, err := dataSource(path, pragmas)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// dataSource is the path as a URI, so that '?', '%' and '#' in it are itself.
func dataSource(path string, pragmas []string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("finding the database: %w", err)
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}, "_dqs": {"false"}}
	uri := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return uri.String(), nil
}

// applicationID marks the file as ours: "RRom".
const applicationID = 0x52526f6d

// isNew tells whether the database is still empty, and keeps us out of other
// people's: it's a look without the pragmas that would change one.
func isNew(ctx context.Context, path string) (bool, error) {
	db, err := openDB(path, 1, []string{"busy_timeout(5000)", "query_only(ON)"})
	if err != nil {
		return false, err
	}
	defer db.Close()
	var id, entries int
	err = db.QueryRowContext(ctx, `SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id`).Scan(&id, &entries)
	switch {
	case err != nil:
		return false, fmt.Errorf("reading %s: %w", path, err)
	case id == applicationID:
		return false, nil
	case entries > 0:
		return false, fmt.Errorf("%s is a database, but not Red Room's; choose another data directory", path)
	}
	return true, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("finding the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName("migrations"),
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the database's version: %w", err)
	}
	if has > knows {
		return fmt.Errorf("the database has version %d and this redroom knows %d; use a newer redroom", has, knows)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}

// loadEpoch is the store's epoch, made when there is none yet.
func loadEpoch(ctx context.Context, db *sql.DB) (epoch string, err error) {
	_, err = db.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ('epoch', ?) ON CONFLICT DO NOTHING`, room.NewEpoch())
	if err == nil {
		err = db.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = 'epoch'`).Scan(&epoch)
	}
	if err != nil {
		return "", fmt.Errorf("reading the epoch: %w", err)
	}
	return epoch, nil
}

// Close waits for what is under way and leaves one file. A second Close does
// nothing.
func (s *Store) Close() error {
	if !s.markClosed() {
		return nil
	}
	s.sweeper.Wait()
	s.writing.Lock()
	defer s.writing.Unlock()
	s.reading.Lock()
	defer s.reading.Unlock()

	// The readers first: the last connection to close removes the log.
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.close())
	}
	if s.writer != nil {
		_, err := s.writer.checkpoint(context.Background())
		errs = append(errs, err, s.writer.close())
		s.writer = nil
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	errs = append(errs, s.lock.release())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("store: closing: %w", err)
	}
	return nil
}

// markClosed waits for what is under way; nothing begins after it. It is false
// if the store was closed before.
func (s *Store) markClosed() bool {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.closed {
		return false
	}
	s.closed = true
	close(s.closing)
	return true
}
