package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func newTopicMembers() *cobra.Command {
	var (
		o  operator
		in string
	)
	cmd := &cobra.Command{
		Use:     "members TOPIC",
		Short:   "List all who can read a topic, and from which message on",
		Example: "  redroom topic members Price --deal Alpha",
		Args:    exactly(1, "the topic"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			t, err := o.topic(cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			return show(cmd.Context(), &o, http.MethodGet, topicPath(t.ID)+"/members", nil, func(list struct{ Members []person }) error {
				var rows [][]any
				for _, p := range list.Members {
					rows = append(rows, []any{p.Name, p.Role, p.From, p.Display})
				}
				return o.table("NAME\tROLE\tFROM\tDISPLAY", rows)
			})
		}),
	}
	o.flags(cmd.Flags(), true)
	dealFlag(cmd.Flags(), &in)
	return cmd
}

func newTopicAdd() *cobra.Command {
	var (
		o  operator
		in string
	)
	cmd := &cobra.Command{
		Use:     "add TOPIC USER",
		Short:   "Let a member of the deal into a narrowed topic",
		Example: `  redroom topic add "Clean team" bert`,
		Args:    exactly(2, "the topic and the user's name"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			return o.changeTopic(cmd.Context(), "adding "+args[1], http.MethodPut, args[0], in, memberPath(args[1]), nil)
		}),
	}
	o.flags(cmd.Flags(), true)
	o.dryRunFlag(cmd.Flags())
	dealFlag(cmd.Flags(), &in)
	return cmd
}

func newTopicRemove() *cobra.Command {
	var (
		o  operator
		in string
	)
	cmd := &cobra.Command{
		Use:     "remove TOPIC USER",
		Short:   "Take a user out of a narrowed topic",
		Example: `  redroom topic remove "Clean team" bert --dry-run`,
		Args:    exactly(2, "the topic and the user's name"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			return o.changeTopic(cmd.Context(), "removing "+args[1], http.MethodDelete, args[0], in, memberPath(args[1]), nil)
		}),
	}
	o.flags(cmd.Flags(), true)
	o.dryRunFlag(cmd.Flags())
	dealFlag(cmd.Flags(), &in)
	return cmd
}

func newTopicMove() *cobra.Command {
	var (
		o    operator
		in   string
		from int64
	)
	cmd := &cobra.Command{
		Use:   "move TOPIC USER --from N",
		Short: "Move from which message on a user reads a topic",
		Long: `Have a user read a topic from message N on: 1 is its beginning, one more than
it has messages is from now on.`,
		Example: "  redroom topic move Price bert --from 1 --dry-run",
		Args:    exactly(2, "the topic and the user's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("from") {
				return usageError{fmt.Errorf("say with --from from which message on; see %s --help", cmd.CommandPath())}
			}
			return o.in(func(cmd *cobra.Command, args []string) error {
				return o.changeTopic(cmd.Context(), "moving "+args[1], http.MethodPatch, args[0], in, memberPath(args[1]), map[string]any{"from": from})
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	o.dryRunFlag(fl)
	dealFlag(fl, &in)
	fl.Int64Var(&from, "from", 0, "the first `message` that the user may read")
	return cmd
}
