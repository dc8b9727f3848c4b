package httpd_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"redroom/server/room"
)

type meaning struct {
	Effects []struct {
		User, Display                          string
		Gains, Loses, Less, More, Mute, Speaks []struct{ ID, Title, Deal string }
	}
	Ends bool
}

// rights are what everybody may do in every topic, as "dora Price 3 write".
func (w *world) rights() (all map[[2]string]string) {
	state := w.store.State()
	all = make(map[[2]string]string)
	for t := range state.Topics() {
		for _, u := range state.Users() {
			if from, ok := state.ReadsFrom(u.Name, t.ID); ok {
				all[[2]string{u.Name, t.ID}] = fmt.Sprint(from, " ", state.MayPost(u.Name, t.ID))
			}
		}
	}
	return all
}

// A dry run tells of everybody whose rights the same request then changes, and of
// nobody else, and changes nothing itself.
func TestADryRunSaysWhatTheChangeThenDoes(t *testing.T) {
	for _, c := range []struct {
		what, method, path, body string
		says                     string // "user what topics", sorted
	}{
		{"deactivating", "PATCH", "/api/users/bert", `{"active":false}`, "bert loses Clean team, Price; ends"},
		{"an observer's role", "PATCH", "/api/users/bert", `{"role":"observer"}`, "bert mute Clean team, Price"},
		{"an admin's role", "PATCH", "/api/users/carl", `{"role":"admin"}`, "carl gains Clean team, Price"},
		{"a display name", "PATCH", "/api/users/bert", `{"display":"Bertram"}`, ""},
		{"closing a deal", "PATCH", "/api/deals/{alpha}", `{"open":false}`,
			"anna mute Clean team, Price; bert mute Clean team, Price; berta mute Clean team, Price; dora mute Price; emil mute Price"},
		{"a deal's history", "PATCH", "/api/deals/{alpha}", `{"history":"joined"}`, ""},
		{"adding a member", "PUT", "/api/deals/{alpha}/members/carl", "", "carl gains Price"},
		{"adding one who is in", "PUT", "/api/deals/{alpha}/members/bert", "", ""},
		{"removing a member", "DELETE", "/api/deals/{alpha}/members/bert", "", "bert loses Clean team, Price"},
		{"from now on", "PATCH", "/api/deals/{alpha}/members/bert", `{"history":"joined"}`, "bert less Clean team, Price"},
		{"from the beginning", "PATCH", "/api/deals/{alpha}/members/dora", `{"history":"all"}`, "dora more Price"},
		{"a new topic", "POST", "/api/deals/{alpha}/topics", `{"title":"Terms"}`,
			"anna gains Terms; bert gains Terms; berta gains Terms; dora gains Terms; emil gains Terms"},
		{"a new topic for some", "POST", "/api/deals/{alpha}/topics", `{"title":"Terms","narrowed":true,"members":["dora"]}`,
			"anna gains Terms; berta gains Terms; dora gains Terms"},
		{"narrowing", "PATCH", "/api/topics/{price}", `{"narrowed":true,"members":["dora"]}`, "bert loses Price; emil loses Price"},
		{"widening", "PATCH", "/api/topics/{clean}", `{"narrowed":false}`, "dora gains Clean team; emil gains Clean team"},
		{"closing a topic", "PATCH", "/api/topics/{clean}", `{"open":false}`, "anna mute Clean team; bert mute Clean team; berta mute Clean team"},
		{"archiving", "PATCH", "/api/topics/{clean}", `{"archived":true}`, "anna mute Clean team; bert mute Clean team; berta mute Clean team"},
		{"renaming a topic", "PATCH", "/api/topics/{clean}", `{"title":"Team"}`, ""},
		{"adding to a narrowed topic", "PUT", "/api/topics/{clean}/members/dora", "", "dora gains Clean team"},
		{"removing from a narrowed topic", "DELETE", "/api/topics/{clean}/members/bert", "", "bert loses Clean team"},
		{"from a message on", "PATCH", "/api/topics/{price}/members/bert", `{"from":2}`, "bert less Price"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWalls(t)
			w.post(w.alphaTopic, "bert", "first")
			w.post(w.clean, "bert", "first")
			w.append(room.ReaderMoved{Topic: w.alphaTopic, User: "dora", Seq: 2})
			admin := w.cookieOf("anna")
			path := strings.NewReplacer("{alpha}", w.alpha, "{price}", w.alphaTopic, "{clean}", w.clean).Replace(c.path)
			state, before, rows := w.store.State(), w.rights(), len(w.trail())

			var m meaning
			w.ask(c.method, path+"?dry-run=true", admin, c.body).want(200).into(&m)
			if w.store.State() != state || len(w.trail()) != rows {
				t.Error("it has changed something")
			}
			if got := m.String(); got != c.says {
				t.Errorf("it says\n%s\nwant\n%s", got, c.says)
			}

			if a := w.ask(c.method, path, admin, c.body); a.Code >= 300 {
				t.Fatalf("status %d: %s", a.Code, a.Body)
			}
			after, told := w.rights(), make(map[string]bool)
			for _, e := range m.Effects {
				told[e.User] = true
			}
			changed := make(map[string]bool)
			for key := range merged(before, after) {
				if before[key] != after[key] {
					changed[key[0]] = true
				}
			}
			if fmt.Sprint(told) != fmt.Sprint(changed) {
				t.Errorf("it told of %v, and what was changed is that of %v", told, changed)
			}
		})
	}
}

func merged(a, b map[[2]string]string) map[[2]string]string {
	all := make(map[[2]string]string)
	for key := range a {
		all[key] = ""
	}
	for key := range b {
		all[key] = ""
	}
	return all
}

// String is what it says, as "bert loses Clean team, Price; ends".
func (m meaning) String() string {
	var said []string
	for _, e := range m.Effects {
		for _, part := range []struct {
			what   string
			topics []struct{ ID, Title, Deal string }
		}{{"gains", e.Gains}, {"loses", e.Loses}, {"less", e.Less}, {"more", e.More}, {"mute", e.Mute}, {"speaks", e.Speaks}} {
			var titles []string
			for _, t := range part.topics {
				titles = append(titles, t.Title)
			}
			if slices.Sort(titles); len(titles) > 0 {
				said = append(said, e.User+" "+part.what+" "+strings.Join(titles, ", "))
			}
		}
	}
	if m.Ends {
		said = append(said, "ends")
	}
	return strings.Join(said, "; ")
}

func TestTheMeaningOfAChangeHasAFixedForm(t *testing.T) {
	w := newWalls(t)
	w.ask("DELETE", "/api/topics/"+w.clean+"/members/bert?dry-run=true", w.cookieOf("anna"), "").want(200).
		is(`{"effects":[{"user":"bert","display":"Bert","gains":[],"loses":[{"id":"` + w.clean + `","title":"Clean team","deal":"` + w.alpha +
			`"}],"less":[],"more":[],"mute":[],"speaks":[]}],"ends":false}`)
	w.ask("DELETE", "/api/users/bert/sessions?dry-run=true", w.cookieOf("anna"), "").want(200).is(`{"effects":[],"ends":true}`)
}

func TestADryRunIsRefusedAsTheChangeWouldBe(t *testing.T) {
	w := newWalls(t)
	for _, c := range []struct{ as, method, path, body string }{
		{"anna", "PATCH", "/api/users/bert", `{"role":"king"}`},
		{"anna", "PATCH", "/api/users/bert", `{"version":7}`},
		{"anna", "PATCH", "/api/users/nobody", `{"role":"admin"}`},
		{"anna", "PATCH", "/api/deals/" + w.alpha, `{"name":"Beta"}`},
		{"anna", "PUT", "/api/deals/" + w.alpha + "/members/nobody", ""},
		{"anna", "DELETE", "/api/deals/" + w.alpha + "/members/carl", ""},
		{"anna", "PATCH", "/api/topics/" + w.alphaTopic, `{"title":"Clean team"}`},
		{"anna", "PUT", "/api/topics/" + w.alphaTopic + "/members/dora", ""},
		{"anna", "PUT", "/api/topics/" + w.clean + "/members/carl", ""},
		{"bert", "PATCH", "/api/topics/" + w.clean, `{"title":"Team"}`},
		{"bert", "DELETE", "/api/topics/" + w.clean + "/members/bert", ""},
	} {
		cookie := w.cookieOf(c.as)
		dry, real := w.ask(c.method, c.path+"?dry-run=true", cookie, c.body), w.ask(c.method, c.path, cookie, c.body)
		if real.Code < 400 || !same(dry, real) {
			t.Errorf("%s %s %s: dry\n%s\nand not\n%s", c.method, c.path, c.body, dump(dry), dump(real))
		}
	}
}

// A slip must not do what was only to be tried.
func TestASlipInADryRunChangesNothing(t *testing.T) {
	w := newWalls(t)
	admin, state := w.cookieOf("anna"), w.store.State()
	for _, query := range []string{"dry-run", "dry-run=", "dry-run=1", "dry-run=TRUE", "dry-run=yes", "dry-run=true&dry-run=false"} {
		w.ask("PATCH", "/api/users/bert?"+query, admin, `{"active":false}`).want(400)
		w.ask("POST", "/api/deals/"+w.alpha+"/direct?"+query, admin, `{"with":"bert"}`).want(400)
	}
	w.ask("POST", "/api/deals/"+w.alpha+"/direct?dry-run=true", admin, `{"with":"bert"}`).want(400)
	w.ask("POST", "/api/session/password?dry-run=true", admin, `{"old":"`+password+`","new":"`+newPassword+`"}`).want(400)
	if w.store.State() != state {
		t.Error("something was changed")
	}
	w.ask("PATCH", "/api/users/bert?dry-run=false", admin, `{"active":false}`).want(200)
}

// Two admins look at the same thing; the second one to change it is told to look
// again.
func TestTwoAdminsDontOverwriteEachOther(t *testing.T) {
	w := newWalls(t)
	anna, berta := w.cookieOf("anna"), w.cookieOf("berta")
	for _, c := range []struct{ path, first, second string }{
		{"/api/users/bert", `{"version":1,"display":"Bertram"}`, `{"version":%d,"role":"observer"}`},
		{"/api/deals/" + w.alpha, `{"version":1,"name":"Alpha GmbH"}`, `{"version":%d,"open":false}`},
		{"/api/topics/" + w.alphaTopic, `{"version":1,"title":"Prices"}`, `{"version":%d,"narrowed":true}`},
	} {
		w.ask("PATCH", c.path, anna, c.first).want(200)
		a := w.ask("PATCH", c.path, berta, fmt.Sprintf(c.second, 1)).want(409)
		if got := a.problem().Detail; got != room.ErrChanged.Text {
			t.Errorf("%s: it says %q", c.path, got)
		}
		// Having looked again, berta may.
		var now struct{ Version int64 }
		w.ask("PATCH", c.path, berta, `{}`).want(200).into(&now)
		if now.Version != 2 {
			t.Errorf("%s: the version is %d", c.path, now.Version)
		}
		w.ask("PATCH", c.path, berta, fmt.Sprintf(c.second, now.Version)).want(200).into(&now)
		if now.Version != 3 {
			t.Errorf("%s: the version is then %d", c.path, now.Version)
		}
		// And a tool that has no version does as it says.
		w.ask("PATCH", c.path, anna, c.first[:1]+c.first[len(`{"version":1,`):]).want(200)
	}
}

func TestOneOfManyAtOnceChangesWhatTheyAllHaveSeen(t *testing.T) {
	w := newWalls(t)
	cookies := []string{w.cookieOf("anna"), w.cookieOf("berta")}
	var mu sync.Mutex
	codes := make(map[int]int)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			a := w.ask("PATCH", "/api/topics/"+w.alphaTopic, cookies[i%2], fmt.Sprintf(`{"version":1,"title":"Title %d"}`, i))
			mu.Lock()
			defer mu.Unlock()
			codes[a.Code]++
		})
	}
	all.Wait()
	if codes[http.StatusOK] != 1 || codes[http.StatusConflict] != 15 {
		t.Errorf("the answers were %v", codes)
	}
}
