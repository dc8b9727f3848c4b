package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
)

// Diary keeps all that a server in the test's process logs, so that a test can
// ask what the server really saw.
type Diary struct {
	t  testing.TB
	mu sync.Mutex
	b  bytes.Buffer
}

// NewDiary is an empty one.
func NewDiary(t testing.TB) *Diary { return &Diary{t: t} }

// Log writes into the diary, at every level.
func (d *Diary) Log() *slog.Logger {
	return slog.New(slog.NewJSONHandler(d, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write takes what the logger writes.
func (d *Diary) Write(line []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(line)
}

// Count is how many entries have this message and all of these attributes,
// given as name, value, name, value.
func (d *Diary) Count(message string, attributes ...string) (count int) {
	d.t.Helper()
	d.mu.Lock()
	entries := json.NewDecoder(bytes.NewReader(bytes.Clone(d.b.Bytes())))
	d.mu.Unlock()
	for entries.More() {
		var entry map[string]any
		if err := entries.Decode(&entry); err != nil {
			d.t.Fatalf("reading the server's log: %v", err)
		}
		if entry[slog.MessageKey] == message && bears(entry, attributes) {
			count++
		}
	}
	return count
}

func bears(entry map[string]any, attributes []string) bool {
	for i := 0; i+1 < len(attributes); i += 2 {
		if value, ok := entry[attributes[i]]; !ok || fmt.Sprint(value) != attributes[i+1] {
			return false
		}
	}
	return true
}
