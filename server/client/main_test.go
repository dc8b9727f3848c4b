package client_test

import (
	"os"
	"testing"

	"redroom/server/servertest"
)

// TestMain is also the process that a test kills.
func TestMain(m *testing.M) {
	if order := os.Getenv(postingOrder); order != "" {
		postAsOrdered(order)
		return
	}
	servertest.Main(m)
}
