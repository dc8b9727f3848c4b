package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"redroom/server"
)

func newUser() *cobra.Command {
	return group("user", "Accounts and invitations",
		newUserList(), newUserAdd(), newUserChange(), newUserSessions(), newUserPassword(), newUserInvite(),
		newUserFactors(), newUserTokens(), newUserToken(), newUserRevoke())
}

// userPath is where an account is found.
func userPath(name string) string { return "/api/users/" + url.PathEscape(name) }

type account struct {
	Name, Display, Role string
	Active              bool
}

func newUserList() *cobra.Command {
	o := &operator{}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the accounts",
		Example: "  redroom user list\n  redroom user list --json --data /var/lib/redroom",
		Args:    exactly(0, "no arguments"),
		RunE: o.in(func(cmd *cobra.Command, _ []string) error {
			return show(cmd.Context(), o, http.MethodGet, "/api/users", nil, func(list struct{ Users []account }) error {
				var rows [][]any
				for _, u := range list.Users {
					state := "active"
					if !u.Active {
						state = "deactivated"
					}
					rows = append(rows, []any{u.Name, u.Role, state, u.Display})
				}
				return o.table("NAME\tROLE\tSTATE\tDISPLAY", rows)
			})
		}),
	}
	o.flags(cmd.Flags(), true)
	return cmd
}

func newUserAdd() *cobra.Command {
	var (
		o             operator
		display, role string
		admin         bool
	)
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an account",
		Long: `Make an account in the store of --data, whether its server runs or not. Where
there is no store yet, one is made.

The password is read from standard input, one line; at a terminal, or without
any input, one is made and printed.`,
		Example: `  redroom user add anna --admin --data ./redroom-data
  redroom user add bert --display "Bert Baum" --data ./redroom-data < password.txt`,
		Args: exactly(1, "the user's name"),
		RunE: o.inNew(func(cmd *cobra.Command, args []string) error {
			if admin {
				role = "admin"
			}
			password, made, err := readPassword(cmd.InOrStdin())
			if err != nil {
				return err
			}
			body := map[string]any{"name": args[0], "display": display, "role": role, "password": password}
			if err := o.room.Do(cmd.Context(), http.MethodPost, "/api/users", body, nil); err != nil {
				return fmt.Errorf("adding %s: %w", args[0], err)
			}
			if made {
				fmt.Fprintln(o.out, password)
			}
			return nil
		}),
	}
	fl := cmd.Flags()
	o.flags(fl, false)
	fl.StringVar(&display, "display", "", "the name that others see; the user's name if not given")
	fl.StringVar(&role, "role", "member", "`admin|member|observer|bot`")
	fl.BoolVar(&admin, "admin", false, "the same as --role admin")
	offer(cmd, "role", roles...)
	return cmd
}

func newUserChange() *cobra.Command {
	var (
		o             operator
		display, role string
		active        bool
	)
	cmd := &cobra.Command{
		Use:   "change NAME",
		Short: "Change an account's display name or role, deactivate it, or activate it again",
		Long: `Change what is given of an account. With --active=false nobody can sign in to it
any more, and its sign-ins end at once. The name of an account never changes.`,
		Example: `  redroom user change bert --role observer --dry-run
  redroom user change bert --active=false`,
		Args: exactly(1, "the user's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fields, err := fieldsOf(cmd, map[string]any{"display": display, "role": role, "active": active})
			if err != nil {
				return err
			}
			return o.in(func(cmd *cobra.Command, args []string) error {
				if err := o.change(cmd.Context(), http.MethodPatch, userPath(args[0]), fields); err != nil {
					return fmt.Errorf("changing %s: %w", args[0], err)
				}
				return nil
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	o.dryRunFlag(fl)
	fl.StringVar(&display, "display", "", "the name that others see")
	fl.StringVar(&role, "role", "", "`admin|member|observer|bot`")
	fl.BoolVar(&active, "active", true, "whether one may sign in to it")
	offer(cmd, "role", roles...)
	return cmd
}

func newUserSessions() *cobra.Command {
	var (
		o   operator
		end bool
	)
	cmd := &cobra.Command{
		Use:   "sessions NAME --end",
		Short: "End all sign-ins of an account",
		Long: `End all sign-ins of an account, with every connection that lives by them. Whoever
knows the password may sign in again; see also user password, and user change
--active=false.`,
		Example: "  redroom user sessions bert --end",
		Args:    exactly(1, "the user's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !end {
				return usageError{fmt.Errorf("say --end to end all sign-ins of %s; see %s --help", args[0], cmd.CommandPath())}
			}
			return o.in(func(cmd *cobra.Command, args []string) error {
				if err := o.change(cmd.Context(), http.MethodDelete, userPath(args[0])+"/sessions", nil); err != nil {
					return fmt.Errorf("ending the sign-ins of %s: %w", args[0], err)
				}
				return nil
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, false)
	fl.BoolVar(&end, "end", false, "end them")
	return cmd
}

// link is one to hand on.
type link struct{ Token, URL string }

// handOn prints a link, which begins with base if there is one.
func (o *operator) handOn(base string) func(link) error {
	return func(l link) error {
		if base != "" {
			l.URL = strings.TrimSuffix(base, "/") + "/invite#" + l.Token
		}
		_, err := fmt.Fprintln(o.out, l.URL)
		return err
	}
}

const linkHelp = `The link begins with where the running server is found. Of a stopped one that
isn't known, and http://localhost:8080 is put there; --url says it better.`

func newUserPassword() *cobra.Command {
	var (
		o    operator
		base string
	)
	cmd := &cobra.Command{
		Use:   "password NAME",
		Short: "Make a link by which a user sets a new password",
		Long: `Print a link by which whoever has it sets a new password of an account, once,
within 24 hours. All sign-ins of the account end then.

` + linkHelp,
		Example: "  redroom user password bert\n  redroom user password bert --url https://room.example.com",
		Args:    exactly(1, "the user's name"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			if err := show(cmd.Context(), &o, http.MethodPost, userPath(args[0])+"/invitation", nil, o.handOn(base)); err != nil {
				return fmt.Errorf("making a link for %s: %w", args[0], err)
			}
			return nil
		}),
	}
	o.flags(cmd.Flags(), true)
	cmd.Flags().StringVar(&base, "url", "", "what the link begins with, a `URL`")
	return cmd
}

func newUserInvite() *cobra.Command {
	var (
		o          operator
		base, role string
		deals      []string
	)
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Make a link by which somebody gets an account",
		Long: `Print a link by which whoever has it picks a user name and a password, once,
within 7 days, and is in the deals then.

` + linkHelp,
		Example: `  redroom user invite --deal "GeldGeldGeld AG"
  redroom user invite --deal Alpha --deal Beta --role observer --url https://room.example.com`,
		Args: exactly(0, "no arguments"),
		RunE: o.in(func(cmd *cobra.Command, _ []string) error {
			ids := []string{}
			for _, name := range deals {
				d, err := o.deal(cmd.Context(), name)
				if err != nil {
					return err
				}
				ids = append(ids, d.ID)
			}
			if err := show(cmd.Context(), &o, http.MethodPost, "/api/invitations", map[string]any{"deals": ids, "role": role}, o.handOn(base)); err != nil {
				return fmt.Errorf("making an invitation: %w", err)
			}
			return nil
		}),
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	fl.StringArrayVar(&deals, "deal", nil, "a `deal`, by its name or id; repeatable")
	fl.StringVar(&role, "role", "member", "`admin|member|observer|bot`")
	fl.StringVar(&base, "url", "", "what the link begins with, a `URL`")
	offer(cmd, "role", roles...)
	return cmd
}

// readPassword takes a line, or makes a password where there is none.
func readPassword(in io.Reader) (password string, made bool, err error) {
	if !stdinIsTerminal() {
		line, err := bufio.NewReader(io.LimitReader(in, 4<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", false, fmt.Errorf("reading the password: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			return line, false, nil
		}
	}
	return server.NewPassword(), true, nil
}
