package signin

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redroom/server/room"
)

func TestATokenIsGoodOnce(t *testing.T) {
	d := newDesk(t)
	cookie, opened := d.open("anna")
	token, expires := d.IssueToken(cookie, opened)
	if want := d.clock.Now().Add(room.TokenLife); !expires.Equal(want) {
		t.Errorf("expires %v, want %v", expires, want)
	}
	var good atomic.Int32
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if s, u, err := d.SpendToken(t.Context(), token); err == nil && s == opened && u.Name == "anna" {
				good.Add(1)
			}
		})
	}
	all.Wait()
	if good.Load() != 1 {
		t.Errorf("it was good %d times", good.Load())
	}
	_, _, err := d.SpendToken(t.Context(), token)
	wantError(t, err, room.ErrTokenUnknown)
}

func TestATokenIsGoodFor60Seconds(t *testing.T) {
	d := newDesk(t)
	cookie, s := d.open("anna")
	first, _ := d.IssueToken(cookie, s)
	second, _ := d.IssueToken(cookie, s)
	d.clock.pass(time.Minute - time.Millisecond)
	if _, _, err := d.SpendToken(t.Context(), first); err != nil {
		t.Error(err)
	}
	d.clock.pass(time.Millisecond)
	_, _, err := d.SpendToken(t.Context(), second)
	wantError(t, err, room.ErrTokenUnknown)
}

func TestNothingElseIsAToken(t *testing.T) {
	d := newDesk(t)
	cookie, s := d.open("anna")
	d.IssueToken(cookie, s)
	for _, token := range []string{"", cookie, s.ID, room.NewToken()} {
		_, _, err := d.SpendToken(t.Context(), token)
		wantError(t, err, room.ErrTokenUnknown)
	}
}

func TestTheOldestTokensOfASessionGiveWay(t *testing.T) {
	d := newDesk(t)
	cookie, s := d.open("anna")
	other, os := d.open("anna")
	kept, _ := d.IssueToken(other, os)
	var tokens []string
	for range maxTokens + 2 {
		token, _ := d.IssueToken(cookie, s)
		tokens = append(tokens, token)
	}
	for i, token := range tokens {
		if _, _, err := d.SpendToken(t.Context(), token); (err == nil) != (i >= 2) {
			t.Errorf("token %d of %d: %v", i+1, len(tokens), err)
		}
	}
	if _, _, err := d.SpendToken(t.Context(), kept); err != nil {
		t.Errorf("another session's: %v", err)
	}
}

func TestExpiredTokensAreForgotten(t *testing.T) {
	d := newDesk(t)
	cookie, s := d.open("anna")
	for range maxTokens {
		d.IssueToken(cookie, s)
	}
	d.clock.pass(room.TokenLife)
	next, ns := d.open("anna")
	d.IssueToken(next, ns)
	if n := len(d.tokens.issued); n != 1 {
		t.Errorf("%d tokens are kept, want 1", n)
	}
	d.clock.pass(room.SessionLife)
	last, ls := d.open("anna")
	d.IssueToken(last, ls)
	if n := len(d.tokens.bearers); n != 1 {
		t.Errorf("%d sessions are kept, want 1", n)
	}
}

// TestAProgramsTokenLivesUntilItIsRevokedOrEnds is about a connection that was
// opened by it.
func TestAProgramsTokenLivesUntilItIsRevokedOrEnds(t *testing.T) {
	for what, end := range map[string]func(d desk){
		"revoked":     func(d desk) { d.append(room.ToolTokenRevoked{ID: "tool", User: "bert"}) },
		"ended":       func(d desk) { d.clock.pass(time.Hour) },
		"deactivated": func(d desk) { d.deactivate("bert") },
		"of a lesser role": func(d desk) {
			observer := room.Observer
			d.append(room.UserChanged{Name: "bert", Role: &observer})
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := newDesk(t)
			d.add("bert", room.Member, "")
			token := room.NewToolToken()
			d.append(room.ToolTokenMade{
				Stamp: room.Stamp{At: d.clock.Now().UnixMilli()}, ID: "tool", Token: room.HashToken(token), User: "bert",
				Label: "Feed", Role: room.Member, Expires: d.clock.Now().Add(time.Hour).UnixMilli(),
			})
			s, _, err := d.SpendToken(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, d.Lives(t.Context(), s), nil)
			end(d)
			wantError(t, d.Lives(t.Context(), s), room.ErrTokenUnknown)
			_, _, err = d.SpendToken(t.Context(), token)
			wantError(t, err, room.ErrTokenUnknown)
		})
	}
}
