package client

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"redroom/server/room"
)

// outboxSchema is version 1 of an Outbox's file. A post that was refused has a
// code. sent is 1 from before its first sending on, until an answer to it says
// that it was refused.
const outboxSchema = `
CREATE TABLE posts (
	number INTEGER PRIMARY KEY,
	topic  TEXT    NOT NULL,
	id     TEXT    NOT NULL UNIQUE,
	kind   TEXT    NOT NULL,
	ref    INTEGER NOT NULL,
	epoch  TEXT    NOT NULL,
	body   TEXT    NOT NULL,
	sent   INTEGER NOT NULL DEFAULT 0,
	code   INTEGER NOT NULL DEFAULT 0,
	reason TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX posts_waiting ON posts (topic, number) WHERE code = 0;
`

const (
	outboxID      = 0x52526f62 // "RRob": the file's application_id
	outboxVersion = 1          // its user_version
)

// outboxPragmas, in the order in which they are run. The lock is held for as
// long as the file is open, and is the system's: it ends with the process. A
// rollback journal and no write-ahead log: what failed to be written there may
// come back after a crash. Words that were sent don't stay in free pages.
var outboxPragmas = []string{"locking_mode(EXCLUSIVE)", "journal_mode(TRUNCATE)", "synchronous(FULL)", "secure_delete(ON)", "temp_store(MEMORY)"}

const (
	// keepPost changes no row where its id is another post's.
	keepPost = `INSERT INTO posts (topic, id, kind, ref, epoch, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET number = iif(code = 0, number, (SELECT max(number) + 1 FROM posts)), code = 0, reason = ''
		WHERE topic = excluded.topic AND kind = excluded.kind AND ref = excluded.ref AND epoch = excluded.epoch AND body = excluded.body`
	selectPosts   = `SELECT topic, id, kind, ref, epoch, body, sent, code, reason FROM posts`
	nextPost      = selectPosts + ` WHERE topic = ? AND code = 0 ORDER BY number LIMIT 1`
	allPosts      = selectPosts + ` ORDER BY number`
	sizeOfPosts   = `SELECT (SELECT count(*) FROM posts), (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size`
	waitingTopics = `SELECT DISTINCT topic FROM posts WHERE code = 0`
	deletePost    = `DELETE FROM posts WHERE id = ?`
	departPost    = `UPDATE posts SET sent = 1, body = ? WHERE id = ?`
	markPost      = `UPDATE posts SET code = ?, reason = ?, sent = sent AND ? WHERE id = ?`
)

// openOutboxFile opens the database, and makes it if there is none.
func openOutboxFile(ctx context.Context, path string) (_ *sql.DB, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := createOutboxFile(path); err != nil {
		return nil, err
	}
	uriPath := filepath.ToSlash(path)
	if !strings.HasPrefix(uriPath, "/") {
		uriPath = "/" + uriPath // C:/… on Windows
	}
	uri := url.URL{Scheme: "file", Path: uriPath, RawQuery: url.Values{"_pragma": outboxPragmas, "_txlock": {"exclusive"}, "_dqs": {"false"}}.Encode()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	err = prepareOutbox(ctx, db)
	if err == nil {
		err = tightenOutboxFile(path)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// tightenOutboxFile makes sure that nobody else may read a file that was there,
// nor its journal, which SQLite made with the file's permissions.
func tightenOutboxFile(path string) error {
	if runtime.GOOS == "windows" { // where there are no such permissions
		return nil
	}
	const private fs.FileMode = 0o600
	for _, file := range []string{path, path + "-journal"} {
		info, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm() == private {
			continue
		}
		if err == nil {
			err = os.Chmod(file, private)
		}
		if err != nil {
			return fmt.Errorf("others may be able to read %s; have its owner set its permissions to %#o, or choose another path: %w", file, private, err)
		}
	}
	return nil
}

// createOutboxFile makes sure that nobody else may read it. One that is there is
// not touched: to close it would end this process's lock on it.
func createOutboxFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // so that the file's name lasts, where the system can
		return dir.Close()
	}
	return nil
}

// prepareOutbox takes the lock, and makes the table in a new file.
func prepareOutbox(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var id, version, tables int
	err = tx.QueryRowContext(ctx, `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version`).Scan(&id, &version, &tables)
	switch {
	case err != nil:
		return err
	case id == outboxID && version == outboxVersion:
		// So that one that can't be written isn't opened.
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", outboxVersion)); err != nil {
			return err
		}
		return tx.Commit()
	case id == outboxID:
		return fmt.Errorf("the file has version %d and this redroom knows %d; use a newer redroom", version, outboxVersion)
	case tables > 0:
		return errors.New("the file is a database, but no outbox; choose another path")
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d", outboxSchema, outboxID, outboxVersion)); err != nil {
		return err
	}
	return tx.Commit()
}

// advisedOutbox says of an error of the file what is to be done about it.
func advisedOutbox(err error) error {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrOutboxInUse
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("the file is no outbox; choose another path: %w", err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk is full; make room on it: %w", err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("the file is damaged; move it away, and what it kept has to be posted again, under the same ids: %w", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("the file can not be written; let this user write it and its directory (chmod u+rw), or choose another path: %w", err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk failed; see that it is there, and has room and no quota that is used up, then open the outbox again: %w", err)
	}
	return err
}

// scanPost reads a row of selectPosts.
func scanPost(row interface{ Scan(...any) error }) (k Kept, err error) {
	var code int
	var reason string
	if err := row.Scan(&k.Topic, &k.ID, &k.Kind, &k.Ref, &k.Epoch, &k.Body, &k.sent, &code, &reason); err != nil {
		return k, err
	}
	switch {
	case code == ErrUnknown.Code && k.sent:
		k.Refused = ErrUnknown
	case code != 0:
		k.Refused = &room.Error{Code: code, Text: reason}
	}
	return k, nil
}
