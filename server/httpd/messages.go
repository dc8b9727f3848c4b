package httpd

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	Salt   string    `json:"salt,omitempty"`
	Body   *string   `json:"body,omitempty"`

	// In place of salt and body, where the words were removed.
	Redacted *int   `json:"redacted,omitempty"` // octets of the body as first posted
	Digest   string `json:"digest,omitempty"`
}

func newMessage(m *room.Message) message {
	shown := message{Seq: m.Seq, Author: m.Author, Time: m.At, Kind: m.Kind, Ref: m.Ref}
	if m.Redacted {
		shown.Redacted, shown.Digest = &m.Length, m.Digest.String()
		return shown
	}
	body := string(m.Body)
	shown.Salt, shown.Body = m.Salt.String(), &body
	return shown
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
	t := c.state.Topic(c.param("topic"))
	from, ok := c.state.ReadsFrom(c.user.Name, c.param("topic"))
	if !ok {
		return room.ErrNotFound
	}
	span, err := parseSpan(c.r.URL.Query())
	if err != nil {
		return err
	}
	if err := s.noteOpening(c, t); err != nil {
		return err
	}
	var found []room.Message
	// A page of nothing but what is left out here isn't the end of the log.
	for more := true; more && len(found) == 0; {
		found, err = s.readSpan(c.ctx(), t.ID, from, &span)
		if err != nil {
			return fmt.Errorf("reading messages: %w", err)
		}
		more = len(found) > 0
		found = readableFrom(found, from)
	}
	// What is committed and not published yet may be newer than the rights.
	head := s.Store.Head(t.ID).Seq
	found = slices.DeleteFunc(found, func(m room.Message) bool { return m.Seq > head })
	now, err := s.stillReads(c, t)
	if err != nil {
		return err
	}
	answer := page{Messages: []message{}, Head: head, Epoch: s.Store.Epoch(), From: max(from, now)}
	found = readableFrom(found, answer.From)
	for i := range found {
		answer.Messages = append(answer.Messages, newMessage(&found[i]))
	}
	return c.answer(http.StatusOK, answer)
}

// stillReads is from where who calls may read a topic at this moment, after it
// was read.
func (s *site) stillReads(c *call, t *room.Topic) (from int64, err error) {
	now := s.Store.State()
	from, ok := now.ReadsFrom(c.user.Name, t.ID)
	switch {
	case !ok:
		return 0, room.ErrNotFound
	case now.Topic(t.ID).Strict != t.Strict:
		return 0, room.ErrUnavailable // the next try is noted as this topic's are now
	}
	return from, nil
}

// readableFrom leaves out what is not for whoever reads from a seq on.
func readableFrom(found []room.Message, from int64) []room.Message {
	return slices.DeleteFunc(found, func(m room.Message) bool {
		return m.Seq < from || m.Kind == room.Edit && m.Ref < from
	})
}

// readSpan reads a page of the log and moves the span behind it.
func (s *site) readSpan(ctx context.Context, topic string, from int64, span *span) (found []room.Message, err error) {
	if span.before > 0 && span.before <= from {
		return nil, nil
	}
	if span.before > 0 {
		found, err = s.Store.MessagesBefore(ctx, topic, span.before, span.limit, messageOctets)
		if len(found) > 0 {
			span.before = found[0].Seq
		}
		return found, err
	}
	found, err = s.Store.Messages(ctx, topic, max(span.after, from-1), span.limit, messageOctets)
	if len(found) > 0 {
		span.after = found[len(found)-1].Seq
	}
	return found, err
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
