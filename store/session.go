package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"redroom/server/room"
)

// checkSession refuses what is done in a sign-in that has ended, or by a token
// that was revoked.
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

const checkSessionSQL = `SELECT 1 FROM sessions WHERE id = ?1 AND user = ?2 UNION ALL SELECT 1 FROM tool_tokens WHERE id = ?1 AND user = ?2`

// checkActing refuses what a program may not do that may do less than whom it
// acts for. What it posts and reads is judged where anybody's is, as seen gives
// the room.
func (tx *transaction) checkActing(ev room.Event) error {
	seen := tx.seen(ev.Stamped())
	if seen == tx.state {
		return nil
	}
	switch ev := ev.(type) {
	case room.TopicRead, room.MessagePosted, room.Noted, room.PeerIntroduced, room.ToolTokenUsed:
		return nil
	case room.DirectCreated:
		_, err := seen.Apply(ev, tx.headSeq)
		return err
	}
	return room.Refuse(room.ErrForbidden, "This token may not do this.")
}

// seen is the room as it looks to whom an event is by.
func (tx *transaction) seen(by room.Stamp) *room.State { return tx.state.Acting(by.By, by.Role) }

// sessionOpened also forgets the user's sign-ins that had expired by then.
func (tx *transaction) sessionOpened(ctx context.Context, ev room.SessionOpened) (room.Outcome, error) {
	u := tx.state.User(ev.User)
	switch {
	case u == nil:
		return room.Outcome{}, room.ErrNotFound
	case !u.Active:
		return room.Outcome{}, room.ErrDeactivated
	}
	if err := tx.checkShown(ctx, ev.User, ev.Shown); err != nil {
		return room.Outcome{}, err
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
	if err := tx.spend(ctx, ev.User, ev.At, ev.Shown); err != nil {
		return room.Outcome{}, err
	}
	err = tx.exec(ctx, "opening a session", `INSERT INTO sessions (id, token_hash, user, opened, used, expires, device, address, factor, bound) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		ev.ID, ev.Token[:], ev.User, ev.At, ev.At, ev.Expires, ev.Device, ev.Address, string(ev.Factor), ev.Bound)
	return outcome, err
}

func (tx *transaction) proved(ctx context.Context, ev room.Proved) error {
	if err := tx.own(ev.Stamp, ev.User); err != nil {
		return err
	}
	if ev.Factor == room.FactorRecovery || ev.Factor == room.NoFactor && ev.PasswordHashed == "" {
		return room.ErrWrongSignIn
	}
	if err := tx.checkShown(ctx, ev.User, ev.Shown); err != nil {
		return err
	}
	return tx.spend(ctx, ev.User, ev.At, ev.Shown)
}

func (tx *transaction) sessionUsed(ctx context.Context, ev room.SessionUsed) error {
	return tx.exec(ctx, "noting that a session is used", `UPDATE sessions SET used = max(used, ?) WHERE id = ? AND user = ?`, ev.At, ev.ID, ev.User)
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
	err := s.read(ctx, s.readers.session, []any{token[:]}, sessionFields(&session)...)
	return session, orRefusal(err, room.ErrSessionEnded, "reading a session")
}

// BoundSessions are the sign-ins of all users that end with their connection.
func (s *Store) BoundSessions(ctx context.Context) ([]room.Session, error) {
	return s.sessions(ctx, "reading the sessions of connections", boundSessionsSQL)
}

// Sessions are a user's sign-ins, the newest first; some may have expired.
func (s *Store) Sessions(ctx context.Context, user string) ([]room.Session, error) {
	return s.sessions(ctx, "reading a user's sessions", sessionsSQL, user)
}

// NewestSessions are so many sign-ins of all users at most, those first that were
// used last; some may have expired. It reads all that there are.
func (s *Store) NewestSessions(ctx context.Context, most int) ([]room.Session, error) {
	return s.sessions(ctx, "reading the newest sessions", newestSessionsSQL, most)
}

func (s *Store) sessions(ctx context.Context, doing, query string, args ...any) (all []room.Session, err error) {
	err = s.readAll(ctx, unprepared{s.readers.db, query}, args, func(r *sql.Rows) (more bool, err error) {
		var session room.Session
		err = r.Scan(sessionFields(&session)...)
		all = append(all, session)
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", doing, err)
	}
	return all, nil
}

func sessionFields(s *room.Session) []any {
	return []any{&s.ID, &s.User, &s.Opened, &s.Used, &s.Expires, &s.Device, &s.Address, &s.Factor}
}
