package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Temporary files of the data directory. What SQLite puts beside one begins
// with its name.
const (
	backupPattern  = "backup-*.tmp"
	restorePattern = "restore-*.tmp"
)

// newTemporary makes an empty file that only its owner may read.
func newTemporary(dir, pattern string) (path string, err error) {
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return "", fmt.Errorf("making a temporary file: %w", err)
	}
	return f.Name(), f.Close()
}

// removeTemporary removes it with what SQLite may have put beside it.
func removeTemporary(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// removeTemporaries removes what a process that was killed has left. The caller
// holds the directory's lock.
func removeTemporaries(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		copied, _ := filepath.Match(backupPattern+"*", e.Name()) // the patterns are good ones
		restored, _ := filepath.Match(restorePattern+"*", e.Name())
		if copied || restored {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("removing what was left of an unfinished backup: %w", err)
	}
	return nil
}
