package main_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"redroom/server/room"
	"redroom/server/servertest"
)

func TestTokensAndSecondFactorsAreAdministered(t *testing.T) {
	everyWay(t, func(t *testing.T, a administered) {
		token := a.does("user token bert --label The_feed --role observer --days 30")
		if !regexp.MustCompile(`^rr_[\w-]{43}\n$`).MatchString(token) {
			t.Errorf("the token is printed as %q", token)
		}
		list := a.does("user tokens bert")
		row := regexp.MustCompile(`(?m)^(\w{16})  observer  \S+Z  never  The feed$`).FindStringSubmatch(list)
		if row == nil || strings.Contains(list, strings.TrimSpace(token)) {
			t.Fatalf("the tokens are\n%s", list)
		}
		a.refuses("user token bert --label x --role admin", "making a token for bert", "no more than its user")
		a.refuses("user token bert --label x --days 400", "within 366 days")
		a.refuses("user token nobody --label x", room.ErrNotFound.Text)
		a.prints("user revoke bert "+row[1], "")
		a.refuses("user revoke bert "+row[1], "revoking a token of bert", room.ErrNotFound.Text)
		a.prints("user tokens bert", "ID  ROLE  ENDS  USED  LABEL\n")

		a.refuses("user factors nobody --remove", "taking the second factors of nobody away", room.ErrNotFound.Text)
	})
}

// TestWhoHasLostASecondFactorIsLetInAgain takes away one that is there, with its
// sign-ins, and leaves the password.
func TestWhoHasLostASecondFactorIsLetInAgain(t *testing.T) {
	everyWay(t, func(t *testing.T, a administered) {
		p := a.running
		if p == nil {
			p = servertest.StartProcess(t, a.data, nil)
		}
		byPassword := map[string]any{"name": "bert", "password": servertest.Password}
		bert := p.Anonymous(t)
		bert.Must(t, "POST", "/api/session", byPassword, nil, 200)
		var begun struct{ ID, Secret string }
		bert.Must(t, "POST", "/api/account/totp", nil, &begun, 201)
		code, err := totp.GenerateCode(begun.Secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		bert.Must(t, "POST", "/api/account/totp/confirm", map[string]any{"id": begun.ID, "code": code}, nil, 200)
		p.Anonymous(t).Must(t, "POST", "/api/session", byPassword, nil, 401)
		if a.running == nil {
			if status := p.Stop(t); status != 0 {
				t.Fatalf("the server ended with status %d", status)
			}
		}
		a.prints("user factors bert --remove", "")
		if a.running == nil {
			p = p.Again(t)
		}
		bert.Must(t, "GET", "/api/session", nil, nil, 401)
		p.Anonymous(t).Must(t, "POST", "/api/session", byPassword, nil, 200)
	})
}
