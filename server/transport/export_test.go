package transport

import "time"

// What the tests look at beside what everybody may.
const (
	NextAddressAfter = nextAddressAfter
	MaxPeersNetwork  = maxPeersNetwork
	VerifyFrom       = verifyFrom
)

var (
	DialFirst = dialFirst
	InTurn    = inTurn

	NewQlogFile = newQlogFile
)

// Fill takes all places for files; free gives one back.
func (q *Qlog) Fill() (free func()) {
	for range maxQlogs {
		q.places <- struct{}{}
	}
	return func() { <-q.places }
}

// EchoLasting is an Echo whose connections last so long.
func EchoLasting(lasting time.Duration) *Echo {
	e := NewEcho()
	e.lasting = lasting
	return e
}
