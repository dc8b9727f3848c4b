package store_test

import (
	"errors"
	"slices"
	"testing"

	"redroom/server/room"
)

var (
	tokenOne   = room.HashToken("one")
	tokenTwo   = room.HashToken("two")
	tokenThree = room.HashToken("three")
)

// session is a sign-in that lasts an hour.
func session(user, id string, token room.TokenHash) room.SessionOpened {
	return room.SessionOpened{Stamp: by(user), ID: id, Token: token, User: user, Expires: start + 3_600_000}
}

// TestEvents applies one event to the fixture, and some events more that come
// before it, for every type and every way to refuse it.
func TestEvents(t *testing.T) {
	invitation := room.InvitationMade{Stamp: by("anna"), Token: tokenOne, Deals: []string{dealTwo, dealOne, dealTwo}, Role: room.Member, Expires: start + 1}
	accepted := room.InvitationAccepted{Stamp: by("emil"), Token: tokenOne, Name: "emil", Display: "Emil", PasswordHashed: "hash of emil"}
	passwordLink := room.InvitationMade{Stamp: by("anna"), Token: tokenTwo, User: "bert", Role: "nonsense", Deals: []string{"nonsense"}, Expires: start}
	otherLink := room.InvitationMade{Stamp: by("anna"), Token: room.HashToken("four"), User: "bert", Expires: start}
	otherTaken := room.InvitationAccepted{Stamp: by("bert"), Token: room.HashToken("four"), Name: "bert", PasswordHashed: "newer"}
	demoted := []room.Event{
		room.UserChanged{Stamp: by("anna"), Name: "carla", Role: ptr(room.Admin)},
		room.UserChanged{Stamp: by("carla"), Name: "anna", Role: ptr(room.Member)}}
	linkTaken := room.InvitationAccepted{Stamp: by("bert"), Token: tokenTwo, Name: "bert", PasswordHashed: "new"}
	deactivated := room.UserChanged{Stamp: by("anna"), Name: "bert", Active: ptr(false)}
	later := room.Stamp{At: start + 2, By: "emil"}
	narrowing := room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"bert", "carla"}}
	conversation := room.DirectCreated{Stamp: by("bert"), ID: "t", Deal: dealOne, With: "carla"}
	twoSessions := []room.Event{session("bert", "s2", tokenTwo), session("bert", "s1", tokenOne), session("carla", "s3", tokenThree)}

	signedIn := []room.Event{session("anna", "s1", tokenOne)}
	within := func(session string) room.Stamp { return room.Stamp{At: start, By: "anna", Session: session} }
	openedBy := func(passwordHashed string) room.Event {
		ev := session("bert", "s1", tokenOne)
		ev.PasswordHashed = passwordHashed
		return ev
	}

	for name, c := range map[string]struct {
		before []room.Event
		event  room.Event
		refuse error
		ended  []string
	}{
		"an operator adds a user":           {event: room.UserAdded{Stamp: by(""), Name: "emil", Display: "Emil", Role: room.Bot}},
		"a member adds a user":              {event: room.UserAdded{Stamp: by("bert"), Name: "emil", Display: "Emil", Role: room.Bot}, refuse: room.ErrNotAdmin},
		"a user whose name is taken":        {event: room.UserAdded{Stamp: by("anna"), Name: "bert", Display: "B", Role: room.Bot}, refuse: room.ErrNameTaken},
		"a user whose name is none":         {event: room.UserAdded{Stamp: by("anna"), Name: "Emil", Display: "B", Role: room.Bot}, refuse: room.ErrUnprocessable},
		"a user of no known role":           {event: room.UserAdded{Stamp: by("anna"), Name: "emil", Display: "B", Role: "king"}, refuse: room.ErrUnprocessable},
		"a user's display and role change":  {event: room.UserChanged{Stamp: by("anna"), Name: "bert", Display: ptr("Berta"), Role: ptr(room.Observer)}},
		"a user who isn't there changes":    {event: room.UserChanged{Stamp: by("anna"), Name: "emil", Display: ptr("E")}, refuse: room.ErrNotFound},
		"a member changes a user":           {event: room.UserChanged{Stamp: by("bert"), Name: "bert", Role: ptr(room.Admin)}, refuse: room.ErrNotAdmin},
		"the last admin goes":               {event: room.UserChanged{Stamp: by("anna"), Name: "anna", Active: ptr(false)}, refuse: room.ErrLastAdmin},
		"deactivating ends sessions":        {before: twoSessions, event: deactivated, ended: []string{"s1", "s2"}},
		"another change ends no session":    {before: twoSessions, event: room.UserChanged{Stamp: by("anna"), Name: "bert", Display: ptr("B")}},
		"a password changes":                {before: twoSessions, event: room.PasswordChanged{Stamp: by("bert"), Name: "bert", PasswordHashed: "new", Keep: "s2"}, ended: []string{"s1"}},
		"an operator sets a password":       {before: twoSessions, event: room.PasswordChanged{Stamp: by(""), Name: "bert", PasswordHashed: "new"}, ended: []string{"s1", "s2"}},
		"somebody else's password":          {event: room.PasswordChanged{Stamp: by("carla"), Name: "bert", PasswordHashed: "new"}, refuse: room.ErrNotAdmin},
		"the password of none":              {event: room.PasswordChanged{Stamp: by("anna"), Name: "emil", PasswordHashed: "new"}, refuse: room.ErrNotFound},
		"a deactivated user's own password": {before: []room.Event{deactivated}, event: room.PasswordChanged{Stamp: by("bert"), Name: "bert"}, refuse: room.ErrDeactivated},

		"setup is offered once there's an admin": {event: room.SetupOffered{Stamp: by(""), Token: tokenOne}, refuse: room.ErrSetupDone},
		"setup is done already":                  {event: room.AdminClaimed{Stamp: by("emil"), Token: tokenOne, Name: "emil", Display: "E"}, refuse: room.ErrSetupDone},

		"a session opens":                    {event: session("bert", "s1", tokenOne)},
		"a session of none":                  {event: session("emil", "s1", tokenOne), refuse: room.ErrNotFound},
		"a session of a deactivated user":    {before: []room.Event{deactivated}, event: session("bert", "s1", tokenOne), refuse: room.ErrDeactivated},
		"a session of an id that is there":   {before: twoSessions, event: session("carla", "s1", room.HashToken("four")), refuse: room.ErrExists},
		"a session of a token that is there": {before: twoSessions, event: session("carla", "s4", tokenOne), refuse: room.ErrExists},
		"a session opens after others have expired": {before: twoSessions, ended: []string{"s1", "s2"}, event: room.SessionOpened{
			Stamp: room.Stamp{At: start + 3_600_000, By: "bert"}, ID: "s4", Token: room.HashToken("four"), User: "bert", Expires: start + 7_200_000}},
		"a session ends":                   {before: twoSessions, event: room.SessionEnded{Stamp: by("bert"), ID: "s1"}, ended: []string{"s1"}},
		"an admin ends a session":          {before: twoSessions, event: room.SessionEnded{Stamp: by("anna"), ID: "s1"}, ended: []string{"s1"}},
		"somebody else's session ends":     {before: twoSessions, event: room.SessionEnded{Stamp: by("carla"), ID: "s1"}, refuse: room.ErrNotFound},
		"a session ends that isn't there":  {event: room.SessionEnded{Stamp: by("bert"), ID: "s1"}, refuse: room.ErrNotFound},
		"a session ends for a second time": {before: append(twoSessions[:3:3], room.SessionEnded{Stamp: by("bert"), ID: "s1"}), event: room.SessionEnded{Stamp: by("bert"), ID: "s1"}, refuse: room.ErrNotFound},

		"an invitation is made":                 {event: invitation},
		"an operator makes an invitation":       {event: room.InvitationMade{Stamp: by(""), Token: tokenOne, Role: room.Bot}},
		"an invitation of a token that's there": {before: []room.Event{invitation}, event: invitation, refuse: room.ErrExists},
		"a member makes an invitation":          {event: room.InvitationMade{Stamp: by("bert"), Token: tokenOne, Role: room.Bot}, refuse: room.ErrNotAdmin},
		"an invitation to a deal of no one":     {event: room.InvitationMade{Stamp: by("anna"), Token: tokenOne, Role: room.Bot, Deals: []string{"x"}}, refuse: room.ErrNotFound},
		"an invitation for no known role":       {event: room.InvitationMade{Stamp: by("anna"), Token: tokenOne}, refuse: room.ErrUnprocessable},
		"a password link for none":              {event: room.InvitationMade{Stamp: by("anna"), Token: tokenOne, User: "emil"}, refuse: room.ErrNotFound},
		"an invitation is accepted":             {before: []room.Event{invitation, text("anna", topicThree, "1", "before")}, event: accepted},
		"an invitation is accepted twice": {before: []room.Event{invitation, accepted}, refuse: room.ErrInvitationEnded,
			event: room.InvitationAccepted{Stamp: by("frida"), Token: tokenOne, Name: "frida", Display: "F"}},
		"an invitation is accepted too late": {before: []room.Event{invitation}, refuse: room.ErrInvitationEnded,
			event: room.InvitationAccepted{Stamp: later, Token: tokenOne, Name: "emil", Display: "E"}},
		"an invitation is accepted under a taken name": {before: []room.Event{invitation}, refuse: room.ErrNameTaken,
			event: room.InvitationAccepted{Stamp: by("bert"), Token: tokenOne, Name: "bert", Display: "B"}},
		"an invitation that isn't there":           {event: accepted, refuse: room.ErrNotFound},
		"a password link is taken":                 {before: append(twoSessions[:3:3], passwordLink), event: linkTaken, ended: []string{"s1", "s2"}},
		"a password link is taken twice":           {before: []room.Event{passwordLink, linkTaken}, event: linkTaken, refuse: room.ErrInvitationEnded},
		"a password link is taken by another":      {before: []room.Event{passwordLink}, event: room.InvitationAccepted{Stamp: by("carla"), Token: tokenTwo, Name: "carla"}, refuse: room.ErrUnprocessable},
		"a deactivated user takes a password link": {before: []room.Event{passwordLink, deactivated}, event: linkTaken, refuse: room.ErrDeactivated},

		"an invitation whose maker is an admin no more":      {before: append([]room.Event{invitation}, demoted...), event: accepted, refuse: room.ErrInvitationEnded},
		"a password link whose maker is an admin no more":    {before: append([]room.Event{passwordLink}, demoted...), event: linkTaken, refuse: room.ErrInvitationEnded},
		"a password link after another one was taken":        {before: []room.Event{passwordLink, otherLink, linkTaken}, event: otherTaken, refuse: room.ErrInvitationEnded},
		"a password link after the password was changed":     {before: []room.Event{passwordLink, room.PasswordChanged{Stamp: by("bert"), Name: "bert", PasswordHashed: "new"}}, event: linkTaken, refuse: room.ErrInvitationEnded},
		"a password link after another's password was":       {before: []room.Event{passwordLink, room.PasswordChanged{Stamp: by("carla"), Name: "carla", PasswordHashed: "new"}}, event: linkTaken},
		"a session by the password that there is":            {event: openedBy("hash of bert")},
		"a session by a password that was changed meanwhile": {before: []room.Event{room.PasswordChanged{Stamp: by("bert"), Name: "bert", PasswordHashed: "new"}}, event: openedBy("hash of bert"), refuse: room.ErrWrongSignIn},
		"a change within a sign-in":                          {before: signedIn, event: room.UserAdded{Stamp: within("s1"), Name: "emil", Display: "E", Role: room.Bot}},
		"a change within a sign-in that has ended":           {before: append(signedIn[:1:1], room.SessionsEnded{Stamp: by("anna"), User: "anna"}), event: room.UserAdded{Stamp: within("s1"), Name: "emil", Display: "E", Role: room.Bot}, refuse: room.ErrSessionEnded},
		"a change within nobody's sign-in":                   {before: signedIn, event: room.InvitationMade{Stamp: within("s9"), Token: tokenTwo, Role: room.Bot}, refuse: room.ErrSessionEnded},
		"a change within another's sign-in":                  {before: twoSessions, event: room.InvitationMade{Stamp: within("s1"), Token: room.HashToken("four"), Role: room.Bot}, refuse: room.ErrSessionEnded},

		"a deal is created":                 {event: room.DealCreated{Stamp: by("anna"), ID: "d", Name: "Drei", History: room.HistoryAll}},
		"an operator creates a deal":        {event: room.DealCreated{Stamp: by(""), ID: "d", Name: "Drei", History: room.HistoryAll}},
		"a member creates a deal":           {event: room.DealCreated{Stamp: by("bert"), ID: "d", Name: "Drei", History: room.HistoryAll}, refuse: room.ErrNotAdmin},
		"a deal of an id that is there":     {event: room.DealCreated{Stamp: by("anna"), ID: dealOne, Name: "Drei", History: room.HistoryAll}, refuse: room.ErrExists},
		"a deal of a name that is there":    {event: room.DealCreated{Stamp: by("anna"), ID: "d", Name: "Zwei GmbH", History: room.HistoryAll}, refuse: room.ErrDealTaken},
		"a deal of no known history":        {event: room.DealCreated{Stamp: by("anna"), ID: "d", Name: "Drei"}, refuse: room.ErrUnprocessable},
		"a deal changes":                    {event: room.DealChanged{Stamp: by("anna"), ID: dealOne, Name: ptr("Geld"), Open: ptr(false), History: ptr(room.HistoryJoined)}},
		"a deal changes that isn't there":   {event: room.DealChanged{Stamp: by("anna"), ID: "d"}, refuse: room.ErrNotFound},
		"a deal takes another's name":       {event: room.DealChanged{Stamp: by("anna"), ID: dealOne, Name: ptr("Zwei GmbH")}, refuse: room.ErrDealTaken},
		"a member is added":                 {event: room.MemberAdded{Stamp: by("anna"), Deal: dealOne, User: "otto"}},
		"a member is added late":            {before: []room.Event{text("anna", topicThree, "1", "before")}, event: room.MemberAdded{Stamp: by("anna"), Deal: dealTwo, User: "otto"}},
		"a member is added twice":           {event: room.MemberAdded{Stamp: room.Stamp{At: start + 9, By: "anna"}, Deal: dealOne, User: "bert"}},
		"a member who isn't there is added": {event: room.MemberAdded{Stamp: by("anna"), Deal: dealOne, User: "emil"}, refuse: room.ErrNotFound},
		"a member adds a member":            {event: room.MemberAdded{Stamp: by("bert"), Deal: dealOne, User: "otto"}, refuse: room.ErrNotAdmin},
		"a member is removed":               {event: room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "bert"}},
		"a member is removed twice":         {before: []room.Event{room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "bert"}}, event: room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "bert"}, refuse: room.ErrNotFound},
		"a removed member comes back":       {before: []room.Event{room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "bert"}}, event: room.MemberAdded{Stamp: room.Stamp{At: start + 9, By: "anna"}, Deal: dealOne, User: "bert"}},
		"a latecomer is removed": {event: room.MemberRemoved{Stamp: by("anna"), Deal: dealTwo, User: "otto"},
			before: []room.Event{text("anna", topicThree, "1", "before"), room.MemberAdded{Stamp: by("anna"), Deal: dealTwo, User: "otto"}}},

		"a topic is created":               {event: room.TopicCreated{Stamp: by("anna"), ID: "t", Deal: dealOne, Title: "Anfang", Number: 32767}},
		"a topic of an id that is there":   {event: room.TopicCreated{Stamp: by("anna"), ID: topicThree, Deal: dealOne, Title: "Neu"}, refuse: room.ErrExists},
		"a topic of a title that is there": {event: room.TopicCreated{Stamp: by("anna"), ID: "t", Deal: dealOne, Title: "Share Deal"}, refuse: room.ErrTitleTaken},
		"a topic in no deal":               {event: room.TopicCreated{Stamp: by("anna"), ID: "t", Deal: "d", Title: "Neu"}, refuse: room.ErrNotFound},
		"a topic whose number is too high": {event: room.TopicCreated{Stamp: by("anna"), ID: "t", Deal: dealOne, Title: "Neu", Number: 32768}, refuse: room.ErrUnprocessable},
		"a member creates a topic":         {event: room.TopicCreated{Stamp: by("bert"), ID: "t", Deal: dealOne, Title: "Neu"}, refuse: room.ErrNotAdmin},
		"a topic changes":                  {event: room.TopicChanged{Stamp: by("anna"), ID: topicOne, Title: ptr("Neu"), Number: ptr(7), Open: ptr(false)}},
		"a topic changes that isn't there": {event: room.TopicChanged{Stamp: by("anna"), ID: "t", Title: ptr("Neu")}, refuse: room.ErrNotFound},
		"a topic takes another's title":    {event: room.TopicChanged{Stamp: by("anna"), ID: topicOne, Title: ptr("Share Deal")}, refuse: room.ErrTitleTaken},

		"a user changes whom somebody has changed":    {before: []room.Event{room.UserChanged{Stamp: by("anna"), Name: "bert", Display: ptr("B")}}, event: room.UserChanged{Stamp: by("anna"), Name: "bert", Version: 1, Display: ptr("C")}, refuse: room.ErrChanged},
		"a deal changes that somebody has changed":    {event: room.DealChanged{Stamp: by("anna"), ID: dealOne, Version: 2, Open: ptr(false)}, refuse: room.ErrChanged},
		"a topic changes that somebody has changed":   {event: room.TopicChanged{Stamp: by("anna"), ID: topicOne, Version: 2, Open: ptr(false)}, refuse: room.ErrChanged},
		"all sign-ins end":                            {before: twoSessions, event: room.SessionsEnded{Stamp: by("bert"), User: "bert"}, ended: []string{"s1", "s2"}},
		"somebody else's sign-ins end":                {before: twoSessions, event: room.SessionsEnded{Stamp: by("carla"), User: "bert"}, refuse: room.ErrNotAdmin},
		"the sign-ins of none end":                    {event: room.SessionsEnded{Stamp: by("anna"), User: "emil"}, refuse: room.ErrNotFound},
		"a member is moved":                           {before: []room.Event{text("bert", topicOne, "1", "Hallo")}, event: room.MemberMoved{Stamp: by("anna"), Deal: dealOne, User: "bert", History: room.HistoryJoined}},
		"a member is moved who isn't one":             {event: room.MemberMoved{Stamp: by("anna"), Deal: dealOne, User: "otto", History: room.HistoryAll}, refuse: room.ErrNotFound},
		"a reader is moved":                           {before: []room.Event{text("bert", topicOne, "1", "Hallo")}, event: room.ReaderMoved{Stamp: by("anna"), Topic: topicOne, User: "bert", Seq: 2}},
		"a reader is moved beyond the end":            {event: room.ReaderMoved{Stamp: by("anna"), Topic: topicOne, User: "bert", Seq: 2}, refuse: room.ErrUnprocessable},
		"a narrowed topic is created":                 {event: room.TopicCreated{Stamp: by("anna"), ID: "t", Deal: dealOne, Title: "Clean team", Narrowed: true, Strict: true, Members: []string{"bert", "olga", "bert"}}},
		"a narrowed topic is created for a stranger":  {event: room.TopicCreated{Stamp: by("anna"), ID: "t", Deal: dealOne, Title: "Clean team", Narrowed: true, Members: []string{"bert", "otto"}}, refuse: room.ErrUnprocessable},
		"a topic is narrowed":                         {event: narrowing},
		"a topic is narrowed to a stranger":           {event: room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(true), Members: []string{"bert", "otto"}}, refuse: room.ErrUnprocessable},
		"a topic is opened to its deal":               {before: []room.Event{narrowing}, event: room.TopicChanged{Stamp: by("anna"), ID: topicOne, Narrowed: ptr(false)}},
		"a member of a narrowed topic is added":       {before: []room.Event{narrowing}, event: room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "olga"}},
		"a member of a narrowed topic is added twice": {before: []room.Event{narrowing}, event: room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "bert"}},
		"a member of a topic that isn't narrowed":     {event: room.TopicMemberAdded{Stamp: by("anna"), Topic: topicOne, User: "bert"}, refuse: room.ErrUnprocessable},
		"a member of a narrowed topic is removed":     {before: []room.Event{narrowing}, event: room.TopicMemberRemoved{Stamp: by("anna"), Topic: topicOne, User: "bert"}},
		"a member is removed who isn't in the topic":  {before: []room.Event{narrowing}, event: room.TopicMemberRemoved{Stamp: by("anna"), Topic: topicOne, User: "olga"}, refuse: room.ErrNotFound},
		"a member of a narrowed topic leaves":         {before: []room.Event{narrowing}, event: room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "bert"}},
		"a conversation is begun":                     {event: conversation},
		"a conversation is begun twice":               {before: []room.Event{conversation}, event: room.DirectCreated{Stamp: by("carla"), ID: "u", Deal: dealOne, With: "bert"}, refuse: room.ErrExists},
		"a conversation with a stranger":              {event: room.DirectCreated{Stamp: by("bert"), ID: "t", Deal: dealOne, With: "otto"}, refuse: room.ErrNotFound},
		"a conversation changes":                      {before: []room.Event{conversation}, event: room.TopicChanged{Stamp: by("anna"), ID: "t", Open: ptr(false)}, refuse: room.ErrNotFound},
		"a post to a conversation":                    {before: []room.Event{conversation}, event: text("carla", "t", "1", "Hallo")},
		"an admin's post to a conversation of others": {before: []room.Event{conversation}, event: text("anna", "t", "1", "Hallo"), refuse: room.ErrNotFound},
		"something is noted":                          {event: room.Noted{Stamp: by("bert"), Action: room.ActionTopicOpened, Topic: topicOne}},
		"something is noted that isn't":               {event: room.Noted{Stamp: by("bert"), Action: room.ActionUserAdded}, refuse: room.ErrUnprocessable},

		"a post":                      {event: text("bert", topicOne, "1", "Hallo")},
		"a post to no topic":          {event: text("bert", "t", "1", "Hallo"), refuse: room.ErrNotFound},
		"a post to a foreign topic":   {event: text("otto", topicOne, "1", "Hallo"), refuse: room.ErrNotFound},
		"an observer's post":          {event: text("olga", topicOne, "1", "Hallo"), refuse: room.ErrObserver},
		"a post to a closed topic":    {before: []room.Event{room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(false)}}, event: text("bert", topicOne, "1", "Hallo"), refuse: room.ErrTopicClosed},
		"a post to a closed deal":     {before: []room.Event{room.DealChanged{Stamp: by("anna"), ID: dealOne, Open: ptr(false)}}, event: text("bert", topicOne, "1", "Hallo"), refuse: room.ErrTopicClosed},
		"a reply to nothing":          {event: room.MessagePosted{Stamp: by("bert"), Topic: topicOne, ID: "1", Kind: room.Text, Ref: 1}, refuse: room.ErrUnprocessable},
		"a client id for other words": {before: []room.Event{text("bert", topicOne, "1", "Hallo")}, event: text("bert", topicOne, "1", "Hello"), refuse: room.ErrIDTaken},

		"a read mark":                          {before: []room.Event{text("bert", topicOne, "1", "Hallo")}, event: room.TopicRead{Stamp: by("olga"), Topic: topicOne, Seq: 1}},
		"a read mark in a foreign topic":       {event: room.TopicRead{Stamp: by("otto"), Topic: topicOne, Seq: 1}, refuse: room.ErrNotFound},
		"an event that the store doesn't know": {event: by("anna"), refuse: room.ErrUnprocessable},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := furnished(t, dir)
			if len(c.before) > 0 {
				applied(t, s, c.before...)
			}
			was, rows := s.State(), tables(t, dir)

			o := commit(t, s, c.event)[0]

			if !errors.Is(o.Err, c.refuse) || c.refuse == nil && o.Err != nil {
				t.Fatalf("got %v, want %v", o.Err, c.refuse)
			}
			if !slices.Equal(o.Ended, c.ended) {
				t.Errorf("ended the sessions %q, want %q", o.Ended, c.ended)
			}
			if c.refuse != nil {
				if s.State() != was {
					t.Error("a refused event has changed the State")
				}
				if now := tables(t, dir); now != rows {
					t.Errorf("a refused event has changed the rows:\n%s\nwere:\n%s", now, rows)
				}
			}
			state, position := described(s.State()), s.Position()
			if want := int64(len(furniture()) + len(c.before) + 1); position != want {
				t.Errorf("position %d, want %d", position, want)
			}
			s = reopened(t, s, dir)
			if now := described(s.State()); now != state {
				t.Errorf("after reopening the State is:\n%s\nwas:\n%s", now, state)
			}
			if s.Position() != position {
				t.Errorf("after reopening the position is %d, was %d", s.Position(), position)
			}
		})
	}
}
