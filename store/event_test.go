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

	bound := func(ev room.SessionOpened) room.Event {
		ev.Bound = true
		return ev
	}
	signedIn := []room.Event{session("anna", "s1", tokenOne)}
	within := func(session string) room.Stamp { return room.Stamp{At: start, By: "anna", Session: session} }
	openedBy := func(passwordHashed string) room.Event {
		ev := session("bert", "s1", tokenOne)
		ev.PasswordHashed = passwordHashed
		return ev
	}

	company := room.SignInRulesChanged{Stamp: by(""), Provider: ptr(companySignIn)}
	demand := func(role room.Role) room.Event {
		return room.SignInRulesChanged{Stamp: by(""), Demand: ptr([]room.Role{role})}
	}
	vouched := func(user string, role room.Role, match, create bool) room.Event {
		return room.Vouched{Stamp: by(user), Rules: 2, Issuer: companySignIn.Issuer, Subject: "4711", User: user, Display: "E", Role: role, Match: match, Create: create}
	}
	tool := func(user string, role room.Role) room.Event {
		return room.ToolTokenMade{Stamp: by("anna"), ID: "tool", Token: tokenOne, User: user, Label: "Feed", Role: role, Expires: start + 1}
	}
	totp := func(user, session string) room.Event {
		return room.TOTPSet{Stamp: room.Stamp{At: start, By: user, Session: session}, User: user, Sealed: []byte("sealed"), Step: 7, Codes: []room.TokenHash{room.HashToken("recovery")}}
	}
	passkey := func(user, session string) room.Event {
		return room.PasskeyAdded{Stamp: room.Stamp{At: start, By: user, Session: session}, User: user, ID: []byte("key"), Label: "Key", Credential: []byte("{}")}
	}
	shown := func(factor room.Factor) room.Shown {
		return room.Shown{
			Factor: factor, Step: 8, Code: room.HashToken("recovery"), Passkey: []byte("key"), Was: []byte("{}"), Credential: []byte("{ }"),
			Issuer: companySignIn.Issuer, Subject: "4711",
		}
	}
	openedWith := func(factor room.Factor) room.Event {
		ev := session("bert", "s1", tokenOne)
		ev.Shown = shown(factor)
		return ev
	}
	proved := func(factor room.Factor) room.Event {
		return room.Proved{Stamp: room.Stamp{At: start, By: "bert"}, User: "bert", Shown: shown(factor)}
	}
	again := func(ev room.Event) room.Event {
		opened := ev.(room.SessionOpened)
		opened.ID, opened.Token = "s2", tokenTwo
		return opened
	}
	as := func(role room.Role, ev room.Event) room.Event {
		post := ev.(room.MessagePosted)
		post.Role = role
		return post
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
		"a session of a connection":          {event: bound(session("bert", "s1", tokenOne))},
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

		"a password is hashed anew":              {before: twoSessions, event: room.PasswordRehashed{Stamp: by("bert"), User: "bert", Old: "hash of bert", New: "anew"}},
		"a sign-in is used":                      {before: twoSessions, event: room.SessionUsed{Stamp: later, ID: "s1", User: "bert"}},
		"a password is hashed anew that changed": {before: twoSessions, event: room.PasswordRehashed{Stamp: by("bert"), User: "bert", Old: "other", New: "anew"}, refuse: room.ErrChanged},
		"a sign-in is used that has ended":       {event: room.SessionUsed{Stamp: later, ID: "s1", User: "bert"}},
		"a token is used that was revoked":       {event: room.ToolTokenUsed{Stamp: later, ID: "tool", User: "bert"}},
		"a token for tools":                      {event: tool("bert", room.Observer)},
		"a token that may do more than its user": {event: tool("bert", room.Admin), refuse: room.ErrForbidden},
		"a token for somebody else":              {event: room.ToolTokenMade{Stamp: by("carla"), ID: "tool", Token: tokenOne, User: "bert", Label: "Feed", Role: room.Member, Expires: start + 1}, refuse: room.ErrNotAdmin},
		"a token of an id that is there":         {before: []room.Event{tool("bert", room.Member)}, event: tool("carla", room.Member), refuse: room.ErrExists},
		"a token without an end":                 {event: room.ToolTokenMade{Stamp: by("bert"), ID: "tool", Token: tokenOne, User: "bert", Label: "Feed", Role: room.Member}, refuse: room.ErrUnprocessable},
		"a token is used":                        {before: []room.Event{tool("bert", room.Member)}, event: room.ToolTokenUsed{Stamp: later, ID: "tool", User: "bert"}},
		"a token is revoked":                     {before: []room.Event{tool("bert", room.Member)}, event: room.ToolTokenRevoked{Stamp: by("anna"), ID: "tool", User: "bert"}, ended: []string{"tool"}},
		"somebody else's token is revoked":       {before: []room.Event{tool("bert", room.Member)}, event: room.ToolTokenRevoked{Stamp: by("carla"), ID: "tool", User: "bert"}, refuse: room.ErrNotFound},
		"deactivating ends tokens":               {before: []room.Event{tool("bert", room.Member)}, event: deactivated, ended: []string{"tool"}},
		"a lesser role ends greater tokens":      {before: []room.Event{tool("bert", room.Member)}, event: room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Observer)}, ended: []string{"tool"}},
		"a lesser role leaves lesser tokens":     {before: []room.Event{tool("bert", room.Observer)}, event: room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Observer)}},

		"codes are set up, and other sign-ins without end":   {before: twoSessions, event: totp("bert", "s1"), ended: []string{"s2"}},
		"codes are set up by another":                        {event: room.TOTPSet{Stamp: by("anna"), User: "bert"}, refuse: room.ErrForbidden},
		"a code":                                             {before: []room.Event{totp("bert", "")}, event: openedWith(room.FactorTOTP)},
		"a code twice":                                       {before: []room.Event{totp("bert", ""), openedWith(room.FactorTOTP)}, event: again(openedWith(room.FactorTOTP)), refuse: room.ErrWrongSignIn},
		"a code where there are none":                        {event: openedWith(room.FactorTOTP), refuse: room.ErrWrongSignIn},
		"a password alone where there are codes":             {before: []room.Event{totp("bert", "")}, event: openedBy("hash of bert"), refuse: room.ErrWrongSignIn},
		"a recovery code":                                    {before: []room.Event{totp("bert", "")}, event: openedWith(room.FactorRecovery)},
		"a recovery code twice":                              {before: []room.Event{totp("bert", ""), openedWith(room.FactorRecovery)}, event: again(openedWith(room.FactorRecovery)), refuse: room.ErrWrongSignIn},
		"a recovery code of another":                         {before: []room.Event{totp("carla", "")}, event: openedWith(room.FactorRecovery), refuse: room.ErrWrongSignIn},
		"recovery codes without a factor":                    {event: room.RecoveryCodesMade{Stamp: by("bert"), User: "bert", Codes: []room.TokenHash{tokenOne}}, refuse: room.ErrUnprocessable},
		"new recovery codes":                                 {before: []room.Event{totp("bert", "")}, event: room.RecoveryCodesMade{Stamp: by("bert"), User: "bert", Codes: []room.TokenHash{tokenOne}}},
		"an old recovery code after new ones":                {before: []room.Event{totp("bert", ""), room.RecoveryCodesMade{Stamp: by("bert"), User: "bert", Codes: []room.TokenHash{tokenOne}}}, event: openedWith(room.FactorRecovery), refuse: room.ErrWrongSignIn},
		"a passkey is added":                                 {before: twoSessions, event: passkey("bert", "s2"), ended: []string{"s1"}},
		"a passkey that is another's":                        {before: []room.Event{passkey("carla", "")}, event: passkey("bert", ""), refuse: room.ErrExists},
		"a sign-in with a passkey":                           {before: []room.Event{passkey("bert", "")}, event: openedWith(room.FactorPasskey)},
		"a sign-in with another's passkey":                   {before: []room.Event{passkey("carla", "")}, event: openedWith(room.FactorPasskey), refuse: room.ErrWrongSignIn},
		"a sign-in with a passkey that was removed":          {before: []room.Event{passkey("bert", ""), room.PasskeyRemoved{Stamp: by("bert"), User: "bert", ID: []byte("key")}}, event: openedWith(room.FactorPasskey), refuse: room.ErrWrongSignIn},
		"a passkey twice, as it was before":                  {before: []room.Event{passkey("bert", ""), openedWith(room.FactorPasskey)}, event: again(openedWith(room.FactorPasskey)), refuse: room.ErrWrongSignIn},
		"a proof by a code":                                  {before: []room.Event{totp("bert", "")}, event: proved(room.FactorTOTP)},
		"a proof by a code twice":                            {before: []room.Event{totp("bert", ""), proved(room.FactorTOTP)}, event: proved(room.FactorTOTP), refuse: room.ErrWrongSignIn},
		"a code that was a proof":                            {before: []room.Event{totp("bert", ""), proved(room.FactorTOTP)}, event: openedWith(room.FactorTOTP), refuse: room.ErrWrongSignIn},
		"a proof by a code that was good for a sign-in":      {before: []room.Event{totp("bert", ""), openedWith(room.FactorTOTP)}, event: proved(room.FactorTOTP), refuse: room.ErrWrongSignIn},
		"a proof by a passkey":                               {before: []room.Event{passkey("bert", "")}, event: proved(room.FactorPasskey)},
		"a proof by a passkey twice, as it was before":       {before: []room.Event{passkey("bert", ""), proved(room.FactorPasskey)}, event: proved(room.FactorPasskey), refuse: room.ErrWrongSignIn},
		"a proof by a recovery code":                         {before: []room.Event{totp("bert", "")}, event: proved(room.FactorRecovery), refuse: room.ErrWrongSignIn},
		"a proof by nothing":                                 {event: proved(room.NoFactor), refuse: room.ErrWrongSignIn},
		"a proof by the password":                            {event: room.Proved{Stamp: by("bert"), User: "bert", Shown: room.Shown{PasswordHashed: "hash of bert"}}},
		"a proof by a password that was changed":             {event: room.Proved{Stamp: by("bert"), User: "bert", Shown: room.Shown{PasswordHashed: "another"}}, refuse: room.ErrWrongSignIn},
		"a proof by a password alone where there are codes":  {before: []room.Event{totp("bert", "")}, event: room.Proved{Stamp: by("bert"), User: "bert", Shown: room.Shown{PasswordHashed: "hash of bert"}}, refuse: room.ErrWrongSignIn},
		"a proof for somebody else":                          {event: room.Proved{Stamp: by("anna"), User: "bert", Shown: room.Shown{PasswordHashed: "hash of bert"}}, refuse: room.ErrForbidden},
		"a proof in a sign-in that has ended":                {event: room.Proved{Stamp: room.Stamp{At: start, By: "bert", Session: "s1"}, User: "bert", Shown: room.Shown{PasswordHashed: "hash of bert"}}, refuse: room.ErrSessionEnded},
		"a passkey of another is removed":                    {before: []room.Event{passkey("carla", "")}, event: room.PasskeyRemoved{Stamp: by("bert"), User: "bert", ID: []byte("key")}, refuse: room.ErrNotFound},
		"the last factor is removed, and its recovery codes": {before: []room.Event{totp("bert", "")}, event: room.TOTPRemoved{Stamp: by("bert"), User: "bert"}},
		"a recovery code after the last factor was removed":  {before: []room.Event{totp("bert", ""), room.TOTPRemoved{Stamp: by("bert"), User: "bert"}}, event: openedWith(room.FactorRecovery), refuse: room.ErrWrongSignIn},
		"the last factor is removed though one is demanded":  {before: []room.Event{totp("bert", ""), demand(room.Member)}, event: room.TOTPRemoved{Stamp: by("bert"), User: "bert"}, refuse: room.ErrForbidden},
		"an admin takes somebody's factors":                  {before: append(twoSessions[:3:3], totp("bert", "s1"), passkey("bert", "s1")), event: room.FactorsRemoved{Stamp: by("anna"), User: "bert"}, ended: []string{"s1"}},
		"an admin takes one's own factors":                   {before: []room.Event{totp("anna", "")}, event: room.FactorsRemoved{Stamp: by("anna"), User: "anna"}, refuse: room.ErrForbidden},
		"a member takes somebody's factors":                  {event: room.FactorsRemoved{Stamp: by("carla"), User: "bert"}, refuse: room.ErrNotAdmin},

		"a factor is demanded, and sign-ins without end":     {before: append(twoSessions[:3:3], totp("bert", "s1")), event: demand(room.Member), ended: []string{"s3"}},
		"a factor is demanded by who has none":               {before: signedIn, event: room.SignInRulesChanged{Stamp: within("s1"), Demand: ptr([]room.Role{room.Admin})}, refuse: room.ErrForbidden},
		"a factor is demanded by who has one":                {before: append(signedIn[:1:1], totp("anna", "s1")), event: room.SignInRulesChanged{Stamp: within("s1"), Demand: ptr([]room.Role{room.Admin})}},
		"a role of which a factor is demanded":               {before: append(twoSessions[:3:3], demand(room.Observer)), event: room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Observer)}, ended: []string{"s1", "s2"}},
		"rules by a member":                                  {event: room.SignInRulesChanged{Stamp: by("bert"), Idle: ptr(int64(0))}, refuse: room.ErrNotAdmin},
		"rules that somebody has changed":                    {before: []room.Event{demand(room.Bot)}, event: room.SignInRulesChanged{Stamp: by("anna"), Version: 1, Idle: ptr(int64(0))}, refuse: room.ErrChanged},
		"rules by which nobody could stay":                   {event: room.SignInRulesChanged{Stamp: by("anna"), Idle: ptr(int64(1))}, refuse: room.ErrUnprocessable},
		"a provider without encryption":                      {event: room.SignInRulesChanged{Stamp: by("anna"), Provider: ptr(&room.Provider{Label: "X", Issuer: "http://login.example", ClientID: "x", NameClaim: "x"})}, refuse: room.ErrUnprocessable},
		"the company vouches for somebody new":               {before: []room.Event{company}, event: vouched("emil", "", false, true)},
		"the company vouches for somebody unknown":           {before: []room.Event{company}, event: vouched("emil", "", true, false), refuse: room.ErrWrongSignIn},
		"the company vouches for an account that is there":   {before: []room.Event{company}, event: vouched("bert", "", true, false)},
		"the company vouches for one that may not be linked": {before: []room.Event{company}, event: vouched("bert", "", false, true), refuse: room.ErrWrongSignIn},
		"the company vouches for one that is another's":      {before: []room.Event{company, vouched("bert", "", true, false)}, event: vouched("carla", "", true, false), refuse: room.ErrWrongSignIn},
		"the company vouches before there is one":            {event: vouched("bert", "", true, false), refuse: room.ErrWrongSignIn},
		"the company gives a role":                           {before: append(twoSessions[:3:3], company, tool("bert", room.Member)), event: vouched("bert", room.Observer, true, false), ended: []string{"tool"}},
		"the company takes the last admin's role":            {before: []room.Event{company}, event: vouched("anna", room.Member, true, false)},
		"the company vouches for a deactivated user":         {before: []room.Event{company, deactivated}, event: vouched("bert", "", true, false), refuse: room.ErrDeactivated},
		"a sign-in by the company's word":                    {before: []room.Event{company, vouched("bert", "", true, false)}, event: openedWith(room.FactorProvider)},
		"a sign-in by nobody's word":                         {before: []room.Event{company}, event: openedWith(room.FactorProvider), refuse: room.ErrWrongSignIn},

		"a program posts":                               {event: as(room.Member, text("bert", topicOne, "1", "Hallo"))},
		"a program that only reads posts":               {event: as(room.Observer, text("bert", topicOne, "1", "Hallo")), refuse: room.ErrObserver},
		"a program that only reads begins a direct one": {event: room.DirectCreated{Stamp: room.Stamp{At: start, By: "bert", Role: room.Observer}, ID: "topd000000000009", Deal: dealOne, With: "carla"}, refuse: room.ErrObserver},
		"a program of an admin takes others' words":     {before: []room.Event{text("bert", topicOne, "1", "Hallo")}, event: as(room.Member, speaking(room.Redact, 1, "anna", "2", "")), refuse: room.ErrForbidden},
		"a program of an admin takes its own words":     {before: []room.Event{text("anna", topicOne, "1", "Hallo")}, event: as(room.Member, speaking(room.Redact, 1, "anna", "2", ""))},
		"a change by a token":                           {before: []room.Event{tool("anna", room.Admin)}, event: room.DealChanged{Stamp: room.Stamp{At: start, By: "anna", Session: "tool", Role: room.Admin}, ID: dealOne, Open: ptr(false)}},
		"a change by a token that was revoked":          {before: []room.Event{tool("anna", room.Admin), room.ToolTokenRevoked{Stamp: by("anna"), ID: "tool", User: "anna"}}, event: room.DealChanged{Stamp: room.Stamp{At: start, By: "anna", Session: "tool", Role: room.Admin}, ID: dealOne, Open: ptr(false)}, refuse: room.ErrSessionEnded},
		"a program of an admin posts where it isn't in": {before: []room.Event{room.UserChanged{Stamp: by("anna"), Name: "otto", Role: ptr(room.Admin)}}, event: as(room.Member, text("otto", topicThree, "1", "Hallo")), refuse: room.ErrNotFound},
		"a program posts as the admin that its user isn't any more": {before: []room.Event{room.UserChanged{Stamp: by("anna"), Name: "otto", Role: ptr(room.Admin)}, room.UserChanged{Stamp: by("anna"), Name: "otto", Role: ptr(room.Member)}},
			event: as(room.Admin, text("otto", topicThree, "1", "Hallo")), refuse: room.ErrNotFound},
		"a program takes others' words as an admin":     {before: []room.Event{text("anna", topicOne, "1", "Hallo")}, event: as(room.Admin, speaking(room.Redact, 1, "bert", "2", "")), refuse: room.ErrForbidden},
		"a program of an observer posts":                {event: as(room.Member, text("olga", topicOne, "1", "Hallo")), refuse: room.ErrObserver},
		"a program of an admin changes things":          {event: room.DealChanged{Stamp: room.Stamp{At: start, By: "anna", Role: room.Member}, ID: dealOne, Open: ptr(false)}, refuse: room.ErrForbidden},
		"a program of an admin with all rights changes": {event: room.DealChanged{Stamp: room.Stamp{At: start, By: "anna", Role: room.Admin}, ID: dealOne, Open: ptr(false)}},

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
		"peers are introduced":                        {event: room.PeerIntroduced{Stamp: by("bert"), To: "carla"}},
		"peers of which one's program only reads":     {event: room.PeerIntroduced{Stamp: room.Stamp{At: start, By: "bert", Role: room.Observer}, To: "carla"}, refuse: room.ErrObserver},
		"peers that share no deal":                    {event: room.PeerIntroduced{Stamp: by("bert"), To: "otto"}, refuse: room.ErrNotFound},
		"a peer and nobody":                           {event: room.PeerIntroduced{Stamp: by("bert"), To: "nobody"}, refuse: room.ErrNotFound},
		"a peer and itself":                           {event: room.PeerIntroduced{Stamp: by("bert"), To: "bert"}, refuse: room.ErrNotFound},
		"peers of which one was removed":              {before: []room.Event{room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "carla"}}, event: room.PeerIntroduced{Stamp: by("bert"), To: "carla"}, refuse: room.ErrNotFound},
		"peers of which one is a program of an admin": {before: []room.Event{room.UserChanged{Stamp: by("anna"), Name: "otto", Role: ptr(room.Admin)}}, event: room.PeerIntroduced{Stamp: room.Stamp{At: start, By: "otto", Role: room.Member}, To: "bert"}, refuse: room.ErrNotFound},
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
