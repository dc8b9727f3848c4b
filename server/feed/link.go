package feed

import (
	"errors"
	"fmt"

	"redroom/server/client"
	"redroom/server/room"
)

// mostRefusals is how often in a row a sign-in may be refused until it is
// believed to have ended. One refusal may be of a token that the server has
// forgotten in a restart.
const mostRefusals = 3

// state says what has become of the connection.
func (f *feed) state(s client.State) {
	switch s.Phase {
	case client.Open:
		f.refusals = 0
		f.link.over()
		f.Log.Info("connected", "by", s.Via, "connection", s.Connection)
	case client.Waiting:
		kind := kindOfLoss(s.Err)
		f.link.is(kind, s.Err)
		if kind != refusedSignIn {
			f.refusals = 0
			return
		}
		if f.refusals++; f.refusals == mostRefusals {
			f.end(s.Err)
		}
	}
}

const refusedSignIn = "401"

// kindOfLoss tells one reason for not being connected from another.
func kindOfLoss(err error) string {
	var bye *client.Bye
	var reason *room.Error
	switch {
	case errors.As(err, &bye):
		return fmt.Sprint(bye.Code)
	case errors.As(err, &reason):
		return fmt.Sprint(reason.Code)
	case errors.Is(err, client.ErrLost):
		return "lost"
	}
	return kindOfNetwork(err)
}
