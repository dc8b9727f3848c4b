package room_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
)

// TestAuditChain has golden values, which were computed by another program.
func TestAuditChain(t *testing.T) {
	rows := []room.AuditRow{
		{Seq: 1, At: 1767225600000, By: "anna", Address: "192.0.2.1", Action: room.ActionUserChanged, User: "bert", Detail: `{"display":"Bert Größe","role":"observer"}`},
		{Seq: 2, At: 1767225660000, Address: "2001:db8::1", Action: room.ActionSignInFailed, User: "bert", Count: 7},
	}
	hash := room.AuditStart()
	if want := "93aa76170622969ebe1c91d1fafa72ae1746662b3ee1202909d7a824fce4d6e4"; hash.String() != want {
		t.Errorf("the trail begins with %s, want %s", hash, want)
	}
	for i, want := range []string{
		"3705fc4f477e3690b25ddd938334e5d023d975051fad2eed5af70e33f3181f67",
		"074b1849c15d0b592f1111c4c5af6d9a9f61137af3138fa68bee016f3dc689a4",
	} {
		if hash = rows[i].ChainNext(hash); hash.String() != want {
			t.Errorf("the hash of row %d is %s, want %s", i+1, hash, want)
		}
	}
}

func TestAuditChainIsOfEveryField(t *testing.T) {
	row := room.AuditRow{Seq: 1, At: 2, By: "a", Address: "b", Action: "c", User: "d", Deal: "e", Topic: "f", Count: 3, Detail: "g"}
	whole := row.ChainNext(room.AuditStart())
	seen := map[room.Hash]string{whole: "nothing"}
	for what, change := range map[string]func(*room.AuditRow){
		"seq":           func(r *room.AuditRow) { r.Seq++ },
		"time":          func(r *room.AuditRow) { r.At++ },
		"by":            func(r *room.AuditRow) { r.By += "x" },
		"address":       func(r *room.AuditRow) { r.Address += "x" },
		"action":        func(r *room.AuditRow) { r.Action += "x" },
		"user":          func(r *room.AuditRow) { r.User += "x" },
		"deal":          func(r *room.AuditRow) { r.Deal += "x" },
		"topic":         func(r *room.AuditRow) { r.Topic += "x" },
		"count":         func(r *room.AuditRow) { r.Count++ },
		"detail":        func(r *room.AuditRow) { r.Detail += "x" },
		"a field moved": func(r *room.AuditRow) { r.User, r.Deal = "", "d" },
		"text moved":    func(r *room.AuditRow) { r.User, r.Deal = "de", "" },
		"a netstring":   func(r *room.AuditRow) { r.User = "d,1:e" },
	} {
		changed := row
		change(&changed)
		hash := changed.ChainNext(room.AuditStart())
		if other, ok := seen[hash]; ok {
			t.Errorf("%s changed gives the hash of %s changed", what, other)
		}
		seen[hash] = what
	}
	if row.ChainNext(whole) == whole {
		t.Error("the hash is not of the row before")
	}
	row.Hash = whole
	if row.ChainNext(room.AuditStart()) != whole {
		t.Error("the hash depends on itself")
	}
}

// secret is what no row may have in it.
const secret = "what nobody may read"

// audited are events of all types that get a row, with it.
var audited = []struct {
	ev  room.Event
	row room.AuditRow
}{
	{room.AdminClaimed{Name: "anna", Display: "Anna", PasswordHashed: secret},
		room.AuditRow{Action: "user.added", User: "anna", Detail: `{"role":"admin"}`}},
	{room.UserAdded{Name: "bert", Display: "Bert", Role: room.Bot, PasswordHashed: secret},
		room.AuditRow{Action: "user.added", User: "bert", Detail: `{"role":"bot"}`}},
	{room.UserChanged{Name: "bert", Display: ptr("B<>"), Role: ptr(room.Observer), Active: ptr(false), Version: 7},
		room.AuditRow{Action: "user.changed", User: "bert", Detail: `{"active":false,"display":"B\u003c\u003e","role":"observer"}`}},
	{room.PasswordChanged{Name: "bert", PasswordHashed: secret, Keep: secret},
		room.AuditRow{Action: "user.password", User: "bert"}},
	{room.SessionOpened{ID: "sess000000000001", Token: room.HashToken(secret), User: "bert", Shown: room.Shown{PasswordHashed: secret}},
		room.AuditRow{Action: "session.opened", User: "bert", Detail: `{"session":"sess000000000001"}`}},
	{room.SessionEnded{ID: "sess000000000001", User: "bert"},
		room.AuditRow{Action: "session.ended", User: "bert", Detail: `{"session":"sess000000000001"}`}},
	{room.SessionsEnded{User: "bert"},
		room.AuditRow{Action: "sessions.ended", User: "bert"}},
	{room.InvitationMade{Token: room.HashToken(secret), Deals: []string{one}, Role: room.Member},
		room.AuditRow{Action: "invitation.made", Detail: `{"deals":["deal000000000001"],"role":"member"}`}},
	{room.InvitationMade{Token: room.HashToken(secret), User: "bert"},
		room.AuditRow{Action: "invitation.made", User: "bert"}},
	{room.InvitationAccepted{Token: room.HashToken(secret), Name: "emil", Display: "Emil", PasswordHashed: secret},
		room.AuditRow{Action: "invitation.accepted", User: "emil", Detail: `{"deals":null,"made_by":"","role":""}`}}, // and more below
	{room.DealCreated{ID: one, Name: "One", History: room.HistoryJoined},
		room.AuditRow{Action: "deal.created", Deal: one, Detail: `{"history":"joined","name":"One"}`}},
	{room.DealCreated{ID: one, Name: "One", History: room.HistoryAll, Receipts: true},
		room.AuditRow{Action: "deal.created", Deal: one, Detail: `{"history":"all","name":"One","receipts":true}`}},
	{room.DealChanged{ID: one, Receipts: ptr(false)},
		room.AuditRow{Action: "deal.changed", Deal: one, Detail: `{"receipts":false}`}},
	{room.DealChanged{ID: one, Open: ptr(false)},
		room.AuditRow{Action: "deal.changed", Deal: one, Detail: `{"open":false}`}},
	{room.MemberAdded{Deal: one, User: "bert"},
		room.AuditRow{Action: "deal.member.added", Deal: one, User: "bert"}},
	{room.MemberRemoved{Deal: one, User: "bert"},
		room.AuditRow{Action: "deal.member.removed", Deal: one, User: "bert"}},
	{room.MemberMoved{Deal: one, User: "bert", History: room.HistoryAll},
		room.AuditRow{Action: "deal.member.moved", Deal: one, User: "bert", Detail: `{"history":"all"}`}},
	{room.TopicCreated{ID: topicOne, Deal: one, Title: "A", Number: 7},
		room.AuditRow{Action: "topic.created", Deal: one, Topic: topicOne, Detail: `{"number":7,"title":"A"}`}},
	{room.TopicCreated{ID: topicOne, Deal: one, Title: "A", Strict: true, Narrowed: true, Members: []string{"bert"}},
		room.AuditRow{Action: "topic.created", Deal: one, Topic: topicOne, Detail: `{"members":["bert"],"narrowed":true,"number":0,"strict":true,"title":"A"}`}},
	{room.TopicChanged{ID: topicOne, Title: ptr("B"), Number: ptr(0), Open: ptr(true), Archived: ptr(true), Strict: ptr(false), Narrowed: ptr(true), Members: []string{}},
		room.AuditRow{Action: "topic.changed", Topic: topicOne, Detail: `{"archived":true,"members":[],"narrowed":true,"number":0,"open":true,"strict":false,"title":"B"}`}},
	{room.TopicMemberAdded{Topic: topicOne, User: "bert"},
		room.AuditRow{Action: "topic.member.added", Topic: topicOne, User: "bert"}},
	{room.TopicMemberRemoved{Topic: topicOne, User: "bert"},
		room.AuditRow{Action: "topic.member.removed", Topic: topicOne, User: "bert"}},
	{room.ReaderMoved{Topic: topicOne, User: "bert", Seq: 9},
		room.AuditRow{Action: "topic.reader.moved", Topic: topicOne, User: "bert", Detail: `{"from":9}`}},
	{room.DirectCreated{ID: topicOne, Deal: one, With: "bert"},
		room.AuditRow{Action: "direct.created", Deal: one, Topic: topicOne, User: "bert"}},
	{room.PeerIntroduced{To: "bert"},
		room.AuditRow{Action: "peer.introduced", User: "bert"}},
	{room.SignInRulesChanged{Demand: ptr([]room.Role{room.Admin}), Idle: ptr(int64(0)), Life: ptr(int64(3600)), Provider: ptr(&room.Provider{
		Issuer: "https://login.example", ClientID: "room", Secret: []byte(secret), NameClaim: "name", Create: true, GroupsClaim: "roles", Groups: []room.GroupRole{{Group: "deals", Role: room.Member}}})},
		room.AuditRow{Action: "signin.rules", Detail: `{"demand":["admin"],"idle":0,"life":3600,"provider":{"client":"room","create":true,"groups":["deals: member"],"groupsClaim":"roles","issuer":"https://login.example","match":false,"name":"name"}}`}},
	{room.TOTPSet{User: "bert", Sealed: []byte(secret), Codes: []room.TokenHash{room.HashToken(secret)}},
		room.AuditRow{Action: "user.totp.set", User: "bert"}},
	{room.TOTPRemoved{User: "bert"},
		room.AuditRow{Action: "user.totp.removed", User: "bert"}},
	{room.PasskeyAdded{User: "bert", ID: []byte(secret), Label: "Laptop", Credential: []byte(secret), Codes: []room.TokenHash{room.HashToken(secret)}},
		room.AuditRow{Action: "user.passkey.added", User: "bert", Detail: `{"label":"Laptop"}`}},
	{room.PasskeyRemoved{User: "bert", ID: []byte(secret)},
		room.AuditRow{Action: "user.passkey.removed", User: "bert"}},
	{room.RecoveryCodesMade{User: "bert", Codes: []room.TokenHash{room.HashToken(secret)}},
		room.AuditRow{Action: "user.recovery.made", User: "bert"}},
	{room.FactorsRemoved{User: "bert"},
		room.AuditRow{Action: "user.factors.removed", User: "bert"}},
	{room.ToolTokenMade{ID: "tokn000000000001", Token: room.HashToken(secret), User: "bert", Label: "Feed", Role: room.Observer, Expires: 9},
		room.AuditRow{Action: "token.made", User: "bert", Detail: `{"expires":9,"label":"Feed","role":"observer","token":"tokn000000000001"}`}},
	{room.ToolTokenRevoked{ID: "tokn000000000001", User: "bert"},
		room.AuditRow{Action: "token.revoked", User: "bert", Detail: `{"token":"tokn000000000001"}`}},
	{room.Vouched{Issuer: "https://login.example", Subject: "4711", User: "bert", Role: room.Bot},
		room.AuditRow{Action: "user.vouched", User: "bert", Detail: `{"issuer":"https://login.example","role":"bot","subject":"4711"}`}},
	{room.Vouched{Issuer: "https://login.example", Subject: "4711", User: "bert", Role: room.Member, Create: true},
		room.AuditRow{Action: "user.vouched", User: "bert", Detail: `{"issuer":"https://login.example","made":true,"role":"member","subject":"4711"}`}},
	{room.SessionOpened{ID: "sess000000000001", User: "bert", Shown: room.Shown{Factor: room.FactorRecovery, Code: room.HashToken(secret), Passkey: []byte(secret)}, Device: secret},
		room.AuditRow{Action: "session.opened", User: "bert", Detail: `{"factor":"recovery","session":"sess000000000001"}`}},
	{room.Noted{Action: room.ActionTopicOpened, Deal: one, Topic: topicOne},
		room.AuditRow{Action: "topic.opened", Deal: one, Topic: topicOne}},
	{room.Noted{Stamp: room.Stamp{Role: room.Observer}, Action: room.ActionTopicOpened, Deal: one, Topic: topicOne},
		room.AuditRow{Action: "topic.opened", Deal: one, Topic: topicOne, Detail: `{"program":"observer"}`}},
	{room.DealChanged{Stamp: room.Stamp{Role: room.Admin}, ID: one, Open: ptr(false)},
		room.AuditRow{Action: "deal.changed", Deal: one, Detail: `{"open":false,"program":"admin"}`}},
	{room.Noted{Action: room.ActionSignInFailed, User: "bert", Count: 12},
		room.AuditRow{Action: "signin.failed", User: "bert", Count: 12}},
}

// unaudited get none.
var unaudited = []room.Event{
	room.SetupOffered{Token: room.HashToken(secret)},
	room.MessagePosted{Topic: topicOne, Body: []byte(secret)},
	room.TopicRead{Topic: topicOne, Seq: 1},
	room.PasswordRehashed{User: "bert", Old: secret, New: secret},
	room.Proved{User: "bert", Shown: room.Shown{PasswordHashed: secret}},
	room.SessionUsed{ID: "sess000000000001", User: "bert"},
	room.ToolTokenUsed{ID: "tokn000000000001", User: "bert"},
}

func TestAuditRows(t *testing.T) {
	for _, c := range audited {
		rows := room.Audit(c.ev, room.Invitation{})
		if len(rows) != 1 || rows[0] != c.row {
			t.Fatalf("%T gives %+v\nwant %+v", c.ev, rows, c.row)
		}
		row := rows[0]
		hash := room.HashToken(secret)
		if text := fmt.Sprintf("%+v", row); strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", hash[:])) {
			t.Errorf("the row of %T has a secret in it: %s", c.ev, text)
		}
		if row.Detail != "" && !json.Valid([]byte(row.Detail)) {
			t.Errorf("the detail of %T is no JSON: %s", c.ev, row.Detail)
		}
	}
	for _, ev := range unaudited {
		if rows := room.Audit(ev, room.Invitation{}); len(rows) != 0 {
			t.Errorf("%T gives %+v", ev, rows)
		}
	}
	stamped := room.UserAdded{Stamp: room.Stamp{At: 5, By: "anna", Address: "192.0.2.1"}}
	if row := room.Audit(stamped, room.Invitation{})[0]; row.At != 5 || row.By != "anna" || row.Address != "192.0.2.1" {
		t.Errorf("the stamp is lost: %+v", row)
	}
}

// TestTheTrailTellsWhatATakenLinkGranted also says by whose link it was.
func TestTheTrailTellsWhatATakenLinkGranted(t *testing.T) {
	taken := room.InvitationAccepted{Stamp: room.Stamp{At: 5, By: "emil", Address: "192.0.2.1"}, Token: room.HashToken(secret), Name: "emil", PasswordHashed: secret}
	row := func(action room.Action, deal, detail string) room.AuditRow {
		return room.AuditRow{At: 5, By: "emil", Address: "192.0.2.1", Action: action, User: "emil", Deal: deal, Detail: detail}
	}
	for what, c := range map[string]struct {
		inv  room.Invitation
		want []room.AuditRow
	}{
		"an invitation": {room.Invitation{By: "anna", Role: room.Observer, Deals: []string{two, one, two}}, []room.AuditRow{
			row(room.ActionInvitationAccepted, "", `{"deals":["deal000000000001","deal000000000002"],"made_by":"anna","role":"observer"}`),
			row(room.ActionMemberAdded, one, ""),
			row(room.ActionMemberAdded, two, ""),
		}},
		"a password link": {room.Invitation{By: "anna", User: "emil"}, []room.AuditRow{
			row(room.ActionPasswordChanged, "", `{"link":true,"made_by":"anna"}`),
		}},
	} {
		if got := room.Audit(taken, c.inv); !slices.Equal(got, c.want) {
			t.Errorf("%s gives %+v\nwant %+v", what, got, c.want)
		}
	}
}

// TestEveryEventIsAuditedOrNot has each type of event in one of the two lists
// above.
func TestEveryEventIsAuditedOrNot(t *testing.T) {
	known := make(map[string]bool)
	for _, c := range audited {
		known[fmt.Sprintf("%T", c.ev)] = true
	}
	for _, ev := range unaudited {
		known[fmt.Sprintf("%T", ev)] = true
	}
	for _, name := range eventTypes(t) {
		if !known["room."+name] {
			t.Errorf("whether %s gets a row is not said", name)
		}
	}
}

// eventTypes are the names of all types of events: those that embed a Stamp.
func eventTypes(t *testing.T) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				if id, ok := f.Type.(*ast.Ident); ok && id.Name == "Stamp" && f.Names == nil {
					names = append(names, spec.Name.Name)
				}
			}
		}
		return true
	})
	if len(names) < 20 {
		t.Fatalf("found %q only", names)
	}
	return names
}

func TestOnlyWhatIsNotedIsNoted(t *testing.T) {
	s := furnished(t)
	for _, action := range []room.Action{room.ActionTopicOpened, room.ActionSignInFailed, room.ActionSearched, room.ActionExported, room.ActionBackedUp, room.ActionNotesLost} {
		if next := after(t, s, room.Noted{Stamp: by("bert"), Action: action, Topic: topicOne, User: "nobody"}); next != s {
			t.Errorf("%s changed the room", action)
		}
	}
	for _, action := range []room.Action{"", "nonsense", room.ActionUserAdded, room.ActionMemberRemoved} {
		if next, err := s.Apply(room.Noted{Stamp: by("anna"), Action: action}, head); !errors.Is(err, room.ErrUnprocessable) || next != s {
			t.Errorf("%q: %v", action, err)
		}
	}
}
