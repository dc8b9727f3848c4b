package server_test

import (
	"fmt"
	"io"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestReaderThatStallsGetsNoMoreOfWhatIsBeingWritten has a right end of somebody
// who reads so slowly that the server stalls in the middle of a message: of what
// the transport has not taken by then, nothing follows.
func TestReaderThatStallsGetsNoMoreOfWhatIsBeingWritten(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	anna := h.Enter(t, h.anna).Join(t, h.topic, 0)
	for _, id := range []string{"one", "two", "three"} {
		body := make([]byte, room.MaxText/2)
		for i := range body {
			body[i] = 'x'
		}
		anna.Say(t, servertest.Post(string(body), id))
		anna.Answer(t, "ACK "+id+" *")
	}
	path, members := "/api/topics/"+h.topic, fmt.Sprintf("/api/deals/%s/members/bert", h.deal)
	for name, c := range map[string]struct {
		bye       string // "": the session goes on
		end, undo func(bert *servertest.API)
	}{
		"removed from the deal": {"",
			func(*servertest.API) { h.anna.Must(t, "DELETE", members, nil, nil, 204) },
			func(*servertest.API) { h.anna.Must(t, "PUT", members, nil, nil, 204) }},
		"the topic narrowed": {"",
			func(*servertest.API) {
				h.anna.Must(t, "PATCH", path, map[string]any{"narrowed": true, "members": []string{"olga"}}, nil, 200)
			},
			func(*servertest.API) { h.anna.Must(t, "PATCH", path, map[string]any{"narrowed": false}, nil, 200) }},
		"reads later": {"",
			func(*servertest.API) { h.anna.Must(t, "PATCH", members, map[string]any{"history": "joined"}, nil, 204) },
			func(*servertest.API) { h.anna.Must(t, "PATCH", members, map[string]any{"history": "all"}, nil, 204) }},
		"signed out": {"BYE 401",
			func(bert *servertest.API) { bert.Must(t, "DELETE", "/api/session", nil, nil, 204) },
			func(*servertest.API) {}},
		"all sign-ins ended": {"BYE 401",
			func(*servertest.API) { h.anna.Must(t, "DELETE", "/api/users/bert/sessions", nil, nil, 204) },
			func(*servertest.API) {}},
		"deactivated": {"BYE 410",
			func(*servertest.API) {
				h.anna.Must(t, "PATCH", "/api/users/bert", map[string]any{"active": false}, nil, 200)
			},
			func(*servertest.API) {
				h.anna.Must(t, "PATCH", "/api/users/bert", map[string]any{"active": true}, nil, 200)
			}},
	} {
		t.Run(name, func(t *testing.T) {
			const window = 4 << 10
			bert := h.Room.SignIn(t, "bert")
			narrow := h.EnterNarrow(t, bert, window)
			defer narrow.Close(0, "")
			reader := narrow.Join(t, h.topic, 0)
			narrow.AwaitBlocked(t, reader)

			c.end(bert)
			if c.bye == "" {
				narrow.AwaitReset(t, reader)
			} else {
				narrow.Control.Farewell(t, c.bye)
				narrow.ExpectOver(t)
			}
			more, err := io.Copy(io.Discard, reader.Channel)
			if err == nil || c.bye == "" && !wasReset(err) || more > window {
				t.Errorf("%d octets followed, and then %v; want at most what was on its way, and an end without FIN", more, err)
			}
			c.undo(bert)
		})
	}
	talks(t, anna)
}
