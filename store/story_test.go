package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"redroom/server/room"
)

// story makes events of all types about few users, deals, topics, sign-ins and
// invitations, so that they meet; many are refused.
type story struct {
	*rand.Rand
	at int64
}

func pick[T any](s *story, of ...T) T { return of[s.IntN(len(of))] }

func maybe[T any](s *story, of ...T) *T {
	if s.IntN(3) > 0 {
		return nil
	}
	return ptr(pick(s, of...))
}

func (s *story) name(of string, count int) string { return fmt.Sprintf("%s%d", of, s.IntN(count)) }
func (s *story) user() string                     { return s.name("u", 6) }
func (s *story) deal() string                     { return s.name("d", 2) }
func (s *story) topic() string                    { return s.name("t", 8) }
func (s *story) token() room.TokenHash            { return room.HashToken(s.name("k", 40)) }
func (s *story) role() room.Role {
	return pick(s, room.Admin, room.Member, room.Member, room.Observer, room.Bot)
}
func (s *story) history() room.History { return pick(s, room.HistoryAll, room.HistoryJoined, "then") }

// link is an invitation's token; which there are changes with the time.
func (s *story) link() room.TokenHash {
	return room.HashToken(s.name(fmt.Sprint("l", s.at/400_000, "-"), 8))
}

// shown is something of what may have been shown to sign in.
func (s *story) shown() room.Shown {
	return room.Shown{
		PasswordHashed: pick(s, "", "p", "q"),
		Factor:         pick(s, room.NoFactor, room.NoFactor, room.NoFactor, room.FactorTOTP, room.FactorRecovery, room.FactorPasskey, room.FactorProvider),
		Step:           s.Int64N(20), Code: s.codes()[0],
		Passkey: []byte(s.name("key", 20)), Was: []byte(pick(s, "{}", "{ }")), Credential: []byte("{ }"),
		Issuer: companySignIn.Issuer, Subject: s.name("subject", 9),
	}
}

func (s *story) users() (names []string) {
	for range s.IntN(5) {
		names = append(names, s.user())
	}
	return names
}

// stamp is often the operator's.
func (s *story) stamp() room.Stamp {
	s.at += s.Int64N(1000)
	at := room.Stamp{At: s.at, By: pick(s, "", "", "", s.user()), Address: pick(s, "", "192.0.2.7", "2001:db8::7")}
	if at.By != "" && s.IntN(9) == 0 {
		at.Session = s.name("s", 20)
	}
	return at
}

// kinds is how to make each type of event.
var kinds = append([]func(*story, room.Stamp) room.Event{
	func(s *story, at room.Stamp) room.Event { return room.SetupOffered{Stamp: at, Token: s.token()} },
	func(s *story, at room.Stamp) room.Event {
		return room.AdminClaimed{Stamp: at, Token: s.token(), Name: s.user(), Display: "A", PasswordHashed: "p"}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.UserAdded{Stamp: at, Name: s.user(), Display: pick(s, "Ä", "B", ""), Role: s.role(), PasswordHashed: "p"}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.UserChanged{Stamp: at, Name: s.user(), Version: s.version(), Display: maybe(s, "Ä", "B", "C\n"), Role: maybe(s, s.role()), Active: maybe(s, true, true, true, true, false)}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.PasswordChanged{Stamp: at, Name: s.user(), PasswordHashed: s.name("p", 9), Keep: s.name("s", 20)}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.SessionOpened{Stamp: at, ID: s.name("s", 20), Token: s.token(), User: s.user(), Expires: at.At + s.Int64N(100_000), Device: "Browser", Bound: s.IntN(4) == 0, Shown: s.shown()}
	},
	func(s *story, at room.Stamp) room.Event {
		at.By = s.user()
		return room.Proved{Stamp: at, User: at.By, Shown: s.shown()}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.SessionEnded{Stamp: at, ID: s.name("s", 20), User: s.user()}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.SessionUsed{Stamp: at, ID: s.name("s", 20), User: s.user()}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.PasswordRehashed{Stamp: at, User: s.user(), Old: "p", New: pick(s, "p", "q")}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.SignInRulesChanged{Stamp: at, Version: s.version(), Demand: maybe(s, []room.Role{}, []room.Role{room.Observer}, []room.Role{room.Bot, room.Admin}),
			Idle: maybe(s, int64(0), int64(900), int64(1)), Provider: maybe(s, nil, companySignIn, companySignIn)}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.Vouched{Stamp: at, Rules: s.version(), Issuer: companySignIn.Issuer, Subject: s.name("subject", 9), User: s.name("u", 9), Display: "V",
			Role: pick(s, "", s.role()), Match: s.IntN(2) == 0, Create: s.IntN(2) == 0}
	},
	func(s *story, at room.Stamp) room.Event {
		user, ev := s.user(), room.TOTPSet{Stamp: at, Sealed: []byte("sealed"), Step: s.Int64N(9), Codes: s.codes()}
		ev.By, ev.User = user, user
		return ev
	},
	func(s *story, at room.Stamp) room.Event {
		user, ev := s.user(), room.PasskeyAdded{Stamp: at, ID: []byte(s.name("key", 20)), Label: "Key", Credential: []byte("{}"), Codes: s.codes()}
		ev.By, ev.User = user, user
		return ev
	},
	func(s *story, at room.Stamp) room.Event {
		at.By = s.user()
		return room.TOTPRemoved{Stamp: at, User: at.By}
	},
	func(s *story, at room.Stamp) room.Event {
		at.By = s.user()
		return room.PasskeyRemoved{Stamp: at, User: at.By, ID: []byte(s.name("key", 20))}
	},
	func(s *story, at room.Stamp) room.Event {
		at.By = s.user()
		return room.RecoveryCodesMade{Stamp: at, User: at.By, Codes: s.codes()}
	},
	func(s *story, at room.Stamp) room.Event { return room.FactorsRemoved{Stamp: at, User: s.user()} },
	func(s *story, at room.Stamp) room.Event {
		return room.ToolTokenMade{Stamp: at, ID: s.name("tool", 20), Token: s.token(), User: s.user(), Label: pick(s, "Feed", ""), Role: s.role(), Expires: at.At + s.Int64N(100_000)}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.ToolTokenRevoked{Stamp: at, ID: s.name("tool", 20), User: s.user()}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.ToolTokenUsed{Stamp: at, ID: s.name("tool", 20), User: s.user()}
	},
	func(s *story, at room.Stamp) room.Event { return room.SessionsEnded{Stamp: at, User: s.user()} },
	func(s *story, at room.Stamp) room.Event {
		ev := room.InvitationMade{Stamp: at, Token: s.link(), Role: s.role(), Expires: at.At + s.Int64N(400_000)}
		if s.IntN(2) == 0 {
			ev.User = s.user()
		}
		for range s.IntN(3) {
			ev.Deals = append(ev.Deals, s.deal())
		}
		return ev
	},
	invitationAccepted, invitationAccepted,
	func(s *story, at room.Stamp) room.Event {
		return room.DealCreated{Stamp: at, ID: s.deal(), Name: s.name("D", 4), History: s.history(), Receipts: s.IntN(2) == 0}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.DealChanged{Stamp: at, ID: s.deal(), Version: s.version(), Name: maybe(s, s.name("D", 4)), Open: maybe(s, true, true, true, true, false), History: maybe(s, s.history()), Receipts: maybe(s, true, false)}
	},
	memberAdded, memberAdded, memberAdded, memberAdded,
	func(s *story, at room.Stamp) room.Event {
		return room.MemberRemoved{Stamp: at, Deal: s.deal(), User: s.user()}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.MemberMoved{Stamp: at, Deal: s.deal(), User: s.user(), History: s.history()}
	},
	func(s *story, at room.Stamp) room.Event {
		ev := room.TopicCreated{Stamp: at, ID: s.name("t", 6), Deal: s.deal(), Title: s.name("T", 12), Number: s.IntN(9), Strict: s.IntN(2) == 0}
		if ev.Narrowed = s.IntN(3) == 0; ev.Narrowed {
			ev.Members = s.users()
		}
		return ev
	},
	func(s *story, at room.Stamp) room.Event {
		ev := room.TopicChanged{Stamp: at, ID: s.topic(), Version: s.version(), Title: maybe(s, s.name("T", 12)), Number: maybe(s, s.IntN(9)),
			Open: maybe(s, true, true, true, true, false), Archived: maybe(s, false, false, false, false, true), Strict: maybe(s, true, false), Narrowed: maybe(s, true, false)}
		if s.IntN(3) == 0 {
			ev.Members = append([]string{}, s.users()...)
		}
		return ev
	},
	func(s *story, at room.Stamp) room.Event {
		return room.TopicMemberAdded{Stamp: at, Topic: s.topic(), User: s.user()}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.TopicMemberRemoved{Stamp: at, Topic: s.topic(), User: s.user()}
	},
	readerMoved, readerMoved,
	func(s *story, at room.Stamp) room.Event {
		at.By = s.user()
		return room.DirectCreated{Stamp: at, ID: s.name("t", 8), Deal: s.deal(), With: s.user()}
	},
	func(s *story, at room.Stamp) room.Event {
		at.By = s.user()
		return room.PeerIntroduced{Stamp: at, To: s.user()}
	},
	func(s *story, at room.Stamp) room.Event {
		at.By = s.user()
		return room.TopicRead{Stamp: at, Topic: s.topic(), Seq: s.Int64N(30)}
	},
	func(s *story, at room.Stamp) room.Event {
		return room.Noted{Stamp: at, Action: pick(s, room.ActionTopicOpened, room.ActionSignInFailed, room.ActionExported, "nonsense"),
			User: s.user(), Deal: pick(s, "", s.deal()), Topic: s.topic(), Count: s.Int64N(3)}
	},
}, slices.Repeat([]func(*story, room.Stamp) room.Event{(*story).post}, 20)...)

// companySignIn is one that rules may name.
var companySignIn = &room.Provider{Label: "Company", Issuer: "https://login.example", ClientID: "room", NameClaim: "name", GroupsClaim: "groups",
	Groups: []room.GroupRole{{Group: "deals", Role: room.Member}}}

// codes are some recovery codes.
func (s *story) codes() (codes []room.TokenHash) {
	for i := range 1 + s.IntN(3) {
		codes = append(codes, room.HashToken(fmt.Sprint("code", i)))
	}
	return codes
}

func memberAdded(s *story, at room.Stamp) room.Event {
	return room.MemberAdded{Stamp: at, Deal: s.deal(), User: s.user()}
}

func readerMoved(s *story, at room.Stamp) room.Event {
	return room.ReaderMoved{Stamp: at, Topic: s.topic(), User: s.user(), Seq: s.Int64N(6)}
}

func invitationAccepted(s *story, at room.Stamp) room.Event {
	return room.InvitationAccepted{Stamp: at, Token: s.link(), Name: s.name("u", 20), Display: "I", PasswordHashed: "q"}
}

// version is that which whoever changes something has seen, mostly any.
func (s *story) version() int64 { return pick(s, 0, 0, 0, 0, 1+s.Int64N(4)) }

func (s *story) post(at room.Stamp) room.Event {
	at.By = s.user()
	ev := room.MessagePosted{Stamp: at, Topic: s.topic(), ID: s.name("m", 200), Kind: pick(s, room.Text, room.Text, room.Text, room.Edit, room.Redact), Body: []byte(s.name("wörds ", 9))}
	if ev.Kind != room.Text || s.IntN(3) == 0 {
		ev.Ref = 1 + s.Int64N(12)
	}
	for i := range ev.Salt {
		ev.Salt[i] = byte(s.Uint32())
	}
	return ev
}

// told are random events. Most are chosen such that they are likely to be
// applied, as far as a State can tell that doesn't know of all of them.
func told(seed uint64, count int) []room.Event {
	s := &story{rand.New(rand.NewPCG(seed, 0)), start}
	var events []room.Event
	events = append(events,
		room.SetupOffered{Stamp: room.Stamp{At: s.at}, Token: room.HashToken("k0")},
		room.AdminClaimed{Stamp: room.Stamp{At: s.at, By: "u0"}, Token: room.HashToken("k0"), Name: "u0", Display: "Admin", PasswordHashed: "p"})
	for i := range 4 {
		events = append(events, room.UserAdded{Stamp: room.Stamp{At: s.at}, Name: fmt.Sprint("u", i+1), Display: "U", Role: s.role()})
	}
	// What chance rarely brings.
	events = append(events,
		room.SessionOpened{Stamp: room.Stamp{At: s.at}, ID: "s0", Token: s.token(), User: "u0", Shown: room.Shown{PasswordHashed: "p"}, Expires: s.at + 1},
		room.Proved{Stamp: room.Stamp{At: s.at, By: "u0"}, User: "u0", Shown: room.Shown{PasswordHashed: "p"}},
		room.SessionUsed{Stamp: room.Stamp{At: s.at}, ID: "s0", User: "u0"},
		room.SessionEnded{Stamp: room.Stamp{At: s.at}, ID: "s0", User: "u0"},
		room.PasswordRehashed{Stamp: room.Stamp{At: s.at}, User: "u0", Old: "p", New: "p"},
		room.PasswordRehashed{Stamp: room.Stamp{At: s.at}, User: "u0", Old: "q", New: "q"},
		room.SignInRulesChanged{Stamp: room.Stamp{At: s.at}, Provider: ptr(companySignIn)},
		room.Vouched{Stamp: room.Stamp{At: s.at, By: "u1"}, Rules: 2, Issuer: companySignIn.Issuer, Subject: "subject0", User: "u1", Match: true},
		room.TOTPSet{Stamp: room.Stamp{At: s.at, By: "u1"}, User: "u1", Sealed: []byte("sealed"), Codes: s.codes()},
		room.RecoveryCodesMade{Stamp: room.Stamp{At: s.at, By: "u1"}, User: "u1", Codes: s.codes()},
		room.PasskeyAdded{Stamp: room.Stamp{At: s.at, By: "u1"}, User: "u1", ID: []byte("key0"), Label: "Key", Credential: []byte("{}")},
		room.PasskeyRemoved{Stamp: room.Stamp{At: s.at, By: "u1"}, User: "u1", ID: []byte("key0")},
		room.TOTPRemoved{Stamp: room.Stamp{At: s.at, By: "u1"}, User: "u1"},
		room.FactorsRemoved{Stamp: room.Stamp{At: s.at}, User: "u1"},
		room.ToolTokenMade{Stamp: room.Stamp{At: s.at}, ID: "tool0", Token: room.HashToken("tool0"), User: "u0", Label: "Feed", Role: room.Observer, Expires: s.at + 1},
		room.ToolTokenUsed{Stamp: room.Stamp{At: s.at}, ID: "tool0", User: "u0"},
		room.ToolTokenRevoked{Stamp: room.Stamp{At: s.at}, ID: "tool0", User: "u0"},
		room.SessionsEnded{Stamp: room.Stamp{At: s.at}, User: "nobody"},
		room.DealCreated{Stamp: room.Stamp{At: s.at}, ID: "d0", Name: "D0", History: room.HistoryAll},
		room.MemberAdded{Stamp: room.Stamp{At: s.at}, Deal: "d0", User: "u1"},
		room.TopicCreated{Stamp: room.Stamp{At: s.at}, ID: "t0", Deal: "d0", Title: "T0", Narrowed: true},
		room.TopicMemberAdded{Stamp: room.Stamp{At: s.at}, Topic: "t0", User: "u1"},
		room.TopicMemberRemoved{Stamp: room.Stamp{At: s.at}, Topic: "t0", User: "u1"})
	state := new(room.State)
	for _, ev := range events {
		state, _ = state.Apply(ev, fewMessages)
	}
	for len(events) < count {
		kind := kinds[s.IntN(len(kinds))]
		ev := kind(s, s.stamp())
		for range s.IntN(6) {
			if likely(state, ev) {
				break
			}
			ev = kind(s, s.stamp())
		}
		state, _ = state.Apply(ev, fewMessages)
		events = append(events, ev)
	}
	return events
}

func fewMessages(string) int64 { return 3 }

func likely(state *room.State, ev room.Event) bool {
	if post, ok := ev.(room.MessagePosted); ok {
		return state.MayPost(post.By, post.Topic)
	}
	_, err := state.Apply(ev, fewMessages)
	return err == nil
}
