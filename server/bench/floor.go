package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

// FloorConfig says how the floor is measured.
type FloorConfig struct {
	Binary   string // redroom itself
	Rounds   int
	Readers  int
	Duration time.Duration // of each single measurement, a third of it for rows
	Open     Open
	Tell     func(string) // is told what goes on; may be nil
}

// FloorWriters are those of each load of Floor.
const FloorWriters = 4

// floorSize is the octets of each text.
const floorSize = 128

// batchSizes are rows a transaction.
var batchSizes = []int{1, 64, 256}

// Round is what was measured side by side.
type Round struct {
	Loop   *Result `json:"bareLoop"`
	Server *Result `json:"server"`
	// Posts is the server with a single reader, so that it has more to do with
	// posts than with deliveries.
	Posts *Result     `json:"serverWithOneReader"`
	Rows  []BatchRows `json:"rows"`
}

// BatchRows are those of one size of transactions.
type BatchRows struct {
	Batch int  `json:"batch"`
	Bare  Rows `json:"bareSQLite"`
	Store Rows `json:"store"`
}

// Ratios compare what is ours with its floor, in each round; 1 is the floor.
type Ratios struct {
	Deliveries Spread       `json:"deliveriesPerServerCPUSecond"` // of the server over the bare loop's
	Posts      Spread       `json:"acknowledgedPostsPerSecond"`   // of the server with one reader, over bare SQLite's rows in the largest batches
	Rows       []RowsRatios `json:"rows"`
}

// RowsRatios are those of the store over bare SQLite.
type RowsRatios struct {
	Batch        int    `json:"batch"`
	PerSecond    Spread `json:"rowsPerSecond"`
	PerCPUSecond Spread `json:"rowsPerCPUSecond"`
}

// FloorResult is what Red Room's parts do at best beside what it does itself.
type FloorResult struct {
	At      string  `json:"at"` // RFC 3339
	System  string  `json:"system"`
	CPUs    int     `json:"cpus"`
	Go      string  `json:"go"`
	Readers int     `json:"readers"`
	Writers int     `json:"writers"`
	Size    int     `json:"size"`
	Seconds float64 `json:"seconds"` // of each measurement, a third of it for rows
	Rounds  []Round `json:"rounds"`
	Ratios  Ratios  `json:"ratios"`
}

// Valid tells why nothing can be measured so; nil: it can.
func (c FloorConfig) Valid() error {
	if c.Rounds < 1 {
		return fmt.Errorf("there is at least one round, not %d", c.Rounds)
	}
	return c.load(c.Readers).Valid(1)
}

// Floor measures, in one go, side by side, again and again: a bare loop over
// the same transport and the real server, each a process of its own, under the
// same load flat out; and bare SQLite and the store, with the same batches.
// Everything that it makes is temporary.
func Floor(ctx context.Context, c FloorConfig) (*FloorResult, error) {
	if err := c.Valid(); err != nil {
		return nil, err
	}
	if c.Tell == nil {
		c.Tell = func(string) {}
	}
	result := &FloorResult{
		At:      time.Now().UTC().Format(time.RFC3339),
		System:  runtime.GOOS + "/" + runtime.GOARCH,
		CPUs:    runtime.NumCPU(),
		Go:      runtime.Version(),
		Readers: c.Readers,
		Writers: FloorWriters,
		Size:    floorSize,
		Seconds: c.Duration.Seconds(),
	}
	for i := range c.Rounds {
		round, err := c.round(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", i+1, err)
		}
		result.Rounds = append(result.Rounds, round)
	}
	result.Ratios = ratios(result.Rounds)
	return result, nil
}

// round measures everything once. Who comes first takes turns.
func (c FloorConfig) round(ctx context.Context, i int) (r Round, err error) {
	steps := []func() error{
		func() error { return c.loop(ctx, &r) },
		func() error { return c.server(ctx, &r) },
	}
	if i%2 == 1 {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return r, err
		}
	}
	for _, size := range batchSizes {
		rows, err := c.rows(ctx, size, i%2 == 1)
		if err != nil {
			return r, err
		}
		r.Rows = append(r.Rows, rows)
	}
	c.Tell(fmt.Sprintf("round %d of %d: deliveries a second of server CPU: %.0f of %.0f, ratio %.2f",
		i+1, c.Rounds, r.Server.DeliveriesPerCPUSecond, r.Loop.DeliveriesPerCPUSecond, deliveriesRatio(r)))
	return r, nil
}

func (c FloorConfig) load(readers int) Load {
	return Load{Readers: readers, Writers: FloorWriters, Size: floorSize, WarmUp: WarmUp(c.Duration), Duration: c.Duration}
}

// WarmUp is how long a load goes on before it is measured.
func WarmUp(duration time.Duration) time.Duration { return min(duration, time.Second) }

func (c FloorConfig) loop(ctx context.Context, r *Round) error {
	return inTemporary(func(dir string) error {
		child, target, err := startLoop(ctx, c.Binary, dir)
		if err != nil {
			return err
		}
		defer child.stop()
		if r.Loop, err = Run(ctx, target, c.load(c.Readers)); err != nil {
			return child.failed(err)
		}
		return nil
	})
}

func (c FloorConfig) server(ctx context.Context, r *Round) error {
	return inTemporary(func(dir string) error {
		child, guest, err := startServer(ctx, c.Binary, dir, c.Open)
		if err != nil {
			return err
		}
		defer child.stop()
		if r.Server, err = runAsGuest(ctx, guest, c.load(c.Readers)); err != nil {
			return child.failed(err)
		}
		if guest, err = c.Open(ctx, dir, 1); err != nil {
			return child.failed(err)
		}
		if r.Posts, err = runAsGuest(ctx, guest, c.load(1)); err != nil {
			return child.failed(err)
		}
		return nil
	})
}

func runAsGuest(ctx context.Context, g *Guest, l Load) (*Result, error) {
	result, err := Run(ctx, g.Target, l)
	return result, errors.Join(err, g.End(ctx))
}

// rows measures bare SQLite and the store with batches of one size.
func (c FloorConfig) rows(ctx context.Context, size int, storeFirst bool) (BatchRows, error) {
	rows := BatchRows{Batch: size}
	steps := []struct {
		open func(dir string) (committer, error)
		into *Rows
	}{
		{func(dir string) (committer, error) { return openBareSQLite(ctx, dir) }, &rows.Bare},
		{func(dir string) (committer, error) { return openRealStore(ctx, dir) }, &rows.Store},
	}
	if storeFirst {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		err := inTemporary(func(dir string) error {
			s, err := step.open(dir)
			if err != nil {
				return err
			}
			*step.into, err = measureRows(ctx, s, size, c.Duration/3)
			return errors.Join(err, s.close())
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// inTemporary runs f in a new directory, which is removed afterwards.
func inTemporary(f func(dir string) error) error {
	dir, err := os.MkdirTemp("", "redroom-bench-")
	if err != nil {
		return fmt.Errorf("making a temporary directory: %w", err)
	}
	return errors.Join(f(dir), os.RemoveAll(dir))
}

func deliveriesRatio(r Round) float64 {
	return per(r.Server.DeliveriesPerCPUSecond, r.Loop.DeliveriesPerCPUSecond)
}

// ratios are those of all rounds.
func ratios(rounds []Round) (all Ratios) {
	of := func(ratio func(Round) float64) Spread {
		values := make([]float64, len(rounds))
		for i, r := range rounds {
			values[i] = ratio(r)
		}
		return spread(values)
	}
	all.Deliveries = of(deliveriesRatio)
	all.Posts = of(func(r Round) float64 {
		return per(r.Posts.PostsPerSecond, r.Rows[len(r.Rows)-1].Bare.PerSecond)
	})
	for i, size := range batchSizes {
		all.Rows = append(all.Rows, RowsRatios{
			Batch:        size,
			PerSecond:    of(func(r Round) float64 { return per(r.Rows[i].Store.PerSecond, r.Rows[i].Bare.PerSecond) }),
			PerCPUSecond: of(func(r Round) float64 { return per(r.Rows[i].Store.PerCPUSecond, r.Rows[i].Bare.PerCPUSecond) }),
		})
	}
	return all
}
