package session

import (
	"bytes"
	"errors"
	"fmt"

	"redroom/server/room"
	"redroom/server/wire"
)

// post handles POST n id [kind [ref]].
func (t *topicChannel) post(h *wire.Header) error {
	id := h.String(0)
	if !room.ValidClientID(id) {
		return t.refuseFrame(h, room.Refuse(room.ErrUnprocessable, fmt.Sprintf("A client id is 1 to %d of visible ASCII.", room.MaxClientID)))
	}
	event, refusal := t.postEvent(h, id)
	if refusal == nil {
		body, err := t.payload(h, event.Kind.Limit())
		if err == nil {
			err = event.Kind.ValidBody(body)
		}
		if err != nil && !errors.As(err, &refusal) {
			return err
		}
		event.Body = bytes.Clone(body)
	}
	if refusal != nil {
		return t.reply(t.refusedPost(id, refusal))
	}
	if !t.place() {
		return errEnded
	}
	err := t.s.server.Journal.Submit(t.s.ctx, event, func(o room.Outcome, err error) {
		t.answer(postAnswer(id, o, err))
	})
	if err != nil {
		t.answer(postAnswer(id, room.Outcome{}, err))
	}
	return nil
}

// refusedPost answers a post that can't be taken as it is. Its id is looked up
// all the same: one that was taken stands for what was taken.
func (t *topicChannel) refusedPost(id string, refusal *room.Error) []byte {
	seq, redacted, err := t.s.server.Store.Posted(t.s.ctx, t.topic, t.user, id)
	switch {
	case err != nil:
		return postAnswer(id, room.Outcome{}, err)
	case redacted:
		return postAnswer(id, room.Outcome{Seq: seq}, nil)
	case seq > 0:
		return errFrame(room.ErrIDTaken, id)
	}
	return errFrame(refusal, id)
}

// postEvent is the event of a POST, without its body.
func (t *topicChannel) postEvent(h *wire.Header, id string) (ev room.MessagePosted, refusal *room.Error) {
	ev = room.MessagePosted{
		Stamp: room.Stamp{At: now(), By: t.user},
		Topic: t.topic,
		ID:    id,
		Kind:  room.Text,
		Salt:  room.NewSalt(),
	}
	if kind := room.Kind(h.String(1)); kind != "" {
		ev.Kind = kind
	}
	switch {
	case ev.Kind == room.System:
		return ev, room.ErrSystemKind
	case !ev.Kind.Postable():
		return ev, room.Refuse(room.ErrUnprocessable, "The kind of a message is text, report, edit or redact.")
	}
	if len(h.Field(2)) > 0 {
		ref, ok := h.Number(2)
		if !ok || ref == 0 {
			return ev, room.Refuse(room.ErrUnprocessable, "ref is the seq of a message, or -.")
		}
		ev.Ref = ref
	}
	return ev, nil
}

// postAnswer is the ACK or ERR of one post.
func postAnswer(id string, o room.Outcome, err error) []byte {
	if err == nil {
		err = o.Err
	}
	if err != nil {
		refusal := room.AsError(err)
		if refusal.Code == 503 {
			return errFrame(refusal, id, "1")
		}
		return errFrame(refusal, id)
	}
	return ackFrame(id, number(o.Seq))
}
