package transport_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/transport"
)

// kept is a log that can be read while it is written.
type kept struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.said.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.said.String()
}

// qlogged is a server with qlogs in a directory, and what they say.
func qlogged(t *testing.T, dir string) (s *udpServer, qlog *transport.Qlog, said *kept) {
	t.Helper()
	said = new(kept)
	qlog, err := transport.OpenQlog(dir, slog.New(slog.NewTextHandler(said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return serveUDPWith(t, qlog), qlog, said
}

// TestAQlogIsWholeWhenItIsClosed has one connection after the other.
func TestAQlogIsWholeWhenItIsClosed(t *testing.T) {
	dir := t.TempDir()
	var qlog *transport.Qlog
	var said *kept
	t.Run("connections", func(t *testing.T) { // the server is closed at its end
		var s *udpServer
		s, qlog, said = qlogged(t, dir)
		for range 3 {
			connect(t, s)
		}
	})
	qlog.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*.sqlog"))
	if err != nil || len(files) != 3 {
		t.Fatalf("of three connections there are the files %q: %v", files, err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil || !bytes.Contains(content, []byte(`"transport:connection_closed"`)) || !bytes.HasSuffix(content, []byte("}\n")) {
			t.Errorf("%s does not end as its connection did: %v", f, err)
		}
	}
	if said.String() != "" {
		t.Errorf("it complained: %s", said)
	}
}

// TestConnectionsOutliveTheirQlogs takes their directory away.
func TestConnectionsOutliveTheirQlogs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "qlog")
	s, _, said := qlogged(t, dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		connect(t, s)
	}
	if strings.Count(said.String(), "without qlog files") != 1 || !strings.Contains(said.String(), dir) {
		t.Errorf("it said %q, want once that they go without", said)
	}
}

// TestSoManyQlogsAreWrittenAtOnce has connections when there is no place, and when there
// is one, which each gives back when it is over.
func TestSoManyQlogsAreWrittenAtOnce(t *testing.T) {
	dir := t.TempDir()
	s, qlog, said := qlogged(t, dir)
	files := func() int {
		all, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	free := qlog.Fill()
	connect(t, s)
	connect(t, s)
	if n := files(); n != 0 || strings.Count(said.String(), "256 are being written") != 1 {
		t.Errorf("without a place there are %d files, and it said %q, want once that there are so many", n, said)
	}
	free()
	for deadline := time.Now().Add(patience); files() < 3; connect(t, s) {
		if time.Now().After(deadline) {
			t.Fatalf("with one place %d files were written, one after the other", files())
		}
	}
}

// connect opens a connection, and closes it.
func connect(t *testing.T, s *udpServer) {
	t.Helper()
	client, _, err := s.accept(transport.DialQUIC(t.Context(), s.host, s.trust))
	if err != nil {
		t.Fatal(err)
	}
	client.Close(0, "")
}

// TestAQlogOnAFullDiskEndsEarly writes to a device that is always full.
func TestAQlogOnAFullDiskEndsEarly(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("there is no /dev/full here")
	} else if err != nil {
		t.Fatal(err)
	}
	said := new(kept)
	f := transport.NewQlogFile(full, slog.New(slog.NewTextHandler(said, nil)))
	for range 3 {
		if n, err := f.Write(make([]byte, 8<<10)); n != 8<<10 || err != nil {
			t.Errorf("writing: %d, %v", n, err)
		}
	}
	if err := f.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	if got := said.String(); strings.Count(got, "ends early") != 1 || !strings.Contains(got, "no space left") {
		t.Errorf("it said %q", got)
	}
}
