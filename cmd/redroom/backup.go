package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"redroom/server"
	"redroom/store"
)

func newBackup() *cobra.Command {
	var (
		data, keys    string
		force, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the store, while its server runs or not",
		Long: `Copy the store of --data into FILE: what it is at one moment, while its server
runs and goes on, or as it lies there. FILE is checked after it was written: its
checksum, its structure, and every topic's chain.

FILE has no private keys. --keys copies those of the server's certificates into
a tar file of their own; keep it elsewhere.`,
		Example: `  redroom backup room.backup
  redroom backup /backups/$(date +%F).backup --data /var/lib/redroom --json
  redroom backup room.backup --keys room-keys.tar`,
		Args: func(cmd *cobra.Command, args []string) error {
			if keys != "" && len(args) == 0 {
				return nil
			}
			return exactly(1, "the file to write")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if keys != "" {
				if err := store.BackupKeys(data, keys, force); err != nil {
					return err
				}
			}
			if len(args) == 0 {
				return nil
			}
			began := time.Now()
			r, err := store.SaveBackup(cmd.Context(), args[0], force, func(to io.Writer) error {
				return server.Backup(cmd.Context(), data, to, warnings(cmd))
			})
			if err != nil {
				return err
			}
			return printHolding(cmd.OutOrStdout(), asJSON, "backed up to", r, began)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&data, "data", "./redroom-data", "the server's data `directory`")
	fl.StringVar(&keys, "keys", "", "copy the private keys into this tar `file`")
	fl.BoolVar(&force, "force", false, "replace files that are there already")
	fl.BoolVar(&asJSON, "json", false, "print what the backup holds as JSON")
	return cmd
}

// holding is what a backup holds, or a store that was restored.
type holding struct {
	File     string  `json:"file"`
	Epoch    string  `json:"epoch"`
	Position int64   `json:"position"` // all up to here in the journal
	Topics   int     `json:"topics"`
	Messages int64   `json:"messages"`
	Bytes    int64   `json:"bytes"`
	Seconds  float64 `json:"seconds"`
}

func printHolding(out io.Writer, asJSON bool, done string, r *store.Report, began time.Time) error {
	h := holding{r.Path, r.Epoch, r.Position, len(r.Topics), r.Messages, r.Octets, time.Since(began).Seconds()}
	if asJSON {
		return json.NewEncoder(out).Encode(h)
	}
	_, err := fmt.Fprintf(out, "%s %s, and checked: topics: %d, messages: %d, bytes: %d, in %.1f s\nepoch %s, up to position %d of the journal\n",
		done, h.File, h.Topics, h.Messages, h.Bytes, h.Seconds, h.Epoch, h.Position)
	return err
}
