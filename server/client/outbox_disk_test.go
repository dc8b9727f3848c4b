//go:build linux || darwin

package client

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"redroom/server/room"
)

// limitFiles has no file of this process grow beyond so many octets, as on a
// disk that is full, until it is mended.
func limitFiles(t *testing.T, size uint64) (mend func()) {
	t.Helper()
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	full := usual
	full.Cur = size
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	mend = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
			t.Error(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	}
	t.Cleanup(mend)
	return mend
}

func TestAPostThatTheDiskDoesNotTakeIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	o := openOutbox(t, path)
	keep(t, o, Post{ID: "before", Body: "before"})
	file, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", room.MaxText)
	for name, size := range map[string]int64{"nothing can be written": 1, "the journal can't grow": 600, "the file can't grow": file.Size(), "it can a little": file.Size() + 10_000} {
		mend := limitFiles(t, uint64(size))
		if _, err := o.Post(t.Context(), sceneTopic, Post{ID: "large", Body: large}); err == nil {
			t.Errorf("%s: a post was kept", name)
		} else if refusal := (*room.Error)(nil); errors.As(err, &refusal) {
			t.Errorf("%s: the post was refused with %v", name, err)
		} else if says := err.Error(); !strings.Contains(says, "the disk failed; see that") && !strings.Contains(says, "the disk is full; make room") {
			t.Errorf("%s: it says %s", name, says)
		}
		expectKept(t, o, "before")
		mend()
		expectKept(t, o, "before")
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	o = openOutbox(t, path)
	expectKept(t, o, "before")
	if id, err := o.Post(context.Background(), sceneTopic, Post{ID: "large", Body: large}); err != nil {
		t.Errorf("once there is room, the post %s is not kept: %v", id, err)
	}
	expectKept(t, o, "before", large)
}
