package session

import (
	"math/rand/v2"

	"redroom/server/calc"
	"redroom/server/room"
	"redroom/server/wire"
)

var errCalcID = room.Refuse(room.ErrUnprocessable, "CALC 0 id op,number,number: the id is 1 to 64 of visible ASCII.")

// calc handles CALC 0 id op,number,number on the control channel.
func (k *control) calc(h *wire.Header) bool {
	k.s.use()
	if !room.ValidClientID(h.String(0)) {
		return k.reply(errFrame(errCalcID, h.Type))
	}
	return k.reply(calculated(h))
}

// calcByDatagram handles CALC in a datagram, unless it is to be lost. So is the
// answer: it always fits into a datagram, whose 1,100 octets and more are thrice
// what an id and a result take.
func (s *session) calcByDatagram(h *wire.Header) {
	if rand.Float64() < s.server.CalcLoss || !room.ValidClientID(h.String(0)) {
		return
	}
	s.use()
	s.conn.SendDatagram(calculated(h)) // that it may fail is what it is for
}

// calculated is RESULT n 200 id with the result, or RESULT 2 300 id with -1.
func calculated(h *wire.Header) []byte {
	id := h.String(0)
	result, ok := calc.Evaluate(h.Field(1))
	if !ok {
		return wire.AppendFrame(nil, wire.TypeResult, []byte("-1"), "300", id)
	}
	return wire.AppendFrame(nil, wire.TypeResult, []byte(result), "200", id)
}
