package httpd

import (
	"cmp"
	"context"
	"fmt"
	"math"
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

	maxEdited = 200 // messages, where their edits are asked for
	maxEdits  = 20  // of one message; the newest one always comes
)

var errSinceTooLong = &room.Error{Code: http.StatusServiceUnavailable, Text: "Looking for a time took too long, since not all messages are in the index yet; try again in some minutes.", Retry: true}

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
	Edits    []message `json:"edits,omitempty"` // of these, from after them
	Head     int64     `json:"head"`
	Epoch    string    `json:"epoch"`
	From     int64     `json:"from"` // the first seq that may be read
}

// listMessages is a page of a topic's log, ascending. It may be shorter than
// asked for: bodies of more than 1 MiB in all, those of edits among them, come on
// several pages.
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
	if span.since != nil {
		var first int64
		err = s.inTurn(c, errSinceTooLong, func(ctx context.Context) error {
			first, err = s.Store.Since(ctx, t.ID, from, *span.since)
			return err
		})
		if err != nil {
			return fmt.Errorf("reading messages: %w", err)
		}
		if span.after = first - 1; first == 0 {
			span.after = math.MaxInt64 - 1 // behind all
		}
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
	found, edits, err := s.withEdits(c.ctx(), t.ID, found, span)
	if err != nil {
		return fmt.Errorf("reading edits: %w", err)
	}
	// What is committed and not published yet may be newer than the rights.
	head := s.Store.Head(t.ID).Seq
	unpublished := func(m room.Message) bool { return m.Seq > head }
	found, edits = slices.DeleteFunc(found, unpublished), slices.DeleteFunc(edits, unpublished)
	now, err := s.stillReads(c, t)
	if err != nil {
		return err
	}
	answer := page{Messages: []message{}, Head: head, Epoch: s.Store.Epoch(), From: max(from, now)}
	found, edits = readableFrom(found, answer.From), readableFrom(edits, answer.From)
	for i := range found {
		answer.Messages = append(answer.Messages, newMessage(&found[i]))
	}
	for i := range edits {
		answer.Edits = append(answer.Edits, newMessage(&edits[i]))
	}
	return c.answer(http.StatusOK, answer)
}

// withEdits are a page's messages with their newest edits that lie after the page,
// for who reads only this part of the log: as many of each as the limits allow,
// and the last of each always. Messages whose last edit has no room are left to
// the next page, but for one.
func (s *site) withEdits(ctx context.Context, topic string, page []room.Message, span span) (_, edits []room.Message, err error) {
	if !span.edits || len(page) == 0 {
		return page, nil, nil
	}
	nearest := slices.Clone(page) // to where the caller is
	if span.before > 0 {
		slices.Reverse(nearest)
	}
	newest, err := s.Store.Edits(ctx, topic, editable(nearest), 0, 1, messageOctets)
	if err != nil {
		return nil, nil, err
	}
	nearest, left := fitting(nearest, newest)
	first, last := ends(nearest)
	page = slices.DeleteFunc(page, func(m room.Message) bool { return m.Seq < first || m.Seq > last })
	older, err := s.Store.Edits(ctx, topic, editable(nearest), 1, maxEdits-1, left)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range newest {
		if e.Seq > last && e.Ref >= first && e.Ref <= last {
			edits = append(edits, e)
		}
	}
	for _, e := range older {
		if left -= len(e.Body); left < 0 {
			break
		}
		if e.Seq > last {
			edits = append(edits, e)
		}
	}
	slices.SortFunc(edits, func(a, b room.Message) int {
		return cmp.Or(cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Seq, b.Seq))
	})
	return page, edits, nil
}

// editable are the seqs of messages that may have edits.
func editable(messages []room.Message) (seqs []int64) {
	for _, m := range messages {
		if !m.Redacted && (m.Kind == room.Text || m.Kind == room.Report) {
			seqs = append(seqs, m.Seq)
		}
	}
	return seqs
}

// fitting are the first of messages, as many as have room together with the
// newest edit of each, one at least; left is the room that remains.
func fitting(messages, newest []room.Message) (_ []room.Message, left int) {
	of := make(map[int64]int, len(newest))
	for _, e := range newest {
		of[e.Ref] = len(e.Body)
	}
	left = messageOctets
	for i, m := range messages {
		size := len(m.Body) + of[m.Seq]
		if size > left && i > 0 {
			return messages[:i], left
		}
		left = max(0, left-size)
	}
	return messages, left
}

// ends are the least and the greatest seq of a page, in whatever direction.
func ends(page []room.Message) (first, last int64) {
	first, last = page[0].Seq, page[len(page)-1].Seq
	return min(first, last), max(first, last)
}

// stillReads is from where who calls may read a topic at this moment, after it
// was read.
func (s *site) stillReads(c *call, t *room.Topic) (from int64, err error) {
	now := c.now()
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

// span is which messages are asked for: those after a seq, the last ones before
// one, or those from the first on that is of some time or later.
type span struct {
	after, before int64
	since         *int64 // unix-ms
	limit         int
	edits         bool // those of its messages too, wherever they lie
}

func parseSpan(q url.Values) (span, error) {
	if (q.Has("after") || q.Has("since")) && q.Has("before") || q.Has("after") && q.Has("since") {
		return span{}, room.Refuse(room.ErrMalformed, "Ask for after, before or since, and for one of them only.")
	}
	after, errAfter := number(q, "after", 0, 0)
	before, errBefore := number(q, "before", 1, 0)
	limit, errLimit := number(q, "limit", 1, messageLimit)
	since, errSince := number(q, "since", 0, 0)
	if err := cmp.Or(errAfter, errBefore, errLimit, errSince); err != nil {
		return span{}, err
	}
	if limit > maxMessageLimit {
		return span{}, room.Refuse(room.ErrMalformed, fmt.Sprintf("limit is at most %d.", maxMessageLimit))
	}
	edits, err := number(q, "edits", 0, 0)
	if err != nil {
		return span{}, err
	}
	if edits > 0 && limit > maxEdited {
		return span{}, room.Refuse(room.ErrMalformed, fmt.Sprintf("With edits, limit is at most %d.", maxEdited))
	}
	asked := span{after: after, before: before, limit: int(limit), edits: edits > 0}
	if q.Has("since") {
		asked.since = &since
	}
	return asked, nil
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
