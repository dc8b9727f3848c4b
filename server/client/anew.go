package client

import (
	"errors"

	"redroom/server/room"
)

// anew means that what is held is to be forgotten.
type anew struct{ why error }

func (a anew) Error() string { return a.why.Error() }

// resume compares where the channel begins with what is held.
func (t *Topic) resume(c *Channel) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.epoch == "":
		t.first, t.at = c.at.Seq, c.at
	case c.From-1 > t.first:
		return anew{room.ErrNotFound}
	case c.at != t.at:
		return anew{ErrBroken}
	}
	t.epoch = c.Epoch
	return nil
}

// forget begins anew.
func (t *Topic) forget(why error) {
	t.mu.Lock()
	t.epoch, t.at = "", room.Head{}
	t.mu.Unlock()
	t.reading.After = min(t.reading.After, 0)
	if t.reading.Anew != nil {
		t.reading.Anew(why)
	}
}

// otherLog is what a 409 means: under another epoch the store was restored,
// under the same its history was changed.
func (t *Topic) otherLog(err error) error {
	var refusal *Refused
	if errors.As(err, &refusal) && refusal.Detail == t.epoch && t.epoch != "" {
		return ErrBroken
	}
	return room.ErrOtherEpoch
}
