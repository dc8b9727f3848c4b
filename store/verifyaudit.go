package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"redroom/server/room"
)

const (
	verifyAuditHeadSQL = `SELECT seq, hash FROM audit_head WHERE id = 1`

	verifyAuditSQL = `SELECT ` + auditColumns + ` FROM audit WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT ?`

	// One statement sees one state; see verifyBeyondSQL.
	verifyAuditBeyondSQL = `SELECT seq FROM audit WHERE seq > (SELECT coalesce(max(seq), 0) FROM audit_head) ORDER BY seq LIMIT 1`
)

// AuditReport is what became of the audit trail.
type AuditReport struct {
	Rows  int64  `json:"rows"`
	Fault *Fault `json:"fault,omitempty"` // the first place that is not as it was written
}

// String is one line.
func (a *AuditReport) String() string {
	if a.Fault != nil {
		return fmt.Sprintf("audit trail: row %d %s", a.Fault.Seq, a.Fault.What)
	}
	return fmt.Sprintf("audit trail: rows: %d", a.Rows)
}

// trailCheck goes through the audit trail.
type trailCheck struct {
	db       *sql.DB
	kept     room.Head // the head that was kept, up to which is read
	at       room.Head // read up to here
	previous room.Hash // the chain's value before at
}

// checkAudit goes through the trail from its start to the head that was kept.
// Stores of older versions have none.
func (r *Report) checkAudit(ctx context.Context, db *sql.DB) (faults []string, err error) {
	if r.Version < 3 {
		return nil, nil
	}
	c := trailCheck{db: db, at: room.Head{Hash: room.AuditStart()}}
	var hash []byte
	err = db.QueryRowContext(ctx, verifyAuditHeadSQL).Scan(&c.kept.Seq, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		faults = append(faults, "the audit trail's head is missing")
	case err != nil:
		return nil, fmt.Errorf("reading the head of the audit trail: %w", err)
	}
	copy(c.kept.Hash[:], hash)
	r.Audit = &AuditReport{}
	r.Audit.Fault, err = c.run(ctx)
	if err == nil && r.Audit.Fault == nil {
		r.Audit.Fault, err = c.beyond(ctx)
	}
	if err != nil {
		r.Audit.Fault = &Fault{c.at.Seq + 1, fmt.Sprintf("can't be read: %v", err)}
	}
	r.Audit.Rows = c.at.Seq
	return faults, nil
}

func (c *trailCheck) run(ctx context.Context) (*Fault, error) {
	from := int64(math.MinInt64)
	for {
		page, err := c.page(ctx, from, c.kept.Seq)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if fault, err := c.check(ctx, &page[i]); fault != nil || err != nil {
				return fault, err
			}
		}
		if len(page) < verifyPage {
			break
		}
		from = c.at.Seq + 1
	}
	switch {
	case c.at.Seq < c.kept.Seq:
		return &Fault{c.at.Seq + 1, fmt.Sprintf("is missing: the trail ends with %d, and its head was kept as %d", c.at.Seq, c.kept.Seq)}, nil
	case c.at.Hash != c.kept.Hash:
		return &Fault{c.at.Seq, "has another hash than was kept as that of the trail's head: this row, or the trail before it, was written anew"}, nil
	}
	return nil, nil
}

// page are rows from a seq on, at most verifyPage.
func (c *trailCheck) page(ctx context.Context, from, to int64) (page []room.AuditRow, err error) {
	rows, err := c.db.QueryContext(ctx, verifyAuditSQL, from, to, verifyPage)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := scanAudit(rows)
		if err != nil {
			return nil, err
		}
		page = append(page, row)
	}
	return page, rows.Err()
}

// check compares a row with what must follow, and goes on behind it.
func (c *trailCheck) check(ctx context.Context, row *room.AuditRow) (*Fault, error) {
	next := c.at.Seq + 1
	switch {
	case row.Seq < 1:
		return &Fault{row.Seq, "was inserted: the trail begins with 1"}, nil
	case row.Seq != next:
		return &Fault{next, fmt.Sprintf("is missing: %d follows %d", row.Seq, c.at.Seq)}, nil
	case row.ChainNext(c.at.Hash) != row.Hash:
		return c.explain(ctx, row)
	}
	c.previous, c.at = c.at.Hash, room.Head{Seq: row.Seq, Hash: row.Hash}
	return nil, nil
}

// explain says what is wrong with a row whose hash isn't that which follows:
// from what stands around it.
func (c *trailCheck) explain(ctx context.Context, row *room.AuditRow) (*Fault, error) {
	after, err := c.page(ctx, row.Seq+1, min(row.Seq+1, c.kept.Seq))
	if err != nil {
		return nil, err
	}
	leadsOn := func(hash room.Hash) bool {
		if len(after) == 0 {
			return row.Seq == c.kept.Seq && hash == c.kept.Hash
		}
		return after[0].ChainNext(hash) == after[0].Hash
	}
	// as tells whether a row has the hash that it would have as seq behind prev.
	as := func(r room.AuditRow, seq int64, prev room.Hash) bool {
		r.Seq = seq
		return r.ChainNext(prev) == r.Hash
	}
	switch {
	case leadsOn(row.Hash):
		return &Fault{row.Seq, "was changed: it is not what its hash is made of"}, nil
	case leadsOn(row.ChainNext(c.at.Hash)):
		return &Fault{row.Seq, "was changed: its hash is not what follows from it"}, nil
	case len(after) > 0 && as(after[0], row.Seq, c.at.Hash):
		return &Fault{row.Seq, fmt.Sprintf("was inserted: row %d is what was %d", row.Seq+1, row.Seq)}, nil
	case c.at.Seq > 0 && as(*row, c.at.Seq, c.previous):
		return &Fault{c.at.Seq, fmt.Sprintf("was inserted: row %d is what was %d", row.Seq, c.at.Seq)}, nil
	}
	return &Fault{row.Seq, "is not what was written here"}, nil
}

// beyond looks for rows behind the head that was kept.
func (c *trailCheck) beyond(ctx context.Context) (*Fault, error) {
	var seq int64
	err := c.db.QueryRowContext(ctx, verifyAuditBeyondSQL).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &Fault{seq, "was added by something else: it lies beyond the head that was kept"}, err
}
