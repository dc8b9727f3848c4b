package chat

import (
	"testing"

	"redroom/server/client"
)

// asks is what is to be calculated, after it was typed.
func (s *seat) asks(text string) calculate {
	s.Helper()
	s.write(text)
	s.press("enter")
	return wants[calculate](s)
}

func TestAResultStandsWhereOneWritesUntilItIsSent(t *testing.T) {
	s := newSeat(t, 80, 24)
	asked := s.asks("/calc 1250000*7.5")
	if asked.request != "*,1250000,7.5" {
		t.Errorf("asked for is %q", asked.request)
	}
	s.sees("› /calc 1250000*7.5", "Calculating…")
	s.tell(calculated{asked, client.Calculated{Code: 200, Result: "9375000"}, nil})
	s.sees("› 1250000 * 7.5 = 9375000", "Nobody else sees it")
	s.press("enter")
	if got := wants[send](s); got.post.Body != "1250000 * 7.5 = 9375000" {
		t.Errorf("sent is %+v", got)
	}
}

func TestWhatCanNotBeCalculatedStays(t *testing.T) {
	s := newSeat(t, 80, 24)
	asked := s.asks("/calc 1 / 0")
	s.tell(calculated{asked, client.Calculated{Code: 300, Result: "-1"}, nil})
	s.sees("› /calc 1 / 0", "1 / 0 has no result here.")
	s.press("enter")
	s.tell(calculated{wants[calculate](s), client.Calculated{}, client.ErrNoAnswer})
	s.sees("› /calc 1 / 0", "no answer came in time")
	for range "1 / 0" {
		s.press("backspace")
	}
	s.write("one")
	s.press("enter")
	s.sees("› /calc one", "/calc 2 * 7.5")
}

func TestAResultThatComesLateIsInNobodysWay(t *testing.T) {
	s := newSeat(t, 80, 24)
	answer := client.Calculated{Code: 200, Result: "2"}
	asked := s.asks("/calc 1 + 1")
	s.write("0")
	s.tell(calculated{asked, answer, nil})
	s.sees("› /calc 1 + 10")

	// Elsewhere it waits.
	s.press("backspace", "enter")
	asked = wants[calculate](s)
	s.press("ctrl+n")
	s.write("Guten Tag")
	s.tell(calculated{asked, answer, nil})
	s.sees("› Guten Tag")
	s.press("ctrl+p")
	s.sees("› 1 + 1 = 2")
	s.press("ctrl+f")
	s.write("Zins")
	s.tell(calculated{asked, answer, nil})
	s.sees("/ Zins")
}
