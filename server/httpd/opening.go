package httpd

import (
	"context"
	"sync"

	"golang.org/x/sync/singleflight"

	"redroom/server/room"
)

// opening is that a sign-in has read a topic. One that was made strict later is
// opened again.
type opening struct {
	session, topic string
	strict         bool
}

// maxOpenings are remembered at least; what is forgotten is noted once more.
const maxOpenings = 1 << 15

// openings are those that were noted. The older half is forgotten when the newer
// one is full.
type openings struct {
	mu           sync.Mutex
	newer, older map[opening]struct{}

	underway singleflight.Group // of strict topics, by session and topic
}

func (o *openings) has(op opening) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.knows(op)
}

func (o *openings) knows(op opening) bool {
	_, newer := o.newer[op]
	_, older := o.older[op]
	return newer || older
}

// add is false if it was there.
func (o *openings) add(op opening) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.knows(op) {
		return false
	}
	if o.newer == nil || len(o.newer) >= maxOpenings {
		o.newer, o.older = make(map[opening]struct{}), o.newer
	}
	o.newer[op] = struct{}{}
	return true
}

// noteOpening has the audit trail know that a sign-in reads a topic, once. Of a
// strict one it fails unless the trail has it.
func (s *site) noteOpening(c *call, t *room.Topic) error {
	op := opening{session: c.session.ID, topic: t.ID, strict: t.Strict}
	// What is answered is in the trail, also if the sign-in ends at this moment.
	ev := room.Noted{Stamp: s.stampOf(c, c.user.Name), Action: room.ActionTopicOpened, Deal: t.Deal, Topic: t.ID}
	ev.Role = c.session.Role
	if !t.Strict {
		if s.openings.add(op) {
			s.Journal.Keep(ev)
		}
		return nil
	}
	_, err, _ := s.openings.underway.Do(op.session+" "+op.topic, func() (any, error) {
		if s.openings.has(op) {
			return nil, nil
		}
		// Others wait for it who have not gone.
		_, err := s.Journal.Append(context.WithoutCancel(c.ctx()), ev)
		if err == nil {
			s.openings.add(op)
		}
		return nil, err
	})
	return err
}
