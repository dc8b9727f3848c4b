package servertest

import (
	"context"
	"crypto/sha256"
	"flag"
	"maps"
	"slices"
	"sync"
	"testing"

	"redroom/server"
	"redroom/server/room"
	"redroom/store"
)

// replaying has every room that a test starts in its own process, and stops, made
// again from its events.
var replaying = flag.Bool("replay", false, "apply the events of each test once more, in other batches, and compare the stores")

// recordLimit is how many events are remembered; a longer run isn't made again.
const recordLimit = 200_000

// Recording are the events of a room from its beginning.
type Recording struct {
	mu      sync.Mutex
	batches [][]room.Event
	events  int
}

// Record has c's server recorded, whose store must be empty.
func Record(c *server.Config) *Recording {
	r := new(Recording)
	c.Applied = func(batch []room.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.events += len(batch); r.events <= recordLimit {
			r.batches = append(r.batches, slices.Clone(batch))
		} else {
			r.batches = nil
		}
	}
	return r
}

// Verify applies the events to two empty stores, in other batches than they came
// in, and compares all tables with those of the room, which must be stopped.
func (r *Recording) Verify(t testing.TB, data string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events > recordLimit {
		t.Logf("%d events are too many to be applied once more", r.events)
		return
	}
	want := checksum(t, data)
	all := slices.Concat(r.batches...)
	for name, cut := range map[string]func(left int) int{
		"as few batches as possible": func(int) int { return 512 },
		"uneven batches":             func(left int) int { return 1 + left*7%13 },
	} {
		copied := t.TempDir()
		apply(t, copied, all, cut)
		if got := checksum(t, copied); !maps.Equal(got, want) {
			for _, table := range slices.Sorted(maps.Keys(want)) {
				if got[table] != want[table] {
					t.Errorf("%d events in %s give other rows of %s", len(all), name, table)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d events in %s give %d tables, want %d", len(all), name, len(got), len(want))
			}
		}
	}
}

// apply makes a store of events, as many at a time as cut says.
func apply(t testing.TB, data string, all []room.Event, cut func(left int) int) {
	t.Helper()
	copied, err := store.Open(context.Background(), data)
	if err != nil {
		t.Fatalf("opening an empty store: %v", err)
	}
	defer func() {
		if err := copied.Close(); err != nil {
			t.Errorf("closing a store: %v", err)
		}
	}()
	for at := 0; at < len(all); {
		end := min(at+cut(len(all)-at), len(all))
		if _, err := copied.Commit(context.Background(), all[at:end], int64(end)); err != nil {
			t.Fatalf("applying events %d to %d: %v", at+1, end, err)
		}
		at = end
	}
}

func checksum(t testing.TB, data string) map[string][sha256.Size]byte {
	t.Helper()
	sums, err := store.Checksum(context.Background(), data)
	if err != nil {
		t.Fatal(err)
	}
	return sums
}
