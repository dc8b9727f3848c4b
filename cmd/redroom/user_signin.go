package main

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func newUserFactors() *cobra.Command {
	var (
		o      operator
		remove bool
	)
	cmd := &cobra.Command{
		Use:   "factors NAME --remove",
		Short: "Take the second factors of an account away",
		Long: `Take the second factors of an account away, with its recovery codes, for a user
who has lost them. All sign-ins of the account end. The password stays as it is;
where a second factor is demanded, the user sets one up at the next sign-in.`,
		Example: "  redroom user factors bert --remove",
		Args:    exactly(1, "the user's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !remove {
				return usageError{fmt.Errorf("say --remove to take the second factors of %s away; see %s --help", args[0], cmd.CommandPath())}
			}
			return o.in(func(cmd *cobra.Command, args []string) error {
				if err := o.change(cmd.Context(), http.MethodDelete, userPath(args[0])+"/factors", nil); err != nil {
					return fmt.Errorf("taking the second factors of %s away: %w", args[0], err)
				}
				return nil
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, false)
	fl.BoolVar(&remove, "remove", false, "take them away")
	return cmd
}

// toolToken is what a program signs in with.
type toolToken struct {
	ID, Token, Label, Role string
	Expires                time.Time
	Used                   *time.Time
}

func tokensPath(user string) string { return userPath(user) + "/tokens" }

func newUserTokens() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:     "tokens NAME",
		Short:   "List the tokens of an account's programs",
		Example: "  redroom user tokens bert",
		Args:    exactly(1, "the user's name"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			err := show(cmd.Context(), &o, http.MethodGet, tokensPath(args[0]), nil, func(list struct{ Tokens []toolToken }) error {
				var rows [][]any
				for _, t := range list.Tokens {
					used := "never"
					if t.Used != nil {
						used = t.Used.UTC().Format(time.RFC3339)
					}
					rows = append(rows, []any{t.ID, t.Role, t.Expires.UTC().Format(time.RFC3339), used, t.Label})
				}
				return o.table("ID\tROLE\tENDS\tUSED\tLABEL", rows)
			})
			if err != nil {
				return fmt.Errorf("listing the tokens of %s: %w", args[0], err)
			}
			return nil
		}),
	}
	o.flags(cmd.Flags(), true)
	return cmd
}

func newUserToken() *cobra.Command {
	var (
		o           operator
		label, role string
		days        int
	)
	cmd := &cobra.Command{
		Use:   "token NAME --label LABEL",
		Short: "Make a token that a program signs in with",
		Long: `Print a token that a program signs in with as a user: in REDROOM_TOKEN, or in the
header Authorization: Bearer TOKEN. It is shown this once. It may do what its role
may, and never more than its user.`,
		Example: `  redroom user token feed --label "The price feed" --role bot --days 30`,
		Args:    exactly(1, "the user's name"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"label": label, "expires": time.Now().AddDate(0, 0, days).UTC()}
			if role != "" {
				body["role"] = role
			}
			err := show(cmd.Context(), &o, http.MethodPost, tokensPath(args[0]), body, func(t toolToken) error {
				_, err := fmt.Fprintln(o.out, t.Token)
				return err
			})
			if err != nil {
				return fmt.Errorf("making a token for %s: %w", args[0], err)
			}
			return nil
		}),
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	fl.StringVar(&label, "label", "", "what it is for")
	fl.StringVar(&role, "role", "", "`admin|member|observer|bot` (default: the user's)")
	fl.IntVar(&days, "days", 90, "after how many days it ends, 366 at most")
	offer(cmd, "role", roles...)
	return cmd
}

func newUserRevoke() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:     "revoke NAME ID",
		Short:   "Revoke a token of an account's programs",
		Long:    `Revoke a token by its id, which user tokens lists. Whatever is connected by it ends.`,
		Example: "  redroom user revoke feed 0123456789ABCDEF",
		Args:    exactly(2, "the user's name and the token's id"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			if err := o.change(cmd.Context(), http.MethodDelete, tokensPath(args[0])+"/"+url.PathEscape(args[1]), nil); err != nil {
				return fmt.Errorf("revoking a token of %s: %w", args[0], err)
			}
			return nil
		}),
	}
	o.flags(cmd.Flags(), false)
	return cmd
}
