package main_test

import (
	"strings"
	"testing"

	"redroom/server/servertest"
)

// TestKeysThatCanNotBeWrittenAreNotPassedOver has whoever wants to see the keys not
// wait for them in vain.
func TestKeysThatCanNotBeWrittenAreNotPassedOver(t *testing.T) {
	environment := []string{"SSLKEYLOGFILE=" + t.TempDir()}
	redroom(t, "", environment, "serve", "--http", "localhost:0", "--addr", "localhost:0").expectOneLine(t, 1, "SSLKEYLOGFILE", "is a directory")
	redroom(t, servertest.Password, environment, "signin", "anna", "--server", "localhost:1", "--pin", strings.Repeat("0", 64)).expectOneLine(t, 1, "SSLKEYLOGFILE", "is a directory")
}
