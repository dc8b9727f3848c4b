package transport

import "context"

// datagramsWaiting are at most so many of a session; what comes beyond is lost.
const datagramsWaiting = 16

// datagrams are those of a session that wait to be sent, at the server, where
// nobody else may wait for it.
type datagrams chan []byte

func (d datagrams) add(octets []byte) {
	select {
	case d <- octets:
	default: // lost
	}
}

// sendAll sends until the session is over. Sending waits for as long as the
// client's acknowledgments stay away, which the client decides on, so that only
// the end of the QUIC connection is sure to end it.
func (d datagrams) sendAll(on interface {
	SendDatagram(octets []byte) error
	Context() context.Context
}) {
	for {
		select {
		case octets := <-d:
			on.SendDatagram(octets) // or it is lost
		case <-on.Context().Done():
			return
		}
	}
}
