package client

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// reading is a scene whose topic notes what it is told.
func readingScene(t *testing.T, r Reading) (p *scene, anew *[]error) {
	p, anew = newScene(t), new([]error)
	p.start()
	r.Each = func(m room.Message) { p.has = append(p.has, m.Seq) }
	r.Anew = func(why error) {
		p.has = nil
		*anew = append(*anew, why)
	}
	p.topic = p.client.Open(sceneTopic, r)
	p.play("ready WebTransport", "signs-in WebTransport")
	return p, anew
}

func TestATopicBeginsWhereItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := readingScene(t, Reading{After: -2})
		c, join := p.asking()
		if !slices.Equal(join.fields, []string{sceneTopic, "-2"}) {
			t.Fatalf("it asked for %v", join)
		}
		c.say(wire.TypeAck, "", sceneTopic, "7", p.server.epoch, "1", p.log(5).hash.String())
		p.play("message 6", "message 7")
		if !slices.Equal(p.has, []int64{6, 7}) {
			t.Errorf("it was given %v", p.has)
		}
		at, proof := p.topic.At()
		if want := (room.Head{Seq: 7, Hash: p.log(7).hash}); at != want || *proof != (Proof{p.server.epoch, want.Hash}) {
			t.Errorf("it is at %v, %v; want %v", at, proof, want)
		}
		p.play("lost", "forward 1", "ready WebTransport", "signs-in WebTransport", "joins 7")
	})
}

func TestATopicGoesOnWhereAnotherOneStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		epoch := room.NewEpoch()
		p, anew := readingScene(t, Reading{After: 3, Proof: &Proof{Epoch: epoch, Hash: (&scene{}).log(3).hash}})
		p.server.epoch = epoch
		p.play("joins 3", "message 4", "message 5")
		if !slices.Equal(p.has, []int64{4, 5}) || len(*anew) > 0 {
			t.Errorf("it was given %v, and began anew: %v", p.has, *anew)
		}
	})
}

// TestWhatWasHandedOnIsForgotten shows each of its reasons.
func TestWhatWasHandedOnIsForgotten(t *testing.T) {
	other := room.ChainStart("another topic00")
	for name, test := range map[string]struct {
		answer func(p *scene, c *scriptedChannel)
		want   error
	}{
		"the store was restored": {func(p *scene, c *scriptedChannel) {
			c.sayLast(wire.TypeErr, "Another log.", "409", sceneTopic, room.NewEpoch())
		}, room.ErrOtherEpoch},
		"its history was changed": {func(p *scene, c *scriptedChannel) {
			c.sayLast(wire.TypeErr, "Another log.", "409", sceneTopic, p.server.epoch)
		}, ErrBroken},
		"the server knows another hash than it was shown": {func(p *scene, c *scriptedChannel) {
			c.say(wire.TypeAck, "", sceneTopic, "2", p.server.epoch, "1", other.String())
		}, ErrBroken},
		"the right begins later": {func(p *scene, c *scriptedChannel) {
			c.say(wire.TypeAck, "", sceneTopic, "2", p.server.epoch, "2", p.log(2).hash.String())
		}, room.ErrNotFound},
		"the right begins beyond what was handed on": {func(p *scene, c *scriptedChannel) {
			c.say(wire.TypeAck, "", sceneTopic, "9", p.server.epoch, "9", p.log(8).hash.String())
		}, room.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, anew := readingScene(t, Reading{})
				p.play("joins 0", "message 1", "message 2", "fin", "forward 1")
				c, _ := p.asking()
				test.answer(p, c)
				synctest.Wait()
				if !slices.Equal(*anew, []error{test.want}) {
					t.Fatalf("it began anew because of %v, want %v", *anew, test.want)
				}
				p.play("forward 1", "joins 0", "message 1", "has 1")
			})
		})
	}
}

func TestAMessageOutOfItsOrderIsNotHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := readingScene(t, Reading{})
		p.play("joins 0", "message 1", "message 3", "has 1", "forward 1", "joins 1", "message 2", "message 3", "has 3")
	})
}

func TestAChannelOfItsOwnIsKeptAliveAndLeftWhenItIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		p.start()
		p.play("forward 0.4", "ready WebSocket", "signs-in WebSocket", "open", "joins 0")
		first := p.channel()
		p.play("forward 120")
		if p.channel() != first {
			t.Fatal("a channel that answers was left")
		}
		first.deafen()
		p.play("forward 24")
		if p.channel() != first {
			t.Fatal("it was left early")
		}
		p.play("forward 22")
		if p.channel() == first {
			t.Fatal("it was not left")
		}
		p.play("joins 0", "state open WebSocket", "asked 1")
	})
}

// TestAReaderThatTakesItsTimeIsNoSilence holds the function that takes messages
// for longer than any silence may last.
func TestAReaderThatTakesItsTimeIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		p.start()
		p.play("forward 0.4", "ready WebSocket", "signs-in WebSocket")
		p.topic = p.client.Open(sceneTopic, Reading{Each: func(m room.Message) {
			time.Sleep(5 * time.Minute)
			p.has = append(p.has, m.Seq)
		}})
		synctest.Wait()
		p.play("joins 0")
		first := p.channel()
		p.play("message 1", "message 2", "forward 601", "has 2", "asked 1")
		if p.channel() != first {
			t.Error("the channel was left")
		}
	})
}

func TestWhatIsOpenedAfterTheEndHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		p.start()
		p.client.Close()
		topic := p.client.Open(sceneTopic, Reading{})
		<-topic.Done()
		if !errors.Is(topic.Err(), ErrClosed) {
			t.Errorf("it ended with %v", topic.Err())
		}
		topic.Close()
	})
}
