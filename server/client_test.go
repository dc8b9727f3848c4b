package server_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// TestClientGoesOnThroughKills kills the server again and again while two
// clients post, each on several lanes side by side. Neither does anything for
// it: what they posted is in the log once, in each lane's order, at the seq that
// was acknowledged, and both are given all of it.
func TestClientGoesOnThroughKills(t *testing.T) {
	const lanes = 3
	kills := 3
	switch {
	case testing.Short():
		kills = 1
	case *long:
		kills = 10
	}
	for _, by := range []string{"WebTransport", "WebSocket"} {
		t.Run(by, func(t *testing.T) {
			leavesNoGoroutine(t)
			p := servertest.StartProcess(t, t.TempDir(), nil)
			anna := p.Admin(t)
			deal := anna.Deal(t, "Kill", "all")
			topic := anna.Topic(t, deal, "Under load", 1)
			bert := p.Join(t, anna, "bert", "member", deal)

			var people []*lodger
			for _, as := range []*servertest.API{anna, bert} {
				config := p.ClientConfig(t, as)
				if by == "WebSocket" {
					config.WebTransport = nil
				}
				people = append(people, newLodger(t, as, config, topic))
			}
			load, stop := context.WithCancel(t.Context())
			defer stop()
			var writing sync.WaitGroup
			for _, one := range people {
				for lane := range lanes {
					writing.Go(func() { one.postUntil(load, t, fmt.Sprintf("%s-%d", one.name, lane)) })
				}
			}
			for range kills {
				waitForMore(t, people, 50)
				p.Kill()
				p = p.Again(t)
			}
			waitForMore(t, people, 50)
			stop()
			writing.Wait()

			total := 0
			for _, one := range people {
				total += len(one.accepted)
			}
			for _, one := range people {
				one.seen.wait(t, int64(total), one.topic.Done())
				// What came first after the last kill may be the other way.
				one.client.Nudge()
				await(t, one.name+" goes by "+by, func() bool { return one.client.State().Via == by })
				one.client.Close()
				one.expectAll(t, people)
			}
			if status := p.Stop(t); status != 0 {
				t.Errorf("the server ended with status %d", status)
			}
		})
	}
}

// TestClientGoesByWhatGetsThrough drops all UDP before the client is there, lets
// it pass, and drops it again in the middle of the talk: it goes on by WebSocket,
// by WebTransport or QUIC, and by WebSocket, with all that is said.
func TestClientGoesByWhatGetsThrough(t *testing.T) {
	for _, quick := range []string{"WebTransport", "QUIC"} {
		t.Run(quick, func(t *testing.T) { goesByWhatGetsThrough(t, quick) })
	}
}

func goesByWhatGetsThrough(t *testing.T, quick string) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	seen, udp := h.Behind(t, servertest.Path{Loss: 1})
	config := h.ClientConfig(t, h.bert)
	if quick == "QUIC" {
		config.QUIC = client.QUIC(h.Trust(t))
	}
	direct := config.Ticket
	config.Ticket = func(ctx context.Context) (client.Ticket, error) {
		ticket, err := direct(ctx)
		ticket.WebTransport.URL, ticket.QUIC.Address = seen.Rrp, seen.QUIC()
		return ticket, err
	}
	states := make(chan client.State, 100)
	config.OnState = func(s client.State) { states <- s }
	began := time.Now()
	bert := newLodger(t, h.bert, config, h.topic)
	anna := newLodger(t, h.anna, h.ClientConfig(t, h.anna), h.topic)

	said := int64(0)
	talk := func(within time.Duration) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		for _, one := range []*lodger{anna, bert} {
			said++
			if seq, err := one.topic.Post(ctx, client.Post{Body: fmt.Sprint(said)}); err != nil || seq != said {
				t.Fatalf("message %d of %s is %d: %v; it is %v", said, one.name, seq, err, one.client.State())
			}
		}
		for _, one := range []*lodger{anna, bert} {
			one.seen.wait(t, said, one.topic.Done())
		}
	}
	awaitOpen := func(via string, within time.Duration) {
		t.Helper()
		for {
			select {
			case s := <-states:
				if s.Phase == client.Open && s.Via == via {
					return
				}
			case <-time.After(within):
				t.Fatalf("it is not open by %s, but %v", via, bert.client.State())
			}
		}
	}

	talk(1500*time.Millisecond - time.Since(began))
	awaitOpen("WebSocket", time.Second)

	udp.Change(servertest.Path{})
	bert.client.Nudge()
	awaitOpen(quick, 5*time.Second)
	talk(time.Second)

	udp.Change(servertest.Path{Loss: 1})
	talk(6 * time.Second)
	awaitOpen("WebSocket", time.Second)
	for _, one := range []*lodger{anna, bert} {
		for i, m := range one.seen.all() {
			if m.Seq != int64(i+1) || string(m.Body) != fmt.Sprint(i+1) {
				t.Errorf("%s was given %q with seq %d as message %d", one.name, m.Body, m.Seq, i+1)
			}
		}
	}
}

// lodger is a client that posts and reads one topic.
type lodger struct {
	name   string
	client *client.Client
	topic  *client.Topic
	seen   *progress

	mu       sync.Mutex
	accepted map[string]int64 // by body
}

func newLodger(t *testing.T, as *servertest.API, config client.Config, topic string) *lodger {
	t.Helper()
	p := &lodger{name: as.Name, seen: newProgress(), accepted: make(map[string]int64)}
	p.client = client.Connect(config)
	t.Cleanup(p.client.Close)
	p.topic = p.client.Open(topic, client.Reading{
		Each: p.seen.saw,
		Anew: func(why error) { t.Errorf("%s had to begin anew: %v", as.Name, why) },
	})
	return p
}

// postUntil posts one message after the other until ctx is over; the last one is
// waited for.
func (p *lodger) postUntil(ctx context.Context, t *testing.T, lane string) {
	for n := 0; ctx.Err() == nil; n++ {
		body := fmt.Sprintf("%s %06d", lane, n)
		patience, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		seq, err := p.topic.Post(patience, client.Post{Body: body})
		cancel()
		if err != nil {
			t.Errorf("%s: %v", body, err)
			return
		}
		p.mu.Lock()
		p.accepted[body] = seq
		p.mu.Unlock()
	}
}

// waitForMore waits until everybody was given so many more messages.
func waitForMore(t *testing.T, people []*lodger, n int64) {
	t.Helper()
	for _, one := range people {
		one.seen.wait(t, one.seen.last()+n, one.topic.Done())
	}
}

// expectAll compares what was given to the client with what was acknowledged to
// everybody.
func (p *lodger) expectAll(t *testing.T, people []*lodger) {
	t.Helper()
	accepted := make(map[string]int64)
	for _, one := range people {
		for body, seq := range one.accepted {
			accepted[body] = seq
		}
	}
	last := make(map[string]string) // body by lane
	for i, m := range p.seen.all() {
		body := string(m.Body)
		if m.Seq != int64(i+1) || accepted[body] != m.Seq {
			t.Fatalf("%s was given %q as message %d, with seq %d; acknowledged was %d", p.name, body, i+1, m.Seq, accepted[body])
		}
		lane, _, _ := strings.Cut(body, " ")
		if body <= last[lane] {
			t.Fatalf("%s was given %q after %q", p.name, body, last[lane])
		}
		last[lane] = body
		delete(accepted, body)
	}
	if len(accepted) > 0 {
		t.Errorf("%s was not given %d messages that were acknowledged", p.name, len(accepted))
	}
}

// TestClientEndsWhenItIsTold shows the two ends that are for good.
func TestClientEndsWhenItIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(t *testing.T, h *house)
		want error
	}{
		"signed out": {
			func(t *testing.T, h *house) { h.bert.Must(t, "DELETE", "/api/session", nil, nil, 204) },
			room.ErrSessionEnded,
		},
		"deactivated": {
			func(t *testing.T, h *house) {
				h.anna.Must(t, "PATCH", "/api/users/bert", map[string]any{"active": false}, nil, 200)
			},
			room.ErrDeactivated,
		},
	} {
		t.Run(name, func(t *testing.T) {
			leavesNoGoroutine(t)
			h := newHouse(t)
			bert := newLodger(t, h.bert, h.ClientConfig(t, h.bert), h.topic)
			if _, err := bert.topic.Post(t.Context(), client.Post{Body: "Guten Tag."}); err != nil {
				t.Fatal(err)
			}
			test.end(t, h)
			select {
			case <-bert.client.Done():
			case <-time.After(servertest.Patience):
				t.Fatalf("the client is %v", bert.client.State())
			}
			if state := bert.client.State(); bert.client.Err() != test.want || state.Phase != client.Ended || state.Err != test.want {
				t.Errorf("it ended with %v, and is %v", bert.client.Err(), state)
			}
			if _, err := bert.topic.Post(t.Context(), client.Post{Body: "Noch da?"}); !errors.Is(err, test.want) {
				t.Errorf("a post after the end: %v", err)
			}
		})
	}
}

// TestClientLosesATopic shows the end of a right: of the topic only.
func TestClientLosesATopic(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	second := h.anna.Topic(t, h.anna.Deal(t, "Second", "all"), "Second", 1)
	otto := newLodger(t, h.otto, h.ClientConfig(t, h.otto), h.foreign)
	if _, err := otto.topic.Post(t.Context(), client.Post{Body: "Guten Tag."}); err != nil {
		t.Fatal(err)
	}
	if unknown := otto.client.Open(second, client.Reading{}); !ended(unknown) || unknown.Err() != room.ErrNotFound {
		t.Errorf("a topic of others: %v", unknown.Err())
	}
	var of struct{ Deal string }
	h.anna.Must(t, "GET", "/api/topics/"+h.foreign, nil, &of, 200)
	h.anna.Must(t, "DELETE", "/api/deals/"+of.Deal+"/members/otto", nil, nil, 204)
	if !ended(otto.topic) || otto.topic.Err() != room.ErrNotFound {
		t.Errorf("the topic that was lost: %v", otto.topic.Err())
	}
	if state := otto.client.State(); state.Phase != client.Open {
		t.Errorf("the client is %v", state)
	}
}

func ended(topic *client.Topic) bool {
	select {
	case <-topic.Done():
		return true
	case <-time.After(servertest.Patience):
		return false
	}
}

// TestClientForgetsWhatIsOfAnotherStore shows that a client that has messages of
// another life of the store forgets them.
func TestClientForgetsWhatIsOfAnotherStore(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	bert := newLodger(t, h.bert, h.ClientConfig(t, h.bert), h.topic)
	for _, body := range []string{"eins", "zwei"} {
		if _, err := bert.topic.Post(t.Context(), client.Post{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	again, anew := newProgress(), make(chan error, 1)
	topic := bert.client.Open(h.topic, client.Reading{
		After: 1,
		Proof: &client.Proof{Epoch: room.NewEpoch(), Hash: room.ChainStart(h.topic)},
		Each:  again.saw,
		Anew:  func(why error) { anew <- why },
	})
	again.wait(t, 2, topic.Done())
	bert.seen.wait(t, 2, bert.topic.Done())
	bert.client.Close() // what was handed on last counts once that is over
	if why := <-anew; why != room.ErrOtherEpoch {
		t.Errorf("it began anew because of %v", why)
	}
	if seen := again.all(); !slices.EqualFunc(seen, []string{"eins", "zwei"}, func(m room.Message, body string) bool { return string(m.Body) == body }) {
		t.Errorf("it was given %v", seen)
	}
	at, proof := topic.At()
	if theirs, proofOfTheirs := bert.topic.At(); at != theirs || *proof != *proofOfTheirs {
		t.Errorf("it is at %v with %v, the other one at %v with %v", at, proof, theirs, proofOfTheirs)
	}
}
