package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redroom/server/room"
	"redroom/server/terminal"
)

// auditPage is how many rows of the trail are asked for at a time, and the most
// that the last ones can be.
const auditPage = 1000

// entry is a row of the audit trail.
type entry struct {
	Seq, Time, Count                       int64
	By, Address, Action, User, Deal, Topic string
	Detail                                 json.RawMessage
}

// line is the entry on one line; what doesn't apply is left out, or "-".
func (e entry) line() string {
	or := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	parts := []string{
		strconv.FormatInt(e.Seq, 10), time.UnixMilli(e.Time).UTC().Format("2006-01-02T15:04:05.000Z"),
		or(e.By), or(e.Address), e.Action,
	}
	for _, about := range []struct{ name, value string }{{"user", e.User}, {"deal", e.Deal}, {"topic", e.Topic}} {
		if about.value != "" {
			parts = append(parts, about.name+"="+about.value)
		}
	}
	if e.Count != 0 {
		parts = append(parts, fmt.Sprintf("count=%d", e.Count))
	}
	if detail := string(e.Detail); detail != "" && detail != "{}" {
		parts = append(parts, detail)
	}
	return strings.Join(parts, "  ")
}

func newAudit() *cobra.Command {
	var (
		o                         operator
		after, last               int64
		user, inDeal, about, what string
	)
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Print the audit trail: who did what, when, from where",
		Long: `Print the audit trail, a row a line: its number, the time, who did it, from which
address, what was done, to whom and to what. "-" in the place of who did it is the
operator, at the machine itself, or nobody who is known. With --json a row is a
JSON object on a line, with its hash; redroom verify checks the chain of them.`,
		Example: `  redroom audit --last 20
  redroom audit --user bert --action topic.opened
  redroom audit --after 1200 --json >> audit.jsonl`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, args []string) error {
			byNumber := cmd.Flags().Changed("last")
			if byNumber && cmd.Flags().Changed("after") {
				return usageError{fmt.Errorf("give --after or --last, not both; see %s --help", cmd.CommandPath())}
			}
			if byNumber && (last < 1 || last > auditPage) {
				return usageError{fmt.Errorf("--last is 1 to %d, not %d", auditPage, last)}
			}
			return o.in(func(cmd *cobra.Command, _ []string) error {
				query := url.Values{"limit": {strconv.Itoa(auditPage)}}
				ids, err := o.idsOf(cmd.Context(), inDeal, about)
				if err != nil {
					return err
				}
				for name, value := range map[string]string{"user": user, "deal": ids.deal, "topic": ids.topic, "action": what} {
					if value != "" {
						query.Set(name, value)
					}
				}
				if byNumber {
					query.Set("before", "0")
					query.Set("limit", strconv.FormatInt(last, 10))
					_, err := o.printAudit(cmd.Context(), query)
					return err
				}
				for more := true; more && err == nil; {
					var end int64
					query.Set("after", strconv.FormatInt(after, 10))
					end, err = o.printAudit(cmd.Context(), query)
					after, more = end, end > 0
				}
				return err
			})(cmd, args)
		},
	}
	fl := cmd.Flags()
	o.flags(fl, true)
	fl.Int64Var(&after, "after", 0, "begin after this `row`")
	fl.Int64Var(&last, "last", 0, "the last so many `rows` only")
	fl.StringVar(&user, "user", "", "what this `user` did, or was done to")
	fl.StringVar(&inDeal, "deal", "", "what was done in this `deal`, by its name or id")
	fl.StringVar(&about, "topic", "", "what was done to this `topic`, by its title or id")
	fl.StringVar(&what, "action", "", "one `action`, such as topic.opened")
	return cmd
}

// printAudit prints the rows that a query asks for, and gives the last one's
// number; 0: there are none.
func (o *operator) printAudit(ctx context.Context, query url.Values) (last int64, err error) {
	var list struct{ Entries []json.RawMessage }
	if err := o.room.Do(ctx, http.MethodGet, "/api/audit?"+query.Encode(), nil, &list); err != nil {
		return 0, fmt.Errorf("reading the audit trail: %w", err)
	}
	var b strings.Builder
	for _, raw := range list.Entries {
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return 0, fmt.Errorf("reading the server's answer: %w", err)
		}
		if o.asJSON {
			b.Write(terminal.EscapeJSON(raw))
		} else {
			b.WriteString(e.line())
		}
		b.WriteByte('\n')
		last = e.Seq
	}
	_, err = fmt.Fprint(o.out, b.String())
	return last, err
}

// auditIDs are those of the deal and the topic that rows are asked for of.
type auditIDs struct{ deal, topic string }

// idsOf finds a deal by its name and a topic by its title. An id is taken as it
// is: the trail has conversations, too, which are not listed.
func (o *operator) idsOf(ctx context.Context, inDeal, about string) (ids auditIDs, err error) {
	if inDeal != "" {
		d, err := o.deal(ctx, inDeal)
		if err != nil {
			return ids, err
		}
		ids.deal = d.ID
	}
	switch {
	case room.ValidID(about):
		ids.topic = about
	case about != "":
		t, err := o.topic(ctx, about, inDeal)
		if err != nil {
			return ids, err
		}
		ids.topic = t.ID
	}
	return ids, nil
}
