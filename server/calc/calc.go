// Package calc evaluates what CALC asks for: one operation on two decimal
// numbers (PROTOCOL.md section 3).
//
// What is asked for is a stranger's words: its numbers are bounded before anything is
// computed, so that an answer takes microseconds, and at most MaxResult octets.
// [Evaluate] keeps nothing, waits for nothing, and may be called by many at once.
package calc

import (
	"regexp"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

const (
	// MaxResult are the octets that a result has at most: those of a product.
	MaxResult = len("-.") + 60 + 60

	places = 30 // of a quotient
)

var requests = regexp.MustCompile(`^([-+*/]),(-?[0-9]{1,30}(?:\.[0-9]{1,30})?),(-?[0-9]{1,30}(?:\.[0-9]{1,30})?)$`)

// The exponents, which are never reached, and the traps are what apd wants to have.
var (
	exact = apd.Context{MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Traps: apd.DefaultTraps}
	// wide is so precise that a quotient which is rounded to places afterwards is as
	// if it were rounded once: one that isn't in the middle of two numbers with so
	// many places lies 10^-91 beside it at least, since its divisor has at most 60
	// digits; and at most 60 are before its point.
	wide = apd.Context{Precision: 200, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Traps: apd.DefaultTraps, Rounding: apd.RoundHalfEven}
)

// Evaluate gives the result of op,number,number; ok is false for whatever else it
// is, and where there is no result. Sums, differences and products are exact;
// quotients are rounded half-even to 30 places.
func Evaluate(request []byte) (result string, ok bool) {
	parts := requests.FindSubmatch(request)
	if parts == nil {
		return "", false
	}
	a, _, err := apd.NewFromString(string(parts[2]))
	if err != nil {
		return "", false
	}
	b, _, err := apd.NewFromString(string(parts[3]))
	if err != nil {
		return "", false
	}
	r := new(apd.Decimal)
	switch parts[1][0] {
	case '+':
		_, err = exact.Add(r, a, b)
	case '-':
		_, err = exact.Sub(r, a, b)
	case '*':
		_, err = exact.Mul(r, a, b)
	case '/':
		err = divide(r, a, b)
	}
	if err != nil {
		return "", false
	}
	return plain(r), true
}

func divide(r, a, b *apd.Decimal) error {
	quotient := new(apd.Decimal)
	if _, err := wide.Quo(quotient, a, b); err != nil { // as by zero
		return err
	}
	_, err := wide.Quantize(r, quotient, -places)
	return err
}

// plain writes a number without trailing zeros, and 0 without a sign.
func plain(r *apd.Decimal) string {
	if r.IsZero() {
		return "0"
	}
	text := r.Text('f')
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
