package servertest

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// within calls f in a network namespace. A socket stays in that of the thread
// which has made it (setns(2)), so that f must not leave making it to others: an
// address has to be a literal one.
func within(namespace string, f func() error) error {
	there, err := os.Open("/run/netns/" + namespace)
	if err != nil {
		return err
	}
	defer there.Close()
	runtime.LockOSThread()
	here, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer here.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering the namespace %s: %w", namespace, err)
	}
	err = f()
	if back := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); back != nil {
		return fmt.Errorf("coming back from the namespace %s: %w", namespace, back) // the thread ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}
