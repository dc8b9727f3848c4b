package client

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

var (
	// ErrLost means that a session ended without a reason.
	ErrLost = errors.New("the session was lost")
	// ErrBroken means that a topic's messages are not what its chain says, or
	// not the next ones: the log was changed, or the server is wrong.
	ErrBroken = errors.New("the topic's chain is broken")
	// ErrOutdated, of code 412, means that a post speaks of a message of another
	// log: the store was restored, and the same seq may be another message.
	ErrOutdated = &room.Error{Code: 412, Text: "It speaks of a message of another log; the server's was restored."}
	// ErrUnknown, a room.ErrNotFound, means that a post was on its way, that its
	// answer never came, and that the topic can't be read any more: whether it
	// was accepted is not known. The same id is not accepted a second time.
	ErrUnknown = room.Refuse(room.ErrNotFound, "It may have been accepted; this topic can't be read any more.")
	// ErrClosed means that the Client, or the Topic, was closed.
	ErrClosed = errors.New("it was closed")

	errSilent = fmt.Errorf("%w: nothing is heard any more", ErrLost)
	errNoKey  = fmt.Errorf("%w: its key is not known any more", ErrLost)
)

// Bye is the server's reason for ending the session.
type Bye struct {
	Code     int
	Seconds  int64 // come back after so many; 0: not said
	Sentence string
}

func (b *Bye) Error() string {
	return fmt.Sprintf("the server ended the session: %d %s", b.Code, b.Sentence)
}

// Refused is a refusal of one thing that was asked for; its Reason says why.
type Refused struct {
	Reason *room.Error
	Ref    string // what was asked for: ERR's ref
	Detail string // for 429 and 503 the seconds to wait, for 409 on JOIN the epoch; ""
}

func (r *Refused) Error() string { return fmt.Sprintf("%d %s", r.Reason.Code, r.Reason.Text) }

// Unwrap is the Reason.
func (r *Refused) Unwrap() error { return r.Reason }

// refused is ERR n code ref [detail] as an error.
func refused(h *wire.Header, payload []byte) error {
	code, _ := h.Number(0)
	return &Refused{
		Reason: &room.Error{Code: int(code), Text: string(payload), Retry: code == 429 || code == 503},
		Ref:    h.String(1),
		Detail: h.String(2),
	}
}

// codeOf is the code that an error bears; 0: none.
func codeOf(err error) int {
	var bye *Bye
	var reason *room.Error
	switch {
	case errors.As(err, &bye):
		return bye.Code
	case errors.As(err, &reason):
		return reason.Code
	}
	return 0
}

// waitFor is how long an error says to wait before the next try.
func waitFor(err error) time.Duration {
	var bye *Bye
	var refusal *Refused
	seconds := int64(0)
	switch {
	case errors.As(err, &bye):
		seconds = bye.Seconds
	case errors.As(err, &refusal) && refusal.Reason.Retry:
		seconds, _ = strconv.ParseInt(refusal.Detail, 10, 64)
	}
	return time.Duration(min(max(seconds, 0), maxSeconds)) * time.Second
}

// maxSeconds is the longest wait that a server can ask for.
const maxSeconds = 24 * 60 * 60
