package servertest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Rand is chance that can be had again: the test logs its seed, and
// REDROOM_SEED gives it back.
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("REDROOM_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("REDROOM_SEED=%q is not a number: %v", given, err)
		}
	}
	t.Logf("to have the same again: REDROOM_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
