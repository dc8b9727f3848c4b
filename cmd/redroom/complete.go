package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redroom/server/terminal"
)

// completeWithin is how long somebody waits who has pressed Tab.
const completeWithin = 2 * time.Second

// completeTopic offers the topics that one sees for the argument of this index,
// as Deal/Title; by their ids those that can't be named so. Without a server, or
// without an answer in time, it offers nothing, and says nothing of it.
func completeTopic(c *connection, index int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const nothingElse = cobra.ShellCompDirectiveNoFileComp
		if len(args) != index || fromEnvironment(cmd.Flags()) != nil {
			return nil, nothingElse
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		r, err := c.room(ctx)
		if err != nil {
			return nil, nothingElse
		}
		defer r.Close()
		topics, err := (&operator{room: r}).topics(ctx, "")
		if err != nil {
			return nil, nothingElse
		}
		return topicNames(topics), nothingElse
	}
}

// topicNames are what Topic finds these by, each once.
func topicNames(topics []topic) []cobra.Completion {
	count := make(map[string]int)
	for _, t := range topics {
		count[t.name()]++
	}
	var names []cobra.Completion
	for _, t := range topics {
		name := t.name()
		if count[name] > 1 || terminal.Clean(name) != name || strings.TrimSpace(name) != name {
			names = append(names, cobra.CompletionWithDesc(t.ID, terminal.Clean(name)))
			continue
		}
		names = append(names, name)
	}
	return names
}

// name is what a topic is called beside its id.
func (t topic) name() string { return t.deal.Name + "/" + t.Title }
