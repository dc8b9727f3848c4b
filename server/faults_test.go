//go:build linux

package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"redroom/server/servertest"
)

// mountSmall mounts a file system of its own, which needs to be allowed.
func mountSmall(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "redroom-test", dir).CombinedOutput(); err != nil {
		t.Skipf("mounting is not allowed here (TestFilesMayNotGrow needs none): %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("unmounting: %s", out)
		}
	})
	return dir
}

func remount(t *testing.T, dir, how string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,"+how, dir).CombinedOutput(); err != nil {
		t.Fatalf("remounting: %s", out)
	}
}

// fillDisk leaves so many octets of a disk free, and at most a page.
func fillDisk(t *testing.T, disk string, leave int64) {
	t.Helper()
	ballast, err := os.OpenFile(filepath.Join(disk, "ballast"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close()
	for page := make([]byte, 4096); ; {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(disk, &fs); err != nil {
			t.Fatal(err)
		}
		if int64(fs.Bavail)*fs.Bsize <= leave {
			return
		}
		if _, err := ballast.Write(page); err != nil {
			return // the server was quicker
		}
	}
}

func emptyDisk(t *testing.T, disk string) {
	t.Helper()
	if err := os.Remove(filepath.Join(disk, "ballast")); err != nil {
		t.Fatal(err)
	}
}

// limitFiles lets no file of this process grow beyond so many octets; 0: as
// before.
func limitFiles(t *testing.T, octets uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if octets == 0 {
		limit.Cur = limit.Max
		defer signal.Reset(syscall.SIGXFSZ)
	} else {
		limit.Cur = octets
		signal.Ignore(syscall.SIGXFSZ)
		t.Cleanup(func() { limitFiles(t, 0) })
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}

// failWrites has strace fail whatever would change the database's files, until
// again is called.
func failWrites(t *testing.T, p *servertest.Process, with string) (again func()) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		skipWithoutStrace(t)
	}
	line := []string{"-f", "-p", fmt.Sprint(p.Cmd.Process.Pid), "-o", os.DevNull,
		"-e", "inject=write,pwrite64,ftruncate,fallocate:error=" + with}
	for _, name := range []string{"redroom.db", "redroom.db-wal", "redroom.db-shm"} {
		line = append(line, "-P", filepath.Join(p.Data, name))
	}
	cmd := exec.Command(strace, line...)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	again = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGINT) // it lets go of the server
		cmd.Wait()
	})
	t.Cleanup(again)
	lines := bufio.NewReader(said)
	first, err := lines.ReadString('\n')
	for err == nil && strings.Contains(first, "Requested path") { // has a symbolic link in it
		first, err = lines.ReadString('\n')
	}
	if err != nil || !strings.Contains(first, "attached") {
		t.Fatalf("strace says %q, %v", first, err)
	}
	go io.Copy(io.Discard, lines) // until cmd.Wait closes it
	return again
}

// refusesToStart starts a server that must not come up, and gives what it says.
func refusesToStart(t *testing.T, data string) string {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "serve", "--data", data, "--http", "localhost:0", "--addr", "localhost:0").CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Errorf("the server started: %s", out)
	}
	return string(out)
}
