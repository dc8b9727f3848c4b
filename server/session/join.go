package session

import (
	"fmt"

	"redroom/server/room"
	"redroom/server/wire"
)

// joined is what JOIN found out.
type joined struct {
	from  int64 // the first seq that the user may read
	start int64 // the cursor's place
	head  int64
	epoch string
	hash  room.Hash // at start
}

// join decides on JOIN 0 topic after [epoch hash]. Who loses the right meanwhile
// is told nothing else.
func (s *session) join(user string, h *wire.Header) (joined, error) {
	topic := h.String(0)
	j, err := s.place(user, topic, h)
	if _, ok := s.sees().ReadsFrom(user, topic); !ok {
		return joined{}, room.ErrNotFound
	}
	return j, err
}

// place is where a reader of the topic begins.
func (s *session) place(user, topic string, h *wire.Header) (joined, error) {
	store := s.server.Store
	from, ok := s.sees().ReadsFrom(user, topic)
	if !ok {
		return joined{}, room.ErrNotFound
	}
	after, ok := h.SignedNumber(1)
	if !ok || after < -room.MaxBack {
		return joined{}, room.Refuse(room.ErrUnprocessable, fmt.Sprintf("JOIN 0 topic after: after is a seq, or -1 to -%d for the last ones.", room.MaxBack))
	}
	head := store.Head(topic).Seq
	j := joined{from: from, head: head, epoch: store.Epoch()}
	if after < 0 {
		j.start = max(head+after, from-1)
	} else {
		j.start = max(after, from-1)
	}
	if after > head {
		return joined{}, room.ErrOtherEpoch
	}
	if h.Has(2) {
		if err := s.checkProof(h, topic, after); err != nil {
			return joined{}, err
		}
	}
	hash, err := store.HashAt(s.ctx, topic, j.start)
	if err != nil {
		return joined{}, fmt.Errorf("joining topic %s at %d: %w", topic, j.start, err)
	}
	j.hash = hash
	return j, nil
}

// checkProof compares the epoch and hash of a client that has messages.
func (s *session) checkProof(h *wire.Header, topic string, after int64) error {
	hash, ok := room.ParseHash(h.String(3))
	if !ok || after < 0 {
		return room.Refuse(room.ErrUnprocessable, "JOIN's epoch comes with the chain's hash at a seq.")
	}
	if h.String(2) != s.server.Store.Epoch() {
		return room.ErrOtherEpoch
	}
	ours, err := s.server.Store.HashAt(s.ctx, topic, after)
	if err != nil {
		return fmt.Errorf("comparing topic %s at %d: %w", topic, after, err)
	}
	if ours != hash {
		return room.ErrOtherEpoch
	}
	return nil
}
