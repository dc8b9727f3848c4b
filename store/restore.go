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
	"runtime"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"redroom/server/room"
)

// Restore makes the store of a data directory what file holds, a backup or the
// file of a stopped store, after checking all of it. It gets a new epoch, so
// that clients forget what they have of the one before. Without replace, a
// directory that has a store is refused; one whose server runs always is. A
// crash leaves the old store or the new one.
func Restore(ctx context.Context, file, dir string, replace bool) (_ *Report, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store: restoring: %w", err)
		}
	}()
	path := filepath.Join(dir, fileName)
	if err := checkTarget(path, file, replace); err != nil {
		return nil, err
	}
	r, err := checkSource(ctx, file)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if err := checkTarget(path, file, replace); err != nil {
		return nil, err
	}
	if err := removeTemporaries(dir); err != nil {
		return nil, err
	}
	temporary, err := newTemporary(dir, restorePattern)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, removeTemporary(temporary)) }() // it's gone if all went well
	if r.Octets, err = copyPages(temporary, file); err != nil {
		return nil, fmt.Errorf("copying %s: %w", file, err)
	}
	err = withDB(temporary, finishPragmas, func(db *sql.DB) error { return beginEpoch(ctx, db, &r.Epoch) })
	if err != nil {
		return nil, err
	}
	if err := syncFile(temporary); err != nil {
		return nil, err
	}
	if err := closeOld(ctx, path); err != nil {
		return nil, err
	}
	if err := os.Rename(temporary, path); err != nil {
		return nil, fmt.Errorf("putting the store in its place: %w", err)
	}
	r.Path = path
	return r, syncDir(dir)
}

// checkTarget refuses to replace a store that nobody asked to.
func checkTarget(path, file string, replace bool) error {
	there, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if source, err := os.Stat(file); err == nil && os.SameFile(there, source) {
		return fmt.Errorf("%s is the store itself", file)
	}
	if !replace {
		return fmt.Errorf("there is a store in %s; choose another data directory, or add --force to replace it", filepath.Dir(path))
	}
	return nil
}

// checkSource refuses what isn't whole.
func checkSource(ctx context.Context, file string) (*Report, error) {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory; name a backup's file", file)
	}
	r, err := Verify(ctx, file)
	if err != nil {
		return nil, err
	}
	if r.InUse {
		return nil, fmt.Errorf("%s is in use or was not closed (there is a %s-wal); make a backup of it", file, filepath.Base(file))
	}
	return r, r.Err()
}

// copyPages copies the database without what a backup has behind it.
func copyPages(to, file string) (octets int64, err error) {
	h, err := readHeader(file)
	if err != nil {
		return 0, err
	}
	from, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(f, sum), from, h.octets); err != nil {
		return 0, err
	}
	line, err := io.ReadAll(io.LimitReader(from, maxTrailer))
	if err != nil {
		return 0, err
	}
	if len(line) == 0 {
		return h.octets, nil
	}
	if t, ok := parseTrailer(string(line)); !ok || !t.vouches(sum) {
		return 0, errors.New("it has changed since it was checked")
	}
	return h.octets, nil
}

// beginEpoch makes a database the beginning of another life of its store.
func beginEpoch(ctx context.Context, db *sql.DB, epoch *string) error {
	*epoch = room.NewEpoch()
	_, err := db.ExecContext(ctx, `UPDATE settings SET value = ? WHERE name = 'epoch'`, *epoch)
	if err == nil {
		_, err = db.ExecContext(ctx, `DELETE FROM settings WHERE name = 'backup'`)
	}
	if err != nil {
		return fmt.Errorf("beginning a new epoch: %w", err)
	}
	return nil
}

// adoptBackup begins a new epoch if somebody has put a backup in the store's
// place by hand.
func adoptBackup(ctx context.Context, db *sql.DB) error {
	var epoch, position string
	err := db.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = 'backup'`).Scan(&position)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking whether this is a backup: %w", err)
	}
	return beginEpoch(ctx, db, &epoch)
}

// closeOld brings the write-ahead log of the store that is to be replaced into
// its file: the new one must never meet it. One that is too damaged for that
// is lost anyway.
func closeOld(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return removeBeside(path)
	}
	var busy, logged, moved int
	err := withDB(path, []string{"busy_timeout(1000)"}, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved)
	})
	var damage *sqlite.Error
	switch {
	case err == nil && busy != 0:
		return fmt.Errorf("another program has %s open; close it first", path)
	case errors.As(err, &damage) && (damage.Code()&0xff == sqlite3.SQLITE_CORRUPT || damage.Code()&0xff == sqlite3.SQLITE_NOTADB):
	case err != nil:
		return fmt.Errorf("closing the store that is to be replaced: %w", err)
	}
	return removeBeside(path)
}

// removeBeside removes what SQLite has put beside a database.
func removeBeside(path string) error {
	for _, suffix := range []string{"-journal", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing what belongs to the old store: %w", err)
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("bringing %s to stable storage: %w", path, err)
	}
	return nil
}

// syncDir makes the names in a directory last. Windows can't be asked to.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("bringing %s to stable storage: %w", dir, err)
	}
	return nil
}
