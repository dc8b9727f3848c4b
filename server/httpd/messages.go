package httpd

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"redroom/server/room"
)

const (
	messageLimit    = 100  // where nothing else is asked for
	maxMessageLimit = 1000 // at most
	messageOctets   = 1 << 20
)

type message struct {
	Seq    int64     `json:"seq"`
	Author string    `json:"author"`
	Time   int64     `json:"time"` // unix-ms, as the chain has it
	Kind   room.Kind `json:"kind"`
	Ref    int64     `json:"ref,omitempty"`
	Salt   string    `json:"salt"`
	Body   string    `json:"body"`
}

type page struct {
	Messages []message `json:"messages"`
	Head     int64     `json:"head"`
	Epoch    string    `json:"epoch"`
	From     int64     `json:"from"` // the first seq that may be read
}

// listMessages is a page of a topic's log, ascending. It may be shorter than
// asked for: bodies of more than 1 MiB in all come on several pages.
func (s *site) listMessages(c *call) error {
	t, from, err := c.topic()
	if err != nil {
		return err
	}
	span, err := parseSpan(c.r.URL.Query())
	if err != nil {
		return err
	}
	var found []room.Message
	if span.before > 0 {
		found, err = s.Store.MessagesBefore(c.ctx(), t.ID, span.before, span.limit, messageOctets)
	} else {
		found, err = s.Store.Messages(c.ctx(), t.ID, max(span.after, from-1), span.limit, messageOctets)
	}
	if err != nil {
		return fmt.Errorf("reading messages: %w", err)
	}
	answer := page{Messages: []message{}, Head: s.Store.Head(t.ID).Seq, Epoch: s.Store.Epoch(), From: from}
	for _, m := range found {
		if m.Seq >= from {
			answer.Messages = append(answer.Messages, message{Seq: m.Seq, Author: m.Author, Time: m.At, Kind: m.Kind,
				Ref: m.Ref, Salt: m.Salt.String(), Body: string(m.Body)})
		}
	}
	return c.answer(http.StatusOK, answer)
}

// span is which messages are asked for: those after a seq, or the last ones
// before one.
type span struct {
	after, before int64
	limit         int
}

func parseSpan(q url.Values) (span, error) {
	if q.Has("after") && q.Has("before") {
		return span{}, room.Refuse(room.ErrMalformed, "Ask for after or before, not for both.")
	}
	after, errAfter := number(q, "after", 0, 0)
	before, errBefore := number(q, "before", 1, 0)
	limit, errLimit := number(q, "limit", 1, messageLimit)
	if err := cmp.Or(errAfter, errBefore, errLimit); err != nil {
		return span{}, err
	}
	if limit > maxMessageLimit {
		return span{}, room.Refuse(room.ErrMalformed, fmt.Sprintf("limit is at most %d.", maxMessageLimit))
	}
	return span{after: after, before: before, limit: int(limit)}, nil
}

// number is a query's, of at least least; other if it has none.
func number(q url.Values, name string, least, other int64) (int64, error) {
	if !q.Has(name) {
		return other, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < least {
		return 0, room.Refuse(room.ErrMalformed, fmt.Sprintf("%s is a whole number of at least %d.", name, least))
	}
	return n, nil
}
