package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// trail are all rows of the audit trail.
func trail(t testing.TB, s *store.Store) []room.AuditRow {
	t.Helper()
	rows, err := s.Audit(t.Context(), room.AuditQuery{Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// checkTrail computes the trail's chain from its rows.
func checkTrail(t testing.TB, s *store.Store) {
	t.Helper()
	at := room.Head{Hash: room.AuditStart()}
	for i, row := range trail(t, s) {
		at = room.Head{Seq: at.Seq + 1, Hash: row.ChainNext(at.Hash)}
		if row.Seq != at.Seq || row.Hash != at.Hash {
			t.Fatalf("row number %d is %+v", i+1, row)
		}
	}
	if s.AuditHead() != at {
		t.Errorf("the head is %+v, want %+v", s.AuditHead(), at)
	}
}

// TestTheTrailHasWhatWasChanged tells the actions that events leave in it.
func TestTheTrailHasWhatWasChanged(t *testing.T) {
	invitation := room.InvitationMade{Stamp: by("anna"), Token: tokenOne, Deals: []string{dealOne}, Role: room.Member, Expires: start + 1}
	link := room.InvitationMade{Stamp: by("anna"), Token: tokenTwo, User: "bert", Expires: start}
	for name, c := range map[string]struct {
		events []room.Event
		want   []room.Action
	}{
		"nothing for a refusal":              {[]room.Event{room.UserAdded{Stamp: by("bert"), Name: "x", Display: "X", Role: room.Bot}}, nil},
		"nothing for what is as it was":      {[]room.Event{room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Member)}}, nil},
		"nothing for a deal as it was":       {[]room.Event{room.DealChanged{Stamp: by("anna"), ID: dealOne, Open: ptr(true)}}, nil},
		"nothing for a topic as it was":      {[]room.Event{room.TopicChanged{Stamp: by("anna"), ID: topicOne, Number: ptr(1)}}, nil},
		"nothing for a member who is in":     {[]room.Event{room.MemberAdded{Stamp: by("anna"), Deal: dealOne, User: "bert"}}, nil},
		"nothing for a member who stays":     {[]room.Event{room.MemberMoved{Stamp: by("anna"), Deal: dealOne, User: "bert", History: room.HistoryAll}}, nil},
		"nothing for a reader who stays":     {[]room.Event{room.ReaderMoved{Stamp: by("anna"), Topic: topicOne, User: "bert", Seq: 1}}, nil},
		"nothing where no sign-in was ended": {[]room.Event{room.SessionsEnded{Stamp: by("anna"), User: "bert"}}, nil},
		"nothing for posts, and for reading": {[]room.Event{text("bert", topicOne, "1", "Hallo"), room.TopicRead{Stamp: by("anna"), Topic: topicOne, Seq: 1}}, nil},
		"a user changed":                     {[]room.Event{room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Observer)}}, []room.Action{room.ActionUserChanged}},
		"a deal and a topic changed":         {[]room.Event{room.DealChanged{Stamp: by("anna"), ID: dealOne, Open: ptr(false)}, room.TopicChanged{Stamp: by("anna"), ID: topicOne, Number: ptr(9)}}, []room.Action{room.ActionDealChanged, room.ActionTopicChanged}},
		"a member removed and added":         {[]room.Event{room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "bert"}, room.MemberAdded{Stamp: by("anna"), Deal: dealOne, User: "bert"}}, []room.Action{room.ActionMemberRemoved, room.ActionMemberAdded}},
		"sign-ins, ended one by one":         {[]room.Event{session("bert", "s1", tokenOne), room.SessionEnded{Stamp: by("bert"), ID: "s1", User: "bert"}}, []room.Action{room.ActionSessionOpened, room.ActionSessionEnded}},
		"sign-ins, ended at once":            {[]room.Event{session("bert", "s1", tokenOne), session("bert", "s2", tokenTwo), room.SessionsEnded{Stamp: by("bert"), User: "bert"}}, []room.Action{room.ActionSessionOpened, room.ActionSessionOpened, room.ActionSessionsEnded}},
		"a password, the same or not":        {[]room.Event{room.PasswordChanged{Stamp: by("bert"), Name: "bert", PasswordHashed: "hash of bert"}}, []room.Action{room.ActionPasswordChanged}},
		"an invitation, made and accepted":   {[]room.Event{invitation, room.InvitationAccepted{Stamp: by("emil"), Token: tokenOne, Name: "emil", Display: "Emil"}}, []room.Action{room.ActionInvitationMade, room.ActionInvitationAccepted, room.ActionMemberAdded}},
		"a password link, made and taken":    {[]room.Event{link, room.InvitationAccepted{Stamp: by("bert"), Token: tokenTwo, Name: "bert", PasswordHashed: "new"}}, []room.Action{room.ActionInvitationMade, room.ActionPasswordChanged}},
		"what is noted":                      {[]room.Event{room.Noted{Stamp: by("bert"), Action: room.ActionTopicOpened, Topic: topicOne}, room.Noted{Stamp: by("bert"), Action: "nonsense"}}, []room.Action{room.ActionTopicOpened}},
		"a conversation, begun once":         {[]room.Event{room.DirectCreated{Stamp: by("bert"), ID: "x", Deal: dealOne, With: "carla"}, room.DirectCreated{Stamp: by("carla"), ID: "y", Deal: dealOne, With: "bert"}}, []room.Action{room.ActionDirectCreated}},
		"peers, introduced or not":           {[]room.Event{room.PeerIntroduced{Stamp: by("bert"), To: "carla"}, room.PeerIntroduced{Stamp: by("bert"), To: "otto"}}, []room.Action{room.ActionPeerIntroduced}},
		"a reader and a member moved":        {[]room.Event{text("bert", topicOne, "1", "Hallo"), room.ReaderMoved{Stamp: by("anna"), Topic: topicOne, User: "bert", Seq: 2}, room.MemberMoved{Stamp: by("anna"), Deal: dealOne, User: "bert", History: room.HistoryAll}}, []room.Action{room.ActionReaderMoved, room.ActionMemberMoved}},
		"a narrowed topic and its members":   {[]room.Event{room.TopicCreated{Stamp: by("anna"), ID: "x", Deal: dealOne, Title: "X", Narrowed: true}, room.TopicMemberAdded{Stamp: by("anna"), Topic: "x", User: "bert"}, room.TopicMemberAdded{Stamp: by("anna"), Topic: "x", User: "bert"}, room.TopicMemberRemoved{Stamp: by("anna"), Topic: "x", User: "bert"}}, []room.Action{room.ActionTopicCreated, room.ActionTopicMemberAdded, room.ActionTopicMemberRemoved}},
		"a change in the batch of another":   {[]room.Event{room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(false)}, room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(false)}, room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(true)}}, []room.Action{room.ActionTopicChanged, room.ActionTopicChanged}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := furnished(t, dir)
			before := s.AuditHead().Seq
			commit(t, s, c.events...)
			var got []room.Action
			for _, row := range trail(t, s)[before:] {
				got = append(got, row.Action)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("the trail has %q, want %q", got, c.want)
			}
			checkTrail(t, s)
			checkTrail(t, reopenedAlike(t, s, dir))
		})
	}
}

func TestARowOfTheTrailIsWholeAndKnowsItsDeal(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	at := room.Stamp{At: start + 1, By: "anna", Address: "2001:db8::1"}
	applied(t, s, room.TopicChanged{Stamp: at, ID: topicOne, Title: ptr(`Größe "x"`)},
		room.Noted{Stamp: at, Action: room.ActionTopicOpened, Topic: topicThree, User: "bert", Count: 3})
	s = reopened(t, s, dir)
	rows := trail(t, s)
	rows = rows[len(rows)-2:]
	for i, want := range []room.AuditRow{
		{Action: room.ActionTopicChanged, Deal: dealOne, Topic: topicOne, Detail: `{"title":"Größe \"x\""}`},
		{Action: room.ActionTopicOpened, Deal: dealTwo, Topic: topicThree, User: "bert", Count: 3},
	} {
		want.Seq, want.At, want.By, want.Address, want.Hash = s.AuditHead().Seq-1+int64(i), at.At, at.By, at.Address, rows[i].Hash
		if rows[i] != want {
			t.Errorf("the row is %+v, want %+v", rows[i], want)
		}
	}
}

// TestTheTrailHasWhatALinkGave reads it from the store's own invitations.
func TestTheTrailHasWhatALinkGave(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s,
		room.InvitationMade{Stamp: by("anna"), Token: tokenOne, Deals: []string{dealOne}, Role: room.Observer, Expires: start + 1},
		room.InvitationMade{Stamp: by("anna"), Token: tokenTwo, User: "bert", Expires: start})
	before := s.AuditHead().Seq
	applied(t, s,
		room.InvitationAccepted{Stamp: by("emil"), Token: tokenOne, Name: "emil", Display: "Emil"},
		room.InvitationAccepted{Stamp: by("bert"), Token: tokenTwo, Name: "bert", PasswordHashed: "new"})
	var got []string
	for _, r := range trail(t, s)[before:] {
		got = append(got, fmt.Sprintf("%s %s %s %s%s", r.By, r.Action, r.User, r.Deal, r.Detail))
	}
	if want := []string{
		`emil invitation.accepted emil {"deals":["` + dealOne + `"],"made_by":"anna","role":"observer"}`,
		`emil deal.member.added emil ` + dealOne,
		`bert user.password bert {"link":true,"made_by":"anna"}`,
	}; !slices.Equal(got, want) {
		t.Errorf("the trail has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheTrailIsAskedForByEachFilter(t *testing.T) {
	s := furnished(t, t.TempDir())
	n := s.AuditHead().Seq
	at := func(by string) room.Stamp { return room.Stamp{At: start + 1, By: by, Address: "192.0.2.1"} }
	applied(t, s,
		room.Noted{Stamp: at("bert"), Action: room.ActionTopicOpened, Topic: topicOne},         // n+1
		room.Noted{Stamp: at("carla"), Action: room.ActionTopicOpened, Topic: topicThree},      // n+2
		room.UserChanged{Stamp: at("anna"), Name: "bert", Display: ptr("B")},                   // n+3
		room.Noted{Stamp: at("bert"), Action: room.ActionExported, Deal: dealOne, Count: 4},    // n+4
		room.Noted{Stamp: at(""), Action: room.ActionSignInFailed, User: "bert", Count: 2},     // n+5
		room.PasswordChanged{Stamp: at("bert"), Name: "bert", PasswordHashed: "new"},           // n+6, once
		room.Noted{Stamp: at("carla"), Action: room.ActionTopicOpened, Topic: "no such topic"}, // n+7
	)
	last := n + 7
	for name, c := range map[string]struct {
		q    room.AuditQuery
		want []int64
	}{
		"after a row":                {room.AuditQuery{After: n + 5, Limit: 9}, []int64{n + 6, n + 7}},
		"after a row, some":          {room.AuditQuery{After: n, Limit: 2}, []int64{n + 1, n + 2}},
		"after the last":             {room.AuditQuery{After: last, Limit: 9}, nil},
		"before a row":               {room.AuditQuery{Before: n + 3, Backwards: true, Limit: 2}, []int64{n + 1, n + 2}},
		"the newest":                 {room.AuditQuery{Backwards: true, Limit: 3}, []int64{n + 5, n + 6, n + 7}},
		"none":                       {room.AuditQuery{After: n}, nil},
		"by somebody, or to him":     {room.AuditQuery{User: "bert", After: n, Limit: 9}, []int64{n + 1, n + 3, n + 4, n + 5, n + 6}},
		"the same, the newest":       {room.AuditQuery{User: "bert", Backwards: true, Limit: 2}, []int64{n + 5, n + 6}},
		"the same, some":             {room.AuditQuery{User: "bert", After: n + 1, Limit: 2}, []int64{n + 3, n + 4}},
		"by somebody in a deal":      {room.AuditQuery{User: "bert", Deal: dealOne, After: n, Limit: 9}, []int64{n + 1, n + 4}},
		"in a deal":                  {room.AuditQuery{Deal: dealOne, After: n, Limit: 9}, []int64{n + 1, n + 4}},
		"in another deal":            {room.AuditQuery{Deal: dealTwo, After: n, Limit: 9}, []int64{n + 2}},
		"in a topic":                 {room.AuditQuery{Topic: topicThree, After: n, Limit: 9}, []int64{n + 2}},
		"of a kind":                  {room.AuditQuery{Action: room.ActionTopicOpened, Limit: 9}, []int64{n + 1, n + 2, n + 7}},
		"of a kind in a deal by one": {room.AuditQuery{Action: room.ActionTopicOpened, Deal: dealOne, User: "bert", Topic: topicOne, Limit: 9}, []int64{n + 1}},
		"of a kind to somebody":      {room.AuditQuery{Action: room.ActionUserChanged, User: "bert", Limit: 9}, []int64{n + 3}},
		"of nobody":                  {room.AuditQuery{User: "nobody", Limit: 9}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := s.Audit(t.Context(), c.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, row := range rows {
				got = append(got, row.Seq-n)
			}
			var want []int64
			for _, seq := range c.want {
				want = append(want, seq-n)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestTheViewOfTheTrailIsForPeople reads what the sqlite3 command shows.
func TestTheViewOfTheTrailIsForPeople(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	n := s.AuditHead().Seq
	applied(t, s,
		room.TopicChanged{Stamp: room.Stamp{At: start + 61_999, By: "anna", Address: "192.0.2.1"}, ID: topicOne, Open: ptr(false)},
		room.Noted{Stamp: by(""), Action: room.ActionSignInFailed, User: "bert", Deal: "gone", Count: 3})
	closeStore(t, s)
	row := `SELECT seq || '|' || utc || '|' || done_by || '|' || address || '|' || action || '|' || user || '|' || deal || '|' || topic || '|' || count || '|' || detail FROM audit_log WHERE seq > ?`
	if got, want := column(t, database(t, dir), row, n), []string{
		fmt.Sprintf(`%d|2026-01-01 00:01:01|anna|192.0.2.1|topic.changed||GeldGeldGeld AG|Due Diligence|0|{"open":false}`, n+1),
		fmt.Sprintf(`%d|2026-01-01 00:00:00|||signin.failed|bert|gone||3|`, n+2),
	}; !slices.Equal(got, want) {
		t.Errorf("audit_log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestEndingAllSignInsEndsThoseOfOne says which, for whatever lives by them.
func TestEndingAllSignInsEndsThoseOfOne(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, session("bert", "s2", tokenTwo), session("bert", "s1", tokenOne), session("carla", "s3", tokenThree))
	out := commit(t, s,
		room.SessionsEnded{Stamp: by("carla"), User: "bert"},
		room.SessionsEnded{Stamp: by("bert"), User: "bert"},
		room.SessionsEnded{Stamp: by("anna"), User: "bert"})
	if !errors.Is(out[0].Err, room.ErrNotAdmin) || !slices.Equal(out[1].Ended, []string{"s1", "s2"}) || len(out[2].Ended) != 0 || out[2].Err != nil {
		t.Errorf("got %+v", out)
	}
	if _, err := s.Session(t.Context(), tokenOne); !errors.Is(err, room.ErrSessionEnded) {
		t.Errorf("an ended sign-in: %v", err)
	}
	if _, err := s.Session(t.Context(), tokenThree); err != nil {
		t.Errorf("another user's: %v", err)
	}
}

// TestAWallIsKept reads back what is narrowed, direct, archived and strict.
func TestAWallIsKept(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s,
		room.TopicCreated{Stamp: by("anna"), ID: "clean", Deal: dealOne, Title: "Clean team", Narrowed: true, Strict: true, Members: []string{"bert", "olga"}},
		room.TopicMemberAdded{Stamp: by("anna"), Topic: "clean", User: "carla"},
		room.TopicMemberRemoved{Stamp: by("anna"), Topic: "clean", User: "olga"},
		room.TopicChanged{Stamp: by("anna"), ID: topicTwo, Archived: ptr(true), Narrowed: ptr(true), Members: []string{"dora"}},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"dora", "bert"}},
		room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "dora"},
		room.DirectCreated{Stamp: by("carla"), ID: "direct", Deal: dealOne, With: "bert"},
		room.TopicCreated{Stamp: by("anna"), ID: "title", Deal: dealOne, Title: "bert, carla"},
		room.UserChanged{Stamp: by("anna"), Name: "otto", Display: ptr("O"), Version: 1},
		room.DealChanged{Stamp: by("anna"), ID: dealTwo, Open: ptr(false), Version: 1},
	)
	members := func(names ...string) map[string]struct{} {
		m := make(map[string]struct{})
		for _, name := range names {
			m[name] = struct{}{}
		}
		return m
	}
	for range 2 {
		state := s.State()
		for id, want := range map[string]room.Topic{
			"clean":  {ID: "clean", Deal: dealOne, Title: "Clean team", Open: true, Created: start, Version: 3, Narrowed: true, Strict: true, Members: members("bert", "carla")},
			topicTwo: {ID: topicTwo, Deal: dealOne, Title: "Share Deal", Number: 2, Open: true, Created: start, Version: 3, Archived: true, Narrowed: true},
			topicOne: {ID: topicOne, Deal: dealOne, Title: "Due Diligence", Number: 1, Open: true, Created: start, Version: 3, Narrowed: true, Members: members("bert")},
			"direct": {ID: "direct", Deal: dealOne, Title: "bert, carla", Open: true, Created: start, Version: 1, Direct: true, Members: members("bert", "carla")},
		} {
			if got := *state.Topic(id); !reflect.DeepEqual(got, want) {
				t.Errorf("topic %s is %+v, want %+v", id, got, want)
			}
		}
		if u, d := state.User("otto").Version, state.Deal(dealTwo).Version; u != 2 || d != 2 {
			t.Errorf("the versions are %d, %d", u, d)
		}
		s = reopenedAlike(t, s, dir)
	}
}

// TestTheTrailTellsWhatTheCompanysWordHasChanged also where the word was not kept:
// the last admin stays one.
func TestTheTrailTellsWhatTheCompanysWordHasChanged(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, room.SignInRulesChanged{Stamp: by(""), Provider: ptr(companySignIn)})
	for _, c := range []struct {
		what string
		user string
		role room.Role
		want string // "": no row
	}{
		{"an account that it makes", "emil", "", `{"issuer":"https://login.example","made":true,"role":"member","subject":"emil"}`},
		{"an account that it has made", "emil", room.Member, ``},
		{"another role", "emil", room.Observer, `{"issuer":"https://login.example","role":"observer","subject":"emil"}`},
		{"an account that it comes to know", "bert", room.Member, `{"issuer":"https://login.example","subject":"bert"}`},
		{"the last admin, whom it wants to be a member", "anna", room.Member, `{"issuer":"https://login.example","subject":"anna"}`},
	} {
		before := len(trail(t, s))
		applied(t, s, room.Vouched{Stamp: by(c.user), Rules: 2, Issuer: companySignIn.Issuer, Subject: c.user, User: c.user, Display: "E", Role: c.role, Match: true, Create: true})
		rows := trail(t, s)[before:]
		switch {
		case c.want == "" && len(rows) == 0:
		case len(rows) != 1 || rows[0].Action != room.ActionVouched || rows[0].Detail != c.want:
			t.Errorf("%s: got %+v, want %s", c.what, rows, c.want)
		}
	}
}
