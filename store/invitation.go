package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"redroom/server/room"
)

func (tx *transaction) invitationMade(ctx context.Context, ev room.InvitationMade) error {
	if _, err := tx.state.Apply(ev, tx.headSeq); err != nil {
		return err
	}
	_, exists, err := tx.invitation(ctx, ev.Token)
	switch {
	case err != nil:
		return err
	case exists:
		return room.ErrExists
	}
	role, deals := string(ev.Role), ev.Deals
	if ev.User != "" {
		role, deals = "", nil
	}
	err = tx.exec(ctx, "making an invitation", `INSERT INTO invitations (token_hash, made_by, made, role, user, expires) VALUES (?, ?, ?, ?, ?, ?)`,
		ev.Token[:], orNull(ev.By), ev.At, orNull(role), orNull(ev.User), ev.Expires)
	if err != nil {
		return err
	}
	for i, deal := range deals {
		err := tx.exec(ctx, "adding a deal to an invitation", `INSERT INTO invitation_deals (token_hash, position, deal) VALUES (?, ?, ?)`,
			ev.Token[:], i+1, deal)
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *transaction) invitationAccepted(ctx context.Context, ev room.InvitationAccepted) (room.Outcome, error) {
	inv, found, err := tx.invitation(ctx, ev.Token)
	switch {
	case err != nil:
		return room.Outcome{}, err
	case !found:
		return room.Outcome{}, room.ErrNotFound
	case inv.Used, inv.Expires < ev.At, !tx.state.IsAdmin(inv.By):
		return room.Outcome{}, room.ErrInvitationEnded
	case inv.User != "":
		return tx.passwordLinkAccepted(ctx, ev, inv)
	}
	next, err := tx.state.AcceptInvitation(ev, inv.Role, inv.Deals, tx.headSeq)
	if err != nil {
		return room.Outcome{}, err
	}
	err = tx.exec(ctx, "spending an invitation", `UPDATE invitations SET used = ? WHERE token_hash = ?`, ev.At, ev.Token[:])
	if err != nil {
		return room.Outcome{}, err
	}
	before := tx.state
	if err := tx.addUser(ctx, next, ev.Name, ev.PasswordHashed); err != nil {
		return room.Outcome{}, err
	}
	for _, deal := range inv.Deals {
		if err := tx.storeMember(ctx, before, deal, ev.Name); err != nil {
			return room.Outcome{}, err
		}
	}
	return room.Outcome{}, nil
}

func (tx *transaction) passwordLinkAccepted(ctx context.Context, ev room.InvitationAccepted, inv room.Invitation) (room.Outcome, error) {
	switch {
	case ev.Name != inv.User:
		return room.Outcome{}, room.Refuse(room.ErrUnprocessable, "This link is for another account.")
	case !tx.state.User(inv.User).Active:
		return room.Outcome{}, room.ErrDeactivated
	}
	return tx.setPassword(ctx, inv.User, ev.PasswordHashed, "", ev.At)
}

const (
	invitationSQL = `SELECT coalesce(made_by, ''), coalesce(role, ''), coalesce(user, ''), expires, used IS NOT NULL
FROM invitations WHERE token_hash = ?`

	invitationDealsSQL = `SELECT deal FROM invitation_deals WHERE token_hash = ? ORDER BY position`
)

func (tx *transaction) invitation(ctx context.Context, token room.TokenHash) (inv room.Invitation, found bool, err error) {
	found, err = tx.find(ctx, "reading an invitation", invitationSQL, []any{token[:]}, invitationFields(&inv)...)
	if found {
		inv.Deals, err = tx.texts(ctx, "reading an invitation's deals", invitationDealsSQL, token[:])
	}
	return inv, found, err
}

func invitationFields(inv *room.Invitation) []any {
	return []any{&inv.By, &inv.Role, &inv.User, &inv.Expires, &inv.Used}
}

// Invitation is the link that a token stands for, or ErrNotFound; one that was
// used comes as such. Whether it has expired is the caller's to compare.
func (s *Store) Invitation(ctx context.Context, token room.TokenHash) (room.Invitation, error) {
	var inv room.Invitation
	err := s.read(ctx, s.readers.invitation, []any{token[:]}, invitationFields(&inv)...)
	if err != nil {
		return room.Invitation{}, orRefusal(err, room.ErrNotFound, "reading an invitation")
	}
	err = s.readAll(ctx, s.readers.invitationDeals, []any{token[:]}, func(rows *sql.Rows) (more bool, err error) {
		var deal string
		err = rows.Scan(&deal)
		inv.Deals = append(inv.Deals, deal)
		return true, err
	})
	if err != nil {
		return room.Invitation{}, fmt.Errorf("store: reading an invitation's deals: %w", err)
	}
	return inv, nil
}

// orRefusal names a failure to read, and says refusal where there is no row.
func orRefusal(err error, refusal *room.Error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return refusal
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}
