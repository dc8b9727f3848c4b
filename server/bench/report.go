package bench

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// Write says for people what was found.
func (r *Result) Write(out io.Writer) error {
	pace := "flat out"
	if r.Rate > 0 {
		pace = "at " + number(r.Rate) + " posts a second"
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s, %s, %s, %d octets, %s, %.1f s\n",
		count(r.Readers, "reader"), count(r.Writers, "writer"), count(r.Topics, "topic"), r.Size, pace, r.Seconds)
	row := func(what string, values ...string) {
		fmt.Fprint(w, what)
		for _, v := range values {
			fmt.Fprint(w, "\t", v)
		}
		fmt.Fprintln(w)
	}
	row("deliveries", number(r.DeliveriesPerSecond)+" /s", number(r.DeliveriesPerCPUSecond)+" / s of server CPU")
	row("acknowledged posts", number(r.PostsPerSecond)+" /s", number(r.PostsPerCPUSecond)+" / s of server CPU")
	row("post to receipt", r.Receipt.String())
	row("post to ACK", r.Ack.String())
	row("server CPU", fmt.Sprintf("%.2f s", r.ServerCPUSeconds))
	row("server memory", fmt.Sprintf("%d MiB before, %d MiB at the end", r.Before.Resident>>20, r.After.Resident>>20))
	row("verified", fmt.Sprintf("%s messages, each received by every reader once and in order", number(float64(r.Verified))))
	return w.Flush()
}

func (l Latency) String() string {
	return fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, at most %.2f ms", l.P50, l.P99, l.P999, l.Max)
}

// Write says for people what was found: medians of all rounds, and the ratios'
// spread.
func (r *FloorResult) Write(out io.Writer) error {
	fmt.Fprintf(out, "%s, %s, %d CPUs, %s\n", r.At, r.System, r.CPUs, r.Go)
	fmt.Fprintf(out, "%s of %.1f s; %s, %s, one topic, %d octets, flat out; medians, ratios with least and most\n\n",
		count(len(r.Rounds), "round"), r.Seconds, count(r.Readers, "reader"), count(r.Writers, "writer"), r.Size)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	median := func(of func(Round) float64) string {
		values := make([]float64, len(r.Rounds))
		for i, round := range r.Rounds {
			values[i] = of(round)
		}
		return number(spread(values).Median)
	}
	row := func(what, floor, ours, ratio string) { fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", what, floor, ours, ratio) }
	row("", "bare loop", "redroom", "ratio")
	row("deliveries / s of server CPU",
		median(func(r Round) float64 { return r.Loop.DeliveriesPerCPUSecond }),
		median(func(r Round) float64 { return r.Server.DeliveriesPerCPUSecond }), r.Ratios.Deliveries.String())
	row("deliveries / s",
		median(func(r Round) float64 { return r.Loop.DeliveriesPerSecond }),
		median(func(r Round) float64 { return r.Server.DeliveriesPerSecond }), "")
	row("acknowledged posts / s",
		median(func(r Round) float64 { return r.Loop.PostsPerSecond }),
		median(func(r Round) float64 { return r.Server.PostsPerSecond }), "")
	row("", "", "", "")
	row("", "bare SQLite", "store", "ratio")
	for i, batch := range r.Ratios.Rows {
		size := strconv.Itoa(batch.Batch)
		row("rows / s, "+size+" a commit",
			median(func(r Round) float64 { return r.Rows[i].Bare.PerSecond }),
			median(func(r Round) float64 { return r.Rows[i].Store.PerSecond }), batch.PerSecond.String())
		row("rows / s of CPU, "+size+" a commit",
			median(func(r Round) float64 { return r.Rows[i].Bare.PerCPUSecond }),
			median(func(r Round) float64 { return r.Rows[i].Store.PerCPUSecond }), batch.PerCPUSecond.String())
	}
	row("", "", "", "")
	row("", "bare SQLite", "redroom, 1 reader", "ratio")
	last := len(batchSizes) - 1
	row(fmt.Sprintf("rows / s, %d a commit; acknowledged posts / s", batchSizes[last]),
		median(func(r Round) float64 { return r.Rows[last].Bare.PerSecond }),
		median(func(r Round) float64 { return r.Posts.PostsPerSecond }), r.Ratios.Posts.String())
	return w.Flush()
}

// String is the median with what it lies between.
func (s Spread) String() string { return fmt.Sprintf("%.2f (%.2f to %.2f)", s.Median, s.Min, s.Max) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// number is n without fraction, with commas between thousands.
func number(n float64) string {
	digits := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
