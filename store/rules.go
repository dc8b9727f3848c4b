package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"redroom/server/room"
)

// rulesChanged ends the sign-ins that the new rules don't let go on without a
// second factor.
func (tx *transaction) rulesChanged(ctx context.Context, ev room.SignInRulesChanged) (room.Outcome, error) {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil || next == tx.state {
		return room.Outcome{}, err
	}
	if ev.By != "" && next.DemandsFactor(ev.By) {
		var factor room.Factor
		found, err := tx.find(ctx, "reading a session", `SELECT factor FROM sessions WHERE id = ?`, []any{ev.Session}, &factor)
		switch {
		case err != nil:
			return room.Outcome{}, err
		case !found, factor == room.NoFactor:
			return room.Outcome{}, room.Refuse(room.ErrForbidden, "Set up a second factor of your own first, so that you aren't the first to stand outside.")
		}
	}
	kept, err := json.Marshal(next.SignInRules())
	if err != nil {
		return room.Outcome{}, fmt.Errorf("writing the rules of signing in: %w", err)
	}
	tx.state = next
	err = tx.exec(ctx, "keeping the rules of signing in", `INSERT INTO settings (name, value) VALUES ('signin_rules', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value`, string(kept))
	if err != nil {
		return room.Outcome{}, err
	}
	var outcome room.Outcome
	for _, u := range next.Users() {
		if !next.DemandsFactor(u.Name) {
			continue
		}
		ended, err := tx.endSessions(ctx, `user = ? AND factor = ''`, u.Name)
		if err != nil {
			return room.Outcome{}, err
		}
		outcome.Ended = append(outcome.Ended, ended.Ended...)
	}
	slices.Sort(outcome.Ended)
	return outcome, nil
}

// loadRules are nil where nobody has changed them.
func loadRules(ctx context.Context, conn *sql.Conn) (*room.SignInRules, error) {
	var kept string
	err := conn.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = 'signin_rules'`).Scan(&kept)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the rules of signing in: %w", err)
	}
	r := new(room.SignInRules)
	if err := json.Unmarshal([]byte(kept), r); err != nil {
		return nil, fmt.Errorf("reading the rules of signing in: %w", err)
	}
	return r, nil
}

// vouched links an account to who it is at the provider, the first time.
func (tx *transaction) vouched(ctx context.Context, ev room.Vouched) (room.Outcome, error) {
	var user string
	linked, err := tx.find(ctx, "looking for who somebody is", identitySQL, []any{ev.Issuer, ev.Subject}, &user)
	switch {
	case err != nil:
		return room.Outcome{}, err
	case linked && user != ev.User:
		return room.Outcome{}, room.ErrWrongSignIn
	}
	before := tx.state.User(ev.User)
	if !linked && before != nil {
		var other string
		taken, err := tx.find(ctx, "looking for whom an account is linked to", `SELECT subject FROM identities WHERE user = ? AND issuer = ?`, []any{ev.User, ev.Issuer}, &other)
		switch {
		case err != nil:
			return room.Outcome{}, err
		case taken, !ev.Match:
			return room.Outcome{}, room.ErrWrongSignIn
		}
	}
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return room.Outcome{}, err
	}
	var outcome room.Outcome
	switch u := next.User(ev.User); {
	case before == nil:
		if err := tx.addUser(ctx, next, ev.User, ""); err != nil {
			return room.Outcome{}, err
		}
		outcome.Changed = true
	case next != tx.state:
		tx.state = next
		if outcome, err = tx.storeUser(ctx, u); err != nil {
			return room.Outcome{}, err
		}
		outcome.Changed = true
	}
	if linked {
		return outcome, nil
	}
	tx.linked = true
	return outcome, tx.exec(ctx, "linking an account", `INSERT INTO identities (issuer, subject, user, linked) VALUES (?, ?, ?, ?)`, ev.Issuer, ev.Subject, ev.User, ev.At)
}

const identitySQL = `SELECT user FROM identities WHERE issuer = ? AND subject = ?`

// Linked tells whether an account is that of somebody of a provider.
func (s *Store) Linked(ctx context.Context, user, issuer string) (linked bool, err error) {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.closed {
		return false, errClosed
	}
	err = s.readers.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM identities WHERE user = ? AND issuer = ?)`, user, issuer).Scan(&linked)
	if err != nil {
		return false, fmt.Errorf("store: reading whether an account is linked: %w", err)
	}
	return linked, nil
}

// Identity is whose account somebody of a provider has, or ErrNotFound.
func (s *Store) Identity(ctx context.Context, issuer, subject string) (user string, err error) {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.closed {
		return "", errClosed
	}
	err = s.readers.db.QueryRowContext(ctx, identitySQL, issuer, subject).Scan(&user)
	return user, orRefusal(err, room.ErrNotFound, "reading whose account it is")
}
