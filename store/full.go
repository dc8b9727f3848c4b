package store

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// advised says what to do about a directory that can't be written.
func advised(err error) error {
	var failed *sqlite.Error
	code := 0
	if errors.As(err, &failed) {
		code = failed.Code()
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), code == sqlite3.SQLITE_FULL, code == sqlite3.SQLITE_IOERR_SHMSIZE:
		return fmt.Errorf("%w: the disk is full; make room on it and start again", err)
	case errors.Is(err, syscall.EROFS), code&0xff == sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%w: the data directory must be writable, also to read from it", err)
	}
	return err
}
