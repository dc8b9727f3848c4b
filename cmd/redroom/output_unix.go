//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// watchOutput waits until nobody reads what is written to a pipe, and tells that,
// or until ctx ends. Without it a `head -1` that has gone would be noticed with
// the next message, which may come tomorrow.
func watchOutput(ctx context.Context, out io.Writer) (gone bool) {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	waking, wake, err := os.Pipe()
	if err != nil {
		return false
	}
	defer waking.Close()
	defer wake.Close()
	defer context.AfterFunc(ctx, func() { wake.Close() })()
	fds := []unix.PollFd{{Fd: int32(file.Fd())}, {Fd: int32(waking.Fd())}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil, fds[1].Revents != 0:
			return false
		default:
			return true
		}
	}
}
