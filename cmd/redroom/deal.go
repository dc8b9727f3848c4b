package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
	"golang.org/x/text/unicode/norm"
)

func newDeal() *cobra.Command {
	return group("deal", "Deals and their members",
		newDealList(), newDealCreate(), newDealChange(), newDealMembers(), newDealAdd(), newDealRemove(), newDealMove())
}

// dealPath is where a deal is found.
func dealPath(id string) string { return "/api/deals/" + url.PathEscape(id) }

type deal struct {
	ID, Name, History string
	Open, Receipts    bool
}

// deals are all of them.
func (o *operator) deals(ctx context.Context) ([]deal, error) {
	var list struct{ Deals []deal }
	if err := o.room.Do(ctx, http.MethodGet, "/api/deals", nil, &list); err != nil {
		return nil, fmt.Errorf("listing the deals: %w", err)
	}
	return list.Deals, nil
}

// deal is the one of an id or a name, of which there is one at most.
func (o *operator) deal(ctx context.Context, name string) (deal, error) {
	all, err := o.deals(ctx)
	if err != nil {
		return deal{}, err
	}
	for _, d := range all {
		if d.ID == name {
			return d, nil
		}
	}
	for _, d := range all {
		if d.Name == norm.NFC.String(name) {
			return d, nil
		}
	}
	return deal{}, fmt.Errorf("there is no deal %q; see redroom deal list", name)
}

func newDealList() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the deals",
		Example: "  redroom deal list\n  redroom deal list --json | jq -r '.deals[].id'",
		Args:    exactly(0, "no arguments"),
		RunE: o.in(func(cmd *cobra.Command, _ []string) error {
			return show(cmd.Context(), &o, http.MethodGet, "/api/deals", nil, func(list struct{ Deals []deal }) error {
				var rows [][]any
				for _, d := range list.Deals {
					rows = append(rows, []any{d.ID, openOrClosed(d.Open), d.History, shownOrHidden(d.Receipts), d.Name})
				}
				return o.table("ID\tSTATE\tHISTORY\tRECEIPTS\tNAME", rows)
			})
		}),
	}
	o.flags(cmd.Flags(), true)
	return cmd
}

func openOrClosed(open bool) string {
	if open {
		return "open"
	}
	return "closed"
}

func shownOrHidden(receipts bool) string {
	if receipts {
		return "shown"
	}
	return "hidden"
}

const receiptsHelp = "whether its readers see up to where each has read"

const historyHelp = "from where those who join later may read: `all|joined`, from the beginning or from the day of joining"

var histories = []string{"all", "joined"}

func newDealCreate() *cobra.Command {
	var (
		o        operator
		history  string
		receipts bool
	)
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a deal, and print its id",
		Example: `  redroom deal create "GeldGeldGeld AG" --history joined`,
		Args:    exactly(1, "the deal's name"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"name": args[0], "history": history, "receipts": receipts}
			if err := show(cmd.Context(), &o, http.MethodPost, "/api/deals", body, o.printID); err != nil {
				return fmt.Errorf("making the deal: %w", err)
			}
			return nil
		}),
	}
	o.flags(cmd.Flags(), true)
	cmd.Flags().StringVar(&history, "history", "all", historyHelp)
	cmd.Flags().BoolVar(&receipts, "receipts", false, receiptsHelp)
	offer(cmd, "history", histories...)
	return cmd
}

func newDealChange() *cobra.Command {
	var (
		o              operator
		name, history  string
		open, receipts bool
	)
	cmd := &cobra.Command{
		Use:   "change DEAL",
		Short: "Rename, close or reopen a deal, or change its history and receipts",
		Long: `Change what is given of a deal, which is named by its name or id. In a closed
deal nothing can be posted.`,
		Example: `  redroom deal change Alpha --open=false --dry-run
  redroom deal change Alpha --name "Alpha GmbH" --history joined
  redroom deal change Alpha --receipts`,
		Args: exactly(1, "the deal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fields, err := fieldsOf(cmd, map[string]any{"name": name, "open": open, "history": history, "receipts": receipts})
			if err != nil {
				return err
			}
			return o.in(func(cmd *cobra.Command, args []string) error {
				return o.changeDeal(cmd.Context(), "changing the deal", http.MethodPatch, args[0], "", fields)
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	o.dryRunFlag(fl)
	fl.StringVar(&name, "name", "", "another name")
	fl.BoolVar(&open, "open", true, "whether one may post in it")
	fl.StringVar(&history, "history", "", historyHelp)
	fl.BoolVar(&receipts, "receipts", false, receiptsHelp)
	offer(cmd, "history", histories...)
	return cmd
}

// changeDeal changes a deal, or what lies below it at a path.
func (o *operator) changeDeal(ctx context.Context, doing, method, name, below string, body any) error {
	d, err := o.deal(ctx, name)
	if err != nil {
		return err
	}
	if err := o.change(ctx, method, dealPath(d.ID)+below, body); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

type person struct {
	Name, Display, Role string
	From                int64 // of a topic's: the first seq
}

func newDealMembers() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:   "members DEAL",
		Short: "List the members of a deal",
		Long: `List the members of a deal, which is named by its name or id. Admins read every
deal, and need not be members.`,
		Example: "  redroom deal members Alpha",
		Args:    exactly(1, "the deal"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			d, err := o.deal(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return show(cmd.Context(), &o, http.MethodGet, dealPath(d.ID)+"/members", nil, func(list struct{ Members []person }) error {
				var rows [][]any
				for _, p := range list.Members {
					rows = append(rows, []any{p.Name, p.Role, p.Display})
				}
				return o.table("NAME\tROLE\tDISPLAY", rows)
			})
		}),
	}
	o.flags(cmd.Flags(), true)
	return cmd
}

// memberPath is a member, below a deal or topic.
func memberPath(name string) string { return "/members/" + url.PathEscape(name) }

func newDealAdd() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:     "add DEAL USER",
		Short:   "Let a user into a deal",
		Example: "  redroom deal add Alpha bert --dry-run",
		Args:    exactly(2, "the deal and the user's name"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			return o.changeDeal(cmd.Context(), "adding "+args[1], http.MethodPut, args[0], memberPath(args[1]), nil)
		}),
	}
	o.flags(cmd.Flags(), true)
	o.dryRunFlag(cmd.Flags())
	return cmd
}

func newDealRemove() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:   "remove DEAL USER",
		Short: "Take a user out of a deal",
		Long: `Take a user out of a deal, and so out of all of its topics, at once. Those that
were narrowed to the user are so no more, even if the user comes back.`,
		Example: "  redroom deal remove Alpha bert --dry-run\n  redroom deal remove Alpha bert",
		Args:    exactly(2, "the deal and the user's name"),
		RunE: o.in(func(cmd *cobra.Command, args []string) error {
			return o.changeDeal(cmd.Context(), "removing "+args[1], http.MethodDelete, args[0], memberPath(args[1]), nil)
		}),
	}
	o.flags(cmd.Flags(), true)
	o.dryRunFlag(cmd.Flags())
	return cmd
}

func newDealMove() *cobra.Command {
	var (
		o       operator
		history string
	)
	cmd := &cobra.Command{
		Use:   "move DEAL USER --history all|joined",
		Short: "Move from where a member reads all topics of a deal",
		Long: `Have a member of a deal read all of its topics from their beginning (all), or from
now on (joined), as if the user had joined this moment.`,
		Example: "  redroom deal move Alpha bert --history joined --dry-run",
		Args:    exactly(2, "the deal and the user's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if history == "" {
				return usageError{fmt.Errorf("say --history all or --history joined; see %s --help", cmd.CommandPath())}
			}
			return o.in(func(cmd *cobra.Command, args []string) error {
				return o.changeDeal(cmd.Context(), "moving "+args[1], http.MethodPatch, args[0], memberPath(args[1]), map[string]any{"history": history})
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	o.dryRunFlag(fl)
	fl.StringVar(&history, "history", "", "`all|joined`: from the beginning, or from now on")
	offer(cmd, "history", histories...)
	return cmd
}
