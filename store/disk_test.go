//go:build linux || darwin

package store

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
)

func init() {
	// The write-ahead log can't take what COMMIT writes.
	failures["the disk is full"] = failure{3, func(t *testing.T, s *Store) func() {
		log, err := os.Stat(s.path(t) + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		var usual syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
			t.Fatal(err)
		}
		signal.Ignore(syscall.SIGXFSZ)
		full := usual
		full.Cur = uint64(log.Size())
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
			t.Fatal(err)
		}
		mend := func() {
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
				t.Error(err)
			}
			signal.Reset(syscall.SIGXFSZ)
		}
		t.Cleanup(mend)
		return mend
	}}
}
