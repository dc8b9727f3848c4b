package feed

import (
	"fmt"
	"log/slog"
	"testing"

	"redroom/server/client"
	"redroom/server/room"
)

// TestASignInThatIsRefusedAgainAndAgainHasEnded tells a token that the server has
// forgotten in a restart from one that was revoked.
func TestASignInThatIsRefusedAgainAndAgainHasEnded(t *testing.T) {
	refused := client.State{Phase: client.Waiting, Err: fmt.Errorf("signing in: %w", &client.Refused{Reason: room.ErrTokenUnknown})}
	open, lost := client.State{Phase: client.Open}, client.State{Phase: client.Waiting, Err: client.ErrLost}
	for name, c := range map[string]struct {
		states []client.State
		ends   bool
	}{
		"three times":             {[]client.State{refused, refused, refused}, true},
		"twice":                   {[]client.State{refused, refused, {Phase: client.Connecting}}, false},
		"with an open one":        {[]client.State{refused, refused, open, refused, refused}, false},
		"with another reason":     {[]client.State{refused, refused, lost, refused, refused}, false},
		"with others, then again": {[]client.State{refused, lost, refused, {Phase: client.Connecting}, refused, refused}, true},
	} {
		var why error
		f := &feed{Config: Config{Log: slog.New(slog.DiscardHandler)}, end: func(err error) { why = err }}
		f.link.log = f.Log
		for _, s := range c.states {
			f.state(s)
		}
		if (why != nil) != c.ends {
			t.Errorf("%s: it ended with %v", name, why)
		}
	}
}

func TestKindsOfLoss(t *testing.T) {
	for kind, err := range map[string]error{
		"503":  fmt.Errorf("lost: %w", &client.Bye{Code: 503}),
		"429":  &client.Refused{Reason: &room.Error{Code: 429}},
		"lost": fmt.Errorf("%w: nothing is heard", client.ErrLost),
	} {
		if got := kindOfLoss(err); got != kind {
			t.Errorf("%v is of kind %q, want %q", err, got, kind)
		}
	}
}
