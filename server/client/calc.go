package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

// Calculated is the server's answer to CALC: the code 200 and a number, or 300
// and -1.
type Calculated struct {
	Code   int    `json:"code"`
	Result string `json:"result"`
}

var (
	// ErrNoAnswer means that a request was sent, and no answer came in time.
	ErrNoAnswer = errors.New("no answer came in time")

	errNoField = fmt.Errorf("it can't be sent: a request is UTF-8 without control characters, such as ends of lines, in a header of %d octets at most", wire.MaxHeader)
)

// Calculate asks the server for op,number,number, such as +,1,1, which the server
// alone looks at. The answer is waited for from when it was said, for so long, or
// it is an ErrNoAnswer; 0: as long as ctx lasts.
func (s *Session) Calculate(ctx context.Context, request string, timeout time.Duration) (Calculated, error) {
	id, _, err := calc(request)
	if err != nil {
		return Calculated{}, fmt.Errorf("calculating: %w", err)
	}
	q, err := s.begin(ctx, id, wire.TypeCalc, id, request)
	if err != nil {
		return Calculated{}, fmt.Errorf("calculating: %w", err)
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, ErrNoAnswer)
		defer cancel()
	}
	a, err := s.wait(ctx, q)
	if errors.Is(context.Cause(ctx), ErrNoAnswer) && err != nil {
		return Calculated{}, ErrNoAnswer
	}
	if err = errors.Join(err, a.err); err != nil {
		return Calculated{}, fmt.Errorf("calculating: %w", err)
	}
	return calculated(a.field(0), a.payload)
}

// CalculateByDatagram is Calculate where request and answer may be lost: it is sent
// again after each of the timeouts, and is an ErrNoAnswer after the last one. The
// answer to an earlier try is as good. There may be one at a time.
func (s *Session) CalculateByDatagram(ctx context.Context, request string, timeouts iter.Seq[time.Duration]) (Calculated, error) {
	id, frame, err := calc(request)
	if err != nil {
		return Calculated{}, fmt.Errorf("calculating: %w", err)
	}
	for timeout := range timeouts {
		if err := s.conn.SendDatagram(frame); err != nil {
			return Calculated{}, fmt.Errorf("calculating: %w", err)
		}
		c, err := s.hearCalculated(ctx, id, timeout)
		if !errors.Is(err, ErrNoAnswer) {
			return c, err
		}
	}
	return Calculated{}, ErrNoAnswer
}

// hearCalculated waits for the answer that bears id among all that comes.
func (s *Session) hearCalculated(ctx context.Context, id string, timeout time.Duration) (Calculated, error) {
	soon, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		octets, err := s.conn.ReceiveDatagram(soon)
		switch {
		case err != nil && s.Err() != nil:
			return Calculated{}, fmt.Errorf("calculating: %w", s.Err())
		case err != nil && soon.Err() != nil && ctx.Err() == nil:
			return Calculated{}, ErrNoAnswer
		case err != nil:
			return Calculated{}, fmt.Errorf("calculating: %w", err)
		}
		h, payload, err := wire.ParseFrame(octets)
		if err == nil && h.Type == wire.TypeResult && h.String(1) == id {
			return calculated(h.String(0), payload)
		}
	}
}

// Doubling are timeouts of which each is twice the one before, up to a ceiling,
// which is the last one and not less than the first one.
func Doubling(first, ceiling time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for t := first; yield(t) && t < ceiling; {
			if t > ceiling/2 {
				t = ceiling
			} else {
				t *= 2
			}
		}
	}
}

// calc is a request's frame with a new id.
func calc(request string) (id string, frame []byte, err error) {
	id = room.NewClientID(time.Now())
	frame = wire.AppendFrame(nil, wire.TypeCalc, nil, id, request)
	if !wire.ValidField(request) || len(frame) > wire.MaxHeader {
		return "", nil, errNoField
	}
	return id, frame, nil
}

// calculated is what RESULT says.
func calculated(code string, payload []byte) (Calculated, error) {
	c := Calculated{Result: string(payload)}
	switch code {
	case "200":
		c.Code = 200
	case "300":
		c.Code = 300
	default:
		return Calculated{}, errors.New("calculating: the answer makes no sense")
	}
	return c, nil
}

// Calculate is a Session's, on the one that is open.
func (c *Client) Calculate(ctx context.Context, request string) (Calculated, error) {
	s, err := c.inTime(ctx)
	if err != nil {
		return Calculated{}, fmt.Errorf("calculating: %w", err)
	}
	return s.Calculate(ctx, request, 0)
}
