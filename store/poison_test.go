package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// unheardOf is an event of which the store knows nothing.
type unheardOf struct{ room.Stamp }

// expected is an event with what must become of it.
type expected struct {
	event room.Event
	err   *room.Error
	seq   int64 // of a post that is not refused
}

// beforePoison is what the refusals need: a closed topic, one of a closed deal,
// a deactivated account, a sign-in, a spent invitation, and six messages in
// topicOne, the second of them redacted by the third.
func beforePoison() []room.Event {
	redaction := text("bert", topicOne, "old-3", "")
	redaction.Kind, redaction.Ref = room.Redact, 2
	report := text("bert", topicOne, "old-4", `{"a": 1}`)
	report.Kind = room.Report
	edit := text("bert", topicOne, "old-5", "edited")
	edit.Kind, edit.Ref = room.Edit, 1
	return append(furniture(),
		room.TopicCreated{Stamp: by("anna"), ID: "closed-topic", Deal: dealOne, Title: "Closed"},
		room.TopicChanged{Stamp: by("anna"), ID: "closed-topic", Open: ptr(false)},
		room.DealCreated{Stamp: by("anna"), ID: "closed-deal", Name: "Closed", History: room.HistoryAll},
		room.TopicCreated{Stamp: by("anna"), ID: "topic-of-closed-deal", Deal: "closed-deal", Title: "Closed"},
		room.DealChanged{Stamp: by("anna"), ID: "closed-deal", Open: ptr(false)},
		room.UserAdded{Stamp: by("anna"), Name: "fritz", Display: "Fritz", Role: room.Member},
		room.UserChanged{Stamp: by("anna"), Name: "fritz", Active: ptr(false)},
		session("bert", "known-session", tokenOne),
		room.InvitationMade{Stamp: by("anna"), Token: tokenTwo, Role: room.Member, Expires: start + 1},
		room.InvitationAccepted{Stamp: by("emil"), Token: tokenTwo, Name: "emil", Display: "Emil"},
		text("bert", topicOne, "old-1", "one"),
		text("bert", topicOne, "old-2", "two"),
		redaction, report, edit,
		text("carla", topicOne, "old-6", "six"),
	)
}

// poison are refusals of every kind that there is.
func poison() []expected {
	post := func(user, topic, body string, kind room.Kind, ref int64) room.MessagePosted {
		ev := text(user, topic, "poison", body)
		ev.Kind, ev.Ref = kind, ref
		return ev
	}
	as := by("anna")
	long := strings.Repeat("x", room.MaxText+1)
	return []expected{
		{event: unheardOf{as}, err: room.ErrUnprocessable},

		{event: text("otto", topicOne, "poison", "not his"), err: room.ErrNotFound},
		{event: text("nobody", topicOne, "poison", "nobody"), err: room.ErrNotFound},
		{event: text("bert", "no-such-topic", "poison", "nowhere"), err: room.ErrNotFound},
		{event: text("olga", topicOne, "poison", "observed"), err: room.ErrObserver},
		{event: text("bert", "closed-topic", "poison", "closed"), err: room.ErrTopicClosed},
		{event: text("anna", "topic-of-closed-deal", "poison", "closed"), err: room.ErrTopicClosed},
		{event: text("bert", topicOne, "old-1", "other words"), err: room.ErrIDTaken},
		{event: post("bert", topicOne, "what?", room.Text, 1_000_000), err: room.ErrUnprocessable},
		{event: post("bert", topicOne, "what?", room.Edit, 0), err: room.ErrUnprocessable},
		{event: post("bert", topicOne, "what?", room.Edit, 1_000_000), err: room.ErrUnprocessable},
		{event: post("bert", topicOne, "of an edit", room.Edit, 5), err: room.ErrUnprocessable},
		{event: post("bert", topicOne, "not JSON", room.Edit, 4), err: room.ErrUnprocessable},
		{event: post("bert", topicOne, "", room.Edit, 1), err: room.ErrUnprocessable},
		{event: post("bert", topicOne, long, room.Edit, 1), err: room.ErrTooLarge},
		{event: post("carla", topicOne, "not hers", room.Edit, 1), err: room.ErrNotAuthor},
		{event: post("anna", topicOne, "not even an admin", room.Edit, 1), err: room.ErrNotAuthor},
		{event: post("bert", topicOne, "too late", room.Edit, 2), err: room.ErrRedacted},
		{event: post("bert", topicOne, "", room.Redact, 0), err: room.ErrUnprocessable},
		{event: post("bert", topicOne, "", room.Redact, 3), err: room.ErrUnprocessable},
		{event: post("carla", topicOne, "", room.Redact, 1), err: room.ErrForbidden},
		{event: post("olga", topicOne, "", room.Redact, 1), err: room.ErrObserver},
		{event: room.TopicRead{Stamp: by("otto"), Topic: topicOne, Seq: 1}, err: room.ErrNotFound},

		{event: room.SetupOffered{Stamp: by(""), Token: tokenThree}, err: room.ErrSetupDone},
		{event: room.AdminClaimed{Stamp: by(""), Token: tokenThree, Name: "eve", Display: "Eve"}, err: room.ErrSetupDone},
		{event: room.UserAdded{Stamp: as, Name: "bert", Display: "Bert", Role: room.Member}, err: room.ErrNameTaken},
		{event: room.UserAdded{Stamp: as, Name: "NO", Display: "No", Role: room.Member}, err: room.ErrUnprocessable},
		{event: room.UserAdded{Stamp: by("bert"), Name: "eve", Display: "Eve", Role: room.Member}, err: room.ErrNotAdmin},
		{event: room.UserChanged{Stamp: as, Name: "nobody"}, err: room.ErrNotFound},
		{event: room.UserChanged{Stamp: as, Name: "anna", Role: ptr(room.Member)}, err: room.ErrLastAdmin},
		{event: room.PasswordChanged{Stamp: by("carla"), Name: "bert"}, err: room.ErrNotAdmin},
		{event: room.PasswordChanged{Stamp: as, Name: "nobody"}, err: room.ErrNotFound},
		{event: room.PasswordChanged{Stamp: by("fritz"), Name: "fritz"}, err: room.ErrDeactivated},
		{event: session("nobody", "s", tokenThree), err: room.ErrNotFound},
		{event: session("fritz", "s", tokenThree), err: room.ErrDeactivated},
		{event: session("bert", "known-session", tokenThree), err: room.ErrExists},
		{event: room.SessionEnded{Stamp: by("bert"), ID: "no-such-session"}, err: room.ErrNotFound},
		{event: room.InvitationMade{Stamp: as, Token: tokenTwo, Role: room.Member}, err: room.ErrExists},
		{event: room.InvitationMade{Stamp: by("bert"), Token: tokenThree, Role: room.Member}, err: room.ErrNotAdmin},
		{event: room.InvitationAccepted{Stamp: by("eve"), Token: tokenThree, Name: "eve", Display: "Eve"}, err: room.ErrNotFound},
		{event: room.InvitationAccepted{Stamp: by("eve"), Token: tokenTwo, Name: "eve", Display: "Eve"}, err: room.ErrInvitationEnded},
		{event: room.DealCreated{Stamp: as, ID: dealOne, Name: "Another", History: room.HistoryAll}, err: room.ErrExists},
		{event: room.DealCreated{Stamp: as, ID: "d", Name: "Zwei GmbH", History: room.HistoryAll}, err: room.ErrDealTaken},
		{event: room.DealChanged{Stamp: as, ID: "no-such-deal"}, err: room.ErrNotFound},
		{event: room.MemberAdded{Stamp: as, Deal: dealOne, User: "nobody"}, err: room.ErrNotFound},
		{event: room.MemberAdded{Stamp: as, Deal: dealOne, User: "fritz"}, err: room.ErrUnprocessable},
		{event: room.MemberRemoved{Stamp: as, Deal: dealOne, User: "otto"}, err: room.ErrNotFound},
		{event: room.TopicCreated{Stamp: as, ID: topicOne, Deal: dealOne, Title: "Again"}, err: room.ErrExists},
		{event: room.TopicCreated{Stamp: as, ID: "t", Deal: dealOne, Title: "Due Diligence"}, err: room.ErrTitleTaken},
		{event: room.TopicChanged{Stamp: as, ID: topicTwo, Title: ptr("Due Diligence")}, err: room.ErrTitleTaken},
	}
}

// poisoned is a batch of so many events, about half of them refused.
func poisoned(count int) []expected {
	chance := rand.New(rand.NewPCG(1, 2))
	refused := poison()
	heads := map[string]int64{topicOne: 6}
	var batch []expected
	var texts []int64 // of bert's in topicOne, not redacted
	for i := range count {
		if i%2 == 0 {
			next := refused[i/2%len(refused)]
			batch = append(batch, next)
			continue
		}
		ev := text([]string{"bert", "carla", "dora"}[chance.IntN(3)], []string{topicOne, topicTwo}[chance.IntN(2)], fmt.Sprint("good-", i), fmt.Sprint("Nr. ", i))
		if ev.By == "bert" && ev.Topic == topicOne && len(texts) > 0 && chance.IntN(2) == 0 {
			at := chance.IntN(len(texts))
			ev.Ref = texts[at]
			ev.Kind = []room.Kind{room.Edit, room.Redact, room.Text}[chance.IntN(3)]
			if ev.Kind == room.Redact {
				texts = slices.Delete(texts, at, at+1)
			}
		}
		heads[ev.Topic]++
		if ev.By == "bert" && ev.Topic == topicOne && ev.Kind == room.Text {
			texts = append(texts, heads[ev.Topic])
		}
		batch = append(batch, expected{event: ev, seq: heads[ev.Topic]})
	}
	return batch
}

// TestPoisonedBatch applies a thousand events at once, about half of which are
// refused, for every reason that there is: the good ones are applied in their
// order, the others have each their own answer, and the log goes on. Cut into
// other batches, the same events give the same answers and the same rows.
func TestPoisonedBatch(t *testing.T) {
	all := poisoned(1000)
	events := make([]room.Event, len(all))
	for i := range all {
		events[i] = all[i].event
	}
	var want string
	for _, size := range []int{len(events), 1, 7, 333} {
		t.Run(fmt.Sprintf("in batches of %d", size), func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			applied(t, s, beforePoison()...)
			var outcomes []room.Outcome
			for part := range slices.Chunk(events, size) {
				outcomes = append(outcomes, commit(t, s, part...)...)
			}
			for i, o := range outcomes {
				var refusal *room.Error
				switch {
				case all[i].err == nil && (o.Err != nil || o.Seq != all[i].seq || o.Message == nil):
					t.Errorf("event %d, %.200v, has the outcome %+v, want seq %d", i, events[i], o, all[i].seq)
				case all[i].err != nil && (!errors.Is(o.Err, all[i].err) || !errors.As(o.Err, &refusal) || refusal.Code != all[i].err.Code):
					t.Errorf("event %d, %.200v, has the outcome %+v, want %v", i, events[i], o, all[i].err)
				case all[i].err != nil && (o.Seq != 0 || o.Message != nil || o.Redacted || o.Ended != nil):
					t.Errorf("event %d was refused and has the outcome %+v", i, o)
				}
			}
			if got := s.Position(); got != int64(len(beforePoison())+len(events)) {
				t.Errorf("the position is %d", got)
			}
			for _, topic := range []string{topicOne, topicTwo} {
				head := s.Head(topic)
				if o := applied(t, s, text("bert", topic, "after", "on it goes"))[0]; o.Seq != head.Seq+1 {
					t.Errorf("after seq %d the log goes on with %d", head.Seq, o.Seq)
				}
				chainEndsAt(t, s, topic)
			}
			got := tables(t, dir)
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("the rows are\n%.2000s\nand in one batch\n%.2000s", got, want)
			}
			s = reopened(t, s, dir)
			chainEndsAt(t, s, topicOne)
		})
	}
}

// chainEndsAt checks that a topic's messages, with their words or without, give
// what the head says.
func chainEndsAt(t *testing.T, s *store.Store, topic string) {
	t.Helper()
	at := room.Head{Hash: room.ChainStart(topic)}
	for _, m := range history(t, s, topic) {
		length, digest := m.Length, m.Digest
		if !m.Redacted {
			length, digest = len(m.Body), room.Digest(m.Salt, m.Body)
		}
		at = room.Head{Seq: at.Seq + 1, Hash: room.ChainNext(at.Hash, &m, length, digest)}
		if m.Seq != at.Seq {
			t.Errorf("topic %s has message %d in the place of %d", topic, m.Seq, at.Seq)
		}
	}
	if head := s.Head(topic); at != head {
		t.Errorf("the chain of topic %s ends at %v, the head is %v", topic, at, head)
	}
}
