package calc_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"redroom/server/calc"
)

var (
	nines = strings.Repeat("9", 30)
	tiny  = "0." + strings.Repeat("0", 29) + "1"
)

func TestWhatIsCalculated(t *testing.T) {
	for request, want := range map[string]string{
		"+,1,1":                                  "2",
		"-,1,2":                                  "-1",
		"*,1250000,7.5":                          "9375000",
		"/,1,4":                                  "0.25",
		"+,-0,0":                                 "0",
		"*,-1,0.000":                             "0",
		"/,-0,5":                                 "0",
		"+,007,0.10":                             "7.1",
		"-,-1,-1":                                "0",
		"+,0.1,0.2":                              "0.3",
		"+,1.50,0":                               "1.5",
		"+,100,0":                                "100",
		"/,1,3":                                  "0." + strings.Repeat("3", 30),
		"/,2,3":                                  "0." + strings.Repeat("6", 29) + "7",
		"/,-2,3":                                 "-0." + strings.Repeat("6", 29) + "7",
		"/," + tiny + ",2":                       "0", // half a place goes to the even one
		"/,0." + strings.Repeat("0", 29) + "3,2": "0." + strings.Repeat("0", 29) + "2",
		"/,-" + tiny + ",2":                      "0",
		"/," + tiny + ",1.9":                     tiny,
		"/," + nines + "," + tiny:                nines + strings.Repeat("0", 30),
		"+," + nines + "," + tiny:                nines + tiny[1:],
		"*," + nines + "," + nines:               strings.Repeat("9", 29) + "8" + strings.Repeat("0", 29) + "1",
		"*," + tiny + "," + tiny:                 "0." + strings.Repeat("0", 59) + "1",
	} {
		if got, ok := calc.Evaluate([]byte(request)); !ok || got != want {
			t.Errorf("%s is %q, %v; want %q", request, got, ok, want)
		}
	}
}

func TestWhatIsNotCalculated(t *testing.T) {
	for _, request := range []string{
		"", " ", "+", "+,1", "+,1,", "+,,1", ",1,1", "+,1,1,1", "^,1,1", "%,1,1", "++,1,1", "+ ,1,1", "+,1, 1", "+,1,1 ", "+,1,1\n",
		"/,1,0", "/,0,0", "/,1,-0.000",
		"+,1e9,1", "+,1E9,1", "+,0x1,1", "+,+1,1", "+,--1,1", "+,-,1", "+,1_0,1", "+,1.,1", "+,.5,1", "+,1.2.3,1", "+,1,2,5",
		"+,NaN,1", "+,Infinity,1", "+,-Inf,1", "+,sNaN1,1", "+,١,1", "+,1,１",
		"+,9" + nines + ",1", "+,1,0.0" + strings.Repeat("0", 30), "+,1," + strings.Repeat("0", 31),
	} {
		if got, ok := calc.Evaluate([]byte(request)); ok {
			t.Errorf("%q is %q, want nothing", request, got)
		}
	}
}

// TestQuotientsAreRoundedOnce compares with fractions, of which none is rounded
// before the last step.
func TestQuotientsAreRoundedOnce(t *testing.T) {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil)
	for range 2000 {
		a, b := someNumber(), someNumber()
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		if y.Sign() == 0 {
			continue
		}
		exact := x.Quo(x, y)
		text, ok := calc.Evaluate([]byte("/," + a + "," + b))
		got, parsed := new(big.Rat).SetString(text)
		if !ok || !parsed {
			t.Fatalf("%s / %s is %q", a, b, text)
		}
		units := new(big.Rat).Mul(got, new(big.Rat).SetInt(scale))
		off := new(big.Rat).Sub(new(big.Rat).Mul(exact, new(big.Rat).SetInt(scale)), units)
		c := off.Abs(off).Cmp(big.NewRat(1, 2))
		if !units.IsInt() || c > 0 || c == 0 && units.Num().Bit(0) != 0 {
			t.Fatalf("%s / %s is %s, %s units of the last place beside it", a, b, text, off.FloatString(3))
		}
	}
}

func someNumber() string {
	digits := func() (d string) {
		for range 1 + rand.IntN(30) {
			d += fmt.Sprint(rand.IntN(10))
		}
		return d
	}
	return []string{"", "-"}[rand.IntN(2)] + digits() + []string{"", "." + digits()}[rand.IntN(2)]
}

func FuzzEvaluate(f *testing.F) {
	for _, request := range []string{"+,1,1", "/,1,0", "*,-1.5,2", "-," + nines + "," + tiny, "^,1,1", "+,1e9,1"} {
		f.Add([]byte(request))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		result, ok := calc.Evaluate(request)
		switch {
		case !ok:
			if result != "" {
				t.Errorf("%q has no result, and %q", request, result)
			}
		case len(result) > calc.MaxResult:
			t.Errorf("%q is %q, of %d octets", request, result, len(result))
		case result == "-0" || strings.Contains(result, ".") && strings.HasSuffix(result, "0") || strings.HasSuffix(result, "."):
			t.Errorf("%q is %q, which can be written shorter", request, result)
		}
	})
}
