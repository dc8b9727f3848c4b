package httpd_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

type tool struct {
	ID, Token, Label, Role string
	Made, Expires          time.Time
	Used                   *time.Time
}

func TestTokensForToolsAreShownOnce(t *testing.T) {
	w := newWorld(t)
	bert := w.cookieOf("bert")
	end := w.clock().Add(48 * time.Hour)
	var made tool
	a := w.ask("POST", "/api/users/bert/tokens", bert, fmt.Sprintf(`{"label":"The feed","role":"observer","expires":%q}`, end.Format(time.RFC3339))).want(http.StatusCreated)
	a.into(&made)
	if !strings.HasPrefix(made.Token, "rr_") || len(made.Token) != 46 || made.Label != "The feed" || made.Role != "observer" || !made.Expires.Equal(end) {
		t.Errorf("made is %+v", made)
	}
	kept, err := w.store.ToolToken(t.Context(), room.HashToken(made.Token))
	if err != nil || kept.ID != made.ID || kept.User != "bert" || kept.Role != room.Observer {
		t.Errorf("kept is %+v, %v", kept, err)
	}
	for _, cookie := range []string{bert, w.cookieOf("anna")} {
		a := w.ask("GET", "/api/users/bert/tokens", cookie, "").want(200)
		var list struct{ Tokens []tool }
		a.into(&list)
		if len(list.Tokens) != 1 || list.Tokens[0].ID != made.ID || strings.Contains(a.Body.String(), made.Token) {
			t.Errorf("listed: %s", a.Body)
		}
	}

	w.ask("POST", "/api/users/bert/tokens", bert, `{"label":"Too much","role":"admin"}`).want(403)
	w.ask("POST", "/api/users/bert/tokens", bert, `{"label":""}`).want(422)
	w.ask("POST", "/api/users/bert/tokens", bert, `{"label":"Past","expires":"2020-01-01T00:00:00Z"}`).want(422)
	w.ask("POST", "/api/users/bert/tokens", bert, `{"label":"Long","expires":"2040-01-01T00:00:00Z"}`).want(422)
	w.ask("DELETE", "/api/users/bert/tokens/"+made.ID, w.cookieOf("carl"), "").want(404)
	w.ask("DELETE", "/api/users/bert/tokens/"+made.ID, bert, "").want(204)
	w.ask("DELETE", "/api/users/bert/tokens/"+made.ID, bert, "").want(404)
}

// TestTokensAreTheirUsersAndAdminsOnly is about one who shares a deal with the user.
func TestTokensAreTheirUsersAndAdminsOnly(t *testing.T) {
	w := newWalls(t)
	var made tool
	w.ask("POST", "/api/users/bert/tokens", w.cookieOf("bert"), `{"label":"The feed"}`).want(201).into(&made)
	dora := w.cookieOf("dora")
	w.ask("GET", "/api/users/bert/tokens", dora, "").want(403)
	w.ask("POST", "/api/users/bert/tokens", dora, `{"label":"Mine"}`).want(403)
	w.ask("DELETE", "/api/users/bert/tokens/"+made.ID, dora, "").want(403)
	w.ask("DELETE", "/api/users/bert/tokens/"+made.ID, w.cookieOf("anna"), "").want(204)
}

func TestATokenThatHasEndedIsNotListed(t *testing.T) {
	w := newWorld(t)
	w.ask("POST", "/api/users/bert/tokens", w.cookieOf("bert"), fmt.Sprintf(`{"label":"The feed","expires":%q}`, w.clock().Add(time.Hour).Format(time.RFC3339))).want(201)
	for _, c := range []struct {
		pass time.Duration
		want int
	}{{0, 1}, {time.Hour, 0}} {
		w.pass(c.pass)
		var list struct{ Tokens []tool }
		w.ask("GET", "/api/users/bert/tokens", w.cookieOf("bert"), "").want(200).into(&list)
		if len(list.Tokens) != c.want {
			t.Errorf("after %v there are %+v", c.pass, list.Tokens)
		}
	}
}
