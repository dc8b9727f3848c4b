package store

import (
	"context"
	"database/sql"
	"fmt"

	"redroom/server/room"
)

const (
	totpSQL          = `SELECT sealed, step, made FROM totp_secrets WHERE user = ?`
	passkeysSQL      = `SELECT id, user, label, made, used, credential FROM passkeys WHERE user = ? ORDER BY made, id`
	passkeySQL       = `SELECT id, user, label, made, used, credential FROM passkeys WHERE id = ?`
	recoveryCountSQL = `SELECT count(*) FROM recovery_codes WHERE user = ?`
	factorCountsSQL  = `SELECT user, max(totp), sum(passkeys) FROM (SELECT user, 1 AS totp, 0 AS passkeys FROM totp_secrets UNION ALL SELECT user, 0, 1 FROM passkeys) GROUP BY user`
	hasFactorSQL     = `SELECT EXISTS (SELECT 1 FROM totp_secrets WHERE user = ?1) + EXISTS (SELECT 1 FROM passkeys WHERE user = ?1)`
)

// checkShown refuses what a user has shown that isn't good any more, or not enough
// by then.
func (tx *transaction) checkShown(ctx context.Context, user string, shown room.Shown) error {
	if shown.PasswordHashed != "" {
		var now string
		_, err := tx.find(ctx, "reading a password's hash", passwordSQL, []any{user}, &now)
		switch {
		case err != nil:
			return err
		case now != shown.PasswordHashed:
			return room.ErrWrongSignIn
		}
	}
	var query string
	var args []any
	switch shown.Factor {
	case room.NoFactor:
		if shown.PasswordHashed == "" {
			return nil
		}
		factors, err := tx.countFactors(ctx, user)
		if err == nil && factors > 0 {
			return room.ErrWrongSignIn
		}
		return err
	case room.FactorTOTP:
		query, args = `SELECT 1 FROM totp_secrets WHERE user = ? AND step < ?`, []any{user, shown.Step}
	case room.FactorRecovery:
		query, args = `SELECT 1 FROM recovery_codes WHERE user = ? AND code_hash = ?`, []any{user, shown.Code[:]}
	case room.FactorPasskey:
		query, args = `SELECT 1 FROM passkeys WHERE user = ? AND id = ? AND credential = ?`, []any{user, shown.Passkey, shown.Was}
	case room.FactorProvider:
		query, args = `SELECT 1 FROM identities WHERE user = ? AND issuer = ? AND subject = ?`, []any{user, shown.Issuer, shown.Subject}
	default:
		return room.Refuse(room.ErrUnprocessable, "This is no second factor.")
	}
	var there int
	found, err := tx.find(ctx, "looking for a second factor", query, args, &there)
	if err == nil && !found {
		return room.ErrWrongSignIn
	}
	return err
}

// spend sees to it that what was shown isn't good a second time.
func (tx *transaction) spend(ctx context.Context, user string, at int64, shown room.Shown) error {
	switch shown.Factor {
	case room.FactorTOTP:
		return tx.exec(ctx, "spending a code", `UPDATE totp_secrets SET step = ? WHERE user = ?`, shown.Step, user)
	case room.FactorRecovery:
		return tx.exec(ctx, "spending a recovery code", `DELETE FROM recovery_codes WHERE user = ? AND code_hash = ?`, user, shown.Code[:])
	case room.FactorPasskey:
		return tx.exec(ctx, "noting that a passkey was used", `UPDATE passkeys SET credential = ?, used = ? WHERE id = ?`, shown.Credential, at, shown.Passkey)
	}
	return nil
}

func (tx *transaction) countFactors(ctx context.Context, user string) (n int, err error) {
	_, err = tx.find(ctx, "counting second factors", hasFactorSQL, []any{user}, &n)
	return n, err
}

// own refuses what somebody does to another's factors, or to those of an account
// that is not in use.
func (tx *transaction) own(by room.Stamp, user string) error {
	u := tx.state.User(user)
	switch {
	case by.By != user || u == nil:
		return room.ErrForbidden
	case !u.Active:
		return room.ErrDeactivated
	}
	return nil
}

func (tx *transaction) totpSet(ctx context.Context, ev room.TOTPSet) (room.Outcome, error) {
	if err := tx.own(ev.Stamp, ev.User); err != nil {
		return room.Outcome{}, err
	}
	err := tx.exec(ctx, "keeping a secret for codes", `INSERT INTO totp_secrets (user, sealed, step, made) VALUES (?, ?, ?, ?)
ON CONFLICT (user) DO UPDATE SET sealed = excluded.sealed, step = excluded.step, made = excluded.made`, ev.User, ev.Sealed, ev.Step, ev.At)
	if err != nil {
		return room.Outcome{}, err
	}
	return tx.factorSetUp(ctx, ev.Stamp, room.FactorTOTP, ev.Codes)
}

func (tx *transaction) passkeyAdded(ctx context.Context, ev room.PasskeyAdded) (room.Outcome, error) {
	if err := tx.own(ev.Stamp, ev.User); err != nil {
		return room.Outcome{}, err
	}
	if !room.ValidLabel(ev.Label, room.MaxLabelLength) {
		return room.Outcome{}, room.Refuse(room.ErrUnprocessable, "A label is 1 to 64 characters on one line, none of which is a control character or turns the direction of text.")
	}
	var count, there int
	if _, err := tx.find(ctx, "counting passkeys", `SELECT count(*) FROM passkeys WHERE user = ?`, []any{ev.User}, &count); err != nil {
		return room.Outcome{}, err
	}
	exists, err := tx.find(ctx, "looking for a passkey", `SELECT 1 FROM passkeys WHERE id = ?`, []any{ev.ID}, &there)
	switch {
	case err != nil:
		return room.Outcome{}, err
	case exists:
		return room.Outcome{}, room.ErrExists
	case count >= room.MaxPasskeys:
		return room.Outcome{}, room.Refuse(room.ErrUnprocessable, fmt.Sprintf("You have %d passkeys, which is the most; remove one first.", room.MaxPasskeys))
	}
	err = tx.exec(ctx, "adding a passkey", `INSERT INTO passkeys (id, user, label, made, used, credential) VALUES (?, ?, ?, ?, 0, ?)`,
		ev.ID, ev.User, ev.Label, ev.At, ev.Credential)
	if err != nil {
		return room.Outcome{}, err
	}
	return tx.factorSetUp(ctx, ev.Stamp, room.FactorPasskey, ev.Codes)
}

// factorSetUp makes the sign-in in which it was one with the factor, and ends the
// user's others that have none.
func (tx *transaction) factorSetUp(ctx context.Context, by room.Stamp, factor room.Factor, codes []room.TokenHash) (room.Outcome, error) {
	if len(codes) > 0 {
		if err := tx.keepRecoveryCodes(ctx, by.By, codes); err != nil {
			return room.Outcome{}, err
		}
	}
	err := tx.exec(ctx, "noting a session's second factor", `UPDATE sessions SET factor = ? WHERE id = ? AND factor = ''`, string(factor), by.Session)
	if err != nil {
		return room.Outcome{}, err
	}
	return tx.endSessions(ctx, `user = ? AND factor = ''`, by.By)
}

func (tx *transaction) keepRecoveryCodes(ctx context.Context, user string, codes []room.TokenHash) error {
	if err := tx.exec(ctx, "removing recovery codes", `DELETE FROM recovery_codes WHERE user = ?`, user); err != nil {
		return err
	}
	for _, code := range codes {
		if err := tx.exec(ctx, "keeping a recovery code", `INSERT OR IGNORE INTO recovery_codes (user, code_hash) VALUES (?, ?)`, user, code[:]); err != nil {
			return err
		}
	}
	return nil
}

func (tx *transaction) recoveryCodesMade(ctx context.Context, ev room.RecoveryCodesMade) error {
	if err := tx.own(ev.Stamp, ev.User); err != nil {
		return err
	}
	factors, err := tx.countFactors(ctx, ev.User)
	switch {
	case err != nil:
		return err
	case factors == 0:
		return room.Refuse(room.ErrUnprocessable, "Recovery codes are for who has a second factor; set one up first.")
	}
	return tx.keepRecoveryCodes(ctx, ev.User, ev.Codes)
}

func (tx *transaction) totpRemoved(ctx context.Context, ev room.TOTPRemoved) error {
	return tx.removeFactor(ctx, ev.Stamp, ev.User, `totp_secrets WHERE user = ?1`, ev.User)
}

func (tx *transaction) passkeyRemoved(ctx context.Context, ev room.PasskeyRemoved) error {
	return tx.removeFactor(ctx, ev.Stamp, ev.User, `passkeys WHERE user = ?1 AND id = ?2`, ev.User, ev.ID)
}

// removeFactor removes one; with the last one the recovery codes go, too.
func (tx *transaction) removeFactor(ctx context.Context, by room.Stamp, user, row string, args ...any) error {
	if err := tx.own(by, user); err != nil {
		return err
	}
	var there int
	found, err := tx.find(ctx, "looking for a second factor", `SELECT 1 FROM `+row, args, &there)
	switch {
	case err != nil:
		return err
	case !found:
		return room.ErrNotFound
	}
	var all int
	_, err = tx.find(ctx, "counting second factors",
		`SELECT (SELECT count(*) FROM totp_secrets WHERE user = ?1) + (SELECT count(*) FROM passkeys WHERE user = ?1)`, []any{user}, &all)
	switch {
	case err != nil:
		return err
	case all == 1 && tx.state.DemandsFactor(user):
		return room.Refuse(room.ErrForbidden, "A second factor is demanded of you; set up another one before you remove this.")
	}
	if err := tx.exec(ctx, "removing a second factor", `DELETE FROM `+row, args...); err != nil {
		return err
	}
	if all == 1 {
		return tx.keepRecoveryCodes(ctx, user, nil)
	}
	return nil
}

// factorsRemoved is for admins, but not for themselves, and for the operator.
func (tx *transaction) factorsRemoved(ctx context.Context, ev room.FactorsRemoved) (room.Outcome, error) {
	switch {
	case !tx.state.IsAdmin(ev.By):
		return room.Outcome{}, room.ErrNotAdmin
	case tx.state.User(ev.User) == nil:
		return room.Outcome{}, room.ErrNotFound
	case ev.By == ev.User:
		return room.Outcome{}, room.Refuse(room.ErrForbidden, "Another admin, or the operator, can do this for you.")
	}
	for _, table := range []string{"totp_secrets", "passkeys", "recovery_codes"} {
		if err := tx.exec(ctx, "removing second factors", `DELETE FROM `+table+` WHERE user = ?`, ev.User); err != nil {
			return room.Outcome{}, err
		}
	}
	return tx.endUserSessions(ctx, ev.User, "")
}

// Factors are a user's second factors.
func (s *Store) Factors(ctx context.Context, user string) (f room.Factors, err error) {
	err = s.inView(ctx, func(tx *sql.Tx) error {
		var totp room.TOTP
		switch err := tx.QueryRowContext(ctx, totpSQL, user).Scan(&totp.Sealed, &totp.Step, &totp.Made); {
		case err == nil:
			f.TOTP = &totp
		case err != sql.ErrNoRows:
			return err
		}
		if err := tx.QueryRowContext(ctx, recoveryCountSQL, user).Scan(&f.Recovery); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, passkeysSQL, user)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p room.PasskeyInfo
			if err := rows.Scan(passkeyFields(&p)...); err != nil {
				return err
			}
			f.Passkeys = append(f.Passkeys, p)
		}
		return rows.Err()
	})
	if err != nil {
		return room.Factors{}, fmt.Errorf("store: reading a user's second factors: %w", err)
	}
	return f, nil
}

// TOTPUsers are those who have a secret for codes, by name.
func (s *Store) TOTPUsers(ctx context.Context) (users []string, err error) {
	err = s.readAll(ctx, unprepared{s.readers.db, `SELECT user FROM totp_secrets ORDER BY user`}, nil, func(r *sql.Rows) (more bool, err error) {
		var user string
		err = r.Scan(&user)
		users = append(users, user)
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: reading who has codes: %w", err)
	}
	return users, nil
}

// FactorCounts are those of everybody who has a second factor, by name.
func (s *Store) FactorCounts(ctx context.Context) (map[string]room.FactorCount, error) {
	counts := make(map[string]room.FactorCount)
	err := s.readAll(ctx, unprepared{s.readers.db, factorCountsSQL}, nil, func(r *sql.Rows) (more bool, err error) {
		var user string
		var count room.FactorCount
		err = r.Scan(&user, &count.TOTP, &count.Passkeys)
		counts[user] = count
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: counting everybody's second factors: %w", err)
	}
	return counts, nil
}

// Passkey is the one of that id, or ErrNotFound.
func (s *Store) Passkey(ctx context.Context, id []byte) (p room.PasskeyInfo, err error) {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.closed {
		return p, errClosed
	}
	err = s.readers.db.QueryRowContext(ctx, passkeySQL, id).Scan(passkeyFields(&p)...)
	return p, orRefusal(err, room.ErrNotFound, "reading a passkey")
}

func passkeyFields(p *room.PasskeyInfo) []any {
	return []any{&p.ID, &p.User, &p.Label, &p.Made, &p.Used, &p.Credential}
}

// RecoveryCode tells whether a code of that hash is a user's, and unused.
func (s *Store) RecoveryCode(ctx context.Context, user string, code room.TokenHash) (there bool, err error) {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.closed {
		return false, errClosed
	}
	err = s.readers.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM recovery_codes WHERE user = ? AND code_hash = ?)`, user, code[:]).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("store: looking for a recovery code: %w", err)
	}
	return there, nil
}
