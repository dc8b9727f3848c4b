package hub_test

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/hub"
	"redroom/server/room"
)

// still is a room without messages, in memory: what watchers are told depends
// on the State alone, and on time.
type still struct{ state atomic.Pointer[room.State] }

func (s *still) State() *room.State    { return s.state.Load() }
func (s *still) Head(string) room.Head { return room.Head{} }
func (s *still) Messages(context.Context, string, int64, int, int) ([]room.Message, error) {
	return nil, nil
}

// lobby is a hub in a bubble of synctest, with the fixture.
type lobby struct {
	*hub.Hub
	t     *testing.T
	store *still
}

// inLobby runs a test in which time passes at once.
func inLobby(t *testing.T, test func(t *testing.T, l *lobby)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := new(still)
		s.state.Store(new(room.State))
		l := &lobby{hub.New(s), t, s}
		defer l.Close()
		l.publish(furniture()...)
		test(t, l)
	})
}

// publish applies events to the State and hands them on, as one batch.
func (l *lobby) publish(events ...room.Event) {
	l.t.Helper()
	outcomes := make([]room.Outcome, len(events))
	for i, ev := range events {
		next, err := l.store.State().Apply(ev, func(string) int64 { return 0 })
		if err != nil {
			l.t.Fatalf("%T: %v", ev, err)
		}
		l.store.state.Store(next)
		switch ev := ev.(type) {
		case room.MessagePosted:
			outcomes[i] = room.Outcome{Seq: 1, Message: &room.Message{Seq: 1, Author: ev.By}}
		case room.TopicRead:
			outcomes[i].Seq = ev.Seq
		case room.SessionEnded:
			outcomes[i].Ended = []string{ev.ID}
		}
	}
	l.Publish(events, outcomes)
}

// attend is a session by a sign-in that has no end of its own.
func (l *lobby) attend(user, signIn string, onEnd func()) *hub.Watcher {
	never := func() time.Time { return time.Now().Add(time.Hour) }
	return l.Watch(room.Attendance{As: room.NewActor(user, ""), SignIn: signIn, Ends: never, Transport: "pipe", OnEnd: onEnd})
}

// watch is a session that is told of changes.
func (l *lobby) watch(user, session string) *hub.Watcher {
	w := l.attend(user, session, func() {})
	l.t.Cleanup(w.Close)
	w.Start()
	w.Take()
	drain(w)
	return w
}

func drain(w *hub.Watcher) (woken bool) {
	select {
	case <-w.Wake():
		return true
	default:
		return false
	}
}

// told checks what a watcher has, by kind; nothing is left afterwards.
func told(t *testing.T, who string, w *hub.Watcher, deals []string, topics map[string]int64, presence []string) {
	t.Helper()
	synctest.Wait()
	woken := drain(w)
	c := w.Take()
	if some := len(c.Deals)+len(c.Topics)+len(c.Presence) > 0; some != woken {
		t.Errorf("%s: changes: %t, woken: %t", who, some, woken)
	}
	if got := slices.Sorted(maps.Keys(c.Deals)); !slices.Equal(got, deals) {
		t.Errorf("%s: deals %v, want %v", who, got, deals)
	}
	if !maps.Equal(c.Topics, topics) {
		t.Errorf("%s: topics %v, want %v", who, c.Topics, topics)
	}
	if got := slices.Sorted(maps.Keys(c.Presence)); !slices.Equal(got, presence) {
		t.Errorf("%s: presence %v, want %v", who, got, presence)
	}
}

func posted() room.Event { return room.MessagePosted{Stamp: by("carla"), Topic: topic} }

func TestChangesAreASet(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.watch("bert", "s1")
		for range 100 {
			l.publish(room.DealChanged{Stamp: by("anna"), ID: deal}, room.TopicChanged{Stamp: by("anna"), ID: topic})
		}
		l.publish(posted())
		told(t, "bert", w, []string{deal}, map[string]int64{topic: 0}, nil)
		told(t, "bert again", w, nil, nil, nil)
	})
}

func TestChangesBeginWithStart(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.attend("bert", "s1", func() {})
		defer w.Close()
		l.publish(room.DealChanged{Stamp: by("anna"), ID: deal}, posted())
		told(t, "before", w, nil, nil, nil)
		if !w.Start() || w.Start() {
			t.Error("Start is true the first time only")
		}
		l.publish(room.DealChanged{Stamp: by("anna"), ID: deal})
		told(t, "after", w, []string{deal}, nil, nil)
	})
}

func TestRefusedEventsAreNotTold(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.watch("bert", "s1")
		l.Publish(
			[]room.Event{room.DealChanged{ID: deal}, posted(), room.TopicRead{Stamp: by("bert"), Topic: topic}, room.SessionEnded{ID: "s1"}},
			slices.Repeat([]room.Outcome{{Err: room.ErrNotAdmin}}, 4),
		)
		told(t, "bert", w, nil, nil, nil)
	})
}

func TestOnlyTheSessionThatEndedIsTold(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		var ended []string
		for _, session := range []string{"s1", "s2"} {
			w := l.attend("bert", session, func() { ended = append(ended, session) })
			defer w.Close()
		}
		l.publish(room.SessionEnded{Stamp: by("bert"), ID: "s1"})
		if !slices.Equal(ended, []string{"s1"}) {
			t.Errorf("ended: %v", ended)
		}
	})
}

func TestNewMessagesAreToldAtOnceAndThenOnceASecond(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.watch("bert", "s1")
		began := time.Now()
		var at []time.Duration
		note := func() {
			synctest.Wait()
			for drain(w) {
				if _, ok := w.Take().Topics[topic]; ok {
					at = append(at, time.Since(began))
				}
			}
		}
		for range 25 { // 2.4 s of posts, ten a second
			l.publish(posted())
			note()
			time.Sleep(100 * time.Millisecond)
			note()
		}
		for range 50 {
			time.Sleep(100 * time.Millisecond)
			note()
		}
		if want := []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}; !slices.Equal(at, want) {
			t.Errorf("told at %v, want %v", at, want)
		}
		l.publish(posted()) // after a rest: at once again
		told(t, "after a rest", w, nil, map[string]int64{topic: 0}, nil)
	})
}

func TestTopicsAreToldIndependently(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.watch("bert", "s1")
		l.publish(posted())
		told(t, "the one", w, nil, map[string]int64{topic: 0}, nil)
		l.publish(posted(), room.MessagePosted{Stamp: by("carla"), Topic: otherTopic})
		told(t, "the other", w, nil, map[string]int64{otherTopic: 0}, nil)
	})
}

func TestNewMessagesAreToldToThoseWhoMayReadThem(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		member, admin, stranger := l.watch("bert", "s1"), l.watch("anna", "s2"), l.watch("otto", "s3")
		for _, w := range []*hub.Watcher{member, admin, stranger} {
			w.Take()
			drain(w)
		}
		l.publish(posted())
		told(t, "a member", member, nil, map[string]int64{topic: 0}, nil)
		told(t, "an admin", admin, nil, map[string]int64{topic: 0}, nil)
		told(t, "a stranger", stranger, nil, nil, nil)
	})
}

// Rights are looked at when it is told, not when it was posted.
func TestWhoIsRemovedWithinTheSecondIsNotTold(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.watch("bert", "s1")
		l.publish(posted())
		l.publish(posted(), room.MemberRemoved{Stamp: by("anna"), Deal: deal, User: "bert"})
		told(t, "at once", w, []string{deal}, map[string]int64{topic: 0}, nil)
		time.Sleep(2 * time.Second)
		told(t, "a second later", w, nil, nil, nil)
	})
}

func TestReadMarksAreToldToTheUsersOwnSessions(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		one, two, other := l.watch("bert", "s1"), l.watch("bert", "s2"), l.watch("carla", "s3")
		for _, w := range []*hub.Watcher{one, two, other} {
			w.Take()
			drain(w)
		}
		l.publish(room.TopicRead{Stamp: by("bert"), Topic: topic, Seq: 7})
		l.publish(room.TopicRead{Stamp: by("bert"), Topic: topic, Seq: 5}, posted())
		told(t, "the first session", one, nil, map[string]int64{topic: 7}, nil)
		told(t, "the second session", two, nil, map[string]int64{topic: 7}, nil)
		told(t, "somebody else", other, nil, map[string]int64{topic: 0}, nil)
	})
}

func TestPresence(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.watch("bert", "s1")
		if l.Online("carla") || !l.Online("bert") {
			t.Error("bert is here, and carla is not")
		}
		first := l.attend("carla", "s2", func() {})
		told(t, "carla came", w, nil, nil, []string{"carla"})
		second := l.attend("carla", "s3", func() {})
		told(t, "with a second session", w, nil, nil, nil)

		first.Close()
		time.Sleep(time.Minute)
		told(t, "one of two left", w, nil, nil, nil)
		if !l.Online("carla") {
			t.Error("with one session left she is offline")
		}

		second.Close()
		time.Sleep(2900 * time.Millisecond)
		told(t, "within the grace", w, nil, nil, nil)
		third := l.attend("carla", "s4", func() {})
		time.Sleep(time.Minute)
		told(t, "she came back within it", w, nil, nil, nil)

		third.Close()
		time.Sleep(2900 * time.Millisecond)
		if !l.Online("carla") {
			t.Error("within the grace she is offline")
		}
		time.Sleep(200 * time.Millisecond)
		told(t, "after it", w, nil, nil, []string{"carla"})
		if l.Online("carla") {
			t.Error("after the grace she is online")
		}
	})
}

func TestWhoHasLeftIsToldNothing(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		ended := false
		w := l.attend("bert", "s1", func() { ended = true })
		w.Start()
		w.Take()
		drain(w)
		w.Close()
		l.publish(room.DealChanged{Stamp: by("anna"), ID: deal}, posted(), room.SessionEnded{ID: "s1"})
		told(t, "bert", w, nil, nil, nil)
		if ended {
			t.Error("the end of its sign-in was told")
		}
	})
}

// TestAWatcherIsToldThatRightsHaveChanged shows when it is told, and that by then
// it is noted what has changed.
func TestAWatcherIsToldThatRightsHaveChanged(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.watch("bert", "s1")
		stale := 0
		w.WhenStale(func() {
			stale++
			if c := w.Take(); len(c.Deals) != 1 {
				t.Errorf("it was told before %v was noted", c)
			}
		})
		l.publish(posted(), room.TopicRead{Stamp: by("carla"), Topic: topic, Seq: 1})
		l.publish(room.UserAdded{Stamp: by("anna"), Name: "new", Display: "New", Role: room.Member})
		l.publish(company, vouched("bert", ""), vouched("carla", room.Member))
		if stale != 0 {
			t.Error("it was told when nothing had changed")
		}
		for i, ev := range []room.Event{
			room.TopicChanged{Stamp: by("anna"), ID: topic, Narrowed: ptr(true), Members: []string{"bert"}},
			room.TopicMemberAdded{Stamp: by("anna"), Topic: topic, User: "carla"},
			room.TopicMemberRemoved{Stamp: by("anna"), Topic: topic, User: "carla"},
			room.ReaderMoved{Stamp: by("anna"), Topic: topic, User: "bert", Seq: 1},
			room.MemberMoved{Stamp: by("anna"), Deal: deal, User: "bert", History: room.HistoryAll},
			room.MemberRemoved{Stamp: by("anna"), Deal: deal, User: "carla"},
			room.MemberAdded{Stamp: by("anna"), Deal: deal, User: "carla"},
			room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Observer)},
			room.UserChanged{Stamp: by("anna"), Name: "otto", Role: ptr(room.Admin)},
			room.DirectCreated{Stamp: by("carla"), ID: "direct0000000001", Deal: deal, With: "anna"},
		} {
			if l.publish(ev); stale != i+1 {
				t.Errorf("after %T it was told %d times, want %d", ev, stale, i+1)
				stale = i + 1
			}
		}
	})
}

// What ends comes before what is new, whatever the order was in the batch.
func TestSessionsEndBeforeWhatIsNewIsTold(t *testing.T) {
	inLobby(t, func(t *testing.T, l *lobby) {
		w := l.attend("bert", "s1", nil)
		defer w.Close()
		w.Start()
		w.Take()
		ended := false
		w2 := l.attend("bert", "s2", func() {
			ended = true
			if c := w.Take(); len(c.Topics) != 0 {
				t.Errorf("%v was told before", c)
			}
		})
		defer w2.Close()
		l.publish(posted(), room.SessionEnded{Stamp: by("bert"), ID: "s2"})
		if !ended {
			t.Error("the session did not end")
		}
	})
}
