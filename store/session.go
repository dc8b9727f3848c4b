package store

import (
	"context"
	"slices"

	"redroom/server/room"
)

// checkSession refuses what is done in a sign-in that has ended.
func (tx *transaction) checkSession(ctx context.Context, by room.Stamp) error {
	if by.Session == "" {
		return nil
	}
	var there int
	found, err := tx.find(ctx, "looking for a session", checkSessionSQL, []any{by.Session, by.By}, &there)
	if err == nil && !found {
		return room.ErrSessionEnded
	}
	return err
}

const checkSessionSQL = `SELECT 1 FROM sessions WHERE id = ? AND user = ?`

// sessionOpened also forgets the user's sign-ins that had expired by then.
func (tx *transaction) sessionOpened(ctx context.Context, ev room.SessionOpened) (room.Outcome, error) {
	u := tx.state.User(ev.User)
	switch {
	case u == nil:
		return room.Outcome{}, room.ErrNotFound
	case !u.Active:
		return room.Outcome{}, room.ErrDeactivated
	}
	if ev.PasswordHashed != "" {
		var now string
		_, err := tx.find(ctx, "reading a password's hash", passwordSQL, []any{ev.User}, &now)
		switch {
		case err != nil:
			return room.Outcome{}, err
		case now != ev.PasswordHashed:
			return room.Outcome{}, room.ErrWrongSignIn
		}
	}
	var there int
	exists, err := tx.find(ctx, "looking for a session", `SELECT 1 FROM sessions WHERE id = ? OR token_hash = ?`, []any{ev.ID, ev.Token[:]}, &there)
	switch {
	case err != nil:
		return room.Outcome{}, err
	case exists:
		return room.Outcome{}, room.ErrExists
	}
	outcome, err := tx.endSessions(ctx, `user = ? AND expires <= ?`, ev.User, ev.At)
	if err != nil {
		return room.Outcome{}, err
	}
	err = tx.exec(ctx, "opening a session", `INSERT INTO sessions (id, token_hash, user, opened, expires) VALUES (?, ?, ?, ?, ?)`,
		ev.ID, ev.Token[:], ev.User, ev.At, ev.Expires)
	return outcome, err
}

// sessionEnded is for the session's user and for admins; to others it doesn't
// exist.
func (tx *transaction) sessionEnded(ctx context.Context, ev room.SessionEnded) (room.Outcome, error) {
	var user string
	found, err := tx.find(ctx, "looking for a session", `SELECT user FROM sessions WHERE id = ?`, []any{ev.ID}, &user)
	switch {
	case err != nil:
		return room.Outcome{}, err
	case !found, ev.By != user && !tx.state.IsAdmin(ev.By):
		return room.Outcome{}, room.ErrNotFound
	}
	return tx.endSessions(ctx, `id = ?`, ev.ID)
}

func (tx *transaction) sessionsEnded(ctx context.Context, ev room.SessionsEnded) (room.Outcome, error) {
	if _, err := tx.state.Apply(ev, tx.headSeq); err != nil {
		return room.Outcome{}, err
	}
	return tx.endUserSessions(ctx, ev.User, "")
}

// endUserSessions ends all of the user's sessions but keep.
func (tx *transaction) endUserSessions(ctx context.Context, user, keep string) (room.Outcome, error) {
	return tx.endSessions(ctx, `user = ? AND id <> ?`, user, keep)
}

func (tx *transaction) endSessions(ctx context.Context, where string, args ...any) (room.Outcome, error) {
	ended, err := tx.texts(ctx, "ending sessions", `DELETE FROM sessions WHERE `+where+` RETURNING id`, args...)
	slices.Sort(ended)
	return room.Outcome{Ended: ended}, err
}

// Session is the sign-in that a token stands for, or ErrSessionEnded. Whether
// it has expired is the caller's to compare.
func (s *Store) Session(ctx context.Context, token room.TokenHash) (room.Session, error) {
	var session room.Session
	err := s.read(ctx, s.readers.session, []any{token[:]}, &session.ID, &session.User, &session.Opened, &session.Expires)
	return session, orRefusal(err, room.ErrSessionEnded, "reading a session")
}
