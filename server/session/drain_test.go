package session_test

import (
	"context"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/load"
	"redroom/server/room"
	"redroom/server/transport"
)

const drainWithin = time.Minute

func (p *parts) drain(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), drainWithin)
	defer cancel()
	p.server.Drain(ctx)
}

func TestDrainEndsTopicsBeforeSessions(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		c := client.channel(t)
		c.say(t, "JOIN 0 "+topic+" 0\n")
		c.hear(t)
		fresh := client.channel(t) // of which nothing is known yet
		synctest.Wait()
		began := time.Now()
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			p.drain(t)
		}()
		for _, w := range []*wire{c, fresh} {
			if _, err := w.in.ReadByte(); err != io.EOF {
				t.Errorf("a topic's channel went on, or ended with %v, want FIN", err)
			}
		}
		control.say(t, "PING 0 x\n")
		control.expect(t, "PONG 0 x")
		for _, w := range []*wire{c, fresh} {
			w.CloseWrite()
		}
		control.expect(t, "BYE n 503 1")
		expectAfter(t, began, 0)
		control.CloseWrite()
		<-drained
		expectAfter(t, began, 0)

		late := p.open()
		w := late.channel(t)
		w.expect(t, "BYE n 503 1")
		w.CloseWrite()
	})
}

func TestDrainWaitsAMomentForWhoReadsNothing(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, _ := p.signIn(t, "bert")
		c := client.channel(t)
		c.say(t, "JOIN 0 "+topic+" 0\n")
		c.hear(t)
		p.post(t, "unread")
		c.say(t, "POST 2 unanswered\nhiPING 0\n")
		synctest.Wait()
		began := time.Now()
		p.drain(t)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the drain took %v", took)
		}
		<-client.ctx.Done()
	})
}

func TestDrainSpreadsTheReturn(t *testing.T) {
	for sessions, span := range map[int]int{3: 1, 401: 2, 801: 3} {
		inTime(t, func(t *testing.T, p *parts) {
			clients := make(map[*pipe]*wire)
			for len(clients) < sessions {
				user := []string{"anna", "bert"}[len(clients)%2]
				client, control := p.signIn(t, user)
				clients[client] = control
			}
			drained := make(chan struct{})
			go func() {
				defer close(drained)
				p.drain(t)
			}()
			told := make(map[int]int)
			for _, control := range clients {
				fields := strings.Fields(control.hear(t))
				seconds, err := strconv.Atoi(fields[len(fields)-1])
				if err != nil || fields[0] != "BYE" {
					t.Fatalf("a session was told %q", fields)
				}
				told[seconds]++
				control.CloseWrite()
			}
			<-drained
			for second := 1; second <= span; second++ {
				if told[second] < sessions/span/2 {
					t.Errorf("%d of %d sessions were to come back after %d s", told[second], sessions, second)
				}
				delete(told, second)
			}
			if len(told) > 0 {
				t.Errorf("of %d sessions, these were to come back after more than %d s: %v", sessions, span, told)
			}
		})
	}
}

// A channel of which nothing is known yet, with many PINGs that are read already,
// ends in a moment, whoever reads the answers or doesn't.
func TestDrainDoesNotWaitForWhoAsksOnly(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		go io.Copy(io.Discard, control)
		c := client.channel(t)
		c.say(t, strings.Repeat("PING 0\n", 100)) // and takes no answer yet
		synctest.Wait()
		began := time.Now()
		go func() {
			time.Sleep(time.Second / 2)
			c.in.ReadString('\n') // one, and no further one
		}()
		p.drain(t)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the drain took %v", took)
		}
	})
}

// broken is a transport of which something fails beyond all that is foreseen.
type broken struct{ transport.Session }

func (broken) Accept(context.Context) (transport.Channel, error) { panic("broken") }

func TestAPanicGivesBackWhatWasCounted(t *testing.T) {
	inTimeWith(t, load.Limits{Sessions: room.MaxUnsigned + 1}, func(t *testing.T, p *parts) {
		for range 2 * room.MaxUnsigned {
			client, server := newPipe()
			func() {
				defer func() {
					if recover() == nil {
						t.Error("there was no panic")
					}
				}()
				p.server.Serve(broken{server})
			}()
			client.Close(0, "")
		}
		began := time.Now()
		client, _ := p.signIn(t, "anna")
		expectAfter(t, began, 0)
		client.Close(0, "")
		p.drain(t)
	})
}
