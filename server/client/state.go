package client

import "fmt"

// Phase is what a Client is at.
type Phase string

const (
	Connecting Phase = "connecting"
	Open       Phase = "open"
	Waiting    Phase = "waiting" // before the next try
	Ended      Phase = "ended"   // for good
)

// State is what a Client is at, and why.
type State struct {
	Phase Phase
	Via   string // while Open: the transport, "QUIC", "WebTransport" or "WebSocket"
	// Connection is, while Open by QUIC, the connection's id, as the server's log
	// has it; else "".
	Connection string
	User       string // while Open: whom one has signed in as
	// Err is why it is Waiting, or has Ended: room.ErrSessionEnded where nobody
	// is signed in any more, room.ErrDeactivated, ErrClosed.
	Err error
}

func (s State) String() string {
	switch {
	case s.Phase == Open:
		return fmt.Sprintf("%s by %s", s.Phase, s.Via)
	case s.Err != nil:
		return fmt.Sprintf("%s: %v", s.Phase, s.Err)
	}
	return string(s.Phase)
}
