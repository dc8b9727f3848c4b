package client

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
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

// stickyLink answers the sign-in and each JOIN by itself. On its first channel
// of a topic nothing but the JOIN can be written.
type stickyLink struct {
	*keyedLink
	epoch  string
	opened chan *scriptedChannel
	topics int // channels of the one topic
}

func (l *stickyLink) Open(ctx context.Context) (transport.Channel, error) {
	opened, err := l.keyedLink.Open(ctx)
	if err != nil {
		return nil, err
	}
	c := opened.(*scriptedChannel)
	l.opened <- c
	if c == l.control() {
		c.say(wire.TypeAck, "", wire.TypeToken, "anna", scriptedKey)
		return c, nil
	}
	c.say(wire.TypeAck, "", sceneTopic, "0", l.epoch, "1", room.ChainStart(sceneTopic).String())
	if l.topics++; l.topics > 1 {
		return c, nil
	}
	return &stickyChannel{scriptedChannel: c, reset: make(chan struct{})}, nil
}

type stickyChannel struct {
	*scriptedChannel
	once  sync.Once
	reset chan struct{}
}

func (c *stickyChannel) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte(wire.TypeJoin)) {
		return c.scriptedChannel.Write(p)
	}
	<-c.reset
	return 0, net.ErrClosed
}

func (c *stickyChannel) Reset(code transport.Code) {
	c.once.Do(func() { close(c.reset) })
	c.scriptedChannel.Reset(code)
}

// TestAChannelOnWhichAWriteIsStuckIsLeft goes by the real clock: whoever waits
// for a write by a lock would keep the other one from moving.
func TestAChannelOnWhichAWriteIsStuckIsLeft(t *testing.T) {
	usual := channelSilence
	channelSilence = keepalive{askAfter: 200 * time.Millisecond, answerWithin: 100 * time.Millisecond}
	t.Cleanup(func() { channelSilence = usual })
	server := newScriptedServer()
	opened := make(chan *scriptedChannel, 10)
	c := Connect(Config{Ticket: server.ticket, WebSocket: func(context.Context, Ticket) (transport.Session, error) {
		return &stickyLink{keyedLink: &keyedLink{scriptedLink: newScriptedLink("WebSocket")}, epoch: server.epoch, opened: opened}, nil
	}})
	topic := c.Open(sceneTopic, Reading{})
	t.Cleanup(func() {
		topic.end(ErrClosed)
		c.Close()
	})
	go topic.Post(t.Context(), Post{Body: "one"})
	for _, name := range []string{"the control channel", "the topic's channel", "another one in its place"} {
		select {
		case <-opened:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was not opened", name)
		}
	}
}

// TestAChannelThatEndsAgainAndAgainIsJoinedLessAndLessOften ends each at once,
// and then one that has lived.
func TestAChannelThatEndsAgainAndAgainIsJoinedLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := readingScene(t, Reading{})
		for _, pause := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second} {
			p.play("joins 0", "fin")
			p.joinsAgainAfter(pause)
		}
		p.play("joins 0", "forward 5", "fin")
		p.joinsAgainAfter(500 * time.Millisecond)
	})
}

// joinsAgainAfter passes a pause.
func (p *scene) joinsAgainAfter(pause time.Duration) {
	p.t.Helper()
	old := p.channel()
	time.Sleep(pause - time.Millisecond)
	synctest.Wait()
	p.must(p.channel() == old, "it was joined again before %v", pause)
	time.Sleep(time.Millisecond)
	synctest.Wait()
	p.must(p.channel() != old, "it was not joined again after %v", pause)
}

// TestAChainThatStaysBrokenIsToldAndReadFromItsBeginning has a server whose
// message 2 is missing, and takes its time to say so.
func TestAChainThatStaysBrokenIsToldAndReadFromItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, anew := readingScene(t, Reading{})
		p.play("joins 0", "message 1", "forward 6", "message 3")
		p.joinsAgainAfter(500 * time.Millisecond)
		p.play("joins 1", "forward 6", "message 3")
		if !slices.Equal(*anew, []error{ErrBroken}) {
			t.Fatalf("it began anew because of %v", *anew)
		}
		p.joinsAgainAfter(time.Second)
		p.play("joins 0", "message 1", "forward 6", "message 3")
		p.joinsAgainAfter(2 * time.Second)
		p.play("joins 1", "message 2", "message 3", "has 3")
		if len(*anew) != 1 {
			t.Errorf("it began anew because of %v", *anew)
		}
	})
}
