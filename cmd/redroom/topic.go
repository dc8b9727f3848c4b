package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/text/unicode/norm"
)

func newTopic() *cobra.Command {
	return group("topic", "Topics and who reads them",
		newTopicList(), newTopicCreate(), newTopicChange(), newTopicMembers(), newTopicAdd(), newTopicRemove(), newTopicMove())
}

// topicPath is where a topic is found.
func topicPath(id string) string { return "/api/topics/" + url.PathEscape(id) }

type topic struct {
	ID, Title                        string
	Number                           int
	Open, Archived, Strict, Narrowed bool
	Head                             int64

	deal deal
	raw  json.RawMessage // as it came
}

// state is the topic's in words.
func (t topic) state() string {
	words := []string{openOrClosed(t.Open)}
	if t.Archived {
		words[0] = "archived"
	}
	if t.Narrowed {
		words = append(words, "narrowed")
	}
	if t.Strict {
		words = append(words, "strict")
	}
	return strings.Join(words, ",")
}

// topics are those of a deal, or of all deals if none is named.
func (o *operator) topics(ctx context.Context, in string) ([]topic, error) {
	var deals []deal
	if in == "" {
		all, err := o.deals(ctx)
		if err != nil {
			return nil, err
		}
		deals = all
	} else {
		d, err := o.deal(ctx, in)
		if err != nil {
			return nil, err
		}
		deals = []deal{d}
	}
	var topics []topic
	for _, d := range deals {
		var list struct{ Topics []json.RawMessage }
		if err := o.room.Do(ctx, http.MethodGet, dealPath(d.ID)+"/topics", nil, &list); err != nil {
			return nil, fmt.Errorf("listing the topics: %w", err)
		}
		for _, raw := range list.Topics {
			t := topic{deal: d, raw: raw}
			if err := json.Unmarshal(raw, &t); err != nil {
				return nil, fmt.Errorf("reading the server's answer: %w", err)
			}
			topics = append(topics, t)
		}
	}
	return topics, nil
}

// topic is the one of an id or a title.
func (o *operator) topic(ctx context.Context, name, in string) (topic, error) {
	all, err := o.topics(ctx, in)
	if err != nil {
		return topic{}, err
	}
	var found []topic
	for _, t := range all {
		if t.ID == name {
			return t, nil
		}
		if t.Title == norm.NFC.String(name) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return topic{}, fmt.Errorf("there is no topic %q; see redroom topic list", name)
	case 1:
		return found[0], nil
	}
	return topic{}, fmt.Errorf("%d deals have a topic %q; say with --deal which is meant, or give the topic's id", len(found), name)
}

// dealFlag says in which deal a topic is that is named by its title.
func dealFlag(fl *pflag.FlagSet, in *string) {
	fl.StringVar(in, "deal", "", "the topic's `deal`, by its name or id, where others have a topic of this title")
}

func newTopicList() *cobra.Command {
	var (
		o  operator
		in string
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the topics",
		Long: `List the topics of a deal, or of all deals. Conversations of two are theirs alone,
and are not listed.`,
		Example: "  redroom topic list --deal Alpha\n  redroom topic list --json | jq -r '.topics[] | select(.narrowed) | .title'",
		Args:    exactly(0, "no arguments"),
		RunE: o.in(func(cmd *cobra.Command, _ []string) error {
			topics, err := o.topics(cmd.Context(), in)
			if err != nil {
				return err
			}
			if o.asJSON {
				all := []json.RawMessage{}
				for _, t := range topics {
					all = append(all, t.raw)
				}
				list, err := json.Marshal(map[string]any{"topics": all})
				if err != nil {
					return fmt.Errorf("writing the topics: %w", err)
				}
				return o.printJSON(list)
			}
			var rows [][]any
			for _, t := range topics {
				rows = append(rows, []any{t.ID, t.Number, t.Head, t.state(), t.deal.Name, t.Title})
			}
			return o.table("ID\tNUMBER\tMESSAGES\tSTATE\tDEAL\tTITLE", rows)
		}),
	}
	o.flags(cmd.Flags(), true)
	cmd.Flags().StringVar(&in, "deal", "", "a `deal`, by its name or id; all if not given")
	return cmd
}

// topicFields are a topic's that can be said by flags.
type topicFields struct {
	title                            string
	number                           int
	open, archived, strict, narrowed bool
	members                          []string
}

// flags are those of new topics as well as of others.
func (f *topicFields) flags(fl *pflag.FlagSet) {
	fl.IntVar(&f.number, "number", 0, "its place in the list, 0 to 32767")
	fl.BoolVar(&f.strict, "strict", false, "whoever opens it must stand in the audit trail first")
	fl.BoolVar(&f.narrowed, "narrowed", false, "for those members of the deal only that --members names, and admins")
	fl.StringSliceVar(&f.members, "members", nil, "whom it is narrowed to, `user`,user…; all of them")
}

func newTopicCreate() *cobra.Command {
	var (
		o  operator
		f  topicFields
		in string
	)
	cmd := &cobra.Command{
		Use:   "create TITLE --deal DEAL",
		Short: "Make a topic, and print its id",
		Long: `Make a topic in a deal. It is for all members of the deal, or with --narrowed for
some of them: nobody else can learn that it exists. Admins read every topic.`,
		Example: `  redroom topic create Price --deal Alpha --number 2
  redroom topic create "Clean team" --deal Alpha --narrowed --members anna,bert --dry-run`,
		Args: exactly(1, "the topic's title"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if in == "" {
				return usageError{fmt.Errorf("say with --deal where the topic is to be; see %s --help", cmd.CommandPath())}
			}
			return o.in(func(cmd *cobra.Command, args []string) error {
				d, err := o.deal(cmd.Context(), in)
				if err != nil {
					return err
				}
				body := map[string]any{"title": args[0], "number": f.number, "strict": f.strict, "narrowed": f.narrowed, "members": f.members}
				if o.dryRun {
					err = o.foretell(cmd.Context(), http.MethodPost, dealPath(d.ID)+"/topics", body)
				} else {
					err = show(cmd.Context(), &o, http.MethodPost, dealPath(d.ID)+"/topics", body, o.printID)
				}
				if err != nil {
					return fmt.Errorf("making the topic: %w", err)
				}
				return nil
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	o.dryRunFlag(fl)
	f.flags(fl)
	fl.StringVar(&in, "deal", "", "the `deal`, by its name or id")
	return cmd
}

func newTopicChange() *cobra.Command {
	var (
		o  operator
		f  topicFields
		in string
	)
	cmd := &cobra.Command{
		Use:   "change TOPIC",
		Short: "Rename, number, narrow, close, reopen or archive a topic",
		Long: `Change what is given of a topic, which is named by its title or id. Whoever loses
the right to it by that is out at once.

--narrowed without --members leaves in it those whom it was narrowed to before;
--narrowed=false opens it to all members of the deal.`,
		Example: `  redroom topic change Price --deal Alpha --narrowed --members anna,bert --dry-run
  redroom topic change Price --title Prices --number 3
  redroom topic change Price --archived`,
		Args: exactly(1, "the topic"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fields, err := fieldsOf(cmd, map[string]any{
				"title": f.title, "number": f.number, "open": f.open, "archived": f.archived,
				"strict": f.strict, "narrowed": f.narrowed, "members": f.members,
			})
			if err != nil {
				return err
			}
			return o.in(func(cmd *cobra.Command, args []string) error {
				return o.changeTopic(cmd.Context(), "changing the topic", http.MethodPatch, args[0], in, "", fields)
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	o.dryRunFlag(fl)
	dealFlag(fl, &in)
	f.flags(fl)
	fl.StringVar(&f.title, "title", "", "another title")
	fl.BoolVar(&f.open, "open", true, "whether one may post in it")
	fl.BoolVar(&f.archived, "archived", false, "closed, and listed apart")
	return cmd
}

// changeTopic changes a topic, or what lies below it at a path.
func (o *operator) changeTopic(ctx context.Context, doing, method, name, in, below string, body any) error {
	t, err := o.topic(ctx, name, in)
	if err != nil {
		return err
	}
	if err := o.change(ctx, method, topicPath(t.ID)+below, body); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
