package client

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

// talk is a topic that is joined over one link after the other.
type talk struct {
	*scene
}

// newTalk plays the beginning: a session by WebTransport, and a JOIN.
func newTalk(t *testing.T) *talk {
	k := &talk{newScene(t)}
	k.start()
	k.play("open", "ready WebTransport", "signs-in WebTransport", "joins 0")
	return k
}

func (p *scene) play(steps ...string) {
	p.t.Helper()
	for _, step := range steps {
		verb, words, _ := strings.Cut(step, " ")
		p.step = step
		verbs[verb](p, strings.Fields(words))
		synctest.Wait()
	}
}

func (k *talk) bodies() (all []string) {
	for _, post := range k.channel().got(wire.TypePost) {
		all = append(all, post.payload)
	}
	return all
}

func TestAPostThatIsNotTakenYetIsSentAgainBeforeWhatCameAfterIt(t *testing.T) {
	for _, refusals := range [][]string{{"refuses-post one 503 3"}, {"refuses-post one 429 3", "refuses-post two 429 3"}} {
		sentAgainInOrder(t, refusals)
	}
}

// sentAgainInOrder has the first of two posts that are on their way refused.
func sentAgainInOrder(t *testing.T, refusals []string) {
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t)
		k.play("post one", "post two")
		k.play(refusals...)
		k.play("forward 2.9", "post three")
		if got := k.bodies(); !slices.Equal(got, []string{"one", "two"}) {
			t.Fatalf("within the seconds there were %v", got)
		}
		k.play("forward 0.2")
		if got := k.bodies(); !slices.Equal(got, []string{"one", "two", "one", "two", "three"}) {
			t.Fatalf("after them there were %v", got)
		}
		posts := k.channel().got(wire.TypePost)
		if posts[0].fields[0] != posts[2].fields[0] {
			t.Errorf("the id was %v, then %v", posts[0], posts[2])
		}
		k.play("ack one 1", "ack two 2", "ack three 3", "accepted one", "accepted two", "accepted three")
	})
}

func TestARefusedPostIsTheCallersToMend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t)
		refused := make(chan error, 1)
		go func() {
			_, err := k.topic.Post(t.Context(), Post{Body: "one"})
			refused <- err
		}()
		synctest.Wait()
		k.play("refuses-post one 403")
		var reason *room.Error
		if err := <-refused; !errors.As(err, &reason) || reason.Code != 403 || reason.Retry {
			t.Fatalf("the answer was %v", err)
		}
		k.play("lost", "forward 1", "ready WebTransport", "signs-in WebTransport", "joins 0", "posts 0")
	})
}

func TestPostsEndWithTheirContextTheirTopicAndTheirClient(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(k *talk)
		want error
	}{
		"topic":  {func(k *talk) { k.topic.Close() }, ErrClosed},
		"client": {func(k *talk) { k.client.Close() }, ErrClosed},
		"room":   {func(k *talk) { k.play("bye 410") }, room.ErrDeactivated},
		"right":  {func(k *talk) { k.play("resets 404", "forward 1", "refuses-join 404") }, ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newTalk(t)
				failed := make(chan error, 1)
				go func() {
					_, err := k.topic.Post(t.Context(), Post{ID: "mine", Body: "one"})
					failed <- err
				}()
				synctest.Wait()
				test.end(k)
				if err := <-failed; !errors.Is(err, test.want) {
					t.Errorf("it failed with %v, want %v", err, test.want)
				}
				late := test.want
				if late == ErrUnknown { // it was never sent
					late = room.ErrNotFound
				}
				if _, err := k.topic.Post(t.Context(), Post{Body: "late"}); !errors.Is(err, late) || errors.Is(err, ErrUnknown) {
					t.Errorf("a later one failed with %v, want %v", err, late)
				}
			})
		})
	}
}

func TestAPostThatIsGivenUpMayBePostedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t)
		ctx, cancel := contextWithTimeout(t, time.Second)
		defer cancel()
		if _, err := k.topic.Post(ctx, Post{ID: "mine", Body: "one"}); !errors.Is(err, ctx.Err()) || ctx.Err() == nil {
			t.Fatalf("it ended with %v", err)
		}
		answered := make(chan int64, 1)
		go func() {
			seq, _ := k.topic.Post(t.Context(), Post{ID: "mine", Body: "one"})
			answered <- seq
		}()
		synctest.Wait()
		if _, err := k.topic.Post(t.Context(), Post{ID: "mine", Body: "one"}); !errors.Is(err, errTwice) {
			t.Errorf("the same id twice at the same time: %v", err)
		}
		k.play("posts 2", "ack one 1")
		if seq := <-answered; seq != 1 {
			t.Errorf("it was accepted as %d", seq)
		}
	})
}

func TestWhatIsNoPostIsNotSent(t *testing.T) {
	for name, p := range map[string]Post{
		"an id with a space":  {ID: "a b", Body: "x"},
		"a long id":           {ID: strings.Repeat("a", room.MaxClientID+1), Body: "x"},
		"an empty text":       {Body: ""},
		"a large text":        {Body: strings.Repeat("x", room.MaxText+1)},
		"a text not in UTF-8": {Body: "\xff"},
		"a report not JSON":   {Kind: room.Report, Body: "{"},
		"an unknown kind":     {Kind: "po em", Body: "x"},
		"a negative seq":      {Ref: -1, Body: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newTalk(t)
				var reason *room.Error
				if _, err := k.topic.Post(t.Context(), p); !errors.As(err, &reason) || reason.Code != 413 && reason.Code != 422 {
					t.Errorf("it was refused with %v", err)
				}
				k.play("posts 0")
			})
		})
	}
}

// TestAPostMayHaveHEADAsItsID refuses it by an ERR that could be that of HEAD.
func TestAPostMayHaveHEADAsItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t)
		refused := make(chan error, 1)
		go func() {
			_, err := k.topic.Post(t.Context(), Post{ID: wire.TypeHead, Body: "one"})
			refused <- err
		}()
		synctest.Wait()
		k.play("refuses-post one 403")
		select {
		case err := <-refused:
			if codeOf(err) != 403 {
				t.Errorf("the post ended with %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("the post was never answered")
		}
	})
}

func TestHowFarOneHasReadIsSaidOnceOnEachChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t)
		for range 2 {
			k.topic.Read(3)
			k.topic.Read(2)
			synctest.Wait()
			if said := k.channel().got(wire.TypeRead); len(said) != 1 || said[0].fields[0] != "3" {
				t.Fatalf("there were READ %v, want one up to 3", said)
			}
			k.play("lost", "forward 1", "ready WebTransport", "signs-in WebTransport", "joins 0")
		}
		k.topic.Read(5)
		synctest.Wait()
		if said := k.channel().got(wire.TypeRead); len(said) != 2 || said[1].fields[0] != "5" {
			t.Errorf("there were READ %v, want up to 3, then to 5", said)
		}
	})
}
