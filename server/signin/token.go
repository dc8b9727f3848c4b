package signin

import (
	"context"
	"maps"
	"sync"
	"time"

	"redroom/server/room"
)

// maxTokens is how many connection tokens a session may hold; the oldest gives
// way.
const maxTokens = 32

// IssueToken makes a token that opens one connection within room.TokenLife.
// cookie is what the session was found by.
func (d *Desk) IssueToken(cookie string, s room.Session) (token string, expires time.Time) {
	now := d.now()
	token, expires = room.NewToken(), now.Add(room.TokenLife)
	d.tokens.add(s, room.HashToken(cookie), room.HashToken(token), expires, now)
	return token, expires
}

// SpendToken is the sign-in that a connection token stands for, and whose it
// is. It is good once: after that, after room.TokenLife, and when the sign-in
// has ended it is a room.ErrTokenUnknown. A program's token is good as Bearer has
// it.
func (d *Desk) SpendToken(ctx context.Context, token string) (room.Session, *room.User, error) {
	if room.IsToolToken(token) {
		return d.Bearer(ctx, token)
	}
	cookie, ok := d.tokens.spend(room.HashToken(token), d.now())
	if !ok {
		return room.Session{}, nil, room.ErrTokenUnknown
	}
	s, u, err := d.session(ctx, cookie)
	if isEnded(err) {
		err = room.ErrTokenUnknown
	}
	return s, u, err
}

// Lives is nil while a sign-in that a connection was opened with goes on, else
// room.ErrSessionEnded.
func (d *Desk) Lives(ctx context.Context, s room.Session) error {
	if s.Role != "" {
		return d.toolTokenLives(ctx, s)
	}
	cookie, ok := d.tokens.cookie(s.ID)
	if !ok {
		return d.sessionLives(ctx, s)
	}
	_, _, err := d.session(ctx, cookie)
	if isEnded(err) {
		d.tokens.forget(s.ID)
	}
	return err
}

// tokens are those that were issued. They are looked through for what has
// expired when one is issued, once a TokenLife.
type tokens struct {
	mu      sync.Mutex
	issued  map[room.TokenHash]issued
	bearers map[string]*bearer // by session
	swept   time.Time
}

type issued struct {
	session string
	expires time.Time
}

// bearer is a session that has fetched tokens; it is kept while it lasts.
type bearer struct {
	cookie  room.TokenHash
	expires int64            // unix-ms, the session's
	tokens  []room.TokenHash // oldest first, spent ones too
}

func newTokens() *tokens {
	return &tokens{issued: make(map[room.TokenHash]issued), bearers: make(map[string]*bearer)}
}

func (t *tokens) add(s room.Session, cookie, token room.TokenHash, expires, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.swept) >= room.TokenLife {
		t.sweep(now)
	}
	b := t.bearers[s.ID]
	if b == nil {
		b = &bearer{cookie: cookie, expires: s.Expires}
		t.bearers[s.ID] = b
	}
	if len(b.tokens) == maxTokens {
		delete(t.issued, b.tokens[0])
		b.tokens = append(b.tokens[:0], b.tokens[1:]...)
	}
	b.tokens = append(b.tokens, token)
	t.issued[token] = issued{session: s.ID, expires: expires}
}

// spend takes a token out and gives its session's cookie.
func (t *tokens) spend(token room.TokenHash, now time.Time) (cookie room.TokenHash, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.issued[token]
	if !ok {
		return cookie, false
	}
	delete(t.issued, token)
	b := t.bearers[i.session]
	if b == nil || !now.Before(i.expires) {
		return cookie, false
	}
	return b.cookie, true
}

func (t *tokens) cookie(session string) (cookie room.TokenHash, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bearers[session]
	if b == nil {
		return cookie, false
	}
	return b.cookie, true
}

// forget drops a session that has ended, with its tokens.
func (t *tokens) forget(session string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.bearers[session]; b != nil {
		for _, token := range b.tokens {
			delete(t.issued, token)
		}
		delete(t.bearers, session)
	}
}

// sweep drops what has expired.
func (t *tokens) sweep(now time.Time) {
	t.swept = now
	maps.DeleteFunc(t.issued, func(_ room.TokenHash, i issued) bool { return !now.Before(i.expires) })
	maps.DeleteFunc(t.bearers, func(_ string, b *bearer) bool { return b.expires <= now.UnixMilli() })
}
