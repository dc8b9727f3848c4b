// Package room is the domain: who and what there is (State), what may happen
// to it (Event), who may do what (policy.go), and the words for refusing
// (errors.go). It imports the standard library only and does nothing by
// itself: no clock, no chance, no goroutine, no I/O.
//
// # Order
//
// Events have one order, given by the journal. [State.Apply] is a pure
// function of the State before and the event, so every copy of the room that
// applies the same events holds the same State. Whatever is random or read
// from a clock (ids, salts, times, password hashes) is decided before an event
// is ordered and travels in it.
//
// # Sharing
//
// A State is immutable: Apply returns another one, and what it did not change
// is shared between the two. Any number of goroutines may read a State without
// a lock; nobody may write to the maps and slices that its methods return.
package room
