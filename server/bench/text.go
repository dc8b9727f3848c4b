package bench

import (
	"strings"
	"time"
)

// A posting is one message of a load: its text says which one it is and when
// it was posted, and goes on with words until it has its size.
type posting struct {
	number int64         // of all of the run, from 1
	at     time.Duration // since the run began
}

// The two stand in a text as so many digits, with a space after each.
const (
	atDigits     = 16 // of nanoseconds: more than a hundred days
	numberDigits = 12
	stampLength  = atDigits + 1 + numberDigits + 1
)

var words = strings.Repeat("Words to make it as long as it was asked for. ", MaxSize/46+1)

// appendText adds the text of so many octets.
func (p posting) appendText(dst []byte, size int) []byte {
	dst = appendDigits(dst, int64(p.at), atDigits)
	dst = append(dst, ' ')
	dst = appendDigits(dst, p.number, numberDigits)
	dst = append(dst, ' ')
	return append(dst, words[:size-stampLength]...)
}

// parseText is the posting that a text was made of; false: it is none.
func parseText(text []byte, size int) (p posting, ok bool) {
	if len(text) != size || text[atDigits] != ' ' || text[stampLength-1] != ' ' {
		return posting{}, false
	}
	at, ok := parseDigits(text[:atDigits])
	number, ok2 := parseDigits(text[atDigits+1 : stampLength-1])
	return posting{number: number, at: time.Duration(at)}, ok && ok2
}

func appendDigits(dst []byte, n int64, digits int) []byte {
	start := len(dst)
	for range digits {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; i >= start; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

func parseDigits(digits []byte) (n int64, ok bool) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// fingerprint stands for a message: which one it is, at its seq. Sums of them
// tell whether two sets of messages are the same, in whatever order they were
// added (the mixing is that of SplitMix64).
func fingerprint(seq, number int64) uint64 {
	x := uint64(seq)*0x9e3779b97f4a7c15 ^ uint64(number)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
