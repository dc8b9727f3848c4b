package room_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"redroom/server/room"
)

func TestWhoSeesWhat(t *testing.T) {
	s := after(t, furnished(t),
		room.UserAdded{Stamp: by("anna"), Name: "zoe", Display: "Zoe", Role: room.Admin}, // in no deal
		room.UserAdded{Stamp: by("anna"), Name: "gone", Display: "Gone", Role: room.Member},
		room.MemberAdded{Stamp: by("anna"), Deal: one, User: "gone"},
		room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "gone"},
		room.UserAdded{Stamp: by("anna"), Name: "off", Display: "Off", Role: room.Member},
		room.MemberAdded{Stamp: by("anna"), Deal: one, User: "off"},
		room.UserChanged{Stamp: by("anna"), Name: "off", Active: ptr(false)},
	)
	for user, sees := range map[string][2]bool{ // the deals one and two
		"anna":   {true, true},
		"zoe":    {true, true},
		"bert":   {true, true},
		"olga":   {true, false},
		"robo":   {true, false},
		"otto":   {false, false},
		"gone":   {false, false},
		"off":    {false, false},
		"nobody": {false, false},
		"":       {false, false}, // the operator administers, and reads nothing
	} {
		for i, deal := range []string{one, two} {
			if got := s.SeesDeal(user, s.Deal(deal)); got != sees[i] {
				t.Errorf("%q sees the deal %d: %t", user, i+1, got)
			}
		}
		for topic, sees := range map[string]bool{topicOne: sees[0], topicThree: sees[1], "topc000000000009": false} {
			if _, ok := s.ReadsFrom(user, topic); ok != sees {
				t.Errorf("%q reads %s: %t", user, topic, ok)
			}
		}
	}
	if s.SeesDeal("anna", nil) {
		t.Error("an admin sees a deal that does not exist")
	}
}

func TestWhoMayKnowOfWhom(t *testing.T) {
	s := furnished(t)
	for pair, knows := range map[[2]string]bool{
		{"bert", "olga"}: true,
		{"bert", "anna"}: true,
		{"bert", "otto"}: false,
		{"otto", "otto"}: true,
		{"otto", "anna"}: false, // an admin is known where the other one is
	} {
		if got := s.ShareDeal(pair[0], pair[1]); got != knows {
			t.Errorf("%v: %t", pair, got)
		}
		if got := s.ShareDeal(pair[1], pair[0]); got != knows {
			t.Errorf("%v the other way: %t", pair, got)
		}
	}
}

func TestAdmins(t *testing.T) {
	s := furnished(t)
	for name, admin := range map[string]bool{"": true, "anna": true, "bert": false, "nobody": false} {
		if got := s.IsAdmin(name); got != admin {
			t.Errorf("IsAdmin(%q) = %t", name, got)
		}
	}
	if new(room.State).HasAdmin() {
		t.Error("the empty room has an admin")
	}
}

// entry is what topic one has, all of it bert's.
func entry(seq int64) (room.Entry, error) {
	return []room.Entry{
		{Kind: room.Text, Author: "bert"},
		{Kind: room.Report, Author: "bert"},
		{Kind: room.Edit, Author: "bert", Ref: 1},
		{Kind: room.Text, Author: "bert", Redacted: true},
		{Kind: room.Redact, Author: "bert", Ref: 4},
	}[seq-1], nil
}

func TestPosts(t *testing.T) {
	words := []byte("Hallo")
	s := after(t, furnished(t),
		room.TopicChanged{Stamp: by("anna"), ID: topicTwo, Open: ptr(false)},
	)
	dealClosed := after(t, s, room.DealChanged{Stamp: by("anna"), ID: one, Open: ptr(false)})
	for _, c := range []struct {
		what  string
		state *room.State
		post  room.MessagePosted
		want  error
	}{
		{"a member", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne}, nil},
		{"a bot", s, room.MessagePosted{Stamp: by("robo"), Topic: topicOne}, nil},
		{"an admin", s, room.MessagePosted{Stamp: by("anna"), Topic: topicThree}, nil},
		{"an observer", s, room.MessagePosted{Stamp: by("olga"), Topic: topicOne}, room.ErrObserver},
		{"a stranger", s, room.MessagePosted{Stamp: by("otto"), Topic: topicOne}, room.ErrNotFound},
		{"an observer in a foreign topic", s, room.MessagePosted{Stamp: by("olga"), Topic: topicThree}, room.ErrNotFound},
		{"an unknown topic", s, room.MessagePosted{Stamp: by("anna"), Topic: "topc000000000009"}, room.ErrNotFound},
		{"a closed topic", s, room.MessagePosted{Stamp: by("bert"), Topic: topicTwo}, room.ErrTopicClosed},
		{"a closed topic, as an admin", s, room.MessagePosted{Stamp: by("anna"), Topic: topicTwo}, room.ErrTopicClosed},
		{"a foreign closed topic", s, room.MessagePosted{Stamp: by("otto"), Topic: topicTwo}, room.ErrNotFound},
		{"a closed deal", dealClosed, room.MessagePosted{Stamp: by("bert"), Topic: topicOne}, room.ErrTopicClosed},
		{"a reply to the first", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Ref: 1}, nil},
		{"a reply to the newest", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Ref: 5}, nil},
		{"a reply to what comes next", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Ref: 6}, room.ErrUnprocessable},
		{"a reply to what is before seq 1", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Ref: -1}, room.ErrUnprocessable},
		{"an edit of one's own text", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Ref: 1, Body: words}, nil},
		{"an edit of one's own report", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Ref: 2, Body: []byte("7")}, nil},
		{"an edit of a report that is none", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Ref: 2, Body: words}, room.ErrUnprocessable},
		{"an edit of a text that is too long for one", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Ref: 1, Body: bytes.Repeat(words, room.MaxText)}, room.ErrTooLarge},
		{"an edit of somebody else's", s, room.MessagePosted{Stamp: by("robo"), Topic: topicOne, Kind: room.Edit, Ref: 1, Body: words}, room.ErrNotAuthor},
		{"an admin's edit of somebody else's", s, room.MessagePosted{Stamp: by("anna"), Topic: topicOne, Kind: room.Edit, Ref: 1, Body: words}, room.ErrNotAuthor},
		{"an edit of an edit", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Ref: 3, Body: words}, room.ErrUnprocessable},
		{"an edit of a redaction", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Ref: 5, Body: words}, room.ErrUnprocessable},
		{"an edit of what was redacted", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Ref: 4, Body: words}, room.ErrRedacted},
		{"an edit of nothing", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Body: words}, room.ErrUnprocessable},
		{"an edit of what comes next", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Edit, Ref: 6, Body: words}, room.ErrUnprocessable},
		{"a redaction of one's own text", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Redact, Ref: 1}, nil},
		{"a redaction by an edit", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Redact, Ref: 3}, nil},
		{"an admin's redaction", s, room.MessagePosted{Stamp: by("anna"), Topic: topicOne, Kind: room.Redact, Ref: 2}, nil},
		{"a redaction of somebody else's", s, room.MessagePosted{Stamp: by("robo"), Topic: topicOne, Kind: room.Redact, Ref: 1}, room.ErrForbidden},
		{"a redaction once more", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Redact, Ref: 4}, nil},
		{"a redaction of a redaction", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Redact, Ref: 5}, room.ErrUnprocessable},
		{"a redaction of nothing", s, room.MessagePosted{Stamp: by("bert"), Topic: topicOne, Kind: room.Redact}, room.ErrUnprocessable},
		{"an observer's redaction", s, room.MessagePosted{Stamp: by("olga"), Topic: topicOne, Kind: room.Redact, Ref: 1}, room.ErrObserver},
		{"a redaction in a closed topic", s, room.MessagePosted{Stamp: by("bert"), Topic: topicTwo, Kind: room.Redact, Ref: 1}, room.ErrTopicClosed},
		{"a reply to what one may not read", s, room.MessagePosted{Stamp: by("bert"), Topic: topicThree, Ref: 7}, room.ErrUnprocessable},
	} {
		t.Run(c.what, func(t *testing.T) {
			err := c.state.CheckPost(c.post, head(c.post.Topic), entry)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestPeopleAreThoseWhoReadAndThoseWhoWereThere(t *testing.T) {
	s := after(t, furnished(t), room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"})
	reads := make(map[string]bool)
	var names []string
	for _, p := range s.People(s.Deal(one)) {
		names = append(names, p.User.Name)
		reads[p.User.Name] = p.Reads
	}
	if !slices.Equal(names, []string{"anna", "bert", "olga", "robo"}) {
		t.Errorf("the people are %v", names)
	}
	if reads["bert"] || !reads["anna"] || !reads["olga"] {
		t.Errorf("who reads: %v", reads)
	}
}

func TestWhichDealsAnEventMakesLookDifferent(t *testing.T) {
	const issuer = "https://login.example"
	company := &room.Provider{Label: "Company", Issuer: issuer, ClientID: "room", NameClaim: "name"}
	vouched := func(user string, role room.Role) room.Event {
		return room.Vouched{Stamp: by(user), Rules: 2, Issuer: issuer, Subject: user, User: user, Display: user, Role: role, Create: true}
	}
	start := after(t, furnished(t),
		room.UserAdded{Stamp: by("anna"), Name: "zoe", Display: "Zoe", Role: room.Admin}, // in no deal
		room.SignInRulesChanged{Stamp: by("anna"), Provider: &company})
	for _, c := range []struct {
		what string
		ev   room.Event
		want []string
	}{
		{"a new deal", room.DealCreated{Stamp: by("anna"), ID: "deal000000000003", Name: "Three", History: room.HistoryAll}, []string{"deal000000000003"}},
		{"a deal renamed", room.DealChanged{Stamp: by("anna"), ID: one, Name: ptr("Eins")}, []string{one}},
		{"a member more", room.MemberAdded{Stamp: by("anna"), Deal: two, User: "otto"}, []string{two}},
		{"a member less", room.MemberRemoved{Stamp: by("anna"), Deal: one, User: "bert"}, []string{one}},
		{"a topic more", room.TopicCreated{Stamp: by("anna"), ID: "topc000000000004", Deal: two, Title: "B"}, []string{two}},
		{"a topic renamed", room.TopicChanged{Stamp: by("anna"), ID: topicThree, Title: ptr("B")}, []string{two}},
		{"a member renamed", room.UserChanged{Stamp: by("anna"), Name: "olga", Display: ptr("O")}, []string{one}},
		{"somebody renamed who is in no deal", room.UserChanged{Stamp: by("anna"), Name: "otto", Display: ptr("O")}, nil},
		{"an admin in no deal renamed", room.UserChanged{Stamp: by("anna"), Name: "zoe", Display: ptr("Z")}, []string{one, two}},
		{"an admin in no deal demoted", room.UserChanged{Stamp: by("anna"), Name: "zoe", Role: ptr(room.Member)}, []string{one, two}},
		{"an admin in no deal deactivated", room.UserChanged{Stamp: by("anna"), Name: "zoe", Active: ptr(false)}, []string{one, two}},
		{"an admin in no deal whom the company has demoted", vouched("zoe", room.Member), []string{one, two}},
		{"a new admin of the company's", vouched("max", room.Admin), []string{one, two}},
		{"a new member of nothing", room.UserAdded{Stamp: by("anna"), Name: "max", Display: "Max", Role: room.Member}, nil},
		{"a new admin", room.UserAdded{Stamp: by("anna"), Name: "max", Display: "Max", Role: room.Admin}, []string{one, two}},
		{"a post", room.MessagePosted{Stamp: by("bert"), Topic: topicOne}, nil},
		{"a read mark", room.TopicRead{Stamp: by("bert"), Topic: topicOne, Seq: 1}, nil},
		{"a sign-in", room.SessionOpened{Stamp: by("bert"), User: "bert"}, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := after(t, start, c.ev)
			got := s.Affected(c.ev)
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}

	accepted := room.InvitationAccepted{Stamp: by("max"), Name: "max", Display: "Max"}
	s, err := start.AcceptInvitation(accepted, room.Member, []string{two}, head)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Affected(accepted); !slices.Equal(got, []string{two}) {
		t.Errorf("an accepted invitation: %v", got)
	}
}
