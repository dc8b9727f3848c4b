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
	err = tx.exec(ctx, "creating a deal", `INSERT INTO deals (id, name, open, history, created) VALUES (?, ?, ?, ?, ?)`,
		d.ID, d.Name, d.Open, string(d.History), d.Created)
	if err != nil || ev.By == "" {
		return err
	}
	return tx.storeMember(ctx, before, d.ID, ev.By)
}

func (tx *transaction) dealChanged(ctx context.Context, ev room.DealChanged) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	tx.state = next
	d := next.Deal(ev.ID)
	return tx.exec(ctx, "changing a deal", `UPDATE deals SET name = ?, open = ?, history = ? WHERE id = ?`,
		d.Name, d.Open, string(d.History), d.ID)
}

func (tx *transaction) memberAdded(ctx context.Context, ev room.MemberAdded) error {
	return tx.changeMember(ctx, ev, ev.Deal, ev.User)
}

func (tx *transaction) memberRemoved(ctx context.Context, ev room.MemberRemoved) error {
	return tx.changeMember(ctx, ev, ev.Deal, ev.User)
}

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
// the membership and from where the user may read the deal's topics.
func (tx *transaction) storeMember(ctx context.Context, before *room.State, deal, user string) error {
	d := tx.state.Deal(deal)
	if d == nil || d == before.Deal(deal) {
		return nil
	}
	m := d.Members[user]
	err := tx.exec(ctx, "storing a member", `INSERT INTO members (deal, user, joined, removed) VALUES (?, ?, ?, ?)
ON CONFLICT (deal, user) DO UPDATE SET joined = excluded.joined, removed = excluded.removed`,
		deal, user, m.Joined, m.Left)
	if err != nil {
		return err
	}
	for _, topic := range d.Topics {
		if tx.state.Topic(topic) == before.Topic(topic) {
			continue
		}
		if err := tx.storeReadingStart(ctx, topic, user); err != nil {
			return err
		}
	}
	return nil
}

func (tx *transaction) storeReadingStart(ctx context.Context, topic, user string) error {
	key := tx.log(topic).key
	seq, ok := tx.state.Topic(topic).Starts[user]
	if !ok {
		return tx.exec(ctx, "removing a reading start", `DELETE FROM reading_starts WHERE topic = ? AND user = ?`, key, user)
	}
	return tx.exec(ctx, "storing a reading start", `INSERT INTO reading_starts (topic, user, seq) VALUES (?, ?, ?)
ON CONFLICT (topic, user) DO UPDATE SET seq = excluded.seq`, key, user, seq)
}
