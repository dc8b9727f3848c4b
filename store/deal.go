package store

import (
	"context"

	"redroom/server/room"
)

func (tx *transaction) dealCreated(ctx context.Context, ev room.DealCreated) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	before, d := tx.state, next.Deal(ev.ID)
	tx.state = next
	err = tx.exec(ctx, "creating a deal", `INSERT INTO deals (id, name, open, history, receipts, created, version) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		d.ID, d.Name, d.Open, string(d.History), d.Receipts, d.Created, d.Version)
	if err != nil || ev.By == "" {
		return err
	}
	return tx.storeMember(ctx, before, d.ID, ev.By)
}

func (tx *transaction) dealChanged(ctx context.Context, ev room.DealChanged) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil || next == tx.state {
		return err
	}
	tx.state = next
	d := next.Deal(ev.ID)
	return tx.exec(ctx, "changing a deal", `UPDATE deals SET name = ?, open = ?, history = ?, receipts = ?, version = ? WHERE id = ?`,
		d.Name, d.Open, string(d.History), d.Receipts, d.Version, d.ID)
}

// changeMember is for what changes a user's place in a deal.
func (tx *transaction) changeMember(ctx context.Context, ev room.Event, deal, user string) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	before := tx.state
	tx.state = next
	return tx.storeMember(ctx, before, deal, user)
}

// storeMember writes what has changed since before about a user in a deal:
// the membership, and what the deal's topics have of it.
func (tx *transaction) storeMember(ctx context.Context, before *room.State, deal, user string) error {
	d := tx.state.Deal(deal)
	if d == nil {
		return nil
	}
	if m := d.Members[user]; d != before.Deal(deal) {
		err := tx.exec(ctx, "storing a member", `INSERT INTO members (deal, user, joined, removed) VALUES (?, ?, ?, ?)
ON CONFLICT (deal, user) DO UPDATE SET joined = excluded.joined, removed = excluded.removed`,
			deal, user, m.Joined, m.Left)
		if err != nil {
			return err
		}
	}
	for _, topic := range d.Topics {
		if err := tx.storeTopic(ctx, before, topic); err != nil {
			return err
		}
	}
	return nil
}
