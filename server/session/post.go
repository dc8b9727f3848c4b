package session

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"redroom/server/room"
	"redroom/server/wire"
)

// post handles POST n id [kind [ref]].
func (t *topicChannel) post(h *wire.Header) error {
	id := h.String(0)
	event, refusal := t.postEvent(h, id)
	if refusal != nil {
		return t.refuseFrame(h, refusal)
	}
	body, err := t.payload(h, room.MaxText)
	var tooLarge *room.Error
	if errors.As(err, &tooLarge) {
		return t.reply(errFrame(tooLarge, id))
	}
	if err != nil {
		return err
	}
	if len(body) == 0 || !utf8.Valid(body) {
		return t.reply(errFrame(room.Refuse(room.ErrUnprocessable, "A text is UTF-8 and not empty."), id))
	}
	event.Body = bytes.Clone(body)
	if !t.place() {
		return errEnded
	}
	err = t.s.server.Journal.Submit(t.s.ctx, event, func(o room.Outcome, err error) {
		t.answer(postAnswer(id, o, err))
	})
	if err != nil {
		t.answer(postAnswer(id, room.Outcome{}, err))
	}
	return nil
}

// postEvent is the event of a POST, without its body.
func (t *topicChannel) postEvent(h *wire.Header, id string) (ev room.MessagePosted, refusal *room.Error) {
	if !room.ValidClientID(id) {
		return ev, room.Refuse(room.ErrUnprocessable, fmt.Sprintf("A client id is 1 to %d of visible ASCII.", room.MaxClientID))
	}
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
	switch ev.Kind {
	case room.Text:
	case room.System:
		return ev, room.ErrSystemKind
	default:
		return ev, room.Refuse(room.ErrUnprocessable, "The kind of a message is text.")
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
