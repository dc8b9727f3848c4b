package room_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"redroom/server/room"
)

var table = []*room.Error{
	room.ErrMalformed, room.ErrNotSignedIn, room.ErrWrongSignIn, room.ErrTokenUnknown, room.ErrSessionEnded,
	room.ErrForbidden, room.ErrNotAdmin, room.ErrObserver, room.ErrTopicClosed, room.ErrSystemKind, room.ErrNotFound,
	room.ErrIDTaken, room.ErrNameTaken, room.ErrTitleTaken, room.ErrDealTaken, room.ErrLastAdmin, room.ErrOtherEpoch,
	room.ErrWatchTwice, room.ErrControlOnce, room.ErrExists, room.ErrSetupDone, room.ErrInvitationEnded, room.ErrDeactivated,
	room.ErrTooLarge, room.ErrUnprocessable, room.ErrUnreachable, room.ErrTooManyBinds, room.ErrTooManyTickets, room.ErrTooManyChannels, room.ErrNotYet, room.ErrTooManyTries, room.ErrUnavailable,
}

func TestRefusalsHaveACodeAndASentence(t *testing.T) {
	for _, e := range table {
		if http.StatusText(e.Code) == "" || e.Code < 400 {
			t.Errorf("%q has the code %d", e.Text, e.Code)
		}
		if !strings.HasSuffix(e.Text, ".") || strings.Contains(e.Text, "\n") || strings.ToUpper(e.Text[:1]) != e.Text[:1] {
			t.Errorf("%q is not a sentence", e.Text)
		}
		if later := e.Code == 429 || e.Code == 503; e.Retry != later {
			t.Errorf("%q (%d): retry is %t", e.Text, e.Code, e.Retry)
		}
	}
}

func TestAMorePreciseRefusalStaysWhatItIs(t *testing.T) {
	err := fmt.Errorf("posting: %w", room.Refuse(room.ErrTooManyTries, "Wait for ten seconds."))
	if !errors.Is(err, room.ErrTooManyTries) || errors.Is(err, room.ErrTopicClosed) {
		t.Errorf("%v is not what it was made of", err)
	}
	if e := room.AsError(err); e.Code != 429 || e.Text != "Wait for ten seconds." || !e.Retry {
		t.Errorf("it is told as %+v", e)
	}
}

func TestFailuresDoNotShowTheirInside(t *testing.T) {
	if e := room.AsError(fmt.Errorf("writing /var/lib/redroom.db: %w", io.ErrShortWrite)); e != room.ErrUnavailable {
		t.Errorf("a failure is told as %+v", e)
	}
}
