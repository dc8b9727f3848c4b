package httpd

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"redroom/server/room"
)

const (
	auditLimit    = 100  // where nothing else is asked for
	maxAuditLimit = 1000 // at most
)

// entry is a row of the audit trail. What doesn't apply is empty.
type entry struct {
	Seq     int64           `json:"seq"`
	Time    int64           `json:"time"` // unix-ms
	By      string          `json:"by"`   // "": the operator, or nobody who is known
	Address string          `json:"address"`
	Action  room.Action     `json:"action"`
	User    string          `json:"user"`
	Deal    string          `json:"deal"`
	Topic   string          `json:"topic"`
	Count   int64           `json:"count"`
	Detail  json.RawMessage `json:"detail"` // an object
	Hash    string          `json:"hash"`
}

func entryOf(r *room.AuditRow) entry {
	return entry{
		Seq: r.Seq, Time: r.At, By: r.By, Address: r.Address, Action: r.Action,
		User: r.User, Deal: r.Deal, Topic: r.Topic, Count: r.Count,
		Detail: json.RawMessage(cmp.Or(r.Detail, "{}")), Hash: r.Hash.String(),
	}
}

// listAudit is a part of the audit trail, ascending.
func (s *site) listAudit(c *call) error {
	q, err := parseAuditQuery(c.r.URL.Query())
	if err != nil {
		return err
	}
	rows, err := s.Store.Audit(c.ctx(), q)
	if err != nil {
		return fmt.Errorf("reading the audit trail: %w", err)
	}
	entries := make([]entry, 0, len(rows))
	for i := range rows {
		entries = append(entries, entryOf(&rows[i]))
	}
	head := s.Store.AuditHead().Seq
	if !c.now().IsAdmin(c.user.Name) {
		return room.ErrNotAdmin
	}
	return c.answer(http.StatusOK, map[string]any{"entries": entries, "head": head})
}

func parseAuditQuery(q url.Values) (room.AuditQuery, error) {
	asked := room.AuditQuery{
		Backwards: q.Has("before"),
		User:      q.Get("user"), Deal: q.Get("deal"), Topic: q.Get("topic"),
		Action: room.Action(q.Get("action")),
	}
	after, errAfter := number(q, "after", 0, 0)
	before, errBefore := number(q, "before", 0, 0)
	limit, errLimit := number(q, "limit", 1, auditLimit)
	err := cmp.Or(errAfter, errBefore, errLimit)
	switch {
	case err != nil:
	case q.Has("after") && asked.Backwards:
		err = room.Refuse(room.ErrMalformed, "Ask for after or before, not for both.")
	case limit > maxAuditLimit:
		err = room.Refuse(room.ErrMalformed, fmt.Sprintf("limit is at most %d.", maxAuditLimit))
	case asked.User != "" && !room.ValidUserName(asked.User):
		err = room.Refuse(room.ErrMalformed, "user is a user name.")
	case asked.Deal != "" && !room.ValidID(asked.Deal):
		err = room.Refuse(room.ErrMalformed, "deal is the id of a deal.")
	case asked.Topic != "" && !room.ValidID(asked.Topic):
		err = room.Refuse(room.ErrMalformed, "topic is the id of a topic.")
	}
	asked.After, asked.Before, asked.Limit = after, before, int(limit)
	return asked, err
}
