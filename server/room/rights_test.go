package room_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"redroom/server/room"
)

// TestRightsAreThoseOfTheModel has random things happen, and compares after each
// who may read what from where on, and who may post.
func TestRightsAreThoseOfTheModel(t *testing.T) {
	const runs, steps = 300, 300
	first := rand.Uint64()
	if given := os.Getenv("REDROOM_SEED"); given != "" {
		if _, err := fmt.Sscan(given, &first); err != nil {
			t.Fatalf("REDROOM_SEED=%q is not a number: %v", given, err)
		}
	}
	accepted := make(map[string]int)
	rights := make(map[string]int)
	for run := range uint64(runs) {
		w := &walk{c: chance{rand.New(rand.NewPCG(first, run))}, state: new(room.State), seen: rights}
		w.begin(t)
		for n := range steps {
			w.step(t, n)
			if t.Failed() {
				t.Fatalf("in run %d, after %d steps; the last event: %T %+v; to have the same again: REDROOM_SEED=%d", run, n+1, w.last, w.last, first)
			}
		}
		for _, f := range w.facts {
			accepted[fmt.Sprintf("%T", f.ev)]++
		}
	}
	// What never happened was not tested.
	for _, ev := range []room.Event{
		room.UserAdded{}, room.UserChanged{}, room.InvitationAccepted{}, room.DealCreated{}, room.DealChanged{},
		room.MemberAdded{}, room.MemberRemoved{}, room.MemberMoved{}, room.TopicCreated{}, room.TopicChanged{},
		room.TopicMemberAdded{}, room.TopicMemberRemoved{}, room.ReaderMoved{}, room.DirectCreated{}, room.MessagePosted{},
	} {
		if n := accepted[fmt.Sprintf("%T", ev)]; n < runs/6 {
			t.Errorf("only %d events of type %T were accepted", n, ev)
		}
	}
	for _, what := range []string{"nothing", "reads all", "reads some", "reads all and posts", "reads some and posts"} {
		if rights[what] < 20*runs {
			t.Errorf("only %d times somebody was found to have this right: %s", rights[what], what)
		}
	}
	t.Logf("seed %d; accepted: %v; rights: %v", first, accepted, rights)
}

// walk is one run.
type walk struct {
	c     chance
	state *room.State
	facts facts
	last  room.Event
	seen  map[string]int // how often each right
}

// begin has some users, of whom anna is an admin, and the deals.
func (w *walk) begin(t *testing.T) {
	for i, name := range someUsers[:4] {
		role := pick(w.c, roles)
		if i == 0 {
			role = room.Admin
		}
		w.apply(t, room.UserAdded{Name: name, Display: name, Role: role})
	}
	for _, deal := range someDeals {
		w.apply(t, room.DealCreated{ID: deal, Name: deal, History: pick(w.c, histories)})
	}
}

// step tries until something is accepted, but not for long.
func (w *walk) step(t *testing.T, n int) {
	for accepted, tries := len(w.facts), 0; len(w.facts) == accepted && tries < 5; tries++ {
		w.try(t, w.c.event(n))
	}
	for range 6 {
		w.compare(t, pick(w.c, someUsers), pick(w.c, someTopics))
	}
	if n%50 == 49 {
		for _, topic := range someTopics {
			for _, user := range someUsers {
				w.compare(t, user, topic)
			}
			w.compareReaders(t, topic)
		}
	}
}

func (w *walk) try(t *testing.T, ev room.Event) {
	w.last = ev
	switch ev := ev.(type) {
	case room.MessagePosted:
		w.post(t, ev)
	case room.InvitationAccepted:
		f := fact{ev: ev, role: pick(w.c, roles), deals: someDeals[:w.c.IntN(3)]}
		if next, err := w.state.AcceptInvitation(ev, f.role, f.deals, w.facts.head); err == nil {
			// Deals that aren't there yet are passed over.
			f.deals = slices.DeleteFunc(slices.Clone(f.deals), func(id string) bool { return w.state.Deal(id) == nil })
			w.state, w.facts = next, append(w.facts, f)
		}
	default:
		w.apply(t, ev)
	}
}

// apply has an event happen if it may; only admins change anything, but for
// those who begin a conversation with somebody, where both see the deal.
func (w *walk) apply(t *testing.T, ev room.Event) {
	next, err := w.state.Apply(ev, w.facts.head)
	if err != nil {
		if next != w.state {
			t.Error("a refusal has changed the room")
		}
		return
	}
	by := ev.Stamped().By
	if direct, ok := ev.(room.DirectCreated); ok {
		after := append(slices.Clone(w.facts), fact{ev: ev})
		if !after.in(direct.By, direct.ID).reads || !after.in(direct.With, direct.ID).reads {
			t.Errorf("a conversation was begun by %s with %s, who can't both read it", direct.By, direct.With)
		}
	} else if !w.facts.admin(by) {
		t.Errorf("%s, who is no admin, was let do it", by)
	}
	w.state, w.facts = next, append(w.facts, fact{ev: ev})
}

func (w *walk) post(t *testing.T, ev room.MessagePosted) {
	head := w.facts.head(ev.Topic)
	err := w.state.CheckPost(ev, head, func(seq int64) (room.Entry, error) { return room.Entry{}, errors.New("not asked for") })
	may := w.facts.in(ev.By, ev.Topic)
	if want := may.posts && (ev.Ref == 0 || may.from <= ev.Ref && ev.Ref <= head); (err == nil) != want {
		t.Errorf("%s, whose right in %s is %s, posts there about %d of %d messages: %v", ev.By, ev.Topic, may, ev.Ref, head, err)
	}
	if !may.reads && !errors.Is(err, room.ErrNotFound) {
		t.Errorf("%s, who may not know of %s, is told: %v", ev.By, ev.Topic, err)
	}
	if err == nil {
		w.facts = append(w.facts, fact{ev: ev})
	}
}

func (w *walk) compare(t *testing.T, user, topic string) {
	var is right
	is.from, is.reads = w.state.ReadsFrom(user, topic)
	is.posts = w.state.MayPost(user, topic)
	want := w.facts.in(user, topic)
	if is != want {
		t.Errorf("%s has this right in %s: %s; want %s", user, topic, is, want)
	}
	what := "nothing"
	if want.reads {
		what = map[bool]string{true: "reads all", false: "reads some"}[want.from == 1]
		if want.posts {
			what += " and posts"
		}
	}
	w.seen[what]++
}

// compareReaders is the same question, asked of a topic.
func (w *walk) compareReaders(t *testing.T, topic string) {
	var are, want []string
	for _, u := range w.state.Readers(topic) {
		are = append(are, u.Name)
	}
	for _, user := range someUsers {
		if w.facts.in(user, topic).reads {
			want = append(want, user)
		}
	}
	if !slices.Equal(are, want) {
		t.Errorf("%s is read by %v; want %v", topic, are, want)
	}
}
