package peer

// What the tests look at beside what everybody may.
const (
	MaxStrangersNetwork = maxStrangersNetwork
	MaxOfName           = maxOfName
)
