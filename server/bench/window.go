package bench

import (
	"context"
	"time"
)

// window waits for the warm-up, and measures.
func (r *run) window(ctx context.Context) (*Result, error) {
	if err := wait(ctx, r.load.WarmUp); err != nil {
		return nil, err
	}
	r.from.Store(int64(r.clock()))
	start, err := r.count(ctx)
	if err != nil {
		return nil, err
	}
	if err := wait(ctx, r.load.Duration); err != nil {
		return nil, err
	}
	r.to.Store(int64(r.clock()))
	end, err := r.count(ctx)
	if err != nil {
		return nil, err
	}
	result := &Result{
		Readers:          r.load.Readers,
		Writers:          r.load.Writers,
		Topics:           len(r.topics),
		Rate:             r.load.Rate,
		Size:             r.load.Size,
		Seconds:          (end.at - start.at).Seconds(),
		Deliveries:       end.deliveries - start.deliveries,
		Posts:            end.posts - start.posts,
		ServerCPUSeconds: end.usage.CPUSeconds - start.usage.CPUSeconds,
		After:            end.usage,
	}
	result.DeliveriesPerSecond = per(float64(result.Deliveries), result.Seconds)
	result.PostsPerSecond = per(float64(result.Posts), result.Seconds)
	result.DeliveriesPerCPUSecond = per(float64(result.Deliveries), result.ServerCPUSeconds)
	result.PostsPerCPUSecond = per(float64(result.Posts), result.ServerCPUSeconds)
	return result, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// counts is how far everything is at one moment.
type counts struct {
	usage             Usage
	at                time.Duration
	deliveries, posts int64
}

func (r *run) count(ctx context.Context) (n counts, err error) {
	if n.usage, err = r.target.Usage(ctx); err != nil {
		return n, err
	}
	n.at = r.clock()
	for _, c := range r.channels {
		n.deliveries += c.seq.Load()
	}
	for _, w := range r.writers {
		n.posts += w.acks.Load()
	}
	return n, nil
}
