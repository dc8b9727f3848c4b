package feed

import (
	"log/slog"
	"time"
)

// trouble is said once, then when it is of another kind, and when it is over. It
// is one goroutine's.
type trouble struct {
	log                   *slog.Logger
	begins, changes, ends string // what is said then
	counts                string // what one meeting is called

	kind  string    // "": there is none
	since time.Time // it began
	times int       // that it was met
}

// is notes that it was met.
func (t *trouble) is(kind string, why error) {
	switch t.kind {
	case kind:
	case "":
		t.since = time.Now()
		t.log.Warn(t.begins, "why", why)
	default:
		t.log.Warn(t.changes, t.counts, t.times, "why", why)
	}
	t.kind = kind
	t.times++
}

// over notes that all is well.
func (t *trouble) over() {
	if t.kind == "" {
		return
	}
	t.log.Info(t.ends, t.counts, t.times, "after", time.Since(t.since).Round(time.Millisecond))
	t.kind, t.times = "", 0
}
