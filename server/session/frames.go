package session

import (
	"fmt"
	"strconv"

	"redroom/server/room"
	"redroom/server/wire"
)

// known tells whether a client's frame of this type means anything here;
// others are skipped, which is how the protocol grows.
func known(typ string) bool {
	switch typ {
	case wire.TypeToken, wire.TypeUser, wire.TypePass, wire.TypeWatch, wire.TypePing, wire.TypePong,
		wire.TypeTyping, wire.TypeJoin, wire.TypePost, wire.TypeRead, wire.TypeHead,
		wire.TypeBind, wire.TypeQuery, wire.TypeLeave, wire.TypeTicket, wire.TypeCalc:
		return true
	}
	return false
}

// refOf is what answers call the frame by: the client id for POST, the topic
// for JOIN, else its type.
func refOf(h *wire.Header) string {
	if h.Type == wire.TypePost || h.Type == wire.TypeJoin {
		return h.String(0)
	}
	return h.Type
}

func noPayload(typ string) *room.Error {
	return room.Refuse(room.ErrTooLarge, tooLarge(typ, 0))
}

func tooLarge(typ string, limit int) string {
	if limit == 0 {
		return typ + " has no payload."
	}
	return fmt.Sprintf("The payload of %s has at most %d octets.", typ, limit)
}

// pong answers a PING with its cookie, if the answer has room for it.
func pong(h *wire.Header) []byte {
	if !h.Has(0) {
		return wire.AppendFrame(nil, wire.TypePong, nil)
	}
	return wire.AppendFrame(nil, wire.TypePong, nil, h.String(0))
}

// byeFrame is BYE n code [seconds] with the sentence.
func byeFrame(e *ending) []byte {
	fields := []string{strconv.Itoa(int(e.code))}
	if e.seconds > 0 {
		fields = append(fields, strconv.FormatInt(e.seconds, 10))
	}
	return wire.AppendFrame(nil, wire.TypeBye, []byte(e.sentence), fields...)
}
