package main_test

import "testing"

func TestAnErrorsLineIsFitForATerminal(t *testing.T) {
	redroom(t, "", nil, "verify", "room\x1b[2J\n\u202e.backup").expectOneLine(t, 1, "room␛[2J; \ufffd.backup")
}
