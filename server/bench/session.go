package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/transport"
)

// session is one of the load's, on a connection of its own. The client signs
// it in and answers the server on the control channel.
type session struct {
	run    *run
	conn   transport.Session
	client *client.Session
}

// tries is how often a session is opened anew where its token was refused: a
// server keeps the newest few tokens of an account only, and others fetch
// theirs at the same time.
const tries = 5

func (r *run) open(ctx context.Context) (*session, error) {
	for try := 1; ; try++ {
		s, err := r.tryToOpen(ctx)
		var refused *room.Error
		if err == nil || try == tries || !errors.As(err, &refused) || refused.Code != room.ErrTokenUnknown.Code {
			return s, err
		}
	}
}

func (r *run) tryToOpen(ctx context.Context) (*session, error) {
	conn, err := transport.DialWebTransport(ctx, r.target.URL, "", r.target.Trust)
	if err != nil {
		return nil, err
	}
	s := &session{run: r, conn: conn, client: client.New(conn)}
	token, err := r.target.Token(ctx)
	if err == nil {
		_, err = s.client.SignIn(ctx, token)
	}
	if err != nil {
		s.client.Close()
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	return s, nil
}

// goodbye is how long after the end of a channel the server may take to say
// why it ended the session.
const goodbye = 5 * time.Second // a server that stops answers what it has read before it says so

// fail ends the run because of what one of the session's channels has met, or
// because of what the server said when it ended the session.
func (s *session) fail(name string, err error) {
	var bye *client.Bye
	timer := time.NewTimer(goodbye)
	defer timer.Stop()
	select {
	case <-s.client.Done():
	case <-timer.C:
	}
	if errors.As(s.client.Err(), &bye) {
		err = bye
	}
	s.run.fail(fmt.Errorf("%s: %w", name, err))
}
