package server_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"redroom/server/servertest"
)

// TestWriterIsSynchronousFull reads the pragma on the connection that writes.
func TestWriterIsSynchronousFull(t *testing.T) {
	r := servertest.Start(t)
	for name, want := range map[string]string{"synchronous": "2", "journal_mode": "wal"} {
		got, err := r.Server.WriterPragma(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("PRAGMA %s is %s, want %s", name, got, want)
		}
	}
}

// TestLonePostIsSyncedBeforeItsACK looks at the real server's system calls,
// since SIGKILL doesn't test the disk: of posts that come alone, each has an
// fsync of the write-ahead log that returns between the client's sending and
// its reading of the ACK. The times are all of this machine's one clock.
func TestLonePostIsSyncedBeforeItsACK(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		skipWithoutStrace(t)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	// With -D the process that was started is the server, not strace.
	p := servertest.StartProcess(t, t.TempDir(), []string{strace, "-D", "-f", "-ttt", "-T", "-y", "-e", "trace=fsync,fdatasync", "-o", trace})
	anna := p.Admin(t)
	topic := join(t, p.Connect(t, anna), anna.Topic(t, anna.Deal(t, "Sync", "all"), "Alone", 1), 0, nil)

	type window struct{ sent, acked time.Time }
	posts := make([]window, 20)
	for i := range posts {
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		posts[i].sent = time.Now()
		_, err := topic.Post(ctx, fmt.Sprintf("lone-%d", i), "Allein.", 0)
		posts[i].acked = time.Now()
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
	if status := p.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}

	synced := syncsOfLog(t, trace)
	for i, post := range posts {
		found := false
		for _, at := range synced {
			found = found || at.After(post.sent) && at.Before(post.acked)
		}
		if !found {
			t.Errorf("post %d was sent at %v and acknowledged %v later, and no fsync of the log returned in between", i, post.sent, post.acked.Sub(post.sent))
		}
	}
	if t.Failed() {
		t.Logf("fsyncs of the log returned at %v", synced)
	}
}

// skipWithoutStrace fails the test instead where strace must be there.
func skipWithoutStrace(t *testing.T) {
	t.Helper()
	const missing = "there is no strace: apt-get install strace"
	if os.Getenv("REDROOM_STRACE") == "require" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// strace writes a call in one line, or in two if another thread's came in
// between; a line's time is that of its beginning.
var (
	wholeCall   = regexp.MustCompile(`^(\d+) +(\d+\.\d+) (?:fsync|fdatasync)\(\d+<(.*)>\) += 0 <(\d+\.\d+)>$`)
	callBegins  = regexp.MustCompile(`^(\d+) +\d+\.\d+ (?:fsync|fdatasync)\(\d+<(.*)>? *<unfinished`)
	callReturns = regexp.MustCompile(`^(\d+) +(\d+\.\d+) <\.\.\. (?:fsync|fdatasync) resumed>\) += 0 <`)
)

// syncsOfLog are the times at which a sync of the write-ahead log returned.
func syncsOfLog(t *testing.T, trace string) []time.Time {
	t.Helper()
	content, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var times []time.Time
	open := make(map[string]string) // thread -> file
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		file, at := "", time.Time{}
		if m := wholeCall.FindStringSubmatch(line); m != nil {
			file, at = m[3], unixTime(t, m[2]).Add(seconds(t, m[4]))
		} else if m := callBegins.FindStringSubmatch(line); m != nil {
			open[m[1]] = m[2]
		} else if m := callReturns.FindStringSubmatch(line); m != nil {
			file, at = open[m[1]], unixTime(t, m[2])
		}
		if strings.Contains(file, "redroom.db-wal") {
			times = append(times, at)
		}
	}
	if len(times) == 0 {
		t.Fatalf("the trace has no fsync of the write-ahead log:\n%.2000s", content)
	}
	return times
}

// seconds reads what strace writes, in microseconds.
func seconds(t *testing.T, s string) time.Duration {
	t.Helper()
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	micros, err2 := strconv.ParseInt(fraction, 10, 64)
	if err != nil || err2 != nil || len(fraction) != 6 {
		t.Fatalf("%q is not seconds with microseconds", s)
	}
	return time.Duration(n)*time.Second + time.Duration(micros)*time.Microsecond
}

func unixTime(t *testing.T, s string) time.Time {
	t.Helper()
	return time.Unix(0, 0).Add(seconds(t, s))
}
