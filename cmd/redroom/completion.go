package main

import (
	_ "embed"
	"fmt"

	"github.com/spf13/cobra"
)

// Those of cobra's for bash and zsh don't get along with names that have spaces
// in them, or are begun with a quote.
var (
	//go:embed completion.bash
	bashCompletion string
	//go:embed completion.zsh
	zshCompletion string
)

func newCompletion() *cobra.Command {
	fixed := func(script string) func(*cobra.Command) error {
		return func(cmd *cobra.Command) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), script)
			return err
		}
	}
	return group("completion", "Have a shell complete commands, flags and topics",
		newCompletionOf("bash", "In ~/.bashrc:", "source <(redroom completion bash)", fixed(bashCompletion)),
		newCompletionOf("zsh", "In ~/.zshrc, after compinit; or in a file _redroom in a directory of $fpath:", "source <(redroom completion zsh)", fixed(zshCompletion)),
		newCompletionOf("fish", "In ~/.config/fish/config.fish:", "redroom completion fish | source", func(cmd *cobra.Command) error {
			return cmd.Root().GenFishCompletion(cmd.OutOrStdout(), true)
		}),
		newCompletionOf("powershell", "In the profile:", "redroom completion powershell | Out-String | Invoke-Expression", func(cmd *cobra.Command) error {
			return cmd.Root().GenPowerShellCompletionWithDesc(cmd.OutOrStdout())
		}))
}

func newCompletionOf(shell, where, line string, print func(*cobra.Command) error) *cobra.Command {
	return &cobra.Command{
		Use:     shell,
		Short:   "Print the script that has " + shell + " complete",
		Long:    "Print the script that has " + shell + " complete commands, flags and, where one is signed in,\nthe names of topics. " + where,
		Example: "  " + line,
		Args:    exactly(0, "no arguments"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return print(cmd) },
	}
}

// newHelp is cobra's, but that it fails where there is nothing to tell.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Say what a command does, and how",
		Example: "  redroom help post\n  redroom help topic create",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("there is no command %q; see redroom help", args)}
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			about, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) == 0 {
				for _, c := range about.Commands() {
					if c.IsAvailableCommand() {
						names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
