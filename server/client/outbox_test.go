package client

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"redroom/server/room"
	"redroom/server/wire"
)

func openOutbox(t *testing.T, path string) *Outbox {
	t.Helper()
	o, err := OpenOutbox(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func newOutbox(t *testing.T) *Outbox { return openOutbox(t, filepath.Join(t.TempDir(), "outbox.db")) }

// kept are the bodies in an outbox, with the codes of those that were refused.
func kept(t *testing.T, o *Outbox) (all []string) {
	t.Helper()
	posts, err := o.Posts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range posts {
		is := k.Body
		if k.Refused != nil {
			is = fmt.Sprintf("%s: %d %s", is, k.Refused.Code, k.Refused.Text)
		}
		all = append(all, is)
	}
	return all
}

func expectKept(t *testing.T, o *Outbox, want ...string) {
	t.Helper()
	if got := kept(t, o); !slices.Equal(got, want) {
		t.Errorf("the outbox has %q, want %q", got, want)
	}
}

// running is an outbox that sends to a scripted server.
type running struct {
	*talk
	outbox *Outbox
	end    context.CancelFunc
	ended  chan error

	mu   sync.Mutex
	told []string
}

// runOutbox has the client join the topic and the outbox send there. Without a
// topic of the client's own the outbox has to open one.
func runOutbox(t *testing.T, o *Outbox, own bool) *running {
	r := &running{talk: &talk{newScene(t)}, outbox: o, ended: make(chan error, 1)}
	r.start()
	r.play("ready WebTransport", "signs-in WebTransport")
	if !own {
		r.play("open", "joins 0")
	}
	ctx, end := context.WithCancel(context.Background())
	r.end = end
	go func() { r.ended <- o.Run(ctx, r.client, r.tell) }()
	t.Cleanup(end)
	synctest.Wait()
	return r
}

func (r *running) tell(a Answered) {
	r.mu.Lock()
	defer r.mu.Unlock()
	is := fmt.Sprintf("%s %d", a.ID, a.Seq)
	switch {
	case a.Refused != nil:
		is = fmt.Sprintf("%s refused %d", a.ID, a.Refused.Code)
	case a.Epoch != r.server.epoch || a.Topic != sceneTopic:
		is += fmt.Sprintf(" in epoch %q of %s", a.Epoch, a.Topic)
	}
	r.told = append(r.told, is)
}

func (r *running) expectTold(want ...string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.told, want) {
		r.t.Errorf("told was %q, want %q", r.told, want)
	}
}

// post keeps texts, whose ids are the texts themselves.
func (r *running) post(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		keep(r.t, r.outbox, Post{ID: text, Body: text})
	}
	synctest.Wait()
}

func keep(t *testing.T, o *Outbox, p Post) {
	t.Helper()
	if _, err := o.Post(t.Context(), sceneTopic, p); err != nil {
		t.Fatal(err)
	}
}

// expectSent compares the posts that the newest channel has got.
func (r *running) expectSent(want ...string) {
	r.t.Helper()
	if got := r.bodies(); !slices.Equal(got, want) {
		r.t.Errorf("the server has got %q, want %q", got, want)
	}
}

func TestAnOutboxSendsOnePostAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runOutbox(t, newOutbox(t), false)
		r.post("one", "two", "three")
		r.expectSent("one")
		expectKept(t, r.outbox, "one", "two", "three")
		r.play("ack one 1")
		r.expectSent("one", "two")
		expectKept(t, r.outbox, "two", "three")

		// Again from where it was, under the same id.
		r.play("lost", "forward 1", "ready WebTransport", "signs-in WebTransport", "joins 0")
		r.expectSent("two")
		if id := r.channel().got(wire.TypePost)[0].fields[0]; id != "two" {
			t.Errorf("it was sent again as %q", id)
		}
		r.play("ack two 2", "ack three 3")
		r.expectSent("two", "three")
		expectKept(t, r.outbox)
		r.expectTold("one 1", "two 2", "three 3")
		r.end()
		if err := <-r.ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
}

// TestAnOutboxStampsAPostWithItsFirstConnection has a post sent over two
// connections with the same octets, those that were kept before it was sent.
func TestAnOutboxStampsAPostWithItsFirstConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(t)
		o.Stamp = func(p Post, connection string) string {
			expectKept(t, o, p.Body)
			return p.Body + "@" + connection
		}
		r := runOutbox(t, o, false)
		r.post("one")
		r.expectSent("one@connection-1")
		expectKept(t, o, "one@connection-1")

		r.play("lost", "forward 1", "ready WebTransport", "signs-in WebTransport", "joins 0")
		r.expectSent("one@connection-1")
		r.play("ack one@connection-1 1")
		r.post("two")
		r.expectSent("one@connection-1", "two@connection-2")
		r.play("ack two@connection-2 2")
		r.expectTold("one 1", "two 2")
	})
}

func TestAnOutboxKnowsItsSize(t *testing.T) {
	o := newOutbox(t)
	size := func() (int, int64) {
		posts, octets, err := o.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return posts, octets
	}
	posts, empty := size()
	if posts != 0 || empty <= 0 {
		t.Errorf("an empty one has %d posts in %d octets", posts, empty)
	}
	for range 3 {
		keep(t, o, Post{Body: strings.Repeat("x", 20_000)})
	}
	if posts, octets := size(); posts != 3 || octets < empty+3*20_000 {
		t.Errorf("it has %d posts in %d octets, and had %d before", posts, octets, empty)
	}
}

func TestAnOutboxWaitsAsLongAsTheServerSays(t *testing.T) {
	for _, code := range []string{"429", "503"} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := runOutbox(t, newOutbox(t), false)
				r.post("one", "two")
				r.play("refuses-post one " + code + " 7")
				r.play("forward 6.9")
				r.expectSent("one")
				expectKept(t, r.outbox, "one", "two")
				r.play("forward 0.2")
				r.expectSent("one", "one")
				r.play("ack one 1", "ack two 2")
				r.expectTold("one 1", "two 2")
				expectKept(t, r.outbox)
			})
		})
	}
}

func TestARefusedPostStaysUntilItIsSentAgainOrDiscarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runOutbox(t, newOutbox(t), false)
		r.post("one", "two", "three")
		r.play("refuses-post one 403")
		r.expectSent("one", "two")
		r.expectTold("one refused 403")
		expectKept(t, r.outbox, "one: 403 It is refused.", "two", "three")

		for what, do := range map[string]func(context.Context, string) error{"sent again": r.outbox.Again, "discarded": r.outbox.Discard} {
			for _, id := range []string{"two", "four"} {
				if err := do(t.Context(), id); !errors.Is(err, room.ErrNotFound) {
					t.Errorf("%s, which wasn't refused, was %s: %v", id, what, err)
				}
			}
		}
		if err := r.outbox.Again(t.Context(), "one"); err != nil {
			t.Fatal(err)
		}
		expectKept(t, r.outbox, "one", "two", "three")
		r.play("ack two 1")
		r.expectSent("one", "two", "one")
		r.play("refuses-post one 403")
		if err := r.outbox.Discard(t.Context(), "one"); err != nil {
			t.Fatal(err)
		}
		r.play("ack three 2")
		expectKept(t, r.outbox)
		r.expectTold("one refused 403", "two 1", "one refused 403", "three 2")
	})
}

func TestWhatIsKeptIsSentToARestoredRoomUnlessItSpeaksOfTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runOutbox(t, newOutbox(t), false)
		_, proof := r.topic.At()
		r.post("one")
		keep(t, r.outbox, Post{ID: "edit", Kind: room.Edit, Ref: 1, Body: "edit", Epoch: proof.Epoch})
		keep(t, r.outbox, Post{ID: "redaction", Kind: room.Redact, Ref: 1, Epoch: proof.Epoch})
		keep(t, r.outbox, Post{ID: "reply", Ref: 1, Body: "reply", Epoch: proof.Epoch})
		r.post("two")
		r.play("lost", "forward 1", "ready WebTransport", "signs-in WebTransport", "refuses-join 409", "forward 1", "joins 0")
		r.play("ack one 1", "ack two 2")
		r.expectSent("one", "two")
		r.expectTold("one 1", "edit refused 412", "redaction refused 412", "reply refused 412", "two 2")
		said := ": 412 " + ErrOutdated.Text
		expectKept(t, r.outbox, "edit"+said, said, "reply"+said)
	})
}

func TestAnOutboxOpensATopicThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runOutbox(t, newOutbox(t), true)
		if r.server.signed.topic() != nil {
			t.Error("the topic was joined with nothing to send")
		}
		r.post("one")
		c := r.channel()
		if got := c.got(wire.TypeJoin); len(got) != 1 || got[0].fields[1] != "-1" {
			t.Fatalf("the topic was joined by %v", got)
		}
		c.say(wire.TypeAck, "", sceneTopic, "0", r.server.epoch, "1", r.log(0).hash.String())
		synctest.Wait()
		r.expectSent("one")
		r.play("ack one 1")
		r.expectTold("one 1")

		// It is left again after a while.
		if r.client.reads(sceneTopic) == nil {
			t.Error("the topic was left at once")
		}
		r.play("forward 150")
		if r.client.reads(sceneTopic) != nil {
			t.Error("the topic is open still")
		}

		// And one that is closed under the outbox is replaced.
		r.play("open")
		r.post("two")
		r.topic.Close()
		synctest.Wait()
		c = r.channel()
		c.say(wire.TypeAck, "", sceneTopic, "0", r.server.epoch, "1", r.log(0).hash.String())
		synctest.Wait()
		r.play("ack two 2")
		r.expectTold("one 1", "two 2")
	})
}

func TestALostRightRefusesWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runOutbox(t, newOutbox(t), false)
		r.post("one")
		r.play("resets 404", "forward 1", "refuses-join 404")
		synctest.Wait()
		// The outbox asks by itself once more.
		r.expectTold("one refused 404")
		expectKept(t, r.outbox, "one: 404 "+ErrUnknown.Text)
	})
}

// TestAPostThatWasOnItsWayIsNoCertainRefusal has the right to a topic end in an
// outbox's second life, in which nothing was sent.
func TestAPostThatWasOnItsWayIsNoCertainRefusal(t *testing.T) {
	for name, test := range map[string]struct {
		first []string // what comes of the post in the first life
		want  *room.Error
	}{
		"it was never sent":                            {nil, room.ErrNotFound},
		"it was sent":                                  {[]string{"joins 0"}, ErrUnknown},
		"it was answered with 429":                     {[]string{"joins 0", "refuses-post one 429 1"}, ErrUnknown},
		"it was answered with 503":                     {[]string{"joins 0", "refuses-post one 503 1", "forward 2"}, ErrUnknown},
		"it was refused":                               {[]string{"joins 0", "refuses-post one 403"}, room.ErrNotFound},
		"it was refused with 404":                      {[]string{"joins 0", "refuses-post one 404"}, room.ErrNotFound},
		"it was sent twice and then refused with 404":  {[]string{"joins 0", "lost", "forward 1", "ready WebTransport", "signs-in WebTransport", "joins 0", "refuses-post one 404"}, ErrUnknown},
		"it was sent, and the right had ended already": {[]string{"joins 0", "resets 404", "forward 1", "refuses-join 404"}, ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "outbox.db")
				live := func(steps ...string) {
					k := &talk{newScene(t)}
					k.start()
					k.play("ready WebTransport", "signs-in WebTransport", "open")
					o := openOutbox(t, path)
					keep(t, o, Post{ID: "one", Body: "one"})
					ctx, end := context.WithCancel(t.Context())
					ended := make(chan error, 1)
					go func() { ended <- o.Run(ctx, k.client, nil) }()
					synctest.Wait()
					k.play(steps...)
					end()
					<-ended
					k.client.Close()
					if err := o.Close(); err != nil {
						t.Error(err)
					}
				}
				live(test.first...)
				live("refuses-join 404")
				posts, err := openOutbox(t, path).Posts(t.Context())
				if err != nil || len(posts) != 1 || posts[0].Refused == nil {
					t.Fatalf("kept is %v, %v", posts, err)
				}
				got := posts[0].Refused
				if got.Code != 404 || got.Text != test.want.Text || errors.Is(got, ErrUnknown) != (test.want == ErrUnknown) {
					t.Errorf("it is told as %v", got)
				}
			})
		})
	}
}

func TestAnOutboxRunsUntilItsClientHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runOutbox(t, newOutbox(t), false)
		if err := r.outbox.Run(t.Context(), r.client, nil); !errors.Is(err, errSending) {
			t.Errorf("a second Run ended with %v", err)
		}
		r.post("one")
		r.play("bye 410")
		if err := <-r.ended; !errors.Is(err, room.ErrDeactivated) {
			t.Errorf("Run ended with %v", err)
		}
		expectKept(t, r.outbox, "one")
		if err := r.outbox.Run(t.Context(), r.client, nil); !errors.Is(err, room.ErrDeactivated) {
			t.Errorf("a later Run ended with %v", err)
		}
	})
}

func TestWhatIsPostedIsThereWhenTheFileIsOpenedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "of anna?#%.db")
	o := openOutbox(t, path)
	want := []Kept{
		{Topic: sceneTopic, Post: Post{ID: "a", Kind: room.Text, Body: "Grüße\x00🚀"}},
		{Topic: "fedcba9876543210", Post: Post{ID: "b", Kind: room.Report, Body: `{"n":1}`}},
		{Topic: sceneTopic, Post: Post{ID: "c", Kind: room.Edit, Ref: 7, Body: "Gruß", Epoch: "0123456789abcdef"}},
		{Topic: sceneTopic, Post: Post{ID: "d", Kind: room.Redact, Ref: 7, Epoch: "0123456789abcdef"}},
	}
	for _, k := range want {
		if id, err := o.Post(t.Context(), k.Topic, k.Post); err != nil || id != k.ID {
			t.Fatalf("posting %v: %q, %v", k, id, err)
		}
	}
	id, err := o.Post(t.Context(), sceneTopic, Post{Body: "e"})
	if err != nil || !room.ValidClientID(id) {
		t.Fatalf("posting without an id: %q, %v", id, err)
	}
	want = append(want, Kept{Topic: sceneTopic, Post: Post{ID: id, Kind: room.Text, Body: "e"}})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := openOutbox(t, path).Posts(t.Context())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("there is %v, %v, want %v", got, err, want)
	}
}

func TestARefusedPostThatIsPostedAgainIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runOutbox(t, newOutbox(t), false)
		r.post("one", "two", "three")
		r.play("refuses-post one 403")
		expectKept(t, r.outbox, "one: 403 It is refused.", "two", "three")
		if _, err := r.outbox.Post(t.Context(), sceneTopic, Post{ID: "one", Body: "other words"}); !errors.Is(err, room.ErrIDTaken) {
			t.Errorf("its id with other words: %v", err)
		}
		r.post("one")
		expectKept(t, r.outbox, "two", "three", "one")
		r.play("ack two 1", "ack three 2", "ack one 3")
		expectKept(t, r.outbox)
		r.expectTold("one refused 403", "two 1", "three 2", "one 3")
	})
}

func TestOneIDPostedByManyAtOnceIsOnePost(t *testing.T) {
	for range 20 {
		o := newOutbox(t)
		var posting sync.WaitGroup
		errs := make(chan error, 16)
		for n := range cap(errs) {
			posting.Go(func() {
				_, err := o.Post(t.Context(), sceneTopic, Post{ID: "a", Body: fmt.Sprint("body ", n%2)})
				errs <- err
			})
		}
		posting.Wait()
		taken := 0
		for range cap(errs) {
			if err := <-errs; errors.Is(err, room.ErrIDTaken) {
				taken++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if all := kept(t, o); taken != cap(errs)/2 || len(all) != 1 {
			t.Fatalf("%d were told that the id is taken, and %q is kept", taken, all)
		}
	}
}

func TestAPostIsNotedBeforeItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runOutbox(t, newOutbox(t), false)
		if _, err := r.outbox.db.Exec("CREATE TRIGGER never BEFORE UPDATE OF sent ON posts BEGIN SELECT RAISE(ABORT, 'never'); END"); err != nil {
			t.Fatal(err)
		}
		r.post("one")
		select {
		case err := <-r.ended:
			if err == nil || !strings.Contains(err.Error(), "never") {
				t.Errorf("Run ended with %v", err)
			}
		default:
			t.Error("Run goes on")
		}
		r.expectSent()
		expectKept(t, r.outbox, "one")
	})
}

func TestAnIDThatIsKeptIsOnePost(t *testing.T) {
	o := newOutbox(t)
	keep(t, o, Post{ID: "a", Body: "one"})
	keep(t, o, Post{ID: "a", Body: "one"})
	for name, again := range map[string]struct {
		topic string
		Post
	}{
		"other words":   {sceneTopic, Post{ID: "a", Body: "two"}},
		"another kind":  {sceneTopic, Post{ID: "a", Kind: room.Report, Body: "1"}},
		"another topic": {"fedcba9876543210", Post{ID: "a", Body: "one"}},
	} {
		if _, err := o.Post(t.Context(), again.topic, again.Post); !errors.Is(err, room.ErrIDTaken) {
			t.Errorf("the same id with %s: %v", name, err)
		}
	}
	expectKept(t, o, "one")
}

func TestWhatIsNoPostIsNotKept(t *testing.T) {
	o := newOutbox(t)
	for name, p := range map[string]Post{
		"an id with a space":      {ID: "a b", Body: "x"},
		"an empty text":           {Body: ""},
		"a large text":            {Body: strings.Repeat("x", room.MaxText+1)},
		"an unknown kind":         {Kind: "poem", Body: "x"},
		"an edit of no epoch":     {Kind: room.Edit, Ref: 1, Body: "x"},
		"a reply that has no own": {Ref: 1, Body: "x"},
	} {
		var reason *room.Error
		if _, err := o.Post(t.Context(), sceneTopic, p); !errors.As(err, &reason) || reason.Code != 413 && reason.Code != 422 {
			t.Errorf("%s was refused with %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Post(ended, sceneTopic, Post{Body: "late"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a post whose context is over: %v", err)
	}
	expectKept(t, o)
}

func TestAnOutboxIsOpenOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	o := openOutbox(t, path)
	for range 3 { // a failed opening doesn't end the lock
		if _, err := OpenOutbox(t.Context(), path); !errors.Is(err, ErrOutboxInUse) {
			t.Fatalf("it was opened twice: %v", err)
		}
	}
	keep(t, o, Post{Body: "one"})
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	expectKept(t, openOutbox(t, path), "one")
}

func TestAnOutboxesPermissionsAreTightened(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such permissions on Windows")
	}
	path := filepath.Join(t.TempDir(), "outbox.db")
	if err := openOutbox(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	for _, wide := range []os.FileMode{0o644, 0o666, 0o640, 0o700} {
		files := []string{path, path + "-journal"}
		for _, file := range files {
			if err := os.Chmod(file, wide); err != nil {
				t.Fatal(err)
			}
		}
		o := openOutbox(t, path)
		keep(t, o, Post{Body: "one"})
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("with %v %s is opened with %v, %v", wide, file, info, err)
			}
		}
		if _, err := OpenOutbox(t.Context(), path); !errors.Is(err, ErrOutboxInUse) {
			t.Errorf("it isn't locked: %v", err)
		}
		o.Close()
	}
}

func TestADamagedOutboxSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	o := openOutbox(t, path)
	for range 20 {
		keep(t, o, Post{Body: strings.Repeat("x", 4000)})
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(content); i++ { // all but the first page, which says what it is
		content[i] = 0xff
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	o = openOutbox(t, path)
	const says = "the file is damaged; move it away"
	if _, err := o.Posts(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("reading says %v", err)
	}
	if _, err := o.Post(t.Context(), sceneTopic, Post{Body: "one"}); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("posting says %v", err)
	}
}

func TestAnOutboxThatCanNotBeWrittenSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	o := openOutbox(t, path)
	if _, err := o.db.Exec("PRAGMA query_only = ON"); err != nil {
		t.Fatal(err)
	}
	const says = "let this user write it"
	if _, err := o.Post(t.Context(), sceneTopic, Post{Body: "one"}); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("posting says %v", err)
	}
	o.Close()
	if os.Geteuid() <= 0 {
		t.Log("this user may write any file, whatever its permissions are")
		return
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOutbox(t.Context(), path); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("opening says %v", err)
	}
}

func TestWhatIsNoOutboxIsNotTouched(t *testing.T) {
	write := func(statements string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(statements); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		make func(t *testing.T, path string)
		says string
	}{
		"another database": {write("CREATE TABLE posts (id)"), "no outbox"},
		"a newer outbox":   {write(fmt.Sprintf("CREATE TABLE posts (id); PRAGMA application_id = %d; PRAGMA user_version = 2", outboxID)), "use a newer redroom"},
		"a text": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "no outbox"},
		"a directory": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "outbox.db"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "outbox.db")
			test.make(t, path)
			before, _ := os.ReadFile(path)
			_, err := OpenOutbox(t.Context(), path)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("it was opened: %v", err)
			}
			if after, _ := os.ReadFile(path); !slices.Equal(before, after) {
				t.Error("it was changed")
			}
		})
	}
	if _, err := OpenOutbox(t.Context(), filepath.Join(t.TempDir(), "none", "outbox.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that isn't there: %v", err)
	}
}

func TestSentWordsAreNotInTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := runOutbox(t, openOutbox(t, filepath.Join(dir, "outbox.db")), false)
		const secret = "Zwölftausend"
		r.post("one")
		keep(t, r.outbox, Post{ID: "two", Body: strings.Repeat(secret, 3000)})
		r.post("three")
		r.play("ack one 1")
		if found := filesWith(t, dir, secret); len(found) == 0 {
			t.Error("the words are nowhere before they are sent")
		}
		posts := r.channel().got(wire.TypePost)
		r.channel().say(wire.TypeAck, "", posts[1].fields[0], "2")
		synctest.Wait()
		expectKept(t, r.outbox, "three")
		if found := filesWith(t, dir, secret); len(found) > 0 {
			t.Errorf("they are in %v after they were sent", found)
		}
	})
}

func filesWith(t *testing.T, dir, words string) (found []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), words) {
			found = append(found, f.Name())
		}
	}
	return found
}

// TestTheOutboxesQueriesUseTheirIndexes shows that none of them walks the table.
func TestTheOutboxesQueriesUseTheirIndexes(t *testing.T) {
	o := newOutbox(t)
	for query, want := range map[string]string{nextPost: "posts_waiting", waitingTopics: "posts_waiting", departPost: "sqlite_autoindex_posts_1", deletePost: "sqlite_autoindex_posts_1"} {
		var a, b, c int
		var plan string
		if err := o.db.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+query, slices.Repeat([]any{"x"}, strings.Count(query, "?"))...).Scan(&a, &b, &c, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s is planned as %q", query, plan)
		}
	}
}
