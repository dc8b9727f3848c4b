package server_test

import (
	"os"
	"testing"

	"redroom/server/servertest"
)

// TestMain is also a program that a test kills, and one that floods.
func TestMain(m *testing.M) {
	if order := os.Getenv(programOrder); order != "" {
		os.Exit(runAsOrdered(order))
	}
	if orders := os.Getenv(floodOrders); orders != "" {
		os.Exit(runFlooder(orders))
	}
	servertest.Main(m)
}
