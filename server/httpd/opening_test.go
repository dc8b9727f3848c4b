package httpd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"redroom/server/httpd"
	"redroom/server/room"
)

// opened is the trail's rows of opened topics, once all that was kept is in it:
// what is appended comes after that.
func (w *world) opened() []string {
	w.t.Helper()
	open := true
	w.append(room.DealChanged{ID: w.beta, Open: &open})
	return w.noted(room.ActionTopicOpened)
}

func TestTheFirstOpeningInASignInIsNoted(t *testing.T) {
	w := newWalls(t)
	first, second := w.cookieOf("bert"), w.cookieOf("bert")
	price, clean := "/api/topics/"+w.alphaTopic+"/messages", "/api/topics/"+w.clean+"/messages"
	for range 3 {
		w.ask("GET", price, first, "").want(200)
	}
	row := "bert 127.0.0.1 " + w.alpha + " "
	if got := w.opened(); len(got) != 1 || got[0] != row+w.alphaTopic {
		t.Errorf("noted are %q", got)
	}
	w.ask("GET", clean, first, "").want(200)
	w.ask("GET", price, second, "").want(200)
	if got := w.opened(); len(got) != 3 || got[1] != row+w.clean || got[2] != row+w.alphaTopic {
		t.Errorf("noted are %q", got)
	}
	// What was not read was not opened.
	w.ask("GET", clean, w.cookieOf("dora"), "").want(404)
	w.ask("GET", price+"?after=x", w.cookieOf("dora"), "").want(400)
	w.ask("GET", "/api/topics/"+w.alphaTopic, w.cookieOf("dora"), "").want(200)
	if got := w.opened(); len(got) != 3 {
		t.Errorf("noted are %q", got)
	}
}

func TestManyAtOnceOpenATopicOnce(t *testing.T) {
	for _, strict := range []bool{false, true} {
		t.Run(fmt.Sprint("strict ", strict), func(t *testing.T) {
			w := newWalls(t)
			w.append(room.TopicChanged{ID: w.alphaTopic, Strict: &strict})
			cookie := w.cookieOf("bert")
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() { w.ask("GET", "/api/topics/"+w.alphaTopic+"/messages", cookie, "").want(200) })
			}
			all.Wait()
			if got := w.opened(); len(got) != 1 {
				t.Errorf("noted are %q", got)
			}
		})
	}
}

func TestATopicThatBecomesStrictIsOpenedAgain(t *testing.T) {
	w := newWalls(t)
	cookie, strict := w.cookieOf("bert"), true
	path := "/api/topics/" + w.alphaTopic + "/messages"
	w.ask("GET", path, cookie, "").want(200)
	w.append(room.TopicChanged{ID: w.alphaTopic, Strict: &strict})
	w.ask("GET", path, cookie, "").want(200)
	w.ask("GET", path, cookie, "").want(200)
	if got := w.opened(); len(got) != 2 {
		t.Errorf("noted are %q", got)
	}
}

// full is a Journal whose disk is full while it says so.
type full struct {
	httpd.Journal
	is   *atomic.Bool
	kept *atomic.Int32
}

func (f full) Append(ctx context.Context, ev room.Event) (room.Outcome, error) {
	if f.is.Load() {
		return room.Outcome{}, room.ErrUnavailable
	}
	return f.Journal.Append(ctx, ev)
}

func (f full) Keep(ev room.Event) {
	f.kept.Add(1)
	f.Journal.Keep(ev)
}

// While the trail can't be written, a strict topic isn't read, and others are.
func TestAStrictTopicIsNotReadUnlessTheTrailHasIt(t *testing.T) {
	j := full{is: new(atomic.Bool), kept: new(atomic.Int32)}
	w := newWalls(t, func(c *httpd.Config) {
		j.Journal = c.Journal
		c.Journal = j
	})
	strict := true
	w.append(room.TopicChanged{ID: w.clean, Strict: &strict})
	w.post(w.clean, "bert", "a word")
	w.post(w.alphaTopic, "bert", "a word")
	cookie := w.cookieOf("bert")
	w.ask("GET", "/api/topics/"+w.clean+"/messages", cookie, "").want(200)
	another := w.cookieOf("bert")

	j.is.Store(true)
	a := w.ask("GET", "/api/topics/"+w.clean+"/messages", another, "").want(503)
	if a.Header().Get("Retry-After") == "" {
		t.Error("it isn't said when to come back")
	}
	w.ask("GET", "/api/topics/"+w.clean+"/messages", cookie, "").want(200) // it stands there already
	if l := w.log(w.alphaTopic, another, ""); l.seqs() != "1" {
		t.Errorf("another topic has %q", l.seqs())
	}
	if j.kept.Load() != 1 {
		t.Errorf("%d openings were kept", j.kept.Load())
	}
	j.is.Store(false)
	w.ask("GET", "/api/topics/"+w.clean+"/messages", another, "").want(200)
	if got := w.opened(); len(got) != 3 {
		t.Errorf("noted are %q", got)
	}
}

// What ends while messages are read has ended when they are answered.
func TestWhatWasReadIsAnsweredOnlyWithTheRightOfThatMoment(t *testing.T) {
	for _, c := range []struct {
		what    string
		happens func(w *world)
		want    int
		reads   string
	}{
		{"nothing", func(*world) {}, 200, "1 2 3"},
		{"out of the deal", func(w *world) { w.append(room.MemberRemoved{Deal: w.alpha, User: "bert"}) }, 404, ""},
		{"out of the topic", func(w *world) { w.append(room.TopicMemberRemoved{Topic: w.clean, User: "bert"}) }, 404, ""},
		{"deactivated", func(w *world) { w.append(room.UserChanged{Name: "bert", Active: new(bool)}) }, 401, ""},
		{"all sign-ins ended", func(w *world) { w.append(room.SessionsEnded{User: "bert"}) }, 401, ""},
		{"moved", func(w *world) { w.append(room.ReaderMoved{Topic: w.clean, User: "bert", Seq: 3}) }, 200, "3"},
		{"moved beyond the end", func(w *world) { w.append(room.ReaderMoved{Topic: w.clean, User: "bert", Seq: 4}) }, 200, ""},
		{"a role that reads as well", func(w *world) {
			observer := room.Observer
			w.append(room.UserChanged{Name: "bert", Role: &observer})
		}, 200, "1 2 3"},
		{"the topic became strict", func(w *world) {
			strict := true
			w.append(room.TopicChanged{ID: w.clean, Strict: &strict})
		}, 503, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			var w *world
			var once sync.Once
			w = newWalls(t, func(config *httpd.Config) {
				config.Store = interrupted{config.Store, func() { once.Do(func() { c.happens(w) }) }}
			})
			for range 3 {
				w.post(w.clean, "bert", "a word")
			}
			a := w.ask("GET", "/api/topics/"+w.clean+"/messages", w.cookieOf("bert"), "").want(c.want)
			if c.want != 200 {
				return
			}
			var l log
			a.into(&l)
			if l.seqs() != c.reads {
				t.Errorf("bert reads %q, want %q", l.seqs(), c.reads)
			}
		})
	}
}

// Edits come with messages that may be read at that moment only, and none comes
// that isn't published yet, since who reads may have no right to it.
func TestEditsAreAnsweredOnlyWithTheRightOfThatMoment(t *testing.T) {
	moves := func(w *world, seq int64) func() {
		return func() { w.append(room.ReaderMoved{Topic: w.clean, User: "bert", Seq: seq}) }
	}
	for _, c := range []struct {
		what    string
		from    int64 // which the right begins with while it is read
		lags    int64 // the published head behind what is stored
		answers string
	}{
		{"nothing", 1, 0, "1 2 with 3 4"},
		{"the right begins later", 2, 0, "2 with 4"},
		{"the last edit is not published", 1, 1, "1 2 with 3"},
		{"no edit is published", 1, 2, "1 2 with"},
		{"the second message is not published either", 1, 3, "1 with"},
	} {
		t.Run(c.what, func(t *testing.T) {
			var w *world
			var once sync.Once
			w = newWalls(t, func(config *httpd.Config) {
				config.Store = lagging{interrupted{config.Store, func() { once.Do(moves(w, c.from)) }}, c.lags}
			})
			w.post(w.clean, "bert", "first")
			w.post(w.clean, "bert", "second")
			for ref := range int64(2) {
				w.append(room.MessagePosted{Stamp: room.Stamp{At: w.clock().UnixMilli(), By: "bert"},
					Topic: w.clean, ID: room.NewID(), Kind: room.Edit, Ref: ref + 1, Salt: room.NewSalt(), Body: []byte("edited")})
			}
			var got struct{ Messages, Edits []struct{ Seq int64 } }
			w.ask("GET", "/api/topics/"+w.clean+"/messages?limit=2&edits=1", w.cookieOf("bert"), "").want(200).into(&got)
			var seqs []string
			for _, m := range got.Messages {
				seqs = append(seqs, fmt.Sprint(m.Seq))
			}
			seqs = append(seqs, "with")
			for _, m := range got.Edits {
				seqs = append(seqs, fmt.Sprint(m.Seq))
			}
			if answers := strings.Join(seqs, " "); answers != c.answers {
				t.Errorf("bert is answered with %q, want %q", answers, c.answers)
			}
		})
	}
}

// The same of topics, whose heads are read.
func TestTopicsAreShownWithTheRightOfThatMoment(t *testing.T) {
	for _, c := range []struct {
		what        string
		happens     func(w *world)
		list, topic int
	}{
		{"nothing", func(*world) {}, 2, 200},
		{"out of the deal", func(w *world) { w.append(room.MemberRemoved{Deal: w.alpha, User: "bert"}) }, 0, 404},
		{"out of the topic", func(w *world) { w.append(room.TopicMemberRemoved{Topic: w.clean, User: "bert"}) }, 1, 404},
	} {
		t.Run(c.what, func(t *testing.T) {
			ask := func(path string) answer {
				var w *world
				var once sync.Once
				w = newWalls(t, func(config *httpd.Config) {
					config.Store = headRead{config.Store, func() { once.Do(func() { c.happens(w) }) }}
				})
				path = strings.NewReplacer("{deal}", w.alpha, "{topic}", w.clean).Replace(path)
				return w.ask("GET", path, w.cookieOf("bert"), "")
			}
			ask("/api/topics/{topic}").want(c.topic)
			list := ask("/api/deals/{deal}/topics")
			if c.list == 0 {
				list.want(404)
				return
			}
			var l struct{ Topics []struct{ ID string } }
			list.want(200).into(&l)
			if len(l.Topics) != c.list {
				t.Errorf("the list is %s", list.Body)
			}
		})
	}
}

func TestAFailureToNoteIsA503(t *testing.T) {
	w := newWalls(t, func(c *httpd.Config) { c.Journal = failing{errors.New("disk full on /secret/path")} })
	strict := true
	w.append(room.TopicChanged{ID: w.clean, Strict: &strict})
	w.post(w.clean, "bert", "a word")
	w.ask("GET", "/api/topics/"+w.clean+"/messages", w.cookieOf("bert"), "").want(503)
}
