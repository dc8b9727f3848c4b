package session

import (
	"fmt"
	"net/netip"
	"sync"

	"redroom/server/room"
)

// opening is whether the audit trail knows that the session has opened a topic.
type opening struct {
	mu    sync.Mutex // held while it is being told, where that is waited for
	noted bool
}

// noteOpening tells the audit trail that the session opens a topic, the first
// time. It fails where the topic is strict and the trail can't be written; the
// row may still come to be then, as with any event of which nothing is known.
func (s *session) noteOpening(topic string) error {
	t := s.sees().Topic(topic)
	if t == nil {
		return room.ErrNotFound
	}
	s.mu.Lock()
	o := s.openings[topic]
	if o == nil {
		o = new(opening)
		s.openings[topic] = o
	}
	s.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.noted {
		return nil
	}
	ev := room.Noted{
		Stamp:  s.stamp(),
		Action: room.ActionTopicOpened,
		Deal:   t.Deal,
		Topic:  topic,
	}
	ev.Address = address(s.conn.Remote())
	if !t.Strict {
		s.server.Journal.Keep(ev)
	} else if _, err := s.server.Journal.Append(s.ctx, ev); err != nil {
		return fmt.Errorf("noting that topic %s is opened: %w", topic, err)
	}
	o.noted = true
	return nil
}

// address is what the trail has of where a session comes from.
func address(from netip.AddrPort) string {
	if !from.IsValid() {
		return ""
	}
	return from.Addr().Unmap().WithZone("").String()
}
