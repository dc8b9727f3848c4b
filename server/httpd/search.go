package httpd

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"redroom/server/room"
)

const (
	hitLimit    = 20  // where nothing else is asked for
	maxHitLimit = 100 // at most
	searchTries = 3   // while rights change
)

var (
	errNoQuery       = room.Refuse(room.ErrUnprocessable, "Write a word to look for.")
	errNoSuchTopic   = room.Refuse(room.ErrUnprocessable, "Behind in: stands the title of a topic that you can read, in quotes if it has blanks, or its id.")
	errCursor        = room.Refuse(room.ErrUnprocessable, "There is nothing to go on from: search anew.")
	errSearchTooLong = &room.Error{Code: http.StatusServiceUnavailable, Text: "The search took too long; name a topic with in:, a time with after:, or more letters of a word.", Retry: true}
)

// found is a message that was found.
type found struct {
	Topic   string       `json:"topic"`
	Deal    string       `json:"deal"`
	Seq     int64        `json:"seq"`
	Author  string       `json:"author"`
	Time    int64        `json:"time"` // unix-ms
	Kind    room.Kind    `json:"kind"`
	Extract []room.Piece `json:"extract"`
}

type findings struct {
	Hits   []found `json:"hits"`
	Cursor string  `json:"cursor,omitempty"` // goes on behind the last hit
	Behind int64   `json:"behind"`           // messages that aren't in the index yet
}

// search finds messages in the topics that who calls may read, from where on; see
// query.
func (s *site) search(c *call) error {
	asked := c.r.URL.Query()
	q, err := readQuery(asked, c.user.Name)
	if err != nil {
		return err
	}
	limit, err := number(asked, "limit", 1, hitLimit)
	switch {
	case err != nil:
		return err
	case limit > maxHitLimit:
		return room.Refuse(room.ErrMalformed, fmt.Sprintf("limit is at most %d.", maxHitLimit))
	}
	narrow := scope{deal: asked.Get("deal"), topic: asked.Get("topic"), titles: q.titles}
	if q.isEmpty() && narrow.deal == "" && narrow.topic == "" {
		return errNoQuery
	}
	for range searchTries {
		state := c.now()
		topics, err := c.searched(state, narrow)
		if err != nil {
			return err
		}
		older, err := olderThan(asked.Get("cursor"), state, c.user.Name)
		if err != nil {
			return err
		}
		var got room.Found
		err = s.inTurn(c, errSearchTooLong, func(ctx context.Context) error {
			got, err = s.Store.Search(ctx, room.Search{
				Topics: topics, Terms: q.terms, Author: q.author, Since: q.since, Before: q.before, Older: older, Limit: int(limit),
			})
			return err
		})
		if err != nil {
			return err
		}
		answer := s.findings(state, topics, &got)
		if err := s.noteFindings(c, state, answer.Hits); err != nil {
			return err
		}
		// The rights are asked for after everything was read.
		if now := c.now(); stillHolds(now, state, c.user.Name, topics) {
			return c.answer(http.StatusOK, answer)
		}
	}
	return room.ErrUnavailable
}

// scope is where is searched: "" and nil is everywhere.
type scope struct {
	deal, topic string
	titles      []string // or ids; one of them
}

// searched are the topics of a scope that who calls may read.
func (c *call) searched(state *room.State, in scope) ([]room.SearchedTopic, error) {
	me := c.user.Name
	if in.deal != "" && !state.SeesDeal(me, state.Deal(in.deal)) {
		return nil, room.ErrNotFound
	}
	topics := []room.SearchedTopic{}
	named, titled := false, false
	for t := range state.Topics() {
		from, ok := state.ReadsFrom(me, t.ID)
		if !ok {
			continue
		}
		here := in.titles == nil || isCalled(t, in.titles)
		named = named || t.ID == in.topic
		titled = titled || here
		if here && (in.topic == "" || t.ID == in.topic) && (in.deal == "" || t.Deal == in.deal) {
			topics = append(topics, room.SearchedTopic{ID: t.ID, From: from})
		}
	}
	switch {
	case in.topic != "" && !named:
		return nil, room.ErrNotFound
	case in.titles != nil && !titled:
		return nil, errNoSuchTopic
	}
	return topics, nil
}

func isCalled(t *room.Topic, names []string) bool {
	for _, name := range names {
		if t.ID == name || strings.EqualFold(norm.NFC.String(t.Title), name) {
			return true
		}
	}
	return false
}

// olderThan is the message that a cursor names: one that may be read.
func olderThan(cursor string, state *room.State, me string) (*room.Place, error) {
	if cursor == "" {
		return nil, nil
	}
	topic, number, _ := strings.Cut(cursor, ".")
	seq, err := strconv.ParseInt(number, 10, 64)
	if from, ok := state.ReadsFrom(me, topic); err != nil || !ok || seq < from {
		return nil, errCursor
	}
	return &room.Place{Topic: topic, Seq: seq}, nil
}

func (s *site) findings(state *room.State, topics []room.SearchedTopic, got *room.Found) findings {
	answer := findings{Hits: make([]found, 0, len(got.Hits))}
	for i := range got.Hits {
		h := &got.Hits[i]
		answer.Hits = append(answer.Hits, found{
			Topic: h.Topic, Deal: state.Topic(h.Topic).Deal, Seq: h.Seq,
			Author: h.Author, Time: h.At, Kind: h.Kind, Extract: h.Extract,
		})
	}
	if got.More {
		last := &got.Hits[len(got.Hits)-1]
		answer.Cursor = fmt.Sprintf("%s.%d", last.Topic, last.Seq)
	}
	for _, t := range topics {
		answer.Behind += max(0, s.Store.Head(t.ID).Seq-max(got.Indexed[t.ID], t.From-1))
	}
	return answer
}

// noteFindings has the audit trail know whose words are shown: to find something
// in a topic is to open it.
func (s *site) noteFindings(c *call, state *room.State, hits []found) error {
	noted := make(map[string]bool)
	for _, h := range hits {
		if noted[h.Topic] {
			continue
		}
		noted[h.Topic] = true
		if err := s.noteOpening(c, state.Topic(h.Topic)); err != nil {
			return err
		}
	}
	return nil
}

// stillHolds tells whether somebody may read what was searched still, as it was
// noted.
func stillHolds(now, then *room.State, me string, topics []room.SearchedTopic) bool {
	for _, t := range topics {
		from, ok := now.ReadsFrom(me, t.ID)
		if !ok || from > t.From || now.Topic(t.ID).Strict != then.Topic(t.ID).Strict {
			return false
		}
	}
	return true
}
