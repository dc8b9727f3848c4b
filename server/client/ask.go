package client

import (
	"bytes"
	"context"

	"redroom/server/wire"
)

// answer is what came of a request.
type answer struct {
	fields  []string
	payload []byte
	epoch   string // of the log, where a post was answered
	err     error
}

func (a answer) field(i int) string {
	if i >= len(a.fields) {
		return ""
	}
	return a.fields[i]
}

// question is a request on the control channel that isn't answered yet.
type question struct {
	answered chan struct{} // closed when it is
	answer   answer        // then
}

// ask says a frame on the control channel and waits for its answer, which bears
// the frame's type. There is one question of a type at a time: the next one waits
// for the answer to the one before, even where nobody waits for it any more.
func (s *Session) ask(ctx context.Context, typ string, fields ...string) (answer, error) {
	q, err := s.begin(ctx, typ, typ, fields...)
	if err != nil {
		return answer{}, err
	}
	a, err := s.wait(ctx, q)
	if err != nil {
		return answer{}, err
	}
	return a, a.err
}

// begin is ask without waiting for the answer, which bears ref.
func (s *Session) begin(ctx context.Context, ref, typ string, fields ...string) (*question, error) {
	q := &question{answered: make(chan struct{})}
	for before := s.queue(ref, q); before != nil; before = s.queue(ref, q) {
		if _, err := s.wait(ctx, before); err != nil {
			return nil, err
		}
	}
	select {
	case s.say <- wire.AppendFrame(nil, typ, nil, fields...):
		return q, nil
	case <-s.ctx.Done():
		return nil, s.Err()
	case <-ctx.Done():
		s.answered(ref, answer{err: ctx.Err()}) // it wasn't said
		return nil, ctx.Err()
	}
}

// queue makes q the question whose answer bears ref, unless there is one before it.
func (s *Session) queue(ref string, q *question) (before *question) {
	s.asking.Lock()
	defer s.asking.Unlock()
	if before = s.asked[ref]; before == nil {
		s.asked[ref] = q
	}
	return before
}

// wait waits for the answer to a question.
func (s *Session) wait(ctx context.Context, q *question) (answer, error) {
	select {
	case <-q.answered:
		return q.answer, nil
	case <-s.ctx.Done():
		select {
		case <-q.answered: // before the end
			return q.answer, nil
		default:
			return answer{}, s.Err()
		}
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// answered gives an answer to who has asked for it; to what nobody asked there is
// none to be had.
func (s *Session) answered(ref string, a answer) {
	s.asking.Lock()
	defer s.asking.Unlock()
	if q := s.asked[ref]; q != nil {
		delete(s.asked, ref)
		q.answer = a
		close(q.answered)
	}
}

// takeAnswer takes ACK ref …, RESULT code ref, and ERR code ref.
func (s *Session) takeAnswer(h *wire.Header, payload []byte) {
	switch h.Type {
	case wire.TypeAck:
		s.answered(h.String(0), answer{fields: fields(h)})
	case wire.TypeResult:
		s.answered(h.String(1), answer{fields: fields(h), payload: bytes.Clone(payload)})
	case wire.TypeErr:
		s.answered(h.String(1), answer{err: refused(h, payload)})
	}
}
