package client

import (
	"cmp"
	"fmt"
	"strconv"

	"redroom/server/room"
	"redroom/server/wire"
)

// Post is a message to be posted.
type Post struct {
	ID   string    // the client id
	Kind room.Kind // "": text
	Ref  int64     // the seq that it replies to, edits or redacts; 0: none
	Body string
	// Epoch is that of the log in which Ref is. Where a Topic or an Outbox meets
	// another log, in which the same seq may be another message, the post fails
	// with ErrOutdated. "": not compared. A Channel has one log, and ignores it.
	Epoch string
}

// frame is POST n id [kind [ref]].
func (p Post) frame() []byte {
	fields := []string{p.ID}
	if p.Kind != "" || p.Ref != 0 {
		fields = append(fields, string(cmp.Or(p.Kind, room.Text)))
	}
	if p.Ref != 0 {
		fields = append(fields, fmt.Sprint(p.Ref))
	}
	return wire.AppendFrame(nil, wire.TypePost, []byte(p.Body), fields...)
}

// check refuses what would be no frame, and what the server is sure to refuse.
func (p Post) check() error {
	kind := cmp.Or(p.Kind, room.Text)
	switch {
	case !room.ValidClientID(p.ID):
		return room.Refuse(room.ErrUnprocessable, "A client id has 1 to 64 characters of visible ASCII.")
	case !kind.Postable():
		return room.Refuse(room.ErrUnprocessable, fmt.Sprintf("A message of kind %q can not be posted.", kind))
	case p.Ref < 0 || p.Ref > wire.MaxNumber:
		return room.Refuse(room.ErrUnprocessable, "The seq that a message speaks of is a positive number.")
	}
	return kind.ValidBody([]byte(p.Body))
}

// seq is that of ACK 0 id seq.
func (a answer) seq() (int64, error) {
	seq, err := strconv.ParseInt(a.field(1), 10, 64)
	if err != nil || seq < 1 {
		return 0, fmt.Errorf("the ACK has no seq, but %q", a.field(1))
	}
	return seq, nil
}
