//go:build !windows

package bench

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

func cpuTime() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, err
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}

// residentMemory is what Linux tells in /proc/self/statm (proc(5)), in pages;
// elsewhere the most that there was, which getrusage tells: Apple's in octets,
// the others' in KiB.
func residentMemory() (int64, error) {
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		var size, resident int64
		if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
			return 0, fmt.Errorf("/proc/self/statm: %w", err)
		}
		return resident * int64(os.Getpagesize()), nil
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, err
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(used.Maxrss), nil
	}
	return int64(used.Maxrss) << 10, nil
}

func openDescriptors() int {
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		return -1
	}
	return len(open) - 1 // without the one of the directory itself
}
