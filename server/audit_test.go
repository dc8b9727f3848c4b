package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"redroom/server"
	"redroom/server/room"
	"redroom/server/servertest"
)

// auditEntry is a row of the trail as an admin reads it.
type auditEntry struct {
	Seq, Time, Count    int64
	By, Address, Action string
	User, Deal, Topic   string
	Detail              json.RawMessage
	Hash                string
}

// readTrail reads all of it.
func readTrail(t *testing.T, as *servertest.API) (all []auditEntry) {
	t.Helper()
	for {
		var page struct {
			Entries []auditEntry
			Head    int64
		}
		as.Must(t, "GET", fmt.Sprintf("/api/audit?limit=1000&after=%d", len(all)), nil, &page, 200)
		all = append(all, page.Entries...)
		if len(page.Entries) == 0 {
			if page.Head != int64(len(all)) {
				t.Errorf("the trail has %d rows, and its head is %d", len(all), page.Head)
			}
			return all
		}
	}
}

// notebook is what a server says to its log.
type notebook struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.said.Write(p)
}

func (n *notebook) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.said.String()
}

// TestTheTrailHasWhatMattersAndNothingElse goes through what is done in a room,
// once each, and compares the whole trail.
func TestTheTrailHasWhatMattersAndNothingElse(t *testing.T) {
	leavesNoGoroutine(t)
	said := new(notebook)
	c := servertest.Config(t)
	c.Log = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r, stop := servertest.StartWith(t, c)
	secrets := []string{servertest.Password, r.Setup}
	var want []string
	expect := func(row string, ids ...any) { want = append(want, strings.TrimSpace(fmt.Sprintf(row, ids...))) }

	anna := r.Admin(t)
	expect("anna user.added anna {role:admin}")
	expect("anna session.opened anna")
	deal := anna.Deal(t, "House", "all")
	expect("anna deal.created %s {history:all,name:House}", deal)
	topic := anna.Topic(t, deal, "Parlor", 1)
	expect("anna topic.created %s %s {number:1,title:Parlor}", deal, topic)
	invitation := anna.Invite(t, "member", deal)
	secrets = append(secrets, invitation)
	expect("anna invitation.made {deals:[%s],role:member}", deal)
	bert := r.Anonymous(t)
	bert.Name = "bert"
	bert.Must(t, "POST", "/api/invitations/accept", map[string]any{"token": invitation, "name": "bert", "password": servertest.Password}, nil, 201)
	expect("bert invitation.accepted bert {deals:[%s],made_by:anna,role:member}", deal)
	expect("bert deal.member.added bert %s", deal)
	expect("bert session.opened bert")
	anna.Must(t, "POST", "/api/users", map[string]any{"name": "carl", "role": "observer", "password": servertest.Password}, nil, 201)
	expect("anna user.added carl {role:observer}")

	// A topic is opened, once a session over each transport.
	for _, s := range []*servertest.Session{r.Open(t), r.OpenOther(t)} {
		token := bert.Token(t)
		secrets = append(secrets, token)
		s.Control = s.Channel(t)
		s.Control.Say(t, "TOKEN 0 "+token+"\n")
		if ack := s.Control.Hear(t); ack.Type() != "ACK" {
			t.Fatalf("the sign-in is answered %q", ack)
		} else if len(ack.Fields()) == 3 {
			secrets = append(secrets, ack.Fields()[2])
			useKey(s, ack.Fields()[2])
		}
		first := s.Join(t, topic, 0)
		expect("bert topic.opened %s %s", deal, topic)
		for i := range 3 {
			body := "The words of " + room.NewToken()
			secrets = append(secrets, body)
			first.Say(t, servertest.Post(body, fmt.Sprintf("%s-%d", s.Transport(), i)))
			first.Answer(t, fmt.Sprintf("ACK %s-%d *", s.Transport(), i))
		}
		first.Say(t, "READ 0 2\n")
		s.Join(t, topic, 0) // beside it
		closed(t, first)
		s.Join(t, topic, -1) // and after it
		refused := s.Channel(t)
		refused.Say(t, "JOIN 0 "+room.NewID()+" 0\n")
		refused.Expect(t, "ERR 404 *")
	}
	for range 3 {
		bert.Must(t, "GET", "/api/topics/"+topic+"/messages", nil, nil, 200)
	}
	expect("bert topic.opened %s %s", deal, topic)
	anna.Must(t, "GET", "/api/topics/"+topic+"/messages", nil, nil, 200)
	expect("anna topic.opened %s %s", deal, topic)
	bert.Must(t, "GET", "/api/topics/"+room.NewID()+"/messages", nil, nil, 404)

	// Grants and removals, each said once more, which changes nothing.
	for range 2 {
		anna.Must(t, "PUT", "/api/deals/"+deal+"/members/carl", nil, nil, 204)
	}
	expect("anna deal.member.added carl %s", deal)
	for range 2 {
		anna.Must(t, "PATCH", "/api/topics/"+topic, map[string]any{"narrowed": true, "members": []string{"bert"}}, nil, 200)
	}
	expect("anna topic.changed %s %s {members:[bert],narrowed:true}", deal, topic)
	for range 2 {
		anna.Must(t, "PUT", "/api/topics/"+topic+"/members/carl", nil, nil, 204)
	}
	expect("anna topic.member.added carl %s %s", deal, topic)
	anna.Must(t, "DELETE", "/api/topics/"+topic+"/members/carl", nil, nil, 204)
	expect("anna topic.member.removed carl %s %s", deal, topic)
	anna.Must(t, "DELETE", "/api/topics/"+topic+"/members/carl", nil, nil, 404)
	anna.Must(t, "PATCH", "/api/deals/"+deal+"/members/bert", map[string]any{"history": "joined"}, nil, 204)
	expect("anna deal.member.moved bert %s {history:joined}", deal)
	anna.Must(t, "PATCH", "/api/topics/"+topic+"/members/bert", map[string]any{"from": 2}, nil, 204)
	expect("anna topic.reader.moved bert %s %s {from:2}", deal, topic)
	anna.Must(t, "PATCH", "/api/users/carl?dry-run=true", map[string]any{"role": "admin"}, nil, 200)
	anna.Must(t, "PATCH", "/api/users/carl", map[string]any{"role": "member"}, nil, 200)
	expect("anna user.changed carl {role:member}")
	bert.Must(t, "PATCH", "/api/users/carl", map[string]any{"role": "admin"}, nil, 403)
	anna.Must(t, "DELETE", "/api/deals/"+deal+"/members/carl", nil, nil, 204)
	expect("anna deal.member.removed carl %s", deal)
	anna.Must(t, "PUT", "/api/deals/"+deal+"/members/carl", nil, nil, 204)
	expect("anna deal.member.added carl %s", deal)
	var direct struct{ ID string }
	bert.Must(t, "POST", "/api/deals/"+deal+"/direct", map[string]any{"with": "carl"}, &direct, 201)
	expect("bert direct.created carl %s %s", deal, direct.ID)

	// Sign-ins, and their ends.
	carl := r.SignIn(t, "carl")
	expect("carl session.opened carl")
	carl.Must(t, "DELETE", "/api/session", nil, nil, 204)
	expect("carl session.ended carl")
	carl = r.SignIn(t, "carl")
	expect("carl session.opened carl")
	next := servertest.Password + " staple"
	secrets = append(secrets, next)
	carl.Must(t, "POST", "/api/session/password", map[string]any{"old": servertest.Password, "new": next}, nil, 204)
	expect("carl user.password carl")
	anna.Must(t, "DELETE", "/api/users/carl/sessions", nil, nil, 204)
	expect("anna sessions.ended carl")
	anna.Must(t, "PATCH", "/api/users/carl", map[string]any{"active": false}, nil, 200)
	expect("anna user.changed carl {active:false}")

	if err := server.Backup(t.Context(), c.Data, io.Discard, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	expect("backup")
	for _, api := range []*servertest.API{anna, bert} {
		at, err := url.Parse(r.Plain)
		if err != nil {
			t.Fatal(err)
		}
		for _, cookie := range api.HTTP.Jar.Cookies(at) {
			secrets = append(secrets, cookie.Value)
		}
	}

	// Guesses, which are told when the minute is over, or the server stops.
	guesses := map[string]int{"bert": 4, "anna": 1, "": 3}
	for name, n := range guesses {
		for range n {
			if name == "" {
				name = "a password typed as a name"
				secrets = append(secrets, name)
			}
			wrong := "wrong " + room.NewToken()
			secrets = append(secrets, wrong)
			r.Anonymous(t).Must(t, "POST", "/api/session", map[string]any{"name": name, "password": wrong}, nil, 401)
		}
	}
	stop()
	r, stop = servertest.StartWith(t, c)
	anna = r.SignIn(t, "anna")

	var got []string
	trail := readTrail(t, anna)
	for i, e := range trail {
		if e.Seq != int64(i+1) || e.Time == 0 || len(e.Hash) != 64 {
			t.Errorf("row %d is %+v", i+1, e)
		}
		if e.By != "" && e.Address != "127.0.0.1" && e.Address != "::1" {
			t.Errorf("row %d comes from %q", i+1, e.Address)
		}
		if e.Action == string(room.ActionSignInFailed) {
			guesses[e.User] -= int(e.Count)
			if e.Time%60_000 != 0 || e.By != "" || e.Address == "" {
				t.Errorf("failed sign-ins are told as %+v", e)
			}
			continue
		}
		row := []string{e.By, e.Action}
		for _, field := range []string{e.User, e.Deal, e.Topic} {
			if field != "" {
				row = append(row, field)
			}
		}
		if detail := strings.ReplaceAll(string(e.Detail), `"`, ""); detail != "{}" && !strings.HasPrefix(e.Action, "session.") {
			row = append(row, detail)
		}
		got = append(got, strings.TrimSpace(strings.Join(row, " ")))
	}
	expect("anna session.opened anna")
	if !slices.Equal(got, want) {
		t.Errorf("the trail is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, n := range guesses {
		if n != 0 {
			t.Errorf("of %s the trail lacks %d failed sign-ins", name, n)
		}
	}
	if failed := len(trail) - len(got); failed < 3 || failed > 6 { // a minute may have begun meanwhile
		t.Errorf("failed sign-ins are %d rows", failed)
	}

	stop()
	for _, secret := range secrets {
		for where, text := range map[string]string{"log": said.String(), "trail": trailText(trail)} {
			if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
				t.Errorf("the %s has %q", where, secret)
			}
		}
	}
	if !strings.Contains(said.String(), "signed in") {
		t.Error("the log is not the server's")
	}
}

func trailText(trail []auditEntry) string {
	var all strings.Builder
	for _, e := range trail {
		fmt.Fprintf(&all, "%+v %s\n", e, e.Detail)
	}
	return all.String()
}

// useKey lets a WebSocket session open further channels.
func useKey(s *servertest.Session, key string) {
	if keyed, ok := s.Session.(interface{ UseKey(string) }); ok {
		keyed.UseKey(key)
	}
}

// TestStrictTopicsAreOpenedOnTheRecordOnly has a topic be strict: that somebody
// reads it is in the trail by the time of the answer.
func TestStrictTopicsAreOpenedOnTheRecordOnly(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	h.anna.Must(t, "PATCH", "/api/topics/"+h.topic, map[string]any{"strict": true}, nil, 200)
	opened := func(n int) {
		t.Helper()
		got := 0
		for _, e := range readTrail(t, h.anna) {
			if e.Action == string(room.ActionTopicOpened) && e.Topic == h.topic && e.By == "bert" {
				got++
			}
		}
		if got != n {
			t.Errorf("the trail has %d openings, want %d", got, n)
		}
	}
	s := h.Enter(t, h.bert)
	s.Join(t, h.topic, 0)
	opened(1)
	s.Join(t, h.topic, 0)
	opened(1)
	if status, answer := h.bert.Do(t, "GET", "/api/topics/"+h.topic+"/messages", nil); status != http.StatusOK {
		t.Errorf("status %d: %s", status, answer)
	}
	opened(2)

	// At once by many channels of one session: once.
	many := h.Enter(t, h.bert)
	var channels []*servertest.Channel
	for range 20 {
		c := many.Channel(t)
		c.Say(t, "JOIN 0 "+h.topic+" 0\n")
		channels = append(channels, c)
	}
	for _, c := range channels {
		c.Expect(t, "ACK "+h.topic+" * * * *")
	}
	opened(3)
}
