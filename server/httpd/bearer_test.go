package httpd_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

// program makes a token of a user's.
func (w *world) program(user string, role room.Role) (token, id string) {
	w.t.Helper()
	token, id = room.NewToolToken(), room.NewID()
	w.append(room.ToolTokenMade{
		Stamp: room.Stamp{At: w.clock().UnixMilli(), By: user}, ID: id, Token: room.HashToken(token), User: user,
		Label: "Feed", Role: role, Expires: w.clock().Add(time.Hour).UnixMilli(),
	})
	return token, id
}

func bearer(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }

// TestAProgramIsAnsweredAsItsRole asks everything with an admin's token for a
// lesser role, and with the token of somebody who has that role: the answers are
// the same, octet for octet but for what is drawn.
func TestAProgramIsAnsweredAsItsRole(t *testing.T) {
	drawn := regexp.MustCompile(`"(id|token|url|epoch|salt)":"[^"]+"`)
	for _, role := range []room.Role{room.Member, room.Observer} {
		answers := make(map[room.Role][]string)
		for _, is := range []room.Role{room.Admin, role} {
			w := newWalls(t)
			w.append(room.UserAdded{Name: "toni", Display: "Toni", Role: room.Member})
			w.append(room.MemberAdded{Deal: w.alpha, User: "toni"})
			w.append(room.UserChanged{Name: "toni", Role: &is})
			token, _ := w.program("toni", role)
			blur := strings.NewReplacer(w.alpha, "{alpha}", w.beta, "{beta}", w.alphaTopic, "{price}", w.betaTopic, "{other}", w.clean, "{clean}", w.between, "{between}", token, "{token}")
			for _, e := range endpoints {
				if e.nobody != 401 { // whoever asks is the same
					continue
				}
				for _, n := range []names{{w.alpha, w.alphaTopic, "bert"}, {w.alpha, w.clean, "bert"}, {w.alpha, w.between, "dora"}, {w.beta, w.betaTopic, "carl"}} {
					q := n.fill(e.request)
					a := w.ask(q.method, q.path, "", q.body, bearer(token))
					answers[is] = append(answers[is], q.method+" "+drawn.ReplaceAllString(blur.Replace(q.path+" "+dump(a)), `"$1":""`))
				}
			}
		}
		for i, want := range answers[role] {
			if got := answers[room.Admin][i]; got != want {
				t.Errorf("an admin's program, by a token for a %s, is answered\n%s\na %s's own\n%s", role, got, role, want)
			}
		}
	}
}

// TestWhatNoProgramDoes is what says how one signs in, and what shows it, whatever
// the token's role.
func TestWhatNoProgramDoes(t *testing.T) {
	w := newWalls(t)
	token, _ := w.program("anna", room.Admin)
	n := names{w.alpha, w.clean, "bert"}
	refused := 0
	for _, e := range endpoints {
		q := n.fill(e.request)
		own := e.nobody == 401 && (strings.Contains(e.path, "/account") || strings.Contains(e.path, "/sessions") ||
			strings.Contains(e.path, "/tokens") || strings.Contains(e.path, "/factors") || strings.HasSuffix(e.path, "{name}/invitation") ||
			strings.HasPrefix(e.path, "/api/session/p") && !strings.HasPrefix(e.path, "/api/session/passkey") || e.String() == "DELETE /api/session" || e.String() == "PATCH /api/signin/rules")
		a := w.ask(q.method, q.path, "", q.body, bearer(token))
		if own {
			refused++
			if a.Code != 403 {
				t.Errorf("%s: status %d: %s", q, a.Code, a.Body)
			}
		} else if strings.Contains(a.Body.String(), "program's token") {
			t.Errorf("%s is refused: %s", q, a.Body)
		}
	}
	if refused < 15 {
		t.Errorf("only %d were tried", refused)
	}
	for _, q := range []request{
		{"POST", "/api/users", `{"name":"ines","role":"admin"}`},
		{"POST", "/api/invitations", `{"role":"admin"}`},
		{"PATCH", "/api/users/bert", `{"version":1,"role":"admin"}`},
	} {
		if a := w.ask(q.method, q.path, "", q.body, bearer(token)); a.Code != 403 {
			t.Errorf("a program makes an admin: %s: %s", q, dump(a))
		}
	}
	own, _ := w.program("bert", room.Observer)
	there := w.cookieOf("bert")
	w.ask("DELETE", "/api/users/bert/sessions", "", "", bearer(own)).want(403)
	w.ask("GET", "/api/session", there, "").want(200)
}

// TestAProgramsTokenIsGoodUntilItEnds in every way in which it may.
func TestAProgramsTokenIsGoodUntilItEnds(t *testing.T) {
	for what, end := range map[string]func(w *world, id string){
		"revoked":        func(w *world, id string) { w.append(room.ToolTokenRevoked{ID: id, User: "bert"}) },
		"ended":          func(w *world, _ string) { w.pass(time.Hour) },
		"deactivated":    func(w *world, _ string) { w.append(room.UserChanged{Name: "bert", Active: ptr(false)}) },
		"a lesser role":  func(w *world, _ string) { w.append(room.UserChanged{Name: "bert", Role: ptr(room.Observer)}) },
		"another scheme": nil,
	} {
		t.Run(what, func(t *testing.T) {
			w := newWalls(t)
			token, id := w.program("bert", room.Member)
			for range 2 {
				w.ask("GET", "/api/session", "", "", bearer(token)).want(200).is(`{"name":"bert","display":"Bert","role":"member"}`)
			}
			if end == nil {
				w.ask("GET", "/api/session", "", "", header("Authorization", "Basic "+token)).want(401)
				w.ask("GET", "/api/session", w.cookieOf("anna"), "", bearer(room.NewToolToken())).want(401) // its cookie doesn't count
				return
			}
			end(w, id)
			a := w.ask("GET", "/api/deals", "", "", bearer(token)).want(401)
			if got := a.Header().Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
				t.Errorf("WWW-Authenticate is %q", got)
			}
		})
	}
	w := newWalls(t)
	token, _ := w.program("bert", room.Member)
	w.ask("POST", "/api/session/token", "", "", bearer(token), header("Origin", "https://evil.example")).want(403)
	a := w.ask("POST", "/api/session/token", "", "", bearer(token), header("Origin", "")).want(200)
	if !strings.Contains(a.Body.String(), `"token":"`+token+`"`) {
		t.Errorf("a program is told to connect by %s", a.Body)
	}
}

func TestTheTrailTellsWhatAProgramHasDone(t *testing.T) {
	w := newWalls(t)
	token, _ := w.program("anna", room.Admin)
	head := w.store.AuditHead().Seq
	w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages", "", "", bearer(token)).want(200)
	w.ask("PATCH", "/api/topics/"+w.alphaTopic, "", `{"number":3}`, bearer(token)).want(200)
	w.ask("PATCH", "/api/topics/"+w.alphaTopic, w.cookieOf("anna"), `{"number":4}`).want(200)
	var got []string
	for _, row := range w.trail()[head:] {
		if row.Action != room.ActionSessionOpened {
			got = append(got, string(row.Action)+" "+row.Detail)
		}
	}
	want := []string{`topic.opened {"program":"admin"}`, `topic.changed {"number":3,"program":"admin"}`, `topic.changed {"number":4}`}
	if !slices.Equal(got, want) {
		t.Errorf("the trail has %q, want %q", got, want)
	}
}
