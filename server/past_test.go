package server_test

import (
	"fmt"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/store"
)

// past is a data directory with a topic that much was said in before.
type past struct {
	data        string
	deal, topic string
	length      int64    // messages
	pace        int64    // ms from one to the next, which lead up to now; 0: all of them are just now
	read        int64    // up to where the users have read
	users       []string // the deal's members; anna, its admin, wrote the past
}

// newPast makes one through a server and, for the messages, its store: the
// journal's own batches, without the network.
func newPast(t *testing.T, length int, users ...string) *past {
	t.Helper()
	p := &past{data: t.TempDir(), length: int64(length), users: users}
	p.make(t)
	return p
}

// newLongPast is newPast with so much time between its messages, and users who
// have read up to one of them.
func newLongPast(t *testing.T, length, read int, pace time.Duration, users ...string) *past {
	t.Helper()
	p := &past{data: t.TempDir(), length: int64(length), read: int64(read), pace: pace.Milliseconds(), users: users}
	p.make(t)
	return p
}

func (p *past) make(t *testing.T) {
	t.Helper()
	c := servertest.Config(t)
	c.Data = p.data
	r, stop := servertest.StartWith(t, c)
	anna := r.Admin(t)
	p.deal = anna.Deal(t, "Annals", "all")
	p.topic = anna.Topic(t, p.deal, "Long ago", 1)
	for _, name := range p.users {
		r.Join(t, anna, name, "member", p.deal)
	}
	stop()
	p.write(t)
}

func (p *past) write(t *testing.T) {
	t.Helper()
	s, err := store.Open(t.Context(), p.data)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const together = 512
	now := time.Now().UnixMilli()
	batch := make([]room.Event, 0, together)
	for seq := int64(1); seq <= p.length; seq++ {
		batch = append(batch, room.MessagePosted{
			Stamp: room.Stamp{At: p.at(now, seq), By: "anna"},
			Topic: p.topic,
			ID:    fmt.Sprintf("past-%d", seq),
			Kind:  room.Text,
			Salt:  room.NewSalt(),
			Body:  []byte(pastText(seq)),
		})
		if len(batch) < together && seq < p.length {
			continue
		}
		outcomes, err := s.Commit(t.Context(), batch, s.Position()+int64(len(batch)))
		if err != nil {
			t.Fatal(err)
		}
		if last := outcomes[len(outcomes)-1]; last.Err != nil || last.Seq != seq {
			t.Fatalf("message %d of the past became %d: %v", seq, last.Seq, last.Err)
		}
		batch = batch[:0]
	}
	for _, name := range p.users {
		if p.read > 0 {
			batch = append(batch, room.TopicRead{Stamp: room.Stamp{At: now, By: name}, Topic: p.topic, Seq: p.read})
		}
	}
	if _, err := s.Commit(t.Context(), batch, s.Position()+int64(len(batch))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// at is when a message was posted.
func (p *past) at(now, seq int64) int64 {
	if p.pace == 0 {
		return now + seq
	}
	return now - (p.length-seq)*p.pace
}

// pastText is what the past's message says: some words, 70 to 130 octets.
func pastText(seq int64) string {
	return fmt.Sprintf("Nr. %d: Das war einmal, und weil sie nicht gestorben sind, so lesen sie noch heute.%.*s", seq, seq%60, "Grüße von der Terrasse, und auch vom Dach; bis bald, eure Anna.")
}
