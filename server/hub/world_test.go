package hub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"redroom/server/hub"
	"redroom/server/journal"
	"redroom/server/room"
	"redroom/server/wire"
	"redroom/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The fixture: anna is the admin; bert and carla are members of the deal,
// otto is in none.
const (
	deal       = "deal000000000001"
	topic      = "topc000000000001"
	otherTopic = "topc000000000002"
)

func by(name string) room.Stamp { return room.Stamp{At: 1767225600000, By: name} }

func ptr[T any](v T) *T { return &v }

func furniture() []room.Event {
	return []room.Event{
		room.UserAdded{Name: "anna", Display: "Anna", Role: room.Admin},
		room.UserAdded{Stamp: by("anna"), Name: "bert", Display: "Bert", Role: room.Member},
		room.UserAdded{Stamp: by("anna"), Name: "carla", Display: "Carla", Role: room.Member},
		room.UserAdded{Stamp: by("anna"), Name: "otto", Display: "Otto", Role: room.Member},
		room.DealCreated{Stamp: by("anna"), ID: deal, Name: "One", History: room.HistoryJoined},
		room.TopicCreated{Stamp: by("anna"), ID: topic, Deal: deal, Title: "A"},
		room.TopicCreated{Stamp: by("anna"), ID: otherTopic, Deal: deal, Title: "B"},
		room.MemberAdded{Stamp: by("anna"), Deal: deal, User: "bert"},
		room.MemberAdded{Stamp: by("anna"), Deal: deal, User: "carla"},
	}
}

// company is a company's own sign-in, which vouches for somebody in a role.
var company = room.SignInRulesChanged{Stamp: by("anna"), Provider: ptr(&room.Provider{Label: "Company", Issuer: "https://login.example", ClientID: "room", NameClaim: "name"})}

func vouched(user string, role room.Role) room.Event {
	return room.Vouched{Stamp: by(user), Rules: 2, Issuer: "https://login.example", Subject: user, User: user, Display: user, Role: role, Match: true, Create: true}
}

// world is a hub between the real store and the real journal.
type world struct {
	t       testing.TB
	store   *watchedStore
	hub     *hub.Hub
	journal *journal.Journal
	posts   atomic.Int64
	stop    func() // the journal, then the hub; once
}

// watchedStore is the store, with a look at what the hub asks of it.
type watchedStore struct {
	*store.Store
	pages      atomic.Int64
	afterState atomic.Pointer[func()]     // called once, when a State was given
	old        atomic.Pointer[room.State] // if not nil, given instead of the newest
}

func (s *watchedStore) State() *room.State {
	state := s.Store.State()
	if f := s.afterState.Swap(nil); f != nil {
		(*f)()
	}
	if old := s.old.Load(); old != nil {
		return old
	}
	return state
}

func (s *watchedStore) Messages(ctx context.Context, topic string, after int64, maxCount, maxOctets int) ([]room.Message, error) {
	s.pages.Add(1)
	return s.Store.Messages(ctx, topic, after, maxCount, maxOctets)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	st, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: &watchedStore{Store: st}}
	w.hub = hub.New(w.store)
	w.journal = journal.New(st, w.hub, slog.New(slog.DiscardHandler))
	w.stop = sync.OnceFunc(func() {
		w.journal.Close()
		w.hub.Close()
	})
	t.Cleanup(func() {
		w.stop()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, ev := range furniture() {
		w.append(ev)
	}
	return w
}

func (w *world) append(ev room.Event) room.Outcome {
	w.t.Helper()
	o, err := w.journal.Append(context.Background(), ev)
	if err != nil {
		w.t.Fatalf("%T: %v", ev, err)
	}
	return o
}

func (w *world) event(author, body string) room.MessagePosted {
	id := fmt.Sprint(w.posts.Add(1))
	return room.MessagePosted{Stamp: by(author), Topic: topic, ID: id, Kind: room.Text, Body: []byte(body)}
}

// post adds n messages of so many octets.
func (w *world) post(n, octets int) {
	w.t.Helper()
	body := strings.Repeat("x", octets)
	for range n - 1 {
		if err := w.journal.Submit(w.t.Context(), w.event("bert", body), func(o room.Outcome, err error) {
			if err != nil || o.Err != nil {
				w.t.Errorf("a post: %v, %v", err, o.Err)
			}
		}); err != nil {
			w.t.Fatal(err)
		}
	}
	w.append(w.event("bert", body))
}

// reader reads with a cursor, and checks that seqs follow one another.
type reader struct {
	*hub.Cursor
	last int64
}

func (w *world) open(t testing.TB, user string, from, seq int64) *reader {
	c := w.hub.Open(room.NewActor(user, ""), topic, from, seq)
	t.Cleanup(c.Close)
	return &reader{c, max(seq, from-1)}
}

// take is one Next, without waiting: the number of messages that it gave.
func (r *reader) take(t testing.TB) (n int, wake <-chan struct{}, err error) {
	t.Helper()
	octets, wake, err := r.Next(t.Context())
	if err != nil {
		return 0, nil, err
	}
	if (len(octets) == 0) == (wake == nil) {
		t.Errorf("Next gave %d octets and wake is nil: %t", len(octets), wake == nil)
	}
	for _, seq := range seqs(t, octets) {
		if seq != r.last+1 {
			t.Errorf("after seq %d came %d", r.last, seq)
		}
		r.last = seq
		n++
	}
	return n, wake, nil
}

// readTo reads until it has seq, and waits where it must.
func (r *reader) readTo(t testing.TB, seq int64) {
	t.Helper()
	for r.last < seq {
		_, wake, err := r.take(t)
		if err != nil {
			t.Fatalf("reading on after %d: %v", r.last, err)
		}
		if wake != nil {
			wait(t, wake)
		}
	}
}

func wait(t testing.TB, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("nobody woke the reader")
	}
}

func seqs(t testing.TB, octets []byte) (all []int64) {
	t.Helper()
	for frames := wire.NewReader(bytes.NewReader(octets)); ; {
		h, err := frames.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("reading the frames: %v", err)
		}
		seq, ok := h.Number(0)
		if h.Type != wire.TypeMessage || !ok {
			t.Fatalf("a frame of type %s with seq %d, %t", h.Type, seq, ok)
		}
		all = append(all, seq)
	}
}
