package signin

import (
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"redroom/server/room"
)

// timing has the medians of a thousand tries compared, which needs a quiet machine:
//
//	go test ./server/signin -run TestTimeDoesNotTell -timing
var timing = flag.Bool("timing", false, "compare the times of failed sign-ins exactly")

const mostApart = 0.02 // of the time that an unknown user's takes

// TestTimeDoesNotTellWhoHasAnAccount tries wrong passwords in turns: of an unknown
// user, and of accounts of every kind. None takes another time than the first.
// Among other tests, on a machine that does other things, it fails if they are that
// far apart beyond doubt. With -timing the medians of a thousand may not be.
func TestTimeDoesNotTellWhoHasAnAccount(t *testing.T) {
	d := newDesk(t)
	d.line = newLine(1 << 10) // in which nobody rests
	d.add("passkeys", room.Member, "")
	_, s := d.open("passkeys")
	d.append(room.PasskeyAdded{Stamp: d.stamp(s, visitor), User: s.User, ID: []byte("a credential"), Label: "Key", Credential: []byte("{}")})
	d.add("codes", room.Member, goodPassword)
	_, s = d.open("codes")
	d.append(room.TOTPSet{Stamp: d.stamp(s, visitor), User: s.User, Sealed: d.sealer.seal(random(secretLength), forCodes(s.User)), Step: 1})
	d.add("gone", room.Member, goodPassword)
	d.deactivate("gone")
	names := []string{"nobody", "anna", "passkeys", "codes", "gone"}
	try := func(round int, name string) time.Duration {
		began := time.Now()
		_, _, err := d.SignIn(t.Context(), name, badPassword, "", room.Visitor{Address: netip.AddrFrom4([4]byte{198, 51, 100, byte(round)})})
		took := time.Since(began)
		if !errors.Is(err, room.ErrWrongSignIn) || errors.As(err, new(*room.NeedsCode)) {
			t.Fatalf("%s: %v", name, err)
		}
		return took
	}
	for range 5 {
		try(0, "nobody") // warms up
	}

	tries := 60
	if *timing {
		tries = 1000
	}
	took := make([][]time.Duration, len(names))
	for i := range tries {
		d.clock.pass(time.Hour) // after which nobody has failed too often
		for j := range names {
			n := (i + j) % len(names)
			took[n] = append(took[n], try(i, names[n]))
		}
	}
	for i, name := range names[1:] {
		off, least := apart(took[i+1], took[0])
		t.Logf("%s: %+.2f %% apart from an unknown user, %.2f %% without a doubt", name, 100*off, 100*least)
		if *timing {
			least = math.Abs(off)
		}
		if least > mostApart {
			t.Errorf("%s takes %v, an unknown user %v: %+.1f %%", name, median(took[i+1]), median(took[0]), 100*off)
		}
	}
}

// apart is by how much two medians differ, as a part of the second, and how much of
// that is beyond doubt: the median of the differences in each turn lies between
// those two of them, in order, that are 1.7 times the root of their number from the
// middle, whatever their distribution, but for one in a thousand times (that of
// how many lie below it is binomial).
func apart(of, from []time.Duration) (off, least float64) {
	differ := make([]time.Duration, len(of))
	for i := range of {
		differ[i] = of[i] - from[i]
	}
	slices.Sort(differ)
	within := max(0, len(differ)/2-int(math.Ceil(1.7*math.Sqrt(float64(len(differ))))))
	low, high := differ[within], differ[len(differ)-1-within]
	base := float64(median(from))
	return float64(median(of))/base - 1, max(0, float64(low), float64(-high)) / base
}

func median(of []time.Duration) time.Duration {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

// TestTimesThatAreApartAreTold is of the measure itself: on a machine that is much
// slower at times, times that are the same aren't apart, and a fifth is told.
func TestTimesThatAreApartAreTold(t *testing.T) {
	const turns, trials = 60, 1000
	chance := rand.New(rand.NewPCG(1, 2))
	took := func(more float64) time.Duration {
		took := 25 * (1 + more + 0.02*chance.NormFloat64())
		if chance.IntN(8) == 0 {
			took *= 1 + 3*chance.Float64()
		}
		return time.Duration(took * float64(time.Millisecond))
	}
	for _, c := range []struct {
		more        float64
		least, most int // of the trials
	}{{0, 0, 1}, {0.01, 0, 1}, {0.2, 980, trials}, {-0.2, 980, trials}} {
		told := 0
		for range trials {
			var of, from []time.Duration
			for range turns {
				of, from = append(of, took(c.more)), append(from, took(0))
			}
			if _, least := apart(of, from); least > mostApart {
				told++
			}
		}
		if told < c.least || told > c.most {
			t.Errorf("%+.0f %% are told in %d of %d trials", 100*c.more, told, trials)
		}
	}
}
