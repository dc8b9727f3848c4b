package session

import (
	"context"
	"time"

	"redroom/server/room"
)

const readEvery = 2 * time.Second // a read mark at most so often

// marks sends the channel's read marks, at most one in readEvery. It is the
// writer's.
type marks struct {
	t     *topicChannel
	timer *time.Timer
	seq   int64 // to be sent; 0: nothing
	sent  time.Time
}

func (m *marks) note(seq int64) {
	m.seq = max(m.seq, seq)
	if wait := time.Until(m.sent.Add(readEvery)); wait > 0 {
		m.timer.Reset(wait)
		return
	}
	m.flush()
}

// flush sends what there is; the reader's last word counts too.
func (m *marks) flush() {
	select {
	case seq := <-m.t.read:
		m.seq = max(m.seq, seq)
	default:
	}
	if m.seq == 0 {
		return
	}
	ev := room.TopicRead{Stamp: m.t.s.stamp(), Topic: m.t.topic, Seq: m.seq}
	m.seq, m.sent = 0, time.Now()
	// The last mark outlives the session; one that is refused is read again.
	m.t.s.server.Journal.Submit(context.WithoutCancel(m.t.s.ctx), ev, func(room.Outcome, error) {})
}
