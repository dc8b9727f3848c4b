package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"redroom/server/room"
)

func (tx *transaction) toolTokenMade(ctx context.Context, ev room.ToolTokenMade) error {
	if _, err := tx.state.Apply(ev, tx.headSeq); err != nil {
		return err
	}
	var there, count int
	exists, err := tx.find(ctx, "looking for a token", `SELECT 1 FROM tool_tokens WHERE id = ? OR token_hash = ?`, []any{ev.ID, ev.Token[:]}, &there)
	switch {
	case err != nil:
		return err
	case exists:
		return room.ErrExists
	}
	if _, err := tx.find(ctx, "counting tokens", `SELECT count(*) FROM tool_tokens WHERE user = ? AND expires > ?`, []any{ev.User, ev.At}, &count); err != nil {
		return err
	}
	if count >= room.MaxToolTokens {
		return room.Refuse(room.ErrUnprocessable, fmt.Sprintf("There are %d tokens, which is the most; revoke one first.", room.MaxToolTokens))
	}
	if err := tx.exec(ctx, "forgetting tokens that have ended", `DELETE FROM tool_tokens WHERE user = ? AND expires <= ?`, ev.User, ev.At); err != nil {
		return err
	}
	return tx.exec(ctx, "making a token", `INSERT INTO tool_tokens (id, token_hash, user, label, role, made, expires, used) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		ev.ID, ev.Token[:], ev.User, ev.Label, string(ev.Role), ev.At, ev.Expires)
}

// toolTokenRevoked is for the token's user and for admins; to others it doesn't
// exist.
func (tx *transaction) toolTokenRevoked(ctx context.Context, ev room.ToolTokenRevoked) (room.Outcome, error) {
	var there int
	found, err := tx.find(ctx, "looking for a token", `SELECT 1 FROM tool_tokens WHERE id = ? AND user = ?`, []any{ev.ID, ev.User}, &there)
	switch {
	case err != nil:
		return room.Outcome{}, err
	case !found, ev.By != ev.User && !tx.state.IsAdmin(ev.By):
		return room.Outcome{}, room.ErrNotFound
	}
	err = tx.exec(ctx, "revoking a token", `DELETE FROM tool_tokens WHERE id = ?`, ev.ID)
	return room.Outcome{Ended: []string{ev.ID}}, err
}

func (tx *transaction) toolTokenUsed(ctx context.Context, ev room.ToolTokenUsed) error {
	return tx.exec(ctx, "noting that a token is used", `UPDATE tool_tokens SET used = max(used, ?) WHERE id = ? AND user = ?`, ev.At, ev.ID, ev.User)
}

// endToolTokens revokes those that may do more than their user.
func (tx *transaction) endToolTokens(ctx context.Context, u *room.User) ([]string, error) {
	var all []room.ToolToken
	rows, err := tx.conn.QueryContext(ctx, toolTokensSQL, u.Name)
	if err != nil {
		return nil, fmt.Errorf("reading a user's tokens: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var t room.ToolToken
		if err := rows.Scan(toolTokenFields(&t)...); err != nil {
			return nil, fmt.Errorf("reading a user's tokens: %w", err)
		}
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading a user's tokens: %w", err)
	}
	var ended []string
	for _, t := range all {
		if u.Active && u.Role.Covers(t.Role) {
			continue
		}
		if err := tx.exec(ctx, "revoking a token", `DELETE FROM tool_tokens WHERE id = ?`, t.ID); err != nil {
			return nil, err
		}
		ended = append(ended, t.ID)
	}
	slices.Sort(ended)
	return ended, nil
}

func toolTokenFields(t *room.ToolToken) []any {
	return []any{&t.ID, &t.User, &t.Label, &t.Role, &t.Made, &t.Expires, &t.Used}
}

// ToolToken is that of a hash, expired or not, or ErrTokenUnknown.
func (s *Store) ToolToken(ctx context.Context, token room.TokenHash) (t room.ToolToken, err error) {
	err = s.read(ctx, s.readers.toolToken, []any{token[:]}, toolTokenFields(&t)...)
	return t, orRefusal(err, room.ErrTokenUnknown, "reading a token")
}

// ToolTokens are a user's, the newest first; some may have expired.
func (s *Store) ToolTokens(ctx context.Context, user string) (all []room.ToolToken, err error) {
	err = s.readAll(ctx, unprepared{s.readers.db, toolTokensSQL}, []any{user}, func(r *sql.Rows) (more bool, err error) {
		var t room.ToolToken
		err = r.Scan(toolTokenFields(&t)...)
		all = append(all, t)
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: reading a user's tokens: %w", err)
	}
	return all, nil
}
