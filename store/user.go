package store

import (
	"context"
	"encoding/hex"

	"redroom/server/room"
)

func (tx *transaction) setupOffered(ctx context.Context, ev room.SetupOffered) error {
	if _, err := tx.state.Apply(ev, tx.headSeq); err != nil {
		return err
	}
	return tx.exec(ctx, "storing the setup token", `INSERT INTO settings (name, value) VALUES ('setup_token', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value`, hex.EncodeToString(ev.Token[:]))
}

// adminClaimed looks at the token before the name: who has none learns nothing.
func (tx *transaction) adminClaimed(ctx context.Context, ev room.AdminClaimed) error {
	if tx.state.HasAdmin() {
		return room.ErrSetupDone
	}
	var token string
	found, err := tx.find(ctx, "reading the setup token", `SELECT value FROM settings WHERE name = 'setup_token'`, nil, &token)
	if err != nil {
		return err
	}
	if !found || token != hex.EncodeToString(ev.Token[:]) {
		return room.ErrTokenUnknown
	}
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	if err := tx.exec(ctx, "spending the setup token", `DELETE FROM settings WHERE name = 'setup_token'`); err != nil {
		return err
	}
	return tx.addUser(ctx, next, ev.Name, ev.PasswordHashed)
}

func (tx *transaction) userAdded(ctx context.Context, ev room.UserAdded) error {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil {
		return err
	}
	return tx.addUser(ctx, next, ev.Name, ev.PasswordHashed)
}

// addUser goes over to next, in which the user is new.
func (tx *transaction) addUser(ctx context.Context, next *room.State, name, passwordHashed string) error {
	u := next.User(name)
	tx.state = next
	return tx.exec(ctx, "adding a user", `INSERT INTO users (name, display, role, active, password_hash, created, version) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		u.Name, u.Display, string(u.Role), u.Active, passwordHashed, u.Created, u.Version)
}

func (tx *transaction) userChanged(ctx context.Context, ev room.UserChanged) (room.Outcome, error) {
	next, err := tx.state.Apply(ev, tx.headSeq)
	if err != nil || next == tx.state {
		return room.Outcome{}, err
	}
	tx.state = next
	return tx.storeUser(ctx, next.User(ev.Name))
}

// storeUser keeps a user that was changed.
func (tx *transaction) storeUser(ctx context.Context, u *room.User) (room.Outcome, error) {
	err := tx.exec(ctx, "changing a user", `UPDATE users SET display = ?, role = ?, active = ?, version = ? WHERE name = ?`,
		u.Display, string(u.Role), u.Active, u.Version, u.Name)
	if err != nil {
		return room.Outcome{}, err
	}
	return tx.endWhatIsTooMuch(ctx, u)
}

// endWhatIsTooMuch ends what a user may not have any more: everything of one who
// is deactivated; tokens that may do more than the user; and sign-ins without the
// second factor that is demanded of the role.
func (tx *transaction) endWhatIsTooMuch(ctx context.Context, u *room.User) (room.Outcome, error) {
	tokens, err := tx.endToolTokens(ctx, u)
	if err != nil {
		return room.Outcome{}, err
	}
	var outcome room.Outcome
	switch {
	case !u.Active:
		outcome, err = tx.endUserSessions(ctx, u.Name, "")
	case tx.state.DemandsFactor(u.Name):
		outcome, err = tx.endSessions(ctx, `user = ? AND factor = ''`, u.Name)
	}
	outcome.Ended = append(outcome.Ended, tokens...)
	return outcome, err
}

func (tx *transaction) passwordRehashed(ctx context.Context, ev room.PasswordRehashed) error {
	return tx.execOne(ctx, "hashing a password anew", room.ErrChanged, `UPDATE users SET password_hash = ? WHERE name = ? AND password_hash = ?`, ev.New, ev.User, ev.Old)
}

// passwordChanged is for the user and for admins.
func (tx *transaction) passwordChanged(ctx context.Context, ev room.PasswordChanged) (room.Outcome, error) {
	switch {
	case ev.By != ev.Name && !tx.state.IsAdmin(ev.By):
		return room.Outcome{}, room.ErrNotAdmin
	case tx.state.User(ev.Name) == nil:
		return room.Outcome{}, room.ErrNotFound
	case ev.By == ev.Name && !tx.state.User(ev.Name).Active:
		return room.Outcome{}, room.ErrDeactivated
	}
	return tx.setPassword(ctx, ev.Name, ev.PasswordHashed, ev.Keep, ev.At)
}

const spendPasswordLinksSQL = `UPDATE invitations SET used = ? WHERE user = ? AND used IS NULL`

// setPassword ends all sessions but keep, and spends the links that would set
// another one.
func (tx *transaction) setPassword(ctx context.Context, user, passwordHashed, keep string, at int64) (room.Outcome, error) {
	err := tx.exec(ctx, "changing a password", `UPDATE users SET password_hash = ? WHERE name = ?`, passwordHashed, user)
	if err != nil {
		return room.Outcome{}, err
	}
	if err := tx.exec(ctx, "spending password links", spendPasswordLinksSQL, at, user); err != nil {
		return room.Outcome{}, err
	}
	return tx.endUserSessions(ctx, user, keep)
}

// PasswordHashed is what was stored for the user's password, or ErrNotFound.
func (s *Store) PasswordHashed(ctx context.Context, user string) (string, error) {
	var hashed string
	err := s.read(ctx, s.readers.password, []any{user}, &hashed)
	return hashed, orRefusal(err, room.ErrNotFound, "reading a password's hash")
}
