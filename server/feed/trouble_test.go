package feed

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestTroubleIsSaidOnceThenWhenItChangesAndIsOver(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "after" {
			return slog.Attr{}
		}
		return a
	}}))
	tr := trouble{log: log, begins: "begins", changes: "changes", ends: "ends", counts: "missed"}
	tr.over()
	for range 1000 {
		tr.is("a", errors.New("one"))
	}
	for range 2 {
		tr.is("b", errors.New("two"))
	}
	tr.over()
	tr.over()
	tr.is("b", errors.New("three"))
	want := `level=WARN msg=begins why=one
level=WARN msg=changes missed=1000 why=two
level=INFO msg=ends missed=1002
level=WARN msg=begins why=three
`
	if got := strings.ReplaceAll(said.String(), " \n", "\n"); got != want {
		t.Errorf("it said\n%swant\n%s", got, want)
	}
}
