package store_test

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// TestSameEventsInOtherBatchesGiveTheSameContents applies a random run of events
// of all types to empty stores, cut into other batches, and one of them closed
// and opened meanwhile: all tables have the same rows, and all States are alike.
func TestSameEventsInOtherBatchesGiveTheSameContents(t *testing.T) {
	seed := seed(t)
	events := told(seed, 4000)
	chance := rand.New(rand.NewPCG(seed, 1))
	cuts := []struct {
		name string
		next func() (size int, reopen bool)
	}{
		{"all at once", func() (int, bool) { return len(events), false }},
		{"few at once", func() (int, bool) { return 1 + chance.IntN(5), false }},
		{"many, and opened anew", func() (int, bool) { return 1 + chance.IntN(99), chance.IntN(2) == 0 }},
	}
	var (
		sums     map[string][sha256.Size]byte
		state    *room.State
		trail    room.Head
		outcomes []room.Outcome
	)
	for _, cut := range cuts {
		dir := t.TempDir()
		s := open(t, dir)
		var out []room.Outcome
		for rest := events; len(rest) > 0; {
			size, reopen := cut.next()
			size = min(size, len(rest))
			out = append(out, commit(t, s, rest[:size]...)...)
			rest = rest[size:]
			if reopen {
				s = reopenedAlike(t, s, dir)
			}
		}
		s = reopenedAlike(t, s, dir)
		got, err := store.Checksum(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		if r, err := store.Verify(t.Context(), dir); err != nil || r.Err() != nil || r.Audit.Rows != s.AuditHead().Seq {
			t.Errorf("%s: %v, %v", cut.name, err, r.Err())
		}
		if sums == nil {
			sums, state, trail, outcomes = got, s.State(), s.AuditHead(), out
			continue
		}
		for _, table := range slices.Sorted(maps.Keys(sums)) {
			if got[table] != sums[table] {
				t.Errorf("%s: table %s has other rows", cut.name, table)
			}
		}
		if len(got) != len(sums) || !reflect.DeepEqual(s.State(), state) || s.AuditHead() != trail {
			t.Errorf("%s: the contents are others", cut.name)
		}
		for i := range out {
			if !reflect.DeepEqual(out[i], outcomes[i]) {
				t.Errorf("%s: event %d, %T %+v, has the outcome %+v, and had %+v", cut.name, i, events[i], events[i], out[i], outcomes[i])
			}
		}
	}
	checkTold(t, events, outcomes)
}

// reopenedAlike is the store after it was closed and opened again, which must
// have changed nothing of what memory holds.
func reopenedAlike(t *testing.T, s *store.Store, dir string) *store.Store {
	t.Helper()
	again := reopened(t, s, dir)
	if !reflect.DeepEqual(again.State(), s.State()) {
		t.Errorf("opened again, the room is\n%s\nand was\n%s", described(again.State()), described(s.State()))
	}
	if again.AuditHead() != s.AuditHead() || again.Position() != s.Position() {
		t.Errorf("opened again, the trail ends at %d, the position is %d; they were %d, %d", again.AuditHead().Seq, again.Position(), s.AuditHead().Seq, s.Position())
	}
	for topic := range s.State().Topics() {
		if again.Head(topic.ID) != s.Head(topic.ID) {
			t.Errorf("opened again, the head of %s is %+v, and was %+v", topic.ID, again.Head(topic.ID), s.Head(topic.ID))
		}
	}
	return again
}

// checkTold sees to it that events of every type that there is were applied, and
// refused.
func checkTold(t *testing.T, events []room.Event, outcomes []room.Outcome) {
	t.Helper()
	applied, refused := make(map[string]int), make(map[string]int)
	redactions := 0
	for i, ev := range events {
		if outcomes[i].Err == nil {
			applied[fmt.Sprintf("%T", ev)]++
		} else {
			refused[fmt.Sprintf("%T", ev)]++
		}
		if outcomes[i].Redacted {
			redactions++
		}
	}
	// These change nothing where there is nothing, and are refused to a program only.
	seldom := []string{"room.SessionUsed", "room.ToolTokenUsed"}
	for _, name := range eventTypes(t) {
		name = "room." + name
		if applied[name] == 0 || refused[name] == 0 && !slices.Contains(seldom, name) {
			t.Errorf("of %s %d were applied and %d refused", name, applied[name], refused[name])
		}
	}
	if redactions == 0 {
		t.Error("nothing was redacted")
	}
	t.Logf("applied: %v; refused: %v; redactions: %d", applied, refused, redactions)
}

// eventTypes are the names of all types of events: those that embed a Stamp.
func eventTypes(t *testing.T) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../server/room/event.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				if id, ok := f.Type.(*ast.Ident); ok && id.Name == "Stamp" && f.Names == nil {
					names = append(names, spec.Name.Name)
				}
			}
		}
		return true
	})
	if len(names) < 20 {
		t.Fatalf("found %q only", names)
	}
	return names
}
