package journal

import (
	"sync"

	"redroom/server/room"
)

// Keep puts ev in order, before whatever is submitted later, and never fails:
// it is for what has happened already and is to be noted. Nobody is told when
// it is committed.
func (j *Journal) Keep(ev room.Event) {
	if !j.kept.add(ev) {
		j.log.Error("a note came after the journal was closed; it is lost", "notes", 1)
	}
}

// noted is the end of an event that was kept.
func (j *Journal) noted(ev room.Event, o room.Outcome) {
	if o.Err != nil {
		j.log.Error("a note was refused", "error", o.Err)
	}
	j.kept.committed(ev)
}

// stopKeeping is when nothing is committed any more.
func (j *Journal) stopKeeping() {
	if lost := j.kept.end(); lost > 0 {
		j.log.Error("the store could not be written to the end: notes for the audit trail are lost", "notes", lost)
	}
}

// kept are the events that wait to be committed. While the store can't be
// written they become many.
type kept struct {
	some chan struct{} // one slot: there are some

	mu       sync.Mutex
	waiting  []room.Event
	taken    int   // by the applier, and not committed yet
	lost     int64 // that there was no place for
	lastLost int64 // when the last of them was, unix-ms
	owed     int64 // all that are not in the trail yet, the lost ones too
	ended    bool  // nobody takes any more
}

func newKept() kept { return kept{some: make(chan struct{}, 1)} }

// add is false if nobody will take it.
func (k *kept) add(ev room.Event) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return false
	}
	k.owed++
	if len(k.waiting)+k.taken < keptLength {
		k.waiting = append(k.waiting, ev)
	} else {
		k.lost++
		k.lastLost = ev.Stamped().At
	}
	select {
	case k.some <- struct{}{}:
	default:
	}
	return true
}

// take gives all that wait, and after them how many were lost.
func (k *kept) take() []entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	var entries []entry
	for _, ev := range k.waiting {
		entries = append(entries, entry{event: ev})
	}
	if k.lost > 0 {
		entries = append(entries, entry{event: room.Noted{
			Stamp:  room.Stamp{At: k.lastLost},
			Action: room.ActionNotesLost,
			Count:  k.lost,
		}})
	}
	k.waiting, k.lost = nil, 0
	k.taken += len(entries)
	return entries
}

// committed is the end of an event that was kept.
func (k *kept) committed(ev room.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.taken--
	if note, ok := ev.(room.Noted); ok && note.Action == room.ActionNotesLost {
		k.owed -= note.Count
	} else {
		k.owed--
	}
}

// end is when nothing is committed any more. It gives the number of those that
// never will be.
func (k *kept) end() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	return k.owed
}
