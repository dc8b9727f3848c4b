package server_test

import (
	"os"
	"testing"

	"redroom/server/servertest"
)

// TestMain is also a program that a test kills, and those that flood.
//
// Tests that open pages, or wait for most of their time, run side by side after
// the others: they say t.Parallel. Those that measure, or count what the process
// holds, are alone.
func TestMain(m *testing.M) {
	if order := os.Getenv(programOrder); order != "" {
		os.Exit(runAsOrdered(order))
	}
	if orders := os.Getenv(floodOrders); orders != "" {
		os.Exit(runFlooder(flood, orders))
	}
	if orders := os.Getenv(guessOrders); orders != "" {
		os.Exit(runFlooder(guess, orders))
	}
	if orders := os.Getenv(peerOrders); orders != "" {
		os.Exit(runFlooder(runManyPeers, orders))
	}
	servertest.Main(m)
}
