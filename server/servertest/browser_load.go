package servertest

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// Load is what a page takes once its garbage is collected.
type Load struct {
	Nodes int64 // of the DOM, also of what is out of the document and not let go
	Heap  int64 // octets of JavaScript
}

// Load measures.
func (p *Page) Load() (load Load) {
	p.t.Helper()
	call(p, heapprofiler.CollectGarbage, cdp.Empty{})
	call(p, performance.Enable, performance.EnableParams{})
	for _, m := range call(p, performance.GetMetrics, cdp.Empty{}).Metrics {
		switch m.Name {
		case "Nodes":
			load.Nodes = int64(m.Value)
		case "JSHeapUsedSize":
			load.Heap = int64(m.Value)
		}
	}
	return load
}

// longTask is what one notices, by the W3C's Long Tasks.
const longTask = 50 * time.Millisecond

// Trace notes what keeps the threads of pages busy from now on. stop ends that
// and gives how long each long task took, the longest first.
func (p *Page) Trace() (stop func() []time.Duration) {
	p.t.Helper()
	var mu sync.Mutex
	var events []traceEvent
	complete := make(chan struct{})
	if err := chromedp.Listen(p.ctx, func(event any) {
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			for _, value := range e.Value {
				var event traceEvent
				if json.Unmarshal(value, &event) != nil || !event.counts() {
					continue
				}
				mu.Lock()
				events = append(events, event)
				mu.Unlock()
			}
		case *tracing.EventTracingComplete:
			close(complete)
		}
	}); err != nil {
		p.t.Fatalf("tracing: %v", err)
	}
	call(p, tracing.Start, tracing.StartParams{TraceConfig: &tracing.TraceConfig{IncludedCategories: []string{"toplevel", "__metadata"}, ExcludedCategories: []string{"*"}}})
	return func() []time.Duration {
		p.t.Helper()
		call(p, tracing.End, cdp.Empty{})
		select {
		case <-complete:
		case <-time.After(Patience):
			p.t.Fatal("the trace never came")
		}
		mu.Lock()
		defer mu.Unlock()
		return longTasks(events)
	}
}

// traceEvent is one of the Trace Event Format.
type traceEvent struct {
	Name     string
	Phase    string `json:"ph"`
	Process  int    `json:"pid"`
	Thread   int    `json:"tid"`
	Duration int64  `json:"dur"` // µs
	Args     struct{ Name string }
}

const pageThread = "CrRendererMain"

func (e traceEvent) counts() bool {
	return e.Name == "thread_name" && e.Args.Name == pageThread || e.Phase == "X" && time.Duration(e.Duration)*time.Microsecond >= longTask
}

func longTasks(events []traceEvent) (tasks []time.Duration) {
	type thread struct{ process, thread int }
	pages := make(map[thread]bool)
	for _, e := range events {
		if e.Name == "thread_name" {
			pages[thread{e.Process, e.Thread}] = true
		}
	}
	for _, e := range events {
		if e.Phase == "X" && e.Name == "ThreadControllerImpl::RunTask" && pages[thread{e.Process, e.Thread}] {
			tasks = append(tasks, time.Duration(e.Duration)*time.Microsecond)
		}
	}
	slices.Sort(tasks)
	slices.Reverse(tasks)
	return tasks
}
