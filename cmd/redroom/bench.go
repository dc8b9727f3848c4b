package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"redroom/server"
	"redroom/server/bench"
)

type benchFlags struct {
	data   string
	load   bench.Load
	topics int
	floor  bool
	rounds int
	json   bool
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Load a running server, and say what it does",
		Long: `Load the server that runs on --data, and say how much it delivers, how fast,
and what that costs it. A deal of its own is made for it, named Bench and the
time, with topics and an account; they are closed in the end. What was posted
stays in the store, as everything does: load a server that is there for it.

A delivery is one message received by one session. At the end every session must
have received every acknowledged message, once and in order; else it fails. Flat
out, which is the default, each writer has 64 posts outstanding and waits for
readers that are some 2,000 messages behind; with --rate, latencies count from
the time when a post was due.

With --floor no running server is needed: a bare loop over the same transport
and a real server, each in a process of its own, are loaded by turns, flat out;
bare SQLite and the store commit the same rows by turns; and the ratios are told
with their spread. Everything that it makes is removed afterwards.`,
		Example: `  redroom bench --data ./redroom-data --readers 100
  redroom bench --readers 1000 --topics 50 --writers 10 --rate 200 --duration 1m
  redroom bench --floor --rounds 5 --json`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return runBench(cmd, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.data, "data", "./redroom-data", "the running server's data `directory`")
	fl.IntVar(&f.load.Readers, "readers", 100, "sessions that read")
	fl.IntVar(&f.topics, "topics", 1, fmt.Sprintf("topics, 1 to %d, dealt out evenly to readers and writers", bench.MaxTopics))
	fl.IntVar(&f.load.Writers, "writers", 4, "sessions that post")
	fl.Float64Var(&f.load.Rate, "rate", 0, "posts a second, of all writers together; 0: flat out")
	fl.IntVar(&f.load.Size, "size", 128, fmt.Sprintf("`octets` of a text, %d to %d", bench.MinSize, bench.MaxSize))
	fl.DurationVar(&f.load.Duration, "duration", 10*time.Second, "how long is measured, after a second to warm up; with --floor 3s, each time")
	fl.BoolVar(&f.load.Check, "check", false, "let the readers check the topics' chains, too")
	fl.BoolVar(&f.floor, "floor", false, "compare with a bare loop and with bare SQLite, for which --readers, --duration and --rounds count")
	fl.IntVar(&f.rounds, "rounds", 5, "how often --floor measures")
	fl.BoolVar(&f.json, "json", false, "all figures as JSON")
	cmd.AddCommand(newBenchLoop())
	return cmd
}

// newBenchLoop is what --floor starts.
func newBenchLoop() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:    "loop",
		Short:  "The bare loop of bench --floor",
		Hidden: true,
		Args:   exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.Loop(cmd.Context(), dir, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "`directory` for its certificate")
	return cmd
}

func runBench(cmd *cobra.Command, f benchFlags) error {
	if f.floor {
		return runFloor(cmd, f)
	}
	f.load.WarmUp = bench.WarmUp(f.load.Duration)
	if err := f.load.Valid(f.topics); err != nil {
		return usageError{err}
	}
	guest, err := server.OpenBench(cmd.Context(), f.data, f.topics)
	if errors.Is(err, bench.ErrNotRunning) {
		return fmt.Errorf("no server runs on %s; start one with redroom serve --data %s, or give another directory with --data", f.data, f.data)
	}
	if err != nil {
		return err
	}
	result, err := bench.Run(cmd.Context(), guest.Target, f.load)
	if err := errors.Join(interrupted(cmd.Context(), err), guest.End(cmd.Context())); err != nil {
		return err
	}
	return printResult(cmd.OutOrStdout(), f.json, result)
}

func runFloor(cmd *cobra.Command, f benchFlags) error {
	if !cmd.Flags().Changed("duration") {
		f.load.Duration = 3 * time.Second
	}
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding redroom itself: %w", err)
	}
	config := bench.FloorConfig{
		Binary:   binary,
		Rounds:   f.rounds,
		Readers:  f.load.Readers,
		Duration: f.load.Duration,
		Open:     server.OpenBench,
		Tell:     func(s string) { fmt.Fprintln(cmd.ErrOrStderr(), s) },
	}
	if err := config.Valid(); err != nil {
		return usageError{err}
	}
	result, err := bench.Floor(cmd.Context(), config)
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	return printResult(cmd.OutOrStdout(), f.json, result)
}

// interrupted is err, or that somebody has ended it, whatever came of that.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return errors.New("the bench was interrupted before it had figures")
	}
	return err
}

func printResult(out io.Writer, asJSON bool, result interface{ Write(io.Writer) error }) error {
	if asJSON {
		return json.NewEncoder(out).Encode(result)
	}
	return result.Write(out)
}
