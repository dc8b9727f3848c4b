package session

import (
	"errors"

	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// types tells the topic's other readers, if the user could post there.
func (s *session) types(topic string) {
	user := s.signedInAs()
	if user == "" || !s.load.Typing() {
		return
	}
	s.use()
	if s.sees().MayPost(user, topic) {
		s.server.Hub.Types(user, topic)
	}
}

// typing handles TYPING 0 topic, which has no answer.
func (k *control) typing(h *wire.Header) bool {
	k.s.types(h.String(0))
	return true
}

// tellTyping tells who types: by datagrams, or by what it gives to be written
// on the control channel where there are none.
func (s *session) tellTyping(v *view, dst []byte, typing map[room.Typing]struct{}) []byte {
	for t := range typing {
		if _, ok := v.state().ReadsFrom(v.user, t.Topic); !ok {
			continue
		}
		frame := wire.AppendFrame(nil, wire.TypeTyping, nil, t.Topic, t.User)
		if err := s.conn.SendDatagram(frame); errors.Is(err, transport.ErrNoDatagrams) {
			dst = v.say(dst, wire.TypeTyping, nil, func() {}, t.Topic, t.User)
		}
	}
	return dst
}
