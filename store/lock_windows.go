package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile locks one octet far behind the content, which stays readable: on
// Windows a locked range can't be read by others.
func lockFile(f *os.File) error {
	behind := &windows.Overlapped{OffsetHigh: 1}
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, behind)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}
