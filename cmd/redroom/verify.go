package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"redroom/store"
)

func newVerify() *cobra.Command {
	var (
		data   string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Check that the logs and the audit trail are what was written",
		Long: `Compute every topic's chain from its start and compare it with what the store
keeps, and name the first message of each topic that was changed, is missing or
was inserted; the same for the rows of the audit trail. A FILE, or the store of
--data while its server is stopped, is checked as a whole, a backup's checksum
too; beside a running server it's the chains alone.

Exit status 0: all is as it was written. 1: it isn't, or could not be checked.`,
		Example: `  redroom verify
  redroom verify --data /var/lib/redroom
  redroom verify room.backup --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exactly(1, "one file at most")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			path := data
			if len(args) > 0 {
				path = args[0]
			}
			began := time.Now()
			r, err := store.Verify(cmd.Context(), path)
			if err != nil {
				return err
			}
			if err := printReport(cmd.OutOrStdout(), asJSON, r, time.Since(began)); err != nil {
				return err
			}
			if bad := len(r.Broken()); bad > 0 {
				return fmt.Errorf("%d of %d topics are not what was written", bad, len(r.Topics))
			}
			if len(r.Faults) > 0 {
				return errors.New("the file is damaged")
			}
			if !r.OK() {
				return errors.New("the audit trail is not what was written")
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&data, "data", "./redroom-data", "the server's data `directory`, or a file")
	fl.BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return cmd
}

func printReport(out io.Writer, asJSON bool, r *store.Report, took time.Duration) error {
	if asJSON {
		return json.NewEncoder(out).Encode(struct {
			OK bool `json:"ok"`
			*store.Report
			Seconds float64 `json:"seconds"`
		}{r.OK(), r, took.Seconds()})
	}
	var b []byte
	for _, fault := range r.Faults {
		b = fmt.Appendf(b, "%s: %s\n", r.Path, fault)
	}
	for _, t := range r.Topics {
		b = fmt.Appendln(b, t)
	}
	if r.Audit != nil {
		b = fmt.Appendln(b, r.Audit)
	}
	if r.Epoch == "" { // nothing could be read
		_, err := out.Write(b)
		return err
	}
	b = fmt.Appendf(b, "topics: %d, messages: %d, bytes: %d, read in %.1f s\nepoch %s, up to position %d of the journal\n",
		len(r.Topics), r.Messages, r.Octets, took.Seconds(), r.Epoch, r.Position)
	switch {
	case r.InUse:
		b = fmt.Appendln(b, "the store is in use: its chains were checked, its structure was not (back it up to have that checked)")
	case r.Backup && len(r.Faults) == 0:
		b = fmt.Appendln(b, "the backup has the checksum that it was written with")
	}
	_, err := out.Write(b)
	return err
}
