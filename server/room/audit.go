package room

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
)

// Action is what a row of the audit trail says was done.
type Action string

// What events that change something are called there.
const (
	ActionUserAdded          Action = "user.added"
	ActionUserChanged        Action = "user.changed"
	ActionPasswordChanged    Action = "user.password"
	ActionSessionOpened      Action = "session.opened" // somebody signed in
	ActionSessionEnded       Action = "session.ended"
	ActionSessionsEnded      Action = "sessions.ended"
	ActionInvitationMade     Action = "invitation.made"
	ActionInvitationAccepted Action = "invitation.accepted"
	ActionDealCreated        Action = "deal.created"
	ActionDealChanged        Action = "deal.changed"
	ActionMemberAdded        Action = "deal.member.added"
	ActionMemberRemoved      Action = "deal.member.removed"
	ActionMemberMoved        Action = "deal.member.moved"
	ActionTopicCreated       Action = "topic.created"
	ActionTopicChanged       Action = "topic.changed"
	ActionTopicMemberAdded   Action = "topic.member.added"
	ActionTopicMemberRemoved Action = "topic.member.removed"
	ActionReaderMoved        Action = "topic.reader.moved"
	ActionDirectCreated      Action = "direct.created"
	ActionPeerIntroduced     Action = "peer.introduced"
	ActionRulesChanged       Action = "signin.rules"
	ActionTOTPSet            Action = "user.totp.set"
	ActionTOTPRemoved        Action = "user.totp.removed"
	ActionPasskeyAdded       Action = "user.passkey.added"
	ActionPasskeyRemoved     Action = "user.passkey.removed"
	ActionRecoveryCodesMade  Action = "user.recovery.made"
	ActionFactorsRemoved     Action = "user.factors.removed"
	ActionToolTokenMade      Action = "token.made"
	ActionToolTokenRevoked   Action = "token.revoked"
	ActionVouched            Action = "user.vouched" // linked to the company's sign-in, or given a role by it
)

// What is Noted.
const (
	ActionTopicOpened  Action = "topic.opened"  // the first time in a session
	ActionSignInFailed Action = "signin.failed" // Count times in the minute of its time
	ActionSearched     Action = "search"
	ActionExported     Action = "export"
	ActionBackedUp     Action = "backup"
	ActionNotesLost    Action = "audit.lost" // Count notes, while the disk was full
)

// AuditRow is one row of the audit trail: who did what to what, when, from
// where. It holds no message's text and no secret. What doesn't apply is empty.
type AuditRow struct {
	Seq     int64 // 1, 2, 3 … without gap
	At      int64 // unix-ms
	By      string
	Address string
	Action  Action
	User    string // to whom it was done
	Deal    string
	Topic   string
	Count   int64  // how often; 0: once
	Detail  string // a JSON object of what was changed to what; "": nothing more to tell
	Hash    Hash   // the chain's value here
}

// AuditStart is the value of the trail's chain before its first row.
func AuditStart() Hash { return sha256.Sum256([]byte("rrp1 audit\n")) }

// ChainNext is the chain's value at the row after prev, that of the row before:
// SHA-256 over prev and the row's fields, Seq to Detail, each as a netstring
// (D. J. Bernstein, 1997), numbers in decimal.
func (r *AuditRow) ChainNext(prev Hash) Hash {
	b := append(make([]byte, 0, 256), prev[:]...)
	number := func(n int64) { b = appendNetstring(b, strconv.FormatInt(n, 10)) }
	number(r.Seq)
	number(r.At)
	for _, field := range []string{r.By, r.Address, string(r.Action), r.User, r.Deal, r.Topic} {
		b = appendNetstring(b, field)
	}
	number(r.Count)
	b = appendNetstring(b, r.Detail)
	return sha256.Sum256(b)
}

func appendNetstring(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':')
	b = append(b, s...)
	return append(b, ',')
}

// check tells whether this may be noted.
func (ev Noted) check() error {
	switch ev.Action {
	case ActionTopicOpened, ActionSignInFailed, ActionSearched, ActionExported, ActionBackedUp, ActionNotesLost:
		return nil
	}
	return Refuse(ErrUnprocessable, "This is no action that is noted.")
}

// Audit are the rows that the trail gets of an event, without Seq and Hash.
// Whether the event has changed anything is the caller's to know. An
// InvitationAccepted has taken inv; of other events it doesn't count. A Vouched
// says what has come of it: Role if it has given one, Create if it made the account.
// What a program did for somebody says so, and in which role.
func Audit(ev Event, inv Invitation) []AuditRow {
	r := AuditRow{At: ev.Stamped().At, By: ev.Stamped().By, Address: ev.Stamped().Address}
	var granted []AuditRow // with it
	told := make(fields)
	switch ev := ev.(type) {
	case AdminClaimed:
		r.Action, r.User = ActionUserAdded, ev.Name
		told["role"] = Admin
	case UserAdded:
		r.Action, r.User = ActionUserAdded, ev.Name
		told["role"] = ev.Role
	case UserChanged:
		r.Action, r.User = ActionUserChanged, ev.Name
		tell(told, "display", ev.Display)
		tell(told, "role", ev.Role)
		tell(told, "active", ev.Active)
	case PasswordChanged:
		r.Action, r.User = ActionPasswordChanged, ev.Name
	case SessionOpened:
		r.Action, r.User = ActionSessionOpened, ev.User
		told["session"] = ev.ID
		if ev.Factor != NoFactor {
			told["factor"] = ev.Factor
		}
	case SessionEnded:
		r.Action, r.User = ActionSessionEnded, ev.User
		told["session"] = ev.ID
	case SessionsEnded:
		r.Action, r.User = ActionSessionsEnded, ev.User
	case InvitationMade:
		r.Action, r.User = ActionInvitationMade, ev.User
		if ev.User == "" {
			told["role"], told["deals"] = ev.Role, ev.Deals
		}
	case InvitationAccepted:
		r.User = ev.Name
		told["made_by"] = inv.By
		if inv.User != "" {
			r.Action = ActionPasswordChanged
			told["link"] = true
			break
		}
		r.Action = ActionInvitationAccepted
		deals := slices.Compact(slices.Sorted(slices.Values(inv.Deals)))
		told["role"], told["deals"] = inv.Role, deals
		for _, deal := range deals {
			member := r
			member.Action, member.Deal = ActionMemberAdded, deal
			granted = append(granted, member)
		}
	case DealCreated:
		r.Action, r.Deal = ActionDealCreated, ev.ID
		told["name"], told["history"] = ev.Name, ev.History
		if ev.Receipts {
			told["receipts"] = true
		}
	case DealChanged:
		r.Action, r.Deal = ActionDealChanged, ev.ID
		tell(told, "name", ev.Name)
		tell(told, "open", ev.Open)
		tell(told, "history", ev.History)
		tell(told, "receipts", ev.Receipts)
	case MemberAdded:
		r.Action, r.Deal, r.User = ActionMemberAdded, ev.Deal, ev.User
	case MemberRemoved:
		r.Action, r.Deal, r.User = ActionMemberRemoved, ev.Deal, ev.User
	case MemberMoved:
		r.Action, r.Deal, r.User = ActionMemberMoved, ev.Deal, ev.User
		told["history"] = ev.History
	case TopicCreated:
		r.Action, r.Deal, r.Topic = ActionTopicCreated, ev.Deal, ev.ID
		told["title"], told["number"] = ev.Title, ev.Number
		if ev.Strict {
			told["strict"] = true
		}
		if ev.Narrowed {
			told["narrowed"], told["members"] = true, ev.Members
		}
	case TopicChanged:
		r.Action, r.Topic = ActionTopicChanged, ev.ID
		tell(told, "title", ev.Title)
		tell(told, "number", ev.Number)
		tell(told, "open", ev.Open)
		tell(told, "archived", ev.Archived)
		tell(told, "strict", ev.Strict)
		tell(told, "narrowed", ev.Narrowed)
		if ev.Members != nil {
			told["members"] = ev.Members
		}
	case TopicMemberAdded:
		r.Action, r.Topic, r.User = ActionTopicMemberAdded, ev.Topic, ev.User
	case TopicMemberRemoved:
		r.Action, r.Topic, r.User = ActionTopicMemberRemoved, ev.Topic, ev.User
	case ReaderMoved:
		r.Action, r.Topic, r.User = ActionReaderMoved, ev.Topic, ev.User
		told["from"] = ev.Seq
	case DirectCreated:
		r.Action, r.Deal, r.Topic, r.User = ActionDirectCreated, ev.Deal, ev.ID, ev.With
	case PeerIntroduced:
		r.Action, r.User = ActionPeerIntroduced, ev.To
	case SignInRulesChanged:
		r.Action = ActionRulesChanged
		tell(told, "demand", ev.Demand)
		tell(told, "idle", ev.Idle)
		tell(told, "life", ev.Life)
		if ev.Provider != nil {
			told["provider"] = (*ev.Provider).told()
		}
	case TOTPSet:
		r.Action, r.User = ActionTOTPSet, ev.User
	case TOTPRemoved:
		r.Action, r.User = ActionTOTPRemoved, ev.User
	case PasskeyAdded:
		r.Action, r.User = ActionPasskeyAdded, ev.User
		told["label"] = ev.Label
	case PasskeyRemoved:
		r.Action, r.User = ActionPasskeyRemoved, ev.User
	case RecoveryCodesMade:
		r.Action, r.User = ActionRecoveryCodesMade, ev.User
	case FactorsRemoved:
		r.Action, r.User = ActionFactorsRemoved, ev.User
	case ToolTokenMade:
		r.Action, r.User = ActionToolTokenMade, ev.User
		told["token"], told["label"], told["role"], told["expires"] = ev.ID, ev.Label, ev.Role, ev.Expires
	case ToolTokenRevoked:
		r.Action, r.User = ActionToolTokenRevoked, ev.User
		told["token"] = ev.ID
	case Vouched:
		r.Action, r.User = ActionVouched, ev.User
		told["issuer"], told["subject"] = ev.Issuer, ev.Subject
		if ev.Role != "" {
			told["role"] = ev.Role
		}
		if ev.Create {
			told["made"] = true
		}
	case Noted:
		r.Action, r.User, r.Deal, r.Topic, r.Count = ev.Action, ev.User, ev.Deal, ev.Topic, ev.Count
	default:
		return nil
	}
	if role := ev.Stamped().Role; role != "" {
		told["program"] = role
	}
	r.Detail = told.String()
	return append([]AuditRow{r}, granted...)
}

// fields are what a row's Detail tells.
type fields map[string]any

// tell adds a field that was changed.
func tell[T any](f fields, name string, to *T) {
	if to != nil {
		f[name] = *to
	}
}

// String is the JSON object of f with its names in order; "" if there is none.
func (f fields) String() string {
	if len(f) == 0 {
		return ""
	}
	b, err := json.Marshal(map[string]any(f))
	if err != nil {
		panic(err) // of plain values it can't fail
	}
	return string(b)
}

// AuditQuery asks for rows of the trail, in its order: those after a seq, or the
// last ones before one (0: the newest). What is empty is not asked for.
type AuditQuery struct {
	After, Before int64
	Backwards     bool   // Before counts, not After
	Limit         int    // 1 at least
	User          string // who did it, or to whom it was done
	Deal, Topic   string
	Action        Action
}
