package server_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// What a flood may cost the others: so many times their p99 without it. Below
// the floor, what is compared is how the machine schedules its processes.
const (
	mostSlowed  = 1.5
	attempts    = 3 // since a machine that does other things, too, is never quicker by it
	slowedFloor = 10 * time.Millisecond
)

// TestAFlooderSlowsOnlyHimself has some people talk, each at a steady pace, and
// measures how long it takes from when a post was due until another's session
// has it: in turns with nobody else there, and with a user who sends, by several
// sessions, whatever there is to be sent as fast as the line allows: short posts
// and long ones, in their topic too, payloads that are refused, PINGs, READs,
// HEADs, TYPINGs and JOINs.
func TestAFlooderSlowsOnlyHimself(t *testing.T) {
	rounds, each := 3, 2*time.Second
	if *long {
		rounds, each = 5, 3*time.Second
	}
	h := newHouse(t)
	talk := newTalk(t, h)
	fred := h.Join(t, h.anna, "fred", "member", h.deal)
	topics := []string{h.topic}
	for i := range 6 {
		topics = append(topics, h.anna.Topic(t, h.deal, fmt.Sprintf("Flood %d", i), 10+i))
	}
	f := startFlooder(t, h.Room, fred, 3, topics...)
	talk.listen(t, each) // warms up

	for attempt := 1; ; attempt++ {
		calm, rough := talk.compare(t, f, rounds, each)
		t.Logf("p99 of the others: %v without him, %v with him (medians of %v and %v)", median(calm), median(rough), rounded(calm), rounded(rough))
		most := max(slowedFloor, time.Duration(mostSlowed*float64(median(calm))))
		if median(rough) <= most {
			break
		}
		if attempt == attempts {
			t.Errorf("with a flooder the others' p99 is %v, want at most %v", median(rough), most)
			break
		}
	}
	var met flooded
	f.end(t, &met)
	t.Logf("he sent %d MiB, %d were acknowledged, refused were %v", met.Sent>>20, met.Acked, met.Refused)
	if met.Refused["429"] == 0 || met.Acked == 0 {
		t.Errorf("the flooder has met %+v, want some posts acknowledged and others refused with 429", met)
	}
	if met.Lost != "" {
		t.Errorf("the flooder's session was lost: %s", met.Lost)
	}
}

// compare listens without a flood and with it, in turns.
func (k *talk) compare(t *testing.T, f *flooder, rounds int, each time.Duration) (calm, rough []time.Duration) {
	t.Helper()
	for range rounds {
		calm = append(calm, k.listen(t, each))
		f.flood(t, true)
		rough = append(rough, k.listen(t, each))
		f.flood(t, false)
		k.listen(t, time.Second) // what was on its way
	}
	return calm, rough
}

// talk is among people each of whom hears the others.
type talk struct {
	writers []*client.Channel

	mu    sync.Mutex
	due   map[string]time.Time // by text
	took  []time.Duration
	acked []time.Duration // from a post to its ACK, of when they talked last
	all   chan struct{}   // closed when everything was heard; nil: nobody waits for it
}

const (
	talkers = 3
	talkGap = 40 * time.Millisecond // between two posts of one of them
)

func newTalk(t *testing.T, h *house) *talk {
	t.Helper()
	k := &talk{due: make(map[string]time.Time)}
	for i := range talkers {
		as := h.Join(t, h.anna, fmt.Sprintf("talker%d", i), "member", h.deal)
		k.writers = append(k.writers, join(t, h.Connect(t, as), h.topic, -1, nil))
		join(t, h.Connect(t, as), h.topic, -1, k.heard)
	}
	return k
}

func (k *talk) heard(m room.Message) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if due, ok := k.due[string(m.Body)]; ok {
		k.took = append(k.took, now.Sub(due))
		k.look()
	}
}

// listen has them talk for a while, and gives the 99th of a hundred latencies.
func (k *talk) listen(t *testing.T, d time.Duration) time.Duration {
	t.Helper()
	k.acked = nil
	began := time.Now()
	var talking sync.WaitGroup
	for i, w := range k.writers {
		offset := time.Duration(i) * talkGap / talkers
		talking.Go(func() {
			for n := 0; time.Duration(n)*talkGap < d; n++ {
				due := began.Add(offset + time.Duration(n)*talkGap)
				time.Sleep(time.Until(due))
				k.say(t, w, fmt.Sprintf("talk-%d", clientIDs.Add(1)), due)
			}
		})
	}
	talking.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return p99(k.collect(t))
}

func p99(of []time.Duration) time.Duration {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)*99/100]
}

func (k *talk) say(t *testing.T, w *client.Channel, text string, due time.Time) {
	k.mu.Lock()
	k.due[text] = due
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	began := time.Now()
	if _, err := w.Post(ctx, text, text, 0); err != nil {
		t.Errorf("one who talks slowly was refused: %v", err)
	}
	took := time.Since(began)
	k.mu.Lock()
	k.acked = append(k.acked, took)
	k.mu.Unlock()
}

// collect gives the latencies when all have heard everything.
func (k *talk) collect(t *testing.T) []time.Duration {
	t.Helper()
	k.mu.Lock()
	k.all = make(chan struct{})
	k.look()
	all := k.all
	k.mu.Unlock()
	select {
	case <-all:
	case <-time.After(servertest.Patience):
		t.Fatal("not all have heard what was said")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	took := k.took
	k.due, k.took, k.all = make(map[string]time.Time), nil, nil
	return took
}

// look tells collect when everything was heard.
func (k *talk) look() {
	if k.all != nil && len(k.took) == len(k.due)*talkers {
		close(k.all)
	}
}
