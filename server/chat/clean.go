package chat

import (
	"strings"

	"redroom/server/terminal"
)

// text is what came from elsewhere as it may be shown, with its lines.
func text(s string) string { return terminal.CleanText(s) }

// line is text on one line.
func line(s string) string { return terminal.Clean(strings.Join(strings.Fields(s), " ")) }
