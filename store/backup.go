package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// ErrBackupRuns means that one backup is being made already.
var ErrBackupRuns = errors.New("store: another backup is being made; try again when it is done")

// Backup is a consistent copy of a store: what it was at one position of the
// journal. It is a temporary file in the data directory, until Close.
type Backup struct {
	Position int64 // all events up to this one are in it, and none after it
	Size     int64 // octets that WriteTo writes

	file *os.File
}

const pagesAStep = 256 // 1 MiB

// A backup's file is journaled as nobody needs it: if it isn't finished, it is
// removed. It becomes durable where it is going to lie.
var (
	copyPragmas   = []string{"journal_mode(OFF)", "synchronous(OFF)", "cache_size(-4096)"}
	finishPragmas = []string{"journal_mode(DELETE)", "synchronous(OFF)"}
)

// Backup copies the store while commits go on. The pages are copied some at a
// time, between commits, by the writer's own connection: SQLite then changes
// in the copy too what a commit changes in pages that were copied already. No
// read transaction lasts longer than a step, so that the write-ahead log can
// be cut meanwhile. It fails if a commit does, since that ends the connection.
func (s *Store) Backup(ctx context.Context) (_ *Backup, err error) {
	path, err := newTemporary(s.lock.dir(), backupPattern)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := s.copyTo(ctx, path); err != nil {
		return nil, fmt.Errorf("store: copying: %w", errors.Join(err, removeTemporary(path)))
	}
	return finishBackup(ctx, path)
}

func (s *Store) copyTo(ctx context.Context, path string) error {
	w, err := s.beginCopy(ctx, path)
	if err != nil {
		return err
	}
	for more := true; more; {
		if more, err = s.copyStep(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) beginCopy(ctx context.Context, path string) (*writer, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	w, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	if w.copying != nil {
		return nil, ErrBackupRuns
	}
	w.copying, err = newCopy(w.conn, path)
	return w, err
}

// copyStep copies some pages, and is false when all are.
func (s *Store) copyStep(ctx context.Context, w *writer) (more bool, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	switch {
	case s.closed:
		return false, errClosed
	case s.writer != w:
		return false, errors.New("a commit failed meanwhile, which ends a backup; try again")
	case ctx.Err() != nil:
		return false, errors.Join(ctx.Err(), w.endCopy())
	}
	err = w.conn.Raw(func(any) (err error) {
		more, err = w.copying.Step(pagesAStep)
		return err
	})
	if err != nil || !more {
		err = errors.Join(err, w.endCopy())
	}
	return more, err
}

// endCopy lets go of a copy, which is complete only if all steps were done.
func (w *writer) endCopy() error {
	if w.copying == nil {
		return nil
	}
	err := w.copying.Finish()
	w.copying = nil
	return err
}

// newCopy begins to copy a connection's database to an empty file.
func newCopy(conn *sql.Conn, path string) (c *sqlite.Backup, err error) {
	to, err := dataSource(path, copyPragmas)
	if err != nil {
		return nil, err
	}
	err = conn.Raw(func(driver any) (err error) {
		c, err = driver.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		}).NewBackup(to)
		return err
	})
	return c, err
}

// BackupStopped copies the store of a data directory that no server has open.
// It is not migrated by that.
func BackupStopped(ctx context.Context, dir string) (_ *Backup, err error) {
	path := filepath.Join(dir, fileName)
	if _, err := readHeader(path); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if err := removeTemporaries(dir); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	to, err := newTemporary(dir, backupPattern)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := copyStopped(ctx, path, to); err != nil {
		return nil, fmt.Errorf("store: copying %s: %w", path, errors.Join(err, removeTemporary(to)))
	}
	return finishBackup(ctx, to)
}

func copyStopped(ctx context.Context, from, to string) (err error) {
	db, err := openDB(from, 1, []string{"busy_timeout(5000)"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	c, err := newCopy(conn, to)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = c.Step(pagesAStep)
		}
	}
	return errors.Join(err, c.Finish())
}

// finishBackup makes a copy one plain file, which knows what it is: without its
// last line it would be taken for a backup that was cut off, and whoever puts
// it in a store's place begins a new epoch with it.
func finishBackup(ctx context.Context, path string) (_ *Backup, err error) {
	b := &Backup{}
	defer func() {
		if err != nil {
			err = fmt.Errorf("store: finishing the copy: %w", errors.Join(err, removeTemporary(path)))
		}
	}()
	err = withDB(path, finishPragmas, func(db *sql.DB) error {
		if err := db.QueryRowContext(ctx, pingSQL).Scan(&b.Position); err != nil {
			return err
		}
		_, err := db.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ('backup', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value`, fmt.Sprint(b.Position))
		return err
	})
	if err != nil {
		return nil, err
	}
	h, err := readHeader(path)
	if err != nil {
		return nil, err
	}
	if h.logged || h.size != h.octets {
		return nil, fmt.Errorf("SQLite has left more than one plain file: %d octets, of which %d are pages", h.size, h.octets)
	}
	b.Size = h.octets + int64(len(trailer{position: b.Position}.String()))
	b.file, err = os.Open(path)
	return b, err
}

// WriteTo writes the backup: the database, and the line that vouches for it.
func (b *Backup) WriteTo(to io.Writer) (int64, error) {
	t := trailer{position: b.Position}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum), io.NewSectionReader(b.file, 0, 1<<62))
	if err != nil {
		return n, fmt.Errorf("store: writing a backup: %w", err)
	}
	t.seal(sum)
	m, err := io.WriteString(to, t.String())
	if err != nil {
		return n + int64(m), fmt.Errorf("store: writing a backup's last line: %w", err)
	}
	return n + int64(m), nil
}

// Close removes the copy.
func (b *Backup) Close() error {
	return errors.Join(b.file.Close(), removeTemporary(b.file.Name()))
}

// SaveBackup writes a backup to a file, and reads it again to check all of it
// before it gets its name. Without replace, a file that is there is kept.
func SaveBackup(ctx context.Context, file string, replace bool, write func(io.Writer) error) (_ *Report, err error) {
	if filepath.Base(file) == fileName {
		return nil, fmt.Errorf("store: %s is what a store is called; choose another name for a backup", fileName)
	}
	if there, err := os.Stat(file); err == nil && !replace {
		return nil, fmt.Errorf("store: %s is there already; choose another name, or add --force to replace it", file)
	} else if err == nil && !there.Mode().IsRegular() {
		return nil, fmt.Errorf("store: %s is not a file", file)
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("store: writing a backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	r, err := Verify(ctx, f.Name())
	if err != nil {
		return nil, err
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("store: checking the backup: %w", err)
	}
	if !r.Backup {
		return nil, errors.New("store: checking the backup: it has no last line")
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return nil, fmt.Errorf("store: giving the backup its name: %w", err)
	}
	r.Path = file
	return r, syncDir(filepath.Dir(file))
}

// withDB opens a database for one use.
func withDB(path string, pragmas []string, use func(*sql.DB) error) (err error) {
	db, err := openDB(path, 1, pragmas)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return use(db)
}
