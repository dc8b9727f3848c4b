package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"redroom/store"
)

func newRestore() *cobra.Command {
	var (
		data, keys    string
		force, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a backup the store of a data directory",
		Long: `Make FILE, which redroom backup wrote, the store of --data, whose server must be
stopped. FILE is checked before anything is changed. The file of a stopped store
(redroom.db) is good too.

The restored store begins a new epoch: whoever had read more than the backup
holds forgets it and reads anew. Sign-ins are those of the backup's time.

--keys puts the private keys back that redroom backup --keys has copied.`,
		Example: `  redroom restore room.backup --data ./redroom-data
  redroom restore room.backup --keys room-keys.tar --force`,
		Args: func(cmd *cobra.Command, args []string) error {
			if keys != "" && len(args) == 0 {
				return nil
			}
			return exactly(1, "the backup's file")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				began := time.Now()
				r, err := store.Restore(cmd.Context(), args[0], data, force)
				if err != nil {
					return err
				}
				if err := printHolding(cmd.OutOrStdout(), asJSON, "restored to", r, began); err != nil {
					return err
				}
			}
			if keys == "" {
				return nil
			}
			if err := store.RestoreKeys(keys, data, force); err != nil {
				if len(args) > 0 {
					err = fmt.Errorf("the store was restored, its keys were not: %w", err)
				}
				return err
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&data, "data", "./redroom-data", "the server's data `directory`; made if there is none")
	fl.StringVar(&keys, "keys", "", "put the private keys back from this tar `file`")
	fl.BoolVar(&force, "force", false, "replace the store, and the keys, that are there")
	fl.BoolVar(&asJSON, "json", false, "print what was restored as JSON")
	return cmd
}
