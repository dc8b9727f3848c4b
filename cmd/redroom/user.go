package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"redroom/server"
)

func newUser() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Accounts",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q; see redroom user --help", args[0])}
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newUserAdd())
	return cmd
}

func newUserAdd() *cobra.Command {
	var (
		data, display, role string
		admin               bool
	)
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an account",
		Long: `Make an account in the store of --data, whether its server runs or not.
The password is read from standard input, one line; at a terminal, or without
any input, one is made and printed.`,
		Example: `  redroom user add anna --admin --data ./redroom-data
  redroom user add bert --display "Bert Baum" --data ./redroom-data < password.txt`,
		Args: exactly(1, "the user's name"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if admin {
				role = "admin"
			}
			password, made, err := readPassword(cmd.InOrStdin())
			if err != nil {
				return err
			}
			o, err := server.OpenOperator(cmd.Context(), data, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, o.Close()) }()
			u := server.NewUser{Name: args[0], Display: display, Role: role, Password: password}
			if err := o.AddUser(cmd.Context(), u); err != nil {
				return fmt.Errorf("adding %s: %w", u.Name, err)
			}
			if made {
				fmt.Fprintln(cmd.OutOrStdout(), password)
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&data, "data", "./redroom-data", "the server's data `directory`")
	fl.StringVar(&display, "display", "", "the name that others see; the user's name if not given")
	fl.StringVar(&role, "role", "member", "`admin|member|observer|bot`")
	fl.BoolVar(&admin, "admin", false, "the same as --role admin")
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
