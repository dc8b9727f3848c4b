package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// meaning is what a change would mean.
type meaning struct {
	Effects []effect
	Ends    bool // all sign-ins of the user
}

// effect is what would be different for one user.
type effect struct {
	User                                   string
	Gains, Loses, Less, More, Mute, Speaks []affected
}

type affected struct{ Title, Deal string }

// foretell prints what a change would mean.
func (o *operator) foretell(ctx context.Context, method, path string, body any) error {
	var raw json.RawMessage
	if err := o.room.Do(ctx, method, path+"?dry-run=true", body, &raw); err != nil {
		return err
	}
	if o.asJSON {
		return o.printJSON(raw)
	}
	var m meaning
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	names, err := o.dealNames(ctx, m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(o.out, m.sentences(names))
	return err
}

// dealNames are those of the deals that a change is about, by id; none if it is
// one deal, which needn't be said.
func (o *operator) dealNames(ctx context.Context, m meaning) (map[string]string, error) {
	about := make(map[string]bool)
	for _, e := range m.Effects {
		for _, part := range e.parts() {
			for _, t := range part.topics {
				about[t.Deal] = true
			}
		}
	}
	if len(about) < 2 {
		return nil, nil
	}
	deals, err := o.deals(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string)
	for _, d := range deals {
		names[d.ID] = d.Name
	}
	return names, nil
}

type part struct {
	what   string
	topics []affected
}

func (e effect) parts() []part {
	return []part{
		{"gains", e.Gains},
		{"loses", e.Loses},
		{"may read less of", e.Less},
		{"may read more of", e.More},
		{"may no longer write in", e.Mute},
		{"may write in", e.Speaks},
	}
}

// sentences say one thing a line, as "bert loses 2 topics: Price, Terms".
func (m meaning) sentences(dealNames map[string]string) string {
	var b strings.Builder
	for _, e := range m.Effects {
		for _, part := range e.parts() {
			if len(part.topics) > 0 {
				fmt.Fprintf(&b, "%s %s %s\n", e.User, part.what, listed(part.topics, dealNames))
			}
		}
	}
	if m.Ends {
		b.WriteString("all sign-ins of the user end\n")
	}
	if b.Len() == 0 {
		return "it changes nothing for anybody\n"
	}
	return b.String()
}

func listed(topics []affected, dealNames map[string]string) string {
	var names []string
	for _, t := range topics {
		if deal, ok := dealNames[t.Deal]; ok {
			names = append(names, deal+" / "+t.Title)
		} else {
			names = append(names, t.Title)
		}
	}
	what := "topics"
	if len(topics) == 1 {
		what = "topic"
	}
	return fmt.Sprintf("%d %s: %s", len(topics), what, strings.Join(names, ", "))
}
