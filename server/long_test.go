package server_test

import (
	"flag"
	"os"
	"testing"
	"time"
)

// long has the tests that take their time take all of it:
//
//	go test ./server -run 'Stall|Endurance' -long -timeout 40m
var long = flag.Bool("long", false, "run long tests in full length")

// lasting is how long a test of some length goes on: its short form with
// -short, its whole with -long, and the usual one without either, which is
// longer in CI.
func lasting(short, usual, inCI, whole time.Duration) time.Duration {
	switch {
	case *long:
		return whole
	case testing.Short():
		return short
	case os.Getenv("CI") != "":
		return inCI
	}
	return usual
}

// fullSize tells whether tests of some size have all of it: in CI and with -long.
func fullSize() bool { return *long || os.Getenv("CI") != "" && !testing.Short() }
