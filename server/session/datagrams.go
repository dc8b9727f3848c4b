package session

import (
	"time"

	"redroom/server/wire"
)

// readDatagrams handles what may be lost: TYPING and CALC. Whatever else comes so,
// or comes before the sign-in, is dropped.
func (s *session) readDatagrams() {
	for {
		octets, err := s.conn.ReceiveDatagram(s.ctx)
		if err != nil {
			return // there are none, or no more
		}
		s.heard.Store(time.Now().UnixNano())
		if s.spend(s.ctx, 1, 0, patience) != nil {
			return
		}
		h, payload, err := wire.ParseFrame(octets)
		if err != nil || len(payload) > 0 || s.signedInAs() == "" {
			continue
		}
		switch h.Type {
		case wire.TypeTyping:
			s.types(h.String(0))
		case wire.TypeCalc:
			s.calcByDatagram(h)
		}
	}
}
