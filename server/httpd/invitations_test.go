package httpd_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"redroom/server/httpd"
	"redroom/server/room"
)

type invitation struct {
	Token, URL string
	Expires    time.Time
}

func (w *world) invite(body string) (i invitation) {
	w.t.Helper()
	w.ask("POST", "/api/invitations", w.cookieOf("anna"), body).want(201).into(&i)
	return i
}

func TestAnInvitationIsGoodOnce(t *testing.T) {
	w := newWorld(t)
	inv := w.invite(`{"deals":["` + w.alpha + `","` + w.alpha + `"],"role":"observer"}`)
	open := `{"token":"` + inv.Token + `"}`
	accept := func(name, password string) string {
		return `{"token":"` + inv.Token + `","name":"` + name + `","display":"Dora D.","password":"` + password + `"}`
	}
	w.ask("POST", "/api/invitations/open", "", open).want(200).
		is(`{"deals":["Alpha"],"role":"observer","expires":"2026-01-08T00:00:00Z","by":"Anna Anders"}`)

	// A try that fails doesn't spend it.
	w.ask("POST", "/api/invitations/accept", "", accept("bert", password)).want(409)
	w.ask("POST", "/api/invitations/accept", "", accept("No Name", password)).want(422)
	w.ask("POST", "/api/invitations/accept", "", accept("dora", "short")).want(422)

	a := w.ask("POST", "/api/invitations/accept", "", accept("dora", password)).want(201)
	a.is(`{"name":"dora","display":"Dora D.","role":"observer"}`)
	w.ask("GET", "/api/topics/"+w.alphaTopic, a.cookie().Value, "").want(200)
	w.ask("GET", "/api/topics/"+w.betaTopic, a.cookie().Value, "").want(404)
	w.ask("POST", "/api/session", "", `{"name":"dora","password":"`+password+`"}`).want(200)

	w.ask("POST", "/api/invitations/accept", "", accept("emil", password)).want(410)
	w.ask("POST", "/api/invitations/open", "", open).want(410)
}

func TestAnInvitationIsGoodForSevenDays(t *testing.T) {
	w := newWorld(t)
	inv := w.invite(`{"deals":[]}`)
	if want := w.clock().Add(7 * 24 * time.Hour); !inv.Expires.Equal(want) {
		t.Errorf("expires %v, want %v", inv.Expires, want)
	}
	w.pass(7*24*time.Hour - time.Second)
	w.ask("POST", "/api/invitations/open", "", `{"token":"`+inv.Token+`"}`).want(200).
		is(`{"deals":[],"role":"member","expires":"2026-01-08T00:00:00Z","by":"Anna Anders"}`)
	w.pass(time.Second)
	w.ask("POST", "/api/invitations/open", "", `{"token":"`+inv.Token+`"}`).want(410)
	w.ask("POST", "/api/invitations/accept", "", `{"token":"`+inv.Token+`","name":"dora","password":"`+password+`"}`).want(410)
}

func TestAnInvitationIsForWhatExists(t *testing.T) {
	w := newWorld(t)
	admin := w.cookieOf("anna")
	w.ask("POST", "/api/invitations", admin, `{"deals":["`+room.NewID()+`"]}`).want(404)
	w.ask("POST", "/api/invitations", admin, `{"deals":[],"role":"king"}`).want(422)
}

func TestAPasswordLinkSetsThePasswordOnce(t *testing.T) {
	w := newWorld(t)
	before := w.cookieOf("bert")
	var inv invitation
	w.ask("POST", "/api/users/bert/invitation", w.cookieOf("anna"), "").want(201).into(&inv)
	if want := w.clock().Add(24 * time.Hour); !inv.Expires.Equal(want) {
		t.Errorf("expires %v, want %v", inv.Expires, want)
	}
	w.ask("POST", "/api/invitations/open", "", `{"token":"`+inv.Token+`"}`).want(200).
		is(`{"name":"bert","expires":"2026-01-02T00:00:00Z"}`)

	body := `{"token":"` + inv.Token + `","name":"bert","password":"` + newPassword + `"}`
	w.ask("POST", "/api/invitations/accept", "", strings.Replace(body, "bert", "carl", 1)).want(422)
	a := w.ask("POST", "/api/invitations/accept", "", body).want(201)
	a.is(`{"name":"bert","display":"Bert","role":"member"}`)
	w.ask("GET", "/api/session", a.cookie().Value, "").want(200)
	w.ask("GET", "/api/session", before, "").want(401)
	w.ask("POST", "/api/session", "", signInBert).want(401)
	w.ask("POST", "/api/session", "", `{"name":"bert","password":"`+newPassword+`"}`).want(200)
	w.ask("POST", "/api/invitations/accept", "", body).want(410)
}

func TestALinkBeginsWithWhereTheServerIsFound(t *testing.T) {
	for _, c := range []struct {
		public string
		option func(*http.Request)
		want   string
	}{
		{"", func(*http.Request) {}, "http://localhost:8080"},
		{"", func(r *http.Request) { r.Host = "127.0.0.1:9000"; r.Header.Set("Origin", "http://127.0.0.1:9000") }, "http://127.0.0.1:9000"},
		{"https://room.example:4433", func(*http.Request) {}, "https://room.example:4433"},
	} {
		w := newWorld(t, func(config *httpd.Config) { config.PublicURL = c.public })
		cookie := w.cookieOf("anna")
		var inv invitation
		w.ask("POST", "/api/invitations", "", `{"deals":[]}`, c.option, func(r *http.Request) {
			_, port, _ := strings.Cut(r.Host, ":")
			r.AddCookie(&http.Cookie{Name: "redroom-" + port, Value: cookie})
		}).want(201).into(&inv)
		if want := c.want + "/invite#" + inv.Token; inv.URL != want {
			t.Errorf("got %s, want %s", inv.URL, want)
		}
	}
}

// TestALinkEndsWithItsMakersOffice takes it from the admin who made the links.
func TestALinkEndsWithItsMakersOffice(t *testing.T) {
	w := newWorld(t)
	w.append(room.UserAdded{Name: "olga", Display: "Olga", Role: room.Admin})
	olga := w.cookieOf("olga")
	var account, link invitation
	w.ask("POST", "/api/invitations", olga, `{"deals":[],"role":"admin"}`).want(201).into(&account)
	w.ask("POST", "/api/users/bert/invitation", olga, "").want(201).into(&link)
	w.append(room.UserChanged{Name: "olga", Role: ptr(room.Member)})
	for token, name := range map[string]string{account.Token: "emil", link.Token: "bert"} {
		w.ask("POST", "/api/invitations/open", "", `{"token":"`+token+`"}`).want(410)
		w.ask("POST", "/api/invitations/accept", "", `{"token":"`+token+`","name":"`+name+`","password":"`+newPassword+`"}`).want(410)
	}
}

func TestANewPasswordEndsThePasswordLinks(t *testing.T) {
	w := newWorld(t)
	links := make([]invitation, 3)
	for i := range links {
		w.ask("POST", "/api/users/bert/invitation", w.cookieOf("anna"), "").want(201).into(&links[i])
	}
	accept := func(i int) answer {
		return w.ask("POST", "/api/invitations/accept", "", `{"token":"`+links[i].Token+`","name":"bert","password":"`+newPassword+`"}`)
	}
	accept(0).want(201)
	accept(1).want(410)
	w.ask("POST", "/api/invitations/open", "", `{"token":"`+links[2].Token+`"}`).want(410)
}
