package transport

// What the tests look at beside what everybody may.
const (
	NextAddressAfter = nextAddressAfter
	MaxPeersNetwork  = maxPeersNetwork
)

var (
	DialFirst = dialFirst
	InTurn    = inTurn

	NewQlogFile = newQlogFile
)
