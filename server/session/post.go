package session

import (
	"bytes"
	"cmp"
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
	t.s.use()
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
	if over := t.s.load.Post(len(event.Body)); over != nil {
		if answer := t.overLimit(id, over); answer != nil {
			return t.reply(answer)
		}
	}
	return t.submit(event)
}

// overLimit answers a post that its user may not post now; nil: its id was
// taken before, so that it takes nothing. One that was sent before, and is not
// in the log yet, may be on its way there: 429 says no more than that it is not
// known to be taken.
func (t *topicChannel) overLimit(id string, over error) []byte {
	seq, _, err := t.s.server.Store.Posted(t.s.ctx, t.topic, t.user, id)
	switch {
	case err != nil:
		return postAnswer(id, room.Outcome{}, err)
	case seq > 0:
		return nil
	}
	return errFrame(room.AsError(over), id, number(secondsOf(over)))
}

// submit gives a post to the journal, beside few others of the same user.
func (t *topicChannel) submit(event room.MessagePosted) error {
	if !t.place() {
		return errEnded
	}
	done, err := t.s.load.Underway(t.s.ctx, len(event.Body))
	if err != nil {
		return errEnded
	}
	err = t.s.server.Journal.Submit(t.s.ctx, event, func(o room.Outcome, err error) {
		done()
		a := answer{octets: postAnswer(event.ID, o, err)}
		if err := cmp.Or(err, o.Err); isDenied(err) {
			a.after = func() error { t.s.tellDenied(wire.TypePost, t.topic, err); return nil }
		}
		t.answers <- a
	})
	if err != nil {
		done()
		t.answer(postAnswer(event.ID, room.Outcome{}, err))
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
		Stamp: t.s.stamp(),
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
