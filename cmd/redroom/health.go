package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func newHealth() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:     "health",
		Short:   "Ask a running server whether it is well",
		Long:    "Ask the server at --http for /healthz. Exit status 0: it is well. Made for a container's health check.",
		Example: "  redroom health --http localhost:8080",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return health(cmd.Context(), address)
		},
	}
	cmd.Flags().StringVar(&address, "http", "localhost:8080", "the `address` that the server was given with --http")
	return cmd
}

func health(ctx context.Context, address string) error {
	at, err := hereOf(address)
	if err != nil {
		return usageError{fmt.Errorf("--http %q is not an address such as localhost:8080", address)}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.String()+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server is not well: %s", answer.Status)
	}
	return nil
}
