package httpd

import (
	"fmt"
	"testing"
)

// TestWhatIsRememberedOfOpeningsIsBounded opens more topics than are remembered.
func TestWhatIsRememberedOfOpeningsIsBounded(t *testing.T) {
	var o openings
	op := func(i int) opening { return opening{session: "s", topic: fmt.Sprint(i)} }
	const many = 5 * maxOpenings / 2
	for i := range many {
		if !o.add(op(i)) {
			t.Fatalf("%d was there already", i)
		}
		if o.add(op(i)) || !o.has(op(i)) {
			t.Fatalf("%d is forgotten at once", i)
		}
	}
	if n := len(o.newer) + len(o.older); n > 2*maxOpenings {
		t.Errorf("%d are remembered", n)
	}
	for i := range maxOpenings {
		if last := many - 1 - i; !o.has(op(last)) {
			t.Fatalf("%d, of the last %d, is forgotten", last, maxOpenings)
		}
	}
	if o.has(op(0)) {
		t.Error("the first one is remembered")
	}
}
