package session_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/load"
	"redroom/server/room"
)

// slow are limits of what is read of a user: ten frames and 100,000 octets of
// payload a second, and twice as much at once.
var slow = load.Limits{User: load.Share{
	Frames: load.Rate{PerSecond: 10, Burst: 20},
	Input:  load.Rate{PerSecond: 100_000, Burst: 200_000},
}}

// pingAll sends so many PINGs and waits for what they are answered.
func (w *wire) pingAll(t *testing.T, pings int) {
	t.Helper()
	var sending sync.WaitGroup
	sending.Go(func() {
		for i := range pings {
			if _, err := fmt.Fprintf(w, "PING 0 %d\n", i); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range pings {
		w.expect(t, fmt.Sprintf("PONG 0 %d", i))
	}
	sending.Wait()
}

func TestWhoSendsTooManyFramesIsReadSlowly(t *testing.T) {
	inTimeWith(t, slow, func(t *testing.T, p *parts) {
		flooder, _ := p.signIn(t, "bert")
		c := flooder.channel(t)
		c.say(t, "JOIN 0 "+topic+" 0\n")
		c.hear(t)
		other, _ := p.signIn(t, "anna")
		o := other.channel(t)
		o.say(t, "JOIN 0 "+topic+" 0\n")
		o.hear(t)
		time.Sleep(5 * time.Second) // so that nothing is taken

		began := time.Now()
		var flooding sync.WaitGroup
		flooding.Go(func() {
			c.pingAll(t, 120)
			expectAfter(t, began, 10*time.Second) // 100 beyond the burst
		})
		for range 10 {
			now := time.Now()
			o.say(t, "PING 0 x\n")
			o.expect(t, "PONG 0 x")
			expectAfter(t, now, 0)
			time.Sleep(time.Second)
		}
		flooding.Wait()
	})
}

// What is skipped counts as what is kept.
func TestWhoSendsTooManyOctetsIsReadSlowly(t *testing.T) {
	inTimeWith(t, slow, func(t *testing.T, p *parts) {
		flooder, _ := p.signIn(t, "bert")
		c := flooder.channel(t)
		c.say(t, "JOIN 0 "+topic+" 0\n")
		c.hear(t)
		began := time.Now()
		var sending sync.WaitGroup
		sending.Go(func() {
			refused := "POST 100000 id\n" + strings.Repeat("x", 100_000) + "WHATEVER 100000\n" + strings.Repeat("y", 100_000)
			for range 5 {
				if _, err := io.WriteString(c, refused); err != nil {
					t.Error(err)
				}
			}
		})
		for range 5 {
			c.expect(t, "ERR n 413 id")
		}
		sending.Wait()
		c.pingAll(t, 1)
		expectAfter(t, began, 8*time.Second) // a million octets, 200,000 at once
	})
}

// However much somebody sends on his channels, the control channel answers, and
// he isn't taken for lost.
func TestWhoSendsTooMuchIsHeardOnTheControlChannel(t *testing.T) {
	inTimeWith(t, slow, func(t *testing.T, p *parts) {
		flooder, control := p.signIn(t, "bert")
		channels := 8
		for range channels {
			c := flooder.channel(t)
			c.say(t, "JOIN 0 "+topic+" 0\n")
			c.hear(t)
			go io.Copy(io.Discard, c)
			go func() {
				for {
					if _, err := io.WriteString(c, "WHATEVER 1000000\n"+strings.Repeat("x", 1_000_000)); err != nil {
						return
					}
				}
			}()
		}
		for range 60 {
			time.Sleep(5 * time.Second)
			asked := time.Now()
			control.say(t, "PING 0 here\n")
			control.await(t, "PONG 0 here")
			if took := time.Since(asked); took > time.Second {
				t.Fatalf("PING was answered after %v, want within a second", took)
			}
		}
		flooder.Close(0, "")
	})
}

// Who reads more than he may falls behind, with each message once and in order.
// He is answered meanwhile, and holds up nobody.
func TestWhoReadsTooMuchFallsBehind(t *testing.T) {
	const (
		rate     = 100 << 10 // octets a second, and at once
		messages = 40
		size     = 32 << 10
	)
	limits := load.Limits{User: load.Share{Output: load.Rate{PerSecond: rate, Burst: rate}}}
	inTimeWith(t, limits, func(t *testing.T, p *parts) {
		for i := range messages {
			p.append(t, room.MessagePosted{Stamp: stamp("anna"), Topic: topic, ID: fmt.Sprint(i), Kind: room.Text, Salt: room.NewSalt(), Body: bytes.Repeat([]byte("x"), size)})
		}
		bert, _ := p.signIn(t, "bert")
		c := bert.channel(t)
		c.say(t, "JOIN 0 "+topic+" 0\n")
		c.hear(t)
		anna, _ := p.signIn(t, "anna")
		o := anna.channel(t)
		o.say(t, "JOIN 0 "+topic+fmt.Sprintf(" %d\n", messages))
		o.hear(t)

		began, answered := time.Now(), 0
		for seq := 1; seq <= messages; {
			if seq/10 > answered {
				c.say(t, "PING 0 x\n")
				now := time.Now()
				o.say(t, "PING 0 x\n")
				o.expect(t, "PONG 0 x")
				expectAfter(t, now, 0)
			}
			switch got := strings.Fields(c.hear(t)); {
			case got[0] == "PONG":
				answered++
			case got[0] != "MESSAGE" || got[2] != fmt.Sprint(seq):
				t.Fatalf("heard %q, want message %d", got, seq)
			default:
				seq++
			}
		}
		least := time.Duration(messages*size-2*rate) * time.Second / rate
		if took := time.Since(began); took < least || took > 2*least {
			t.Errorf("it took %v, want a little more than %v", took, least)
		}
		if answered == 0 {
			t.Error("nothing was answered meanwhile")
		}
	})
}

// Those at an address who are not signed in send what they may not, or only the
// headers of it, on session after session: one who is signed in there doesn't
// notice.
func TestStrangersTakeNothingOfOthersAtTheirAddress(t *testing.T) {
	for name, tt := range map[string]struct {
		address load.Share
		sent    string
	}{
		"frames":              {load.Share{Frames: load.Rate{PerSecond: 20, Burst: 40}}, strings.Repeat("PING 0\n", 1000)},
		"headers of payloads": {load.Share{Input: load.Rate{PerSecond: 50_000, Burst: 100_000}}, "WHATEVER 100000\n"},
	} {
		t.Run(name, func(t *testing.T) {
			limits := slow
			limits.Address = tt.address
			inTimeWith(t, limits, func(t *testing.T, p *parts) {
				anna, control := p.signIn(t, "anna")
				go io.Copy(io.Discard, control)
				c := anna.channel(t)
				c.say(t, "JOIN 0 "+topic+" 0\n")
				c.hear(t)
				for range 10 {
					for range room.MaxUnsigned {
						s := p.open()
						w := s.channel(t)
						go io.Copy(io.Discard, w)
						go io.WriteString(w, tt.sent)
						time.AfterFunc(2*time.Second, func() { s.Close(0, "") })
					}
					time.Sleep(2500 * time.Millisecond)
					now := time.Now()
					c.say(t, "PING 0 x\n")
					c.expect(t, "PONG 0 x")
					expectAfter(t, now, 0)
				}
				anna.Close(0, "")
			})
		})
	}
}
