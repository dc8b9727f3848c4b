package httpd_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"redroom/server/httpd"
	"redroom/server/room"
)

type trail struct {
	Entries []struct {
		Seq, Time, Count                       int64
		By, Address, Action, User, Deal, Topic string
		Detail                                 map[string]any
		Hash                                   string
	}
	Head int64
}

// seqs are those of the entries, as "2 3 4".
func (l trail) seqs() string {
	var s []string
	for _, e := range l.Entries {
		s = append(s, fmt.Sprint(e.Seq))
	}
	return strings.Join(s, " ")
}

func TestTheTrailSaysWhoDidWhatWhenFromWhere(t *testing.T) {
	w := newWalls(t)
	admin := w.cookieOf("anna")
	w.ask("PATCH", "/api/topics/"+w.clean, admin, `{"title":"<b>Team</b>","number":3}`).want(200)
	w.ask("PUT", "/api/topics/"+w.clean+"/members/dora", admin, "", header("X-Forwarded-For", "192.0.2.1")).want(204)
	head := w.store.AuditHead()
	var l trail
	a := w.ask("GET", fmt.Sprintf("/api/audit?after=%d", head.Seq-2), admin, "").want(200)
	a.into(&l)
	if len(l.Entries) != 2 || l.Head != head.Seq {
		t.Fatalf("%s", a.Body)
	}
	e := l.Entries[0]
	if e.Seq != head.Seq-1 || e.Time != w.clock().UnixMilli() || e.By != "anna" || e.Address != "127.0.0.1" || e.Action != "topic.changed" ||
		e.User != "" || e.Deal != w.alpha || e.Topic != w.clean || e.Count != 0 || e.Detail["title"] != "<b>Team</b>" || e.Detail["number"] != 3.0 || len(e.Hash) != 64 {
		t.Errorf("got %+v", e)
	}
	e = l.Entries[1]
	if e.Action != "topic.member.added" || e.User != "dora" || len(e.Detail) != 0 || e.Hash != head.Hash.String() {
		t.Errorf("got %+v", e)
	}
	if strings.Count(a.Body.String(), `"detail":{}`) != 1 {
		t.Errorf("what has no detail has none: %s", a.Body)
	}
}

func TestTheTrailIsReadInPages(t *testing.T) {
	w := newWorld(t)
	admin := w.cookieOf("anna")
	begin := w.store.AuditHead().Seq
	for i := range 6 {
		w.append(room.UserAdded{Name: fmt.Sprint("user", i), Display: "x", Role: room.Member})
	}
	query := func(format string, n ...any) string { return fmt.Sprintf(format, n...) }
	list := func(from, to int64) string {
		var s []string
		for n := from; n <= to; n++ {
			s = append(s, fmt.Sprint(n))
		}
		return strings.Join(s, " ")
	}
	for q, want := range map[string]string{
		query("after=%d", begin):              list(begin+1, begin+6),
		query("after=%d&limit=2", begin+1):    list(begin+2, begin+3),
		query("after=%d", begin+6):            "",
		"after=999999":                        "",
		query("before=%d&limit=2", begin+6):   list(begin+4, begin+5),
		query("before=0&limit=3"):             list(begin+4, begin+6), // the newest
		query("before=999999&limit=1"):        list(begin+6, begin+6),
		"before=1":                            "",
		query("after=0&limit=%d", begin+2):    list(1, begin+2),
		query("limit=1000&action=user.added"): list(1, 3) + " " + list(begin+1, begin+6),
	} {
		var l trail
		w.ask("GET", "/api/audit?"+q, admin, "").want(200).into(&l)
		if l.seqs() != want || l.Head != begin+6 {
			t.Errorf("%s: got %q, head %d, want %q", q, l.seqs(), l.Head, want)
		}
	}
	for _, q := range []string{"after=-1", "after=x", "after=", "before=-1", "limit=0", "limit=1001", "after=1&before=5", "after=99999999999999999999",
		"user=No%20name", "deal=x", "topic=x", "topic=%3Cscript%3E"} {
		w.ask("GET", "/api/audit?"+q, admin, "").want(400)
	}
}

func TestTheTrailIsFiltered(t *testing.T) {
	w := newWalls(t)
	admin := w.cookieOf("anna")
	w.ask("PUT", "/api/topics/"+w.clean+"/members/dora", admin, "").want(204)
	w.ask("POST", "/api/deals/"+w.alpha+"/direct", w.cookieOf("bert"), `{"with":"dora"}`).want(201)
	for q, want := range map[string]string{
		"user=dora":                            "user.added deal.member.added direct.created topic.member.added direct.created",
		"user=bert&action=direct.created":      "direct.created",
		"user=bert&action=session.opened":      "session.opened",
		"deal=" + w.beta:                       "deal.created deal.member.added topic.created",
		"topic=" + w.clean:                     "topic.created topic.member.added",
		"topic=" + w.clean + "&user=dora":      "topic.member.added",
		"topic=" + w.clean + "&deal=" + w.beta: "",
		"action=nothing.of.that.name":          "",
		"user=nobody":                          "",
	} {
		var l trail
		w.ask("GET", "/api/audit?"+q, admin, "").want(200).into(&l)
		var got []string
		for _, e := range l.Entries {
			got = append(got, e.Action)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", q, got, want)
		}
	}
}

// Who is an admin no more when the trail was read gets nothing of it.
func TestTheTrailIsForWhoIsAnAdminWhenItIsAnswered(t *testing.T) {
	var w *world
	w = newWorld(t, func(c *httpd.Config) {
		c.Store = interrupted{c.Store, func() {
			member := room.Member
			w.append(room.UserAdded{Name: "berta", Display: "Berta", Role: room.Admin})
			w.append(room.UserChanged{Name: "anna", Role: &member})
		}}
	})
	w.ask("GET", "/api/audit", w.cookieOf("anna"), "").want(403)
}

// TestNoSecretAndNoWordIsInTheTrail does everything that bears one.
func TestNoSecretAndNoWordIsInTheTrail(t *testing.T) {
	w := newWalls(t)
	admin := w.cookieOf("anna")
	w.post(w.alphaTopic, "bert", "a word of mouth")
	var inv invitation
	w.ask("POST", "/api/invitations", admin, `{"deals":["`+w.alpha+`"]}`).want(201).into(&inv)
	a := w.ask("POST", "/api/invitations/accept", "", `{"token":"`+inv.Token+`","name":"fritz","password":"`+password+`"}`).want(201)
	w.ask("POST", "/api/session/password", a.cookie().Value, `{"old":"`+password+`","new":"`+newPassword+`"}`).want(204)
	w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages", a.cookie().Value, "").want(200)
	w.ask("POST", "/api/session", "", `{"name":"bert","password":"wrong wrong wrong"}`).want(401)
	rows, err := json.Marshal(w.trail())
	if err != nil {
		t.Fatal(err)
	}
	whole := string(rows) + w.ask("GET", "/api/audit?limit=1000", admin, "").want(200).Body.String()
	for _, secret := range []string{password, newPassword, "wrong wrong", "argon2", inv.Token, a.cookie().Value, admin, "a word of mouth"} {
		if strings.Contains(whole, secret) {
			t.Errorf("%q is in it", secret)
		}
	}
}
