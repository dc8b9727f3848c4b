package bench_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"redroom/server"
	"redroom/server/bench"
	"redroom/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// TestFiguresAddUp loads a real server in a process of its own in several
// ways, and compares what is told with what the server has.
func TestFiguresAddUp(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	for _, c := range []struct {
		name   string
		topics int
		load   bench.Load
	}{
		{"flat out", 1, bench.Load{Readers: 4, Writers: 2, Size: 128}},
		{"at a rate", 1, bench.Load{Readers: 2, Writers: 2, Size: 128, Rate: 100}},
		{"more topics than readers and writers", 5, bench.Load{Readers: 2, Writers: 2, Size: bench.MinSize}},
		{"fewer topics", 2, bench.Load{Readers: 5, Writers: 3, Size: 4096, Rate: 50}},
		{"the largest texts", 1, bench.Load{Readers: 2, Writers: 1, Size: bench.MaxSize}},
		{"with chains", 2, bench.Load{Readers: 3, Writers: 2, Size: 128, Check: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.load.WarmUp, c.load.Duration = 100*time.Millisecond, time.Second
			guest := open(t, p, c.topics)
			r, err := bench.Run(t.Context(), guest.Target, c.load)
			if err := errors.Join(err, guest.End(t.Context())); err != nil {
				t.Fatal(err)
			}
			check(t, r, c.load, c.topics)
			if n := left(t, anna); n != r.Verified {
				t.Errorf("%d messages are verified, and the server has %d", r.Verified, n)
			}
		})
	}
}

// open opens a server's bench, which it offers a moment after it has said that
// it is open.
func open(t *testing.T, p *servertest.Process, topics int) *bench.Guest {
	t.Helper()
	for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(time.Millisecond) {
		guest, err := server.OpenBench(t.Context(), p.Data, topics)
		if err == nil {
			return guest
		}
		if !errors.Is(err, bench.ErrNotRunning) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func check(t *testing.T, r *bench.Result, load bench.Load, topics int) {
	t.Helper()
	if r.Readers != load.Readers || r.Writers != load.Writers || r.Topics != topics || r.Rate != load.Rate || r.Size != load.Size {
		t.Errorf("it was loaded with %+v, and says %+v", load, r)
	}
	if r.Seconds < load.Duration.Seconds() || r.Posts < 1 || r.Deliveries < r.Posts || r.ServerCPUSeconds <= 0 {
		t.Errorf("little was done: %+v", r)
	}
	// All that was delivered was acknowledged sooner or later.
	cursors := int64(max(load.Readers, topics) + max(load.Writers, topics))
	if r.Deliveries > r.Verified*cursors || r.Posts > r.Verified {
		t.Errorf("%d deliveries and %d posts of %d messages, to %d", r.Deliveries, r.Posts, r.Verified, cursors)
	}
	for what, pair := range map[string][2]float64{
		"deliveries a second":     {r.DeliveriesPerSecond * r.Seconds, float64(r.Deliveries)},
		"posts a second":          {r.PostsPerSecond * r.Seconds, float64(r.Posts)},
		"deliveries a CPU second": {r.DeliveriesPerCPUSecond * r.ServerCPUSeconds, float64(r.Deliveries)},
		"posts a CPU second":      {r.PostsPerCPUSecond * r.ServerCPUSeconds, float64(r.Posts)},
	} {
		if pair[0] < 0.999*pair[1] || pair[0] > 1.001*pair[1] {
			t.Errorf("%s: %v are not %v", what, pair[0], pair[1])
		}
	}
	for what, l := range map[string]bench.Latency{"receipt": r.Receipt, "ack": r.Ack} {
		if l.P50 <= 0 || l.P50 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max {
			t.Errorf("%s took %+v", what, l)
		}
	}
	if r.After.Goroutines <= r.Before.Goroutines || r.After.CPUSeconds < r.Before.CPUSeconds+r.ServerCPUSeconds || r.Before.Resident < 1<<20 {
		t.Errorf("the server used %+v before and %+v in the end", r.Before, r.After)
	}
	var said strings.Builder
	if err := r.Write(&said); err != nil || !strings.Contains(said.String(), "p99.9") {
		t.Errorf("%q, %v", said.String(), err)
	}
}

// left is how many messages the newest bench has left, in topics that are
// closed, in a deal that is closed, by an account that is deactivated.
func left(t *testing.T, admin *servertest.API) (messages int64) {
	t.Helper()
	var deals struct {
		Deals []struct {
			ID, Name string
			Open     bool
		}
	}
	admin.Must(t, "GET", "/api/deals", nil, &deals, 200)
	newest := deals.Deals[0]
	for _, d := range deals.Deals {
		if d.Open || !strings.HasPrefix(d.Name, "Bench 20") {
			t.Errorf("deal %q is open: %t", d.Name, d.Open)
		}
		// Of the same second there may be several: those before have been
		// looked at, and are renamed.
		newest = d
	}
	var topics struct {
		Topics []struct {
			Open bool
			Head int64
		}
	}
	admin.Must(t, "GET", "/api/deals/"+newest.ID+"/topics", nil, &topics, 200)
	for _, topic := range topics.Topics {
		if topic.Open {
			t.Error("a topic is open")
		}
		messages += topic.Head
	}
	admin.Must(t, "PATCH", "/api/deals/"+newest.ID, map[string]any{"name": "Bench 2000 " + newest.ID}, nil, 200)
	var users struct {
		Users []struct {
			Name   string
			Active bool
		}
	}
	admin.Must(t, "GET", "/api/users", nil, &users, 200)
	for _, u := range users.Users {
		if u.Active != (u.Name == "anna") {
			t.Errorf("%s is active: %t", u.Name, u.Active)
		}
	}
	return messages
}

func TestServerThatStopsIsSaid(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	guest := open(t, p, 1)
	usage, calls := guest.Usage, 0
	guest.Usage = func(ctx context.Context) (bench.Usage, error) {
		if calls++; calls == 2 { // the window begins
			p.Stop(t)
			return bench.Usage{}, nil
		}
		return usage(ctx)
	}
	_, err := bench.Run(t.Context(), guest.Target, bench.Load{Readers: 2, Writers: 1, Size: 128, Duration: time.Hour})
	if err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("it said %v", err)
	}
	if err := guest.End(t.Context()); err == nil {
		t.Error("nobody was there to end it, and it was ended")
	}
	if _, err := server.OpenBench(t.Context(), p.Data, 1); !errors.Is(err, bench.ErrNotRunning) {
		t.Errorf("opening another: %v", err)
	}
}

func TestCanceledRunEndsAtOnceAndIsCleanedUp(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	guest := open(t, p, 1)
	ctx, cancel := context.WithCancel(t.Context())
	usage, calls := guest.Usage, 0
	guest.Usage = func(ctx context.Context) (bench.Usage, error) {
		if calls++; calls == 2 {
			cancel()
		}
		return usage(ctx)
	}
	if _, err := bench.Run(ctx, guest.Target, bench.Load{Readers: 2, Writers: 1, Size: 128, Duration: time.Hour}); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if err := guest.End(ctx); err != nil {
		t.Error(err)
	}
	left(t, anna)
}

func TestLoadsThatMakeNoSense(t *testing.T) {
	good := bench.Load{Readers: 1, Writers: 1, Size: 128, Duration: time.Second}
	if err := good.Valid(1); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]func(l *bench.Load, topics *int){
		"nobody reads":      func(l *bench.Load, _ *int) { l.Readers = 0 },
		"nobody posts":      func(l *bench.Load, _ *int) { l.Writers = 0 },
		"no topic":          func(_ *bench.Load, topics *int) { *topics = 0 },
		"too many topics":   func(_ *bench.Load, topics *int) { *topics = bench.MaxTopics + 1 },
		"texts too short":   func(l *bench.Load, _ *int) { l.Size = bench.MinSize - 1 },
		"texts too long":    func(l *bench.Load, _ *int) { l.Size = bench.MaxSize + 1 },
		"backwards":         func(l *bench.Load, _ *int) { l.Rate = -1 },
		"faster than light": func(l *bench.Load, _ *int) { l.Rate = 2 * bench.MaxRate },
		"no number":         func(l *bench.Load, _ *int) { l.Rate = math.NaN() },
		"no time":           func(l *bench.Load, _ *int) { l.Duration = 0 },
		"less than no time": func(l *bench.Load, _ *int) { l.WarmUp = -1 },
	} {
		load, topics := good, 1
		bad(&load, &topics)
		if err := load.Valid(topics); err == nil {
			t.Errorf("%s: it is allowed", name)
		}
	}
}

func TestFloor(t *testing.T) {
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Floor(t.Context(), bench.FloorConfig{
		Binary:   binary,
		Rounds:   2,
		Readers:  3,
		Duration: 200 * time.Millisecond,
		Open:     server.OpenBench,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rounds) != 2 || len(r.Ratios.Rows) != 3 {
		t.Fatalf("%+v", r)
	}
	load := bench.Load{Readers: 3, Writers: bench.FloorWriters, Size: 128, Duration: 200 * time.Millisecond}
	for _, round := range r.Rounds {
		check(t, round.Server, load, 1)
		check(t, round.Loop, load, 1)
		load := load
		load.Readers = 1
		check(t, round.Posts, load, 1)
	}
	for what, s := range map[string]bench.Spread{
		"deliveries": r.Ratios.Deliveries, "posts": r.Ratios.Posts,
		"rows, 1 a commit": r.Ratios.Rows[0].PerSecond, "rows, 256 a commit": r.Ratios.Rows[2].PerSecond,
	} {
		if s.Min <= 0 || s.Min > s.Median || s.Median > s.Max {
			t.Errorf("the ratio of %s is %+v", what, s)
		}
	}
	var said strings.Builder
	if err := r.Write(&said); err != nil {
		t.Error(err)
	}
	t.Log("\n" + said.String())
}
