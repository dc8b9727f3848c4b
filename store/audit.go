package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"redroom/server/room"
)

const (
	auditColumns = `seq, time, done_by, address, action, user, deal, topic, count, detail, hash`

	insertAuditSQL = `INSERT INTO audit (` + auditColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	moveTrailSQL = `UPDATE audit_head SET seq = ?, hash = ? WHERE id = 1`
)

// audit adds an event that was applied to the trail, if it has changed the room
// that was before, or is noted.
func (tx *transaction) audit(ctx context.Context, ev room.Event, before *room.State, outcome room.Outcome) error {
	if !tx.hasChanged(ev, before, outcome) {
		return nil
	}
	var taken room.Invitation
	if accepted, ok := ev.(room.InvitationAccepted); ok {
		var err error
		if taken, _, err = tx.invitation(ctx, accepted.Token); err != nil {
			return err
		}
	}
	if v, ok := ev.(room.Vouched); ok {
		ev = became(v, before.User(v.User) == nil, outcome.Changed, tx.state.User(v.User).Role)
	}
	for _, row := range room.Audit(ev, taken) {
		if err := tx.addRow(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// became is the company's word as it has come true: with the role that the account
// has by it, if that is another one, and Create if it was made.
func became(ev room.Vouched, made, changed bool, role room.Role) room.Vouched {
	ev.Create, ev.Role = made, ""
	if changed {
		ev.Role = role
	}
	return ev
}

// addRow adds one to the end of the trail.
func (tx *transaction) addRow(ctx context.Context, row room.AuditRow) error {
	if t := tx.state.Topic(row.Topic); t != nil && row.Deal == "" {
		row.Deal = t.Deal
	}
	row.Seq = tx.trail.Seq + 1
	row.Hash = row.ChainNext(tx.trail.Hash)
	_, err := tx.insertAudit.ExecContext(ctx, row.Seq, row.At, row.By, row.Address, string(row.Action),
		row.User, row.Deal, row.Topic, row.Count, row.Detail, row.Hash[:])
	if err != nil {
		return fmt.Errorf("adding to the audit trail: %w", err)
	}
	tx.trail, tx.audited = room.Head{Seq: row.Seq, Hash: row.Hash}, true
	return nil
}

// hasChanged tells whether an event that was applied has changed anything that
// the trail tells of. What a State shows is another State then.
func (tx *transaction) hasChanged(ev room.Event, before *room.State, outcome room.Outcome) bool {
	switch ev.(type) {
	case room.PasswordChanged, room.SessionOpened, room.SessionEnded, room.InvitationMade, room.InvitationAccepted, room.Noted, room.PeerIntroduced,
		room.TOTPSet, room.TOTPRemoved, room.PasskeyAdded, room.PasskeyRemoved, room.RecoveryCodesMade, room.FactorsRemoved,
		room.ToolTokenMade, room.ToolTokenRevoked:
		return true
	case room.Vouched:
		return tx.linked || tx.state != before
	case room.SessionsEnded:
		return len(outcome.Ended) > 0
	}
	return tx.state != before
}

// Audit are rows of the audit trail, ascending: those that q asks for, as of the
// newest Commit when it began.
func (s *Store) Audit(ctx context.Context, q room.AuditQuery) (rows []room.AuditRow, err error) {
	if q.Limit < 1 {
		return nil, nil
	}
	query, args := auditSQL(q)
	err = s.readAll(ctx, unprepared{s.readers.db, query}, args, func(r *sql.Rows) (more bool, err error) {
		row, err := scanAudit(r)
		rows = append(rows, row)
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: reading the audit trail: %w", err)
	}
	if q.Backwards {
		slices.Reverse(rows)
	}
	return rows, nil
}

// auditSQL is the query with its arguments. Whom something was done by and to
// whom are looked up each by its index, and merged.
func auditSQL(q room.AuditQuery) (query string, args []any) {
	from, bound, order := q.After, `seq > ?`, ``
	if q.Backwards {
		if from, bound, order = q.Before, `seq < ?`, ` DESC`; from == 0 {
			from = math.MaxInt64
		}
	}
	where, filters := bound, []any{from}
	filter := func(column, value string) {
		if value != "" {
			where, filters = where+` AND `+column+` = ?`, append(filters, value)
		}
	}
	filter("deal", q.Deal)
	filter("topic", q.Topic)
	filter("action", string(q.Action))

	query = `SELECT ` + auditColumns + ` FROM audit WHERE ` + where
	args = filters
	if q.User != "" {
		query = query + ` AND done_by = ? UNION ` + query + ` AND user = ?`
		args = slices.Concat(filters, []any{q.User}, filters, []any{q.User})
	}
	return query + ` ORDER BY seq` + order + ` LIMIT ?`, append(args, q.Limit)
}

// scanAudit reads a row. A hash that has not the length of one is all zeros.
func scanAudit(rows *sql.Rows) (row room.AuditRow, err error) {
	var hash sql.RawBytes
	err = rows.Scan(&row.Seq, &row.At, &row.By, &row.Address, &row.Action, &row.User, &row.Deal, &row.Topic, &row.Count, &row.Detail, &hash)
	if len(hash) == len(row.Hash) {
		row.Hash = room.Hash(hash)
	}
	return row, err
}
